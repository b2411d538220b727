"""Maintenance windows: what is planned, what holds and what is over."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from sqlite_utils import Database

from db.alarm_records import Maintenance

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Maintenance).decode
_MOST = 1000


def windows(db: Database) -> None:
    """One row per window, and a way to find what was done with one alarm among very many entries."""
    db.conn.execute(
        "CREATE TABLE maintenance (id TEXT PRIMARY KEY, asset TEXT NOT NULL, until_ms INTEGER NOT NULL,"
        " ended INTEGER NOT NULL, body BLOB NOT NULL) STRICT"
    )
    db.conn.execute("CREATE INDEX maintenance_until ON maintenance (ended, until_ms)")
    db.conn.execute(
        "CREATE INDEX entry_of_alarm ON entry (subject, position) WHERE type >= 'alarm.' AND type < 'alarm/'"
    )


def put(db: Database, window: Maintenance) -> None:
    """Keep a window, in the transaction of what is done with it."""
    db.conn.execute(
        "INSERT OR REPLACE INTO maintenance (id, asset, until_ms, ended, body) VALUES (?, ?, ?, ?, ?)",
        [window.id, window.asset, window.until_ms, window.ended_ms is not None, _encode(window)],
    )


def get(db: Database, window_id: str) -> Maintenance | None:
    """One window; None if there never was such a one."""
    row = db.conn.execute("SELECT body FROM maintenance WHERE id = ?", [window_id]).fetchone()
    return _decode(row[0]) if row else None


def begin(db: Database, ids: Iterable[str]) -> list[Maintenance]:
    """Note that windows have begun; returns them."""
    begun = [msgspec.structs.replace(each, begun=True) for key in ids if (each := get(db, key)) is not None]
    for each in begun:
        put(db, each)
    return begun


def standing(db: Database, now_ms: int) -> list[Maintenance]:
    """Windows that hold or are planned, the next to end first."""
    rows = db.conn.execute(
        "SELECT body FROM maintenance WHERE NOT ended AND until_ms > ? ORDER BY until_ms, id", [now_ms]
    )
    return [_decode(body) for (body,) in rows]


def every(db: Database) -> list[Maintenance]:
    """The newest windows, also those that are over; the last to end first."""
    rows = db.conn.execute("SELECT body FROM maintenance ORDER BY until_ms DESC, id LIMIT ?", [_MOST])
    return [_decode(body) for (body,) in rows]
