"""What earlier messages have told a decoder is known after a new start, as far as it was committed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from console.formats.forms import OnvifForm
from console.settings import Feed
from console.settings_tables import Endpoint
from db import decoder_memory, events, quarantine
from db.records import Event, Quarantined, Reading
from tests.console.feeds.support import Console, reader, writer
from tests.console.formats import sparkplug_bytes as bytes_of
from tests.console.formats import test_onvif_events as onvif
from tests.console.formats import test_sensorthings as things
from tests.console.formats.test_cap import alert, info

DOOR = Endpoint(path="/x/")
FEEDS = {
    "nodes": Feed(kind="sparkplug", via="listen", listen=DOOR),
    "things": Feed(kind="sensorthings", via="listen", listen=DOOR),
    "cameras": Feed(kind="onvif", via="listen", listen=DOOR, onvif=OnvifForm()),
    "warnings": Feed(kind="cap", via="listen", listen=DOOR),
}


class Runs:
    """Runs of a console on one folder, one after another."""

    def __init__(self, folder: Path, feeds: dict[str, Feed] = FEEDS) -> None:
        self.folder, self.feeds = folder, feeds
        self.console: Console | None = None

    def restart(self) -> None:
        if self.console is not None:
            self.console.__exit__()
        self.console = Console(self.folder, {}, self.feeds).__enter__()

    def deliver(self, feed: str, *messages: tuple[str, bytes]) -> list[Reading]:
        """The readings that these messages brought."""
        if self.console is None:
            self.restart()
        assert self.console is not None
        before = len(self.console.committed)
        self.console.ingest.deliver(feed, list(messages)).result(20)
        return [each.reading for each in self.console.committed[before:]]

    def events(self) -> list[Event]:
        db = reader(self.folder)
        try:
            return [each.event for each in events.after(db, 0, 1000)]
        finally:
            db.close()

    def aside(self) -> list[Quarantined]:
        db = reader(self.folder)
        try:
            return quarantine.after(db, 0, quarantine.last_id(db), limit=1000)
        finally:
            db.close()

    def run(self, statement: str) -> None:
        """Run it in the ingest's own connection."""
        assert self.console is not None
        self.console.ingest.submit(lambda db: db.conn.execute(statement) and None).result(20)

    def stop(self) -> None:
        if self.console is not None:
            self.console.__exit__()


@pytest.fixture
def runs(tmp_path: Path) -> Iterator[Runs]:
    made = Runs(tmp_path)
    yield made
    made.stop()


# --- Sparkplug -------------------------------------------------------------------------------------------

BIRTH = bytes_of.node_birth(bytes_of.metric("Temp", alias=5, type_=10, double=20.0), bd=3)


def data(value: float, seq: int, at: int) -> tuple[str, bytes]:
    sent = bytes_of.NOW + at
    return "spBv1.0/g/NDATA/n", bytes_of.payload(
        bytes_of.metric(alias=5, at=sent, double=value), seq=seq, at=sent
    )


def test_the_aliases_of_a_birth_are_known_after_a_new_start(runs: Runs) -> None:
    runs.deliver("nodes", ("spBv1.0/g/NBIRTH/n", BIRTH), data(21.0, 1, 1000))
    runs.restart()
    (found,) = runs.deliver("nodes", data(22.0, 2, 2000))
    assert (found.source, found.quantity, found.value) == ("g/n", "Temp", 22.0)
    assert runs.aside() == []
    runs.restart()
    death = bytes_of.payload(bytes_of.bd_seq(2))
    runs.deliver("nodes", ("spBv1.0/g/NDEATH/n", death))
    assert [each.reason for each in runs.aside()] == ["sparkplug-old"], "its bdSeq is not that of the birth"


def test_a_node_of_which_something_was_missed_meanwhile_is_not_taken_at_its_old_word(runs: Runs) -> None:
    runs.deliver("nodes", ("spBv1.0/g/NBIRTH/n", BIRTH))
    runs.restart()
    assert runs.deliver("nodes", data(22.0, 5, 2000)) == []
    (aside,) = runs.aside()
    assert "no birth yet" in aside.detail
    runs.restart()
    assert runs.deliver("nodes", data(23.0, 6, 3000)) == [], "nor after another start"


# --- SensorThings -----------------------------------------------------------------------------------------


def test_the_unit_of_a_datastream_is_known_after_a_new_start(runs: Runs) -> None:
    runs.deliver("things", ("v1.1/Datastreams", json.dumps(things.STREAM).encode()))
    runs.restart()
    (found,) = runs.deliver("things", (things.TOPIC, json.dumps(things.observation(12.3)).encode()))
    assert (found.source, found.quantity, found.unit, found.quality) == (
        "bridge-3",
        "temperature",
        "Cel",
        "good",
    )


