"""Measures when a value is painted: the far end of `gwanje bench pixel`."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TextIO

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from console.clock import Clock, SystemClock
from db.records import Latest
from widgets import theme
from widgets.bridge import Bridge

SOURCE, QUANTITY = "counter", "level"


class Probe(QWidget):
    """A small window that shows the counter of the benchmark and notes when it painted what.

    Each painted number is a line `<number>,<ns>` of the file: the value as it
    came, and the machine's monotonic clock when the painting was done.
    """

    def __init__(self, bridge: Bridge, file: Path, clock: Clock | None = None) -> None:
        super().__init__()
        self._clock = clock or SystemClock()
        self._value: Any = None
        self._painted: Any = None
        self._file: TextIO = file.open("w", encoding="ascii", buffering=1)
        self.setWindowFlag(Qt.WindowType.Tool)
        self.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
        self.resize(220, 40)
        bridge.changed.connect(self._take)
        self.show()

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
        self.close()
        self._file.close()
