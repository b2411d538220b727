"""One core per data folder, and the mark that tells whether it ended cleanly."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path
from typing import IO

from console.errors import Refused, StoreError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_LOCK, _MARK = "core.lock", "core.running"
_GUARD_AT = 1 << 20  # the locked byte lies behind the text, which Windows would else not let others read


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
    path = folder / _LOCK
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = os.fdopen(os.open(path, os.O_CREAT | os.O_RDWR, 0o600), "r+b", buffering=0)
    except OSError as error:
        if error.errno not in (errno.EROFS, errno.EACCES, errno.EPERM):
            raise
        raise StoreError(
            f"{folder}: cannot be written ({error.strerror}); make it writable, or choose another data"
            " folder with --data"
        ) from error
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


def was_unclean(folder: Path) -> bool:
    """Whether the last core did not end cleanly."""
    return (folder / _MARK).exists()


def write_mark(folder: Path) -> None:
    """From now on an end is unclean unless the lock is released cleanly."""
    handle = os.open(folder / _MARK, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    try:
        os.write(handle, f"{os.getpid()}\n".encode())
        os.fsync(handle)
    finally:
        os.close(handle)
