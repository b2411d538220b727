"""Damaged messages through a real broker: each is stored or set aside with its reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.console.feeds.support import NUMBERED, Console, reader
from tests.faults.mutations import mutated
from tests.servers.mosquitto import Mosquitto, publish_all

pytestmark = pytest.mark.needs("mosquitto")


def pour(tmp_path: Path, broker: Mosquitto, count: int, seed: int) -> None:
    messages = [(f"t/m{n}", payload) for n, payload in enumerate(mutated(count, seed))]
    with Console(
        tmp_path, {"main": broker.settings()}, {"numbers": NUMBERED}, quarantine_keep=count
    ) as console:
        console.wait_connected()
        with broker.client() as client:
            publish_all(client, messages)
            publish_all(client, [("t/last", b'{"at":1800000000000,"n":1}')])
        console.wait_received("numbers", count + 1, timeout=60 + count / 500)
        lamp = console.lamp("broker", "main")
    counts = console.counts("numbers")
    assert counts.received == count + 1
    assert counts.stored + counts.quarantined == count + 1
    assert counts.stored > count / 20
    assert counts.quarantined > count / 4
    assert lamp is not None
    assert lamp.state == "ok"
    db = reader(tmp_path)
    try:
        rows = db.conn.execute("SELECT topic, reason, detail FROM quarantine").fetchall()
        stored = {row[0] for row in db.conn.execute("SELECT DISTINCT source FROM series")}
    finally:
        db.close()
    aside = {row[0].removeprefix("t/") for row in rows}
    assert len(rows) == counts.quarantined
    assert all(reason and detail for _, reason, detail in rows)
    assert aside | stored == {f"m{n}" for n in range(count)} | {"last"}
    assert {row[1] for row in rows} >= {
        "not-json", "number", "duplicate-key", "too-deep", "encoding", "nul", "surrogate", "time", "value",
        "text-length", "too-large", "no-reading",
    }  # fmt: skip


@pytest.mark.timeout(120)
def test_five_thousand_damaged_messages_stall_nothing(tmp_path: Path, mosquitto: Mosquitto) -> None:
    pour(tmp_path, mosquitto, 5000, seed=1)


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_two_hundred_thousand_damaged_messages_stall_nothing(tmp_path: Path, mosquitto: Mosquitto) -> None:
    pour(tmp_path, mosquitto, 200_000, seed=2)
