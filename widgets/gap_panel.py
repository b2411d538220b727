"""What did not arrive: asked for, filled, or confirmed lost."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtGui import QKeySequence, QResizeEvent, QShortcut, QShowEvent
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QInputDialog,
    QLabel,
    QLineEdit,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from db.workings import Gap
from widgets import figures, gap_model
from widgets.bridge import Bridge
from widgets.one_line import OneLine
from widgets.pages import PAGE, Pages
from widgets.table import RecordTable
from widgets.table_view import table_view
from widgets.words import Words

_NARROW_PX = 760
_ROWS = 5 * PAGE  # with what came since the page was read; more is read anew
_TYPED_MS = 300


class GapPanel(QWidget):
    """The ledger of gaps, the one found last first, a page at a time."""

    def __init__(self, bridge: Bridge, words: Words, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bridge, self._words = bridge, words
        self._is_stale = True
        self._error, self._said = "", ""
        self._read_rows = 0
        self.model = RecordTable(gap_model.columns(words), words, keep=self._is_wanted, parent=self)
        self._reader = Pages(bridge, "gaps", self)
        self._reader.arrived.connect(self._take)
        self._build()
        bridge.linked.connect(self._on_linked)
        words.changed.connect(self._translate)
        self._translate()

    def _build(self) -> None:
        self.title, self.place = QLabel(), OneLine("dim")
        self.title.setObjectName("title")
        self.state, self.source = QComboBox(), QLineEdit()
        for each in gap_model.FILTERS:
            self.state.addItem("", each)
        self.state.currentIndexChanged.connect(self.read_newest)
        self.source.setClearButtonEnabled(True)
        self.source.setMinimumWidth(190)
        self._typed = QTimer(self, singleShot=True, interval=_TYPED_MS)
        self._typed.timeout.connect(self.read_newest)
        self.source.textChanged.connect(lambda _text: self._typed.start())
        self.newer, self.older = QPushButton(), QPushButton()
        self.newer.clicked.connect(self.read_newest)
        self.older.clicked.connect(self.read_older)
        self._build_table()
        self.empty, self.notice, self.facts = QLabel(), QLabel(), QLabel()
        for label in (self.empty, self.notice, self.facts):
            label.setObjectName("dim")
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.pages = QStackedWidget()
        self.pages.addWidget(self.table)
        self.pages.addWidget(self.empty)
        self.ask, self.lose = QPushButton(), QPushButton()
        self.ask.clicked.connect(self._ask_again)
        self.lose.clicked.connect(self._confirm)
        self._lay_out()
        inside = Qt.ShortcutContext.WidgetWithChildrenShortcut
        QShortcut(QKeySequence("F5"), self, context=inside).activated.connect(self.read_newest)

    def _lay_out(self) -> None:
        top, bar, below = QHBoxLayout(), QHBoxLayout(), QHBoxLayout()
        top.addWidget(self.title)
        top.addWidget(self.place, 1)
        for widget in (self.state, self.source, self.newer, self.older):
            bar.addWidget(widget)
        bar.addStretch(1)
        below.addWidget(self.facts, 1)
        below.addWidget(self.ask)
        below.addWidget(self.lose)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 6)
        layout.setSpacing(6)
        layout.addLayout(top)
        layout.addLayout(bar)
        layout.addWidget(self.notice)
        layout.addWidget(self.pages, 1)
        layout.addLayout(below)

    def _build_table(self) -> None:
        widths = {0: 86, 2: 248, 3: 162, 4: 92, 5: 84, 6: 60}
        self.table = table_view(self.model, widths, stretch=1)
        self.table.selectionModel().selectionChanged.connect(self._show_chosen)

    # --- what it is told -----------------------------------------------------

    @Slot(bool, str)
    def _on_linked(self, up: bool, _reason: str) -> None:
        if up:
            self.read_newest()

    def apply(self, records: Iterable[Any]) -> None:
        """Follow gaps as they are found and closed; hidden, only know that the list is old."""
        gaps = [record for record in records if isinstance(record, Gap)]
        if not gaps:
            return
        if not self.isVisible():
            self._is_stale = True
            return
        known = [gap for gap in gaps if self.model.row_of(gap.key) is not None]
        fresh = [gap for gap in gaps if self.model.row_of(gap.key) is None and self._is_wanted(gap)]
        self.model.apply(known)
        if fresh and self._reader.is_newest:
            if self.model.rowCount() + len(fresh) > _ROWS:
                self.read_newest()
                return
            top = sorted(fresh, key=lambda gap: -gap.id)
            self._hold_rows([*top, *self.model.records()])
        self._say()

    def _is_wanted(self, gap: Gap) -> bool:
        return gap_model.fits(gap, self.state.currentData(), self.source.text().strip())

    def _hold_rows(self, gaps: list[Gap]) -> None:
        """Show these rows, and let the chosen one stay chosen."""
        chosen = self.chosen
        self.model.replace(gaps)
        row = self.model.row_of(chosen.key) if chosen else None
        if row is not None:
            self.table.selectRow(row)
        self._show_chosen()

    @Slot()
    def read_newest(self) -> None:
        """Ask the core for the newest page."""
        self._said = ""
        if not self._hidden():
            self._reader.newest(self._narrowed())

    @Slot()
    def read_older(self) -> None:
        """Ask the core for the page before this one."""
        ids = [gap.id for gap in self.model.records()]
        if ids and not self._hidden():
            self._reader.older(min(ids), self._narrowed())

    def _hidden(self) -> bool:
        self._is_stale = not self.isVisible()
        return self._is_stale

    def _narrowed(self) -> dict[str, Any]:
        args = {"state": self.state.currentData(), "source": self.source.text().strip()}
        return {key: value for key, value in args.items() if value}

    @Slot(object, str)
    def _take(self, value: Any, error: str) -> None:
        self._error = error
        if not error:
            found = msgspec.convert(value, list[Gap])
            self._read_rows = len(found)
            self._hold_rows(found)
        self._say()

    # --- what people do ------------------------------------------------------

    @property
    def chosen(self) -> Gap | None:
        """The selected gap."""
        rows = self.table.selectionModel().selectedRows()
        return self.model.record(rows[0]) if rows else None

    @Slot()
    def _ask_again(self) -> None:
        gap = self.chosen
        if gap is not None:
            self._bridge.command("gap.ask", {"gap": gap.id}, self._answered("gaps.asked_again"))

    @Slot()
    def _confirm(self) -> None:
        """Ask for a note, saying what it means; Esc does nothing."""
        gap = self.chosen
        if gap is None:
            return
        question = self._words.text(
            "gaps.consequence",
            source=figures.plain(gap.source, 60),
            span=f"{self._words.when(gap.since_ms)} – {self._words.when(gap.until_ms or gap.since_ms)}",
        )
        note, agreed = QInputDialog.getText(self, self._words.text("gaps.lose"), question)
        if agreed:
            self.confirm_lost(gap, note)

    def confirm_lost(self, gap: Gap, note: str) -> None:
        """Take a gap for lost; the log keeps who did it and why."""
        args = {"gap": gap.id, "note": note.strip()[:2000]}
        self._bridge.command("gap.confirm", args, self._answered("gaps.lost"))

    def _answered(self, key: str) -> Any:
        def answered(_value: Any, error: str) -> None:
            failed = self._words.text("gaps.refused", error=figures.plain(error)) if error else ""
            self._said = failed or self._words.text(key)
            self._say()

        return answered

    # --- showing -------------------------------------------------------------

    @Slot()
    def _show_chosen(self) -> None:
        gap = self.chosen
        stands = gap is not None and gap.state in gap_model.STANDING
        self.ask.setEnabled(stands)
        self.lose.setEnabled(stands)
        hint = self._words.text("gaps.choose") if self.model.rowCount() else ""
        self.facts.setText(gap_model.sentence(gap, self._words) if gap is not None else hint)

    def _say(self) -> None:
        rows = self.model.records()
        self.pages.setCurrentIndex(0 if rows else 1)
        narrowed = self.source.text().strip()
        key = "empty_source" if narrowed else f"empty_{self.state.currentData() or 'all'}"
        self.empty.setText(self._words.text(f"gaps.{key}", source=figures.plain(narrowed, 60)))
        failed = self._words.text("gaps.failed", error=figures.plain(self._error)) if self._error else ""
        notice = "\n".join(each for each in (failed, self._said) if each)
        self.notice.setText(notice)
        self.notice.setVisible(bool(notice))
        self.newer.setEnabled(not self._reader.is_newest)
        self.older.setEnabled(self._read_rows >= PAGE)
        found = {"n": f"{len(rows):,}", "first": "", "last": ""}
        if rows:
            found["first"] = self._words.when(max(gap.found_ms for gap in rows))
            found["last"] = self._words.when(min(gap.found_ms for gap in rows))
        self.place.say(self._words.text("gaps.page", **found) if rows else "")
        self._show_chosen()

    @Slot()
    def _translate(self) -> None:
        words = self._words
        self.title.setText(words.text("gaps.title"))
        for row, state in enumerate(gap_model.FILTERS):
            self.state.setItemText(row, words.text(f"gaps.filter_{state or 'all'}"))
        self.source.setPlaceholderText(words.text("gaps.source"))
        self.newer.setText(words.text("gaps.newer"))
        self.older.setText(words.text("gaps.older", n=PAGE))
        self.ask.setText(words.text("gaps.ask"))
        self.lose.setText(words.text("gaps.lose_ask"))
        self._say()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        narrow = event.size().width() < _NARROW_PX
        self.table.setColumnHidden(gap_model.ASKED, narrow)
        self.table.setColumnHidden(gap_model.WHY, event.size().width() < _NARROW_PX - 150)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._is_stale:
            self.read_newest()
