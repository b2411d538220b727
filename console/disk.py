"""The watermarks of the data folder's disk: warn, shed, stop, and last the reserve."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import structlog

from console.clock import Clock
from console.errors import Unavailable
from console.reserve import Reserve
from console.settings import Disk
from db.records import Lamp

log = structlog.get_logger(__name__)

_NEARLY_FULL_MIB = 8.0


def make_room(folder: Path) -> None:
    """Let the reserve go where the disk is so full that a start could not even write its marks."""
    if shutil.disk_usage(folder).free / 2**20 < _NEARLY_FULL_MIB:
        Reserve(folder, 0).let_go()


class DiskWatch:
    """Looks at the free room about once a second; `look` belongs to one thread, the rest to any.

    `hold` is told why feeds must not be acknowledged, "" when they may be.
    """

    def __init__(
        self,
        folder: Path,
        limits: Disk,
        clock: Clock,
        hold: Callable[[str], None],
        usage: Callable[[Path], tuple[int, int, int]] = shutil.disk_usage,
    ) -> None:
        self._folder, self._limits, self._clock = folder, limits, clock
        self._hold, self._usage = hold, usage
        self._reserve = Reserve(folder, limits.reserve_mib)
        self._free_mib: float | None = None

    @property
    def shed(self) -> str:
        """Why nothing that can be done without may be written; "" if it may."""
        free, limit = self._free_mib, self._limits.shed_mib
        if free is None or free >= limit:
            return ""
        return f"Only {free:,.0f} MiB are free; below {limit} MiB no backup, export or snapshot is written"

    def check_room(self) -> None:
        """Raise Unavailable where nothing that can be done without may be written."""
        if self.shed:
            raise Unavailable(self.shed)

    def look(self, *, refuses: bool) -> Lamp:
        """The lamp of the disk; `refuses` says that the store of acts cannot be written now."""
        try:
            total, _, free = self._usage(self._folder)
        except OSError as error:
            return Lamp("disk", "data", "bad", None, detail=f"The disk does not answer ({error.strerror})")
        free_mib = free / 2**20
        self._free_mib = free_mib
        self._care_for_reserve(free_mib, refuses=refuses)
        is_short = free_mib < self._limits.stop_mib
        self._hold(f"only {free_mib:.0f} MiB are free on the disk" if is_short else "")
        state, what = self._state(free_mib)
        return Lamp(
            "disk",
            "data",
            state,
            self._clock.now_ms(),
            number=100 * (1 - free / total) if total else None,
            total=free_mib,
            detail=f"{free_mib:,.0f} MiB free; {what}",
        )

    def _state(self, free_mib: float) -> tuple[Literal["ok", "warn", "bad"], str]:
        limits, reserve = self._limits, self._reserve
        if limits.reserve_mib and not reserve.is_held:
            return "bad", "the reserve has been let go for incidents and the log; feeds are not acknowledged"
        if free_mib < limits.stop_mib:
            what = f"below {limits.stop_mib} MiB: feeds are not acknowledged, their brokers keep the messages"
            return "bad", what
        if free_mib < limits.shed_mib:
            return "warn", f"below {limits.shed_mib} MiB: no backup, export or snapshot is written"
        if free_mib < limits.warn_mib:
            return "warn", f"below {limits.warn_mib} MiB"
        return "ok", f"warning below {limits.warn_mib} MiB"

    def _care_for_reserve(self, free_mib: float, *, refuses: bool) -> None:
        """Let the reserve go when acts cannot be written, make it again when there is room beside it."""
        reserve, limits = self._reserve, self._limits
        is_full = free_mib < _NEARLY_FULL_MIB or (refuses and free_mib < limits.stop_mib)
        if is_full and reserve.let_go():
            log.warning("reserve.let_go", free_mib=round(free_mib))
        has_room = free_mib >= limits.stop_mib + 2 * reserve.mib
        if has_room and not is_full and not reserve.is_held and reserve.make():
            log.info("reserve.made", mib=reserve.mib)
