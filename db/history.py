"""Readings by time, whether they are still rows or sealed: one answer, each reading once.

Days are 24 hours long and begin at midnight in Korea (15:00 UTC), which knows
no summer time; other settings of the zone leave the store as it is. Where a
row and a chunk know the same time the row stands: it is a correction.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
from sqlite_utils import Database

from db import chunks
from db.chunks import Axis, Columns
from db.connection import Store
from db.records import Reading, Value

QUALITIES = ("good", "uncertain", "bad", "missing", "stuck", "out_of_range")
DAY_MS = 86_400_000
MIDNIGHT_MS = 9 * 3_600_000  # of Korea, before that of UTC
_NEVER = -(2**63)
_AXES = 512  # remembered while one burst is stored

ROW = "observed_ms, received_ms, value, period_s, revision, quality, flags, lon, lat"
_CHUNK = "id, day, since_ms, until_ms, received_ms, readings, trusted, low, high, total, first, last, axis_id"
_Order = tuple[int, str, str]


class Chunk(NamedTuple):
    """A sealed day of a series without its readings: since_ms and until_ms are its first and last time.

    `trusted` (how many), `low`, `high`, `total`, `first` and `last` speak of the numbers a
    trend may show; those after it are None where there are none.
    """

    id: int
    day: int
    since_ms: int
    until_ms: int
    received_ms: int
    readings: int
    trusted: int
    low: float | None
    high: float | None
    total: float | None
    first: float | None
    last: float | None
    axis_id: int


def day_of(at_ms: int) -> int:
    """The number of the day that a time belongs to."""
    return (at_ms + MIDNIGHT_MS) // DAY_MS


def day_start_ms(day: int) -> int:
    """When a day begins."""
    return day * DAY_MS - MIDNIGHT_MS


def value_of(stored: float | int | str) -> Value:
    """A value as it was before it was stored."""
    return bool(stored) if isinstance(stored, int) else stored


@contextmanager
def reading(db: Database) -> Iterator[None]:
    """One state of the store for several questions; nothing new where a transaction is open already."""
    if db.conn.in_transaction:
        yield
        return
    db.conn.execute("BEGIN")
    try:
        yield
    finally:
        db.conn.execute("COMMIT")


def rows(
    db: Database,
    source: str,
    quantity: str,
    since_ms: int,
    until_ms: int,
    *,
    statistic: str | None = None,
    unit: str | None = None,
    after: Reading | None = None,
    limit: int = 5000,
) -> list[Reading]:
    """Readings with since_ms <= observed_ms < until_ms, each once, at most `limit`, the oldest first.

    Readings of one time come by statistic and unit; the page after one that was
    full begins `after` its last reading, so that none is left out between them.
    """
    passed: _Order | None = None
    if after is not None:
        passed = _order(after)
        since_ms = max(since_ms, after.observed_ms)
    with reading(db):
        found = db.conn.execute(
            "SELECT id, source, quantity, statistic, unit FROM series WHERE source = ?1 AND quantity = ?2"
            " AND (?3 IS NULL OR statistic = ?3) AND (?4 IS NULL OR unit = ?4)",
            (source, quantity, statistic, unit),
        ).fetchall()
        streams = [_stream(db, one[0], one[1:], since_ms, until_ms, limit + 1) for one in found]
        merged = heapq.merge(*streams, key=_order)
        return list(islice((each for each in merged if passed is None or _order(each) > passed), limit))


def _order(of: Reading) -> _Order:
    return (of.observed_ms, of.statistic, of.unit)


def _stream(
    db: Database, series_id: int, name: Sequence[str], since_ms: int, until_ms: int, limit: int
) -> Iterator[Reading]:
    """The readings of one series; rows beyond the first `limit` may be missing."""
    newer = row_columns(db, series_id, since_ms, until_ms, limit)
    for chunk in in_range(db, series_id, since_ms, until_ms):
        sealed = between(load(db, chunk), since_ms, until_ms)
        mine = newer.axis.observed < day_start_ms(chunk.day + 1)
        yield from readings_of(chunks.merge(sealed, chunks.take(newer, mine)), name)
        newer = chunks.take(newer, ~mine)
    yield from readings_of(newer, name)


def readings_of(of: Columns, name: Sequence[str]) -> Iterator[Reading]:
    """The readings that columns hold, of the series of this name (source, quantity, statistic, unit)."""
    source, quantity, statistic, unit = name
    axis = [column.tolist() for column in of.axis]
    rest = [column.tolist() for column in (of.period, of.revision, of.quality, of.flags)]
    for place, at in enumerate(zip(*axis, *rest, strict=True)):
        observed, received, lon, lat, period, revision, quality, flags = at
        yield Reading(
            source=source,
            quantity=quantity,
            value=of.value(place),
            observed_ms=observed,
            received_ms=received,
            unit=unit,
            period_s=period,
            statistic=statistic,  # type: ignore[arg-type]
            revision=revision,
            quality=QUALITIES[quality],  # type: ignore[arg-type]
            flags=flags,
            lon=lon if lon == lon else None,  # NaN: not known
            lat=lat if lat == lat else None,
        )


# --- one series ------------------------------------------------------------------


def row_columns(
    db: Database, series_id: int, since_ms: int, until_ms: int, limit: int = -1, judged: int | None = None
) -> Columns:
    """The readings of a series that are rows, since_ms <= observed_ms < until_ms, oldest first.

    With `judged`, only those whose number is no higher.
    """
    found = db.conn.execute(
        f"SELECT {ROW} FROM reading WHERE series_id = ?1 AND observed_ms >= ?2 AND observed_ms < ?3"
        " AND (?5 IS NULL OR id <= ?5) ORDER BY observed_ms LIMIT ?4",
        (series_id, since_ms, until_ms, limit, judged),
    ).fetchall()
    return of_rows(found)


def of_rows(found: Sequence[tuple[Any, ...]]) -> Columns:
    """Columns of rows as the store has them."""
    if not found:
        return chunks.columns([], [], [])
    observed, received, values, period, revision, quality, flags, lon, lat = zip(*found, strict=True)
    return chunks.columns(
        observed,
        received,
        [value_of(value) for value in values],
        period=period,
        revision=revision,
        quality=quality,
        flags=flags,
        lon=lon,
        lat=lat,
    )


def in_range(db: Database, series_id: int, since_ms: int, until_ms: int) -> list[Chunk]:
    """The chunks that have something of a range, oldest first."""
    found = db.conn.execute(
        f"SELECT {_CHUNK} FROM chunk WHERE series_id = ? AND day >= ? AND day <= ? ORDER BY day",
        (series_id, day_of(since_ms), day_of(until_ms)),
    )
    every = (Chunk(*row) for row in found)
    return [each for each in every if each.until_ms >= since_ms and each.since_ms < until_ms]


def chunk_of(db: Database, series_id: int, day: int) -> Chunk | None:
    """The chunk of a day; None if nothing of it is sealed."""
    found = db.conn.execute(
        f"SELECT {_CHUNK} FROM chunk WHERE series_id = ? AND day = ?", (series_id, day)
    ).fetchone()
    return Chunk(*found) if found else None


def every_chunk(db: Database, series_id: int) -> list[Chunk]:
    """All chunks of a series, oldest first."""
    found = db.conn.execute(f"SELECT {_CHUNK} FROM chunk WHERE series_id = ? ORDER BY day", (series_id,))
    return [Chunk(*row) for row in found]


def load(db: Database, chunk: Chunk) -> Columns:
    """All readings of a chunk."""
    axis_body, body = db.conn.execute(
        "SELECT a.body, c.body FROM chunk c JOIN axis a ON a.id = c.axis_id WHERE c.id = ?", (chunk.id,)
    ).fetchone()
    return chunks.unpack(body, chunks.unpack_axis(axis_body))


def between(of: Columns, since_ms: int, until_ms: int) -> Columns:
    """The part with since_ms <= observed_ms < until_ms."""
    observed = of.axis.observed
    if not len(observed) or (observed[0] >= since_ms and observed[-1] < until_ms):
        return of
    return chunks.take(of, (observed >= since_ms) & (observed < until_ms))


class Sealed:
    """What is sealed, asked for single readings while a burst is stored (duplicates and corrections)."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.tops = db.sealed_tops if isinstance(db, Store) else dict[int, int]()
        self._axes: dict[int, Axis] = {}
        self._days: dict[tuple[int, int], tuple[int, int] | None] = {}

    def revision(self, series_id: int, observed_ms: int) -> int:
        """The revision in which a reading is sealed; 0 if it is not."""
        top = self.tops.get(series_id)
        if top is None:
            top = self.tops[series_id] = self._top(series_id)
        if observed_ms > top:
            return 0
        return self._find(series_id, observed_ms)

    def _top(self, series_id: int) -> int:
        row = self._db.conn.execute(
            "SELECT until_ms FROM chunk WHERE series_id = ? ORDER BY day DESC LIMIT 1", (series_id,)
        ).fetchone()
        return int(row[0]) if row else _NEVER

    def _find(self, series_id: int, observed_ms: int) -> int:
        key = (series_id, day_of(observed_ms))
        if key not in self._days:
            self._days[key] = self._db.conn.execute(
                "SELECT id, axis_id FROM chunk WHERE series_id = ? AND day = ?", key
            ).fetchone()
        chunk = self._days[key]
        if chunk is None:
            return 0
        axis = self._axis(chunk[1])
        place = int(np.searchsorted(axis.observed, observed_ms))
        if place == len(axis.observed) or axis.observed[place] != observed_ms:
            return 0
        body = self._db.conn.execute("SELECT body FROM chunk WHERE id = ?", (chunk[0],)).fetchone()[0]
        return int(chunks.unpack(body, axis).revision[place])

    def _axis(self, axis_id: int) -> Axis:
        axis = self._axes.get(axis_id)
        if axis is None:
            if len(self._axes) >= _AXES:
                self._axes.clear()
            body = self._db.conn.execute("SELECT body FROM axis WHERE id = ?", (axis_id,)).fetchone()[0]
            axis = self._axes[axis_id] = chunks.unpack_axis(body)
        return axis


def stored_bytes(db: Database) -> dict[str, int]:
    """What the readings take: counts, the bytes of their sealed bodies, and the whole file."""
    one = db.conn.execute
    sealed, bodies = one(
        "SELECT coalesce(sum(readings), 0), coalesce(sum(length(body)), 0) FROM chunk"
    ).fetchone()
    page = int(one("PRAGMA page_size").fetchone()[0])  # SQLCipher answers in words
    return {
        "rows": one("SELECT count(*) FROM reading").fetchone()[0],
        "sealed": sealed,
        "chunks": one("SELECT count(*) FROM chunk").fetchone()[0],
        "axes": one("SELECT count(*) FROM axis").fetchone()[0],
        "chunk_bytes": bodies,
        "axis_bytes": one("SELECT coalesce(sum(length(body)), 0) FROM axis").fetchone()[0],
        "free": page * int(one("PRAGMA freelist_count").fetchone()[0]),
        "file": page * int(one("PRAGMA page_count").fetchone()[0]),
    }
