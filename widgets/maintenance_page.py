"""Maintenance windows: what is planned and what holds, planning one, ending one before its time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import (
    QComboBox,
    QCompleter,
    QDialog,
    QHBoxLayout,
    QLineEdit,
    QMessageBox,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from db.alarm_records import Maintenance
from db.asset_records import Asset
from widgets import figures
from widgets.act_dialog import LONGEST, ActDialog
from widgets.bridge import Bridge
from widgets.labels import plain_label
from widgets.table import Column, RecordTable
from widgets.table_view import table_view
from widgets.words import Words

SPANS_MIN = (60, 120, 240, 480, 1440, 7 * 1440)
_STARTS_MIN = (0, 60, 720, 1440)
_PLACES = ("district", "facility", "device")
_MOST_OFFERED = 5_000


class PlanDialog(ActDialog):
    """Where, from when, for how long, by which order."""

    def __init__(
        self,
        bridge: Bridge,
        words: Words,
        parent: QWidget | None,
        assets: Sequence[Asset],
        asset_id: str = "",
    ) -> None:
        super().__init__(bridge, words, parent, words.text("maintenance.plan_title"), "plan")
        self._children = _below(assets)
        self.asset = QComboBox()
        self.asset.setEditable(True)
        self.asset.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        for each in _offered(assets, asset_id):
            self.asset.addItem(_name(each, words), each.id)
        completer = self.asset.completer()
        if completer is not None:
            completer.setFilterMode(Qt.MatchFlag.MatchContains)
            completer.setCompletionMode(QCompleter.CompletionMode.PopupCompletion)
        self.asset.setCurrentIndex(self.asset.findData(asset_id) if asset_id else -1)
        self.start, self.span = QComboBox(), QComboBox()
        for minutes in _STARTS_MIN:
            said = words.text("maintenance.later", age=words.age(minutes * 60)) if minutes else ""
            self.start.addItem(said or words.text("maintenance.now"), minutes)
        for minutes in SPANS_MIN:
            self.span.addItem(words.age(minutes * 60), minutes)
        self.order, self.reason = QLineEdit(), QLineEdit()
        for field in (self.order, self.reason):
            field.setMaxLength(LONGEST)
        for name, widget in (
            ("asset", self.asset),
            ("start", self.start),
            ("span", self.span),
            ("order", self.order),
            ("reason", self.reason),
        ):
            self.form.addRow(words.text(f"maintenance.field.{name}"), widget)
        for box in (self.asset, self.start, self.span):
            box.currentIndexChanged.connect(self._show_consequence)
        self._show_consequence()

    @property
    def window_ms(self) -> tuple[int, int]:
        """From when until when."""
        since_ms = self._bridge.now_ms() + self.start.currentData() * 60_000
        return since_ms, since_ms + self.span.currentData() * 60_000

    @property
    def chosen(self) -> str:
        """The asset's id; empty while what is written names none."""
        at = self.asset.findText(self.asset.currentText())
        return str(self.asset.itemData(at)) if at >= 0 else ""

    @Slot()
    def _show_consequence(self) -> None:
        asset = self.chosen
        if not asset:
            self.consequence.setText(self._words.text("maintenance.choose"))
            return
        since_ms, until_ms = self.window_ms
        since, until = (self._words.when(at)[5:16] for at in (since_ms, until_ms))
        count = _count(asset, self._children)
        self.consequence.setText(
            self._words.text("maintenance.consequence", n=count, since=since, until=until)
        )

    def request(self) -> tuple[str, dict[str, Any]] | str:
        if not self.chosen:
            return "maintenance.choose"
        if not self.order.text().strip():
            return "alarm_dialog.order_missing"
        since_ms, until_ms = self.window_ms
        return "maintenance.plan", {
            "asset": self.chosen,
            "since_ms": since_ms,
            "until_ms": until_ms,
            "order": self.order.text().strip(),
            "reason": self.reason.text().strip(),
        }


def _offered(assets: Sequence[Asset], asset_id: str) -> list[Asset]:
    """Where work can be planned; of a whole city's devices only the one that is asked about."""
    places = [each for each in assets if each.kind in _PLACES]
    if len(places) <= _MOST_OFFERED:
        return places
    return [each for each in places if each.kind != "device" or each.id == asset_id]


def _name(asset: Asset, words: Words) -> str:
    return figures.plain(f"{words.pick(asset.name, asset.name_en)} ({asset.id})", 120)


def _below(assets: Sequence[Asset]) -> dict[str, list[Asset]]:
    found: dict[str, list[Asset]] = {}
    for each in assets:
        for above in {each.parent, each.power_parent} - {""}:
            found.setdefault(above, []).append(each)
    return found


def _count(asset: str, children: dict[str, list[Asset]]) -> int:
    """How many devices are at or below an asset, by the tree or by their power."""
    seen, ahead, count = {asset}, [asset], 0
    while ahead:
        for each in children.get(ahead.pop(), ()):
            if each.id not in seen:
                seen.add(each.id)
                ahead.append(each.id)
                count += each.kind == "device"
    return max(1, count)


