"""What can still be read out of a damaged store: what proves itself, and nothing else."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from sqlite_utils import Database

from db import connection, entries
from db.connection import SqlError
from db.errors import MessageError, StoreError, Unavailable
from db.records import Entry

_COLUMNS = "device, epoch, seq, id, type, subject, at_ms, hlc, prev, hash, body"
_MOST_BAD_ROWS = 2_000


def entries_of(damaged: Path, key: bytes, db: Database) -> int:
    """Add the entries of a damaged ops.db that are whole and follow what `db` has; returns how many.

    An entry whose hash does not fit, or whose predecessor is missing, stays out.
    The transaction is the caller's.
    """
    try:
        source = connection.open_reader(damaged, key)
    except (StoreError, Unavailable):
        return 0
    try:
        return sum(_add(db, row) for row in _rows(source))
    finally:
        with suppress(SqlError):
            source.close()


def _rows(source: Database) -> list[Entry]:
    """Every row of the log that can be read, in the order of its logs."""
    found: list[Entry] = []
    position, bad = 0, 0
    while bad <= _MOST_BAD_ROWS:
        try:
            rows = source.conn.execute(
                f"SELECT position, {_COLUMNS} FROM entry WHERE position > ? ORDER BY position LIMIT ?",
                (position, 1 if bad else 200),
            ).fetchall()
        except SqlError:
            bad += 1
            position += 0 if bad == 1 else 1
            continue
        if not rows:
            break
        found += [Entry(*row[1:]) for row in rows]
        position = rows[-1][0]
    return sorted(found, key=lambda each: (each.device, each.epoch, each.seq))


def _add(db: Database, entry: Entry) -> bool:
    try:
        if entries.read(entry.body, entry.prev, entry.hash) != entry:
            return False
    except (MessageError, TypeError, AttributeError, ValueError):
        return False
    before = entries.hash_at(db, entry.device, entry.epoch, entry.seq - 1)
    if before != entry.prev or entries.hash_at(db, entry.device, entry.epoch, entry.seq) is not None:
        return False
    entries.insert(db, entry)
    entries.witness(db, entry.hlc)
    if entry.device == entries.identity(db).device:
        db.conn.execute(
            "INSERT OR IGNORE INTO own_log (device, epoch) VALUES (?, ?)", (entry.device, entry.epoch)
        )
        db.conn.execute("UPDATE identity SET epoch = max(epoch, ?)", (entry.epoch,))
    return True
