"""Retention: readings past their time go, whole sealed days at a time, but never what a hold protects.

The age of a day counts from our own clock, when the last of it was received,
so that a sender's wrong clock neither drops nor keeps anything; only what was
received in our future (our clock ran ahead) counts from when it was observed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlite_utils import Database

from db import history, sealing
from db.connection import Store
from db.history import DAY_MS, Chunk
from db.workings import Hold

STEP = 2_000
_MOST_GONE = 300  # chunks of one step
_AHEAD_MS = 60_000


class Rule(NamedTuple):
    """How many days readings are kept whose source and quantity fit (exact, or a trailing-* pattern)."""

    source: str
    quantity: str
    days: int


class Policy(NamedTuple):
    """The first rule that fits a series counts, else `days`."""

    rules: Sequence[Rule]
    days: int

    def of(self, source: str, quantity: str) -> int:
        """For how many days readings of a series are kept."""
        fitting = (each.days for each in self.rules if fits(each, source, quantity))
        return next(fitting, self.days)


class Swept(NamedTuple):
    """How many readings went, and the series to go on after; 0: all were seen."""

    gone: int
    place: int


def fits(term: Rule | Hold, source: str, quantity: str) -> bool:
    """Whether a rule or a hold speaks of a series."""
    return _fits(term.source, source) and _fits(term.quantity, quantity)


def _fits(pattern: str, name: str) -> bool:
    return name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern


def step(
    db: Database, policy: Policy, holds: Iterable[Hold], now_ms: int, place: int = 0, limit: int = STEP
) -> Swept:
    """Look at the next `limit` series after `place` and let go of what is past its time.

    In the caller's transaction; called again with the place it returns until that is 0.
    """
    standing = list(holds)
    gone = chunks_gone = 0
    every = db.conn.execute(
        "SELECT id, source, quantity FROM series WHERE id > ? ORDER BY id LIMIT ?", (place, limit)
    ).fetchall()
    for series_id, source, quantity in every:
        before_ms = now_ms - policy.of(source, quantity) * DAY_MS
        past = [each for each in history.every_chunk(db, series_id) if _is_past(each, before_ms, now_ms)]
        if past:
            mine = [hold for hold in standing if fits(hold, source, quantity)]
            past = [each for each in past if not any(_holds(hold, each) for hold in mine)]
            sealing.remove(db, past)
            gone += sum(each.readings for each in past)
            if isinstance(db, Store):
                db.sealed_tops.pop(series_id, None)
            chunks_gone += len(past)
            if chunks_gone >= _MOST_GONE:
                return Swept(gone, series_id)
    return Swept(gone, every[-1][0] if len(every) == limit else 0)


def _is_past(chunk: Chunk, before_ms: int, now_ms: int) -> bool:
    is_ahead = chunk.received_ms > now_ms + _AHEAD_MS
    return (chunk.until_ms if is_ahead else chunk.received_ms) < before_ms


def _holds(hold: Hold, chunk: Chunk) -> bool:
    return chunk.until_ms >= hold.since_ms and chunk.since_ms < hold.until_ms
