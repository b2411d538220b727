"""Tells screens of floods and bursts while they last, from the rows of what alarms did.

The rows are the truth: after a restart the last day of them is gone through
again, and a flood that is still on goes on with the time at which it began.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate

from sqlite_utils import Database

from console.alarms.bursts import Bursts
from console.alarms.flood import WINDOW_MS, Pace, Span, groups
from console.clock import Clock
from console.running import Running
from db import annunciations, duties, entries
from db.alarm_records import Alarm, Flood, Summary
from db.annunciations import Annunciation
from db.asset_records import Asset, OnDuty

EVERY_S = 0.5
"""How often it looks, and so the least time between two records of a flood."""

_DAY_MS = 86_400_000
_MOST_ROWS = 20_000
_MOST_GROUPS = 100

Publish = Callable[[Sequence[Flood | Summary]], None]


class Facilities:
    """In which facility an asset or a source lies."""

    def __init__(self, assets: Iterable[Asset]) -> None:
        by_id = {asset.id: asset for asset in assets}
        self._of_asset = {key: _facility(asset, by_id) for key, asset in by_id.items()}
        self._of_source = {a.source: self._of_asset[a.id] for a in by_id.values() if a.source}
        self.names = {a.id: (a.name, a.name_en or a.name) for a in by_id.values() if a.kind == "facility"}

    def of(self, asset: str, source: str) -> str:
        """The id of the facility, or empty where the tree does not say."""
        return self._of_asset.get(asset) or self._of_source.get(source, "")


def _facility(asset: Asset, by_id: dict[str, Asset]) -> str:
    at: Asset | None = asset
    while at is not None and at.kind != "facility":
        at = by_id.get(at.parent)
    return at.id if at is not None else ""


def people_at(duty: Sequence[OnDuty]) -> Callable[[int], int]:
    """How many were on duty at a time, at least one."""

    moves = [(each.since_ms, 1) for each in duty]
    moves += [(each.left_ms, -1) for each in duty if each.left_ms is not None]
    times = [at_ms for at_ms, _ in sorted(moves)]
    there = [0, *accumulate(by for _, by in sorted(moves))]
    return lambda at_ms: max(1, there[bisect_right(times, at_ms)])


class FloodWatch:
    """Follows the rows of one core; `step` in one thread at a time, not more often than it shall publish.

    `standing` gives the alarms that stand, `people` how many are at the screens.
    """

    def __init__(
        self,
        open_ops_reader: Callable[[], Database],
        facilities: Facilities,
        standing: Callable[[], Iterable[Alarm]],
        people: Callable[[], int],
        publish: Publish,
        clock: Clock,
    ) -> None:
        self._open_ops_reader, self._facility = open_ops_reader, facilities.of
        self._standing, self._people, self._publish = standing, people, publish
        self._clock = clock
        self._seq: int | None = None
        self._pace = Pace()
        self._bursts = Bursts(facilities.of)
        self._recent: deque[tuple[int, Annunciation]] = deque()  # with the time as of which each counts
        self._met: dict[str, Annunciation] = {}
        self._told: Flood | None = None
        self._looks = 0  # once more after rows came: what stands may be published after they are read

    def step(self) -> None:
        """Take the rows written since, let time pass, and publish what is different."""
        rows = self._rows()
        people, now_ms = max(1, self._people()), self._clock.now_ms()
        for row in rows:
            self._take(row, people)
        self._pace.advance(now_ms, people)
        self._forget(now_ms)
        told: list[Flood | Summary] = list(self._bursts.take(rows))
        self._bursts.forget(now_ms)
        self._looks = 2 if rows else max(0, self._looks - 1)
        flood = self._flood(people, renew=self._looks > 0)
        if flood != self._told:
            self._told = flood
            told.append(flood)
        if told:
            self._publish(told)

    def _rows(self) -> list[Annunciation]:
        db = self._open_ops_reader()
        try:
            if self._seq is None:
                self._recall(db)
            self._seq, rows = annunciations.after(db, self._seq or 0, _MOST_ROWS)
        finally:
            db.close()
        return rows

    def _recall(self, db: Database) -> None:
        """Go through the last day again; its bursts are told no more."""
        now_ms = self._clock.now_ms()
        people = people_at(duties.spans(db, entries.identity(db).device, now_ms - _DAY_MS))
        self._seq = annunciations.last(db)
        for row in annunciations.between(db, now_ms - _DAY_MS, now_ms + 1):
            self._take(row, people(row.at_ms))

    def _take(self, row: Annunciation, people: int) -> None:
        was = self._pace.on
        if row.announced:
            self._pace.announced(row.at_ms, people)
        else:
            self._pace.advance(row.at_ms, people)
        on = self._pace.on
        if not row.announced and row.verb != "raised":
            return
        counted = (max(row.at_ms, self._pace.now_ms), row)
        self._recent.append(counted)
        if on is None:
            self._met.clear()
            self._forget(row.at_ms)
        elif was is None or was.since_ms != on.since_ms:
            self._met.clear()
            self._meet(self._recent, on)
        else:
            self._meet([counted], on)

    def _meet(self, rows: Iterable[tuple[int, Annunciation]], on: Span) -> None:
        for counted_ms, row in rows:
            if counted_ms >= on.begins_ms:
                self._met.setdefault(row.alarm, row)

    def _forget(self, now_ms: int) -> None:
        while self._recent and self._recent[0][0] + WINDOW_MS <= now_ms:
            self._recent.popleft()

    def _flood(self, people: int, *, renew: bool) -> Flood:
        on, count = self._pace.on, self._pace.count
        if on is None:
            self._met.clear()
            return Flood(on=False, annunciated=count, operators=people)
        first_out = next((r.alarm for r in self._met.values() if r.announced), "")
        told = self._told
        if told is not None and told.since_ms == on.since_ms and not renew:
            found, others = told.groups, told.others
        else:
            every = groups(
                list(self._met.values()), {each.id: each for each in self._standing()}, self._facility
            )
            found, others = every[:_MOST_GROUPS], sum(each.count for each in every[_MOST_GROUPS:])
        return Flood(
            on=True,
            annunciated=count,
            operators=people,
            since_ms=on.since_ms,
            peak=on.peak,
            first_out=first_out,
            groups=found,
            others=others,
        )


def watch(core: Running, assets: Sequence[Asset]) -> FloodWatch:
    """The watch over one core's alarms."""
    return FloodWatch(
        core.open_ops_reader,
        Facilities(assets),
        lambda: core.newest.of(Alarm),
        lambda: len({hello.seat for hello in core.seats() if hello.role == "ui"}),
        core.newest.publish,
        core.clock,
    )
