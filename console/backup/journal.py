"""The journal: what ops.db committed, a second time and in other files, within a second.

The ops thread takes an image after each commit (`committed`); a thread of the
journal seals, writes and syncs. A disk that refuses stops no act: what is not
yet written waits, is tried again every second, and `state` says so.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec
import structlog
from msgspec.structs import astuple
from sqlite_utils import Database

from console.backup import framing
from console.clock import Clock
from db.journal import MOST_ROWS, Image, Marks, image, marks, watch

log = structlog.get_logger(__name__)

MOST_WAITING = 64
"""Images that wait for the disk; what comes then is taken from ops.db when there is room again."""

_AGAIN_S = 1.0
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Image).decode


class JournalState(NamedTuple):
    """How the journal is: the fault of the disk, or "", and what is waiting since when (ms)."""

    fault: str = ""
    waiting: int = 0
    since_ms: int | None = None


class Read(NamedTuple):
    """What one journal file holds; `ended` says why reading stopped before its end, "" if it did not."""

    path: Path
    number: int
    images: list[Image]
    ended: str


class Journal:
    """The journal of one data folder. `watch` and `committed` belong to the ops thread."""

    def __init__(self, folder: Path, key: bytes, clock: Clock) -> None:
        self.folder = folder
        self._key, self._clock = framing.sealing_key(key), clock
        self._taken = Marks()
        self._is_whole_wanted = True
        self._waiting: list[bytes] = []
        self._file: _File | None = None
        self._wants_new_file = False
        self._state = JournalState()
        self._lock = threading.Lock()
        self._wake, self._written = threading.Event(), threading.Condition(self._lock)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)

    @property
    def state(self) -> JournalState:
        """How it is; any thread."""
        return self._state

    @property
    def number(self) -> int:
        """The number of the newest file; 0 if there is none."""
        return newest_number(self.folder)

    def start(self) -> None:
        """Go on after what the files hold, in a file of its own."""
        self._taken = last_marks(self.folder, self._key)
        self._thread.start()

    def stop(self, timeout: float = 5.0) -> None:
        """Write what waits, if the disk takes it, and end. Twice is harmless."""
        self._stopping.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout)

    def rotate(self) -> int:
        """Write to a new file from the next image on; returns its number. Any thread.

        Its first image holds all small rows, so that no older file is needed
        with a backup that is made from now on.
        """
        with self._lock:
            self._wants_new_file = True
            self._is_whole_wanted = True
        return self.number + 1

    # --- in the ops thread

    def watch(self, db: Database) -> None:
        """Follow this connection from now on; what happened before is taken in whole.

        Marks beyond the end of the store (it was put back by hand) would pass new entries over.
        """
        watch(db)
        ends = marks(db)
        self._taken = Marks(*map(min, astuple(self._taken), astuple(ends)))
        self._is_whole_wanted = True

    def committed(self, db: Database) -> None:
        """Take what has been committed; for the ops thread, after a commit."""
        while True:
            with self._lock:
                if len(self._waiting) >= MOST_WAITING:
                    return  # it stays in ops.db until the disk has taken what waits
                whole, self._is_whole_wanted = self._is_whole_wanted, False
            taken = image(db, self._taken, whole=whole)
            self._taken = taken.marks
            if taken.is_empty:
                return
            with self._lock:
                self._waiting.append(_encode(taken))
            self._wake.set()
            if len(taken.entries) < MOST_ROWS and len(taken.forks) < MOST_ROWS:
                return

    def flush(self, timeout: float = 5.0) -> bool:
        """Wait until all that was taken is on disk; False if the disk did not take it in time."""
        self._wake.set()
        with self._written:
            return self._written.wait_for(lambda: not self._waiting, timeout)

    # --- in the journal's thread

    def _run(self) -> None:
        while True:
            self._wake.wait(_AGAIN_S if self._waiting else None)
            self._wake.clear()
            self._write()
            if self._stopping.is_set():
                self._write()  # what was committed since the write before is on its way out too
                break
        if self._file is not None:
            self._file.close()

    def _write(self) -> None:
        with self._lock:
            texts, new_file = list(self._waiting), self._wants_new_file
        if not texts:
            return
        try:
            if self._file is None or new_file:
                self._begin()
            assert self._file is not None
            self._file.append(texts)
        except OSError as error:
            self._note(f"The journal cannot be written ({error.strerror})", len(texts))
            return
        with self._written:
            del self._waiting[: len(texts)]
            self._written.notify_all()
        self._note("", len(self._waiting))

    def _begin(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
        with self._lock:
            self._wants_new_file = False
        self._file = _File(self.folder, self.number + 1, self._key)

    def _note(self, fault: str, waiting: int) -> None:
        since = self._state.since_ms if fault and self._state.fault else self._clock.now_ms()
        if fault and not self._state.fault:
            log.warning("journal.waits", fault=fault)
        self._state = JournalState(fault, waiting, since if fault else None)


class _File:
    """One journal file that is written; a frame that the disk refuses leaves no trace."""

    def __init__(self, folder: Path, number: int, key: bytes) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._head, self._key, self._count = framing.header(), key, 0
        path = folder / f"{number:08d}.log"
        self._handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | getattr(os, "O_BINARY", 0), 0o600)
        try:
            self._end = _write_all(self._handle, self._head)
            os.fsync(self._handle)
            sync_folder(folder)
        except OSError:
            os.close(self._handle)
            path.unlink(missing_ok=True)
            raise

    def append(self, texts: list[bytes]) -> None:
        """Add frames and have them on the disk; all or none."""
        content = b"".join(
            framing.frame(self._key, self._head, self._count + n, text) for n, text in enumerate(texts)
        )
        try:
            written = _write_all(self._handle, content)
            os.fsync(self._handle)
        except OSError:
            os.ftruncate(self._handle, self._end)
            os.lseek(self._handle, self._end, os.SEEK_SET)
            raise
        self._end, self._count = self._end + written, self._count + len(texts)

    def close(self) -> None:
        os.close(self._handle)


def _write_all(handle: int, content: bytes) -> int:
    done = 0
    while done < len(content):
        done += os.write(handle, content[done : done + 2**20])
    return done


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on the disk."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def files(folder: Path) -> list[tuple[int, Path]]:
    """The journal's files and their numbers, oldest first."""
    found = [(int(path.stem), path) for path in folder.glob("*.log") if path.stem.isdigit()]
    return sorted(found)


