"""Readings: stored once, found by arrival, by newest and by time.

The identity of a reading is its series (source, quantity, statistic, unit) and
`observed_ms`. The same one again is a duplicate and left as it is; one with a
higher revision takes its place, under a new number, so that whoever follows
the order of arrival sees the correction.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from msgspec.structs import replace
from sqlite_utils import Database

from db import events
from db.connection import SeriesKey, Store
from db.events import StoredEvent, StoredPlate
from db.records import Decoded, Event, Latest, Mark, PlateRead, Reading, SetAside, Trend, Value
from db.text import storable

QUALITIES = ("good", "uncertain", "bad", "missing", "stuck", "out_of_range")
_QUALITY = {word: number for number, word in enumerate(QUALITIES)}
_STATISTICS = ("inst", "avg", "max", "min", "sum")
_LARGEST = 2**63 - 1

_INSERT = (
    "INSERT INTO reading (id, series_id, observed_ms, received_ms, value, period_s, revision, quality,"
    " flags, lon, lat) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
)
_LATEST = (
    "INSERT INTO latest VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (series_id) DO UPDATE SET"
    " observed_ms = excluded.observed_ms, received_ms = excluded.received_ms, value = excluded.value,"
    " quality = excluded.quality, flags = excluded.flags WHERE excluded.observed_ms >= observed_ms"
)


class StoredReading(NamedTuple):
    """A reading with its place in the order of arrival."""

    id: int
    reading: Reading


class Stored(NamedTuple):
    """What became of the records of one call.

    `refused` are readings that no store can hold (not a number, a time out of
    range): nothing of them was kept, the caller sets them aside.
    """

    new: list[StoredReading]
    events: list[StoredEvent]
    duplicate: int
    stored: int
    plates: Sequence[StoredPlate] = ()
    refused: Sequence[SetAside] = ()


class Series(NamedTuple):
    """What a row of readings belongs to."""

    source: str
    quantity: str
    statistic: str
    unit: str


def add(db: Database, feed: str, records: Iterable[Decoded]) -> Stored:
    """Store what a feed brought, in the caller's transaction; a SetAside is passed over."""
    writing = _Writing(db, feed)
    found, plates = list[StoredEvent](), list[StoredPlate]()
    duplicate = 0
    for record in records:
        match record:
            case Reading():
                writing.put(record)
            case Event():
                if (event := events.add(db, feed, record)) is None:
                    duplicate += 1
                else:
                    found.append(event)
            case PlateRead():
                if (plate := events.add_plate(db, feed, record)) is None:
                    duplicate += 1
                else:
                    plates.append(plate)
            case SetAside() | Mark():
                pass
    writing.finish()
    return Stored(
        writing.new,
        found,
        duplicate + writing.duplicate,
        len(writing.new) + len(found) + len(plates),
        plates,
        writing.refused,
    )


