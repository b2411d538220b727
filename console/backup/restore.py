"""The way back to a backup, asked for by a person, on a core that is stopped."""

from __future__ import annotations

from pathlib import Path

import msgspec

from console.backup import backups, framing, journal, rebuilding
from console.backup.rebuilding import Rebuilt
from console.clock import Clock, local_text
from console.errors import Refused, StoreError
from db import backup, connection
from db.connection import SqlError


class Plan(msgspec.Struct, frozen=True):
    """What a restore would do; `lost` entries are in the present store and nowhere else that is readable.

    `present` is None where the present store cannot be read (or is not there).
    """

    backup: str
    at_ms: int | None
    in_backup: int
    in_journal: int
    present: int | None
    lost: int | None


def choices(source: Path) -> list[Path]:
    """The backups that `source` (a file, or a folder of them) names, the best first; raises Refused."""
    if source.is_file():
        return [source]
    proved = backups.verified(source) if source.is_dir() else []
    others = sorted((path for path in source.glob("ops-*.db") if path not in proved), reverse=True)
    if not proved and not others:
        raise Refused(f"{source}: holds no backup (ops-….db)")
    return [*proved, *others]


def plan(folder: Path, key: bytes, source: Path) -> Plan:
    """What `restore` would do; changes nothing. Raises Refused, StoreError."""
    found_there = choices(source)
    chosen = next((path for path in found_there if _holds(path, key)), None)
    if chosen is None:
        raise Refused(f"{source}: no backup there holds")
    found = backup.content(chosen, key)
    noted = backups.note(chosen)
    kept = _journaled(folder, key) | _keys(chosen, key)
    here = _keys_or_none(folder / "ops.db", key)
    return Plan(
        backup=chosen.name,
        at_ms=noted.at_ms if noted else None,
        in_backup=found.all_entries,
        in_journal=len(kept) - found.all_entries,
        present=None if here is None else len(here),
        lost=None if here is None else len(here - kept),
    )


def _journaled(folder: Path, key: bytes) -> set[tuple[str, int, int]]:
    return {
        (each.device, each.epoch, each.seq)
        for read in journal.read_all(folder / "journal", framing.sealing_key(key))
        for taken in read.images
        for each in taken.entries
    }


def _keys(path: Path, key: bytes) -> set[tuple[str, int, int]]:
    db = connection.open_reader(path, key)
    try:
        return set(db.conn.execute("SELECT device, epoch, seq FROM entry").fetchall())
    finally:
        db.close()


def _keys_or_none(path: Path, key: bytes) -> set[tuple[str, int, int]] | None:
    if not path.exists() or not path.stat().st_size:
        return None
    try:
        return _keys(path, key)
    except (StoreError, SqlError):
        return None


def restore(folder: Path, key: bytes, clock: Clock, source: Path) -> Rebuilt:
    """Put the backup in the place of ops.db, and the journal on top; called by the holder of the lock.

    The present files are renamed, never removed. The device writes to a new
    epoch afterwards. Raises Refused if no backup holds, Unavailable.
    """
    found = choices(source)
    if not any(_holds(path, key) for path in found):
        raise Refused(f"{source}: no backup there holds; nothing was changed")
    kept = set_aside(folder / "ops.db", "replaced", clock)
    return rebuilding.rebuild(folder, key, clock, choices=found, damaged=kept)


def _holds(path: Path, key: bytes) -> bool:
    try:
        backup.content(path, key)
    except StoreError:
        return False
    return True


def set_aside(path: Path, why: str, clock: Clock) -> Path | None:
    """Rename a store with what belongs to it (`ops.db.damaged-…`); None if there is none."""
    if not path.exists():
        return None
    stamp = local_text(clock.now_ms()).replace("-", "").replace(":", "").replace(" ", "-")
    kept, number = path.with_name(f"{path.name}.{why}-{stamp}"), 1
    while kept.exists():
        number += 1
        kept = path.with_name(f"{path.name}.{why}-{stamp}-{number}")
    for suffix in ("-wal", "-shm"):
        beside = path.with_name(path.name + suffix)
        if beside.exists():
            beside.replace(kept.with_name(kept.name + suffix))
    path.replace(kept)
    return kept
