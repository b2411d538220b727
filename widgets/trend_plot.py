"""The one module that draws with pyqtgraph: the history of a series, live at its right edge.

A band from the lowest to the highest value of each step, the mean as a line,
gaps as gaps, limits as lines. The right edge is now: when nothing comes any
more, the empty stretch between the last value and now is shaded and named.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt, Signal, Slot
from PySide6.QtGui import QColor, QPainter, QPicture, QPolygonF
from PySide6.QtWidgets import QGraphicsRectItem, QWidget

from db.alarm_records import Rule
from db.records import Trend
from widgets import figures, theme
from widgets.words import Words

Floats = np.ndarray[tuple[int], np.dtype[np.float64]]
_STEPS_S = (60, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800,
            2592000, 7862400)  # fmt: skip
_MONTH_S = 2592000
_MOST_LIVE = 20_000


@dataclass(frozen=True, slots=True)
class Curve:
    """What is drawn, by time in seconds; a row of NaN stands where data are missing."""

    times: Floats
    low: Floats
    high: Floats
    mean: Floats

    @property
    def last_s(self) -> float | None:
        """The time of the newest value."""
        known = self.times[~np.isnan(self.mean)]
        return float(known[-1]) if known.size else None


def no_curve() -> Curve:
    """Nothing to draw."""
    none = np.empty(0, dtype=np.float64)
    return Curve(none, none, none, none)


def gap_after_s(times: Floats, bucket_s: float) -> float:
    """How far apart two neighbours may stand before the line between them would be a lie."""
    if times.size < 3:
        return bucket_s * 2.5
    return max(bucket_s * 1.5, float(np.median(np.diff(times))) * 2.5)


def curve_of(trend: Trend, points: int) -> Curve:
    """The trend with a NaN in the middle of each gap."""
    times = np.asarray(trend.times, dtype=np.float64) / 1000
    columns = [np.asarray(each, dtype=np.float64) for each in (trend.low, trend.high, trend.mean)]
    bucket_s = max(1.0, (trend.until_ms - trend.since_ms) / 1000 / max(1, points))
    gaps = np.flatnonzero(np.diff(times) > gap_after_s(times, bucket_s))
    broken = np.insert(times, gaps + 1, (times[gaps] + times[gaps + 1]) / 2) if gaps.size else times
    low, high, mean = (np.insert(each, gaps + 1, np.nan) if gaps.size else each for each in columns)
    return Curve(broken, low, high, mean)


def joined(curve: Curve, at_s: float, value: float, gap_s: float) -> Curve:
    """The curve with one live value at its end; a value not newer than the last changes nothing."""
    last_s = curve.last_s
    if last_s is not None and at_s <= last_s:
        return curve
    times, values = [at_s], [value]
    if last_s is not None and at_s - last_s > gap_s:
        times, values = [(last_s + at_s) / 2, at_s], [math.nan, value]
    first = max(0, curve.times.size + len(times) - _MOST_LIVE)
    low, high, mean = (np.append(each[first:], values) for each in (curve.low, curve.high, curve.mean))
    return Curve(np.append(curve.times[first:], times), low, high, mean)


class _LocalAxis(pg.AxisItem):  # type: ignore[misc]
    """Times of the site's zone, ticks on whole minutes, hours and days of that zone."""

    def __init__(self, words: Words) -> None:
        super().__init__(orientation="bottom")
        self._zone = words.zone
        self.enableAutoSIPrefix(False)

    def tickValues(self, first_s: float, last_s: float, size: float) -> list[tuple[float, list[float]]]:
        wanted = max(1.0, (last_s - first_s) / max(2.0, size / 90))
        step = next((each for each in _STEPS_S if each >= wanted), _STEPS_S[-1])
        offset = self._offset_s(first_s)
        first = math.ceil((first_s + offset) / step) * step - offset
        return [(step, [first + n * step for n in range(int((last_s - first) // step) + 1)])]

    def tickStrings(self, values: Sequence[float], scale: float, spacing: float) -> list[str]:
        return [self._label(value, spacing) for value in values]

    def _label(self, value: float, spacing: float) -> str:
        at = _local(value, self)
        if at is None:
            return ""
        if spacing >= _MONTH_S:
            return f"{at:%Y-%m-%d}"
        return f"{at:%m-%d}" if spacing >= 86400 or (at.hour, at.minute) == (0, 0) else f"{at:%H:%M}"

    def _offset_s(self, value: float) -> float:
        at = _local(value, self)
        return (at.utcoffset() or timedelta()).total_seconds() if at else 0.0


def _local(value: float, axis: _LocalAxis) -> datetime | None:
    try:
        return datetime.fromtimestamp(value, UTC).astimezone(axis._zone)
    except (OverflowError, ValueError, OSError):
        return None


class _Band(pg.GraphicsObject):  # type: ignore[misc]
    """The area between lowest and highest, one polygon per unbroken stretch."""

    def __init__(self) -> None:
        super().__init__()
        self._picture = QPicture()
        self._box = QRectF()

    def show_curve(self, curve: Curve) -> None:
        """Draw this curve's band."""
        self.prepareGeometryChange()
        self._picture = QPicture()
        self._box = QRectF()
        known = ~np.isnan(curve.low) & ~np.isnan(curve.high)
        if known.any():
            low, high = float(curve.low[known].min()), float(curve.high[known].max())
            left = float(curve.times[0])
            self._box = QRectF(left, low, float(curve.times[-1]) - left, high - low)
            self._draw(curve, known)
        self.update()

    def _draw(self, curve: Curve, known: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> None:
        painter = QPainter(self._picture)
        painter.setPen(Qt.PenStyle.NoPen)
        ink = QColor(theme.DIM)
        ink.setAlpha(70)
        painter.setBrush(ink)
        edges = np.flatnonzero(np.diff(np.concatenate(([0], known.astype(np.int8), [0]))))
        for start, stop in zip(edges[::2], edges[1::2], strict=True):
            upper = zip(curve.times[start:stop], curve.high[start:stop], strict=True)
            lower = zip(curve.times[start:stop][::-1], curve.low[start:stop][::-1], strict=True)
            painter.drawPolygon(QPolygonF([QPointF(x, y) for x, y in (*upper, *lower)]))
        painter.end()

    def paint(self, painter: QPainter, *_args: object) -> None:
        painter.drawPicture(0, 0, self._picture)

    def boundingRect(self) -> QRectF:
        return self._box


class TrendPlot(pg.PlotWidget):  # type: ignore[misc]
    """A curve over time.

    Signals:
        pointed: the text of what is under the pointer, empty when it left.
    """

    pointed = Signal(str)

    def __init__(self, words: Words, parent: QWidget | None = None) -> None:
        self._axis = _LocalAxis(words)
        super().__init__(parent=parent, background=theme.PANEL, axisItems={"bottom": self._axis})
        self._words = words
        self._unit = "1"
        self._curve = no_curve()
        self._gap_s = 60.0
        self._limits: list[pg.InfiniteLine] = []
        self.shades: list[pg.LinearRegionItem] = []
        self._build()

    def _build(self) -> None:
        plot = self.getPlotItem()
        plot.hideButtons()
        plot.setMenuEnabled(False)
        plot.setMouseEnabled(x=False, y=False)
        plot.showGrid(x=True, y=True, alpha=0.12)
        for side in ("left", "bottom"):
            axis = plot.getAxis(side)
            axis.setPen(theme.LINE)
            axis.setTextPen(theme.DIM)
            axis.setStyle(tickFont=theme.font(13))
        plot.getAxis("left").enableAutoSIPrefix(False)
        plot.getAxis("left").setWidth(62)
        self._silence = QGraphicsRectItem()
        self._silence.setPen(pg.mkPen(None))
        ink = QColor(theme.PRIORITY[4])
        ink.setAlpha(34)
        self._silence.setBrush(ink)
        self._band = _Band()
        self._line = pg.PlotDataItem(pen=pg.mkPen(theme.TEXT, width=1.6), connect="finite")
        self._cross = pg.InfiniteLine(angle=90, pen=pg.mkPen(theme.DIM, style=Qt.PenStyle.DashLine))
        for item in (self._silence, self._band, self._line, self._cross):
            self.addItem(item, ignoreBounds=True)
        self._cross.hide()
        self.scene().sigMouseMoved.connect(self._on_pointer)

    def show_trend(self, trend: Trend, points: int) -> None:
        """Draw this history."""
        self._unit = trend.unit
        self._curve = curve_of(trend, points)
        bucket_s = max(1.0, (trend.until_ms - trend.since_ms) / 1000 / max(1, points))
        self._gap_s = gap_after_s(np.asarray(trend.times, dtype=np.float64) / 1000, bucket_s)
        self._redraw()

    def clear_trend(self) -> None:
        """Draw nothing."""
        self._curve = no_curve()
        self._redraw()

    def add_live(self, at_ms: int, value: float) -> None:
        """Append the newest reading at the right edge."""
        curve = joined(self._curve, at_ms / 1000, value, self._gap_s)
        if curve is not self._curve:
            self._curve = curve
            self._redraw()

    def _redraw(self) -> None:
        self._band.show_curve(self._curve)
        self._line.setData(self._curve.times, self._curve.mean)

    @property
    def curve(self) -> Curve:
        """What is drawn now."""
        return self._curve

    def silent_s(self, now_ms: int) -> float | None:
        """How long the right edge has been empty, None while it is not."""
        last_s = self._curve.last_s
        if last_s is None:
            return None
        silent = now_ms / 1000 - last_s
        return silent if silent > self._gap_s else None

    def set_limits(self, limits: Sequence[tuple[float, Rule]]) -> None:
        """Draw limits of rules as lines in the colour of their priority."""
        for line in self._limits:
            self.removeItem(line)
        self._limits = []
        for value, rule in limits:
            ink = theme.priority_colour(rule.priority)
            line = pg.InfiniteLine(
                pos=value, angle=0, pen=pg.mkPen(ink, width=1, style=Qt.PenStyle.DashLine),
                label=self._limit_text(value, rule),
                labelOpts={"position": 0.02, "color": ink, "anchors": [(0, 1), (0, 1)]},
            )  # fmt: skip
            line.label.setFont(theme.font(13))
            self.addItem(line, ignoreBounds=True)
            self._limits.append(line)

    def shade(self, spans_ms: Sequence[tuple[int, int]]) -> None:
        """Mark stretches that are known not to have arrived."""
        for shade in self.shades:
            self.removeItem(shade)
        ink = QColor(theme.DIM)
        ink.setAlpha(46)
        self.shades = [
            pg.LinearRegionItem((since / 1000, until / 1000), movable=False, brush=ink, pen=pg.mkPen(None))
            for since, until in spans_ms
        ]
        for shade in self.shades:
            shade.setZValue(-20)
            self.addItem(shade, ignoreBounds=True)

    def _limit_text(self, value: float, rule: Rule) -> str:
        name = figures.plain(self._words.pick(rule.name, rule.name_en) or rule.id, 40)
        text = self._words.text("trend.limit", value=self._words.value(value, self._unit), name=name)
        return text.replace("{", "(").replace("}", ")")  # pyqtgraph formats the label once more

    def follow(self, since_ms: int, now_ms: int) -> None:
        """Let the axis end now, and shade what is empty before now."""
        self.setXRange(since_ms / 1000, now_ms / 1000, padding=0)
        low, high = self._heights(since_ms / 1000)
        self.setYRange(low, high, padding=0.08)
        silent = self.silent_s(now_ms)
        self._silence.setVisible(silent is not None)
        if silent is not None:
            span = high - low
            self._silence.setRect(now_ms / 1000 - silent, low - span, silent, span * 3)

    def show_window(self, since_ms: int, until_ms: int) -> None:
        """Let the axis show this stretch of the past, without a word about now."""
        self._silence.setVisible(False)
        self.setXRange(since_ms / 1000, until_ms / 1000, padding=0)
        low, high = self._heights(since_ms / 1000, until_ms / 1000)
        self.setYRange(low, high, padding=0.08)

    def time_at(self, x: float) -> int:
        """The time in ms under a pixel of the viewport."""
        return int(self.getPlotItem().getViewBox().mapSceneToView(QPointF(x, 0)).x() * 1000)

    def _heights(self, since_s: float, until_s: float = math.inf) -> tuple[float, float]:
        times = self._curve.times
        shown = (times >= since_s) & (times <= until_s) & ~np.isnan(self._curve.mean)
        limits = [float(line.value()) for line in self._limits]
        if not shown.any():
            return (min([0.0, *limits]), max([1.0, *limits]))
        low, high = float(self._curve.low[shown].min()), float(self._curve.high[shown].max())
        reach = max(high - low, abs(high) * 0.02, 1e-6)
        near = [each for each in limits if low - reach <= each <= high + reach]
        return min([low, *near]) - reach * 0.05, max([high, *near]) + reach * 0.2

    @Slot(object)
    def _on_pointer(self, at: QPointF) -> None:
        view = self.getPlotItem().getViewBox()
        if not self._curve.times.size or not view.sceneBoundingRect().contains(at):
            self._leave()
            return
        at_s = view.mapSceneToView(at).x()
        self._cross.setPos(at_s)
        self._cross.show()
        self.pointed.emit(self.reading_at(at_s))

    def leaveEvent(self, event: object) -> None:
        self._leave()
        super().leaveEvent(event)

    def _leave(self) -> None:
        self._cross.hide()
        self.pointed.emit("")

    def reading_at(self, at_s: float) -> str:
        """What the curve says at a time, in words."""
        times = self._curve.times
        near = int(np.clip(np.searchsorted(times, at_s), 0, times.size - 1))
        if near > 0 and at_s - times[near - 1] < times[near] - at_s:
            near -= 1
        mean = float(self._curve.mean[near])
        if math.isnan(mean) or abs(float(times[near]) - at_s) > self._gap_s:
            return self._words.text("trend.reading_gap", time=self._words.when(round(at_s * 1000)))
        low, high, middle = (
            self._words.value(float(each), self._unit)
            for each in (self._curve.low[near], self._curve.high[near], mean)
        )
        time = self._words.when(round(float(times[near]) * 1000))
        return self._words.text("trend.reading", time=time, mean=middle, low=low, high=high)
