"""People on shift: who sits at which seat of this console, as the link to the screens tells.

Beginning and leaving are entries of the log. A screen that restarts, or a core, leaves
nobody off duty: only a seat that stays empty for a while has been left, and a screen that
is there for a moment is nobody's shift.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from sqlite_utils import Database

from console.clock import Clock
from console.engine import Engine
from console.link import Hello
from db import duties, entries
from db.asset_records import OnDuty
from db.records import Draft

STAYS_S = 10.0
"""How long a screen is at a seat before its operator is on duty, since it came."""
EMPTY_S = 30.0
"""How long a seat may be without a screen before its operator has left."""


class Duty:
    """Follows the seats and publishes who is on duty; one thread at a time."""

    def __init__(
        self,
        seats: Callable[[], Sequence[Hello]],
        engine: Engine,
        open_ops_reader: Callable[[], Database],
        clock: Clock,
    ) -> None:
        self._seats, self._engine, self._clock = seats, engine, clock
        self._open_ops_reader = open_ops_reader
        self._on: dict[str, OnDuty] | None = None
        self._empty: dict[str, tuple[float, int]] = {}
        self._new: dict[tuple[str, str], tuple[float, int]] = {}

    def step(self) -> None:
        """Look who is there; write down and tell who came and who left."""
        first = self._on is None
        on = self._recall() if self._on is None else self._on
        there = {hello.seat: hello.actor for hello in self._seats() if hello.role == "ui"}
        came = self._came(on, there)
        moved = [*self._left(on, there, {each.seat for each in came}), *came]
        if moved or first:
            self._engine.submit(lambda db: _enter(db, moved) or list(on.values())).result(30)
        for each in moved:
            if each.left_ms is None:
                on[each.seat] = each
            elif on.get(each.seat) is not None and on[each.seat].since_ms == each.since_ms:
                del on[each.seat]
        self._on = on

    def _recall(self) -> dict[str, OnDuty]:
        """Who was on duty when the console stopped."""
        db = self._open_ops_reader()
        try:
            known = duties.last(db, entries.identity(db).device)
        finally:
            db.close()
        return {each.seat: each for each in known if each.left_ms is None}

    def _came(self, on: dict[str, OnDuty], there: dict[str, str]) -> list[OnDuty]:
        now_s, now_ms = self._clock.monotonic_s(), self._clock.now_ms()
        new = {
            (seat, actor): self._new.get((seat, actor), (now_s, now_ms))
            for seat, actor in there.items()
            if seat not in on or on[seat].actor != actor
        }
        self._new = new
        return [
            OnDuty(seat, actor, since_ms)
            for (seat, actor), (since_s, since_ms) in new.items()
            if now_s - since_s >= STAYS_S
        ]

    def _left(self, on: dict[str, OnDuty], there: dict[str, str], taken: set[str]) -> list[OnDuty]:
        now_s, now_ms = self._clock.monotonic_s(), self._clock.now_ms()
        found = []
        for seat, duty in on.items():
            if seat in there:
                self._empty.pop(seat, None)
                if seat in taken:
                    found.append(msgspec.structs.replace(duty, left_ms=now_ms))
                continue
            since_s, since_ms = self._empty.setdefault(seat, (now_s, now_ms))
            if now_s - since_s >= EMPTY_S:
                found.append(msgspec.structs.replace(duty, left_ms=since_ms))
                del self._empty[seat]
        return found


def _enter(db: Database, moved: Sequence[OnDuty]) -> list[Any]:
    """Write down who came and left; in the caller's transaction."""
    for each in moved:
        kind = duties.BEGAN if each.left_ms is None else duties.LEFT
        at_ms = each.since_ms if each.left_ms is None else each.left_ms
        payload: dict[str, Any] = {} if each.left_ms is None else {"since_ms": each.since_ms}
        entries.append(db, Draft(kind, each.seat, at_ms, each.actor, payload))
    return list(moved)
