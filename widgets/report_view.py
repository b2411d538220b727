"""A report of the core as a page: read, printed, saved as a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import QUrl, Slot
from PySide6.QtGui import QTextDocument
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from widgets import figures
from widgets.bridge import Bridge
from widgets.words import Words

_FORMS = {"html": "HTML (*.html)", "pdf": "PDF (*.pdf)", "csv": "CSV (*.csv)", "xlsx": "Excel (*.xlsx)"}


class _Sheet(QTextBrowser):
    """Shows a page and fetches nothing for it."""

    def loadResource(self, kind: int, name: QUrl | str) -> Any:
        return None


class ReportView(QDialog):
    """The report that `args` of the query `alarm.report` ask for."""

    def __init__(
        self, bridge: Bridge, words: Words, args: dict[str, Any], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._bridge, self._words, self._args = bridge, words, args
        self.resize(860, 680)
        self.sheet = _Sheet()
        self.sheet.setOpenLinks(False)
        self.sheet.setStyleSheet("QTextBrowser { background: white; }")
        self.note = QLabel()
        self.print_button, self.save, self.close_it = QPushButton(), QPushButton(), QPushButton()
        self.print_button.clicked.connect(self.print_page)
        self.save.clicked.connect(self._choose)
        self.close_it.clicked.connect(self.accept)
        buttons = QHBoxLayout()
        buttons.addWidget(self.note, 1)
        for button in (self.print_button, self.save, self.close_it):
            button.setAutoDefault(False)
            buttons.addWidget(button)
        layout = QVBoxLayout(self)
        layout.addWidget(self.sheet, 1)
        layout.addLayout(buttons)
        words.changed.connect(self._translate)
        self._translate()

    @Slot()
    def _translate(self) -> None:
        words = self._words
        for button, key in ((self.print_button, "print"), (self.save, "save"), (self.close_it, "close")):
            button.setText(words.text(f"kpi.{key}"))
        self.note.setText(words.text("kpi.loading"))
        self._ask("html", self._show)

    def _ask(self, form: str, done: Any) -> None:
        asked = {**self._args, "form": form, "language": self._words.language}
        self._bridge.query("alarm.report", asked, done)

    def _show(self, value: Any, error: str) -> None:
        if error or not isinstance(value, bytes):
            self.note.setText(self._words.text("kpi.failed", error=figures.plain(error)))
            return
        self.note.setText("")
        self.sheet.setHtml(value.decode("utf-8", "replace"))
        self.setWindowTitle(self.sheet.documentTitle())

    @Slot()
    def print_page(self) -> None:
        """Print what is shown."""
        from PySide6.QtPrintSupport import QPrintDialog, QPrinter

        printer = QPrinter(QPrinter.PrinterMode.HighResolution)
        if QPrintDialog(printer, self).exec() == QDialog.DialogCode.Accepted:
            self._document().print_(printer)

    @Slot()
    def _choose(self) -> None:
        name = f"{self.windowTitle()}-{self._words.when(self._bridge.now_ms())[:10]}".replace("/", "_")
        path, chosen = QFileDialog.getSaveFileName(
            self, self._words.text("kpi.save"), name, ";;".join(_FORMS.values())
        )
        if path:
            form = next(form for form, text in _FORMS.items() if text == (chosen or _FORMS["html"]))
            to = Path(path)
            self.put(to if to.suffix else to.with_suffix(f".{form}"))

    def put(self, to: Path) -> None:
        """Save the report; its form is the file's ending."""
        form = to.suffix.lower().removeprefix(".")
        if form == "pdf":
            self._put_pdf(to)
            return

        def take(value: Any, error: str) -> None:
            if error or not isinstance(value, bytes):
                self._say(to, error or "?")
                return
            try:
                to.write_bytes(value)
            except OSError as problem:
                self._say(to, problem.strerror or str(problem))
            else:
                self._say(to, "")

        self._ask(form if form in _FORMS else "html", take)

    def _put_pdf(self, to: Path) -> None:
        from PySide6.QtPrintSupport import QPrinter

        printer = QPrinter(QPrinter.PrinterMode.HighResolution)
        printer.setOutputFormat(QPrinter.OutputFormat.PdfFormat)
        printer.setOutputFileName(str(to))
        self._document().print_(printer)
        self._say(to, "" if to.exists() else "?")

    def _document(self) -> QTextDocument:
        """A copy to print: in black on white, whatever the screen looks like."""
        document = QTextDocument()
        document.setHtml(self.sheet.toHtml())
        return document

    def _say(self, to: Path, error: str) -> None:
        words = self._words
        if error:
            self.note.setText(words.text("kpi.not_saved", error=figures.plain(error)))
        else:
            self.note.setText(words.text("kpi.saved", name=figures.plain(to.name, 80)))
