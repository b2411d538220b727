"""Whether the data folder still is where it was: a copy must not write under the original's epoch."""

from __future__ import annotations

import hashlib
import os
import platform
from contextlib import closing
from pathlib import Path

import msgspec

from console.backup import journal, rebuilding
from console.clock import Clock
from console.startup import drive
from console.startup.found import Found
from db import connection, ops
from db import journal as images

_NAME = "place.json"


class Place(msgspec.Struct, frozen=True):
    """Where a data folder lies: the machine, the number of this file in its file system, and the path."""

    machine: str
    inode: int
    path: str


def note(folder: Path, key: bytes, clock: Clock, *, is_first: bool) -> list[Found]:
    """Compare with the last start, and remember; a copy of the folder takes a new epoch."""
    kept = _kept(folder)
    moved = kept is not None and not is_first and _is_elsewhere(folder, kept)
    found: list[Found] = []
    if moved and (folder / "ops.db").exists():
        assert kept is not None
        with closing(connection.open_writer(folder / "ops.db", key, ops.migrations)) as db:
            with db.atomic():
                epoch = rebuilding.leave_log(db, clock, "copied")
                whole = images.whole(db)
            journal.begin(folder / "journal", key, whole)
        text = (
            f"The data folder is a copy (it was {kept.path}); this console writes to epoch {epoch}"
            " from now on, so that original and copy do not get in each other's way"
        )
        fields: dict[str, str | int | None] = {"path": kept.path, "epoch": epoch}
        found.append(Found("ops.db", "copied", clock.now_ms(), text, fields=fields))
    if kept is None or moved or kept.path != str(folder.resolve()):
        _keep(folder)
    return found


def _is_elsewhere(folder: Path, kept: Place) -> bool:
    if kept.machine != _machine():
        return True
    if not drive.has_steady_numbers(folder):
        return kept.path != str(folder.resolve())
    return kept.inode != (folder / _NAME).stat().st_ino


def _machine() -> str:
    """A name of this machine that says nothing else about it."""
    for path in (Path("/etc/machine-id"), Path("/var/lib/dbus/machine-id")):
        try:
            told = path.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            continue
        if told:
            return hashlib.blake2b(f"gwanje {told}".encode(), digest_size=8).hexdigest()
    return hashlib.blake2b(f"gwanje {platform.node()}".encode(), digest_size=8).hexdigest()


def _kept(folder: Path) -> Place | None:
    try:
        return msgspec.json.decode((folder / _NAME).read_bytes(), type=Place)
    except (OSError, msgspec.DecodeError):
        return None


def _keep(folder: Path) -> None:
    """Write in place, so that the file keeps its number, which a copy does not have."""
    path = folder / _NAME
    handle = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    with os.fdopen(handle, "r+b") as file:
        place = Place(_machine(), os.fstat(file.fileno()).st_ino, str(folder.resolve()))
        file.truncate()
        file.write(msgspec.json.encode(place))
        file.flush()
        os.fsync(file.fileno())
