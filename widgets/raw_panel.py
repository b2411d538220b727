"""Level 4: the messages of a source as they came, and what the present mappings make of each."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import msgspec
from PySide6.QtCore import QModelIndex, Qt, Slot
from PySide6.QtGui import QKeySequence, QResizeEvent, QShortcut, QShowEvent
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from db.workings import RawMessage
from widgets import figures, theme
from widgets.bridge import Bridge
from widgets.one_line import OneLine
from widgets.pages import PAGE, Pages
from widgets.payload_view import PayloadView
from widgets.table import Column, RecordTable
from widgets.table_view import table_view
from widgets.words import Words

READ = "read"
_NARROW_PX = 760
_WIDE_ONLY = (4, 5)  # source and size
_MOST_RECORDS = 200


class RawPanel(QWidget):
    """The newest messages kept, newest first; of one source when one is asked for."""

    def __init__(self, bridge: Bridge, words: Words, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bridge, self._words = bridge, words
        self._error = ""
        self._is_stale = True
        self._parsing = 0
        self._list = Pages(bridge, "raw", self)
        self._list.arrived.connect(self._take)
        self.model = RecordTable(self._columns(), words, parent=self)
        self._build()
        bridge.linked.connect(self._on_linked)
        words.changed.connect(self._translate)
        self._translate()

    def _columns(self) -> tuple[Column, ...]:
        words, plain = self._words, figures.plain
        return (
            Column("raw.column_received", lambda m: words.when(m.received_ms), lambda m: m.id),
            Column("raw.column_state", lambda m: self.state_word(m.state), colour=_colour),
            Column("raw.column_feed", lambda m: plain(m.feed, 60)),
            Column("raw.column_topic", lambda m: plain(m.topic, 200)),
            Column("raw.column_source", lambda m: plain(m.source, 80)),
            Column("raw.column_size", lambda m: figures.size(m.size), sort=lambda m: m.size, right=True),
        )

    def state_word(self, state: str) -> str:
        """What became of a message, in words; a reason without words as it is."""
        if state == READ:
            return self._words.text("raw.read")
        key = f"reason.{state}"
        return self._words.text(key) if self._words.has(key) else figures.plain(state, 60)

    def _build(self) -> None:
        self.title, self.notice, self.empty = QLabel(), QLabel(), QLabel()
        self.title.setObjectName("title")
        for label in (self.notice, self.empty):
            label.setObjectName("dim")
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.source, self.state = QLineEdit(), QComboBox()
        self.source.setClearButtonEnabled(True)
        self.source.setMaxLength(200)
        self.source.returnPressed.connect(self.read_newest)
        self.state.addItem("", "")
        self.state.addItem("", READ)
        self.state.addItem("", "set_aside")
        self.state.currentIndexChanged.connect(self.read_newest)
        self.refresh, self.newer, self.older = QPushButton(), QPushButton(), QPushButton()
        self.refresh.clicked.connect(self.read_newest)
        self.newer.clicked.connect(self.read_newest)
        self.older.clicked.connect(self.read_older)
        bar = QHBoxLayout()
        bar.addWidget(self.source, 1)
        for widget in (self.state, self.refresh, self.newer, self.older):
            bar.addWidget(widget)
        self._build_table()
        self.pages = QStackedWidget()
        self.pages.addWidget(self.table)
        self.pages.addWidget(self.empty)
        split = QSplitter(Qt.Orientation.Vertical)
        split.addWidget(self.pages)
        split.addWidget(self._build_message())
        split.setChildrenCollapsible(False)
        split.setSizes([500, 500])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 6)
        layout.setSpacing(6)
        for part in (self.title, bar, self.notice):
            layout.addLayout(part) if isinstance(part, QHBoxLayout) else layout.addWidget(part)
        layout.addWidget(split, 1)
        inside = Qt.ShortcutContext.WidgetWithChildrenShortcut
        QShortcut(QKeySequence("F5"), self, context=inside).activated.connect(self.read_newest)

    def _build_table(self) -> None:
        self.table = table_view(self.model, {0: 160, 1: 130, 2: 110, 4: 130, 5: 84}, stretch=3)
        self.table.selectionModel().currentRowChanged.connect(self._on_row)

    def _build_message(self) -> QWidget:
        self.payload, self.made, self.made_title = PayloadView(self._words), QPlainTextEdit(), OneLine("dim")
        self.made.setReadOnly(True)
        right = QWidget()
        column = QVBoxLayout(right)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.made_title)
        column.addWidget(self.made, 1)
        beside = QSplitter(Qt.Orientation.Horizontal)
        beside.addWidget(self.payload)
        beside.addWidget(right)
        beside.setChildrenCollapsible(False)
        beside.setSizes([500, 500])
        return beside

    # --- what it is told -----------------------------------------------------

    def show_source(self, source: str) -> None:
        """Show the messages of this source from now on; "" for all."""
        self.source.setText(source)
        self.read_newest()

    @Slot(bool, str)
    def _on_linked(self, up: bool, _reason: str) -> None:
        if up:
            self.read_newest()

    def apply(self, records: Sequence[Any]) -> None:
        """Nothing: messages come too fast to be followed by eye; F5 reads again."""

    @Slot()
    def read_newest(self) -> None:
        """Ask the core for the newest page; hidden, when it is shown again."""
        self._is_stale = not self.isVisible()
        if not self._is_stale:
            self._list.newest(self._filter())

    @Slot()
    def read_older(self) -> None:
        """Ask the core for the page before this one."""
        ids = [record.id for record in self.model.records()]
        if ids:
            self._list.older(min(ids), self._filter())

    def _filter(self) -> dict[str, Any]:
        wanted = {"source": self.source.text().strip(), "state": self.state.currentData()}
        return {name: value for name, value in wanted.items() if value}

    @Slot(object, str)
    def _take(self, value: Any, error: str) -> None:
        self._error = error
        if not error:
            page = sorted(msgspec.convert(value, list[RawMessage]), key=lambda record: -record.id)
            self.model.replace(page)
            if page:
                self.table.selectRow(0)
            self._show_chosen()
        self._say()

    # --- showing -------------------------------------------------------------

    @Slot(QModelIndex, QModelIndex)
    def _on_row(self, _current: QModelIndex, _before: QModelIndex) -> None:
        self._show_chosen()

    def _show_chosen(self) -> None:
        index = self.table.currentIndex()
        self._parsing += 1
        parsing = self._parsing
        self.made.clear()
        self.made_title.say("")
        if not index.isValid():
            self.payload.clear()
            return
        message: RawMessage = self.model.record(index)
        self.payload.show_payload(message.payload, message.size)
        self._bridge.query(
            "decode_again", {"raw": message.id}, lambda value, error: self._take_made(parsing, value, error)
        )

    def _take_made(self, parsing: int, value: Any, error: str) -> None:
        if parsing != self._parsing:
            return
        if error:
            self.made_title.say(self._words.text("raw.made_failed", error=figures.plain(error)))
            return
        records = value if isinstance(value, list) else []
        self.made_title.say(self._words.text("raw.made", n=len(records)))
        shown = [json.dumps(each, ensure_ascii=False, indent=1, default=str) for each in records]
        self.made.setPlainText("\n".join(shown[:_MOST_RECORDS]))

    def _say(self) -> None:
        records = self.model.records()
        self.pages.setCurrentIndex(0 if records else 1)
        self.empty.setText(self._words.text("raw.empty_filtered" if self._filter() else "raw.empty"))
        failed = self._words.text("raw.failed", error=figures.plain(self._error)) if self._error else ""
        self.notice.setText(failed)
        self.notice.setVisible(bool(failed))
        self.newer.setEnabled(not self._list.is_newest)
        self.older.setEnabled(len(records) >= PAGE)

    @Slot()
    def _translate(self) -> None:
        words = self._words
        self.title.setText(words.text("raw.title"))
        self.source.setPlaceholderText(words.text("raw.source_hint"))
        for at, key in enumerate(("raw.state_all", "raw.state_read", "raw.state_aside")):
            self.state.setItemText(at, words.text(key))
        self.refresh.setText(words.text("quarantine.refresh"))
        self.newer.setText(words.text("quarantine.newer"))
        self.older.setText(words.text("quarantine.older", n=PAGE))
        self._say()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        for column in _WIDE_ONLY:
            self.table.setColumnHidden(column, event.size().width() < _NARROW_PX)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._is_stale:
            self.read_newest()


def _colour(message: RawMessage) -> str | None:
    return None if message.state == READ else theme.PRIORITY[3]
