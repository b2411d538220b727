"""A console that was away: what the broker kept is read once, while the console stays usable."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import psutil
import pytest

from console import lifeline
from console.clock import SystemClock
from console.link_client import LinkClient
from db import connection, history, keys
from db.records import FeedCount, Latest
from db.workings import CatchUp
from tests.end_to_end.test_roles import settings_for
from tests.end_to_end.whole import WholeConsole, until
from tests.servers.mosquitto import PASSWORD, USER, Mosquitto

pytestmark = pytest.mark.needs("mosquitto")

LOAD = Path(__file__).with_name("catch_up_load.py")
SOURCES = 2000
MEMORY_MIB = 150  # more than before: what the core may hold while it catches up
QUERY_S = 1.0  # nine of ten questions
SLOWEST_S = 3.0
RULES = [{"id": "high", "kind": "threshold", "source": "s1", "quantity": "level", "above": 1e12}]


class Screen:
    """A second client, as a screen is one: it follows, and asks over and over while the core is busy."""

    def __init__(self, folder: Path) -> None:
        self.told: list[CatchUp] = []
        self.waits_s: dict[str, list[float]] = {"state": [], "trend": []}
        self.gaps_s: list[float] = []
        self.stored = 0
        self._clock = SystemClock()
        self._pushed_s = self._clock.monotonic_s()
        self._client = LinkClient(folder, role="ui", seat="probe", on_push=self._on_push)
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="probe")

    def __enter__(self) -> Screen:
        self._client.start()
        assert self._client.wait_linked(20)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()
        self._client.stop()

    def _on_push(self, records: Any) -> None:
        now_s = self._clock.monotonic_s()
        for each in records:
            if isinstance(each, CatchUp):
                self.told.append(each)
            elif isinstance(each, FeedCount):
                self.stored = each.stored
        if any(isinstance(each, Latest) for each in records):
            self.gaps_s.append(now_s - self._pushed_s)
            self._pushed_s = now_s

    def _run(self) -> None:
        while not self._end.wait(0.1):
            now_ms = self._clock.now_ms()
            day = {"since_ms": now_ms - 86_400_000, "until_ms": now_ms, "source": "s1", "quantity": "level"}
            for name, args in (("state", {}), ("trend", day)):
                began_s = self._clock.monotonic_s()
                self._client.ask(name, args, 30)
                self.waits_s[name].append(self._clock.monotonic_s() - began_s)


def publish(mosquitto: Mosquitto, count: int) -> None:
    load = lifeline.start(
        [sys.executable, str(LOAD), str(mosquitto.port), USER, PASSWORD, str(count), str(SOURCES), "86400"],
        stdout=subprocess.PIPE,
    )
    try:
        assert load.stdout is not None
        assert int(load.stdout.readline()) == count
        load.stdout.close()
    finally:
        lifeline.end(load)


def values_kept(folder: Path) -> list[int]:
    db = connection.open_reader(folder / "feed.db", keys.data_key(folder))
    try:
        since, until_ms = 0, SystemClock().now_ms() + 86_400_000
        found: list[int] = []
        for source in range(SOURCES):
            rows = history.rows(db, f"s{source}", "level", since, until_ms, limit=1_000_000)
            found += [int(float(each.value)) for each in rows]
        return sorted(found)
    finally:
        db.close()


def catch_up(mosquitto: Mosquitto, folder: Path, count: int, *, within_s: float) -> None:
    clock = SystemClock()
    settings = settings_for(mosquitto, rules=RULES)
    with WholeConsole(folder, settings, screen=False) as console:
        until(lambda: any(b["state"] == "ok" for b in (console.ask() or {"brokers": []})["brokers"]))
    publish(mosquitto, count)
    began_s = clock.monotonic_s()
    with WholeConsole(folder, settings, screen=False) as console, Screen(folder) as screen:
        core = psutil.Process(console.pid("core"))
        before = memory = core.memory_info().rss

        def done() -> bool:
            nonlocal memory
            memory = max(memory, core.memory_info().rss)
            return screen.stored >= count

        until(done, within_s=within_s, what="everything stored")
        took_s = clock.monotonic_s() - began_s
        until(lambda: screen.told and not screen.told[-1].active, what="told that the present is reached")
        status = console.ask() or {}
    active = [each for each in screen.told if each.active]
    print(f"{count} messages in {took_s:.1f} s ({count / took_s:.0f}/s); {in_words(screen)}")
    print(f"memory of the core: {before >> 20} MiB before, {memory >> 20} MiB at most; {told(active)}")
    feed = status["feeds"][0]
    assert (feed["received"], feed["stored"], feed["quarantined"], feed["duplicate"]) == (count, count, 0, 0)
    assert values_kept(folder) == list(range(count))
    assert (memory - before) >> 20 < MEMORY_MIB
    for waits in screen.waits_s.values():
        assert sorted(waits)[len(waits) * 9 // 10] < QUERY_S
        assert max(waits) < SLOWEST_S
    assert status["catch_up"] == []
    assert count * 0.9 <= screen.told[-1].messages <= count
    assert any(each.left_s is not None for each in active)


def in_words(screen: Screen) -> str:
    """The waits of the questions and between two pushes."""
    found = []
    for name, waits in screen.waits_s.items():
        ordered = [round(each * 1000) for each in sorted(waits)]
        half, most = ordered[len(ordered) // 2], ordered[len(ordered) * 9 // 10]
        found.append(f"{name} p50 {half} p90 {most} max {ordered[-1]} ms of {len(ordered)}")
    return f"{', '.join(found)}; at most {max(screen.gaps_s[1:]):.2f} s between two pushes"


def told(active: list[CatchUp]) -> str:
    """The extremes of what was told."""
    behind = max(each.behind_ms or 0 for each in active) // 1000
    speed, unjudged = max(each.speed or 0 for each in active), max(each.unjudged for each in active)
    return f"told {behind} s behind, {speed:.0f} times as fast as time, {unjudged} unjudged at most"


@pytest.mark.timeout(300)
def test_a_hundred_thousand_queued_messages_are_read_once_while_questions_are_answered(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    catch_up(mosquitto, tmp_path / "data", 100_000, within_s=120)


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_one_and_a_half_million_queued_messages_are_read_once_while_questions_are_answered(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    catch_up(mosquitto, tmp_path / "data", 1_500_000, within_s=2400)
