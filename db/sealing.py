"""Sealing: readings leave the rows and join the chunk of their series and day.

Each step is one transaction of the caller: the chunk is written anew with the
readings in it, and their rows go. Chunks are written at the end of their table
and by source, so that the space of those they replace comes free in whole pages.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
from sqlite_utils import Database

from db import chunks, history
from db.chunks import Columns
from db.connection import Store
from db.history import Chunk

STEP_READINGS = 4_000
_LOOKED_AT = 1_000  # series of one step that have nothing to seal
_SETTLED_MS = 600_000  # late readings wait so long for the others that come with them
_ALWAYS, _FOREVER = -(2**63), 2**63 - 1
_INSERT = (
    "INSERT INTO chunk (series_id, day, since_ms, until_ms, received_ms, readings, trusted, low, high, total,"
    " first, last, axis_id, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


class Terms(NamedTuple):
    """What may be sealed: judged readings (number <= `judged`) observed or received before `before_ms`.

    A series is taken up when it has some of before `due_ms`, so that a chunk is
    not written anew for each reading.
    """

    judged: int
    now_ms: int
    before_ms: int
    due_ms: int


class Step(NamedTuple):
    """What a step did: how many readings it sealed, and the series to go on after; 0: all were seen."""

    sealed: int
    place: int


def step(db: Database, place: int, terms: Terms) -> Step:
    """Seal the next source that has something due after series `place`, in the caller's transaction."""
    for _ in range(_LOOKED_AT):
        row = db.conn.execute(
            "SELECT series_id, observed_ms, received_ms, id FROM reading WHERE series_id > ?"
            " ORDER BY series_id, observed_ms LIMIT 1",
            (place,),
        ).fetchone()
        if row is None:
            return Step(0, 0)
        series_id, *oldest = row
        if _is_due(db, series_id, oldest, terms):
            source = db.conn.execute("SELECT source FROM series WHERE id = ?", (series_id,)).fetchone()[0]
            sealed, is_done = seal(db, source, terms)
            if sealed:
                return Step(sealed, series_id if is_done else place)
        place = series_id
    return Step(0, place)


def _is_due(db: Database, series_id: int, oldest: list[int], terms: Terms) -> bool:
    observed_ms, received_ms, number = oldest
    settled_ms = terms.now_ms - min(_SETTLED_MS, terms.now_ms - terms.due_ms)
    if observed_ms < terms.due_ms and received_ms <= settled_ms and number <= terms.judged:
        return True
    row = db.conn.execute(
        "SELECT received_ms FROM reading WHERE series_id = ? AND observed_ms > ?"
        " ORDER BY observed_ms LIMIT 1",
        (series_id, terms.now_ms),
    ).fetchone()
    return row is not None and row[0] < terms.due_ms


def seal(db: Database, source: str, terms: Terms, most: int = STEP_READINGS) -> tuple[int, bool]:
    """Seal the oldest readings of all series of a source; returns how many, and whether that was all.

    Each series gives as many, so that those which came in one message stay on one axis.
    """
    ids = [row[0] for row in db.conn.execute("SELECT id FROM series WHERE source = ? ORDER BY id", (source,))]
    each = max(100, most // len(ids))
    sealed, is_done = 0, True
    ranges = ((_ALWAYS, terms.before_ms, _FOREVER), (terms.now_ms + 1, _FOREVER, terms.before_ms))
    for since_ms, until_ms, received_ms in ranges:
        writing = Writing(db)
        for series_id in ids:
            found = db.conn.execute(
                f"SELECT {history.ROW} FROM reading WHERE series_id = ?1 AND observed_ms >= ?2"
                " AND observed_ms < ?3 AND id <= ?4 AND received_ms < ?5 ORDER BY observed_ms LIMIT ?6",
                (series_id, since_ms, until_ms, terms.judged, received_ms, each),
            ).fetchall()
            if not found:
                continue
            writing.put(series_id, history.of_rows(found))
            db.conn.execute(
                "DELETE FROM reading WHERE series_id = ? AND observed_ms >= ? AND observed_ms <= ?"
                " AND id <= ? AND received_ms < ?",
                (series_id, since_ms, found[-1][0], terms.judged, received_ms),
            )
            sealed += len(found)
            is_done = is_done and len(found) < each
        writing.finish()
    return sealed, is_done


def store(db: Database, sealed: Mapping[int, Columns]) -> None:
    """Put readings into chunks directly, by series number; what is there of the same time is replaced.

    The series should be of one source: those with equal times share an axis.
    """
    writing = Writing(db)
    for series_id, columns in sealed.items():
        writing.put(series_id, columns)
    writing.finish()


class Writing:
    """Writes chunks of one source, each at most once, with one axis for those that have the same times."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._axes: dict[bytes, int] = {}
        self._refs: dict[int, int] = {}

    def put(self, series_id: int, new: Columns) -> None:
        """Merge readings into the chunks of their days; the new stand."""
        days = (new.axis.observed + history.MIDNIGHT_MS) // history.DAY_MS
        for day in np.unique(days).tolist():
            self._put_day(series_id, day, chunks.take(new, days == day))
        if isinstance(self._db, Store):
            self._db.sealed_tops.pop(series_id, None)

    def _put_day(self, series_id: int, day: int, new: Columns) -> None:
        old = history.chunk_of(self._db, series_id, day)
        if old is not None:
            new = chunks.merge(history.load(self._db, old), new)
            remove(self._db, [old])
        self._db.conn.execute(_INSERT, (series_id, day, *summary(new), self._axis(new), chunks.pack(new)))

    def _axis(self, of: Columns) -> int:
        raw = b"".join(column.tobytes() for column in of.axis)
        axis_id = self._axes.get(raw)
        if axis_id is None:
            cursor = self._db.conn.execute(
                "INSERT INTO axis (refs, body) VALUES (0, ?)", (chunks.pack_axis(of.axis),)
            )
            axis_id = self._axes[raw] = int(cursor.lastrowid or 0)
        self._refs[axis_id] = self._refs.get(axis_id, 0) + 1
        return axis_id

    def finish(self) -> None:
        """Count the chunks on each new axis."""
        self._db.conn.executemany(
            "UPDATE axis SET refs = ? WHERE id = ?", [(refs, axis) for axis, refs in self._refs.items()]
        )


def remove(db: Database, gone: Iterable[Chunk]) -> None:
    """Take chunks away, and each axis that no other chunk is on."""
    for chunk in gone:
        db.conn.execute("DELETE FROM chunk WHERE id = ?", (chunk.id,))
        db.conn.execute("UPDATE axis SET refs = refs - 1 WHERE id = ?", (chunk.axis_id,))
        db.conn.execute("DELETE FROM axis WHERE id = ? AND refs = 0", (chunk.axis_id,))


def summary(of: Columns) -> tuple[int | float | None, ...]:
    """Of a day: first and last time, last received, readings; then of the trusted numbers of a trend."""
    axis = of.axis
    head = (int(axis.observed[0]), int(axis.observed[-1]), int(axis.received.max()), len(axis.observed))
    numbers = of.numbers[of.trusted()]
    if not len(numbers):
        return (*head, 0, None, None, None, None, None)
    with np.errstate(over="ignore", invalid="ignore"):
        total = float(numbers.sum())
    ends = (float(numbers[0]), float(numbers[-1]))
    return (*head, len(numbers), float(numbers.min()), float(numbers.max()), total, *ends)