# --- ONVIF ------------------------------------------------------------------------------------------------


def test_a_state_that_began_before_a_new_start_is_cleared_after_it(runs: Runs) -> None:
    runs.deliver("cameras", (onvif.INSIDE, json.dumps(onvif.message(True)).encode()))
    runs.restart()
    off = onvif.message(False, "2026-11-22T00:00:09Z")
    runs.deliver("cameras", (onvif.INSIDE, json.dumps(off).encode()))
    on, over = runs.events()
    assert (on.status, over.status) == ("occurred", "cleared")
    assert on.origin_key == over.origin_key
    runs.restart()
    runs.deliver("cameras", (onvif.INSIDE, json.dumps(off).encode()))
    assert len(runs.events()) == 2, "it has ended and is forgotten"


# --- CAP --------------------------------------------------------------------------------------------------


def cap(code: str, identifier: str, hour: int) -> tuple[str, bytes]:
    sent = f"2026-11-22T{hour}:00:00+09:00"
    return "cap", alert(info(code, codes=("1100000000",)), identifier, sent).encode()


def test_a_clear_alert_ends_after_a_new_start_what_stood_before_it(runs: Runs) -> None:
    runs.deliver("warnings", cap("AL1", "a", 10), cap("AL2", "b", 11))
    runs.restart()
    runs.deliver("warnings", cap("CLR", "c", 12))
    assert [(each.type, each.status) for each in runs.events()] == [
        ("AL1", "occurred"),
        ("AL2", "occurred"),
        ("CLR", "cleared"),
        ("AL1", "cleared"),
        ("AL2", "cleared"),
    ]
    runs.restart()
    runs.deliver("warnings", cap("CLR", "d", 13))
    assert len(runs.events()) == 6, "what has ended is not ended again"


def test_one_identity_with_other_words_is_told_apart_after_a_new_start(runs: Runs) -> None:
    runs.deliver("warnings", ("cap", alert(info("AL1")).encode()))
    runs.restart()
    runs.deliver("warnings", ("cap", alert(info("CDA")).encode()))
    first, second = runs.events()
    assert first.origin_key != second.origin_key
    assert second.extra["collides_with"] == first.origin_key


# --- what is kept, and when -------------------------------------------------------------------------------


def test_what_was_learned_in_a_burst_that_did_not_hold_is_not_known(runs: Runs) -> None:
    def on(second: int) -> tuple[str, bytes]:
        return onvif.INSIDE, json.dumps(onvif.message(True, f"2026-11-22T00:00:0{second}Z")).encode()

    runs.deliver("cameras", (onvif.INSIDE, json.dumps(onvif.message(False)).encode()))
    runs.run("CREATE TRIGGER full BEFORE INSERT ON event BEGIN SELECT RAISE(ABORT, 'full'); END")
    runs.deliver("cameras", on(1))
    assert [each.reason for each in runs.aside()] == ["store-fault"]
    runs.run("DROP TRIGGER full")
    runs.deliver("cameras", on(5))
    assert [each.status for each in runs.events()] == ["occurred"], "and not `changed`"


def test_a_feed_that_is_gone_leaves_nothing_behind(runs: Runs) -> None:
    runs.deliver("warnings", cap("AL1", "a", 10))
    runs.feeds = {"things": FEEDS["things"]}
    runs.restart()
    runs.deliver("things", ("v1.1/Datastreams", json.dumps(things.STREAM).encode()))
    db = reader(runs.folder)
    try:
        feeds = db.conn.execute("SELECT DISTINCT feed FROM decoder_memory").fetchall()
    finally:
        db.close()
    assert feeds == [("things",)]


def test_the_room_of_a_feed_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoder_memory, "MOST_BYTES", 10_000)
    db = writer(tmp_path)
    for n in range(20):
        decoder_memory.put(db, "f", {f"k{n}": bytes(2000)}, n)
    assert [key for key, _ in decoder_memory.of(db, "f")] == [f"k{n}" for n in range(15, 20)]
    db.close()


def test_a_row_that_cannot_be_read_is_passed_over(runs: Runs) -> None:
    runs.deliver("warnings", cap("AL1", "a", 10))
    runs.stop()
    runs.console = None
    db = writer(runs.folder)
    db.conn.execute("UPDATE decoder_memory SET value = x'c1'")
    db.close()
    runs.deliver("warnings", cap("CLR", "c", 12))
    assert [each.type for each in runs.events()] == ["AL1", "CLR"]
