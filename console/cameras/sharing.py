"""Where the rings lie, and sweeping up after owners that died.

Shared memory (/dev/shm) where there is one, else the temporary folder. A
folder's name says which process owns it: pid and start time.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
from pathlib import Path

import psutil

_PREFIX = "gwanje-frames-"
_NAME = re.compile(rf"^{_PREFIX}(?P<pid>\d+)-(?P<start>\d+)-\w+$")


def shared_place() -> Path:
    """The folder of the system where files are memory, or the next best."""
    memory = Path("/dev/shm")  # noqa: S108
    usable = memory.is_dir() and os.access(memory, os.W_OK | os.X_OK)
    return memory if usable else Path(tempfile.gettempdir())


def own_folder(place: Path) -> Path:
    """A new folder for this process's rings, open to nobody else; the caller removes it."""
    start = round(psutil.Process().create_time() * 100)
    return Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-{start}-", dir=place))


def sweep(place: Path) -> list[str]:
    """Remove what dead owners left; returns the names."""
    removed: list[str] = []
    for entry in place.glob(f"{_PREFIX}*"):
        match = _NAME.match(entry.name)
        if match and not _is_alive(int(match["pid"]), int(match["start"])):
            with contextlib.suppress(OSError):
                shutil.rmtree(entry)
                removed.append(entry.name)
    return removed


def _is_alive(pid: int, start: int) -> bool:
    try:
        began: float = psutil.Process(pid).create_time()
        return abs(round(began * 100) - start) <= 200
    except psutil.NoSuchProcess:
        return False
    except psutil.Error:  # somebody else's process: not ours to sweep
        return True
