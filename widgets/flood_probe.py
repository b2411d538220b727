"""Measures the GUI thread through a flood of alarms: the screen's end of `gwanje bench B7`."""

from __future__ import annotations

import time
from array import array
from pathlib import Path
from typing import TextIO

from PySide6.QtCore import QObject, Qt, QTimer, Slot

from console.clock import Clock, SystemClock
from widgets.alarm_panel import AlarmPanel

_BEAT_MS = 10
_COUNT_MS = 500


class FloodProbe(QObject):
    """Beats every 10 ms in the loop of the whole window.

    At the end the file has `<ns>,<ms>,<ms>` for every time that the loop came round: when, how
    long after the time before, and how much of that this thread was computing. A file beside it
    (`.rows`) gets `<ns>,<alarms>,<rows>` every half second: the alarms that the screen holds,
    and the rows of the list.
    """

    def __init__(self, alarms: AlarmPanel, file: Path, clock: Clock | None = None) -> None:
        super().__init__()
        self._clock = clock or SystemClock()
        self._alarms, self._file = alarms, file
        self._at_ns, self._gaps_ms, self._own_ms = array("q"), array("d"), array("d")
        self._rows: TextIO = file.with_suffix(".rows").open("w", encoding="ascii", buffering=1)
        self._beaten_s, self._used_s = self._clock.monotonic_s(), time.thread_time()
        self._beat_timer = QTimer(self)
        self._beat_timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._beat_timer.setInterval(_BEAT_MS)
        self._beat_timer.timeout.connect(self._beat)
        self._count_timer = QTimer(self)
        self._count_timer.setInterval(_COUNT_MS)
        self._count_timer.timeout.connect(self._count)
        self._beat_timer.start()
        self._count_timer.start()

    def stop(self) -> None:
        """Write down what was measured."""
        self._beat_timer.stop()
        self._count_timer.stop()
        self._count()
        self._rows.close()
        new = self._file.with_suffix(".new")
        with new.open("w", encoding="ascii") as lines:
            lines.writelines(
                f"{at},{gap:.2f},{own:.2f}\n"
                for at, gap, own in zip(self._at_ns, self._gaps_ms, self._own_ms, strict=True)
            )
        new.replace(self._file)

    @Slot()
    def _beat(self) -> None:
        now_s, used_s = self._clock.monotonic_s(), time.thread_time()
        self._at_ns.append(round(now_s * 1e9))
        self._gaps_ms.append((now_s - self._beaten_s) * 1000)
        self._own_ms.append((used_s - self._used_s) * 1000)
        self._beaten_s, self._used_s = now_s, used_s

    @Slot()
    def _count(self) -> None:
        model = self._alarms.model
        at = round(self._clock.monotonic_s() * 1e9)
        self._rows.write(f"{at},{len(model.every())},{model.rowCount()}\n")
