"""The page of the alarm rules: the list on the left, one rule on the right."""

from __future__ import annotations

from typing import Any

import msgspec
from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QCloseEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QDialog, QPushButton, QSplitter, QVBoxLayout, QWidget

from console.packs.tables import PackSeen
from db.alarm_records import Alarm, Rule
from db.asset_records import Asset
from db.rule_records import RuleSeen
from widgets import theme
from widgets.bridge import Bridge
from widgets.figures import plain
from widgets.rule_list import RuleList
from widgets.rule_sheet import RuleSheet
from widgets.words import Words


class RuleEditor(QDialog):
    """Opened from the menu, or by `open_rule` from an alarm or a bad actor."""

    def __init__(self, bridge: Bridge, words: Words, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bridge, self._words = bridge, words
        self._wanted = ""
        self.list = RuleList(words)
        self.sheet = RuleSheet(bridge, words)
        self.new = QPushButton(words.text("rules.new"))
        self.setWindowTitle(words.text("rules.title"))
        self.setWindowFlag(Qt.WindowType.WindowMaximizeButtonHint, on=True)
        self._build()
        for keys, act in (
            (QKeySequence.StandardKey.Find, self._find),
            (QKeySequence.StandardKey.Save, self.sheet.buttons["save"].click),
        ):
            QShortcut(QKeySequence(keys), self).activated.connect(act)
        self.list.chosen.connect(self._choose)
        self.new.clicked.connect(self._begin)
        self.sheet.acted.connect(self._on_acted)
        self.sheet.copy_wanted.connect(self._begin_copy)
        bridge.linked.connect(self._on_linked)
        self.sheet.show_rule(None)
        self.read()

    def _build(self) -> None:
        self.new.setAutoDefault(False)
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.list, 1)
        column.addWidget(self.new)
        whole = QSplitter(Qt.Orientation.Horizontal)
        whole.addWidget(left)
        whole.addWidget(self.sheet)
        whole.setSizes([600, 720])
        whole.setStretchFactor(1, 1)
        whole.setChildrenCollapsible(False)
        QVBoxLayout(self).addWidget(whole)
        self.resize(1320, 700)

    # --- reading ------------------------------------------------------------------

    @Slot()
    def read(self) -> None:
        """Ask for the rules, what they look at, and what stands."""
        if not self.list.model.rowCount():
            self.sheet.tell(self._words.text("rules.waiting"))
        self._bridge.query("packs", {}, self._take_packs)
        self._bridge.assets(self._take_assets)
        self._bridge.query("alarms", {}, self._take_alarms)
        self._bridge.query("rulebook", {}, self._take_rules)

    @Slot(bool, str)
    def _on_linked(self, up: bool, _reason: str) -> None:
        if up:
            self.read()

    def _take_packs(self, value: Any, error: str) -> None:
        if error:
            return
        packs = tuple(each.pack for each in msgspec.convert(value, list[PackSeen]))
        self.list.use(packs)
        self.sheet.packs = packs
        known = {each.name: each.unit for pack in packs for each in pack.quantities}
        names = [(name, plain(self._words.quantity(name), 80), unit) for name, unit in known.items()]
        self.sheet.form.use(sorted(names, key=lambda each: each[1]))

    def _take_assets(self, value: Any, error: str) -> None:
        if not error:
            self.sheet.assets = [each for each in value if isinstance(each, Asset) and each.source]
            self.sheet.say()

    def _take_alarms(self, value: Any, error: str) -> None:
        if not error:
            self.list.count_alarms(msgspec.convert(value, list[Alarm]))
            self.sheet.standing = self.list.standing

    def _take_rules(self, value: Any, error: str) -> None:
        if error:
            self.sheet.tell(self._words.text("rules.failed", error=plain(error)), theme.PRIORITY[2])
            return
        seen = msgspec.convert(value, list[RuleSeen])
        self.list.show_rules(seen)
        pick = self._words.pick
        self.sheet.forecast.names = {
            each.rule.id: pick(each.rule.name, each.rule.name_en) or each.rule.id for each in seen
        }
        if self.sheet.is_dirty:
            return
        shown = self.sheet.seen.rule.id if self.sheet.seen is not None else ""
        wanted, self._wanted = self._wanted or shown, ""
        self.open_rule(wanted)

    def open_rule(self, rule: str) -> None:
        """Show the rule of this id, once it is known; with none the first of the list."""
        found = self.list.seen(rule)
        if found is None and not rule and self.list.model.rowCount():
            found = self.list.model.records()[0].seen
        if found is None:
            self._wanted = rule
            return
        if found != self.sheet.seen:
            if not self.sheet.may_drop():
                return
            self.sheet.show_rule(found)
        self.list.show_rule(found.rule.id)

    @Slot()
    def _find(self) -> None:
        self.list.search.setFocus()
        self.list.search.selectAll()

    # --- choosing -----------------------------------------------------------------

    @Slot(str)
    def _choose(self, rule: str) -> None:
        shown = self.sheet.seen
        if shown is not None and rule == shown.rule.id:
            return
        if self.sheet.may_drop():
            self.sheet.show_rule(self.list.seen(rule))
        elif shown is not None:
            self.list.show_rule(shown.rule.id)

    @Slot()
    def _begin(self) -> None:
        if self.sheet.may_drop():
            self.list.table.clearSelection()
            self.sheet.show_rule(None)

    @Slot(object)
    def _begin_copy(self, rule: Rule) -> None:
        if self.sheet.may_drop():
            self.list.table.clearSelection()
            self.sheet.show_rule(None, rule)

    @Slot(object)
    def _on_acted(self, seen: RuleSeen) -> None:
        self._wanted = seen.rule.id
        self.read()

    def closeEvent(self, event: QCloseEvent) -> None:
        if not self.sheet.may_drop():
            event.ignore()
            return
        self.sheet.forecast.stop()
        super().closeEvent(event)

    def reject(self) -> None:
        """Escape closes it as the cross does."""
        self.close()
