"""What happened to many alarms at once, told in one line instead of many alarms."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton

from db.alarm_records import Summary
from widgets import theme
from widgets.words import Words

STANDS_S = 180
"""How long a summary is shown unless somebody closes it; it stays in the log of alarms."""
_MOST = 50


class SummaryLine(QFrame):
    """The worst of the summaries nobody has closed yet; empty, it takes no room.

    Signals:
        wanted: the Summary whose alarms the operator wants to see.
    """

    wanted = Signal(object)

    def __init__(self, words: Words, write: Callable[[Summary], str], now_ms: Callable[[], int]) -> None:
        super().__init__()
        self._words, self._write, self._now_ms = words, write, now_ms
        self._waiting: dict[str, Summary] = {}
        self._closed: dict[str, int] = {}
        self._is_flood = False
        self.shape, self.said = QLabel(), QLabel()
        self.said.setTextFormat(Qt.TextFormat.PlainText)
        self.said.setMinimumWidth(1)
        self.show_them, self.close_it = QPushButton(), QPushButton()
        self.show_them.clicked.connect(self._want)
        self.close_it.clicked.connect(self._close)
        self.setStyleSheet(f"SummaryLine {{ background: {theme.PANEL}; border: 1px solid {theme.LINE}; }}")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 2, 12, 2)
        layout.addWidget(self.shape)
        layout.addWidget(self.said, 1)
        layout.addWidget(self.show_them)
        layout.addWidget(self.close_it)
        self._timer = QTimer(self)
        self._timer.setInterval(1000)
        self._timer.timeout.connect(self.settle)
        self.setVisible(False)
        words.changed.connect(self._translate)
        self._translate()

    def apply(self, records: Iterable[object]) -> None:
        """Take summaries; one that has grown since it was closed is told again."""
        news = [each for each in records if isinstance(each, Summary)]
        for summary in news:
            if summary.count > self._closed.get(summary.id, 0):
                self._waiting.pop(summary.id, None)
                self._waiting[summary.id] = summary
        for oldest in list(self._waiting)[:-_MOST]:
            del self._waiting[oldest]
        if news:
            self.settle()

    def set_flood(self, on: bool) -> None:
        """While a flood lasts its bar tells what is raised; only what comes back is told here."""
        if on != self._is_flood:
            self._is_flood = on
            self.settle()

    def _telling(self) -> list[Summary]:
        return [each for each in self._waiting.values() if not (self._is_flood and each.cause == "raised")]

    @property
    def told(self) -> Summary | None:
        """The one in the line: the worst, of these the largest."""
        return min(self._telling(), key=lambda each: (each.priority, -each.count, each.id), default=None)

    @Slot()
    def settle(self) -> None:
        """Write the line; what has stood long enough goes."""
        now_ms = self._now_ms()
        self._waiting = {
            key: each for key, each in self._waiting.items() if now_ms - each.at_ms < STANDS_S * 1000
        }
        told = self.told
        self.setVisible(told is not None)
        if self._waiting:
            self._timer.start()
        else:
            self._timer.stop()
        if told is None:
            return
        priority = min(4, max(1, told.priority))
        colour = theme.priority_colour(priority)
        self.shape.setPixmap(theme.shape_pixmap(theme.SHAPES[priority], colour, priority, 18))
        more = len(self._telling()) - 1
        text = self._write(told)
        self.said.setText(f"{text}  (+{more})" if more else text)

    @Slot()
    def _want(self) -> None:
        if self.told is not None:
            self.wanted.emit(self.told)

    @Slot()
    def _close(self) -> None:
        """Nobody needs to be told of these any more."""
        self._closed = {each.id: each.count for each in self._waiting.values()}
        self._waiting = {}
        self.settle()

    @Slot()
    def _translate(self) -> None:
        self.show_them.setText(self._words.text("summary.show"))
        self.close_it.setText(self._words.text("summary.close"))
        self.settle()
