"""Keeps the roles of one console running: what ends unasked comes back.

The supervisor holds no state that matters. It starts a core when the data
folder has none, joins a core that another supervisor keeps, and ends when
the operator closes the screen.
"""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Literal

import msgspec
import structlog

from console import lifeline
from console.clock import Clock

log = structlog.get_logger(__name__)

HELD = 3
"""Exit status of a core whose data folder another core holds."""

FAULT = 2
"""Exit status of a role that a person must help: settings, rights, disk."""

_POLL_S = 0.1
_FIRST_S = 0.2
_MOST_S = 2.0  # a role is back within 3 s, however often it dies
_LOOK_AGAIN_S = 1.0


class Part(msgspec.Struct, frozen=True):
    """One role to keep: its command, and what its own orderly end means."""

    name: str
    command: tuple[str, ...]
    when_done: Literal["restart", "end all"] = "restart"


class _Kept:
    """A part with its process."""

    def __init__(self, part: Part) -> None:
        self.part = part
        self.process: subprocess.Popen[bytes] | None = None
        self.deaths = 0
        self.start_at = 0.0
        self.started_at = 0.0


class Supervisor:
    """Starts parts, and starts them again with backoff of 0.2 to 2 s.

    `run` blocks until `stop` is called from another thread or a signal, or
    until a part whose end ends all has ended; it returns that part's exit
    status, else 0. All processes have ended when it returns.
    """

    def __init__(
        self,
        parts: Sequence[Part],
        clock: Clock,
        *,
        tell: Callable[[str], None] = lambda line: None,
        cwd: Path | None = None,
        stderr: IO[bytes] | None = None,
    ) -> None:
        self._kept = [_Kept(part) for part in parts]
        self._clock = clock
        self._tell = tell
        self._cwd = cwd
        self._stderr = stderr
        self._stop = threading.Event()
        self._status = 0

    def stop(self) -> None:
        """End everything; callable from anywhere, twice is harmless."""
        self._stop.set()

    def pids(self) -> dict[str, int]:
        """The processes that run now."""
        return {k.part.name: k.process.pid for k in self._kept if k.process and k.process.poll() is None}

    def run(self) -> int:
        try:
            while not self._stop.is_set():
                for kept in self._kept:
                    self._look_after(kept)
                self._stop.wait(_POLL_S)
        finally:
            for kept in reversed(self._kept):
                if kept.process is not None:
                    lifeline.end(kept.process)
        return self._status

    def _look_after(self, kept: _Kept) -> None:
        now = self._clock.monotonic_s()
        if kept.process is None:
            if now >= kept.start_at:
                kept.process = lifeline.start(kept.part.command, cwd=self._cwd, stderr=self._stderr)
                kept.started_at = now
            return
        status = kept.process.poll()
        if status is not None:
            if kept.process.stdin is not None:
                kept.process.stdin.close()
            kept.process = None
            self._ended(kept, status, now)

    def _ended(self, kept: _Kept, status: int, now: float) -> None:
        if status == HELD:
            kept.start_at = now + _LOOK_AGAIN_S
            return
        if status == FAULT or (status == 0 and kept.part.when_done == "end all"):
            self._status = status
            self._stop.set()
            return
        kept.deaths = 1 if now - kept.started_at > 30 else kept.deaths + 1
        kept.start_at = now + min(_MOST_S, _FIRST_S * 2 ** min(kept.deaths - 1, 8))
        log.warning("role.ended", role=kept.part.name, status=status, deaths=kept.deaths)
        self._tell(f"{kept.part.name} ended with {status}; it is started again")
