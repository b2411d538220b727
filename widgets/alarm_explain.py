"""Why one alarm came: the sentences, and the values with their limits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QDialog, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from db.alarm_records import Alarm, Rule
from db.records import Trend
from db.rule_records import Explained, Point
from widgets.bridge import Bridge
from widgets.explain_words import is_figured, told
from widgets.figures import plain
from widgets.labels import plain_label
from widgets.trend_plot import TrendPlot
from widgets.words import Words

_PLOT_PX = 220
_WIDTH_PX = 760


class AlarmExplain(QDialog):
    """Explains an alarm's newest activation first; the ones before it are a step away.

    Signals:
        rule_wanted: the id of the rule that a person wants to look at.
    """

    rule_wanted = Signal(str)

    def __init__(
        self, bridge: Bridge, words: Words, alarm: Alarm, name: str, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._bridge, self._words, self._alarm = bridge, words, alarm
        self._newest = alarm.activation
        self._shown = alarm.activation
        self.explained: Explained | None = None
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(words.text("explain.title", name=plain(name, 80)))
        self.which, self.says = plain_label(), plain_label(words.text("explain.waiting"))
        self.caption = plain_label()
        self.plot = TrendPlot(words)
        self.before, self.after, self.rule, self.close_button = (
            QPushButton(words.text(f"explain.{each}")) for each in ("before", "after", "open_rule", "close")
        )
        self._build()
        self._ask(0)

    def _build(self) -> None:
        self.which.setObjectName("title")
        self.caption.setObjectName("dim")
        self.says.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.says.setMinimumWidth(_WIDTH_PX)
        self.plot.setFixedHeight(_PLOT_PX)
        self._show_plot(is_shown=False)
        for button, act in (
            (self.before, self._go_before),
            (self.after, self._go_after),
            (self.rule, self._want_rule),
            (self.close_button, self.accept),
        ):
            button.setAutoDefault(False)
            button.clicked.connect(act)
        head, buttons = QHBoxLayout(), QHBoxLayout()
        head.addWidget(self.which, 1)
        head.addWidget(self.before)
        head.addWidget(self.after)
        buttons.addStretch(1)
        buttons.addWidget(self.rule)
        buttons.addWidget(self.close_button)
        layout = QVBoxLayout(self)
        layout.addLayout(head)
        for widget in (self.says, self.caption, self.plot):
            layout.addWidget(widget)
        layout.addStretch(1)
        layout.addLayout(buttons)
        self._enable()

    def _ask(self, activation: int) -> None:
        args = {"alarm": self._alarm.id, "activation": activation}
        self._bridge.query("alarm.explain", args, self._take)

    def _take(self, value: Any, error: str) -> None:
        if error:
            self.says.setText(self._words.text("explain.failed", error=plain(error)))
            return
        self.show_explained(msgspec.convert(value, Explained))

    def show_explained(self, explained: Explained) -> None:
        """Show this explanation."""
        words = self._words
        self.explained = explained
        self._shown = explained.activation
        self._newest = max(self._newest, explained.activation)
        at = words.when(explained.raised_ms)
        self.which.setText(words.text("explain.which", n=explained.activation, at=at))
        self.says.setText("\n".join(f"· {line}" for line in told(words, explained)))
        self._draw(explained)
        self._enable()
        self.adjustSize()

    def _draw(self, explained: Explained) -> None:
        rule = explained.rule.rule if explained.rule is not None else None
        is_judged = rule is not None and is_figured(rule) and bool(explained.figures)
        points = explained.figures if is_judged else explained.values
        self._show_plot(is_shown=bool(points))
        if not points:
            return
        kind = self._words.text(f"rules.kind.{rule.kind}") if rule is not None else ""
        key = "plot_figures" if is_judged else "plot_values"
        self.caption.setText(self._words.text(f"explain.{key}", kind=kind))
        trend = _trend(explained, points)
        self.plot.show_trend(trend, max(2, len(points)))
        self.plot.set_limits(_limits(rule) if rule is not None else [])
        end = explained.returned_ms or trend.until_ms
        self.plot.shade([(explained.raised_ms, max(end, explained.raised_ms + 1))])
        self.plot.show_window(trend.since_ms, trend.until_ms)

    def _show_plot(self, *, is_shown: bool) -> None:
        self.plot.setVisible(is_shown)
        self.caption.setVisible(is_shown)

    def _enable(self) -> None:
        self.before.setEnabled(self._shown > 1)
        self.after.setEnabled(self._shown < self._newest)

    @Slot()
    def _go_before(self) -> None:
        self._ask(self._shown - 1)

    @Slot()
    def _go_after(self) -> None:
        self._ask(self._shown + 1)

    @Slot()
    def _want_rule(self) -> None:
        self.rule_wanted.emit(self._alarm.rule)
        self.accept()


def _trend(explained: Explained, points: Sequence[Point]) -> Trend:
    """The points as a trend; those that were passed over are not drawn."""
    judged = [each for each in points if each.is_judged] or list(points)
    times = [each.at_ms for each in judged]
    values = [each.value for each in judged]
    until_ms = max(times[-1], explained.returned_ms or explained.raised_ms)
    since_ms = min(times[0], explained.raised_ms)
    margin = max(1000, (until_ms - since_ms) // 30)
    return Trend(
        explained.source, explained.quantity, explained.unit, since_ms - margin, until_ms + margin,
        times, values, values, values, len(values),
    )  # fmt: skip


def _limits(rule: Rule) -> list[tuple[float, Rule]]:
    return [(limit, rule) for limit in (rule.above, rule.below) if limit is not None]
