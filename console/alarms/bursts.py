"""Very many alarms of one rule at once are told as one. Pure; every time is handed in.

More than 10 that are raised, or return, within 10 seconds are a burst; for those that come
back from a shelf or from work it is a minute. It lasts until as much time passes without
another; all of it is one summary, the first ten included.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Literal

from console.alarms.aside import MANY, SPAN_MS
from db.alarm_records import AlarmState, Summary
from db.annunciations import Annunciation

WINDOW_MS = 10_000
_NAMED = 50

Cause = Literal["raised", "returned", "unshelved", "back_in_service"]
_CAUSES: dict[str, Cause] = {
    "raised": "raised", "returned": "returned", "normal": "returned", "unshelved": "unshelved",
    "in_service": "back_in_service",
}  # fmt: skip
_SPANS_MS: dict[Cause, int] = {"unshelved": SPAN_MS, "back_in_service": SPAN_MS}
"""What comes back is told of over the time in which only some of it is announced, and whatever its rule."""


class _Moves:
    """What the alarms of one rule did lately, and the burst that this is, if it is one."""

    def __init__(self) -> None:
        self.recent: deque[Annunciation] = deque()
        self.places: set[str] = set()
        self.alarms: list[str] = []
        self.count = 0
        self.priority = 4
        self.first: Annunciation | None = None


class Bursts:
    """Finds bursts among the rows of what alarms did, handed in by their time.

    `facility` gives an id for (asset, source). What comes late by the clock counts as now.
    """

    def __init__(self, facility: Callable[[str, str], str]) -> None:
        self._facility = facility
        self._moves: dict[tuple[str, Cause], _Moves] = {}

    def take(self, rows: list[Annunciation]) -> list[Summary]:
        """The summaries that these rows began or changed, each as it is after all of them."""
        told = set()
        for row in rows:
            key = _key(row)
            if key is not None and self._note(key, row):
                told.add(key)
        return [self._summary(key, self._moves[key]) for key in sorted(told)]

    def forget(self, now_ms: int) -> None:
        """Drop what can be part of no burst any more."""
        quiet = [key for key, moves in self._moves.items() if moves.recent[-1].at_ms + _span(key) <= now_ms]
        for key in quiet:
            del self._moves[key]

    def _note(self, key: tuple[str, Cause], row: Annunciation) -> bool:
        """Count a move; True if it belongs to a burst."""
        moves, span_ms = self._moves.get(key), _span(key)
        if moves is None or moves.recent[-1].at_ms + span_ms <= row.at_ms:
            moves = self._moves[key] = _Moves()
        recent = moves.recent
        recent.append(row._replace(at_ms=max(row.at_ms, recent[-1].at_ms)) if recent else row)
        if moves.first is not None:
            recent.popleft()
            self._count(moves, row)
            return True
        while recent[0].at_ms + span_ms <= row.at_ms:
            recent.popleft()
        if len(recent) <= MANY:
            return False
        moves.first = recent[0]
        for each in recent:
            self._count(moves, each)
        return True

    def _count(self, moves: _Moves, row: Annunciation) -> None:
        moves.count += 1
        moves.priority = min(moves.priority, row.priority)
        moves.places.add(self._facility(row.asset, row.source))
        if len(moves.alarms) < _NAMED:
            moves.alarms.append(row.alarm)

    def _summary(self, key: tuple[str, Cause], moves: _Moves) -> Summary:
        rule, cause = key
        first = moves.first or moves.recent[0]
        return Summary(
            id=f"{cause}|{rule}|{first.at_ms}",
            at_ms=moves.recent[-1].at_ms,
            cause=cause,
            count=moves.count,
            priority=moves.priority,
            rule=rule,
            place=next(iter(moves.places)) if len(moves.places) == 1 else "",
            alarms=tuple(moves.alarms),
        )


def _key(row: Annunciation) -> tuple[str, Cause] | None:
    """What a move counts among: the rule and what its alarms do; None where no summary is about it."""
    cause = _CAUSES.get(row.verb)
    if cause is None or cause not in _SPANS_MS:
        return None if cause is None else (row.rule, cause)
    return ("", cause) if row.shown == AlarmState.UNACKNOWLEDGED else None


def _span(key: tuple[str, Cause]) -> int:
    return _SPANS_MS.get(key[1], WINDOW_MS)
