"""Makes an ops.db out of what is left: a proved backup, the journal, and what a damaged file still gives.

Entries keep their places and hashes, so that the centre knows those it has
already. The log is then left for a new epoch, since entries of the last
moment may have reached the centre and be lost here; they come back from there.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import msgspec
from msgspec.structs import replace
from sqlite_utils import Database

from console.backup import backups, framing, journal
from console.clock import Clock
from console.errors import StoreError
from console.incidents import folding
from db import alarms, backup, connection, entries, ops, salvage, sync
from db import journal as images
from db.records import Draft


class Rebuilt(msgspec.Struct, frozen=True):
    """What an ops.db was made of.

    `backup` is the file's name, "" where there was none that holds; `journaled`
    entries came from the journal, `salvaged` from the damaged file. `unread`
    are journal files that end before their end. `has_alarms` says that the
    alarms are as they were, not begun anew.
    """

    backup: str = ""
    backup_ms: int | None = None
    backed: int = 0
    journaled: int = 0
    salvaged: int = 0
    incidents: int = 0
    epoch: int = 0
    newest_ms: int | None = None
    has_alarms: bool = False
    unread: list[str] = []
    passed_over: list[str] = []


def rebuild(
    folder: Path, key: bytes, clock: Clock, *, choices: list[Path], damaged: Path | None = None
) -> Rebuilt:
    """Put a new ops.db into `folder`, where none is; `choices` are backups, the best first.

    It is made under another name and renamed when it is whole and on the disk.
    Raises Unavailable if the disk refuses; then nothing has changed.
    """
    path, fresh = folder / "ops.db", folder / "ops.db.rebuilt"
    for suffix in ("", "-wal", "-shm", "-journal"):
        fresh.with_name(fresh.name + suffix).unlink(missing_ok=True)
    chosen, passed_over = _take_backup(choices, fresh, key)
    db = connection.open_writer(fresh, key, ops.migrations)
    try:
        with db.atomic():
            made = _fill(db, folder, key, clock, damaged)
            whole = images.whole(db)
        db.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    finally:
        db.close()
    noted = backups.note(chosen) if chosen else None
    for suffix in ("-wal", "-shm"):
        fresh.with_name(fresh.name + suffix).unlink(missing_ok=True)
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    journal.begin(folder / "journal", key, whole)
    fresh.replace(path)
    journal.sync_folder(folder)
    return replace(
        made,
        backup=chosen.name if chosen else "",
        backup_ms=noted.at_ms if noted else None,
        backed=noted.content.all_entries if noted else 0,
        passed_over=passed_over,
    )


def _take_backup(choices: list[Path], fresh: Path, key: bytes) -> tuple[Path | None, list[str]]:
    """Copy the first backup that holds; returns it and those that were passed over, with the reason."""
    passed_over = []
    for choice in choices:
        try:
            shutil.copyfile(choice, fresh)
            fresh.chmod(0o600)
            backup.check(fresh, key, ops.migrations)
        except StoreError as error:
            passed_over.append(f"{choice.name}: {str(error).removeprefix(f'{fresh}: ')}")
            fresh.unlink()
            continue
        handle = os.open(fresh, os.O_RDWR)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
        return choice, passed_over
    return None, passed_over


def _fill(db: Database, folder: Path, key: bytes, clock: Clock, damaged: Path | None) -> Rebuilt:
    journaled, unread, begins = 0, [], images.marks(db).entry > 0
    for read in journal.read_all(folder / "journal", framing.sealing_key(key)):
        if read.ended:
            unread.append(f"{read.path.name}: {read.ended}")
        for taken in read.images:
            journaled += images.replay(db, taken)
            begins = begins or taken.is_whole
    salvaged = salvage.entries_of(damaged, key, db) if damaged is not None else 0
    has_alarms = begins and alarms.cursor(db) != alarms.Cursor()
    if has_alarms:
        _hear_everything_now(db)
    incidents = folding.rebuild(db)
    epoch = leave_log(db, clock, "restored")
    newest = db.conn.execute("SELECT max(at_ms) FROM entry WHERE type <> 'log.epoch'").fetchone()[0]
    return Rebuilt(
        journaled=journaled,
        salvaged=salvaged,
        incidents=incidents,
        epoch=epoch,
        newest_ms=newest,
        has_alarms=has_alarms,
        unread=unread,
    )


def _hear_everything_now(db: Database) -> None:
    """Let no source count as silent for the time that the store has forgotten."""
    at = alarms.cursor(db)
    db.conn.execute("UPDATE alarm_seen SET seen = max(seen, ?)", (at.steady,))
    alarms.put_cursor(db, replace(at, seen_reading=at.reading))


def leave_log(db: Database, clock: Clock, why: str) -> int:
    """Take a new epoch, so that nothing is written where the centre may have other entries of ours.

    The transaction is the caller's. Returns the epoch; the log says why.
    """
    left = entries.head(db)
    sync.leave(db, left)
    epoch = entries.new_epoch(db)
    told = {"device": left.device, "epoch": left.epoch, "common": left.count, "new_epoch": epoch, "why": why}
    entries.append(db, Draft("log.epoch", left.device, clock.now_ms(), "system", told))
    return epoch
