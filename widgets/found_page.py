"""The start-up report: what the core found, kept, restored and lost; and the backups."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

import msgspec
from PySide6.QtCore import QObject, Qt, Slot
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QProgressBar,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from db.workings import Backup, Progress
from widgets import figures
from widgets.bridge import Bridge
from widgets.preferences import Preferences
from widgets.words import Words

_KINDS = ("found", "kept", "restored", "lost")
_STORES = {"ops.db": "ops", "feed.db": "feed"}
_COLUMNS = ("made", "verified", "entries", "size", "name")
_QUIET = {"whole", "unfinished"}


def sentence(found: dict[str, Any], words: Words) -> str:
    """What one line of the report says; one without words of its own says what the core wrote."""
    what, store = str(found.get("what", "")), _STORES.get(str(found.get("store", "")), "all")
    for key in (f"found.what.{what}_{store}", f"found.what.{what}"):
        if words.has(key):
            try:
                return words.text(key, **_fields(found.get("fields") or {}, words))
            except (KeyError, IndexError):
                break
    return figures.plain(str(found.get("text", "")), 400)


def _fields(fields: dict[str, Any], words: Words) -> dict[str, str]:
    """The fields as people read them; those named …_ms are times."""
    written = {}
    for name, value in fields.items():
        if name.endswith("_ms"):
            written[name] = words.when(value) if isinstance(value, int) else words.text("found.unknown_time")
        elif isinstance(value, int):
            written[name] = f"{value:,}"
        else:
            written[name] = figures.plain(str(value), 200) if value else words.text("found.never")
    return written


class FoundPage(QDialog):
    """One page: the findings by kind, and the backups with a button that makes one."""

    def __init__(self, bridge: Bridge, words: Words, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bridge, self._words = bridge, words
        self._found: list[dict[str, Any]] | None = None
        self._error = ""
        self._backups: list[Backup] = []
        self._about: dict[str, Any] = {}
        self._task = ""
        self._said = ""
        self._build()
        self.resize(860, 640)
        bridge.changed.connect(self.apply)
        bridge.linked.connect(self._on_linked)
        words.changed.connect(self._translate)
        self._translate()
        self.read()

    def _build(self) -> None:
        self.report = QTextBrowser()
        self.report.setOpenLinks(False)
        self.heading, self.where, self.notice = QLabel(), QLabel(), QLabel()
        self.heading.setObjectName("title")
        for label in (self.where, self.notice):
            label.setObjectName("dim")
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
        self.table = QTableWidget(0, len(_COLUMNS))
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.verticalHeader().hide()
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.table.horizontalHeader().setStretchLastSection(True)
        self.button, self.bar = QPushButton(), QProgressBar()
        self.button.clicked.connect(self._on_button)
        self.bar.setRange(0, 100)
        self.bar.hide()
        row = QHBoxLayout()
        row.addWidget(self.heading)
        row.addStretch(1)
        row.addWidget(self.bar)
        row.addWidget(self.button)
        layout = QVBoxLayout(self)
        layout.addWidget(self.report, 3)
        layout.addLayout(row)
        layout.addWidget(self.where)
        layout.addWidget(self.table, 2)
        layout.addWidget(self.notice)

    # --- what the core says

    @Slot()
    def read(self) -> None:
        """Ask for the report and the backups anew."""
        self._bridge.query("found", {}, self._take_found)
        self._read_backups()

    def _read_backups(self) -> None:
        self._bridge.query("backups", {}, self._take_backups)

    @Slot(bool, str)
    def _on_linked(self, up: bool, _reason: str) -> None:
        if up:
            self.read()

    def _take_found(self, value: Any, error: str) -> None:
        self._error = error
        if not error and isinstance(value, list):
            self._found = [each for each in value if isinstance(each, dict)]
        self._write_report()

    def _take_backups(self, value: Any, error: str) -> None:
        if error or not isinstance(value, dict):
            self._said = self._words.text("backups.failed", error=figures.plain(error, 200))
        else:
            self._about = value
            self._backups = [msgspec.convert(each, Backup) for each in value.get("backups", [])]
        self._write_backups()

    @Slot(object)
    def apply(self, records: Sequence[Any]) -> None:
        """Follow the making of a backup."""
        for record in records:
            if isinstance(record, Progress) and record.kind == "backup":
                self._follow(record)
            elif isinstance(record, Backup):
                self._read_backups()

    def _follow(self, progress: Progress) -> None:
        words = self._words
        running = progress.state == "running"
        self._task = progress.id if running else ""
        percent = 100 * progress.done // progress.total if progress.total else 0
        self.bar.setVisible(running)
        self.bar.setValue(percent)
        if running:
            self._said = words.text("backups.working", percent=percent)
        elif progress.state == "done":
            self._said = words.text("backups.done", file=figures.plain(progress.path, 200))
        elif progress.state == "cancelled":
            self._said = words.text("backups.cancelled")
        else:
            self._said = words.text("backups.failed", error=figures.plain(progress.text, 200))
        if not running:
            self._read_backups()
        self._write_backups()

    @Slot()
    def _on_button(self) -> None:
        if self._task:
            self._bridge.command("task.cancel", {"id": self._task})
        else:
            self._bridge.command("backup.start", {}, self._on_started)

    def _on_started(self, _value: Any, error: str) -> None:
        if error:
            self._said = self._words.text("backups.failed", error=figures.plain(error, 200))
            self._write_backups()

    # --- how it is shown

    @Slot()
    def _translate(self) -> None:
        self.setWindowTitle(self._words.text("found.title"))
        self.heading.setText(self._words.text("backups.title"))
        self.table.setHorizontalHeaderLabels(
            [self._words.text(f"backups.column_{each}") for each in _COLUMNS]
        )
        self._write_report()
        self._write_backups()

    def _write_report(self) -> None:
        words = self._words
        if self._found is None:
            key = "found.failed" if self._error else "found.waiting"
            self.report.setPlainText(words.text(key, error=figures.plain(self._error, 200)))
            return
        parts = []
        if self._found:
            at_ms = max(int(each.get("at_ms", 0)) for each in self._found)
            parts.append(f"<p>{html.escape(words.text('found.since', time=words.when(at_ms)))}</p>")
        else:
            parts.append(f"<p>{html.escape(words.text('found.clean'))}</p>")
        for kind in _KINDS:
            lines = [self._line(each) for each in self._found if each.get("kind", "found") == kind]
            if lines:
                parts.append(
                    f"<h3>{html.escape(words.text(f'found.kind.{kind}'))}</h3><ul>{''.join(lines)}</ul>"
                )
        self.report.setHtml("".join(parts))

    def _line(self, found: dict[str, Any]) -> str:
        words = self._words
        store = words.text(f"found.store.{_STORES.get(str(found.get('store', '')), 'all')}")
        text = f"<b>{html.escape(store)}</b> — {html.escape(sentence(found, words))}"
        if found.get("kept_as"):
            kept = words.text("found.kept_as", file=figures.plain(str(found["kept_as"]), 200))
            text += f"<br>{html.escape(kept)}"
        return f"<li>{text}</li>"

    def _write_backups(self) -> None:
        words, about = self._words, self._about
        self.button.setText(words.text("backups.stop" if self._task else "backups.now"))
        if about:
            folder = figures.plain(str(about.get("folder", "")), 200)
            every = f"{float(about.get('every_hours', 0)):g}"
            self.where.setText(words.text("backups.where", every=every, folder=folder))
        self.table.setRowCount(len(self._backups))
        for row, backup in enumerate(self._backups):
            for column, text in enumerate(self._cells(backup)):
                self.table.setItem(row, column, QTableWidgetItem(text))
        self.table.setVisible(bool(self._backups))
        self.notice.setText("\n".join(self._notices()))

    def _cells(self, backup: Backup) -> tuple[str, ...]:
        words = self._words
        if backup.verified_ms is None:
            verified = words.text("backups.unproved", why=figures.plain(backup.detail, 200))
        else:
            verified = words.when(backup.verified_ms)
        return (
            words.when(backup.at_ms), verified, f"{backup.entries:,}", figures.size(backup.size), backup.name
        )  # fmt: skip

    def _notices(self) -> list[str]:
        words, about = self._words, self._about
        fault = str((about.get("journal") or {}).get("fault") or "")
        lines = [self._said] if self._said else []
        if about.get("skipped"):
            lines.append(words.text("backups.skipped"))
        if fault:
            lines.append(words.text("backups.journal_waits", fault=figures.plain(fault, 200)))
        if about and not self._backups:
            lines.append(words.text("backups.empty"))
        return lines


class StartupReport(QObject):
    """Opens the page: when asked, and by itself once after a start that found something."""

    def __init__(self, bridge: Bridge, words: Words, window: QWidget, preferences: Preferences) -> None:
        super().__init__(window)
        self._bridge, self._words, self._window, self._preferences = bridge, words, window, preferences
        self.page: FoundPage | None = None
        bridge.linked.connect(self._on_linked)

    @Slot()
    def open(self) -> None:
        """Show the page."""
        if self.page is None:
            self.page = FoundPage(self._bridge, self._words, self._window)
        else:
            self.page.read()
        self.page.show()
        self.page.raise_()

    @Slot(bool, str)
    def _on_linked(self, up: bool, _reason: str) -> None:
        if up:
            self._bridge.query("found", {}, self._take)

    def _take(self, value: Any, error: str) -> None:
        if error or not isinstance(value, list):
            return
        worth = [each for each in value if isinstance(each, dict) and each.get("what") not in _QUIET]
        if not worth:
            return
        stamp = str(max(int(each.get("at_ms", 0)) for each in worth))
        if self._preferences.get("found_seen") != stamp:
            self._preferences.set("found_seen", stamp)
            self.open()
