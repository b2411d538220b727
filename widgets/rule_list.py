"""The list of the alarm rules: by domain, with kind, limit, basis and state, found by any word of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QLabel, QLineEdit, QVBoxLayout, QWidget

from console.packs.tables import Pack
from db.alarm_records import Alarm
from db.rule_records import RuleSeen
from widgets import theme
from widgets.figures import plain
from widgets.rule_words import limit_text
from widgets.table import Column, RecordTable
from widgets.table_view import table_view
from widgets.words import Words


class RuleRow(NamedTuple):
    """A rule as the list shows it."""

    seen: RuleSeen
    domain: str
    unit: str
    standing: int

    @property
    def key(self) -> tuple[str, str]:
        """Its identity in the list."""
        return ("rule", self.seen.rule.id)


class RuleList(QWidget):
    """A search over a table.

    Signals:
        chosen: the id of the rule that a person looks at now.
    """

    chosen = Signal(str)

    def __init__(self, words: Words, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._words = words
        self._rows: list[RuleRow] = []
        self.packs: tuple[Pack, ...] = ()
        self._seen: list[RuleSeen] = []
        self.standing: Counter[str] = Counter()
        self.search = QLineEdit()
        self.search.setClearButtonEnabled(True)
        self.search.setPlaceholderText(words.text("rules.search"))
        self.search.textChanged.connect(self._filter)
        self.model = RecordTable(self._columns(), words, parent=self)
        self.model.sort(1)
        self.table = table_view(self.model, {0: 88, 1: 78, 3: 84, 4: 122, 5: 58}, stretch=2)
        self.table.setSortingEnabled(True)
        self.table.sortByColumn(1, Qt.SortOrder.AscendingOrder)
        self.table.selectionModel().currentRowChanged.connect(self._choose)
        self.count = QLabel()
        self.count.setObjectName("dim")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.search)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.count)

    def _columns(self) -> tuple[Column, ...]:
        words = self._words
        return (
            Column(
                "rules.column_state",
                self._state,
                icon=lambda row: theme.priority_icon(row.seen.rule.priority, 16),
                sort=lambda row: (row.seen.rule.priority, row.seen.rule.id),
                colour=lambda row: None if row.seen.rule.enabled and not row.seen.is_removed else theme.DIM,
            ),
            Column(
                "rules.column_domain",
                lambda row: row.domain,
                sort=lambda row: (row.domain, row.seen.rule.priority, self._name(row)),
            ),
            Column(
                "rules.column_name", self._name, tip=lambda row: f"{self._name(row)} [{row.seen.rule.id}]"
            ),
            Column("rules.column_kind", lambda row: words.text(f"rules.kind.{row.seen.rule.kind}")),
            Column(
                "rules.column_limit",
                lambda row: limit_text(words, row.seen.rule, row.unit),
                tip=lambda row: plain(row.seen.rule.basis, 300),
            ),
            Column(
                "rules.column_standing",
                lambda row: str(row.standing) if row.standing else "",
                sort=lambda row: -row.standing,
                right=True,
            ),
        )

    # --- what it holds

    def show_rules(self, seen: Sequence[RuleSeen]) -> None:
        """Show these rules."""
        self._seen = list(seen)
        self._make()

    def use(self, packs: Iterable[Pack]) -> None:
        """Know domains and units from these packs."""
        self.packs = tuple(packs)
        self._make()

    def count_alarms(self, standing: Iterable[Alarm]) -> None:
        """Count the standing alarms of each rule."""
        self.standing = Counter(alarm.rule for alarm in standing if alarm.is_standing)
        self._make()

    def seen(self, rule: str) -> RuleSeen | None:
        """The rule of this id."""
        return next((each for each in self._seen if each.rule.id == rule), None)

    def show_rule(self, rule: str) -> bool:
        """Put the line on this rule; False if there is none."""
        row = self.model.row_of(("rule", rule))
        if row is None and self.search.text() and self.seen(rule) is not None:
            self.search.clear()
            row = self.model.row_of(("rule", rule))
        if row is None:
            return False
        self.table.selectRow(row)
        self.table.scrollTo(self.model.index(row, 0))
        return True

    def current(self) -> str:
        """The id of the rule under the line, or nothing."""
        index = self.table.currentIndex()
        return self.model.record(index).seen.rule.id if index.isValid() else ""

    # --- inside

    def _make(self) -> None:
        domains = _Domains(self.packs, self._words)
        self._rows = [
            RuleRow(
                each,
                domains.of(each),
                domains.units.get(each.rule.quantity, "1"),
                self.standing[each.rule.id],
            )
            for each in self._seen
        ]
        self._filter()

    @Slot()
    def _filter(self) -> None:
        wanted = self.search.text().casefold().split()
        current = self.current()
        shown = [row for row in self._rows if all(word in self._text(row) for word in wanted)]
        blocked = self.table.selectionModel().blockSignals(True)
        self.model.replace(shown)
        row = self.model.row_of(("rule", current))
        if row is not None:
            self.table.selectRow(row)
        self.table.selectionModel().blockSignals(blocked)
        edited = sum(each.origin == "edited" for each in self._seen)
        off = sum(not each.rule.enabled or each.is_removed for each in self._seen)
        self.count.setText(
            self._words.text("rules.count", shown=len(shown), total=len(self._rows), edited=edited, off=off)
        )

    def _text(self, row: RuleRow) -> str:
        rule = row.seen.rule
        parts = (
            rule.id, rule.name, rule.name_en, rule.quantity, self._words.quantity(rule.quantity), rule.source,
            row.domain, self._words.text(f"rules.kind.{rule.kind}"), *rule.types, rule.basis,
        )  # fmt: skip
        return " ".join(parts).casefold()

    def _name(self, row: RuleRow) -> str:
        rule = row.seen.rule
        return plain(self._words.pick(rule.name, rule.name_en) or rule.id, 120)

    def _state(self, row: RuleRow) -> str:
        seen = row.seen
        if seen.is_removed:
            return self._words.text("rules.state_removed")
        if not seen.rule.enabled:
            return self._words.text("rules.state_off")
        if seen.origin == "edited":
            return self._words.text("rules.state_edited", version=seen.rule.version)
        return self._words.text("rules.state_on")

    @Slot()
    def _choose(self) -> None:
        rule = self.current()
        if rule:
            self.chosen.emit(rule)


class _Domains:
    """Which domain a rule belongs to: that of its pack, else of the pack that knows its quantity or event."""

    def __init__(self, packs: Sequence[Pack], words: Words) -> None:
        self._names = {pack.pack.id: words.pick(pack.pack.name, pack.pack.name_en) for pack in packs}
        self._other = words.text("rules.other_domain")
        self._by_name: dict[str, str] = {}
        self.units: dict[str, str] = {}
        for pack in packs:
            for quantity in pack.quantities:
                self._by_name.setdefault(quantity.name, pack.pack.id)
                self.units.setdefault(quantity.name, quantity.unit)
            for event in pack.event_types:
                self._by_name.setdefault(event.type, pack.pack.id)

    def of(self, seen: RuleSeen) -> str:
        rule = seen.rule
        known = (self._by_name.get(each) for each in (rule.quantity, *rule.types))
        pack = seen.pack or next((each for each in known if each), "")
        return self._names.get(pack, pack or self._other)
