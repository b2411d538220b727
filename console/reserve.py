"""Room that is kept back on the disk, to be let go when acts can else not be written."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

_NAME = "reserve"
_BLOCK = 2**20


class Reserve:
    """The file `reserve` of a data folder; for one thread."""

    def __init__(self, folder: Path, mib: int) -> None:
        self._path, self._bytes = folder / _NAME, mib * 2**20

    @property
    def is_held(self) -> bool:
        """Whether the room is kept back now."""
        try:
            return self._bytes > 0 and self._path.stat().st_size >= self._bytes
        except FileNotFoundError:
            return False

    @property
    def mib(self) -> int:
        """How much is to be kept back."""
        return self._bytes // 2**20

    def make(self) -> bool:
        """Keep the room back; False, and nothing taken, if the disk does not have it. Twice is harmless."""
        if not self._bytes or self.is_held:
            return True
        handle = os.open(self._path, os.O_CREAT | os.O_RDWR | os.O_TRUNC, 0o600)
        try:
            _fill(handle, self._bytes)
            os.fsync(handle)
        except OSError:
            os.close(handle)
            self.let_go()
            return False
        os.close(handle)
        return True

    def let_go(self) -> bool:
        """Give the room back; whether there was any."""
        was_there = self._path.exists()
        with suppress(FileNotFoundError):
            self._path.unlink()
        return was_there


def _fill(handle: int, size: int) -> None:
    """Take the room for real: a file with holes would keep nothing back."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(handle, 0, size)
        return
    for _ in range(size // _BLOCK):
        os.write(handle, os.urandom(_BLOCK))