class _Writing:
    """One call of `add`: numbers are given here, so that they have no gaps but those of corrections."""

    def __init__(self, db: Database, feed: str) -> None:
        self.new: list[StoredReading] = []
        self.refused: list[SetAside] = []
        self.duplicate = 0
        self._db, self._feed = db, feed
        self._cursor = db.conn.cursor()
        self._ids = _known_series(db)
        self._last = last_id(db)
        self._newest: dict[int, tuple[Any, ...]] = {}

    def put(self, reading: Reading) -> None:
        value = reading.value
        if isinstance(value, str):
            kept: float | int | str = storable(value)
        elif isinstance(value, bool):
            kept = int(value)
        else:
            try:
                kept = float(value)
            except OverflowError:
                kept = math.inf
            if not math.isfinite(kept):
                self.refused.append(SetAside(reason="number", detail=f"{reading.quantity} is not a number"))
                return
        if max(abs(reading.observed_ms), abs(reading.received_ms)) > _LARGEST:
            self.refused.append(SetAside(reason="time", detail=f"{reading.quantity} has a time out of range"))
            return
        self._insert(reading, kept)

    def _insert(self, reading: Reading, value: float | int | str) -> None:
        key: SeriesKey = (reading.source, reading.quantity, reading.statistic, reading.unit)
        series_id = self._ids.get(key)
        if series_id is None:
            key, series_id = self._meet(key)
            if key[0] != reading.source or key[1] != reading.quantity or key[3] != reading.unit:
                reading = replace(reading, source=key[0], quantity=key[1], unit=key[3])
        if isinstance(value, str) and value != reading.value:
            reading = replace(reading, value=value)
        row = (
            self._last + 1,
            series_id,
            reading.observed_ms,
            reading.received_ms,
            value,
            reading.period_s,
            reading.revision,
            _QUALITY[reading.quality],
            reading.flags,
            reading.lon,
            reading.lat,
        )
        if not self._cursor.execute(_INSERT, row).rowcount:
            if not self._replaces(series_id, reading):
                self.duplicate += 1
                return
            self._cursor.execute(_INSERT, row)
        self._last += 1
        self.new.append(StoredReading(self._last, reading))
        newest = self._newest.get(series_id)
        if newest is None or reading.observed_ms >= newest[1]:
            self._newest[series_id] = (series_id, *row[2:5], *row[7:9])

    def _replaces(self, series_id: int, reading: Reading) -> bool:
        """Take an older revision out of the way; False if what is stored is as new."""
        self._cursor.execute(
            "DELETE FROM reading WHERE series_id = ? AND observed_ms = ? AND revision < ?",
            (series_id, reading.observed_ms, reading.revision),
        )
        return bool(self._cursor.rowcount)

    def _meet(self, key: SeriesKey) -> tuple[SeriesKey, int]:
        """The number of a series that this connection does not know yet; made if nobody does."""
        clean = (storable(key[0]), storable(key[1]), key[2], storable(key[3]))
        find = "SELECT id FROM series WHERE source = ? AND quantity = ? AND statistic = ? AND unit = ?"
        row = self._cursor.execute(find, clean).fetchone()
        if row is None:
            self._cursor.execute(
                "INSERT INTO series (source, quantity, statistic, unit, feed) VALUES (?, ?, ?, ?, ?)",
                (*clean, self._feed),
            )
            series_id = int(self._cursor.lastrowid or 0)
        else:
            series_id = int(row[0])
        self._ids[clean] = series_id
        if isinstance(self._db, Store):
            self._db.series_top = max(self._db.series_top, series_id)
        return clean, series_id

    def finish(self) -> None:
        if self._newest:
            self._cursor.executemany(_LATEST, self._newest.values())
        if self.new:
            self._cursor.execute("UPDATE arrival SET last = ?", (self._last,))


def _known_series(db: Database) -> dict[SeriesKey, int]:
    """The series numbers this connection remembers, forgotten if a rollback took some of them back."""
    if not isinstance(db, Store):
        return {}
    top = db.conn.execute("SELECT max(id) FROM series").fetchone()[0] or 0
    if top < db.series_top:
        db.series_ids.clear()
        db.series_top = 0
    return db.series_ids


def after(db: Database, cursor: int, limit: int) -> list[StoredReading]:
    """Readings that arrived after number `cursor`, in the order of arrival."""
    rows = db.conn.execute(
        "SELECT r.id, s.source, s.quantity, r.value, r.observed_ms, r.received_ms, s.unit, r.period_s,"
        " s.statistic, r.revision, r.quality, r.flags, r.lon, r.lat"
        " FROM reading r JOIN series s ON s.id = r.series_id WHERE r.id > ? ORDER BY r.id LIMIT ?",
        (cursor, limit),
    )
    return [StoredReading(row[0], _reading(row)) for row in rows]


def _reading(row: tuple[Any, ...]) -> Reading:
    return Reading(
        source=row[1],
        quantity=row[2],
        value=_value(row[3]),
        observed_ms=row[4],
        received_ms=row[5],
        unit=row[6],
        period_s=row[7],
        statistic=row[8],
        revision=row[9],
        quality=QUALITIES[row[10]],  # type: ignore[arg-type]
        flags=row[11],
        lon=row[12],
        lat=row[13],
    )


