"""Carries committed readings to the alarm engine, in the ops thread, without losing count.

What ingest hands over is only a short cut: the evaluator's cursor decides,
and it reads from feed.db what it was not handed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import structlog
from sqlite_utils import Database

from console.alarms.evaluate import MOST_READINGS, Evaluator
from console.clock import Clock
from console.engine import Engine
from console.health.rollup import Health
from console.worker import Worker
from db import readings, rules
from db.alarm_records import Alarm, Rule
from db.fitness import Fitness
from db.readings import StoredReading
from db.records import Latest, Reading

log = structlog.get_logger(__name__)

_MOST_HANDED = 50_000
_TICK_S = 0.5


class Evaluation:
    """Runs the evaluator after each commit of readings and on every tick (0.5 s)."""

    def __init__(
        self,
        engine: Engine,
        evaluator: Evaluator,
        health: Health,
        open_feed_reader: Callable[[], Database],
        publish: Callable[[list[Any]], None],
        clock: Clock,
        rules_of: Callable[[Database], Sequence[Rule]] | None = None,
        moved: Callable[[dict[str, Fitness]], None] = lambda moved: None,
    ) -> None:
        self._rules_of = rules_of
        self._edit = 0
        self._engine = engine
        self._publish = publish
        self._evaluator = evaluator
        self._health, self._moved = health, moved
        self._open_feed_reader = open_feed_reader
        self._clock = clock
        self._feed_db: Database | None = None
        self._handed: list[StoredReading] = []
        self._has_missed = False
        self._stored_last = self._judged_last = 0
        self._lock = threading.Lock()
        self._health_lock = threading.Lock()
        self._worker = Worker("evaluation", self._step)

    def start(self) -> None:
        self._worker.start()

    def stop(self) -> None:
        """Twice is harmless."""
        self._worker.stop()
        if self._feed_db is not None:
            self._engine.submit(self._close_reader).result()

    @property
    def unjudged(self) -> int:
        """Readings on disk that the alarm engine has not judged yet; any thread."""
        return max(0, self._stored_last - self._judged_last)

    def committed(self, stored: Sequence[StoredReading]) -> None:
        """Take readings that are on disk; called in the ingest thread, returns at once."""
        if stored:
            self._stored_last = stored[-1].id
        with self._lock:
            if len(self._handed) < _MOST_HANDED:
                self._handed.extend(stored)
            else:
                self._has_missed = True
        self._worker.kick()

    def follow(self, changed: Iterable[Any], seen: Iterable[Reading | Latest] = ()) -> None:
        """Let the asset tree follow what was committed, and publish what changed in it; any thread."""
        alarms = [record for record in changed if isinstance(record, Alarm)]
        with self._health_lock:
            self._health.seen(seen)
            self._health.alarms(alarms)
            states = self._health.states()
            moved = self._health.moved()
        if moved:
            self._moved(moved)
        self._publish(list(states))

    def _step(self, wait: Callable[[float], bool]) -> None:
        with self._lock:
            handed, self._handed = self._handed[:MOST_READINGS], self._handed[MOST_READINGS:]
        changed = self._engine.submit(lambda db: self._evaluate(db, handed)).result()
        self._judged_last = self._evaluator.judged
        self.follow(changed, [each.reading for each in handed])
        if self._handed or self._evaluator.behind:
            return
        if self._has_missed:
            self._has_missed = False
            self.follow([], self._latest())
        wait(_TICK_S)

    def _latest(self) -> list[Latest]:
        """The newest reading of every series, after a flood in which not all were handed to us."""
        db = self._open_feed_reader()
        try:
            return readings.latest(db)
        finally:
            db.close()

    def _close_reader(self, db: Database) -> list[Any]:
        """Let go of feed.db, in the thread that opened it."""
        if self._feed_db is not None:
            self._feed_db.close()
            self._feed_db = None
        return []

    def _evaluate(self, db: Database, handed: list[StoredReading]) -> list[Any]:
        if self._feed_db is None:
            self._feed_db = self._open_feed_reader()
            self._stored_last = max(self._stored_last, readings.last_id(self._feed_db))
        self._follow_edits(db)
        return list(self._evaluator.step(db, self._feed_db, handed, self._clock.now_ms()))

    def _follow_edits(self, db: Database) -> None:
        """Give the evaluator the rules as the log has them now, once per edit."""
        edit = rules.last(db)
        if edit != self._edit and self._rules_of is not None:
            self._evaluator.exchange(self._rules_of(db))
            self._edit = edit
