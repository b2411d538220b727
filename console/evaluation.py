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
from db.readings import StoredReading
from db.records import Alarm

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
        clock: Clock,
    ) -> None:
        self._engine = engine
        self._evaluator = evaluator
        self._health = health
        self._open_feed_reader = open_feed_reader
        self._clock = clock
        self._feed_db: Database | None = None
        self._handed: list[StoredReading] = []
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

    def committed(self, readings: Sequence[StoredReading]) -> None:
        """Take readings that are on disk; called in the ingest thread, returns at once."""
        with self._lock:
            if len(self._handed) < _MOST_HANDED:
                self._handed.extend(readings)
        self._worker.kick()

    def follow(self, changed: Iterable[Any]) -> list[Any]:
        """The asset states that change with these records; any thread."""
        alarms = [record for record in changed if isinstance(record, Alarm)]
        with self._health_lock:
            self._health.alarms(alarms)
            return self._health.states()

    def _step(self, wait: Callable[[float], bool]) -> None:
        with self._lock:
            handed, self._handed = self._handed[:MOST_READINGS], self._handed[MOST_READINGS:]
        self._engine.submit(lambda db: self._evaluate(db, handed)).result()
        if not (self._handed or self._evaluator.behind):
            wait(_TICK_S)

    def _close_reader(self, db: Database) -> list[Any]:
        """Let go of feed.db, in the thread that opened it."""
        if self._feed_db is not None:
            self._feed_db.close()
            self._feed_db = None
        return []

    def _evaluate(self, db: Database, handed: list[StoredReading]) -> list[Any]:
        if self._feed_db is None:
            self._feed_db = self._open_feed_reader()
        changed = self._evaluator.step(db, self._feed_db, handed, self._clock.now_ms())
        with self._health_lock:
            self._health.seen([each.reading for each in handed])
            self._health.alarms(changed)
            return [*changed, *self._health.states()]
