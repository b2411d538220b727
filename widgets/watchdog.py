"""Writes down where the GUI thread stands when it has stood still for too long."""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from logging.handlers import RotatingFileHandler
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Slot

from console.clock import Clock, SystemClock

STILL_S = 0.25
_BEAT_MS = 50


class Watchdog(QObject):
    """Beats in the GUI thread; a thread of its own listens and writes the stack into a file.

    One line of stack per standstill; the file rotates at 1 MB.
    """

    def __init__(self, file: Path, clock: Clock | None = None, still_s: float = STILL_S) -> None:
        super().__init__()
        self._clock = clock or SystemClock()
        self._still_s = still_s
        self._beaten_s = self._clock.monotonic_s()
        self._gui_thread = threading.get_ident()
        self._stop = threading.Event()
        self.stalls = 0
        file.parent.mkdir(parents=True, exist_ok=True)
        self._file = RotatingFileHandler(file, maxBytes=1_000_000, backupCount=2, encoding="utf-8")
        self._file.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
        self._timer = QTimer(self)
        self._timer.setInterval(_BEAT_MS)
        self._timer.timeout.connect(self._beat)
        self._thread = threading.Thread(target=self._listen, name="watchdog", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._beat()
        self._timer.start()
        self._thread.start()

    def stop(self) -> None:
        """Stop watching and close the file."""
        self._timer.stop()
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(2)
        self._file.close()

    @Slot()
    def _beat(self) -> None:
        self._beaten_s = self._clock.monotonic_s()

    def _listen(self) -> None:
        written_s = 0.0
        while not self._stop.wait(self._still_s / 5):
            beaten_s = self._beaten_s
            still_s = self._clock.monotonic_s() - beaten_s
            if still_s >= self._still_s and beaten_s != written_s:
                written_s = beaten_s
                self.stalls += 1
                self._write(still_s)

    def _write(self, still_s: float) -> None:
        frame = sys._current_frames().get(self._gui_thread)
        stack = "".join(traceback.format_stack(frame)) if frame is not None else "(no Python frame)\n"
        text = f"the window has stood still for {still_s * 1000:.0f} ms at\n{stack}"
        self._file.emit(logging.LogRecord("watchdog", logging.WARNING, "", 0, text, None, None))
