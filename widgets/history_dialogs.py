"""What can be done with a stretch of a series: write it to a file, or keep it from retention."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import (
    QButtonGroup,
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from db.workings import Progress
from widgets import figures, theme
from widgets.act_dialog import ActDialog
from widgets.bridge import Bridge
from widgets.fetching import Fetch
from widgets.labels import plain_label
from widgets.words import Words


class HoldDialog(ActDialog):
    """Why the shown stretch must be kept, of this quantity or of the whole source."""

    def __init__(
        self,
        bridge: Bridge,
        words: Words,
        parent: QWidget | None,
        source: str,
        quantity: str,
        since_ms: int,
        until_ms: int,
    ) -> None:
        super().__init__(bridge, words, parent, words.text("hold.title"), "hold")
        self._terms = {"source": source, "since_ms": since_ms, "until_ms": until_ms}
        self._quantity = quantity
        self.reason = QLineEdit()
        self.reason.setMaxLength(200)
        self.one = QRadioButton(figures.plain(words.quantity(quantity), 60))
        self.all = QRadioButton(words.text("hold.all"))
        self.one.setChecked(True)
        self.form.addRow(words.text("hold.source"), QLabel(figures.plain(source, 80)))
        self.form.addRow(
            words.text("hold.range"),
            QLabel(
                words.text("hold.from_to", since=words.when(since_ms)[:16], until=words.when(until_ms)[:16])
            ),
        )
        self.form.addRow(words.text("hold.what"), self.one)
        self.form.addRow("", self.all)
        self.form.addRow(words.text("hold.reason"), self.reason)
        self.consequence.setText(words.text("hold.consequence"))

    def request(self) -> tuple[str, dict[str, Any]] | str:
        """The command, or that the reason is missing."""
        reason = self.reason.text().strip()
        if not reason:
            return "hold.needs_reason"
        quantity = "*" if self.all.isChecked() else self._quantity
        return "hold.place", {**self._terms, "quantity": quantity, "reason": reason}


class ExportDialog(QDialog):
    """Writes a stretch of a source to a file: asks for form and place, shows how far it is, can be ended."""

    def __init__(
        self,
        bridge: Bridge,
        words: Words,
        parent: QWidget | None,
        source: str,
        quantity: str,
        since_ms: int,
        until_ms: int,
    ) -> None:
        super().__init__(parent)
        self._bridge, self._words = bridge, words
        self._args = {"source": source, "since_ms": since_ms, "until_ms": until_ms}
        self._quantity = quantity
        self._task = ""
        self._path = Path()
        self._rows = ""
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(words.text("export.title"))
        self.setMinimumWidth(480)
        self._build(source, since_ms, until_ms)
        bridge.changed.connect(self._apply)

    def _build(self, source: str, since_ms: int, until_ms: int) -> None:
        words = self._words
        self.one = QRadioButton(figures.plain(words.quantity(self._quantity), 60))
        self.all = QRadioButton(words.text("export.all"))
        self.csv = QRadioButton(words.text("export.csv"))
        self.xlsx = QRadioButton(words.text("export.xlsx"))
        layout = QVBoxLayout(self)
        since, until = words.when(since_ms)[:16], words.when(until_ms)[:16]
        for text in (figures.plain(source, 80), words.text("hold.from_to", since=since, until=until)):
            layout.addWidget(plain_label(text))
        for first, second in ((self.one, self.all), (self.csv, self.xlsx)):
            group, row = QButtonGroup(self), QHBoxLayout()
            for button in (first, second):
                group.addButton(button)
                row.addWidget(button)
            row.addStretch(1)
            first.setChecked(True)
            layout.addLayout(row)
        self.bar, self.message = QProgressBar(), plain_label("")
        self.bar.setVisible(False)
        layout.addWidget(self.bar)
        layout.addWidget(self.message)
        self.begin, self.cancel = QPushButton(words.text("export.choose")), QPushButton()
        self.cancel.setText(words.text("export.cancel"))
        self.cancel.setAutoDefault(False)
        self.begin.clicked.connect(self._choose)
        self.cancel.clicked.connect(self.reject)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self.cancel)
        buttons.addWidget(self.begin)
        layout.addLayout(buttons)

    @property
    def form(self) -> str:
        """The chosen form."""
        return "csv" if self.csv.isChecked() else "xlsx"

    @Slot()
    def _choose(self) -> None:
        path, _ = QFileDialog.getSaveFileName(
            self, self._words.text("export.title"), f"{self._args['source']}.{self.form}", f"*.{self.form}"
        )
        if path:
            self.write_to(Path(path))

    def write_to(self, path: Path) -> None:
        """Let the core make the file, then fetch it and put it there."""
        self._path = path if path.suffix.lower() == f".{self.form}" else Path(f"{path}.{self.form}")
        self.begin.setEnabled(False)
        self.bar.setRange(0, 0)
        self.bar.setVisible(True)
        args = {**self._args, "form": self.form, "language": self._words.language}
        if self.one.isChecked():
            args["quantities"] = [self._quantity]
        self._bridge.command("export.start", args, self._on_started)

    def _on_started(self, value: Any, error: str) -> None:
        if error:
            self._fail(error)
            return
        self._task = msgspec.convert(value, Progress).id

    @Slot(object)
    def _apply(self, records: tuple[Any, ...]) -> None:
        for record in records:
            if isinstance(record, Progress) and record.id == self._task:
                self._follow(record)

    def _follow(self, progress: Progress) -> None:
        self.bar.setRange(0, max(progress.total, progress.done, 1) if progress.total else 0)
        self.bar.setValue(progress.done)
        if progress.state == "running":
            self._say("export.working", rows=progress.text)
        elif progress.state == "done":
            self._task = ""
            self._rows = progress.text
            self._fetch(progress.path)
        elif progress.state == "failed":
            self._fail(progress.text)

    def _fetch(self, name: str) -> None:
        fetch = Fetch(self._bridge, name, self._path, self)
        fetch.ended.connect(self._on_fetched)
        fetch.start()

    @Slot(str)
    def _on_fetched(self, error: str) -> None:
        if error:
            self._fail(error)
            return
        self._say("export.done", rows=self._rows, path=str(self._path))
        self.cancel.setText(self._words.text("export.close"))
        self.begin.hide()

    def _fail(self, error: str) -> None:
        self._task = ""
        self.bar.setVisible(False)
        self.begin.setEnabled(True)
        self._say("export.failed", error=figures.plain(error))
        self.message.setStyleSheet(f"color: {theme.PRIORITY[2]}")

    def _say(self, key: str, **fields: object) -> None:
        self.message.setStyleSheet("")
        self.message.setText(self._words.text(key, **fields))

    def reject(self) -> None:
        """Close; a running export is ended first."""
        if self._task:
            self._bridge.command("task.cancel", {"id": self._task})
        super().reject()
