"""The figures of a shift's alarms, what was worst in it, and the floods."""

from __future__ import annotations

from typing import Any

import msgspec
from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QTableView,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from db.kpi_records import Actor, FloodSpan, Kpis
from widgets import figures
from widgets.bridge import Bridge
from widgets.kpi_figures import KpiGrid
from widgets.report_view import ReportView
from widgets.table import Column, RecordTable
from widgets.table_view import table_view
from widgets.words import Words

_SHIFTS = 14
_DAYS = (1, 7, 30)
_DAY_MS = 86_400_000


class _Bad(msgspec.Struct, frozen=True):
    """A bad actor in the list: why it is one, and how much."""

    why: str
    id: str
    rule: str
    name: str
    place: str
    count: int
    share: float | None

    @property
    def key(self) -> tuple[str, str]:
        return (self.why, self.id)


class _Flood(msgspec.Struct, frozen=True):
    span: FloodSpan

    @property
    def key(self) -> int:
        return self.span.since_ms


class KpiPage(QDialog):
    """Figures of a shift or of some days; every line leads to what made it.

    Signals:
        rule_wanted: the id of the rule to be opened.
    """

    rule_wanted = Signal(str)

    def __init__(self, bridge: Bridge, words: Words, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bridge, self._words = bridge, words
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(1120, 690)
        self._shifts: list[Any] = []
        self._span = (0, 0)
        self._asked = 0
        self._found: Kpis | None = None
        self.actors = RecordTable(self._actor_columns(), words, parent=self)
        self.floods = RecordTable(self._flood_columns(), words, parent=self)
        self._build()
        words.changed.connect(self._translate)
        self._translate()
        bridge.query("alarm.shifts", {"count": _SHIFTS}, self._take_shifts)

    def _actor_columns(self) -> tuple[Column, ...]:
        words, plain = self._words, figures.plain
        return (
            Column("kpi.column.why", lambda e: words.text(f"kpi.why.{e.why}")),
            Column("kpi.column.name", lambda e: plain(e.name or e.rule, 80)),
            Column("kpi.column.place", lambda e: plain(e.place, 60)),
            Column("kpi.column.rule", lambda e: plain(e.rule, 60)),
            Column("kpi.column.count", lambda e: f"{e.count:,}", lambda e: e.count, right=True),
            Column("kpi.column.share", lambda e: "" if e.share is None else f"{100 * e.share:.1f} %",
                   lambda e: e.share or 0.0, right=True),
        )  # fmt: skip

    def _flood_columns(self) -> tuple[Column, ...]:
        words = self._words
        return (
            Column("kpi.column.since", lambda e: words.when(e.span.since_ms), lambda e: e.span.since_ms),
            Column("kpi.column.lasted", self._lasted, lambda e: -e.span.since_ms),
            Column("kpi.column.count", lambda e: f"{e.span.calls:,}", lambda e: e.span.calls, right=True),
            Column("kpi.column.peak", lambda e: f"{e.span.peak:,}", lambda e: e.span.peak, right=True),
        )

    def _lasted(self, flood: _Flood) -> str:
        end = flood.span.until_ms
        age = self._words.age(((end or self._bridge.now_ms()) - flood.span.since_ms) / 1000)
        return age if end is not None else self._words.text("kpi.going_on", item=age)

    def _build(self) -> None:
        self.choice, self.note = QComboBox(), QLabel()
        self.choice.setMinimumWidth(330)
        self.choice.currentIndexChanged.connect(self._choose)
        self.note.setTextFormat(Qt.TextFormat.PlainText)
        self.note.setObjectName("dim")
        self.show_report, self.close_it = QPushButton(), QPushButton()
        self.show_report.clicked.connect(self.open_report)
        self.close_it.clicked.connect(self.accept)
        top = QHBoxLayout()
        self.what = QLabel()
        for widget in (self.what, self.choice, self.note):
            top.addWidget(widget)
        top.addStretch(1)
        for button in (self.show_report, self.close_it):
            button.setAutoDefault(False)
            top.addWidget(button)
        self.grid = KpiGrid(self._words)
        self.actor_list = table_view(self.actors, {0: 130, 2: 200, 3: 190, 4: 80, 5: 80}, stretch=1)
        self.flood_list = table_view(self.floods, {1: 160, 2: 110, 3: 130}, stretch=0)
        self.actor_list.doubleClicked.connect(self.open_rule)
        self.flood_list.doubleClicked.connect(self.open_flood)
        self.open_rule_button, self.open_flood_button = QPushButton(), QPushButton()
        self.open_rule_button.clicked.connect(self.open_rule)
        self.open_flood_button.clicked.connect(self.open_flood)
        self.tabs = QTabWidget()
        self.no_actors, self.no_floods = QLabel(), QLabel()
        self.tabs.addTab(_with(self.actor_list, self.no_actors, self.open_rule_button), "")
        self.tabs.addTab(_with(self.flood_list, self.no_floods, self.open_flood_button), "")
        layout = QVBoxLayout(self)
        layout.setSpacing(10)
        layout.addLayout(top)
        layout.addWidget(self.grid)
        layout.addWidget(self.tabs, 1)

    # --- which time

    def _take_shifts(self, value: Any, error: str) -> None:
        if error or not isinstance(value, list):
            self.note.setText(self._words.text("kpi.failed", error=figures.plain(error)))
            return
        self._shifts = value
        self._fill_choice()

    def _fill_choice(self) -> None:
        words, at = self._words, max(0, self.choice.currentIndex())
        self.choice.blockSignals(True)
        self.choice.clear()
        for number, (name, name_en, since_ms, until_ms) in enumerate(self._shifts):
            since, until = words.when(since_ms), words.when(until_ms)
            item = words.text(
                "kpi.shift_item", day=since[5:10], name=figures.plain(words.pick(name, name_en), 30),
                since=since[11:16], until=until[11:16],
            )  # fmt: skip
            self.choice.addItem(words.text("kpi.going_on", item=item) if number == 0 else item)
        for days in _DAYS:
            self.choice.addItem(words.text("kpi.days", n=days))
        self.choice.setCurrentIndex(min(at, self.choice.count() - 1))
        self.choice.blockSignals(False)
        self._choose()

    @Slot()
    def _choose(self) -> None:
        at = self.choice.currentIndex()
        if at < 0:
            return
        now_ms = self._bridge.now_ms()
        if at < len(self._shifts):
            _, _, since_ms, until_ms = self._shifts[at]
            self._span = (since_ms, until_ms)
        else:
            self._span = (now_ms - _DAYS[at - len(self._shifts)] * _DAY_MS, now_ms)
        self._asked += 1
        asked = self._asked
        self.note.setText(self._words.text("kpi.loading"))
        self._bridge.query("alarm.kpis", self._args(), lambda value, error: self._take(asked, value, error))
        self._bridge.query(
            "floods", self._args(), lambda value, error: self._take_floods(asked, value, error)
        )

    def _args(self) -> dict[str, Any]:
        return {"since_ms": self._span[0], "until_ms": self._span[1]}

    # --- what came

    def _take(self, asked: int, value: Any, error: str) -> None:
        if asked != self._asked:
            return
        if error:
            self.note.setText(self._words.text("kpi.failed", error=figures.plain(error)))
            return
        self._found = msgspec.convert(value, Kpis, strict=False)
        self.note.setText(self._words.text("kpi.as_of", time=self._words.time(self._found.until_ms)))
        self._show()

    def _show(self) -> None:
        found = self._found
        if found is None:
            return
        self.grid.show_figures(found)
        rows = [
            *self._bad("chattering", found.chattering),
            *(
                _Bad("stale", e.alarm, e.rule, self._words.pick(e.name, e.name_en), e.place, 1, None)
                for e in found.stale
            ),
            *self._bad("rules", found.rules),
            *self._bad("alarms", found.alarms),
            *self._bad("fleeting", found.fleeting),
        ]
        self.actors.replace(rows)
        self._count()

    def _bad(self, why: str, actors: tuple[Actor, ...]) -> list[_Bad]:
        pick = self._words.pick
        return [_Bad(why, e.id, e.rule, pick(e.name, e.name_en), e.place, e.count, e.share) for e in actors]

    def _take_floods(self, asked: int, value: Any, error: str) -> None:
        if asked == self._asked and not error:
            self.floods.replace([_Flood(each) for each in msgspec.convert(value, list[FloodSpan])])
            self._count()

    def _count(self) -> None:
        words = self._words
        counts = self.actors.rowCount(), self.floods.rowCount()
        self.tabs.setTabText(0, words.text("kpi.bad_actors", n=counts[0]))
        self.tabs.setTabText(1, words.text("kpi.floods", n=counts[1]))
        for count, empty, button in zip(
            counts,
            (self.no_actors, self.no_floods),
            (self.open_rule_button, self.open_flood_button),
            strict=True,
        ):
            empty.setVisible(not count)
            button.setEnabled(bool(count))

    # --- what people do

    @Slot()
    def open_rule(self) -> None:
        """Go to the rule of the chosen line, the first one if none is chosen."""
        bad = _chosen(self.actor_list, self.actors)
        if bad is not None:
            self.rule_wanted.emit(bad.rule)

    @Slot()
    def open_flood(self) -> None:
        """Show the report of the chosen flood, the newest one if none is chosen."""
        flood = _chosen(self.flood_list, self.floods)
        if flood is not None:
            self._open({"since_ms": flood.span.since_ms, "flood": True})

    @Slot()
    def open_report(self) -> None:
        """Show the whole report of the time, to be printed or saved."""
        self._open(self._args())

    @Slot()
    def show_floods(self) -> None:
        """Bring the list of floods to the front."""
        self.tabs.setCurrentIndex(1)

    def _open(self, args: dict[str, Any]) -> None:
        view = ReportView(self._bridge, self._words, args, self)
        view.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        view.show()

    @Slot()
    def _translate(self) -> None:
        words = self._words
        self.setWindowTitle(words.text("kpi.title"))
        self.what.setText(words.text("kpi.shift"))
        self.show_report.setText(words.text("kpi.print"))
        self.close_it.setText(words.text("kpi.close"))
        self.open_rule_button.setText(words.text("kpi.open_rule"))
        self.open_flood_button.setText(words.text("kpi.open_flood"))
        self.no_actors.setText(words.text("kpi.no_actors"))
        self.no_floods.setText(words.text("kpi.no_floods"))
        if self._shifts:
            self._fill_choice()
        self._show()
        self._count()


def _with(table: QTableView, empty: QLabel, button: QPushButton) -> QWidget:
    """A table with what is said while it is empty, and what can be done with a line."""
    empty.setObjectName("dim")
    empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
    button.setAutoDefault(False)
    box = QWidget()
    layout = QVBoxLayout(box)
    layout.setContentsMargins(0, 6, 0, 0)
    layout.addWidget(table, 1)
    layout.addWidget(empty)
    layout.addWidget(button, 0, Qt.AlignmentFlag.AlignLeft)
    return box


def _chosen(table: QTableView, model: RecordTable) -> Any:
    rows = table.selectionModel().selectedRows()
    if rows:
        return model.record(rows[0])
    return model.record(model.index(0, 0)) if model.rowCount() else None
