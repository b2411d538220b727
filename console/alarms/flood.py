"""When alarms come faster than people can follow, and by what. Pure; every time is handed in.

More than 10 annunciations in 10 minutes per operator are a flood; it lasts
until there are fewer than 5. A window is (time - 10 min, time], so a flood ends
at the moment in which an annunciation leaves it.
Source: ISA-18.2-2016 / IEC 62682, alarm flood; ARCHITECTURE 6.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from db.alarm_records import Alarm, AlarmState, FloodGroup
from db.annunciations import Annunciation

WINDOW_MS = 600_000
ENTERS, LEAVES = 10, 5

_UNHANDLED = (AlarmState.UNACKNOWLEDGED, AlarmState.RETURNED)


def is_flood(was: bool, count: int, operators: int) -> bool:
    """Whether so many annunciations in 10 minutes are a flood for so many people, after it was one or not."""
    people = max(1, operators)
    return count >= LEAVES * people if was else count > ENTERS * people


class Span(NamedTuple):
    """One flood: since_ms <= time < until_ms, which is None while it lasts.

    `begins_ms` is the time of the first annunciation of the ten minutes in which it became one;
    `peak` the most of any ten minutes.
    """

    begins_ms: int
    since_ms: int
    until_ms: int | None
    peak: int
    operators: int


class Pace:
    """How fast alarms are announced, and the floods that this makes.

    `ended` collects the floods that are over. Times never run back; one that does counts as now.
    """

    def __init__(self) -> None:
        self.on: Span | None = None
        self.ended: list[Span] = []
        self._recent: deque[int] = deque()
        self._now_ms = 0

    @property
    def now_ms(self) -> int:
        """The time up to which it has looked; what comes late counts as of now."""
        return self._now_ms

    @property
    def count(self) -> int:
        """Annunciations of the last ten minutes."""
        return len(self._recent)

    def announced(self, at_ms: int, operators: int) -> None:
        """An operator was called."""
        self.advance(at_ms, operators)
        self._recent.append(self._now_ms)
        self._judge(operators)

    def advance(self, to_ms: int, operators: int) -> None:
        """Let time pass: what is ten minutes old no longer counts."""
        while self._recent and self._recent[0] + WINDOW_MS <= to_ms:
            self._now_ms = max(self._now_ms, self._recent.popleft() + WINDOW_MS)
            while self._recent and self._recent[0] + WINDOW_MS <= self._now_ms:
                self._recent.popleft()
            self._judge(operators)
        self._now_ms = max(self._now_ms, to_ms)
        self._judge(operators)

    def _judge(self, operators: int) -> None:
        on = is_flood(self.on is not None, self.count, operators)
        if not on and self.on is not None:
            self.ended.append(self.on._replace(until_ms=self._now_ms))
            self.on = None
        elif on and self.on is None:
            self.on = Span(self._recent[0], self._now_ms, None, self.count, max(1, operators))
        elif on and self.on is not None and self.count > self.on.peak:
            self.on = self.on._replace(peak=self.count)


def spans(calls: Iterable[int], operators: Callable[[int], int], until_ms: int) -> list[Span]:
    """The floods that these annunciations made, oldest first; the last may still be on at `until_ms`."""
    pace = Pace()
    for at_ms in calls:
        pace.announced(at_ms, operators(at_ms))
    pace.advance(until_ms, operators(until_ms))
    return [*pace.ended, *([pace.on] if pace.on is not None else [])]


def groups(
    rows: Sequence[Annunciation], standing: Mapping[str, Alarm], facility: Callable[[str, str], str]
) -> tuple[FloodGroup, ...]:
    """The alarms of these rows by cause and facility, worst and largest first.

    An alarm counts once. `facility` gives an id for (asset, source). The rows come oldest first.
    """
    found: dict[tuple[str, str], _Group] = {}
    seen: set[str] = set()
    for row in rows:
        if row.alarm in seen or not (row.announced or row.verb == "raised"):
            continue
        seen.add(row.alarm)
        alarm = standing.get(row.alarm)
        cause = alarm.suppressed_by.partition("|")[0] if alarm is not None else ""
        key = (cause or row.cause, facility(row.asset, row.source))
        group = found.setdefault(key, _Group(row))
        group.take(row, alarm)
    return tuple(sorted((group.told(*key) for key, group in found.items()), key=_order))


class _Group:
    """A group while it is counted."""

    def __init__(self, first: Annunciation) -> None:
        self.first = first
        self.count = self.unacknowledged = 0
        self.priority = first.priority
        self.name = self.name_en = ""

    def take(self, row: Annunciation, alarm: Alarm | None) -> None:
        self.count += 1
        self.priority = min(self.priority, row.priority)
        if alarm is None:
            return
        self.unacknowledged += alarm.shown in _UNHANDLED
        if not self.name:
            self.name, self.name_en = alarm.name, alarm.name_en

    def told(self, rule: str, place: str) -> FloodGroup:
        return FloodGroup(
            rule=rule,
            place=place,
            count=self.count,
            unacknowledged=self.unacknowledged,
            priority=self.priority,
            first_ms=self.first.at_ms,
            first=self.first.alarm,
            name=self.name,
            name_en=self.name_en,
        )


def _order(group: FloodGroup) -> tuple[object, ...]:
    return (group.priority, -group.count, group.first_ms, group.rule, group.place)
