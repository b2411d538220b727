"""Importing a file by hand: what it would become first, then how far it is, then a report."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QPlainTextEdit,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from db.workings import Progress
from widgets import figures, theme
from widgets.bridge import Bridge
from widgets.labels import plain_label
from widgets.words import Words

_KINDS = {"Reading": "importing.reading", "Event": "importing.event", "PlateRead": "importing.plate"}
_SHOWN = ("source", "quantity", "value", "unit", "type", "status", "place", "text", "observed_ms")


class ImportDialog(QDialog):
    """Asks for a feed and a file, shows what the file would become, imports it, reports."""

    def __init__(self, bridge: Bridge, words: Words, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bridge, self._words = bridge, words
        self._path: Path | None = None
        self._task = ""
        self._asked = 0
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(words.text("importing.title"))
        self.resize(720, 460)
        self._build()
        bridge.changed.connect(self._apply)
        bridge.query("site", {}, self._take_site)

    def _build(self) -> None:
        words = self._words
        self.feed, self.file = QComboBox(), QPushButton(words.text("importing.choose"))
        self.feed.currentIndexChanged.connect(self._look)
        self.file.clicked.connect(self._choose)
        form = QFormLayout()
        form.addRow(words.text("importing.feed"), self.feed)
        form.addRow(words.text("importing.file"), self.file)
        self.head = plain_label(words.text("importing.none"))
        self.lines = QPlainTextEdit()
        self.lines.setReadOnly(True)
        self.lines.setAccessibleName(words.text("importing.title"))
        self.bar = QProgressBar()
        self.bar.setVisible(False)
        self.begin = QPushButton(words.text("importing.begin"))
        self.begin.setEnabled(False)
        self.begin.clicked.connect(self._begin)
        self.cancel = QPushButton(words.text("importing.cancel"))
        self.cancel.setAutoDefault(False)
        self.cancel.clicked.connect(self.reject)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self.cancel)
        buttons.addWidget(self.begin)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        for part in (self.head, self.lines, plain_label(words.text("importing.past")), self.bar):
            layout.addWidget(part)
        layout.addLayout(buttons)

    def _take_site(self, value: Any, error: str) -> None:
        names = value.get("feeds", []) if isinstance(value, dict) and not error else []
        self.feed.addItems([str(name) for name in names])

    # --- before ---------------------------------------------------------------

    @Slot()
    def _choose(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, self._words.text("importing.title"))
        if path:
            self.look_into(Path(path))

    def look_into(self, path: Path) -> None:
        """Show what this file would become."""
        self._path = path
        self.file.setText(figures.plain(path.name, 60))
        self._look()

    @Slot()
    def _look(self) -> None:
        if self._path is None or self._task:
            return
        self._asked += 1
        asked = self._asked
        self.begin.setEnabled(False)
        self._say("importing.looking")
        self.lines.clear()
        self._bridge.query(
            "import.preview", self._args(), lambda value, error: self._take_preview(asked, value, error)
        )

    def _args(self) -> dict[str, Any]:
        return {"path": str(self._path), "feed": self.feed.currentText()}

    def _take_preview(self, asked: int, report: Any, error: str) -> None:
        if asked != self._asked:
            return  # another file or feed was chosen meanwhile
        if error or not isinstance(report, dict):
            self._fail(error)
            return
        if not report["records"]:
            self._say("importing.nothing")
        else:
            key = "importing.would" if report["whole"] else "importing.would_part"
            self._say(key, rows=f"{report['rows']:,}", records=self._records(report))
        self.lines.setPlainText("\n".join(self._details(report)))
        self.begin.setEnabled(bool(report["records"]))

    def _records(self, report: dict[str, Any]) -> str:
        parts = [
            self._words.text(_KINDS.get(kind, "importing.other"), n=f"{count:,}")
            for kind, count in sorted(report["records"].items())
        ]
        return ", ".join(parts) or "0"

    def _details(self, report: dict[str, Any]) -> Sequence[str]:
        """What was not read, by reason with its first example, then examples of what was."""
        lines = []
        for reason, count in sorted(report["reasons"].items(), key=lambda pair: -int(pair[1])):
            first = next((each["detail"] for each in report["faults"] if each["reason"] == reason), "")
            key = f"reason.{reason}"
            word = self._words.text(key) if self._words.has(key) else figures.plain(reason, 60)
            lines.append(
                self._words.text(
                    "importing.aside", n=f"{count:,}", reason=word, detail=figures.plain(first, 160)
                )
            )
        for example in report["examples"]:
            shown = [
                self._shown(name, example[name]) for name in _SHOWN if example.get(name) not in (None, "")
            ]
            lines.append(self._words.text("importing.example", text=figures.plain(" · ".join(shown), 200)))
        return lines

    def _shown(self, name: str, value: Any) -> str:
        return self._words.when(value)[:16] if name == "observed_ms" else str(value)

    # --- the import -----------------------------------------------------------

    @Slot()
    def _begin(self) -> None:
        for part in (self.begin, self.feed, self.file):
            part.setEnabled(False)
        self.bar.setRange(0, 0)
        self.bar.setVisible(True)
        self._bridge.command("import.start", self._args(), self._on_started)

    def _on_started(self, value: Any, error: str) -> None:
        if error:
            self._fail(error)
            return
        self._task = msgspec.convert(value, Progress).id

    @Slot(object)
    def _apply(self, records: tuple[Any, ...]) -> None:
        for record in records:
            if isinstance(record, Progress) and self._task and record.id == self._task:
                self._follow(record)

    def _follow(self, progress: Progress) -> None:
        self.bar.setRange(0, max(1, progress.total // 1024))
        self.bar.setValue(progress.done // 1024)
        if progress.state == "running":
            self._say("importing.working", rows=progress.text.partition(" ")[0] or "0")
            return
        task, self._task = self._task, ""
        if progress.state == "failed":
            self._fail(progress.text)
            return
        is_done = progress.state == "done"
        self._bridge.query(
            "import.report", {"id": task}, lambda value, error: self._report(value, error, is_done=is_done)
        )

    def _report(self, report: Any, error: str, *, is_done: bool) -> None:
        self.bar.setVisible(False)
        self.cancel.setText(self._words.text("importing.close"))
        self.begin.hide()
        if error or not isinstance(report, dict):
            self._fail(error)
            return
        self.lines.setPlainText("\n".join(self._details(report)))
        if not is_done:
            self._say("importing.cancelled")
            return
        self._say(
            "importing.done",
            rows=f"{report['rows']:,}",
            records=self._records(report),
            stored=f"{report['stored']:,}",
            known=f"{report['known']:,}",
            aside=f"{report['set_aside']:,}",
        )

    def _fail(self, error: str) -> None:
        self.bar.setVisible(False)
        for part in (self.feed, self.file):
            part.setEnabled(True)
        self._say("importing.failed", error=figures.plain(error))
        self.head.setStyleSheet(f"color: {theme.PRIORITY[2]}")

    def _say(self, key: str, **fields: object) -> None:
        self.head.setStyleSheet("")
        self.head.setText(self._words.text(key, **fields))

    def reject(self) -> None:
        """Close; a running import is ended first, what it stored stays."""
        if self._task:
            self._bridge.command("task.cancel", {"id": self._task})
        super().reject()
