"""The trend of one series: period buttons, the plot, and what it says in words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtGui import QHideEvent, QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from db.alarm_records import Rule
from db.records import Latest, Trend
from db.workings import Gap
from widgets import figures
from widgets.bridge import Bridge
from widgets.health_model import SIDE_STATISTICS
from widgets.history_dialogs import ExportDialog, HoldDialog
from widgets.one_line import OneLine
from widgets.trend_plot import TrendPlot
from widgets.trend_zoom import Zoom
from widgets.words import Words

_DAY_MS = 86_400_000
SPANS_MS = {
    "hour": 3_600_000,
    "day": _DAY_MS,
    "week": 7 * _DAY_MS,
    "month": 30 * _DAY_MS,
    "year": 365 * _DAY_MS,
}
POINTS = 600
_DRAWN = ("good", "uncertain")  # as the stored history
_EDGE_MS = 1000
_SETTLE_MS = 120  # a turning wheel asks once, when it rests
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
    """One series over a span that ends now (keys 1 to 5), or a stretch of the past (wheel, drag; 0 leaves).

    Signals:
        raw_wanted: the source whose messages the operator wants to see.
    """

    raw_wanted = Signal(str)

    def __init__(self, bridge: Bridge, words: Words, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._words = words
        self._series: tuple[str, str] | None = None
        self._name = ""
        self._span = "hour"
        self._window: tuple[int, int] | None = None
        self._rules: list[Rule] = []
        self._newest: Latest | None = None
        self._asked = 0
        self._read_ms = 0
        self._gaps_changed = False
        self._unit = "1"
        self._bucket_s = 0.0
        self._state = "choose"
        self._error = ""
        self._build()
        self._edge = QTimer(self)
        self._edge.setInterval(_EDGE_MS)
        self._edge.timeout.connect(self._follow)
        self._settled = QTimer(self)
        self._settled.setSingleShot(True)
        self._settled.setInterval(_SETTLE_MS)
        self._settled.timeout.connect(self._read)
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
        self.live = QPushButton()
        self.live.clicked.connect(self.go_live)
        self.live.hide()
        zero = QShortcut(QKeySequence("0"), self, context=Qt.ShortcutContext.WidgetWithChildrenShortcut)
        zero.activated.connect(self.go_live)
        top.addWidget(self.live)
        top.addWidget(self._build_more())
        self.plot = TrendPlot(self._words)
        self.plot.pointed.connect(self._on_pointed)
        self._zoom = Zoom(self.plot, self.shown_ms, self.plot.time_at, self._bridge.now_ms)
        self._zoom.wanted.connect(self._on_zoomed)
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

    def _build_more(self) -> QToolButton:
        self.more = QToolButton()
        self.more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(self.more)
        self.actions_of = {
            key: menu.addAction("", act)
            for key, act in (("export", self.open_export), ("hold", self.open_hold), ("raw", self._want_raw))
        }
        self.more.setMenu(menu)
        return self.more

    # --- what it is told -----------------------------------------------------

    def show_series(self, source: str, quantity: str, name: str = "") -> None:
        """Read and follow this series from now on; `name` ends with that of its channel."""
        self._series, self._name = (source, quantity), name
        self._newest, self._window = None, None
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
        """Show the `hour`, `day`, `week`, `month` or `year` before now."""
        self._span, self._window = span, None
        self.buttons[span].setChecked(True)
        self._read()

    def shown_ms(self) -> tuple[int, int]:
        """The stretch of time on the axis."""
        if self._window is not None:
            return self._window
        now_ms = self._bridge.now_ms()
        return now_ms - SPANS_MS[self._span], now_ms

    @Slot()
    def go_live(self) -> None:
        """Leave the past: let the axis end now again."""
        if self._window is not None:
            self.set_span(self._span)

    @Slot(float, float)
    def _on_zoomed(self, since_ms: float, until_ms: float) -> None:
        """Show what there is of the stretch at once, and ask for it at its own sharpness."""
        if self._state == "curve" or self._window is not None:
            self._window = (round(since_ms), round(until_ms))
            self.plot.show_window(*self._window)
            self._settled.start()
            self._write_facts()

    @Slot()
    def open_export(self) -> None:
        """Ask which form, and write what is shown."""
        if self._series is not None:
            ExportDialog(self._bridge, self._words, self, *self._series, *self.shown_ms()).open()

    @Slot()
    def open_hold(self) -> None:
        """Ask why, and keep what is shown."""
        if self._series is not None:
            HoldDialog(self._bridge, self._words, self, *self._series, *self.shown_ms()).open()

    @Slot()
    def _want_raw(self) -> None:
        if self._series is not None:
            self.raw_wanted.emit(self._series[0])

    def apply(self, records: Iterable[Any]) -> None:
        """Append the newest value of the shown series; hidden, only keep it."""
        if self._series is None:
            return
        for record in records:
            if isinstance(record, Gap) and record.source == self._series[0]:
                self._gaps_changed = True
            elif isinstance(record, Latest) and self._is_mine(record):
                self._newest = record
                if self.isVisible():
                    self._take_live(record)

    def _is_mine(self, record: Latest) -> bool:
        is_series = (record.source, record.quantity) == self._series
        return is_series and record.statistic not in SIDE_STATISTICS and record.quality in _DRAWN

    def _take_live(self, record: Latest) -> None:
        if self._window is not None:
            return
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
        if self._state != "curve":
            self._set_state("loading")
        source, quantity = self._series
        since_ms, until_ms = self.shown_ms()
        self._bucket_s = (until_ms - since_ms) / 1000 / POINTS
        args = {
            "source": source,
            "quantity": quantity,
            "since_ms": since_ms,
            "until_ms": until_ms + 1,
            "points": POINTS,
        }
        self._bridge.query("trend", args, lambda value, error: self._take(asked, value, error))
        if not self._rules:
            self._bridge.query("rules", {}, self.take_rules)

    def _take(self, asked: int, value: Any, error: str) -> None:
        if asked != self._asked:
            return
        if error:
            self._set_state("failed", error)
            return
        trend = msgspec.convert(value, Trend)
        self._unit, self._read_ms = trend.unit, self._bridge.now_ms()
        self.plot.show_trend(trend, POINTS)
        self._read_gaps()
        self._set_state("curve" if trend.times or self._window is not None else "no_data")
        self._draw_limits()
        if self._newest is not None:
            self._take_live(self._newest)
        self._follow()

    def _read_gaps(self) -> None:
        if self._series is not None:
            source = self._series[0]
            self._bridge.query("gaps", {"source": source}, lambda value, error: self._shade(source, value))

    def _shade(self, source: str, value: Any) -> None:
        """Mark what of the shown source has not arrived, or never will."""
        if isinstance(value, list) and self._series is not None and self._series[0] == source:
            found = [each for each in msgspec.convert(value, list[Gap]) if each.state != "filled"]
            now_ms = self._bridge.now_ms()
            self.plot.shade([(gap.since_ms, gap.until_ms or now_ms) for gap in found])

    def take_rules(self, value: Any, error: str) -> None:
        """The core's answer about the rules in force."""
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
        self.live.setVisible(self._window is not None)
        self.more.setEnabled(self._series is not None)
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
        if self._window is not None:
            since, until = (self._words.when(each) for each in self._window)
            parts.append(self._words.text("trend.past", since=since, until=until))
        elif silent_s is not None:
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
        if self._gaps_changed:
            self._gaps_changed = False
            self._read_gaps()
        now_ms = self._bridge.now_ms()
        if self._window is not None:
            self.plot.show_window(*self._window)
            self._write_facts()
            return
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
        self.live.setText(self._words.text("trend.live"))
        self.more.setText(self._words.text("trend.more"))
        for key, action in self.actions_of.items():
            action.setText(self._words.text(f"trend.{key}"))
        self._draw_limits()
        self._say()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._edge.start()
        self._read()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._edge.stop()