class MaintenancePage(QDialog):
    """All windows, the last to end first; it follows them while it is open."""

    def __init__(self, bridge: Bridge, words: Words, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bridge, self._words = bridge, words
        self._assets: dict[str, Asset] = {}
        self._wanted: str | None = None
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(960, 420)
        self.model = RecordTable(self._columns(), words, parent=self)
        self.table = table_view(self.model, {0: 90, 1: 220, 2: 120, 3: 120, 4: 120, 5: 100}, stretch=6)
        self.table.selectionModel().selectionChanged.connect(self._say)
        self.empty, self.message = plain_label(), plain_label()
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.pages = QStackedWidget()
        self.pages.addWidget(self.table)
        self.pages.addWidget(self.empty)
        self.plan_button, self.end_button, self.close_button = QPushButton(), QPushButton(), QPushButton()
        self.plan_button.clicked.connect(self._plan)
        self.end_button.clicked.connect(self._ask_end)
        self.close_button.clicked.connect(self.accept)
        buttons = QHBoxLayout()
        buttons.addWidget(self.plan_button)
        buttons.addWidget(self.end_button)
        buttons.addWidget(self.message, 1)
        buttons.addWidget(self.close_button)
        layout = QVBoxLayout(self)
        layout.addWidget(self.pages, 1)
        layout.addLayout(buttons)
        bridge.changed.connect(self._apply)
        words.changed.connect(self._translate)
        self._translate()
        bridge.assets(self._take_assets)
        bridge.query("maintenance", {}, self._take)

    def _columns(self) -> tuple[Column, ...]:
        words, plain = self._words, figures.plain
        return (
            Column("maintenance.column.state", self._state),
            Column("maintenance.column.asset", self._asset),
            Column("maintenance.column.since", lambda w: words.when(w.since_ms)[5:16], lambda w: w.since_ms),
            Column("maintenance.column.until", lambda w: words.when(w.until_ms)[5:16], lambda w: w.until_ms),
            Column("maintenance.column.order", lambda w: plain(w.order, 60)),
            Column("maintenance.column.by", lambda w: plain(w.by, 40)),
            Column("maintenance.column.reason", lambda w: plain(w.reason, 200)),
        )

    def _state(self, window: Maintenance) -> str:
        now_ms = self._bridge.now_ms()
        if window.ended_ms is not None or window.until_ms <= now_ms:
            return self._words.text("maintenance.over")
        return self._words.text("maintenance.holds" if window.since_ms <= now_ms else "maintenance.planned")

    def _asset(self, window: Maintenance) -> str:
        asset = self._assets.get(window.asset)
        return figures.plain(window.asset, 80) if asset is None else _name(asset, self._words)

    def plan_for(self, asset_id: str) -> None:
        """Ask for a window at this asset, once the tree has come."""
        if self._assets:
            PlanDialog(self._bridge, self._words, self, list(self._assets.values()), asset_id).open()
        else:
            self._wanted = asset_id

    @Slot()
    def _plan(self) -> None:
        self.plan_for("")

    def _take_assets(self, value: Any, error: str) -> None:
        if not error:
            self._assets = {each.id: each for each in msgspec.convert(value, list[Asset])}
            self.table.viewport().update()
            if self._wanted is not None:
                wanted, self._wanted = self._wanted, None
                self.plan_for(wanted)

    def _take(self, value: Any, error: str) -> None:
        if error:
            self.message.setText(self._words.text("maintenance.failed", error=figures.plain(error)))
        else:
            self.model.replace(msgspec.convert(value, list[Maintenance]))
        self._say()

    @Slot(object)
    def _apply(self, records: Sequence[Any]) -> None:
        if windows := [record for record in records if isinstance(record, Maintenance)]:
            self.model.apply(windows)
            self._say()

    @property
    def chosen(self) -> Maintenance | None:
        """The selected window."""
        rows = self.table.selectionModel().selectedRows()
        return self.model.record(rows[0]) if rows else None

    @Slot()
    def _ask_end(self) -> None:
        window = self.chosen
        if window is None:
            return
        question = self._words.text("maintenance.end_ask", name=self._asset(window))
        title = self._words.text("maintenance.end")
        if QMessageBox.question(self, title, question) is QMessageBox.StandardButton.Yes:
            self._bridge.command("maintenance.end", {"maintenance": window.id, "note": ""}, self._ended)

    def _ended(self, _value: Any, error: str) -> None:
        text = self._words.text("maintenance.failed", error=figures.plain(error)) if error else ""
        self.message.setText(text)

    @Slot()
    def _say(self) -> None:
        window = self.chosen
        self.pages.setCurrentIndex(0 if self.model.rowCount() else 1)
        is_over = window is None or window.ended_ms is not None or window.until_ms <= self._bridge.now_ms()
        self.end_button.setEnabled(not is_over)

    @Slot()
    def _translate(self) -> None:
        self.setWindowTitle(self._words.text("maintenance.title"))
        self.empty.setText(self._words.text("maintenance.empty"))
        self.plan_button.setText(self._words.text("maintenance.plan"))
        self.end_button.setText(self._words.text("maintenance.end"))
        self.close_button.setText(self._words.text("alarm_history.close"))
        self._say()
