"""Measures when a value is painted: the far end of `gwanje bench pixel`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TextIO

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from console.clock import Clock, SystemClock
from db.records import Latest
from widgets import theme
from widgets.bridge import Bridge


class Probe(QWidget):
    """A small window that shows one series and writes down when each value was painted.

    `order` is a JSON file with `source` and `quantity`. Beside it, with
    `.times` added, each painted value becomes a line `<value> <ms>`: the value
    as it came and the wall clock after painting it.
    """

    def __init__(self, bridge: Bridge, order: Path, clock: Clock | None = None) -> None:
        super().__init__()
        wanted = json.loads(order.read_text(encoding="utf-8"))
        self._series = (str(wanted["source"]), str(wanted["quantity"]))
        self._clock = clock or SystemClock()
        self._value: Any = None
        self._painted: Any = None
        self._file: TextIO = order.with_name(order.name + ".times").open("w", encoding="utf-8", buffering=1)
        self.setWindowFlag(Qt.WindowType.Tool)
        self.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
        self.resize(220, 40)
        bridge.changed.connect(self._take)
        self.show()

    @Slot(object)
    def _take(self, records: tuple[Any, ...]) -> None:
        for record in records:
            if isinstance(record, Latest) and (record.source, record.quantity) == self._series:
                self._value = record.value
                self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.PANEL)
        painter.setPen(theme.TEXT)
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, str(self._value))
        painter.end()
        if self._value is not None and self._value != self._painted:
            self._painted = self._value
            self._file.write(f"{self._value} {self._clock.now_ms()}\n")

    def stop(self) -> None:
        """Close the window and the file."""
        self.close()
        self._file.close()