def newest_number(folder: Path) -> int:
    """The number of the newest file; 0 if there is none."""
    return max((number for number, _ in files(folder)), default=0)


def read_all(folder: Path, sealing_key: bytes, since: int = 0) -> Iterator[Read]:
    """What the files from number `since` on hold, oldest first; each as far as it is whole."""
    for number, path in files(folder):
        if number >= since:
            yield _read(number, path, sealing_key)


def last_marks(folder: Path, sealing_key: bytes) -> Marks:
    """How far the journal has come, by its newest image."""
    for number, path in reversed(files(folder)):
        images = _read(number, path, sealing_key).images
        if images:
            return images[-1].marks
    return Marks()


def _read(number: int, path: Path, sealing_key: bytes) -> Read:
    frames = framing.read(sealing_key, path.read_bytes())
    images, ended = [], frames.ended
    for text in frames.texts:
        try:
            images.append(_decode(text))
        except msgspec.DecodeError as error:
            ended = f"a frame was written by another version ({error})"
            break
    return Read(path, number, images, ended)


def prune(folder: Path, before: int) -> int:
    """Let go of the files with a lower number than `before`; returns how many.

    The newest stays in any case: the numbers go on from it.
    """
    gone = [path for number, path in files(folder)[:-1] if number < before]
    for path in gone:
        path.unlink()
    return len(gone)


def begin(folder: Path, key: bytes, first: Image) -> None:
    """Begin a new file with an image of a store that was just made; no journal is running."""
    file = _File(folder, newest_number(folder) + 1, framing.sealing_key(key))
    try:
        file.append([_encode(first)])
    finally:
        file.close()
