"""Values of one quantity as shades over the ground; old values fade and are left out."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from PySide6.QtCore import QObject, QRectF, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QColor, QFontMetrics, QImage, QLinearGradient, QPainter

from widgets import theme
from widgets.bridge import Bridge
from widgets.map_cluster import Floats
from widgets.map_frame import Datum, Frame
from widgets.words import Words

REFRESH_MS = 10_000
CELL_PX = 8
REACH_CELLS = 5  # how far a value reaches
OLD = 3.0  # times as old as fresh: left out
_MARGIN = 0.3  # of the window, worked out around it
_SOON_MS = 30
_LOW, _HIGH = "#24434d", "#c9efe6"  # one hue: shades of a measurement are no alarm
_OPAQUE = 0.62

Grid = np.ndarray[tuple[int, int], np.dtype[np.float64]]


class Values(NamedTuple):
    """Placed values: metres, value, and a weight of 1 (fresh) to 0 (too old)."""

    x: Floats
    y: Floats
    value: Floats
    weight: Floats
    unit: str


class HeatLayer(QObject):
    """The shades of the chosen quantity.

    Signals:
        changed: there is something else to draw.
    """

    changed = Signal()

    def __init__(self, bridge: Bridge, words: Words) -> None:
        super().__init__()
        self._bridge, self._words = bridge, words
        self.quantity = ""
        self.error = ""
        self._answer: dict[str, Any] = {}
        self._values: Values | None = None
        self._datum: Datum | None = None
        self._image: QImage | None = None
        self._covers = QRectF()
        self._scale = 0.0
        self._frame: Frame | None = None
        self.low, self.high = 0.0, 1.0
        self._refresh = QTimer(self)
        self._refresh.setInterval(REFRESH_MS)
        self._refresh.timeout.connect(self.read)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(_SOON_MS)
        self._soon.timeout.connect(self._work_out)

    def choose(self, quantity: str) -> None:
        """Show this quantity from now on; none with an empty name."""
        self.quantity, self.error = quantity, ""
        self._values = self._image = None
        self._answer = {}
        if quantity:
            self._refresh.start()
            self.read()
        else:
            self._refresh.stop()
        self.changed.emit()

    @property
    def counts(self) -> tuple[int, int]:
        """How many values are shown, and how many are left out since they are too old."""
        if self._values is None:
            return 0, 0
        shown = int(np.count_nonzero(self._values.weight))
        return shown, self._values.weight.size - shown

    @Slot()
    def read(self) -> None:
        """Ask for the newest values."""
        if self.quantity:
            self._bridge.query("map.values", {"quantity": self.quantity}, self._take)

    def _take(self, value: Any, error: str) -> None:
        self.error = error
        if error or not isinstance(value, dict) or value.get("quantity") != self.quantity:
            self.changed.emit()
            return
        self._answer, self._datum = value, None
        self._soon.start()

    def _place(self, datum: Datum) -> None:
        read = {
            name: np.frombuffer(self._answer[name], dtype="<f8")
            for name in ("lon", "lat", "value", "age_s", "fresh_s")
        }
        x, y = datum.project(read["lon"], read["lat"])
        old = read["age_s"] / np.maximum(read["fresh_s"], 1.0)
        weight = np.clip((OLD - old) / (OLD - 1), 0.0, 1.0)
        self._values = Values(x, y, read["value"], weight, str(self._answer["unit"]))
        self._datum = datum
        shown = read["value"][weight > 0]
        if shown.size:
            low, high = (float(each) for each in np.percentile(shown, (2, 98)))
            self.low, self.high = (low, high) if high > low else (low - 0.5, low + 0.5)

    @Slot()
    def _work_out(self) -> None:
        """Shade the window and some ground around it."""
        frame = self._frame
        if frame is None or not self._answer or not self.quantity:
            return
        if frame.datum != self._datum:
            self._place(frame.datum)
        values = self._values
        if values is None:
            return
        cell = CELL_PX * frame.scale
        seen = frame.area
        area = seen.adjusted(
            -seen.width() * _MARGIN, -seen.height() * _MARGIN, seen.width() * _MARGIN, seen.height() * _MARGIN
        )
        columns, rows = int(area.width() / cell) + 1, int(area.height() / cell) + 1
        column = ((values.x - area.left()) / cell).astype(np.int64)
        row = ((values.y - area.top()) / cell).astype(np.int64)
        inside = (column >= 0) & (column < columns) & (row >= 0) & (row < rows) & (values.weight > 0)
        at = row[inside] * columns + column[inside]
        weight = values.weight[inside]
        sums = [weight, weight * values.value[inside]]
        mass, total = (
            _blurred(np.bincount(at, each, rows * columns).astype(np.float64).reshape(rows, columns))
            for each in sums
        )
        self._image = shaded(mass, total, self.low, self.high)
        self._covers = QRectF(area.left(), area.top(), columns * cell, rows * cell)
        self._scale = frame.scale
        self.changed.emit()

    def paint(self, painter: QPainter, frame: Frame) -> None:
        """Draw the shades; they are worked out anew soon where they do not fit any more."""
        if not self.quantity:
            return
        self._frame = frame
        fits = frame.scale == self._scale and self._covers.contains(frame.area)
        if not fits and self._answer and not self._soon.isActive():
            self._soon.start()
        if self._image is not None:
            corner = frame.point(self._covers.left(), self._covers.top())
            size = self._covers.size() / frame.scale
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(QRectF(corner, size), self._image)

    def paint_legend(self, painter: QPainter, frame: Frame) -> None:
        """The scale at the upper right: quantity, unit, how many values."""
        if not self.quantity:
            return
        words, unit = self._words, str(self._answer.get("unit", "1"))
        name = f"{words.quantity(self.quantity)} {words.unit(unit)}".strip()
        shown, old = self.counts
        told = words.text("map.heat_counts", shown=f"{shown:,}", old=f"{old:,}") if shown or old else ""
        told = self.error or told or words.text("map.heat_none")
        ends = (words.value(self.low, "1"), words.value(self.high, "1"))
        font = theme.font(13)
        metrics = QFontMetrics(font)
        wide = max(180, metrics.horizontalAdvance(name), metrics.horizontalAdvance(told)) + 16
        box = QRectF(frame.width - wide - 8, 8, wide, 66)
        ground = QColor(theme.GROUND)
        ground.setAlpha(225)
        painter.fillRect(box, ground)
        painter.setFont(font)
        painter.setPen(QColor(theme.TEXT))
        painter.drawText(box.adjusted(8, 4, -8, 0), Qt.AlignmentFlag.AlignLeft, name)
        bar = QRectF(box.left() + 8, box.top() + 24, wide - 16, 8)
        shades = QLinearGradient(bar.topLeft(), bar.topRight())
        shades.setColorAt(0, QColor(_LOW))
        shades.setColorAt(1, QColor(_HIGH))
        painter.fillRect(bar, shades)
        painter.setPen(QColor(theme.DIM))
        line = box.adjusted(8, 32, -8, 0)
        painter.drawText(line, Qt.AlignmentFlag.AlignLeft, ends[0])
        painter.drawText(line, Qt.AlignmentFlag.AlignRight, ends[1])
        painter.drawText(box.adjusted(8, 48, -8, 0), Qt.AlignmentFlag.AlignLeft, told)


def shaded(mass: Grid, total: Grid, low: float, high: float) -> QImage:
    """Sums of weights and of weighted values as a picture; clear where there is no value."""
    known = mass > 1e-4
    mean = np.where(known, total / np.where(known, mass, 1.0), low)
    part = np.clip((mean - low) / (high - low), 0.0, 1.0)
    alpha = np.clip(mass / 0.012, 0.0, 1.0) * known * _OPAQUE
    rows, columns = mass.shape
    pixels = np.empty((rows, columns, 4), dtype=np.uint8)
    first, last = QColor(_LOW), QColor(_HIGH)
    for place, (begin, end) in enumerate(
        ((first.blue(), last.blue()), (first.green(), last.green()), (first.red(), last.red()))
    ):
        pixels[..., place] = (begin + (end - begin) * part) * alpha
    pixels[..., 3] = 255 * alpha
    image = QImage(pixels.tobytes(), columns, rows, columns * 4, QImage.Format.Format_ARGB32_Premultiplied)
    return image.copy()


def _blurred(grid: Grid) -> Grid:
    """Each cell as the mean around it, thrice, which comes near to a bell."""
    for _ in range(3):
        grid = _boxed(_boxed(grid, 0), 1)
    return grid


def _boxed(grid: Grid, axis: int) -> Grid:
    width = REACH_CELLS
    pad = [(0, 0), (0, 0)]
    pad[axis] = (width + 1, width)
    summed = np.cumsum(np.pad(grid, pad), axis=axis)
    size = grid.shape[axis]
    upper = np.take(summed, np.arange(2 * width + 1, 2 * width + 1 + size), axis=axis)
    lower = np.take(summed, np.arange(size), axis=axis)
    found: Grid = (upper - lower) / (2 * width + 1)
    return found
