"""Level 2: the facilities of the district or of one domain, the worst first."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any

import msgspec
from PySide6.QtCore import QModelIndex, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QHideEvent, QResizeEvent, QShowEvent, QTextDocument
from PySide6.QtWidgets import (
    QButtonGroup,
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from db.asset_records import Facilities, FacilityHealth
from widgets import figures
from widgets.bridge import Bridge
from widgets.facility_texts import SPANS, Assets, as_csv, domain_word, facility_columns
from widgets.labels import plain_label
from widgets.one_line import OneLine
from widgets.table import RecordTable
from widgets.table_view import table_view
from widgets.words import Words

_AGAIN_MS = 30_000
_NARROW_PX = 1000
_WIDE_ONLY = (6, 8, 9)
_WIDTHS = {1: 96, 2: 84, 3: 142, 4: 66, 5: 78, 6: 78, 7: 56, 8: 60, 9: 56, 10: 124}


class FacilityList(QWidget):
    """Asks for the figures when it is shown, and again each half minute.

    Signals:
        facility_wanted: the id of the facility that was chosen.
    """

    facility_wanted = Signal(str)

    def __init__(self, bridge: Bridge, words: Words, assets: Assets, name: Callable[[str], str]) -> None:
        super().__init__()
        self._bridge, self._words, self._assets = bridge, words, assets
        self._domain, self._span, self._asked = "", "shift", 0
        self._found: Facilities | None = None
        self._error = ""
        self._columns = facility_columns(words, assets, name)
        self.model = RecordTable(self._columns, words, keep=self._is_wanted, parent=self)
        self._build()
        self._timer = QTimer(self, interval=_AGAIN_MS)
        self._timer.timeout.connect(self.read)
        bridge.linked.connect(self._on_linked)
        words.changed.connect(self._translate)
        self._translate()

    def _build(self) -> None:
        self.title, self.note = OneLine("title"), OneLine("dim")
        self.search = QLineEdit(clearButtonEnabled=True)
        self.search.textChanged.connect(self._filter)
        self.spans = QButtonGroup(self)
        top, bar = QHBoxLayout(), QHBoxLayout()
        top.addWidget(self.title, 1)
        for number, span in enumerate(SPANS):
            button = QPushButton()
            button.setCheckable(True)
            button.setChecked(span == self._span)
            self.spans.addButton(button, number)
            top.addWidget(button)
        self.spans.idClicked.connect(self._use_span)
        self.export, self.print = QPushButton(), QPushButton()
        self.export.clicked.connect(self.save_csv)
        self.print.clicked.connect(self.print_list)
        bar.addWidget(self.search, 1)
        bar.addWidget(self.export)
        bar.addWidget(self.print)
        self.table = table_view(self.model, _WIDTHS, 0)
        self.table.setSortingEnabled(True)
        self.table.horizontalHeader().setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self.table.activated.connect(self._open)
        self.table.clicked.connect(self._open)
        self.empty = plain_label()
        self.empty.setObjectName("dim")
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.pages = QStackedWidget()
        self.pages.addWidget(self.table)
        self.pages.addWidget(self.empty)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 6)
        layout.setSpacing(6)
        layout.addLayout(top)
        layout.addLayout(bar)
        layout.addWidget(self.note)
        layout.addWidget(self.pages, 1)
        self.setFocusProxy(self.table)

    # --- what it is told

    def show_domain(self, domain: str) -> None:
        """Show the facilities of this domain from now on; "" for all."""
        self._domain = domain
        self.search.clear()
        self._translate()
        self._fill()
        self.read()

    @Slot(bool, str)
    def _on_linked(self, up: bool, _reason: str) -> None:
        if up:
            self.read()

    @Slot()
    def read(self) -> None:
        """Ask the core for the figures, if anybody looks."""
        if not self.isVisible():
            return
        self._asked += 1
        asked = self._asked
        self._bridge.query(
            "facilities", {"span": self._span}, lambda value, error: self._take(asked, value, error)
        )

    def _take(self, asked: int, value: Any, error: str) -> None:
        if asked != self._asked:
            return
        self._error = error
        if not error:
            self._found = msgspec.convert(value, Facilities)
        self._fill()

    def _fill(self) -> None:
        self.model.replace(self._found.rows if self._found is not None else ())
        self._say()

    def _is_wanted(self, row: FacilityHealth) -> bool:
        asset = self._assets().get(row.id)
        if asset is None or (self._domain and asset.domain != self._domain):
            return False
        text = self.search.text().strip().casefold()
        return text in f"{asset.name}\n{asset.name_en}\n{asset.id}\n{asset.address}".casefold()

    # --- what people do

    @Slot()
    def _filter(self) -> None:
        self._fill()

    @Slot(int)
    def _use_span(self, number: int) -> None:
        self._span = SPANS[number]
        self.read()

    @Slot(QModelIndex)
    def _open(self, index: QModelIndex) -> None:
        self.facility_wanted.emit(self.model.record(index).id)

    @Slot()
    def save_csv(self) -> None:
        """Ask for a place and write the list as it is shown."""
        name = f"{self.title.text()}-{self._words.when(self._bridge.now_ms())[:10]}.csv".replace("/", "_")
        path, _ = QFileDialog.getSaveFileName(self, self._words.text("facility.save"), name, "CSV (*.csv)")
        if path:
            self.write_csv(Path(path))

    def write_csv(self, path: Path) -> None:
        """Write the list as it is shown."""
        try:
            path.write_bytes(as_csv(self._columns, self._words, self.model.records()))
        except OSError as error:
            self.note.say(self._words.text("facility.not_saved", error=figures.plain(str(error))))
        else:
            self.note.say(self._words.text("facility.saved", name=path.name))

    @Slot()
    def print_list(self) -> None:
        """Print the list as it is shown."""
        from PySide6.QtPrintSupport import QPrintDialog, QPrinter

        printer = QPrinter(QPrinter.PrinterMode.HighResolution)
        dialog = QPrintDialog(printer, self)
        if dialog.exec() == QDialog.DialogCode.Accepted:
            document = QTextDocument()
            document.setHtml(self.html())
            document.print_(printer)

    def html(self) -> str:
        """The list as a page to print: own words and escaped names only."""

        def line(cells: list[str], tag: str) -> str:
            return "<tr>" + "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells) + "</tr>"

        head = line([self._words.text(each.title_key) for each in self._columns], "th")
        body = "".join(line([each.text(row) for each in self._columns], "td") for row in self.model.records())
        title, note = escape(self.title.text()), escape(self.note.text())
        return (
            f"<h3>{title}</h3><p>{note}</p><table border=1 cellspacing=0 cellpadding=3>{head}{body}</table>"
        )

    # --- showing

    def _say(self) -> None:
        words = self._words
        rows = self.model.records()
        self.pages.setCurrentIndex(0 if rows else 1)
        if self._error:
            self.note.say(words.text("facility.failed", error=figures.plain(self._error)))
        elif self._found is not None:
            self.note.say(
                words.text(
                    "facility.span_note",
                    since=words.when(self._found.since_ms)[:16],
                    until=words.when(self._found.until_ms)[:16],
                    n=len(rows),
                )
            )
        key = "facility.reading" if self._found is None and not self._error else "facility.empty"
        self.empty.setText(words.text(key))

    @Slot()
    def _translate(self) -> None:
        words = self._words
        title = domain_word(words, self._domain) if self._domain else words.text("facility.all")
        self.title.say(words.text("facility.list_title", name=title))
        for number, span in enumerate(SPANS):
            self.spans.button(number).setText(words.text(f"facility.span_{span}"))
        self.search.setPlaceholderText(words.text("facility.search"))
        self.export.setText(words.text("facility.csv"))
        self.print.setText(words.text("facility.print"))
        self._say()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._timer.start()
        self.read()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        for column in _WIDE_ONLY:
            self.table.setColumnHidden(column, event.size().width() < _NARROW_PX)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._timer.stop()
