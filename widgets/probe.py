"""Measures when a value is painted: the far end of `gwanje bench pixel`."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TextIO

from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from console.clock import Clock, SystemClock
from db.records import Latest
from widgets import theme
from widgets.bridge import Bridge

SOURCE, QUANTITY = "counter", "level"
_BEAT_MS, _GAP_MS = 10, 30


class Probe(QWidget):
    """A small window that shows the counter of the benchmark and notes when it painted what.

    Each painted number is a line `<number>,<ns>` of the file: the value as it
    came, and the machine's monotonic clock when the painting was done. A file
    beside it (`.gaps`) has `<ns>,<ms>` for each time that the GUI thread did not
    come round for 30 ms or more.
    """

    def __init__(self, bridge: Bridge, file: Path, clock: Clock | None = None) -> None:
        super().__init__()
        self._clock = clock or SystemClock()
        self._value: Any = None
        self._painted: Any = None
        self._file: TextIO = file.open("w", encoding="ascii", buffering=1)
        self._gaps: TextIO = file.with_suffix(".gaps").open("w", encoding="ascii", buffering=1)
        self._beaten_s = self._clock.monotonic_s()
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(_BEAT_MS)
        self._timer.timeout.connect(self._beat)
        self._timer.start()
        self.setWindowFlag(Qt.WindowType.Tool)
        self.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
        self.resize(220, 40)
        bridge.changed.connect(self._take)
        self.show()

    @Slot()
    def _beat(self) -> None:
        now_s = self._clock.monotonic_s()
        gap_ms = (now_s - self._beaten_s) * 1000
        self._beaten_s = now_s
        if gap_ms >= _GAP_MS:
            self._gaps.write(f"{round(now_s * 1e9)},{gap_ms:.1f}\n")

    @Slot(object)
    def _take(self, records: tuple[Any, ...]) -> None:
        for record in records:
            if isinstance(record, Latest) and (record.source, record.quantity) == (SOURCE, QUANTITY):
                self._value = record.value
                self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(theme.PANEL))
        painter.setPen(QColor(theme.TEXT))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, str(self._value))
        painter.end()
        if self._value is not None and self._value != self._painted:
            self._painted = self._value
            self._file.write(f"{self._value},{round(self._clock.monotonic_s() * 1e9)}\n")

    def stop(self) -> None:
        """Close the window and the file."""
        self._timer.stop()
        self.close()
        self._file.close()
        self._gaps.close()
