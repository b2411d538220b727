"""The backups of a running core: when one is due, its making as a long task, and what goes then."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import structlog

from console.backup import backups, journal
from console.backup.journal import Journal
from console.clock import Clock
from console.errors import Refused, StoreError, Unavailable
from console.newest import Newest
from console.settings import Settings
from console.tasks import Task, Tasks
from db.workings import Progress

log = structlog.get_logger(__name__)

_AGAIN_MS = 10 * 60_000
_HOUR_MS = 3_600_000


class Backed(Protocol):
    """What a core is to its backups."""

    folder: Path
    backups: Path
    settings: Settings
    clock: Clock
    newest: Newest
    tasks: Tasks
    journal: Journal

    @property
    def blobs(self) -> Path: ...


class BackupWork:
    """Makes the backups of one core; any thread may ask. `skipped` says why none is made now, "" if it is."""

    def __init__(self, core: Backed, key: bytes) -> None:
        self._core, self._key = core, key
        self._tried_ms: int | None = None
        self.skipped = ""

    def if_due(self, shed: str) -> None:
        """Start one if the newest proved one is too old; `shed` says why nothing may be written."""
        core = self._core
        now_ms, proved = core.clock.now_ms(), self._newest_ms()
        is_due = proved is None or not 0 <= now_ms - proved < core.settings.backups.every_hours * _HOUR_MS
        tried = self._tried_ms
        if not is_due or (tried is not None and 0 <= now_ms - tried < _AGAIN_MS):
            return
        if shed:
            if shed != self.skipped:
                log.warning("backup.skipped", reason=shed)
            self.skipped = shed
            return
        self._tried_ms = now_ms
        try:
            self.start()
        except Refused:
            pass  # one is being made

    def start(self, folder: str = "") -> Progress:
        """Make one now, in `folder` if that is named; raises Refused while another is made."""
        self.skipped = ""
        target = Path(folder) if folder else self._core.backups
        return self._core.tasks.start("backup", lambda task: self._run(task, target))

    def every(self) -> dict[str, Any]:
        """The backups, newest first, and why the next one waits."""
        core = self._core
        return {
            "folder": str(core.backups),
            "every_hours": core.settings.backups.every_hours,
            "skipped": self.skipped,
            "journal": core.journal.state._asdict(),
            "backups": backups.every(core.backups),
        }

    def _newest_ms(self) -> int | None:
        return max(
            (each.at_ms for each in backups.every(self._core.backups) if each.verified_ms), default=None
        )

    def _run(self, task: Task, folder: Path) -> str:
        core, limits = self._core, self._core.settings.backups
        number = core.journal.rotate()
        made = backups.make(
            core.folder / "ops.db", folder, self._key, core.clock, journal=number, told=task.at
        )
        core.newest.publish([made])
        path = folder / made.name
        if made.verified_ms is None:
            raise StoreError(f"{path}: was written but does not hold ({made.detail})")
        if folder == core.backups:
            self._let_go(limits.keep, limits.keep_days)
        missing = backups.missing_blobs(path, core.blobs)
        log.info("backup.made", file=made.name, entries=made.entries, blobs_missing=len(missing))
        return str(path)

    def _let_go(self, keep: int, keep_days: int) -> None:
        """Rotate the backups, and let the journal go that none of them needs."""
        core = self._core
        try:
            backups.rotate(core.backups, keep=keep, keep_days=keep_days, now_ms=core.clock.now_ms())
            needed = backups.journal_needed(core.backups)
            if needed is not None:
                journal.prune(core.journal.folder, needed)
        except OSError as error:
            raise Unavailable(f"{core.backups}: old backups cannot be removed ({error.strerror})") from error
