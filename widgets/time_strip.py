"""The console's time: live, and how many alarms were raised per interval.

Going back in time has its place here and says that it is not built yet.
"""

from __future__ import annotations

from typing import Any

import msgspec
from PySide6.QtCore import QRect, QRectF, Qt, QTimer, Slot
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from db.alarm_records import Alarm
from widgets import theme
from widgets.bridge import Bridge
from widgets.words import Words

SPAN_MS = 12 * 3_600_000
BIN_MS = 5 * 60_000
_MINUTE_MS, _HOUR_MS = 60_000, 3_600_000
_SEEN_MOST = 50_000


class TimeStrip(QWidget):
    """A bar per five minutes of the last twelve hours, from what this screen has received.

    While there is nothing older than an hour to tell, a bar per minute of the last hour.
    """

    def __init__(self, bridge: Bridge, words: Words) -> None:
        super().__init__()
        self._bridge, self._words = bridge, words
        self._seen: dict[tuple[str, int], int] = {}
        self._bins: dict[int, list[int]] = {}
        self._since_ms: int | None = None
        self.setMinimumSize(300, 96)
        self._ticker = QTimer(self)
        self._ticker.setInterval(1000)
        self._ticker.timeout.connect(self.update)
        self._ticker.start()
        bridge.linked.connect(self._on_linked)
        words.changed.connect(self.update)

    @Slot(bool, str)
    def _on_linked(self, up: bool, _reason: str) -> None:
        if up:
            self._bridge.query("alarms", {}, self._take)
        self.update()

    def _take(self, value: Any, error: str) -> None:
        if not error:
            self._since_ms = self._since_ms or self._bridge.now_ms()
            self.apply(tuple(msgspec.convert(value, list[Alarm])))

    def apply(self, records: tuple[Any, ...]) -> None:
        """Count newly raised alarms, each activation once."""
        for record in records:
            if isinstance(record, Alarm) and (record.id, record.activation) not in self._seen:
                at = record.raised_ms // _MINUTE_MS
                self._seen[(record.id, record.activation)] = at
                self._bins.setdefault(at, [0, 0, 0, 0])[min(4, max(1, record.priority)) - 1] += 1
        if len(self._seen) > _SEEN_MOST:
            self._forget()

    def _forget(self) -> None:
        oldest = (self._bridge.now_ms() - SPAN_MS) // _MINUTE_MS
        self._seen = {key: at for key, at in self._seen.items() if at >= oldest}
        self._bins = {at: counts for at, counts in self._bins.items() if at >= oldest}

    def bins(self, now_ms: int) -> dict[int, list[int]]:
        """Per interval (counted back from the newest, 0) how many alarms of priority 1 to 4."""
        span_ms, bin_ms = self.scale(now_ms)
        newest, found = now_ms // bin_ms, dict[int, list[int]]()
        for minute, counts in self._bins.items():
            back = newest - minute * _MINUTE_MS // bin_ms
            if 0 <= back < span_ms // bin_ms:
                before = found.get(back, [0, 0, 0, 0])
                found[back] = [one + other for one, other in zip(before, counts, strict=True)]
        return found

    def scale(self, now_ms: int) -> tuple[int, int]:
        """The length of the strip and of an interval, in ms."""
        known = [minute for minute in self._bins if 0 <= now_ms - minute * _MINUTE_MS < SPAN_MS]
        oldest_ms = min(known, default=now_ms // _MINUTE_MS) * _MINUTE_MS
        is_young = now_ms - min(oldest_ms, self._since_ms or now_ms) < _HOUR_MS - _MINUTE_MS
        return (_HOUR_MS, _MINUTE_MS) if is_young else (SPAN_MS, BIN_MS)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(theme.PANEL))
        now_ms = self._bridge.now_ms()
        self._heading(painter, QRect(10, 6, self.width() - 20, 22))
        chart = QRect(90, 34, self.width() - 104, self.height() - 34 - 22)
        if chart.height() > 10:
            self._axis(painter, chart, now_ms)
            self._bars(painter, chart, now_ms)
        painter.end()

    def _heading(self, painter: QPainter, area: QRect) -> None:
        words, bridge = self._words, self._bridge
        left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        live = bridge.is_linked and bridge.last_ms is not None
        if live:
            colour, text = theme.LIVE, f"● {words.text('strip.live')}"
        elif bridge.last_ms is not None:
            stopped = words.time(bridge.last_ms)
            colour, text = theme.PRIORITY[2], words.text("strip.not_live", time=stopped)
        else:
            colour, text = theme.DIM, words.text("strip.waiting")
        painter.setFont(theme.font(14, bold=True))
        painter.setPen(QColor(colour))
        painter.drawText(area, left, text)
        used = painter.fontMetrics().horizontalAdvance(text) + 18
        painter.setFont(theme.font(13))
        painter.setPen(QColor(theme.DIM))
        painter.drawText(area.adjusted(used, 0, 0, 0), left, words.text("strip.replay"))
        if self._since_ms is not None and area.width() > 760:
            since = words.text("strip.since", time=words.time(self._since_ms))
            painter.drawText(area, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, since)

    def _axis(self, painter: QPainter, chart: QRect, now_ms: int) -> None:
        painter.setFont(theme.font(13))
        painter.setPen(QColor(theme.DIM))
        label = QRect(8, chart.top(), 80, chart.height())
        painter.drawText(
            label,
            Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter,
            self._words.text("strip.alarms"),
        )
        painter.setPen(QColor(theme.LINE))
        painter.drawLine(chart.bottomLeft(), chart.bottomRight())
        span_ms, _ = self.scale(now_ms)
        step = span_ms // (12 if chart.width() > 800 else 4)
        hour = (now_ms - span_ms) // step * step + step
        while hour <= now_ms:
            x = chart.left() + chart.width() * (hour - now_ms + span_ms) / span_ms
            painter.setPen(QColor(theme.LINE))
            painter.drawLine(int(x), chart.bottom(), int(x), chart.bottom() + 4)
            painter.setPen(QColor(theme.DIM))
            text = QRectF(x - 30, chart.bottom() + 3, 60, 18)
            if text.right() < self.width():
                painter.drawText(text, Qt.AlignmentFlag.AlignHCenter, self._words.time(hour)[:5])
            hour += step

    def _bars(self, painter: QPainter, chart: QRect, now_ms: int) -> None:
        bins = self.bins(now_ms)
        most = max((sum(counts) for counts in bins.values()), default=0)
        span_ms, bin_ms = self.scale(now_ms)
        wide = chart.width() / (span_ms / bin_ms)
        for back, counts in bins.items():
            low = float(chart.bottom())
            for priority in (4, 3, 2, 1):
                high = chart.height() * counts[priority - 1] / max(most, 4)
                began_ms = (now_ms // bin_ms - back) * bin_ms
                x = max(float(chart.left()), chart.right() - (now_ms - began_ms) / span_ms * chart.width())
                bar = QRectF(x, low - high, max(2.0, min(wide - 1.5, chart.right() - x)), high)
                painter.fillRect(bar, QColor(theme.priority_colour(priority)))
                low -= high
        painter.fillRect(chart.right() - 1, chart.top() - 4, 2, chart.height() + 4, QColor(theme.LIVE))
        if most:
            painter.setPen(QColor(theme.DIM))
            text = self._words.text("strip.most", n=most, minutes=bin_ms // _MINUTE_MS)
            painter.drawText(chart, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop, text)
