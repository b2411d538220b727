"""Events of other systems and plate reads, each stored once however often it is sent."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

import msgspec
from msgspec.structs import replace
from sqlite_utils import Database

from db.records import Event, PlateRead
from db.text import storable

_encoder = msgspec.msgpack.Encoder()
_event_decoder = msgspec.msgpack.Decoder(Event)
_plate_decoder = msgspec.msgpack.Decoder(PlateRead)
_SORTED = msgspec.json.Encoder(order="sorted")


class StoredEvent(NamedTuple):
    """An event with its place in the order of arrival."""

    id: int
    event: Event


class StoredPlate(NamedTuple):
    """A plate read with its place in the order of arrival."""

    id: int
    plate: PlateRead


def add(db: Database, feed: str, event: Event) -> StoredEvent | None:
    """Store one statement of another system; None if it was stored before.

    The origin's key is the identity of the event; what it said about it (a new
    status, a new text) is a new row, the same words again are not.
    """
    event = _clean_event(event)
    said = replace(event, received_ms=0, flags=0)
    digest = hashlib.sha256(_SORTED.encode(said)).digest()[:16]
    cursor = db.conn.execute(
        "INSERT INTO event (feed, origin_system, origin_key, digest, observed_ms, received_ms, body)"
        " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (
            feed,
            event.origin_system,
            event.origin_key,
            digest,
            event.observed_ms,
            event.received_ms,
            _encoder.encode(event),
        ),
    )
    return StoredEvent(cursor.lastrowid or 0, event) if cursor.rowcount else None


def after(db: Database, cursor: int, limit: int) -> list[StoredEvent]:
    """Events that arrived after number `cursor`, in the order of arrival."""
    rows = db.conn.execute("SELECT id, body FROM event WHERE id > ? ORDER BY id LIMIT ?", (cursor, limit))
    return [StoredEvent(row_id, _event_decoder.decode(body)) for row_id, body in rows]


def received(db: Database, since_ms: int, until_ms: int, cursor: int, limit: int) -> list[StoredEvent]:
    """Events with since_ms <= received_ms < until_ms after number `cursor`, in the order of arrival."""
    rows = db.conn.execute(
        "SELECT id, body FROM event WHERE received_ms >= ? AND received_ms < ? AND id > ?"
        " ORDER BY id LIMIT ?",
        (since_ms, until_ms, cursor, limit),
    )
    return [StoredEvent(row_id, _event_decoder.decode(body)) for row_id, body in rows]


def said_of(db: Database, origin_system: str, origin_key: str) -> list[Event]:
    """All that was said of one event, in the order of arrival."""
    rows = db.conn.execute(
        "SELECT body FROM event WHERE origin_system = ? AND origin_key = ? ORDER BY id",
        (origin_system, origin_key),
    )
    return [_event_decoder.decode(body) for (body,) in rows]


def last_id(db: Database) -> int:
    """The number of the event that arrived last; 0 if none ever did."""
    row = db.conn.execute("SELECT seq FROM sqlite_sequence WHERE name = 'event'").fetchone()
    return int(row[0]) if row else 0


def add_plate(db: Database, feed: str, plate: PlateRead) -> StoredPlate | None:
    """Store a plate read; None if this camera's read was stored before."""
    plate = replace(
        plate,
        read_id=storable(plate.read_id),
        source=storable(plate.source),
        plate=storable(plate.plate),
        lane=storable(plate.lane),
        direction=storable(plate.direction),
    )
    cursor = db.conn.execute(
        "INSERT INTO plate (feed, source, read_id, observed_ms, received_ms, body)"
        " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (feed, plate.source, plate.read_id, plate.observed_ms, plate.received_ms, _encoder.encode(plate)),
    )
    return StoredPlate(cursor.lastrowid or 0, plate) if cursor.rowcount else None


def plates_after(db: Database, cursor: int, limit: int) -> list[StoredPlate]:
    """Plate reads that arrived after number `cursor`, in the order of arrival."""
    rows = db.conn.execute("SELECT id, body FROM plate WHERE id > ? ORDER BY id LIMIT ?", (cursor, limit))
    return [StoredPlate(row_id, _plate_decoder.decode(body)) for row_id, body in rows]


def drop_before(db: Database, received_ms: int, limit: int) -> int:
    """Let go of what was received before `received_ms`, at most `limit` of each kind; returns how many."""
    gone = 0
    for table in ("event", "plate"):
        cursor = db.conn.execute(
            f"DELETE FROM {table} WHERE id IN (SELECT id FROM {table} WHERE received_ms < ? LIMIT ?)",
            (received_ms, limit),
        )
        gone += cursor.rowcount
    return gone


def _clean_event(event: Event) -> Event:
    try:
        _encoder.encode(event)
    except UnicodeEncodeError:
        return msgspec.convert(_clean(msgspec.to_builtins(event)), Event)
    return event


def _clean(value: object) -> object:
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, dict):
        return {_clean(key): _clean(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(item) for item in value]
    return value
