"""Backups of ops.db: made beside the running core, proved by restoring them, and rotated.

A backup is one encrypted file (`ops-….db`, under the key of the stores) and a
note beside it (`ops-….json`): what it holds, when that was proved, from which
file on the journal is needed with it, and the attachments with their hashes.
feed.db is not in it: it is large, and the feeds' brokers and sources have it again.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
from msgspec.structs import replace

from console.clock import Clock, local_text
from console.errors import StoreError, Unavailable
from db import backup, ops
from db.backup import Content
from db.workings import Backup

Told = Callable[[int, int, str], None]
"""Called with (done, total, what is done); what it raises ends the work."""

_DAY_MS = 86_400_000
_SCRATCH = "scratch"


class Note(msgspec.Struct, frozen=True):
    """What stands beside a backup."""

    at_ms: int
    sha256: str
    size: int
    journal: int
    why: str
    content: Content
    verified_ms: int | None = None
    detail: str = ""


def quiet(done: int, total: int, text: str) -> None:
    """For who wants no progress."""


def make(
    source: Path,
    folder: Path,
    key: bytes,
    clock: Clock,
    *,
    journal: int = 0,
    why: str = "",
    told: Told = quiet,
) -> Backup:
    """Back ops.db up into `folder` and prove the copy; returns it as it was proved.

    `journal` is the first file of the journal that is needed with it. Raises
    Unavailable or StoreError; an unfinished file is then gone.
    """
    now_ms = clock.now_ms()
    path = _free(folder, now_ms)
    part = path.with_suffix(".part")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        part.unlink(missing_ok=True)
        backup.copy(source, part, key, lambda done, total: told(done, 2 * total, "copying"))
        _sync(part)
        made = Note(now_ms, _sha256(part), part.stat().st_size, journal, why, backup.content(part, key))
        part.replace(path)
        _write(path, made)
    except OSError as error:
        raise Unavailable(f"{folder}: the backup cannot be written ({error.strerror})") from error
    finally:
        part.unlink(missing_ok=True)
    told(1, 2, "proving")
    return verify(path, key, clock)


def verify(path: Path, key: bytes, clock: Clock) -> Backup:
    """Restore a backup into a scratch folder, prove it there, and note the result beside it.

    A backup that does not hold is returned with `verified_ms` None and the
    reason in `detail`. Raises Unavailable if the disk refuses to say.
    """
    noted, scratch = note(path), path.parent / _SCRATCH
    try:
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir()
        restored = scratch / "ops.db"
        shutil.copyfile(path, restored)
        found = backup.check(restored, key, ops.migrations)
        if noted is None:
            noted = Note(clock.now_ms(), _sha256(path), path.stat().st_size, 0, "found", found)
        if (found, _sha256(restored)) != (noted.content, noted.sha256):
            raise StoreError(f"{path}: holds something else than was written")
        noted = replace(noted, verified_ms=clock.now_ms(), detail="")
    except StoreError as error:
        empty = Content("", 0, 0, "", 0, 0, 0, [], [])
        noted = noted or Note(clock.now_ms(), "", path.stat().st_size, 0, "found", empty)
        noted = replace(noted, verified_ms=None, detail=str(error))
    except OSError as error:
        raise Unavailable(f"{path}: cannot be proved ({error.strerror})") from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    _write(path, noted)
    return _record(path, noted)


def every(folder: Path) -> list[Backup]:
    """The backups in a folder, newest first."""
    return [_record(path, noted) for path in _files(folder) if (noted := note(path)) is not None]


def verified(folder: Path) -> list[Path]:
    """The files of the backups that were proved, newest first."""
    return [path for path in _files(folder) if (noted := note(path)) is not None and noted.verified_ms]


def note(path: Path) -> Note | None:
    """What stands beside a backup; None if nothing readable does."""
    try:
        return msgspec.json.decode(path.with_suffix(".json").read_bytes(), type=Note)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return None


def rotate(folder: Path, *, keep: int, keep_days: int, now_ms: int) -> list[str]:
    """Let old backups go; returns their names.

    The `keep` newest proved ones stay, and of each day the newest proved one
    for `keep_days`. One that never held stays as long as a newer proved one
    does not make it needless. Where none is proved nothing goes.
    """
    noted = [(path, found) for path in _files(folder) if (found := note(path)) is not None]
    proved = [(path, each) for path, each in noted if each.verified_ms is not None]
    if not proved:
        return []
    staying = {path for path, _ in proved[:keep]}
    days: set[int] = set()
    for path, each in proved:
        day = each.at_ms // _DAY_MS
        if day not in days and each.at_ms >= now_ms - keep_days * _DAY_MS:
            staying.add(path)
        days.add(day)
    newest_proved_ms = proved[0][1].at_ms
    staying |= {path for path, each in noted if each.verified_ms is None and each.at_ms > newest_proved_ms}
    gone = [path for path, _ in noted if path not in staying]
    for path in gone:
        path.with_suffix(".json").unlink(missing_ok=True)
        path.unlink(missing_ok=True)
    return [path.name for path in gone]


def journal_needed(folder: Path) -> int | None:
    """The first file of the journal that some proved backup needs; None if none is proved."""
    numbers = [noted.journal for path in verified(folder) if (noted := note(path)) is not None]
    return min(numbers, default=None)


def missing_blobs(path: Path, blobs: Path) -> list[str]:
    """The attachments a backup names that are not in the folder `blobs`."""
    noted = note(path)
    named = noted.content.blobs if noted else []
    return [sha256 for sha256, _ in named if not (blobs / sha256[:2] / sha256).exists()]


def _free(folder: Path, now_ms: int) -> Path:
    stamp = local_text(now_ms).replace("-", "").replace(":", "").replace(" ", "-")
    path, number = folder / f"ops-{stamp}.db", 1
    while path.exists():
        number += 1
        path = folder / f"ops-{stamp}-{number}.db"
    return path


def _files(folder: Path) -> list[Path]:
    def age(path: Path) -> tuple[int, str]:
        noted = note(path)
        return (noted.at_ms if noted else 0, path.name)

    return sorted(folder.glob("ops-*.db"), key=age, reverse=True)


def _record(path: Path, noted: Note) -> Backup:
    return Backup(
        name=path.name,
        at_ms=noted.at_ms,
        size=noted.size,
        verified_ms=noted.verified_ms,
        entries=noted.content.entries,
        head=noted.content.head,
        detail=noted.detail or noted.why,
    )


def _write(path: Path, noted: Note) -> None:
    fresh = path.with_suffix(".json.part")
    with fresh.open("wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(noted)))
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path.with_suffix(".json"))
    _sync(path.parent)


def _sync(path: Path) -> None:
    if path.is_dir() and os.name != "posix":
        return
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
