"""Seals readings and lets old ones go, in steps so small that the ingest never waits long for one."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import Any, TypeVar

import structlog
from sqlite_utils import Database

from console.errors import Unavailable
from console.history.leap import Believed
from console.running import Running
from db import alarms, arrivals, events, holds, readings, retention, sealing
from db.retention import Policy, Rule
from db.sealing import Terms

log = structlog.get_logger(__name__)

_HOUR_MS, _DAY_MS = 3_600_000, 86_400_000
_TURN_S = 15.0  # of sealing, before it looks at the clock and the alarm engine again
_PASS_S = 180.0  # from a pass over all series to the next
_REST_S = 0.01
_REST_TIMES = 2.0  # as long as the last step took: a third of the ingest at most
_LOG_KEPT = 200_000  # judged readings whose order of arrival stays known
_EVENTS_STEP = 5_000
_ANSWER_S = 60.0

_Done = TypeVar("_Done")


class History:
    """The two works on feed.db that are done by the clock; each in one thread of the scheduler."""

    def __init__(self, core: Running) -> None:
        self._core = core
        self._place = 0
        self._believed = Believed(core.folder, core.clock)
        self._again_s = float("-inf")

    def seal(self) -> None:
        """Seal what is due, for some seconds at most; the next call goes on from there."""
        self._tried("sealing", self._seal)

    def retain(self) -> None:
        """Let go of what is past its time, but for what a hold protects."""
        self._tried("retention", self._retain)

    def _tried(self, name: str, work: Callable[[], None]) -> None:
        """A store that is away now is asked again the next time; one that is being closed says nothing."""
        try:
            work()
        except Unavailable as error:
            if not self._core.stopping.is_set():
                log.warning(name, error=str(error))

    def _seal(self) -> None:
        core = self._core
        if core.clock.monotonic_s() < self._again_s:
            return
        judged, end_s = self._judged(), core.clock.monotonic_s() + _TURN_S
        before_ms = core.clock.now_ms() - core.settings.site.rows_hours * _HOUR_MS
        due_ms = before_ms - core.settings.site.rows_hours * _HOUR_MS // 2
        terms = Terms(judged, core.clock.now_ms(), before_ms, due_ms)
        sealed = 0
        while not core.stopping.is_set() and core.clock.monotonic_s() < end_s:
            step = self._patiently(lambda db: sealing.step(db, self._place, terms))
            self._place = step.place
            sealed += step.sealed
            if not step.place:
                self._again_s = core.clock.monotonic_s() + _PASS_S
                break
        if sealed:
            log.info("sealed", readings=sealed)

    def _retain(self) -> None:
        core = self._core
        place, gone = 0, 0
        while not core.stopping.is_set():
            policy, standing = self._policy(), self._holds()
            now_ms = self.now_ms()
            swept = self._patiently(
                lambda db: retention.step(db, policy, standing, now_ms, place)  # noqa: B023 - run at once
            )
            place, gone = swept.place, gone + swept.gone
            if not place:
                break
        if gone:
            log.info("retained", gone=gone)
        self._forget_events(self.now_ms() - core.settings.site.keep_days * _DAY_MS)
        self._forget_arrivals(self._judged())

    def now_ms(self) -> int:
        """The time to let things go by; the scheduler's thread of retention."""
        return self._believed.now_ms()

    def _forget_events(self, before_ms: int) -> None:
        gone = _EVENTS_STEP
        while gone >= _EVENTS_STEP and not self._core.stopping.is_set():
            gone = self._patiently(lambda db: events.drop_before(db, before_ms, _EVENTS_STEP))

    def _forget_arrivals(self, judged: int) -> None:
        """Shorten the order of arrival, and the marks of the alarm log that no reading is left for."""
        first, before = 0, -1
        while first != before and not self._core.stopping.is_set():
            before = first
            first = self._patiently(lambda db: arrivals.trim(db, judged, _LOG_KEPT))
        if first > 1:
            self._core.engine.submit(lambda db: _forget_marks(db, first)).result(_ANSWER_S)

    def _judged(self) -> int:
        """The last reading that the alarm engine will not ask for again; 0 if feed.db was made anew."""
        with closing(self._core.open_ops_reader()) as db:
            at = alarms.cursor(db)
        with closing(self._core.open_feed_reader()) as db:
            last = readings.last_id(db)
        return min(at.reading, at.seen_reading) if at.reading <= last else 0

    def _policy(self) -> Policy:
        settings = self._core.settings
        return Policy(
            [Rule(each.source, each.quantity, each.days) for each in settings.keep], settings.site.keep_days
        )

    def _holds(self) -> list[Any]:
        with closing(self._core.open_ops_reader()) as db:
            return list(holds.active(db))

    def _patiently(self, job: Callable[[Database], _Done]) -> _Done:
        """Run one step with the write connection, then rest for longer than it took."""
        core = self._core
        began_s = core.clock.monotonic_s()
        try:
            done: _Done = core.ingest.submit(job).result(_ANSWER_S)
        except TimeoutError as error:
            raise Unavailable("The ingest did not come to a step of the history in time") from error
        core.stopping.wait(max(_REST_S, _REST_TIMES * (core.clock.monotonic_s() - began_s)))
        return done


def _forget_marks(db: Database, first: int) -> list[Any]:
    alarms.forget_marks(db, first)
    return []
