"""Feeds that come as files in a folder, one thread each.

A file is read when it has not changed from one look to the next, and moved to
`read/` beside it only when all of it is on disk. What cannot be read stays
where it is and is named by the lamp.
"""

from __future__ import annotations

import fnmatch
import os
import unicodedata
from collections.abc import Callable, Iterator
from concurrent.futures import TimeoutError as NotInTime
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import structlog

from console.clock import Clock
from console.errors import ConsoleError, Unavailable
from console.feeds.fetching import Remembered
from console.feeds.files import messages, shown
from console.feeds.ingest import Ingest
from console.feeds.posts import Delivered, Message
from console.settings import Feed
from console.worker import Worker

log = structlog.get_logger(__name__)

MOST_FILES = 20_000  # of one look
TOGETHER, TOGETHER_BYTES = 100, 48 * 1024  # of one transaction; a table's piece has thousands of cells
_COMMIT_S = 60.0
_UNFINISHED = (".tmp", ".part", ".partial", ".crdownload", ".filepart", ".swp")


class _Look(NamedTuple):
    """What tells whether a file has changed."""

    size: int
    changed_ns: int
    number: int


class Watching:
    """One feed's folder. `start` and `stop` once each."""

    def __init__(
        self, name: str, feed: Feed, ingest: Ingest, clock: Clock, base: Path, encodings: tuple[str, ...]
    ) -> None:
        assert feed.folder is not None
        self._name, self._feed, self._table = name, feed, feed.folder
        self._ingest, self._clock, self._encodings = ingest, clock, encodings
        self._folder = base / Path(feed.folder.path).expanduser()
        self._pattern = unicodedata.normalize("NFC", feed.folder.pattern)
        self._before: dict[str, _Look] = {}
        self._done = Remembered[tuple[_Look, str]](MOST_FILES)  # by name; and what is wrong with it
        self._contents = Remembered[bool](MOST_FILES)
        self._worker = Worker(f"folder-{name}", self._step)

    def start(self) -> None:
        """Begin; once only."""
        self._worker.start()

    def halt(self) -> None:
        """Ask it to end, without waiting."""
        self._worker.stop(0.0)

    def stop(self) -> None:
        """End after the piece that is being stored; its file stays. Twice is harmless."""
        self._worker.stop(_COMMIT_S)

    def kick(self) -> None:
        """Look now."""
        self._worker.kick()

    def _step(self, wait: Callable[[float], bool]) -> None:
        try:
            found = self._looked()
        except OSError as error:
            self._before.clear()
            why = f"{shown(str(self._folder))}: cannot be looked at ({error.strerror})"
            self._ingest.proofs.fails(self._name, why)
            wait(self._table.every_s)
            return
        complete = sorted(
            (look.changed_ns, name) for name, look in found.items() if self._before.get(name) == look
        )
        self._before = found
        trouble = ""
        for _, name in complete:
            if wait(0.0):
                return
            known = self._done.get(name)
            if known is None or known[0] != found[name]:
                trouble = self._tried(name, found[name], wait)
                if trouble:
                    break  # the stick is gone, or the disk refuses: so it would be for the others
        if trouble:
            self._ingest.proofs.fails(self._name, trouble)
        else:
            self._ingest.proofs.works(self._name, self._note(found))
        wait(self._table.every_s)

    def _note(self, found: dict[str, _Look]) -> str:
        """What a person should know of files that lie here though they were looked into."""
        wrong = [known[1] for name in found if (known := self._done.get(name)) is not None and known[1]]
        return f"{wrong[0]}; {len(wrong) - 1} more" if len(wrong) > 1 else "".join(wrong)

    def _looked(self) -> dict[str, _Look]:
        """The files that fit, as they are now."""
        found: dict[str, _Look] = {}
        with os.scandir(self._folder) as entries:
            for entry in entries:
                if not self._fits(entry.name) or not entry.is_file(follow_symlinks=False):
                    continue
                status = entry.stat(follow_symlinks=False)
                if status.st_size:
                    found[entry.name] = _Look(status.st_size, status.st_mtime_ns, status.st_ino)
                if len(found) >= MOST_FILES:
                    break
        return found

    def _fits(self, name: str) -> bool:
        whole = unicodedata.normalize("NFC", name)
        if whole.startswith((".", "~")) or whole.lower().endswith(_UNFINISHED):
            return False
        return fnmatch.fnmatchcase(whole.lower(), self._pattern.lower())

    def _tried(self, name: str, look: _Look, wait: Callable[[float], bool]) -> str:
        """Read one file; why reading must rest, "" to go on with the next."""
        path = self._folder / name
        try:
            digest = _digest(path)
            if self._contents.get(digest) is None:
                done = self._read(path, wait)
                if done is None:
                    return ""  # we are ending; the file is read again
                if not done.stored and not done.duplicate:
                    self._done.put(name, (look, f"{shown(name)}: nothing in it can be read"))
                    log.warning("file", feed=self._name, file=shown(name), unreadable=done.set_aside)
                    return ""
                self._contents.put(digest, True)
                log.info("file", feed=self._name, file=shown(name), **_counts(done))
            self._put_away(path, name, look)
        except FileNotFoundError:
            return ""  # somebody took it away
        except PermissionError as error:
            self._done.put(name, (look, f"{shown(name)}: cannot be read ({error.strerror})"))
        except OSError as error:
            return f"{shown(name)}: cannot be read ({error.strerror})"
        except ConsoleError as error:
            return str(error)
        return ""

    def _read(self, path: Path, wait: Callable[[float], bool]) -> Delivered | None:
        """Store all of it; what became of it, None if we end before that."""
        done = Delivered()
        for some in batches(messages(path, self._name, self._feed, self._encodings)):
            if wait(0.0):
                return None
            future = self._ingest.deliver(self._name, some)
            try:
                done = done.plus(future.result(_COMMIT_S))
            except NotInTime as error:
                future.cancel()
                raise Unavailable("the store is busy") from error
        return done

    def _put_away(self, path: Path, name: str, look: _Look) -> None:
        """Move a file that is on disk as a whole, unless it has changed meanwhile or shall stay."""
        status = path.stat(follow_symlinks=False)
        if _Look(status.st_size, status.st_mtime_ns, status.st_ino) != look:
            return  # it goes on growing, and is read again
        self._done.put(name, (look, ""))
        if self._table.after == "keep":
            return
        try:
            (self._folder / "read").mkdir(exist_ok=True)
            path.rename(_free(self._folder / "read" / name, self._clock))
        except OSError as error:
            self._done.put(name, (look, f"{shown(name)}: is read, but not moved to read ({error.strerror})"))


def batches(all_: Iterator[Message]) -> Iterator[list[Message]]:
    """As many at a time as one short transaction takes: events wait meanwhile."""
    some: list[Message] = []
    size = 0
    for message in all_:
        some.append(message)
        size += len(message[1])
        if size >= TOGETHER_BYTES or len(some) >= TOGETHER:
            yield some
            some, size = [], 0
    if some:
        yield some


def _digest(path: Path) -> str:
    total = sha256()
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            total.update(piece)
    return total.hexdigest()


def _free(wanted: Path, clock: Clock) -> Path:
    """A name that is not taken: a second file of one name gets the time of its reading."""
    return wanted.with_stem(f"{wanted.stem}-{clock.now_ms()}") if wanted.exists() else wanted


def _counts(done: Delivered) -> dict[str, int]:
    return {"stored": done.stored, "set_aside": done.set_aside, "duplicate": done.duplicate}
