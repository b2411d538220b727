"""Quarantine, raw messages, counts, events, plates and answered commands."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from sqlite_utils import Database

from db import commands, counts, events, quarantine, raw
from db.records import Event, FeedCount, PlateRead


def aside(db: Database, number: int, feed: str = "f", keep: int = quarantine.KEEP) -> int:
    with db.atomic():
        return quarantine.add(db, feed, "t", number, b"x%d" % number, "not-json", "why", keep=keep).id


def test_quarantine_keeps_the_newest_and_the_count_keeps_all(feed_db: Database) -> None:
    for number in range(1, 31):
        aside(feed_db, number, keep=10)
        counts.bump(feed_db, "f", received=1, quarantined=1, at_ms=number)
    assert quarantine.total(feed_db) == 10
    assert [each.received_ms for each in quarantine.page(feed_db)] == list(range(30, 20, -1))
    assert counts.all_counts(feed_db)[0].quarantined == 30


def test_quarantine_pages_backwards_and_by_feed(feed_db: Database) -> None:
    for number in range(6):
        aside(feed_db, number, "even" if number % 2 == 0 else "odd")
    first = quarantine.page(feed_db, feed="even", limit=2)
    assert [each.received_ms for each in first] == [4, 2]
    rest = quarantine.page(feed_db, feed="even", before_id=first[-1].id, limit=2)
    assert [each.received_ms for each in rest] == [0]


def test_a_huge_and_broken_message_is_kept_in_part_with_its_size(feed_db: Database) -> None:
    payload = bytes(100_000)
    with feed_db.atomic():
        added = quarantine.add(feed_db, "f", "a\ud800b", 1, payload, "r", "d\udfff")
    assert quarantine.page(feed_db) == [added]
    assert (added.size, len(added.payload), added.topic) == (100_000, quarantine.PAYLOAD_KEPT, "a\ufffdb")


def test_raw_messages_are_bounded_and_found_by_topic(feed_db: Database) -> None:
    for number in range(20):
        raw.add(feed_db, "f", f"t/{number % 2}", number, b"payload", "stored", keep=8)
    assert [each.received_ms for each in raw.newest(feed_db)] == list(range(19, 11, -1))
    assert [each.received_ms for each in raw.newest(feed_db, topic="t/1", limit=2)] == [19, 17]


def test_counts_add_up_per_feed(feed_db: Database) -> None:
    counts.bump(feed_db, "b", received=2, stored=1, duplicate=1, at_ms=5)
    counts.bump(feed_db, "a", received=1, quarantined=1)
    counts.bump(feed_db, "b", received=1, stored=1)
    assert counts.all_counts(feed_db) == [
        FeedCount("a", 1, 0, 1, 0, None),
        FeedCount("b", 3, 2, 0, 1, 5),
    ]


FIRE = Event("hub", "E1", "fire", "occurred", 1, 2, text="불", extra={"n": [1, "둘"]})


def test_an_event_is_stored_once_however_often_and_however_it_comes(feed_db: Database) -> None:
    with feed_db.atomic():
        first = events.add(feed_db, "f", FIRE)
        assert first is not None
        assert events.add(feed_db, "f", replace(FIRE, received_ms=99, flags=1)) is None
    assert events.after(feed_db, 0, 9) == [first]


@pytest.mark.parametrize(
    "change",
    [{"status": "cleared"}, {"text": "꺼짐"}, {"observed_ms": 7}, {"origin_key": "E2"}, {"grade": "3"}],
)
def test_what_an_origin_says_anew_about_an_event_is_kept(
    feed_db: Database, change: dict[str, object]
) -> None:
    with feed_db.atomic():
        events.add(feed_db, "f", FIRE)
        second = events.add(feed_db, "f", replace(FIRE, **change))
    assert second is not None
    assert events.after(feed_db, 1, 9) == [second]


def test_an_event_with_broken_text_is_kept_with_the_break_visible(feed_db: Database) -> None:
    with feed_db.atomic():
        stored = events.add(feed_db, "f", replace(FIRE, text="a\ud800", extra={"k\udfff": ["\udc80"]}))
    assert stored is not None
    assert (stored.event.text, stored.event.extra) == ("a\ufffd", {"k\ufffd": ["\ufffd"]})
    assert events.after(feed_db, 0, 9) == [stored]


def test_a_plate_read_is_stored_once_per_camera(feed_db: Database) -> None:
    read = PlateRead("7", "cam-1", "12가3456", 1, 2)
    with feed_db.atomic():
        first = events.add_plate(feed_db, "f", read)
        assert events.add_plate(feed_db, "f", replace(read, received_ms=9)) is None
        other = events.add_plate(feed_db, "f", replace(read, source="cam-2"))
    assert events.plates_after(feed_db, 0, 9) == [first, other]


def test_retention_of_events_and_plates_spares_the_newer(feed_db: Database) -> None:
    with feed_db.atomic():
        for at_ms in range(5):
            events.add(feed_db, "f", replace(FIRE, origin_key=str(at_ms), received_ms=at_ms))
            events.add_plate(feed_db, "f", PlateRead(str(at_ms), "cam", "12가3456", 1, at_ms))
        assert [events.drop_before(feed_db, 3, 2) for _ in range(3)] == [4, 2, 0]
    assert [each.event.received_ms for each in events.after(feed_db, 0, 9)] == [3, 4]
    assert [each.plate.received_ms for each in events.plates_after(feed_db, 0, 9)] == [3, 4]


def test_a_command_keeps_its_first_answer(ops_db: Database) -> None:
    assert commands.done(ops_db, "c") is None
    commands.remember(ops_db, "c", b"first", 10)
    commands.remember(ops_db, "c", b"second", 20)
    assert commands.done(ops_db, "c") == b"first"
    assert commands.forget_before(ops_db, 10) == 0
    assert commands.forget_before(ops_db, 11) == 1
    assert commands.done(ops_db, "c") is None
