"""What happens before the stores are opened: one core per folder, and a look at what the last one left."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import IO, Literal

import msgspec

from console.clock import Clock, local_text
from console.errors import Refused, StoreError, Unavailable
from db import connection

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

STORES = ("ops.db", "feed.db")
_LOCK, _MARK = "core.lock", "core.running"
_GUARD_AT = 1 << 20  # the locked byte lies behind the text, which Windows would else not let others read
_PAGES_MOST_BYTES = 256 * 2**20
_PATIENCE_S = {"ops.db": 20.0, "feed.db": 1.0}


class Found(msgspec.Struct, frozen=True):
    """One thing that was found at the start, for the operator's page; `kept_as` is where a file went."""

    store: str
    what: Literal["unclean", "whole", "unfinished", "damaged", "missing"]
    at_ms: int
    text: str
    kept_as: str = ""


class Lock:
    """The hold on a data folder; the system lets go of it when the process ends, however that is."""

    def __init__(self, folder: Path, file: IO[bytes]) -> None:
        self._folder, self._file = folder, file

    def release(self, *, clean: bool = True) -> None:
        """Let go; unless the end was `clean` the next start checks the stores. Twice is harmless."""
        if self._file.closed:
            return
        if clean:
            (self._folder / _MARK).unlink(missing_ok=True)
        if sys.platform == "win32":
            self._file.seek(_GUARD_AT)
            msvcrt.locking(self._file.fileno(), msvcrt.LK_UNLCK, 1)
        self._file.close()


def lock(folder: Path) -> Lock:
    """Hold the data folder for this process; raises Refused if another core has it."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / _LOCK
    file = os.fdopen(os.open(path, os.O_CREAT | os.O_RDWR, 0o600), "r+b", buffering=0)
    try:
        _hold(file)
    except OSError as error:
        holder = holder_pid(folder)
        file.close()
        whose = f" by process {holder}" if holder else ""
        raise Refused(f"{folder}: is in use{whose}; one core only may write to it") from error
    file.seek(0)
    file.truncate()
    file.write(f"{os.getpid()}\n".encode())
    return Lock(folder, file)


def holder_pid(folder: Path) -> int | None:
    """The process that last held the folder, as it wrote itself down."""
    try:
        return int((folder / _LOCK).read_bytes()[:20].split(b"\n")[0])
    except (OSError, ValueError):
        return None


def is_held(folder: Path) -> bool:
    """Whether a core has the folder now."""
    if not (folder / _LOCK).exists():
        return False
    with (folder / _LOCK).open("r+b", buffering=0) as file:
        try:
            _hold(file)
        except OSError:
            return True
        if sys.platform == "win32":
            file.seek(_GUARD_AT)
            msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)
    return False


def _hold(file: IO[bytes]) -> None:
    if sys.platform == "win32":
        file.seek(_GUARD_AT)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def examine(folder: Path, key: bytes, clock: Clock) -> list[Found]:
    """Look at the stores before they are opened; called by the holder of the lock.

    After an unclean stop they are checked. A damaged one is renamed, never
    removed, so that a new one begins, and the report says so. Raises
    StoreError if the key opens none of them, Unavailable if the disk is away.
    """
    found: list[Found] = []
    unclean = (folder / _MARK).exists()
    present = [name for name in STORES if _has_content(folder / name)]
    opened = [name for name in present if connection.opens(folder / name, key)]
    if present and not opened:
        raise StoreError(
            f"{folder}: the key opens none of {', '.join(present)}: it is another key, or all are damaged."
            " Nothing was changed"
        )
    if unclean:
        found.append(Found("", "unclean", clock.now_ms(), "The core did not end cleanly last time"))
    for name in STORES:
        if name not in present:
            if present:
                found.append(_missing(folder / name, clock))
        elif name not in opened:
            found.append(_set_aside(folder / name, ["its first page cannot be read"], clock))
        elif unclean:
            found.append(_checked(folder / name, key, clock))
    _write_mark(folder / _MARK)
    return found


def _checked(path: Path, key: bytes, clock: Clock) -> Found:
    until_s = clock.monotonic_s() + _PATIENCE_S[path.name]
    pages = path.name == "ops.db" or path.stat().st_size <= _PAGES_MOST_BYTES
    try:
        faults = connection.faults(path, key, pages=pages, enough=lambda: clock.monotonic_s() > until_s)
    except Unavailable as error:
        if clock.monotonic_s() <= until_s:
            raise
        text = f"{path.name}: too large to be checked whole at the start; nothing wrong was found ({error})"
        return Found(path.name, "unfinished", clock.now_ms(), text)
    if faults:
        return _set_aside(path, faults, clock)
    return Found(path.name, "whole", clock.now_ms(), f"{path.name}: checked, nothing is wrong with it")


def _set_aside(path: Path, faults: list[str], clock: Clock) -> Found:
    """Rename a damaged store with its journal, so that nothing of it is lost."""
    now_ms = clock.now_ms()
    stamp = local_text(now_ms).replace("-", "").replace(":", "").replace(" ", "-")
    kept = path.with_name(f"{path.name}.damaged-{stamp}")
    number = 1
    while kept.exists():
        number += 1
        kept = path.with_name(f"{path.name}.damaged-{stamp}-{number}")
    for suffix in ("-wal", "-shm"):
        beside = path.with_name(path.name + suffix)
        if beside.exists():
            beside.replace(kept.with_name(kept.name + suffix))
    path.replace(kept)
    text = f"{path.name}: is damaged ({'; '.join(faults[:3])}); it was set aside and a new one is begun"
    return Found(path.name, "damaged", now_ms, text, kept.name)


def _missing(path: Path, clock: Clock) -> Found:
    text = f"{path.name}: is not there although the other store is; a new one is begun"
    return Found(path.name, "missing", clock.now_ms(), text)


def _has_content(path: Path) -> bool:
    return path.exists() and path.stat().st_size > 0


def _write_mark(path: Path) -> None:
    handle = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    try:
        os.write(handle, f"{os.getpid()}\n".encode())
        os.fsync(handle)
    finally:
        os.close(handle)
