"""The page of the doctor: examine, see what was found and what to do, save the file for support."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QProgressBar,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from db.workings import Progress
from widgets import theme
from widgets.bridge import Bridge
from widgets.figures import plain
from widgets.screen_facts import facts
from widgets.table import Column, RecordTable
from widgets.words import Words

_ORDER = ("bad", "warn", "unknown", "ok")
_TEXT_MOST = 600


@dataclass(frozen=True, slots=True)
class Row:
    """A finding as the core, or this process for its own screen, tells it."""

    name: str
    state: str
    code: str
    facts: dict[str, Any]
    found: str = ""
    remedy: str = ""

    @property
    def key(self) -> tuple[str, str]:
        return (self.name, self.code)


def rows(value: Iterable[Any]) -> list[Row]:
    """The rows of an answer; of fields that are not known here nothing is shown."""
    known = Row.__slots__
    return [Row(**{name: each[name] for name in known if name in each}) for each in value]


def title(row: Row, words: Words) -> str:
    """What was looked at: its area in words, and the broker's name where it is one of several."""
    for area in (row.name, row.name.rpartition(" ")[0]):
        if words.has(f"finding-name.{area}"):
            return " ".join([words.text(f"finding-name.{area}"), row.name[len(area) :].strip()]).strip()
    return row.name


def said(row: Row, part: str, words: Words) -> str:
    """`found` or `remedy` in the present language; in English where the core knows more than we do."""
    key = f"finding.{row.code}.{part}"
    if not words.has(key):
        return plain(row.found if part == "found" else row.remedy, _TEXT_MOST)
    try:
        return plain(words.text(key, **row.facts), _TEXT_MOST)
    except (KeyError, ValueError, IndexError):
        return plain(row.found if part == "found" else row.remedy, _TEXT_MOST)


