"""A file system of our own in a file, whose power can be cut.

An ext4 on a loop device, mounted in a folder of the test. `cut` tells the
kernel to drop at once everything that was not made to reach the disk: what is
found after the next mount is what a power failure would have left.
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import functools
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Self

_SHUTDOWN = 0x8004587D  # EXT4_IOC_SHUTDOWN, linux/fs/ext4/ext4.h
_NO_LOG_FLUSH = 2  # EXT4_GOING_FLAGS_NOLOGFLUSH: not even the journal is brought to the disk


class Image:
    """An ext4 of `mib` MiB, mounted at `at`; nothing of it is left after the `with` or the program."""

    def __init__(self, folder: Path, *, mib: int = 64) -> None:
        self.at = folder / "disk"
        self._file = folder / "disk.ext4"
        self._mib = mib
        self._mounted = False
        self.at.mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> Self:
        atexit.register(self.close)
        self.renew()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
        atexit.unregister(self.close)

    def renew(self) -> None:
        """Begin with an empty file system."""
        self.unmount()
        self._file.unlink(missing_ok=True)
        with self._file.open("wb") as file:
            file.truncate(self._mib * 2**20)
        _run("mkfs.ext4", "-q", "-F", "-m", "0", "-b", "4096", str(self._file))
        self.mount()

    def mount(self) -> None:
        """Mount it; after a cut the kernel first replays what its journal holds."""
        _run("mount", "-o", "loop", str(self._file), str(self.at))
        self._mounted = True

    def unmount(self) -> None:
        """Unmount it and free the loop device; who still holds a file in it makes this fail."""
        for left in range(100, -1, -1):
            if not self._mounted:
                return
            try:
                _run("umount", str(self.at))
                self._mounted = False
            except OSError:
                if not left:
                    raise
                threading.Event().wait(0.02)  # a killed process may need a moment to let go

    def cut(self) -> None:
        """Cut the power: from here on nothing reaches the disk, and what had not reached it is gone."""
        folder = os.open(self.at, os.O_RDONLY)
        try:
            fcntl.ioctl(folder, _SHUTDOWN, struct.pack("I", _NO_LOG_FLUSH))
        finally:
            os.close(folder)

    def close(self) -> None:
        """Unmount whatever happens, and remove the file. Twice is harmless."""
        try:
            self.unmount()
        finally:
            if self._mounted:
                subprocess.run(["umount", "-l", str(self.at)], capture_output=True, check=False)
                self._mounted = False
            self._file.unlink(missing_ok=True)


@functools.cache
def why_not() -> str:
    """Why this machine cannot do it, as a sentence; "" where it can."""
    if not sys.platform.startswith("linux"):
        return "cutting the power of a file system needs Linux"
    if os.geteuid() != 0:
        return "cutting the power of a file system needs root, to mount it"
    for program in ("mkfs.ext4", "mount", "umount"):
        if shutil.which(program) is None:
            return f"cutting the power of a file system needs the program {program}"
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        try:
            image = stack.enter_context(Image(Path(folder), mib=8))
            image.cut()
        except OSError as error:
            return f"this machine lends no loop device or cannot cut its power ({error})"
    return ""


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode:
        raise OSError(f"{' '.join(command)}: {done.stderr.strip()}")
