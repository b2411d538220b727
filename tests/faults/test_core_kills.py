"""A real core, killed at random under load: what was acknowledged is there, once."""

import os
import random
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from console import lifeline
from console.clock import SystemClock
from db import connection, keys
from tests.end_to_end.test_roles import settings_for
from tests.end_to_end.whole import WholeConsole, until
from tests.servers.mosquitto import PASSWORD, USER, Mosquitto

LOAD = Path(__file__).with_name("core_load.py")
RATE = 500


def notes_kept(folder: Path) -> list[str]:
    db = connection.open_reader(folder / "ops.db", keys.data_key(folder))
    try:
        rows = db.conn.execute("select body from entry where type = 'incident.noted' order by seq").fetchall()
        return [row[0].split('"text":"')[1].split('"')[0] for row in rows]
    finally:
        db.close()


def values_kept(folder: Path) -> list[int]:
    db = connection.open_reader(folder / "feed.db", keys.data_key(folder))
    try:
        return [int(value) for (value,) in db.conn.execute("select value from reading order by value")]
    finally:
        db.close()


def kill_core(console: WholeConsole, chance: random.Random) -> None:
    """Kill the core at some moment and wait for the next one."""
    core = console.pid("core")
    threading.Event().wait(chance.uniform(0.02, 0.5))  # the moment is what is drawn by lot
    os.kill(core, signal.SIGKILL)
    until(lambda: (console.ask() or {}).get("roles", {}).get("core", {}).get("pid", core) != core)


def run_kills(mosquitto: Mosquitto, folder: Path, kills: int, seed: int) -> None:
    chance = random.Random(seed)
    acknowledged: list[str] = []
    with WholeConsole(folder, settings_for(mosquitto), screen=False) as console:
        until(lambda: any(b["state"] == "ok" for b in (console.ask() or {"brokers": []})["brokers"]))
        incident = console.client.act("incident.open", {"title": "강제 종료 시험", "type": "기타"})["id"]
        load = lifeline.start(
            [sys.executable, str(LOAD), str(mosquitto.port), USER, PASSWORD, str(RATE)],
            stdout=subprocess.PIPE,
        )
        stop = threading.Event()

        def write() -> None:
            number = 0
            while not stop.is_set():
                answered = threading.Event()
                text = f"note {number}"

                def done(
                    value: Any, error: str, text: str = text, answered: threading.Event = answered
                ) -> None:
                    if not error:
                        acknowledged.append(text)
                    answered.set()

                console.client.command("incident.note", {"incident": incident, "text": text}, done)
                while not answered.wait(0.05) and not stop.is_set():
                    pass
                number += 1

        writer = threading.Thread(target=write)
        writer.start()
        try:
            for _ in range(kills):
                kill_core(console, chance)
        finally:
            stop.set()
            writer.join()
            assert load.stdin is not None and load.stdout is not None
            load.stdin.close()
            published = int(load.stdout.readline())
            load.wait(60)
            load.stdout.close()
        until(lambda: sum(f["stored"] for f in (console.ask() or {"feeds": []})["feeds"]) >= published)
    assert values_kept(folder) == list(range(published))
    kept = notes_kept(folder)
    assert len(kept) == len(set(kept)), "an act was done twice"
    assert set(acknowledged) <= set(kept), "an acknowledged act was lost"
    assert len(acknowledged) >= kills


@pytest.mark.timeout(300)
def test_a_core_killed_thirty_times_loses_and_doubles_nothing(mosquitto: Mosquitto, tmp_path: Path) -> None:
    seed = SystemClock().now_ms() % 10_000
    print(f"seed {seed}")
    run_kills(mosquitto, tmp_path / "data", kills=30, seed=seed)
