"""The page of the domain packs: which are installed, what each needs, and what it brings."""

from __future__ import annotations

import html
from typing import Any

import msgspec
from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHeaderView,
    QLabel,
    QSplitter,
    QTableWidget,
    QTableWidgetItem,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from console.packs.tables import Pack, PackSeen, Quantity
from widgets.bridge import Bridge
from widgets.figures import plain
from widgets.words import Words

_COLUMNS = ("state", "name", "serves", "needs", "counts", "version")


class PacksPage(QDialog):
    """A table of the packs above; below, what the chosen one brings."""

    def __init__(self, bridge: Bridge, words: Words, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bridge, self._words = bridge, words
        self._seen: list[PackSeen] = []
        self._error = ""
        self.about = QLabel()
        self.about.setTextFormat(Qt.TextFormat.PlainText)
        self.about.setWordWrap(True)
        self.about.setObjectName("dim")
        self.table = QTableWidget(0, len(_COLUMNS))
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.verticalHeader().hide()
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(_COLUMNS.index("needs"), QHeaderView.ResizeMode.Stretch)
        self.table.itemSelectionChanged.connect(self._show_chosen)
        self.detail = QTextBrowser()
        self.detail.setOpenLinks(False)
        split = QSplitter(Qt.Orientation.Vertical)
        split.addWidget(self.table)
        split.addWidget(self.detail)
        split.setSizes([380, 260])
        layout = QVBoxLayout(self)
        layout.addWidget(self.about)
        layout.addWidget(split, 1)
        self.resize(1040, 700)
        words.changed.connect(self._write)
        bridge.linked.connect(self._on_linked)
        self.read()

    @Slot()
    def read(self) -> None:
        """Ask for the packs anew."""
        self._bridge.query("packs", {"every": True}, self._take)

    @Slot(bool, str)
    def _on_linked(self, up: bool, _reason: str) -> None:
        if up:
            self.read()

    def _take(self, value: Any, error: str) -> None:
        self._error = error
        if not error:
            self._seen = msgspec.convert(value, list[PackSeen])
        self._write()

    @Slot()
    def _write(self) -> None:
        words = self._words
        self.setWindowTitle(words.text("packs.title"))
        self.table.setHorizontalHeaderLabels([words.text(f"packs.column_{each}") for each in _COLUMNS])
        if self._error:
            self.about.setText(words.text("packs.failed", error=plain(self._error, 300)))
        elif not self._seen:
            self.about.setText(words.text("packs.waiting"))
        else:
            used = sum(each.in_use for each in self._seen)
            self.about.setText(words.text("packs.about", total=len(self._seen), used=used))
        chosen = max(0, self.table.currentRow())
        self.table.setRowCount(len(self._seen))
        for row, seen in enumerate(self._seen):
            for column, text in enumerate(self._cells(seen)):
                item = QTableWidgetItem(text)
                item.setToolTip(text)
                self.table.setItem(row, column, item)
        if self._seen:
            self.table.selectRow(min(chosen, len(self._seen) - 1))
        self._show_chosen()

    def _cells(self, seen: PackSeen) -> tuple[str, ...]:
        words, pack = self._words, seen.pack
        state = "faulty" if seen.faults else "in_use" if seen.in_use else "installed"
        marks = {True: f"✓ {words.text('packs.met')}", False: f"✗ {words.text('packs.missing')}"}
        needs = "; ".join(
            f"{marks[met]}: {words.pick(need.ko, need.en)}"
            for need, met in zip(pack.needs, seen.need_met, strict=False)
        )
        return (
            words.text(f"packs.{state}"),
            words.pick(pack.pack.name, pack.pack.name_en),
            " ".join(pack.pack.serves),
            plain(needs or "; ".join(seen.faults), 300),
            f"{len(pack.quantities)} · {len(pack.rules)}",
            pack.pack.version,
        )

    @Slot()
    def _show_chosen(self) -> None:
        row = self.table.currentRow()
        if 0 <= row < len(self._seen):
            self.detail.setHtml(self._told(self._seen[row]))

    def _told(self, seen: PackSeen) -> str:
        """What a pack brings; everything of the file goes through html.escape."""
        words, pack = self._words, seen.pack
        head = pack.pack
        parts = [f"<p>{_safe(words.pick(head.about, head.about_en))}<br><i>{_safe(seen.origin)}</i></p>"]
        parts += [f"<p>! {_safe(fault)}</p>" for fault in seen.faults]
        parts.append(
            _list(words.text("packs.quantities"), [self._quantity(each) for each in pack.quantities])
        )
        parts.append(_list(words.text("packs.rules"), self._rules(pack)))
        parts.append(_list(words.text("packs.guidance"), self._guidance(pack)))
        return "".join(parts)

    def _quantity(self, each: Quantity) -> str:
        words = self._words
        name = f"{words.pick(each.ko, each.en)} ({each.name})"
        if each.minimum is None or each.maximum is None:
            return name
        unit = words.unit(each.unit)
        span = words.text("packs.range", low=f"{each.minimum:g}", high=f"{each.maximum:g}", unit=unit)
        return f"{name}: {span.strip()}"

    def _rules(self, pack: Pack) -> list[str]:
        words = self._words
        told = []
        for rule in pack.rules:
            basis = words.text("packs.basis", basis=rule.basis)
            told.append(f"[{rule.priority}] {words.pick(rule.name, rule.name_en)} — {basis}")
        return told

    def _guidance(self, pack: Pack) -> list[str]:
        named = {rule.id: (rule.name, rule.name_en) for rule in pack.rules}
        named |= {each.type: (each.ko, each.en) for each in pack.event_types if each.type not in named}
        return [
            f"{self._words.pick(*named.get(each.on, (each.on, each.on)))}: "
            + " → ".join(each.steps if self._words.language == "ko" else each.steps_en)
            for each in pack.guidance
        ]


def _safe(text: str) -> str:
    return html.escape(plain(text, 600))


def _list(title: str, lines: list[str]) -> str:
    if not lines:
        return ""
    items = "".join(f"<li>{_safe(line)}</li>" for line in lines)
    return f"<h4>{html.escape(title)}</h4><ul>{items}</ul>"
