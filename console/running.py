"""What the parts of a running core may know of it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from sqlite_utils import Database

from console.backup.journal import Journal
from console.backup.work import BackupWork
from console.clock import Clock
from console.disk import DiskWatch
from console.engine import Engine
from console.feeds.ingest import Ingest
from console.link import Hello
from console.newest import Newest
from console.settings import Settings
from console.startup import Found
from console.tasks import Tasks


class CameraReports:
    """What a screen said last of the camera processes that it keeps; any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._workers: tuple[int, ...] = ()
        self._at_ms: int | None = None

    def take(self, workers: Sequence[int], at_ms: int) -> None:
        """A screen watches the cameras with these processes."""
        with self._lock:
            self._workers, self._at_ms = tuple(workers), at_ms

    @property
    def workers(self) -> tuple[int, ...]:
        """The camera processes."""
        with self._lock:
            return self._workers

    @property
    def at_ms(self) -> int | None:
        """When a screen last said how the cameras are; None if none has."""
        with self._lock:
            return self._at_ms


class Running(Protocol):
    """A core, as its questions, its status and its housekeeping see it."""

    folder: Path
    settings: Settings
    clock: Clock
    newest: Newest
    engine: Engine
    ingest: Ingest
    found: list[Found]
    camera_reports: CameraReports
    tasks: Tasks
    disk: DiskWatch
    backup_work: BackupWork
    journal: Journal
    stopping: threading.Event
    packs_base: Path

    @property
    def blobs(self) -> Path: ...

    def open_ops_reader(self) -> Database:
        """A read-only connection; the caller closes it soon."""

    def open_feed_reader(self) -> Database:
        """A read-only connection; the caller closes it soon."""

    def ask_for_gap(self, gap_id: int, feed: str) -> None:
        """Have a source asked now for what did not arrive."""

    def seats(self) -> list[Hello]:
        """Who is connected now."""

    def clock_offset(self) -> tuple[float, int] | None:
        """(ms that our clock is ahead of the centre's, when that was seen), or None."""
