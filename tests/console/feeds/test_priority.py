"""Feeds with priority: an event never stands behind a queue of samples."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.console.feeds.support import EVENTS, NUMBERED, Console, reader
from tests.servers.mosquitto import Mosquitto, publish_all

pytestmark = pytest.mark.needs("mosquitto")

AT = 1_800_000_000_000
QUEUED = 20_000


def samples(count: int) -> list[tuple[str, bytes]]:
    return [(f"t/s{n % 50}", b'{"at":%d,"n":%d}' % (AT + n, n)) for n in range(count)]


EVENT = ("e/hall", b'{"at":%d,"n":1,"id":"f1"}' % AT)


@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_an_event_published_after_twenty_thousand_samples_is_committed_among_the_first(
    tmp_path: Path, mosquitto: Mosquitto, version: str
) -> None:
    brokers = {"main": mosquitto.settings(version=version)}
    feeds = {"numbers": NUMBERED, "events": EVENTS}
    with Console(tmp_path, brokers, feeds) as console:
        console.wait_connected()
    with mosquitto.client() as client:
        publish_all(client, [*samples(QUEUED), EVENT])
    with Console(tmp_path, brokers, feeds) as console:
        console.wait_received("events", 1)
        console.wait_received("numbers", QUEUED)
    place = [each.reading.quantity for each in console.committed].index("alarm")
    print(f"the event was committed after {place} of {QUEUED} samples")
    assert place < QUEUED / 5
    assert console.counts("numbers").stored == QUEUED
    assert console.counts("events").stored == 1
    assert console.quarantined() == []


def test_what_waited_before_a_feed_was_given_priority_is_still_that_feeds(
    tmp_path: Path, mosquitto: Mosquitto
) -> None:
    brokers = {"main": mosquitto.settings()}
    before = {"numbers": NUMBERED, "events": replace(EVENTS, priority=False)}
    with Console(tmp_path, brokers, before) as console:
        console.wait_connected()
    with mosquitto.client() as client:
        publish_all(client, [*samples(10), EVENT])
    with Console(tmp_path, brokers, {"numbers": NUMBERED, "events": EVENTS}) as console:
        console.wait_received("events", 1)
        console.wait_received("numbers", 10)
        with mosquitto.client() as client:
            publish_all(client, [("e/hall", b'{"at":%d,"n":2,"id":"f2"}' % (AT + 1)), *samples(11)[10:]])
        console.wait_received("events", 2)
        console.wait_received("numbers", 11)
    assert (console.counts("events").received, console.counts("events").stored) == (2, 2)
    db = reader(tmp_path)
    try:
        assert db.conn.execute("SELECT count(*) FROM event").fetchone() == (2,)
    finally:
        db.close()
    assert console.quarantined() == []


def test_the_lamp_of_a_broker_is_that_of_its_worse_session(tmp_path: Path, mosquitto: Mosquitto) -> None:
    brokers = {"main": mosquitto.settings()}
    with Console(tmp_path, brokers, {"numbers": NUMBERED, "events": EVENTS}) as console:
        console.wait_connected()
        lamps = [lamp for lamp in console.ingest.lamps() if lamp.kind == "broker"]
        assert [lamp.name for lamp in lamps] == ["main"]
        mosquitto.pause()
        console.wait_for(
            lambda: (lamp := console.lamp("broker", "main")) is not None and lamp.state == "bad",
            "the lamp did not go out",
        )
        mosquitto.resume()
