"""Copies of a store by SQLite's backup API, and the proof that a copy is whole."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
from sqlite_utils import Database, Migrations

from db import connection, entries
from db.connection import SqlError, applied
from db.errors import StoreError

_PAGES = 256


class Content(msgspec.Struct, frozen=True):
    """What a copy of ops.db holds: the end of our own log, and rows of what is counted."""

    device: str
    epoch: int
    entries: int
    head: str
    all_entries: int
    incidents: int
    alarms: int
    steps: list[str]
    blobs: list[tuple[str, int]]


def copy(source: Path, target: Path, key: bytes, progress: Callable[[int, int], None]) -> None:
    """Write the store as it is now into the new file `target`, under the same key, in one file.

    Writers of `source` may go on meanwhile. `progress(done, total)` counts
    pages; what it raises ends the copy. Raises Unavailable, StoreError.
    """
    here = connection.open_reader(source, key)
    try:
        there = connection.open_copy(target, key)
        try:
            here.conn.backup(
                there.conn,
                pages=_PAGES,
                progress=lambda _status, left, total: progress(total - left, total),
                sleep=0.005,
            )
            there.conn.execute("PRAGMA journal_mode=DELETE").fetchall()
        finally:
            there.close()
    except SqlError as error:
        raise connection.explained(source, error) from error
    finally:
        here.close()


def content(path: Path, key: bytes) -> Content:
    """What the copy says it holds; raises StoreError if it cannot be read."""
    db = connection.open_reader(path, key)
    try:
        return _content(db)
    except SqlError as error:
        raise connection.explained(path, error) from error
    finally:
        db.close()


def _content(db: Database) -> Content:
    def count(table: str) -> int:
        return int(db.conn.execute(f"SELECT count(*) FROM {table}").fetchone()[0])

    who, head = entries.identity(db), entries.head(db)
    blobs = db.conn.execute("SELECT sha256, size FROM attachment_blob ORDER BY sha256").fetchall()
    return Content(
        who.device,
        who.epoch,
        head.count,
        head.hash,
        count("entry"),
        count("incident"),
        count("alarm"),
        applied(db, "ops"),
        [(sha256, size) for sha256, size in blobs],
    )


def check(path: Path, key: bytes, migrations: Migrations) -> Content:
    """What a copy of ops.db holds, after every page and every entry was proved.

    Raises StoreError with what is wrong, Unavailable if the disk refuses.
    """
    faults = connection.faults(path, key)
    if faults:
        raise StoreError(f"{path}: is damaged ({'; '.join(faults[:3])})")
    connection.check_schema(path, key, migrations)
    db = connection.open_reader(path, key)
    try:
        broken = entries.verify(db)
        if broken is not None:
            raise StoreError(f"{path}: entry {broken.seq} of {broken.device}: {broken.what}")
        return _content(db)
    except SqlError as error:
        raise connection.explained(path, error) from error
    finally:
        db.close()
