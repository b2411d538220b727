"""The core killed while it asks for what did not arrive: nothing is lost, doubled or asked for in vain."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from console.clock import SystemClock
from db import connection, keys
from tests.console.gaps.test_backfill_core import asks, message, settings_for
from tests.end_to_end.whole import WholeConsole, until
from tests.servers.history import Asked, History, Reply, history
from tests.servers.mosquitto import Mosquitto, publish_all

__all__ = ["history"]  # the fixture

pytestmark = [pytest.mark.needs("mosquitto"), pytest.mark.timeout(240)]

LAST = 3000
KILLS = 4
AT_ONCE = 100  # messages of one answer


def test_a_core_killed_while_it_asks_ends_with_every_reading_once(
    mosquitto: Mosquitto, history: History, tmp_path: Path
) -> None:
    base_ms = SystemClock().now_ms() - 2 * LAST * 1000
    every = [message(n, base_ms) for n in range(1, LAST + 1)]

    def answer(asked: Asked) -> Reply:
        since_ms, until_ms = int(asked.query["from"]), int(asked.query["to"])
        return Reply([each for each in every if since_ms <= each["at"] <= until_ms][:AT_ONCE])

    history.answer = answer
    settings = settings_for(mosquitto, backfill=asks(history.url) | {"every_s": 0.15})
    folder = tmp_path / "data"
    for turn in range(KILLS + 1):
        with WholeConsole(folder, settings, screen=False) as console:
            until(lambda: any(b["state"] == "ok" for b in (console.ask() or {"brokers": []})["brokers"]))
            core = console.pid("core")
            if turn == 0:
                with mosquitto.client() as client:
                    ends = [msgspec.json.encode(every[n]) for n in (0, -1)]
                    publish_all(client, [("level/river-2", each) for each in ends])
            if turn < KILLS:
                wait_for_questions(history, 2 + turn)
                os.kill(core, signal.SIGKILL)
            else:
                until(lambda: (console.ask() or {}).get("gaps", {}).get("filled") == 1)
                (gap,) = console.ask("gaps")
                assert (gap["state"], gap["first_seq"], gap["last_seq"], gap["missing"]) == (
                    "filled", 2, LAST - 1, 0,
                )  # fmt: skip
                assert (console.ask() or {})["alarms"]["standing"] == 0
    assert stored(folder) == [base_ms + n * 1000 for n in range(1, LAST + 1)]


def wait_for_questions(history: History, count: int) -> None:
    wanted = len(history.asked) + count
    until(lambda: len(history.asked) >= wanted, what="it asks")


def stored(folder: Path) -> list[Any]:
    db = connection.open_reader(folder / "feed.db", keys.data_key(folder))
    try:
        return [row[0] for row in db.conn.execute("SELECT observed_ms FROM reading ORDER BY observed_ms")]
    finally:
        db.close()
