"""The versions of a rule: what changed, who did it, when and why, and the way back to one."""

from __future__ import annotations

from typing import Any

import msgspec
from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from db.alarm_records import Rule
from db.rule_records import RuleSeen, RuleVersion
from widgets.figures import plain
from widgets.words import Words

_COLUMNS = ("version", "act", "at", "by", "why", "changes")
_UNTOLD = frozenset({"id", "version"})


class RuleVersions(QWidget):
    """A table, newest first.

    Signals:
        restore_wanted: the number of the version to go back to.
        look_wanted: the rule of a version, to look at in the form.
    """

    restore_wanted = Signal(int)
    look_wanted = Signal(object)

    def __init__(self, words: Words, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._words = words
        self._versions: tuple[RuleVersion, ...] = ()
        self.table = QTableWidget(0, len(_COLUMNS))
        self.table.setHorizontalHeaderLabels([words.text(f"versions.column_{each}") for each in _COLUMNS])
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setShowGrid(False)
        self.table.verticalHeader().hide()
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        for column in ("why", "changes"):
            header.setSectionResizeMode(_COLUMNS.index(column), QHeaderView.ResizeMode.Stretch)
        self.look = QPushButton(words.text("versions.look"))
        self.restore = QPushButton(words.text("versions.restore"))
        self.look.clicked.connect(self._want_look)
        self.restore.clicked.connect(self._want_restore)
        self.table.itemSelectionChanged.connect(self._enable)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(self.look)
        row.addWidget(self.restore)
        layout = QVBoxLayout(self)
        layout.addWidget(self.table, 1)
        layout.addLayout(row)
        self._enable()

    def show_rule(self, seen: RuleSeen | None) -> None:
        """Show the versions of this rule."""
        self._versions = seen.versions if seen is not None else ()
        self.table.setRowCount(len(self._versions))
        for row, each in enumerate(self._versions):
            before = self._versions[row + 1].rule if row + 1 < len(self._versions) else None
            for column, text in enumerate(self._cells(each, before)):
                item = QTableWidgetItem(text)
                item.setToolTip(text)
                self.table.setItem(row, column, item)
        self._enable()

    def _cells(self, each: RuleVersion, before: Rule | None) -> tuple[str, ...]:
        words = self._words
        at = words.when(each.at_ms)[:16] if each.at_ms is not None else ""
        act = words.text(f"versions.act_{each.act}")
        if each.act == "restored":
            act = words.text("versions.act_restored", version=each.restored)
        changes = "; ".join(changed(words, before, each.rule)) if before is not None else ""
        return (f"v{each.version}", act, at, plain(each.by, 60), plain(each.why, 300), plain(changes, 600))

    def _chosen(self) -> RuleVersion | None:
        row = self.table.currentRow()
        return self._versions[row] if 0 <= row < len(self._versions) else None

    @Slot()
    def _enable(self) -> None:
        chosen = self._chosen()
        is_old = chosen is not None and (chosen is not self._versions[0] or chosen.act == "removed")
        self.restore.setEnabled(is_old)
        self.look.setEnabled(chosen is not None)

    @Slot()
    def _want_restore(self) -> None:
        chosen = self._chosen()
        if chosen is not None:
            self.restore_wanted.emit(chosen.version)

    @Slot()
    def _want_look(self) -> None:
        chosen = self._chosen()
        if chosen is not None:
            self.look_wanted.emit(chosen.rule)


def changed(words: Words, before: Rule, after: Rule) -> list[str]:
    """What is different, field by field, in the words of the form."""
    told = []
    for field in msgspec.structs.fields(Rule):
        old, new = getattr(before, field.name), getattr(after, field.name)
        if old != new and field.name not in _UNTOLD:
            name = words.text(f"rules.field.{field.name}")
            told.append(
                words.text("versions.change", field=name, before=_said(words, old), after=_said(words, new))
            )
    return told


def _said(words: Words, value: Any) -> str:
    if isinstance(value, bool):
        return words.text("versions.yes" if value else "versions.no")
    if value is None or value in ("", ()):
        return words.text("versions.none")
    if isinstance(value, tuple):
        return plain(", ".join(str(each) for each in value), 80)
    return f"{value:.12g}" if isinstance(value, float) else plain(str(value), 80)
