"""What is written down of an alarm's moves, and what of it an older store can tell."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from console.alarms import jobs
from db import annunciations, connection, ops
from tests.console.alarms.test_evaluate import Room


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    room = Room(tmp_path)
    yield room
    room.close()


def _raise(room: Room, value: float) -> None:
    room.receive(("a", value))
    room.step()


def test_an_alarm_calls_once_when_it_is_raised_and_its_acknowledgement_names_the_person(room: Room) -> None:
    room.step()
    _raise(room, 11.0)
    with room.ops.atomic():
        jobs.acknowledge(room.ops, ["now|a|q"], "kim", "", room.clock.now_ms())
    _raise(room, 1.0)
    rows = [row for row in annunciations.between(room.ops, 0, 1 << 60) if row.alarm == "now|a|q"]
    assert [(row.verb, row.shown, row.announced, row.actor) for row in rows] == [
        ("raised", "unacknowledged", True, "system"),
        ("acknowledged", "acknowledged", False, "kim"),
        ("normal", "normal", False, "system"),
    ]
    assert annunciations.calls(room.ops, 0, 1 << 60)[:1] == [rows[0].at_ms]


def test_a_store_from_before_is_filled_from_its_log(room: Room) -> None:
    room.step()
    _raise(room, 11.0)
    with room.ops.atomic():
        jobs.acknowledge(room.ops, ["now|a|q"], "kim", "", room.clock.now_ms())
    _raise(room, 1.0)
    before = annunciations.between(room.ops, 0, 1 << 60)
    room.ops.conn.execute("DROP TABLE annunciation")
    with room.ops.atomic():
        annunciations.annunciation_rows(room.ops)
    again = annunciations.between(room.ops, 0, 1 << 60)
    assert again == [row._replace(asset="") for row in before]
    assert len(again) >= 3


def test_the_stores_of_the_first_release_gain_their_rows(tmp_path: Path) -> None:
    old = Path(__file__).resolve().parents[2] / "old_databases" / "0.1.0" / "ops.db"
    (tmp_path / "ops.db").write_bytes(old.read_bytes())
    db = connection.open_writer(tmp_path / "ops.db", bytes(range(32)), ops.migrations)
    raised = db.conn.execute("SELECT count(*) FROM entry WHERE type = 'alarm.raised'").fetchone()[0]
    rows = annunciations.between(db, 0, 1 << 60)
    assert sum(row.verb == "raised" for row in rows) == raised > 0
    db.close()


def test_rows_are_handed_on_after_a_number_without_a_gap(room: Room) -> None:
    room.step()
    for value in (11.0, 1.0, 12.0):
        _raise(room, value)
    seq, first = annunciations.after(room.ops, 0, 2)
    end, rest = annunciations.after(room.ops, seq, 1000)
    assert [*first, *rest] == annunciations.between(room.ops, 0, 1 << 60)
    assert end == annunciations.last(room.ops)
    assert annunciations.after(room.ops, end, 10) == (end, [])


def test_what_stood_at_a_time_is_what_was_raised_and_not_back(room: Room) -> None:
    room.step()
    _raise(room, 11.0)
    begun = room.clock.now_ms()
    room.clock.advance(5)
    _raise(room, 1.0)
    ended = room.clock.now_ms()
    assert [row.alarm for row in annunciations.standing_at(room.ops, begun) if row.rule == "now"] == []
    assert [row.at_ms for row in annunciations.standing_at(room.ops, ended) if row.rule == "now"] == [begun]
    assert [row for row in annunciations.standing_at(room.ops, ended + 1) if row.rule == "now"] == []


def test_a_shelved_alarm_calls_nobody_until_its_shelf_ends_by_itself(room: Room) -> None:
    room.step()
    _raise(room, 11.0)
    now = room.clock.now_ms()
    with room.ops.atomic():
        jobs.shelve(room.ops, ["now|a|q"], "kim", now + 60_000, "works", now)
    _raise(room, 1.0)
    room.clock.advance(5)
    _raise(room, 12.0)
    again = room.clock.now_ms()
    room.clock.advance(120)
    room.step()
    rows = [row for row in annunciations.of_alarm(room.ops, "now|a|q") if row.at_ms >= now]
    calls = [(row.verb, row.at_ms) for row in sorted(rows, key=lambda row: row.at_ms) if row.announced]
    assert calls == [("raised", now), ("unshelved", now + 60_000)]
    assert [row.shown for row in rows if row.verb == "raised" and row.at_ms == again] == ["shelved"]
