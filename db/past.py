"""The stored past of some series in the order in which it was received, a slice at a time.

Sealed readings have lost their number; those received in one millisecond come by the sender's
time, rows by their number. Of a corrected reading only the correction is left.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
from sqlite_utils import Database

from db import chunks, history
from db.chunks import Columns
from db.history import Chunk
from db.readings import Series, StoredReading
from db.records import Reading

MOST = 100_000
"""About how many readings a slice has."""
_CHUNKS = (
    "SELECT id, day, since_ms, until_ms, received_ms, readings, trusted, low, high, total, first, last,"
    " axis_id FROM chunk WHERE series_id = ?1 AND received_ms >= ?2 AND (day <= ?3 OR received_ms < ?4)"
)
_ROWS = (
    f"SELECT id, {history.ROW} FROM reading WHERE series_id = ?1 AND received_ms >= ?2 AND received_ms < ?3"
    " ORDER BY id"
)

Needless = Callable[[Series, Chunk], bool]
"""Whether the readings of a chunk can be left out."""


class Past:
    """`series` are those to read, by their number in the store."""

    def __init__(self, db: Database, series: Iterable[tuple[int, Series]], most: int = MOST) -> None:
        self._db = db
        self._series = list(series)
        self._most = most

    def begins_ms(self) -> int | None:
        """When the first of them was observed; None if there are none."""
        firsts = [self._first(series_id) for series_id, _ in self._series]
        return min((each for each in firsts if each is not None), default=None)

    def slices(self, since_ms: int, until_ms: int) -> list[tuple[int, int]]:
        """The time in parts that have about `MOST` readings each, a day at most; oldest first."""
        counts = self._counts(since_ms, until_ms)
        found: list[tuple[int, int]] = []
        for day in range(history.day_of(since_ms), history.day_of(max(since_ms, until_ms - 1)) + 1):
            begin = max(since_ms, history.day_start_ms(day))
            end = min(until_ms, history.day_start_ms(day + 1))
            parts = max(1, -(-counts.get(day, 0) // self._most))
            bounds = [begin + (end - begin) * n // parts for n in range(parts + 1)]
            found += [(a, b) for a, b in itertools.pairwise(bounds) if a < b]
        return found

    def between(self, since_ms: int, until_ms: int, needless: Needless) -> list[StoredReading]:
        """What was received with since_ms <= received_ms < until_ms, in that order; all have number 0."""
        found: list[tuple[int, int, int, Reading]] = []
        with history.reading(self._db):
            for series_id, name in self._series:
                for number, reading in self._of(series_id, name, since_ms, until_ms, needless):
                    found.append((reading.received_ms, number, reading.observed_ms, reading))
        found.sort(key=lambda each: each[:3])
        return [StoredReading(0, each[3]) for each in found]

    def _of(
        self, series_id: int, name: Series, since_ms: int, until_ms: int, needless: Needless
    ) -> Iterator[tuple[int, Reading]]:
        for chunk in self._chunks(series_id, since_ms, until_ms):
            if not needless(name, chunk):
                received = _received(history.load(self._db, chunk), since_ms, until_ms)
                yield from ((0, each) for each in history.readings_of(received, name))
        rows = self._db.conn.execute(_ROWS, (series_id, since_ms, until_ms)).fetchall()
        if rows:
            columns = history.of_rows([row[1:] for row in rows])
            numbers = (row[0] for row in rows)
            yield from zip(numbers, history.readings_of(columns, name), strict=True)

    def _chunks(self, series_id: int, since_ms: int, until_ms: int) -> list[Chunk]:
        """Chunks that may have something received then: none of later days, unless its sender is ahead."""
        rows = self._db.conn.execute(
            _CHUNKS, (series_id, since_ms, history.day_of(until_ms) + 1, until_ms)
        ).fetchall()
        return [Chunk(*row) for row in rows]

    def _first(self, series_id: int) -> int | None:
        sealed, row = self._db.conn.execute(
            "SELECT (SELECT min(since_ms) FROM chunk WHERE series_id = ?1),"
            " (SELECT min(observed_ms) FROM reading WHERE series_id = ?1)",
            (series_id,),
        ).fetchone()
        return min((int(each) for each in (sealed, row) if each is not None), default=None)

    def _counts(self, since_ms: int, until_ms: int) -> dict[int, int]:
        """About how many readings each day has."""
        counts: dict[int, int] = {}
        for series_id, _ in self._series:
            for day, readings in self._db.conn.execute(
                "SELECT day, readings FROM chunk WHERE series_id = ? AND day BETWEEN ? AND ?",
                (series_id, history.day_of(since_ms), history.day_of(until_ms)),
            ):
                counts[day] = counts.get(day, 0) + readings
            for first, last, rows in self._db.conn.execute(
                "SELECT min(observed_ms), max(observed_ms), count(*) FROM reading WHERE series_id = ?",
                (series_id,),
            ):
                days = range(history.day_of(first), history.day_of(last) + 1) if rows else ()
                for day in days[:7]:
                    counts[day] = counts.get(day, 0) + rows // len(days)
        return counts


def nothing_needless(series: Series, chunk: Chunk) -> bool:
    """Every chunk is needed."""
    return False


def _received(of: Columns, since_ms: int, until_ms: int) -> Columns:
    received = of.axis.received
    mask = (received >= since_ms) & (received < until_ms)
    return of if bool(np.all(mask)) else chunks.take(of, mask)


def numbered(db: Database) -> Sequence[tuple[int, Series]]:
    """Every series with its number."""
    rows = db.conn.execute("SELECT id, source, quantity, statistic, unit FROM series ORDER BY id")
    return [(row[0], Series(*row[1:])) for row in rows]
