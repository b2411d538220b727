"""Brokers that die, hang or refuse, and a disk that is full."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlite_utils import Database

from console.errors import Unavailable
from console.settings import Broker, Feed, Mapped, Mapping
from db import readings
from db.records import Decoded, Flag, Reading
from tests.console.feeds.support import NUMBERED, Console, reader, writer
from tests.servers.mosquitto import Mosquitto, free_port, publish_all

pytestmark = pytest.mark.needs("mosquitto")

AT = 1_800_000_000_000


def numbers(count: int, start: int = 0) -> list[tuple[str, bytes]]:
    return [("t/a", b'{"at":%d,"n":%d}' % (AT + n, n)) for n in range(start, start + count)]


def stored(folder: Path) -> list[float]:
    db = reader(folder)
    try:
        return [row[0] for row in db.conn.execute("SELECT value FROM reading ORDER BY value")]
    finally:
        db.close()


def wait_lamp(console: Console, name: str, state: str, kind: str = "broker") -> None:
    def is_so() -> bool:
        lamp = console.lamp(kind, name)
        return lamp is not None and lamp.state == state

    console.wait_for(is_so, f"the lamp {kind} {name} did not become {state}")


@pytest.fixture
def mute() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield int(server.getsockname()[1])


def test_dead_and_mute_brokers_hold_up_no_living_one(tmp_path: Path, mosquitto: Mosquitto, mute: int) -> None:
    brokers = {
        "mute": Broker(port=mute),
        "mute-tls": Broker(port=mute, tls=True),
        "dead": Broker(port=free_port()),
        "main": mosquitto.settings(),
    }
    idle = {name: Feed(broker=name, topics=("t/#",), mappings=NUMBERED.mappings) for name in brokers}
    with Console(tmp_path, brokers, idle) as console:
        console.wait_connected()
        with mosquitto.client() as client:
            publish_all(client, numbers(1000))
        console.wait_received("main", 1000, timeout=10)
        console.wait_for(
            lambda: "cannot be reached" in (lamp.detail if (lamp := console.lamp("broker", "dead")) else ""),
            "nothing was told of the dead broker",
        )
        lamp = console.lamp("broker", "dead")
        assert lamp is not None
        assert (lamp.state, lamp.proved_ms) == ("bad", None)


@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_a_wrong_password_is_named(tmp_path: Path, mosquitto: Mosquitto, version: str) -> None:
    wrong = mosquitto.settings(version=version, password_file="", password="wrong")
    with Console(tmp_path, {"main": wrong}, {"numbers": NUMBERED}) as console:
        console.wait_for(
            lambda: "refused us" in (lamp.detail if (lamp := console.lamp("broker", "main")) else ""),
            "the refusal was not told",
        )


def test_a_broker_that_hangs_is_known_by_its_missing_heartbeats(tmp_path: Path, mosquitto: Mosquitto) -> None:
    with Console(tmp_path, {"main": mosquitto.settings()}, {"numbers": NUMBERED}) as console:
        console.wait_connected()
        mosquitto.pause()
        wait_lamp(console, "main", "bad")
        mosquitto.resume()
        wait_lamp(console, "main", "ok")


def test_a_broker_that_is_killed_and_comes_back_is_met_again(tmp_path: Path, mosquitto: Mosquitto) -> None:
    with Console(tmp_path, {"main": mosquitto.settings()}, {"numbers": NUMBERED}) as console:
        console.wait_connected()
        mosquitto.kill()
        wait_lamp(console, "main", "bad")
        mosquitto.start()
        wait_lamp(console, "main", "ok")
        with mosquitto.client() as client:
            publish_all(client, numbers(100))
        console.wait_received("numbers", 100)
    assert stored(tmp_path) == [float(n) for n in range(100)]


def test_a_full_disk_loses_nothing_and_acknowledges_nothing(tmp_path: Path, mosquitto: Mosquitto) -> None:
    full = threading.Event()

    def open_full() -> Database:
        db = writer(tmp_path)
        if full.is_set():
            pages = db.conn.execute("PRAGMA page_count").fetchone()[0]
            db.conn.execute(f"PRAGMA max_page_count={pages}")
        return db

    full.set()
    brokers = {"main": mosquitto.settings()}
    with Console(tmp_path, brokers, {"numbers": NUMBERED}, open_full) as console:
        console.wait_connected()
        with mosquitto.client() as client:
            publish_all(client, numbers(6000))
        wait_lamp(console, "numbers", "bad", kind="feed")
        wait_lamp(console, "main", "ok")  # the link is well meanwhile, and says so
        lamp = console.lamp("feed", "numbers")
        assert lamp is not None
        assert "nothing is acknowledged" in lamp.detail
        kept = console.counts("numbers").received
        assert kept < 6000
        console.ingest.submit(lambda db: db.conn.execute("PRAGMA max_page_count=1000000").fetchall()).result(
            10
        )
        console.wait_received("numbers", 6000)
    assert stored(tmp_path) == [float(n) for n in range(6000)]
    assert console.counts("numbers").stored == 6000


def test_what_a_stopped_ingest_did_not_commit_comes_again(tmp_path: Path, mosquitto: Mosquitto) -> None:
    def open_full() -> Database:
        db = writer(tmp_path)
        pages = db.conn.execute("PRAGMA page_count").fetchone()[0]
        db.conn.execute(f"PRAGMA max_page_count={pages}")
        return db

    brokers = {"main": mosquitto.settings()}
    with Console(tmp_path, brokers, {"numbers": NUMBERED}, open_full) as console:
        console.wait_connected()
        with mosquitto.client() as client:
            publish_all(client, numbers(3000))
        wait_lamp(console, "numbers", "bad", kind="feed")
    with Console(tmp_path, brokers, {"numbers": NUMBERED}) as console:
        console.wait_received("numbers", 3000 - len(stored(tmp_path)))
    assert stored(tmp_path) == [float(n) for n in range(3000)]


def test_a_retained_message_is_marked_and_a_late_one_replaces_nothing_newer(
    tmp_path: Path, mosquitto: Mosquitto
) -> None:
    with mosquitto.client() as client:
        client.publish("t/kept", b'{"at":%d,"n":7}' % AT, qos=1, retain=True).wait_for_publish(10)
    with Console(tmp_path, {"main": mosquitto.settings()}, {"numbers": NUMBERED}) as console:
        console.wait_received("numbers", 1)
        with mosquitto.client() as client:
            publish_all(client, [*numbers(2, start=5), *numbers(1)])
        console.wait_received("numbers", 4)
    assert [each.flags for each in console.latest() if each.source == "kept"] == [Flag.RETAINED]
    assert [each.value for each in console.latest() if each.source == "a"][-1] == 6.0


def test_messages_of_a_subscription_that_nobody_wants_any_more_are_set_aside(
    tmp_path: Path, mosquitto: Mosquitto
) -> None:
    brokers = {"main": mosquitto.settings()}
    with Console(tmp_path, brokers, {"numbers": NUMBERED}) as console:
        console.wait_connected()
    other = Feed(
        topics=("u/#",), mappings=(Mapping(topic="u/{source}", values=(Mapped(quantity="n", value="n"),)),)
    )
    with Console(tmp_path, brokers, {"others": other}) as console:
        console.wait_connected()
        with mosquitto.client() as client:
            publish_all(client, [*numbers(3), ("u/x", b'{"n":1}')])
        console.wait_received("others", 1)
        console.wait_received("(unclaimed)", 3)
    assert [each.reason for each in console.quarantined()] == ["no-feed"] * 3


def test_two_consoles_with_one_account_do_not_take_each_others_heartbeat(
    tmp_path: Path, mosquitto: Mosquitto
) -> None:
    with Console(tmp_path, {"main": mosquitto.settings()}, {"numbers": NUMBERED}) as console:
        console.wait_connected()
        with mosquitto.client() as client:
            publish_all(client, [("gwanje/console-1/heartbeat", b"0123456789abcdef 1"), *numbers(1)])
        console.wait_received("numbers", 1)
    assert console.quarantined() == []


def test_a_message_that_the_store_cannot_take_is_set_aside_and_the_rest_goes_on(
    tmp_path: Path, mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    add = readings.add

    def broken(db: Database, feed: str, records: list[Decoded]) -> readings.Stored:
        if any(isinstance(each, Reading) and each.value == 13.0 for each in records):
            raise RuntimeError("a bug of the store")
        return add(db, feed, records)

    monkeypatch.setattr(readings, "add", broken)
    with Console(tmp_path, {"main": mosquitto.settings()}, {"numbers": NUMBERED}) as console:
        console.wait_connected()
        with mosquitto.client() as client:
            publish_all(client, numbers(50))
        console.wait_received("numbers", 50)
    assert stored(tmp_path) == [float(n) for n in range(50) if n != 13]
    assert [each.reason for each in console.quarantined()] == ["store-fault"]
    assert (console.counts("numbers").stored, console.counts("numbers").quarantined) == (49, 1)


def test_while_it_is_held_nothing_is_acknowledged_and_jobs_still_run(
    tmp_path: Path, mosquitto: Mosquitto
) -> None:
    with Console(tmp_path, {"main": mosquitto.settings()}, {"numbers": NUMBERED}) as console:
        console.wait_connected()
        console.ingest.hold("free space is short")
        with mosquitto.client() as client:
            publish_all(client, numbers(2500))
        wait_lamp(console, "numbers", "bad", kind="feed")
        assert console.ingest.submit(readings.last_id).result(10) == 0
        assert console.counts("numbers").received == 0
        console.ingest.hold("")
        console.wait_received("numbers", 2500)
    assert len(stored(tmp_path)) == 2500


def test_an_ingest_that_was_never_started_can_be_stopped(tmp_path: Path) -> None:
    ingest = Console(tmp_path, {}, {}).ingest
    assert ingest.stop()
    assert ingest.stop()
    with pytest.raises(Unavailable):
        ingest.submit(lambda _: None).result(1)
