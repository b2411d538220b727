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

from db import arrivals, events, history, trends
from db.connection import SeriesKey, Store
from db.events import StoredEvent, StoredPlate
from db.records import Decoded, Event, Latest, Mark, PlateRead, Reading, SetAside
from db.text import storable

QUALITIES = history.QUALITIES
_QUALITY = {word: number for number, word in enumerate(QUALITIES)}
_LARGEST = 2**63 - 1

trend = trends.trend

_INSERT = (
    "INSERT INTO reading (id, series_id, observed_ms, received_ms, value, period_s, revision, quality,"
    " flags, lon, lat) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
)
_ONE = (
    "SELECT received_ms, value, period_s, revision, quality, flags, lon, lat FROM reading"
    " WHERE series_id = ? AND observed_ms = ? AND id = ?"
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
        self._sealed = history.Sealed(db)
        self._tops = self._sealed.tops
        self._arrived: list[arrivals.Place] = []
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
        top = self._tops.get(series_id, reading.observed_ms)
        if reading.observed_ms <= top and self._sealed.revision(*row[1:3]) >= reading.revision:
            self.duplicate += 1
            return
        if not self._cursor.execute(_INSERT, row).rowcount:
            if not self._replaces(series_id, reading):
                self.duplicate += 1
                return
            self._cursor.execute(_INSERT, row)
        self._last += 1
        self._arrived.append(row[1:3])
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
            arrivals.note(self._db, self._last + 1 - len(self._arrived), self._arrived)
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
    """Readings that arrived after number `cursor`, in the order of arrival.

    Those that were replaced, sealed or let go since are not among them; only
    readings that were judged are sealed.
    """
    found: list[StoredReading] = []
    names: dict[int, Series] = {}
    one = db.conn.cursor()
    with history.reading(db):
        for number, series_id, observed_ms in arrivals.after(db, cursor):
            row = one.execute(_ONE, (series_id, observed_ms, number)).fetchone()
            if row is None:
                continue
            name = names.get(series_id)
            if name is None:
                name = names[series_id] = _name(db, series_id)
            found.append(StoredReading(number, _reading(name, observed_ms, row)))
            if len(found) >= limit:
                break
    return found


def _name(db: Database, series_id: int) -> Series:
    columns = "source, quantity, statistic, unit"
    return Series(*db.conn.execute(f"SELECT {columns} FROM series WHERE id = ?", (series_id,)).fetchone())


def _reading(name: Series, observed_ms: int, row: tuple[Any, ...]) -> Reading:
    received_ms, value, period_s, revision, quality, flags, lon, lat = row
    return Reading(
        source=name.source,
        quantity=name.quantity,
        value=history.value_of(value),
        observed_ms=observed_ms,
        received_ms=received_ms,
        unit=name.unit,
        period_s=period_s,
        statistic=name.statistic,  # type: ignore[arg-type]
        revision=revision,
        quality=QUALITIES[quality],  # type: ignore[arg-type]
        flags=flags,
        lon=lon,
        lat=lat,
    )


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
            value=history.value_of(row[3]),
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