def _value(stored: float | int | str) -> Value:
    return bool(stored) if isinstance(stored, int) else stored


def last_id(db: Database) -> int:
    """The number of the reading that arrived last; 0 before the first."""
    return int(db.conn.execute("SELECT last FROM arrival").fetchone()[0])


def latest(db: Database) -> list[Latest]:
    """The newest reading of every (source, quantity, statistic), by the sender's clock."""
    rows = db.conn.execute(
        "SELECT s.source, s.quantity, s.statistic, l.value, s.unit, l.observed_ms, l.received_ms,"
        " l.quality, l.flags FROM latest l JOIN series s ON s.id = l.series_id ORDER BY l.observed_ms"
    )
    newest = {
        row[:3]: Latest(
            source=row[0],
            quantity=row[1],
            statistic=row[2],
            value=_value(row[3]),
            unit=row[4],
            observed_ms=row[5],
            received_ms=row[6],
            quality=QUALITIES[row[7]],
            flags=row[8],
        )
        for row in rows
    }
    return list(newest.values())


def series(db: Database) -> list[Series]:
    """Every series that has ever reported, in order."""
    rows = db.conn.execute(
        "SELECT source, quantity, statistic, unit FROM series ORDER BY source, quantity, statistic, unit"
    )
    return [Series(*row) for row in rows]


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
    inst, avg, max, min, sum that exists; of several units the one last heard.
    """
    chosen = _choose(db, source, quantity, statistic)
    rows: list[tuple[int, float, float, float, int]] = []
    if chosen is not None and until_ms > since_ms:
        width = max(1, -(-(until_ms - since_ms) // max(1, points)))
        rows = _buckets(db, chosen[0], since_ms, until_ms, width)
    return Trend(
        source=source,
        quantity=quantity,
        unit=chosen[1] if chosen else "1",
        since_ms=since_ms,
        until_ms=until_ms,
        times=[row[0] for row in rows],
        low=[row[1] for row in rows],
        high=[row[2] for row in rows],
        mean=[row[3] for row in rows],
        count=sum(row[4] for row in rows),
    )


def _choose(db: Database, source: str, quantity: str, statistic: str | None) -> tuple[int, str] | None:
    rows = db.conn.execute(
        "SELECT s.statistic, coalesce(l.observed_ms, 0), s.id, s.unit FROM series s"
        " LEFT JOIN latest l ON l.series_id = s.id WHERE s.source = ? AND s.quantity = ?",
        (source, quantity),
    ).fetchall()
    able = [row for row in rows if statistic in (None, row[0])]
    if not able:
        return None
    best = min(able, key=lambda row: (_STATISTICS.index(row[0]), -row[1]))
    return int(best[2]), str(best[3])


def _buckets(
    db: Database, series_id: int, since_ms: int, until_ms: int, width: int
) -> list[tuple[int, float, float, float, int]]:
    return db.conn.execute(
        "SELECT min(observed_ms), min(value), max(value), avg(value), count(*) FROM reading"
        " WHERE series_id = ? AND observed_ms >= ? AND observed_ms < ? AND quality <= 1"
        " AND typeof(value) = 'real' GROUP BY (observed_ms - ?) / ? ORDER BY 1",
        (series_id, since_ms, until_ms, since_ms, width),
    ).fetchall()


def drop_before(db: Database, received_ms: int, limit: int) -> int:
    """Let go of the oldest arrivals received before `received_ms`, at most `limit`; returns how many.

    Called again, each time in a transaction of its own, until it returns 0.
    `latest` keeps the newest of a series even then, with its age. Readings that
    came while our clock ran ahead wait in front until their time has come too.
    """
    cursor = db.conn.execute(
        "DELETE FROM reading WHERE id IN (SELECT id FROM"
        " (SELECT id, received_ms FROM reading ORDER BY id LIMIT ?1 * 8) WHERE received_ms < ?2 LIMIT ?1)",
        (limit, received_ms),
    )
    return int(cursor.rowcount)
