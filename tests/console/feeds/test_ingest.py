"""The ingest thread with a real broker: what is acknowledged is on disk."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from console.settings import Broker
from tests.console.feeds.support import NUMBERED, Console, reader
from tests.servers.mosquitto import Mosquitto, publish_all

pytestmark = pytest.mark.needs("mosquitto")


def numbered(count: int, source: str = "a", start: int = 0) -> list[tuple[str, bytes]]:
    return [
        (f"t/{source}", msgspec.json.encode({"at": 1_800_000_000_000 + n, "n": n}))
        for n in range(start, start + count)
    ]


def stored_numbers(folder: Path) -> list[float]:
    db = reader(folder)
    try:
        return [row[0] for row in db.conn.execute("SELECT value FROM reading ORDER BY id")]
    finally:
        db.close()


@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_messages_become_readings_in_the_order_in_which_they_came(
    tmp_path: Path, mosquitto: Mosquitto, version: str
) -> None:
    with Console(tmp_path, {"main": mosquitto.settings(version=version)}, {"numbers": NUMBERED}) as console:
        console.wait_connected()
        with mosquitto.client() as client:
            publish_all(client, numbered(1500))
        console.wait_received("numbers", 1500)
    assert stored_numbers(tmp_path) == [float(n) for n in range(1500)]
    assert [each.reading.value for each in console.committed] == [float(n) for n in range(1500)]
    counts = console.counts("numbers")
    assert (counts.stored, counts.quarantined, counts.duplicate) == (1500, 0, 0)
    assert console.latest()[-1].value == 1499.0


def test_the_broker_keeps_what_comes_while_the_console_is_away(tmp_path: Path, mosquitto: Mosquitto) -> None:
    brokers: dict[str, Broker] = {"main": mosquitto.settings()}
    with Console(tmp_path, brokers, {"numbers": NUMBERED}) as console:
        console.wait_connected()
    with mosquitto.client() as client:
        publish_all(client, numbered(3000))
    with Console(tmp_path, brokers, {"numbers": NUMBERED}) as console:
        console.wait_received("numbers", 3000)
    assert stored_numbers(tmp_path) == [float(n) for n in range(3000)]


def test_tls_and_a_password_carry_a_feed(tmp_path: Path, mosquitto_tls: Mosquitto) -> None:
    with Console(tmp_path, {"main": mosquitto_tls.settings()}, {"numbers": NUMBERED}) as console:
        console.wait_connected()
        with mosquitto_tls.client() as client:
            publish_all(client, numbered(800))
        console.wait_received("numbers", 800)
    assert stored_numbers(tmp_path) == [float(n) for n in range(800)]
