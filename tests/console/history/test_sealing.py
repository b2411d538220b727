"""The work on feed.db that is done by the clock, on real stores, with the ingest's thread played by ours."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlite_utils import Database

from console.clock import ManualClock
from console.errors import Unavailable
from console.history import sealing as work
from console.history.sealing import History
from console.settings import Keep, Settings, Site
from db import alarms, arrivals, connection, feed, history, holds, ops, readings
from db.alarms import Cursor, Mark
from db.records import Reading
from db.workings import Hold

KEY = bytes(32)
HOUR, DAY = 3_600_000, 86_400_000


class Core:
    """As much of a core as the history knows."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.clock = folder, ManualClock()
        self.feed = connection.open_writer(folder / "feed.db", KEY, feed.migrations)
        self.ops = connection.open_writer(folder / "ops.db", KEY, ops.migrations)
        self.settings = Settings(site=Site(keep_days=5), keep=(Keep(days=1, source="short*"),))
        self.stopping = threading.Event()
        self.ingest = SimpleNamespace(submit=lambda job: _done(self.feed, job))
        self.engine = SimpleNamespace(submit=lambda job: _done(self.ops, job))

    def open_ops_reader(self) -> Database:
        return connection.open_reader(self.folder / "ops.db", KEY)

    def open_feed_reader(self) -> Database:
        return connection.open_reader(self.folder / "feed.db", KEY)

    def receive(self, *sources: str) -> None:
        """A reading of each source, as it comes now."""
        now = self.clock.now_ms()
        with self.feed.atomic():
            readings.add(self.feed, "f", [Reading(source, "q", 1.0, now, now) for source in sources])

    def judge(self, number: int, seen: int | None = None) -> None:
        with self.ops.atomic():
            at = Cursor(reading=number, seen_reading=number if seen is None else seen)
            alarms.put_cursor(self.ops, at)

    def rows(self) -> int:
        return int(self.feed.conn.execute("SELECT count(*) FROM reading").fetchone()[0])

    def days(self, source: str) -> int:
        found = history.rows(self.feed, source, "q", 0, 2**62)
        return len({history.day_of(each.observed_ms) for each in found})


def _done(db: Database, job: Callable[[Database], Any]) -> Future[Any]:
    future: Future[Any] = Future()
    with db.atomic():
        future.set_result(job(db))
    return future


@pytest.fixture
def core(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Core]:
    monkeypatch.setattr(work, "_REST_S", 0.0)
    core = Core(tmp_path)
    yield core
    core.feed.close()
    core.ops.close()


def test_what_the_alarm_engine_may_still_ask_for_is_not_sealed(core: Core) -> None:
    for _ in range(10):
        core.receive("a", "b")
        core.clock.advance(1)
    core.clock.advance(10 * 3600)
    core.receive("a")
    core.judge(21, seen=0)
    History(core).seal()  # type: ignore[arg-type]
    assert core.rows() == 21
    core.judge(21)
    History(core).seal()  # type: ignore[arg-type]
    assert (core.rows(), core.days("a")) == (1, 2)


def test_a_store_made_anew_is_judged_before_it_is_sealed(core: Core) -> None:
    core.receive("a")
    core.clock.advance(10 * 3600)
    core.judge(5000)
    History(core).seal()  # type: ignore[arg-type]
    assert core.rows() == 1


def test_rows_of_the_newest_hours_stay(core: Core) -> None:
    for _ in range(12):
        core.receive("a")
        core.clock.advance(3600)
    core.judge(readings.last_id(core.feed))
    History(core).seal()  # type: ignore[arg-type]
    assert core.rows() == core.settings.site.rows_hours


def test_between_two_passes_over_all_series_there_is_a_rest(core: Core) -> None:
    job = History(core)  # type: ignore[arg-type]
    job.seal()
    core.receive("a")
    core.clock.advance(60)
    core.judge(1)
    core.clock.set_wall(core.clock.now_ms() + DAY)
    job.seal()
    assert core.rows() == 1
    core.clock.advance(200)
    job.seal()
    assert core.rows() == 0


def test_retention_obeys_settings_and_holds(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    start = core.clock.now_ms()
    for _ in range(10):
        core.receive("long", "short1", "held")
        core.clock.advance(86_400)
    core.judge(30)
    job = History(core)  # type: ignore[arg-type]
    job.seal()
    hold = Hold("h", "held", "*", start, start + DAY + 1, "수사", "kim", start)
    monkeypatch.setattr(holds, "active", lambda db: [hold])
    job.retain()
    assert [core.days(source) for source in ("long", "short1", "held")] == [5, 1, 7]


def test_the_order_of_arrival_is_shortened_and_its_marks_with_it(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "_LOG_KEPT", 5)
    for _ in range(20):
        core.receive("a")
        core.clock.advance(1)
    core.judge(18)
    with core.ops.atomic():
        for number, kind in ((1, "start"), (2, "tick"), (3, "start"), (4, "tick"), (17, "tick")):
            alarms.add_mark(core.ops, Mark(number, kind, number, 0))
    History(core).retain()  # type: ignore[arg-type]
    assert arrivals.begins(core.feed) == 16
    assert [each.reading for each in alarms.marks(core.ops)] == [1, 3, 17]
    assert alarms.last_start(core.ops) == 3


def test_an_ingest_that_has_ended_is_no_fault_of_the_history(core: Core) -> None:
    def ended(job: Callable[[Database], Any]) -> Future[Any]:
        raise Unavailable("The ingest has ended")

    core.ingest = SimpleNamespace(submit=ended)
    core.stopping.set()
    History(core).seal()  # type: ignore[arg-type]
    core.stopping.clear()
    History(core).retain()  # type: ignore[arg-type]