class DoctorPage(QDialog):
    """Lists the findings, bad ones first. Not modal: the work goes on beside it."""

    def __init__(self, bridge: Bridge, words: Words, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bridge, self._words = bridge, words
        self._task = ""
        self._at_ms: int | None = None
        self.model = RecordTable(self._columns(), words, parent=self)
        self.model.sort(0)
        self.table = _table(self.model)
        self.note, self.privacy = QLabel(), QLabel()
        for label in (self.note, self.privacy):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
        self.bar = QProgressBar()
        self.bar.setVisible(False)
        self.begin, self.save = QPushButton(), QPushButton()
        self.cancel, self.leave = QPushButton(), QPushButton()
        self._lay_out()
        self.begin.clicked.connect(self.examine)
        self.cancel.clicked.connect(self._cancel)
        self.save.clicked.connect(self._ask_where)
        self.leave.clicked.connect(self.reject)
        bridge.changed.connect(self.apply)
        words.changed.connect(self.translate)
        self.cancel.setEnabled(False)
        self.translate()
        self.ask()

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        for button in (self.begin, self.cancel, self.save):
            buttons.addWidget(button)
        buttons.addStretch(1)
        buttons.addWidget(self.leave)
        layout = QVBoxLayout(self)
        for widget in (self.note, self.bar):
            layout.addWidget(widget)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.privacy)
        layout.addLayout(buttons)
        self.resize(1000, 620)

    def _columns(self) -> tuple[Column, ...]:
        words = self._words
        return (
            Column(
                "doctor.state",
                lambda row: words.text(f"doctor.{row.state}"),
                sort=lambda row: (_ORDER.index(row.state), row.name),
                icon=lambda row: QIcon(theme.shape_pixmap(*theme.lamp_look(row.state), 0, 14)),
            ),
            Column("doctor.what", lambda row: title(row, words)),
            Column("doctor.found", lambda row: said(row, "found", words)),
            Column("doctor.remedy", lambda row: said(row, "remedy", words)),
        )

    @Slot()
    def translate(self) -> None:
        """Write everything in the present language."""
        words = self._words
        self.setWindowTitle(words.text("doctor.title"))
        for button, key in (
            (self.begin, "begin"), (self.cancel, "cancel"), (self.save, "save"), (self.leave, "close"),
        ):  # fmt: skip
            button.setText(words.text(f"doctor.{key}"))
        self.privacy.setText(words.text("doctor.support_note"))
        self.model.refresh()
        self._summarise()

    # --- examining

    @Slot()
    def examine(self) -> None:
        """Let the core begin an examination."""
        self._bridge.command("doctor.start", {}, self._begun)

    def _begun(self, value: Any, error: str) -> None:
        if error:
            self.note.setText(self._words.text("doctor.failed", reason=plain(error, _TEXT_MOST)))
        else:
            self.apply((msgspec.convert(value, Progress),))

    @Slot()
    def _cancel(self) -> None:
        self._bridge.command("task.cancel", {"id": self._task})

    @Slot(object)
    def apply(self, records: tuple[Any, ...]) -> None:
        """Follow the examination, whoever began it."""
        for record in records:
            if isinstance(record, Progress) and record.kind == "doctor":
                self._follow(record)

    def _follow(self, progress: Progress) -> None:
        running = progress.state == "running"
        self._task = progress.id
        self.begin.setEnabled(not running)
        self.cancel.setEnabled(running)
        self.bar.setVisible(running)
        if running:
            self.bar.setRange(0, progress.total)
            self.bar.setValue(progress.done)
            self.note.setText(self._words.text("doctor.running", text=plain(progress.text, 60)))
        elif progress.state == "done":
            self.ask()
        elif progress.state == "cancelled":
            self.note.setText(self._words.text("doctor.cancelled"))
        else:
            reason = plain(progress.text, _TEXT_MOST)
            self.note.setText(self._words.text("doctor.failed", reason=reason))

    @Slot()
    def ask(self) -> None:
        """Fetch what the last examination found."""
        self._bridge.query("findings", {}, self._take)

    def _take(self, value: Any, error: str) -> None:
        if error or not isinstance(value, dict):
            return
        self._at_ms = value["at_ms"]
        self.model.replace(rows([*value["findings"], *facts()]))
        self.table.resizeRowsToContents()
        self._summarise()

    def _summarise(self) -> None:
        if self._at_ms is None:
            self.note.setText(self._words.text("doctor.never"))
            return
        states = [row.state for row in self.model.records()]
        self.note.setText(
            self._words.text(
                "doctor.done",
                time=self._words.when(self._at_ms),
                bad=states.count("bad"),
                warn=states.count("warn"),
            )
        )

    # --- the support file

    @Slot()
    def _ask_where(self) -> None:
        name, _ = QFileDialog.getSaveFileName(
            self, self._words.text("doctor.save"), str(Path.home() / "gwanje-support.zip"), "ZIP (*.zip)"
        )
        if name:
            self.save_to(Path(name))

    def save_to(self, path: Path) -> None:
        """Fetch the support file from the core and write it here."""

        def write(value: Any, error: str) -> None:
            try:
                if error:
                    raise OSError(error)
                path.write_bytes(value["data"])
            except OSError as reason:
                why = plain(reason.strerror or str(reason), _TEXT_MOST)
                self.note.setText(self._words.text("doctor.not_saved", reason=why))
            else:
                self.note.setText(self._words.text("doctor.saved", path=path))

        self._bridge.query("support", {"screen": facts()}, write)


def _table(model: RecordTable) -> QTableView:
    table = QTableView()
    table.setModel(model)
    table.setIconSize(QSize(14, 14))
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.verticalHeader().setVisible(False)
    table.setWordWrap(True)
    header = table.horizontalHeader()
    header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    for wide in (2, 3):
        header.setSectionResizeMode(wide, QHeaderView.ResizeMode.Stretch)
    header.sectionResized.connect(table.resizeRowsToContents)
    return table
