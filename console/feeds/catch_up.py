"""How far behind the present the reading of a broker is, and how fast it comes nearer.

The age of what is read is the median over the sources heard in the last
seconds, each by its newest live reading with a time of its own: one sender
with a lying clock decides nothing, and a queue does not look young because one
source fills a burst. An age alone is no backlog (a gateway may send its
minutes late for ever): behind is who is old *and* reads faster than time goes,
or who finds more waiting than one burst holds, second after second.
"""

from __future__ import annotations

import statistics
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from console.clock import Clock
from console.feeds.session import Session
from db.workings import CatchUp

BEGIN_MS, END_MS = 30_000, 10_000
FASTER = 1.2  # milliseconds of the past read per millisecond
LOOK_S = 1.0
_WINDOW = 5  # looks over which speed and rate are taken
_BEGIN_LOOKS, _END_LOOKS = 2, 5
_LEAST_PER_S = 20.0  # fewer messages a second are no backlog being read
_HEARD_S = 10.0
_SOURCES = 5000  # whose ages are remembered


class _Look(NamedTuple):
    at_s: float
    read: int
    full: int
    behind_ms: int | None


class Pace:
    """One broker's. All times are handed in; for the ingest thread."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.is_active = False
        self._ages: dict[str, tuple[int, float]] = {}
        self._read = self._full = 0
        self._looks: deque[_Look] = deque(maxlen=_WINDOW + 1)
        self._since_ms: int | None = None  # of the last calm look, before it began
        self._from_read = 0
        self._streak = 0

    def read(self, messages: int, *, full: bool) -> None:
        """So many messages were read at once; `full` if more may have been waiting."""
        self._read += messages
        if full:
            self._full += messages

    def heard(self, observed: Mapping[str, int], received_ms: int, now_s: float) -> None:
        """The newest live reading of each source in what was committed."""
        ages = self._ages
        for source, observed_ms in observed.items():
            ages.pop(source, None)  # so that the oldest stand in front
            ages[source] = (max(0, received_ms - observed_ms), now_s)
        while len(ages) > _SOURCES:
            del ages[next(iter(ages))]

    def look(self, now_s: float, now_ms: int, *, halted: bool = False, unjudged: int = 0) -> CatchUp | None:
        """Judge the last seconds, once a second; a record while behind and when the present is reached.

        `halted`: nothing can be read now (no link, no disk), which is no present.
        """
        self._looks.append(_Look(now_s, self._read, self._full, self._behind(now_s)))
        was_active = self.is_active
        self._decide(now_ms, halted)
        if not was_active and not self.is_active:
            return None
        return self._record(now_ms, unjudged)

    def _behind(self, now_s: float) -> int | None:
        ages = self._ages
        while ages and ages[oldest := next(iter(ages))][1] < now_s - _HEARD_S:
            del ages[oldest]
        return round(statistics.median(age for age, _ in ages.values())) if ages else None

    def _decide(self, now_ms: int, halted: bool) -> None:
        if not self.is_active:
            if self._is_calm() or self._since_ms is None:
                self._since_ms = now_ms
                self._from_read = self._read if self._is_calm() else 0
            if not self._suspected():
                self._streak = 0
                return
            self._streak += 1
            if self._streak >= _BEGIN_LOOKS:
                self.is_active, self._streak = True, 0
        elif halted or self._suspected():
            self._streak = 0
        else:
            self._streak += 1
            behind = self._looks[-1].behind_ms
            wanted = _BEGIN_LOOKS if behind is not None and behind < END_MS else _END_LOOKS
            if self._streak >= wanted:
                self.is_active, self._streak = False, 0

    def _is_calm(self) -> bool:
        """Whether nothing old, and not much at all without a time, was read since the last look."""
        new, old = self._looks[-1], self._looks[-2 if len(self._looks) > 1 else -1]
        if new.behind_ms is None:
            return new.full == (old.full if old is not new else 0)
        return new.behind_ms < END_MS

    def _suspected(self) -> bool:
        """Whether the last seconds look like a backlog."""
        new, old = self._looks[-1], self._looks[-2 if len(self._looks) > 1 else -1]
        read, full = new.read - old.read, new.full - old.full
        if read < _LEAST_PER_S * max(LOOK_S, new.at_s - old.at_s):
            return False
        speed, limit = self._speed(), END_MS if self.is_active else BEGIN_MS
        is_old = new.behind_ms is not None and new.behind_ms > limit
        if is_old and speed is not None and speed > FASTER:
            return True
        return full * 2 >= read and (new.behind_ms is None or is_old)

    def _speed(self) -> float | None:
        known = [each for each in self._looks if each.behind_ms is not None]
        if len(known) < 2 or known[-1] is not self._looks[-1]:
            return None
        old, new = known[0], known[-1]
        closer = (old.behind_ms or 0) - (new.behind_ms or 0)
        return 1.0 + closer / 1000 / (new.at_s - old.at_s) if new.at_s > old.at_s else None

    def _record(self, now_ms: int, unjudged: int) -> CatchUp:
        old, new = self._looks[0], self._looks[-1]
        speed, behind = self._speed(), new.behind_ms
        left = None
        if self.is_active and behind is not None and speed is not None and speed > FASTER:
            left = behind / 1000 / (speed - 1.0)
        return CatchUp(
            name=self.name,
            active=self.is_active,
            since_ms=now_ms if self._since_ms is None else self._since_ms,
            at_ms=now_ms,
            behind_ms=behind,
            speed=None if speed is None else round(speed, 1),
            per_s=round((new.read - old.read) / (new.at_s - old.at_s), 1) if new.at_s > old.at_s else 0.0,
            left_s=None if left is None else round(left, 1),
            messages=new.read - self._from_read,
            unjudged=unjudged,
        )


class Paces:
    """The paces of all brokers, looked at once a second. For the ingest thread."""

    def __init__(self, sessions: Sequence[Session], clock: Clock, unjudged: Callable[[], int]) -> None:
        self._sessions, self._clock, self._unjudged = sessions, clock, unjudged
        self._paces = {session.name: Pace(session.name) for session in sessions}
        self._due_s = clock.monotonic_s()

    def read(self, session: Session, room: int) -> None:
        """What stands in the session's inbox was read, with room for so many messages."""
        if session.inbox:
            self._paces[session.name].read(len(session.inbox), full=len(session.inbox) >= room)

    def heard(self, observed: Mapping[str, Mapping[str, int]], received_ms: int) -> None:
        """The newest live readings of a commit, by broker and source."""
        for name, sources in observed.items():
            if name in self._paces:
                self._paces[name].heard(sources, received_ms, self._clock.monotonic_s())

    def due(self, *, halted: bool) -> Iterable[CatchUp]:
        """What there is to tell, once a second."""
        now_s = self._clock.monotonic_s()
        if now_s < self._due_s:
            return []
        self._due_s, now_ms = now_s + LOOK_S, self._clock.now_ms()
        away = {session.name for session in self._sessions if not session.is_ready}
        looks = [
            pace.look(now_s, now_ms, halted=halted or name in away, unjudged=self._unjudged())
            for name, pace in self._paces.items()
        ]
        return [each for each in looks if each is not None]
