"""The trend of one series: period buttons, the plot, and what it says in words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtGui import QHideEvent, QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from db.records import Latest, Rule, Trend
from widgets import figures
from widgets.bridge import Bridge
from widgets.health_model import SIDE_STATISTICS
from widgets.one_line import OneLine
from widgets.trend_plot import TrendPlot
from widgets.words import Words

SPANS_MS = {"hour": 3_600_000, "day": 86_400_000, "week": 604_800_000}
POINTS = 600
_DRAWN = ("good", "uncertain")  # as the stored history
_EDGE_MS = 1000
_AFRESH_MS = 300_000  # live values are appended unthinned; after this long the history is read again


def limits_for(rules: Iterable[Rule], source: str, quantity: str) -> list[tuple[float, Rule]]:
    """The limits of the threshold rules that watch a series."""
    found: list[tuple[float, Rule]] = []
    for rule in rules:
        if rule.kind != "threshold" or not (_fits(rule.source, source) and _fits(rule.quantity, quantity)):
            continue
        found += [(limit, rule) for limit in (rule.above, rule.below) if limit is not None]
    return found


def _fits(pattern: str, name: str) -> bool:
    return name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern


class TrendPanel(QWidget):
    """One series over an hour, a day or a week; keys 1, 2, 3."""

    def __init__(self, bridge: Bridge, words: Words, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._words = words
        self._series: tuple[str, str] | None = None
        self._name = ""
        self._span = "hour"
        self._rules: list[Rule] = []
        self._newest: Latest | None = None
        self._asked = 0
        self._read_ms = 0
        self._unit = "1"
        self._bucket_s = 0.0
        self._state = "choose"
        self._error = ""
        self._build()
        self._edge = QTimer(self)
        self._edge.setInterval(_EDGE_MS)
        self._edge.timeout.connect(self._follow)
        words.changed.connect(self._translate)
        self._translate()

    def _build(self) -> None:
        self.title, self.facts, self.pointed = OneLine("title"), OneLine("dim"), OneLine()
        self.buttons: dict[str, QPushButton] = {}
        group = QButtonGroup(self)
        top = QHBoxLayout()
        top.addWidget(self.title, 1)
        for number, span in enumerate(SPANS_MS, 1):
            button = QPushButton()
            button.setCheckable(True)
            button.setChecked(span == self._span)
            button.clicked.connect(lambda _checked=False, span=span: self.set_span(span))
            shortcut = QShortcut(
                QKeySequence(str(number)), self, context=Qt.ShortcutContext.WidgetWithChildrenShortcut
            )
            shortcut.activated.connect(button.click)
            group.addButton(button)
            top.addWidget(button)
            self.buttons[span] = button
        self.plot = TrendPlot(self._words)
        self.plot.pointed.connect(self._on_pointed)
        self.message = QLabel(alignment=Qt.AlignmentFlag.AlignCenter, wordWrap=True)
        self.message.setTextFormat(Qt.TextFormat.PlainText)
        self.message.setObjectName("dim")
        self.pages = QStackedWidget()
        self.pages.addWidget(self.message)
        self.pages.addWidget(self.plot)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 6)
        layout.setSpacing(4)
        layout.addLayout(top)
        layout.addWidget(self.facts)
        layout.addWidget(self.pages, 1)
        layout.addWidget(self.pointed)

    # --- what it is told -----------------------------------------------------

    def show_series(self, source: str, quantity: str, name: str = "") -> None:
        """Read and follow this series from now on; `name` ends with that of its channel."""
        self._series, self._name = (source, quantity), name
        self._newest = None
        self._read()

    def rename(self, name: str) -> None:
        """Call the shown series by this name, in another language, say."""
        self._name = name
        self._say()

    @property
    def series(self) -> tuple[str, str] | None:
        """Source and quantity of what is shown."""
        return self._series

    def set_span(self, span: str) -> None:
        """Show an `hour`, a `day` or a `week`."""
        self._span = span
        self.buttons[span].setChecked(True)
        self._read()

    def apply(self, records: Iterable[Any]) -> None:
        """Append the newest value of the shown series; hidden, only keep it."""
        if self._series is None:
            return
        for record in records:
            if isinstance(record, Latest) and self._is_mine(record):
                self._newest = record
                if self.isVisible():
                    self._take_live(record)

    def _is_mine(self, record: Latest) -> bool:
        is_series = (record.source, record.quantity) == self._series
        return is_series and record.statistic not in SIDE_STATISTICS and record.quality in _DRAWN

    def _take_live(self, record: Latest) -> None:
        if isinstance(record.value, str):
            if self._state in ("no_data", "loading"):
                self._set_state("text_values")
            return
        self.plot.add_live(record.observed_ms, float(record.value))
        if self._state == "no_data":
            self._set_state("curve")
        self._follow()

    # --- reading -------------------------------------------------------------

    def _read(self) -> None:
        if self._series is None or not self.isVisible():
            return
        self._asked += 1
        asked = self._asked
        now_ms = self._bridge.now_ms()
        if self._state != "curve":
            self._set_state("loading")
        source, quantity = self._series
        since_ms = now_ms - SPANS_MS[self._span]
        self._bucket_s = SPANS_MS[self._span] / 1000 / POINTS
        args = {
            "source": source,
            "quantity": quantity,
            "since_ms": since_ms,
            "until_ms": now_ms + 1,
            "points": POINTS,
        }
        self._bridge.query("trend", args, lambda value, error: self._take(asked, value, error))
        if not self._rules:
            self._bridge.query("rules", {}, self._take_rules)

    def _take(self, asked: int, value: Any, error: str) -> None:
        if asked != self._asked:
            return
        if error:
            self._set_state("failed", error)
            return
        trend = msgspec.convert(value, Trend)
        self._unit, self._read_ms = trend.unit, self._bridge.now_ms()
        self.plot.show_trend(trend, POINTS)
        self._set_state("curve" if trend.times else "no_data")
        self._draw_limits()
        if self._newest is not None:
            self._take_live(self._newest)
        self._follow()

    def _take_rules(self, value: Any, error: str) -> None:
        if not error:
            self._rules = msgspec.convert(value, list[Rule])
            self._draw_limits()

    def _draw_limits(self) -> None:
        if self._series is not None:
            self.plot.set_limits(limits_for(self._rules, *self._series))

    # --- showing -------------------------------------------------------------

    def _set_state(self, state: str, error: str = "") -> None:
        self._state, self._error = state, error
        self._say()

    def _say(self) -> None:
        self.pages.setCurrentIndex(1 if self._state == "curve" else 0)
        if self._state != "curve":
            fields = {"error": figures.plain(self._error)} if self._state == "failed" else {}
            self.message.setText(self._words.text(f"trend.{self._state}", **fields))
        self.title.say(self._heading())
        self._write_facts()

    def _heading(self) -> str:
        if self._series is None:
            return ""
        source, quantity = self._series
        return self._name or (
            f"{figures.plain(source, 80)} · {figures.plain(self._words.quantity(quantity), 60)}"
        )

    def _write_facts(self) -> None:
        if self._series is None or self._state != "curve":
            self.facts.say("")
            return
        now_ms = self._bridge.now_ms()
        unit = figures.plain(self._words.value("", self._unit), 24).strip()
        parts = [self._words.text("trend.unit", unit=unit) if unit else self._words.text("trend.no_unit")]
        parts.append(self._words.text("trend.bucket", period=self._words.age(self._bucket_s)))
        silent_s = self.plot.silent_s(now_ms)
        if silent_s is not None:
            parts.append(self._words.text("trend.stale", age=self._words.age(silent_s)))
        elif self._newest is not None:
            age = self._words.age((now_ms - self._newest.observed_ms) / 1000)
            value = figures.plain(self._words.value(self._newest.value, self._newest.unit), 60)
            parts.append(self._words.text("trend.last", value=value, age=age))
        self.facts.say("   ".join(parts))

    @Slot()
    def _follow(self) -> None:
        if self._state != "curve" or not self.isVisible():
            return
        now_ms = self._bridge.now_ms()
        self.plot.follow(now_ms - SPANS_MS[self._span], now_ms)
        self._write_facts()
        if now_ms - self._read_ms > _AFRESH_MS:
            self._read_ms = now_ms
            self._read()

    @Slot(str)
    def _on_pointed(self, text: str) -> None:
        self.pointed.say(text)

    @Slot()
    def _translate(self) -> None:
        for span, button in self.buttons.items():
            button.setText(self._words.text(f"trend.{span}"))
        self._draw_limits()
        self._say()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._edge.start()
        self._read()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._edge.stop()
