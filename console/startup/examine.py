"""The look at the stores before they are opened, and the repair of what is not whole."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from sqlite_utils import Migrations

from console.backup import backups, framing, journal
from console.backup.restore import set_aside
from console.clock import Clock
from console.errors import StoreError, Unavailable
from console.startup import drive, lock, place, repair, report
from console.startup.found import Found
from db import connection, feed, ops

STORES: dict[str, Migrations] = {"ops.db": ops.migrations, "feed.db": feed.migrations}
_PAGES_MOST_BYTES = 256 * 2**20
_PATIENCE_S = {"ops.db": 20.0, "feed.db": 1.0}


class _Look(NamedTuple):
    """What every step of the examination needs."""

    folder: Path
    key: bytes
    clock: Clock
    backups: Path


def examine(folder: Path, key: bytes, clock: Clock, *, backups_folder: Path | None = None) -> list[Found]:
    """Look at the stores before they are opened, and repair them; called by the holder of the lock.

    After an unclean stop they are checked. A damaged one is renamed, never
    removed; ops.db is then made again from its newest backup and the journal,
    feed.db is begun anew, and the report says so. Raises StoreError, with
    nothing changed, if the key opens nothing or a store is of a newer version;
    Unavailable if the disk is away.
    """
    look = _Look(folder, key, clock, backups_folder or folder / "backups")
    found = report.take(folder) + drive.note(folder, clock)
    unclean = lock.was_unclean(folder)
    present = [name for name in STORES if _has_content(folder / name)]
    opened = [name for name in present if connection.opens(folder / name, key)]
    if present and not opened and not _key_is_proved(look):
        raise StoreError(
            f"{folder}: the key opens none of {', '.join(present)}: it is another key, or all are damaged."
            " Nothing was changed"
        )
    for name in opened:
        _refuse_newer(folder / name, key, STORES[name])
    if unclean:
        found.append(Found("", "unclean", clock.now_ms(), "The core did not end cleanly last time"))
    is_first = not present and not _has_history(look)
    for name in STORES:
        found += _store(look, name, present, opened, unclean=unclean, is_first=is_first)
    if not is_first:
        found += repair.align(folder, key, clock)
    found += place.note(folder, key, clock, is_first=is_first)
    lock.write_mark(folder)
    return found


def _store(
    look: _Look, name: str, present: list[str], opened: list[str], *, unclean: bool, is_first: bool
) -> list[Found]:
    path = look.folder / name
    if is_first:
        return []
    if name not in present:
        text = f"{name}: is not there although other files of this console are"
        missing = Found(name, "missing", look.clock.now_ms(), text)
        return [missing, *repair.remake(look.folder, name, look.key, look.clock, look.backups, None)]
    if name not in opened:
        return _damaged(look, name, ["its first page cannot be read"])
    found = [_checked(path, look.key, look.clock)] if unclean else []
    if found and found[0].what == "damaged":
        return _damaged(look, name, [str(found[0].fields["faults"])])
    if name == "ops.db":
        found += repair.before_upgrade(look.folder, look.key, look.clock, look.backups)
        found += repair.catch_up(look.folder, look.key, look.clock, look.backups)
    return found


def _damaged(look: _Look, name: str, faults: list[str]) -> list[Found]:
    kept = set_aside(look.folder / name, "damaged", look.clock)
    kept_as = kept.name if kept else ""
    text = f"{name}: is damaged ({'; '.join(faults[:3])}); it was set aside as {kept_as}"
    fields: dict[str, str | int | None] = {"faults": "; ".join(faults[:3]), "file": kept_as}
    damaged = Found(name, "damaged", look.clock.now_ms(), text, kept_as, fields=fields)
    return [damaged, *repair.remake(look.folder, name, look.key, look.clock, look.backups, kept)]


def _checked(path: Path, key: bytes, clock: Clock) -> Found:
    until_s = clock.monotonic_s() + _PATIENCE_S[path.name]
    pages = path.name == "ops.db" or path.stat().st_size <= _PAGES_MOST_BYTES
    try:
        faults = connection.faults(path, key, pages=pages, enough=lambda: clock.monotonic_s() > until_s)
    except Unavailable as error:
        if clock.monotonic_s() <= until_s:
            raise
        text = f"{path.name}: too large to be checked whole at the start; nothing wrong was found ({error})"
        return Found(path.name, "unfinished", clock.now_ms(), text, kind="kept")
    if faults:
        what = "; ".join(faults[:3])
        return Found(path.name, "damaged", clock.now_ms(), what, fields={"faults": what})
    text = f"{path.name}: checked, nothing is wrong with it"
    return Found(path.name, "whole", clock.now_ms(), text, kind="kept")


def _refuse_newer(path: Path, key: bytes, migrations: Migrations) -> None:
    try:
        connection.check_schema(path, key, migrations)
    except connection.SqlError as error:
        if connection.damaged(error):
            return  # the page with the versions is bad: found out below, or when it is opened
        raise
    except StoreError as error:
        if "newer version" not in str(error):
            return  # what is wrong with it is found out below, or when it is opened
        raise StoreError(
            f"{error}. Start the newer version of this program again, or put a backup of the older one"
            " in its place with `gwanje restore`"
        ) from error


def _key_is_proved(look: _Look) -> bool:
    """Whether the journal or a backup opens with the key, so that the stores must be damaged."""
    sealing = framing.sealing_key(look.key)
    if any(read.images for read in journal.read_all(look.folder / "journal", sealing)):
        return True
    return any(connection.opens(path, look.key) for path in backups.verified(look.backups))


def _has_history(look: _Look) -> bool:
    return bool(journal.files(look.folder / "journal") or backups.verified(look.backups))


def _has_content(path: Path) -> bool:
    return path.exists() and path.stat().st_size > 0
