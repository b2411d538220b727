"""What is kept from retention, by whom and why, and letting it go."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QInputDialog,
    QLabel,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from db.workings import Hold
from widgets import figures
from widgets.bridge import Bridge
from widgets.table import Column, RecordTable
from widgets.table_view import table_view
from widgets.words import Words


class HoldsPage(QDialog):
    """All holds that stand; it follows them while it is open."""

    def __init__(self, bridge: Bridge, words: Words, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bridge, self._words = bridge, words
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(900, 420)
        self.model = RecordTable(
            self._columns(), words, keep=lambda hold: hold.released_ms is None, parent=self
        )
        self._build()
        bridge.changed.connect(self._apply)
        words.changed.connect(self._translate)
        self._translate()
        bridge.query("holds", {}, self._take)

    def _columns(self) -> tuple[Column, ...]:
        words, plain = self._words, figures.plain
        return (
            Column("holds.column_placed", lambda h: words.when(h.placed_ms)[:16], lambda h: h.placed_ms),
            Column("holds.column_source", lambda h: plain(h.source, 60)),
            Column("holds.column_quantity", self._quantity),
            Column("holds.column_since", lambda h: words.when(h.since_ms)[:16], lambda h: h.since_ms),
            Column("holds.column_until", lambda h: words.when(h.until_ms)[:16], lambda h: h.until_ms),
            Column("holds.column_by", lambda h: plain(h.placed_by, 40)),
            Column("holds.column_reason", lambda h: plain(h.reason, 200), tip=lambda h: plain(h.reason, 300)),
        )

    def _quantity(self, hold: Hold) -> str:
        if hold.quantity == "*":
            return self._words.text("holds.every")
        return figures.plain(self._words.quantity(hold.quantity), 60)

    def _build(self) -> None:
        self.empty, self.message = QLabel(), QLabel()
        for label in (self.empty, self.message):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
            label.setObjectName("dim")
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        widths = {0: 130, 1: 130, 2: 120, 3: 130, 4: 130, 5: 90}
        self.table = table_view(self.model, widths, stretch=6)
        self.table.selectionModel().selectionChanged.connect(self._say)
        self.pages = QStackedWidget()
        self.pages.addWidget(self.table)
        self.pages.addWidget(self.empty)
        self.release, self.close_button = QPushButton(), QPushButton()
        self.release.clicked.connect(self._ask)
        self.close_button.clicked.connect(self.accept)
        buttons = QHBoxLayout()
        buttons.addWidget(self.release)
        buttons.addStretch(1)
        buttons.addWidget(self.close_button)
        layout = QVBoxLayout(self)
        layout.addWidget(self.pages, 1)
        layout.addWidget(self.message)
        layout.addLayout(buttons)

    def _take(self, value: Any, error: str) -> None:
        if error:
            self.message.setText(self._words.text("holds.failed", error=figures.plain(error)))
            return
        self.model.replace([h for h in msgspec.convert(value, list[Hold]) if h.released_ms is None])
        self._say()

    @Slot(object)
    def _apply(self, records: Sequence[Any]) -> None:
        if holds := [record for record in records if isinstance(record, Hold)]:
            self.model.apply(holds)
            self._say()

    @property
    def chosen(self) -> Hold | None:
        """The selected hold."""
        index = self.table.currentIndex()
        return (
            self.model.record(index)
            if index.isValid() and self.table.selectionModel().hasSelection()
            else None
        )

    @Slot()
    def _ask(self) -> None:
        hold = self.chosen
        if hold is None:
            return
        question = self._words.text("holds.consequence", source=figures.plain(hold.source, 60))
        note, agreed = QInputDialog.getText(self, self._words.text("holds.release"), question)
        if agreed:
            self.let_go(hold, note.strip()[:200])

    def let_go(self, hold: Hold, note: str) -> None:
        """Release a hold; the log keeps who did it and why."""
        self._bridge.command("hold.release", {"hold": hold.id, "note": note}, self._on_released)

    def _on_released(self, _value: Any, error: str) -> None:
        text = self._words.text("holds.failed", error=figures.plain(error)) if error else ""
        self.message.setText(text or self._words.text("holds.released"))

    @Slot()
    def _say(self) -> None:
        self.pages.setCurrentIndex(0 if self.model.rowCount() else 1)
        self.release.setEnabled(self.chosen is not None)

    @Slot()
    def _translate(self) -> None:
        self.setWindowTitle(self._words.text("holds.title"))
        self.empty.setText(self._words.text("holds.empty"))
        self.release.setText(self._words.text("holds.release"))
        self.close_button.setText(self._words.text("export.close"))
        self._say()
