"""What a rule would have done: asked for, followed, ended, and shown on a time line before it is saved."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from PySide6.QtCore import QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHBoxLayout,
    QHeaderView,
    QProgressBar,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from db.rule_records import Activation, Outcome, Tally, Tried
from db.workings import Progress
from widgets import theme
from widgets.bridge import Bridge
from widgets.figures import plain
from widgets.labels import plain_label
from widgets.rule_words import span
from widgets.words import Words

_SPANS = (1, 7, 30)
_DAY_MS = 86_400_000
_MOST_ROWS = 200
_TABLE_PX = 104
_NAMED = 4
FLOOD = 10
"""More annunciations than this in ten minutes are a flood: ISA-18.2."""


class ForecastPanel(QWidget):
    """Tries the rule that `draft` gives, and shows the answer.

    Signals:
        seen: a forecast of the rule as it stands is shown.
        wanted: a person wants one.
        refused: why the core does not try this rule.
    """

    seen = Signal()
    wanted = Signal()
    refused = Signal(str)

    def __init__(self, bridge: Bridge, words: Words, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bridge, self._words = bridge, words
        self._task = ""
        self._asked = 0
        self.tried: Tried | None = None
        self.unit = "1"
        self.names: dict[str, str] = {}  # of rules, by their ids
        self.spans = QComboBox()
        for days in _SPANS:
            self.spans.addItem(words.text(f"tried.span_{days}"), days)
        self.spans.setCurrentIndex(1)
        self.begin = QPushButton(words.text("tried.begin"))
        self.cancel = QPushButton(words.text("tried.cancel"))
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(8)
        self.head, self.detail = plain_label(words.text("tried.hint")), plain_label()
        self.line = TimeLine(words)
        self.table = QTableWidget(0, 4)
        self._build()
        self._show_running(is_running=False)
        bridge.changed.connect(self._apply)

    def _build(self) -> None:
        self.detail.setObjectName("dim")
        self.begin.clicked.connect(self.wanted)
        self.cancel.clicked.connect(self.stop)
        keys = ("at", "source", "value", "lasted")
        self.table.setHorizontalHeaderLabels([self._words.text(f"tried.column_{each}") for each in keys])
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setShowGrid(False)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(24)
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        self.table.setFixedHeight(_TABLE_PX)
        row = QHBoxLayout()
        for widget in (self.spans, self.begin, self.cancel):
            row.addWidget(widget)
        row.addWidget(self.bar, 1)
        row.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(row)
        for each in (self.head, self.detail, self.line):
            layout.addWidget(each)
        layout.addWidget(self.table)

    @property
    def is_running(self) -> bool:
        """Whether a forecast is on its way."""
        return bool(self._task)

    def clear(self) -> None:
        """Another rule: nothing is known of it yet."""
        self.stop()
        self.tried = None
        self._asked += 1
        self.head.setText(self._words.text("tried.hint"))
        self.head.setStyleSheet("")
        self.detail.setText("")
        self._show_result(is_shown=False)

    def say_stale(self) -> None:
        """The rule was changed since it was tried."""
        if self.tried is not None and not self.is_running:
            self.head.setText(self._words.text("tried.stale"))
            self.head.setStyleSheet(f"color: {theme.PRIORITY[3]}")

    def start(self, rule: dict[str, Any], unit: str) -> None:
        """Try this rule over the chosen time that ends now."""
        self.stop()
        self.unit = unit
        self._asked += 1
        asked = self._asked
        until_ms = self._bridge.now_ms()
        since_ms = until_ms - self.spans.currentData() * _DAY_MS
        self._task = "?"
        self._show_running(is_running=True)
        self._bridge.command(
            "rules.try",
            {"rule": rule, "since_ms": since_ms, "until_ms": until_ms},
            lambda value, error: self._started(asked, value, error),
        )

    @Slot()
    def stop(self) -> None:
        """End what is on its way; nothing of it is kept."""
        if self._task and self._task != "?":
            self._bridge.command("task.cancel", {"id": self._task})
        if self._task:
            self._asked += 1
            self._task = ""
            self._show_running(is_running=False)
            self.head.setText(self._words.text("tried.cancelled"))

    def _started(self, asked: int, value: Any, error: str) -> None:
        if error:
            if asked == self._asked:
                self._task = ""
                self._show_running(is_running=False)
                self.refused.emit(error)
            return
        progress = msgspec.convert(value, Progress)
        if asked != self._asked:
            self._bridge.command("task.cancel", {"id": progress.id})
            return
        self._task = progress.id
        self._follow(progress)

    @Slot(object)
    def _apply(self, records: tuple[Any, ...]) -> None:
        for record in records:
            if isinstance(record, Progress) and self._task and record.id == self._task:
                self._follow(record)

    def _follow(self, progress: Progress) -> None:
        if progress.state == "running":
            percent = 100 * progress.done // max(1, progress.total)
            self.bar.setValue(percent)
            self.head.setStyleSheet("")
            self.head.setText(self._words.text("tried.working", percent=percent))
            return
        task, self._task = self._task, ""
        self._show_running(is_running=False)
        if progress.state == "failed":
            self._fail(progress.text)
        elif progress.state == "cancelled":
            self.head.setText(self._words.text("tried.cancelled"))
        else:
            asked = self._asked
            self._bridge.query(
                "rules.tried", {"task": task}, lambda value, error: self._take(asked, value, error)
            )

    def _take(self, asked: int, value: Any, error: str) -> None:
        if asked != self._asked:
            return
        if error:
            self._fail(error)
            return
        self.show_tried(msgspec.convert(value, Tried))

    def _fail(self, error: str) -> None:
        self._task = ""
        self._show_running(is_running=False)
        self.head.setStyleSheet(f"color: {theme.PRIORITY[2]}")
        self.head.setText(self._words.text("tried.failed", error=plain(error)))

    def _show_running(self, *, is_running: bool) -> None:
        self.bar.setVisible(is_running)
        self.cancel.setVisible(is_running)
        self.begin.setVisible(not is_running)
        self.bar.setValue(0)

    def _show_result(self, *, is_shown: bool) -> None:
        self.line.show_outcomes(self.tried if is_shown else None)
        has_rows = is_shown and self.tried is not None and bool(self.tried.outcome.activations)
        self.table.setVisible(has_rows)
        self.detail.setVisible(bool(self.detail.text()))

    # --- the answer -----------------------------------------------------------------

    def show_tried(self, tried: Tried) -> None:
        """Show this forecast."""
        self.tried = tried
        outcome = tried.outcome
        is_flood = outcome.peak + outcome.beside_count > FLOOD and outcome.peak > 0
        self.head.setStyleSheet(f"color: {theme.PRIORITY[2] if is_flood else theme.BRIGHT}")
        self.head.setText(self._head(tried))
        self.detail.setText(self._detail(tried))
        self._show_result(is_shown=True)
        shown = outcome.activations[:_MOST_ROWS]
        self.table.setRowCount(len(shown))
        for row, each in enumerate(shown):
            for column, text in enumerate(self._cells(each)):
                item = QTableWidgetItem(text)
                item.setToolTip(text)
                self.table.setItem(row, column, item)
        self.seen.emit()

    def _head(self, tried: Tried) -> str:
        words, outcome = self._words, tried.outcome
        length = self._length(tried)
        if not tried.series and not tried.events:
            return words.text("tried.nothing", span=length)
        parts = [words.text("tried.count", span=length, n=f"{outcome.count:,}")]
        if tried.present is None:
            parts[0] += f" {words.text('tried.no_present')}"
        else:
            parts[0] += f" {words.text('tried.present', n=f'{tried.present.count:,}')}"
        if outcome.count:
            parts.append(words.text("tried.sources", n=f"{outcome.source_count:,}"))
            is_flood = outcome.peak + outcome.beside_count > FLOOD
            parts.append(
                f"{theme.SIGNS[2]} {words.text('tried.flood')}" if is_flood else words.text("tried.no_flood")
            )
        return " · ".join(parts)

    def _detail(self, tried: Tried) -> str:
        words, outcome = self._words, tried.outcome
        parts = []
        if outcome.count:
            parts.append(
                words.text(
                    "tried.peak",
                    at=words.when(outcome.peak_ms)[5:16],
                    n=outcome.peak,
                    others=outcome.beside_count,
                )
            )
            if outcome.beside:
                parts.append(words.text("tried.beside", rules=self._tallies(outcome.beside)))
            if outcome.source_count > 1:
                parts.append(words.text("tried.most", sources=self._tallies(outcome.sources)))
            total, longest = (words.age(each / 1000) for each in (outcome.standing_ms, outcome.longest_ms))
            parts.append(words.text("tried.standing", total=total, longest=longest))
        if outcome.standing:
            parts.append(words.text("tried.still", n=outcome.standing))
        if outcome.suppressed:
            parts.append(words.text("tried.suppressed", n=outcome.suppressed))
        if tried.stored_ms is not None and tried.stored_ms > tried.since_ms:
            parts.append(words.text("tried.stored_since", at=words.when(tried.stored_ms)[:16]))
        shown = min(len(outcome.activations), _MOST_ROWS)
        if outcome.count > shown:
            parts.append(words.text("tried.more", shown=shown, n=f"{outcome.count:,}"))
        return " · ".join(parts)

    def _tallies(self, tallies: Sequence[Tally]) -> str:
        return ", ".join(
            f"{plain(self.names.get(each.name, each.name), 40)} {each.count:,}" for each in tallies[:_NAMED]
        )

    def _length(self, tried: Tried) -> str:
        days = round((tried.until_ms - tried.since_ms) / _DAY_MS)
        key = f"tried.span_{days}"
        return self._words.text(key) if self._words.has(key) else span(self._words, days * 86_400)

    def _cells(self, each: Activation) -> tuple[str, ...]:
        words = self._words
        lasted = words.text("tried.stands")
        if each.returned_ms is not None:
            lasted = words.age((each.returned_ms - each.raised_ms) / 1000)
        where = " · ".join(plain(text, 80) for text in (each.place, each.source) if text)
        unit = each.unit or self.unit
        value = words.value(each.value, unit) if each.value is not None else ""
        return (words.when(each.raised_ms)[5:], where, value, lasted)


class TimeLine(QWidget):
    """How often the rule alarms over the time, above as edited, below as it is now."""

    def __init__(self, words: Words) -> None:
        super().__init__()
        self._words = words
        self._tried: Tried | None = None
        self.setMinimumHeight(64)
        self.setMaximumHeight(84)

    def sizeHint(self) -> QSize:
        return QSize(400, 76)

    def show_outcomes(self, tried: Tried | None) -> None:
        """Draw these, or nothing."""
        self._tried = tried
        self.setVisible(tried is not None)
        if tried is not None:
            words = self._words
            bins = max(1, len(tried.outcome.bins))
            each = (tried.until_ms - tried.since_ms) / 1000 / bins
            since, until = (words.when(at)[:16] for at in (tried.since_ms, tried.until_ms))
            self.setToolTip(words.text("tried.line_says", since=since, until=until, bin=words.age(each)))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        tried = self._tried
        if tried is None:
            return
        painter = QPainter(self)
        painter.setFont(theme.font(13))
        left = 8 + max(
            painter.fontMetrics().horizontalAdvance(self._words.text(f"tried.row_{each}"))
            for each in ("new", "now")
        )
        foot = 18.0
        high = (self.height() - foot) / 2
        for row, (key, outcome) in enumerate((("new", tried.outcome), ("now", tried.present))):
            area = QRectF(left, row * high + 2, self.width() - left - 4, high - 4)
            painter.setPen(QColor(theme.TEXT if key == "new" else theme.DIM))
            name = QRectF(0, row * high, left - 8, high)
            painter.drawText(name, int(Qt.AlignmentFlag.AlignVCenter), self._words.text(f"tried.row_{key}"))
            painter.fillRect(area, QColor(theme.BAR))
            if outcome is not None:
                colour = theme.priority_colour(tried.rule.priority) if key == "new" else theme.DIM
                _bars(painter, area, outcome, colour)
        self._paint_times(painter, tried, left, foot)

    def _paint_times(self, painter: QPainter, tried: Tried, left: float, foot: float) -> None:
        painter.setPen(QColor(theme.DIM))
        width = self.width() - left - 4
        for part in range(5):
            at_ms = tried.since_ms + (tried.until_ms - tried.since_ms) * part // 4
            text = self._words.when(at_ms)[5:16]
            wide = painter.fontMetrics().horizontalAdvance(text)
            x = min(max(left, left + width * part / 4 - wide / 2), left + width - wide)
            painter.drawText(
                QRectF(x, self.height() - foot, wide + 2, foot), int(Qt.AlignmentFlag.AlignVCenter), text
            )


def _bars(painter: QPainter, area: QRectF, outcome: Outcome, colour: str) -> None:
    """One bar per part of the time that has alarms; a single one can be seen."""
    most, count = max(outcome.bins, default=0), len(outcome.bins)
    for at, found in enumerate(outcome.bins):
        if found:
            high = max(6.0, area.height() * found / most)
            wide = max(2.0, area.width() / count - 0.5)
            x = area.left() + area.width() * at / count
            painter.fillRect(QRectF(x, area.bottom() - high, wide, high), QColor(colour))
