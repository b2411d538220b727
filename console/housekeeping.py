"""What the core does by the clock: lamps of its own, retention, and the daily proof of order."""

from __future__ import annotations

from typing import Any

import structlog
from apscheduler.schedulers.base import BaseScheduler
from sqlite_utils import Database

from console.history.sealing import History
from console.running import Running
from db import commands
from db.records import CameraState, Lamp

log = structlog.get_logger(__name__)

_DAY_MS = 86_400_000
_REPORT_STALE_MS = 6_000  # three reports of a screen


class Housekeeping:
    """The jobs of one core's scheduler."""

    def __init__(self, core: Running) -> None:
        self._core = core
        self._history = History(core)
        clock = core.clock
        self._wall_from_ms, self._monotonic_from_s = clock.now_ms(), clock.monotonic_s()

    def schedule(self, scheduler: BaseScheduler) -> None:
        """Put every job on the scheduler."""
        scheduler.add_job(self.lamps, "interval", seconds=1, id="lamps")
        scheduler.add_job(self.back_up, "interval", seconds=20, id="backup")
        scheduler.add_job(self.seal, "interval", seconds=20, id="sealing")
        scheduler.add_job(self.retain, "interval", minutes=10, id="retention")

    def lamps(self) -> None:
        """Tell the state of disk, clock and cameras."""
        core = self._core
        core.newest.publish(
            [*core.ingest.lamps(), self._disk(), self._clock(), self._cameras(), self._alive()]
        )

    def seal(self) -> None:
        """Move readings that are judged and some hours old into chunks."""
        self._history.seal()

    def retain(self) -> None:
        """Let go of what is past its time, a small step at a time."""
        self._history.retain()
        before = self._history.now_ms() - self._core.settings.site.keep_days * _DAY_MS
        self._core.engine.submit(lambda db: _forget_commands(db, before)).result(60)

    def _alive(self) -> Lamp:
        """The core lives; its store of incidents may still refuse to be written."""
        core, state = self._core, self._core.engine.state
        fault = core.journal.state.fault
        if state.word == "ok" and fault:
            since_ms = core.journal.state.since_ms
            device = core.settings.site.device
            return Lamp("core", device, "warn", core.clock.now_ms(), since_ms=since_ms, detail=fault)
        return Lamp(
            "core",
            core.settings.site.device,
            "ok" if state.word == "ok" else "bad",
            core.clock.now_ms(),
            since_ms=None if state.word == "ok" else state.since_ms,
            detail=state.detail or state.word,
        )

    def _disk(self) -> Lamp:
        return self._core.disk.look(refuses=self._core.engine.state.word == "waiting")

    def back_up(self) -> None:
        """Begin a backup if one is due and the disk has room."""
        self._core.backup_work.if_due(self._core.disk.shed)

    def _clock(self) -> Lamp:
        """Our offset to the central platform's clock, else how far ours has jumped since the start."""
        clock = self._core.clock
        now_ms = clock.now_ms()
        jumped_ms = (now_ms - self._wall_from_ms) - round(
            (clock.monotonic_s() - self._monotonic_from_s) * 1000
        )
        offset = self._core.clock_offset()
        if offset is not None:
            offset_ms, proved_ms = offset
            state = "ok" if abs(offset_ms) < 1000 else "warn" if abs(offset_ms) < 60_000 else "bad"
            detail = f"{offset_ms:+.0f} ms to the central platform"
            return Lamp("clock", "central", state, proved_ms, number=offset_ms, detail=detail)  # type: ignore[arg-type]
        detail = f"No reference clock; moved by {jumped_ms:+} ms against itself since the start"
        state = "warn" if abs(jumped_ms) >= 1000 else "unknown"
        return Lamp("clock", "local", state, now_ms, number=jumped_ms, detail=detail)  # type: ignore[arg-type]

    def _cameras(self) -> Lamp:
        total = len(self._core.settings.cameras)
        if not total:
            return Lamp("camera", "all", "off", detail="The settings name no camera")
        states = [state for state in self._core.newest.of(CameraState) if state.state != "idle"]
        live = sum(state.state == "live" for state in states)
        reported_ms = self._core.camera_reports.at_ms
        now_ms = self._core.clock.now_ms()
        if reported_ms is None or now_ms - reported_ms > _REPORT_STALE_MS:
            detail = "No screen is watching the cameras"
            return Lamp("camera", "all", "unknown", reported_ms, total=total, detail=detail)
        detail = f"{live} live of {len(states)} that a screen is watching; {total} in the settings"
        state = "ok" if live == len(states) else "warn"
        return Lamp(
            "camera",
            "all",
            state,  # type: ignore[arg-type]  # a literal by construction
            reported_ms,
            number=live,
            total=total,
            among=len(states),
            detail=detail,
        )


def _forget_commands(db: Database, before: int) -> list[Any]:
    commands.forget_before(db, before)
    return []
