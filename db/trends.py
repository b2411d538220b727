"""The history of a series, thinned to what a plot can show.

Where buckets are as long as days or longer they are days, and most of the
answer comes from what is known of each sealed day; as one zooms in the
chunks themselves are read.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from sqlite_utils import Database

from db import chunks, history
from db.chunks import Columns
from db.history import DAY_MS, Chunk
from db.records import Trend

_LONG_MS = 4 * 3_600_000  # a bucket that is a day rather
_STATISTICS = ("inst", "avg", "max", "min", "sum")


class _Buckets:
    """Sums of what falls between times; `at` a bucket's number has first time, low, high, total, count."""

    def __init__(self, since_ms: int, until_ms: int, points: int) -> None:
        self.origin_ms = since_ms
        self.width = max(1, -(-(until_ms - since_ms) // max(1, points)))
        if self.width > _LONG_MS:
            self.origin_ms = history.day_start_ms(history.day_of(since_ms))
            self.width = -(-(until_ms - self.origin_ms) // (max(1, points) * DAY_MS)) * DAY_MS
        self.at: dict[int, tuple[int, float, float, float, int]] = {}

    def of(self, at_ms: int) -> int:
        """The bucket of a time."""
        return (at_ms - self.origin_ms) // self.width

    def put(self, bucket: int, first_ms: int, low: float, high: float, total: float, count: int) -> None:
        """Add a group of numbers."""
        known = self.at.get(bucket)
        if known is not None:
            first_ms, low, high = min(first_ms, known[0]), min(low, known[1]), max(high, known[2])
            total, count = total + known[3], count + known[4]
        self.at[bucket] = (first_ms, low, high, total, count)

    def put_columns(self, of: Columns) -> None:
        """Add readings, oldest first."""
        mask = of.trusted()
        times, numbers = of.axis.observed[mask], of.numbers[mask]
        if not len(times):
            return
        places = (times - self.origin_ms) // self.width
        starts = np.flatnonzero(np.diff(places, prepend=places[0] - 1))
        with np.errstate(over="ignore", invalid="ignore"):
            totals = np.add.reduceat(numbers, starts)
        groups = (
            places[starts],
            times[starts],
            np.minimum.reduceat(numbers, starts),
            np.maximum.reduceat(numbers, starts),
            totals,
            np.diff(starts, append=len(times)),
        )
        for row in zip(*(column.tolist() for column in groups), strict=True):
            self.put(*row)


class _Series(NamedTuple):
    id: int
    statistic: str
    unit: str


def trend(
    db: Database,
    source: str,
    quantity: str,
    since_ms: int,
    until_ms: int,
    points: int,
    statistic: str | None = None,
) -> Trend:
    """History of a series with since_ms <= observed_ms < until_ms in at most `points` buckets.

    Numbers of good or uncertain quality only. Without `statistic` the first of
    inst, avg, max, min, sum that exists; of several units the one last heard
    before `until_ms`. A bucket longer than four hours is whole days.
    """
    with history.reading(db):
        chosen = _choose(db, source, quantity, since_ms, until_ms, statistic)
        found: list[tuple[int, float, float, float, int]] = []
        if chosen is not None and until_ms > since_ms:
            buckets = _Buckets(since_ms, until_ms, points)
            _fill(db, buckets, chosen.id, since_ms, until_ms)
            found = [buckets.at[number] for number in sorted(buckets.at)]
    return Trend(
        source=source,
        quantity=quantity,
        unit=chosen.unit if chosen else "1",
        since_ms=since_ms,
        until_ms=until_ms,
        times=[row[0] for row in found],
        low=[row[1] for row in found],
        high=[row[2] for row in found],
        mean=[row[3] / row[4] for row in found],
        count=sum(row[4] for row in found),
    )


def _choose(
    db: Database, source: str, quantity: str, since_ms: int, until_ms: int, statistic: str | None
) -> _Series | None:
    rows = db.conn.execute(
        "SELECT id, statistic, unit FROM series WHERE source = ?1 AND quantity = ?2"
        " AND (?3 IS NULL OR statistic = ?3)",
        (source, quantity, statistic),
    ).fetchall()
    if not rows:
        return None
    best = min(_STATISTICS.index(row[1]) for row in rows)
    able = [_Series(*row) for row in rows if row[1] == _STATISTICS[best]]
    if len(able) == 1:
        return able[0]
    return max(able, key=lambda each: _last_heard(db, each.id, since_ms, until_ms))


def _last_heard(db: Database, series_id: int, since_ms: int, until_ms: int) -> tuple[bool, int]:
    """Whether a series has something in a range, and when it was heard last: in the range, else ever."""
    one = "SELECT max(at) FROM (SELECT max(observed_ms) at FROM reading WHERE series_id = ?1 AND {}"
    one += " UNION ALL SELECT max(until_ms) FROM chunk WHERE series_id = ?1 AND {})"
    inside = one.format("observed_ms >= ?2 AND observed_ms < ?3", "until_ms >= ?2 AND since_ms < ?3")
    found = db.conn.execute(inside, (series_id, since_ms, until_ms)).fetchone()[0]
    if found is not None:
        return True, int(found)
    row = db.conn.execute("SELECT observed_ms FROM latest WHERE series_id = ?", (series_id,)).fetchone()
    return False, int(row[0]) if row else 0


def _fill(db: Database, buckets: _Buckets, series_id: int, since_ms: int, until_ms: int) -> None:
    sealed = history.in_range(db, series_id, since_ms, until_ms)
    newest_ms = since_ms
    if sealed:
        newest_ms = min(until_ms, sealed[-1].until_ms + 1)
        among = history.row_columns(db, series_id, since_ms, newest_ms)
        for chunk in sealed:
            among = _put_chunk(db, buckets, chunk, among, since_ms, until_ms)
        buckets.put_columns(among)
    for bucket, *group in db.conn.execute(
        "SELECT (observed_ms - ?4) / ?5, min(observed_ms), min(value), max(value), sum(value), count(*)"
        " FROM reading WHERE series_id = ?1 AND observed_ms >= ?2 AND observed_ms < ?3 AND quality <= 1"
        " AND typeof(value) = 'real' GROUP BY 1",
        (series_id, newest_ms, until_ms, buckets.origin_ms, buckets.width),
    ):
        buckets.put(bucket, *group)


def _put_chunk(
    db: Database, buckets: _Buckets, chunk: Chunk, among: Columns, since_ms: int, until_ms: int
) -> Columns:
    """Add one sealed day with the rows that belong to it; returns the rows of later days."""
    mine = among.axis.observed < history.day_start_ms(chunk.day + 1)
    is_whole = chunk.since_ms >= since_ms and chunk.until_ms < until_ms
    if is_whole and not mine.any() and buckets.of(chunk.since_ms) == buckets.of(chunk.until_ms):
        if not chunk.trusted:
            return among
        is_trusted = chunk.trusted == chunk.readings  # else its first time may not be that of a number
        if is_trusted and chunk.low is not None and chunk.high is not None and chunk.total is not None:
            at = (chunk.since_ms, chunk.low, chunk.high, chunk.total, chunk.trusted)
            buckets.put(buckets.of(chunk.since_ms), *at)
            return among
    whole = history.between(history.load(db, chunk), since_ms, until_ms)
    if mine.any():
        whole = chunks.merge(whole, chunks.take(among, mine))
    buckets.put_columns(whole)
    return chunks.take(among, ~mine)
