"""One cam process as the pool sees it: a pipe to it, its lines, its pulse."""

from __future__ import annotations

import contextlib
import logging
import queue
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import msgspec

from console.cameras import control

log = logging.getLogger(__name__)

_CHECKOUT = Path(__file__).resolve().parents[2]  # so that `-m console` works from anywhere
START_PATIENCE_S = 20.0  # until the first beat: a cold disk, a busy machine
BEAT_PATIENCE_S = 2.0

Inbox = queue.SimpleQueue["tuple[CamProcess, control.ToPool | None] | None"]


class CamProcess:
    """A running cam process; what it says goes into `inbox`, None there means it ended."""

    def __init__(self, number: int, command: Sequence[str], inbox: Inbox, folder: Path, now_s: float) -> None:
        self.number = number
        self.beats = 0
        self.pulse_s = now_s
        self.empty_s: float | None = None
        self._inbox = inbox
        self._complaints = folder / f"cam-{number}.stderr"
        with self._complaints.open("wb") as complaints:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=complaints,
                cwd=_CHECKOUT,
                start_new_session=sys.platform != "win32",  # Ctrl-C is for the console
            )
        self._reader = threading.Thread(target=self._read, name=f"cam {number} lines", daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def send(self, message: control.ToWorker) -> None:
        """Write one line; a process that is gone will be noticed by its end of output."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError, ValueError):
            self._process.stdin.write(control.line(message))
            self._process.stdin.flush()

    def is_silent(self, now_s: float) -> bool:
        """Whether its pulse has been away for too long."""
        return now_s - self.pulse_s > (BEAT_PATIENCE_S if self.beats else START_PATIENCE_S)

    def let_go(self) -> None:
        """Close its stdin, which ends a healthy process."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()

    def end(self, patience_s: float) -> None:
        """End it, by force after `patience_s`, and take its remains away."""
        self.let_go()
        try:
            self._process.wait(patience_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join(2.0)
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._report()

    def _report(self) -> None:
        with contextlib.suppress(OSError):
            text = self._complaints.read_bytes()[-2000:].decode("utf-8", "replace").strip()
            self._complaints.unlink()
            if text:
                log.warning("cam process %d said: %s", self.number, control.without_urls(text))

    def _read(self) -> None:
        decoder = msgspec.json.Decoder(control.ToPool)
        assert self._process.stdout is not None
        with contextlib.suppress(OSError, ValueError):
            for line in self._process.stdout:
                try:
                    self._inbox.put((self, decoder.decode(line)))
                except msgspec.MsgspecError:
                    log.warning("cam process %d sent an unreadable line", self.number)
        self._inbox.put((self, None))
