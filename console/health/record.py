"""Writes down when devices could serve: each change as it comes, and the sums of each day that is over.

The console is awake while it runs and hears a broker; what happened while it was not is
unknown, whatever the first look afterwards shows.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from sqlite_utils import Database

from console.clock import Clock
from console.engine import Engine
from console.health import facility
from console.shifts import day_begins, day_name
from db import fitness
from db.fitness import Fitness, Move, Share

WRITE_S, SUM_UP_S = 10, 900
KEEP_DAYS = 35
"""How long the changes are kept; the sums of days for longer."""
KEEP_SUMS_DAYS = 400


class FitnessLog:
    """The fitness of every device of one core; `note` and `shares` from any thread."""

    def __init__(
        self,
        homes: Mapping[str, str],
        engine: Engine,
        open_ops_reader: Callable[[], Database],
        is_listening: Callable[[], bool],
        clock: Clock,
        zone: ZoneInfo,
    ) -> None:
        self.homes = dict(homes)
        self._engine, self._clock, self._zone = engine, clock, zone
        self._open_ops_reader, self._is_listening = open_ops_reader, is_listening
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._noted: list[tuple[str, int, Fitness]] = []
        self._now: dict[str, Fitness] = {}
        self._awake_since_ms: int | None = None

    def begin(self, found: Mapping[str, Fitness]) -> None:
        """Start from what the last core knew; `found` is how each device is now."""
        db = self._open_ops_reader()
        try:
            self._now = {asset: known for asset, (known, _) in fitness.now(db).items()}
        finally:
            db.close()
        self._awake_since_ms = self._clock.now_ms()
        self.note(found)

    def note(self, moved: Mapping[str, Fitness]) -> None:
        """Take devices that can serve now or can no longer."""
        now_ms = self._clock.now_ms()
        with self._lock:
            self._noted += [(asset, now_ms, each) for asset, each in moved.items()]

    def write(self, *, wait_s: float = 30) -> None:
        """Put what was noted on disk, and that we were awake until now; with 0 nobody waits for it."""
        with self._writing:
            moves, until_ms = self._take(), self._clock.now_ms()
            since_ms = self._awake(until_ms)
            if moves or since_ms is not None:
                done = self._engine.submit(lambda db: _put(db, moves, since_ms, until_ms))
                if wait_s:
                    done.result(wait_s)

    def _take(self) -> list[Move]:
        moves: list[Move] = []
        with self._lock:
            noted, self._noted = self._noted, []
            for asset, at_ms, each in noted:
                before = self._now.get(asset, Fitness.UNKNOWN)
                if each is not before:
                    moves.append(Move(asset, at_ms, before, each))
                    self._now[asset] = each
        return moves

    def _awake(self, now_ms: int) -> int | None:
        """Since when we are awake without a break; None while we hear nothing."""
        if not self._is_listening():
            self._awake_since_ms = None
        elif self._awake_since_ms is None:
            self._awake_since_ms = now_ms
        return self._awake_since_ms

    # --- what it comes to -----------------------------------------------------

    def shares(
        self, db: Database, since_ms: int, until_ms: int, devices: Sequence[str] | None = None
    ) -> dict[str, Share]:
        """How device time was spent, per facility; of named devices per device."""
        homes = self.homes if devices is None else {each: each for each in devices}
        with self._lock:
            now = dict(self._now)
        return facility.shares(
            homes, now, fitness.moves(db, since_ms, devices), fitness.awake(db, since_ms), since_ms, until_ms
        )

    def over_days(self, db: Database, since_ms: int, until_ms: int) -> dict[str, Share]:
        """The same per facility over whole past days and today, at the cost of today's changes."""
        today_ms = day_begins(until_ms, self._zone)
        today = self.shares(db, today_ms, until_ms)
        past = fitness.summed(db, day_name(since_ms, self._zone), day_name(today_ms, self._zone))
        sized: dict[str, int] = {}
        for home in self.homes.values():
            sized[home] = sized.get(home, 0) + 1
        whole = today_ms - since_ms
        seen = {
            home: Share(each.up_ms, each.down_ms, 0, each.failures)
            for home in sized
            for each in (past.get(home, Share()),)
        }
        unseen = {
            home: Share(0, 0, max(0, whole * sized[home] - each.up_ms - each.down_ms), 0)
            for home, each in seen.items()
        }
        return facility.joined(today, facility.joined(seen, unseen))

    def now(self, device: str) -> Fitness:
        """Whether a device can serve, as last written down."""
        return self._now.get(device, Fitness.UNKNOWN)

    def sum_up(self) -> None:
        """Sum up the days that are over and were not yet, and let go of what is old."""
        now_ms = self._clock.now_ms()
        db = self._open_ops_reader()
        try:
            done = fitness.days(db)
            found = []
            for back in range(1, KEEP_DAYS):
                since_ms = day_begins(now_ms, self._zone, days=-back)
                until_ms = day_begins(now_ms, self._zone, days=1 - back)
                day = day_name(since_ms, self._zone)
                was_there = any(begin < until_ms for begin, _ in fitness.awake(db, since_ms))
                if day not in done and was_there:
                    found.append((day, list(self.shares(db, since_ms, until_ms).items())))
        finally:
            db.close()
        before_ms = day_begins(now_ms, self._zone, days=-KEEP_DAYS)
        first_day = day_name(day_begins(now_ms, self._zone, days=-KEEP_SUMS_DAYS), self._zone)

        def keep(db: Database) -> list[Any]:
            for day, shares in found:
                fitness.put_day(db, day, shares)
            fitness.forget_before(db, before_ms, first_day)
            return []

        self._engine.submit(keep).result(60)


def _put(db: Database, moves: Sequence[Move], since_ms: int | None, until_ms: int) -> list[Any]:
    fitness.add(db, moves)
    if since_ms is not None:
        fitness.stay_awake(db, since_ms, until_ms)
    return []
