"""One incident: head, conflicts, timeline, attachments, and what people can do with it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtGui import QKeySequence, QResizeEvent, QShortcut, QShowEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QListView,
    QPlainTextEdit,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from db.records import Act, Incident
from widgets import figures, theme
from widgets.act_dialog import ActDialog
from widgets.bridge import Bridge
from widgets.incident_attachments import Attachments, Uploads, file_source
from widgets.incident_conflicts import Conflicts
from widgets.incident_dialogs import DIALOGS
from widgets.incident_files import Source
from widgets.incident_model import act_list, word
from widgets.incident_paint import ActRow
from widgets.one_line import OneLine
from widgets.words import Words

ACTS = (("change", "F2"), ("assign", "F4"), ("attach", "F6"), ("snapshot", "F7"), ("close", "F9"))

_LOW_PX = 600  # a lower page puts the attachments beside the timeline


class IncidentDetail(QWidget):
    """Shows one incident and lets people act on it; shows only what is committed.

    Signals:
        snapshot_wanted: the id of the incident that wants a picture from a camera.
    """

    snapshot_wanted = Signal(str)

    def __init__(self, bridge: Bridge, words: Words, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bridge, self._words = bridge, words
        self._id = ""
        self._incident: Incident | None = None
        self._asked = 0
        self._drafts: dict[str, str] = {}  # what is written and not yet recorded, by incident
        self._is_recording = False
        self._is_stale = False
        self._is_at_end = True  # the newest act stays in sight until somebody scrolls up
        self.acts = act_list(words, self)
        self.dialog: ActDialog | None = None
        self._build()
        self._clear_message = QTimer(self, singleShot=True, interval=8000)
        self._clear_message.timeout.connect(self.message.hide)
        words.changed.connect(self.translate)
        self.translate()

    # --- building ------------------------------------------------------------

    def _build(self) -> None:
        self.mark, self.number, self.title = QLabel(), OneLine("dim"), OneLine("title")
        self.facts, self.opened, self.sent = OneLine(), OneLine("dim"), OneLine("dim")
        head = QGridLayout()
        head.setHorizontalSpacing(10)
        head.addWidget(self.mark, 0, 0, 2, 1)
        for row, line in enumerate((self.title, self.number, self.facts, self.opened, self.sent)):
            head.addWidget(line, row, 1)
        head.setColumnStretch(1, 1)
        self.buttons: dict[str, QPushButton] = {}
        self.bar = bar = QGridLayout()
        bar.setSpacing(4)
        inside = Qt.ShortcutContext.WidgetWithChildrenShortcut
        for name, key in ACTS:
            button = self.buttons[name] = QPushButton()
            button.clicked.connect(lambda _checked=False, name=name: self.do(name))
            QShortcut(QKeySequence(key), self, context=inside).activated.connect(button.click)
        self.conflicts = Conflicts(self._words)
        self.conflicts.chosen.connect(self._choose)
        self.timeline = QListView()
        self.timeline.setItemDelegate(ActRow(self._words, self._bridge.now_ms, self.timeline))
        self.timeline.setModel(self.acts)
        self.timeline.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.timeline.setResizeMode(QListView.ResizeMode.Adjust)
        self.timeline.setLayoutMode(QListView.LayoutMode.Batched)  # thousands of acts, a few at a time
        self.timeline.setBatchSize(400)
        self.timeline.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.attachments = Attachments(self._bridge, self._words)
        self.attachments.hide()
        self.uploads = Uploads(self._bridge, self._words)
        self.timeline.setMinimumHeight(56)
        bar_down = self.timeline.verticalScrollBar()
        bar_down.valueChanged.connect(self._on_scrolled)
        bar_down.rangeChanged.connect(self._on_range)
        self.split = split = QSplitter(Qt.Orientation.Vertical)
        split.addWidget(self.timeline)
        split.addWidget(self.attachments)
        split.setStretchFactor(0, 3)
        split.setStretchFactor(1, 1)
        split.setChildrenCollapsible(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 6, 8, 6)
        layout.setSpacing(5)
        layout.addLayout(head)
        layout.addLayout(bar)
        layout.addWidget(self.conflicts)
        layout.addWidget(split, 1)
        layout.addWidget(self.uploads)
        layout.addWidget(self._build_message())
        layout.addLayout(self._build_note())
        for each in (self.attachments, self.uploads):
            each.said.connect(self.say)

    def _build_message(self) -> QLabel:
        self.message = QLabel()
        self.message.setTextFormat(Qt.TextFormat.PlainText)
        self.message.setWordWrap(True)
        self.message.hide()
        return self.message

    def _build_note(self) -> QHBoxLayout:
        self.note, self.record_note = QPlainTextEdit(), QPushButton()
        self.note.setFixedHeight(56)
        self.note.setTabChangesFocus(True)
        self.record_note.clicked.connect(self.add_note)
        for keys in ("Ctrl+Return", "Ctrl+Enter"):
            shortcut = QShortcut(QKeySequence(keys), self.note, context=Qt.ShortcutContext.WidgetShortcut)
            shortcut.activated.connect(self.add_note)
        row = QHBoxLayout()
        row.addWidget(self.note, 1)
        row.addWidget(self.record_note)
        return row

    # --- what it is told -----------------------------------------------------

    @property
    def incident(self) -> Incident | None:
        """What is shown."""
        return self._incident

    def show_incident(self, incident_id: str) -> None:
        """Read and follow this incident from now on."""
        if incident_id != self._id:
            self._drafts[self._id] = self.note.toPlainText()
            self.note.setPlainText(self._drafts.pop(incident_id, ""))
            self._id, self._incident = incident_id, None
            self.acts.replace(())
            self.message.hide()
            self._is_at_end = True
        self.read()

    def read(self) -> None:
        """Ask the core for the incident and its acts; hidden, not before it is seen."""
        self._is_stale = not self.isVisible()
        if not self._id or self._is_stale:
            return
        self._asked += 1
        asked = self._asked
        self._bridge.query("incident", {"id": self._id}, lambda value, error: self._take(asked, value, error))

    def _take(self, asked: int, value: Any, error: str) -> None:
        if asked != self._asked:
            return
        if error or not isinstance(value, dict):
            self.say(self._words.text("incidents.failed_one", error=figures.plain(error or "—")), False)
            return
        self._incident = msgspec.convert(value["incident"], Incident)
        self.acts.replace(msgspec.convert(value["acts"], list[Act]))
        self._write()

    def apply(self, records: Iterable[Any]) -> None:
        """Take newer versions of the incident and its acts; hidden, only know that there are some."""
        mine = [r for r in records if self._is_mine(r)]
        if not mine or not self.isVisible():
            self._is_stale = self._is_stale or bool(mine)
            return
        self.acts.apply([r for r in mine if isinstance(r, Act)])
        for record in mine:
            if isinstance(record, Incident):
                self._incident = record
        self._write()

    def _is_mine(self, record: Any) -> bool:
        if isinstance(record, Incident):
            return record.id == self._id
        return isinstance(record, Act) and record.incident == self._id

    @Slot(int)
    def _on_scrolled(self, value: int) -> None:
        self._is_at_end = value >= self.timeline.verticalScrollBar().maximum() - 4

    @Slot(int, int)
    def _on_range(self, _first: int, last: int) -> None:
        if self._is_at_end:
            self.timeline.verticalScrollBar().setValue(last)

    # --- showing -------------------------------------------------------------

    def _write(self) -> None:
        incident = self._incident
        if incident is None:
            return
        words = self._words
        is_open = incident.state == "open"
        shape = theme.SHAPES.get(incident.level, "dot")
        self.mark.setPixmap(
            theme.shape_pixmap(shape, theme.priority_colour(incident.level), incident.level, 34)
            if is_open
            else theme.shape_pixmap("ring", theme.DIM, 0, 34)
        )
        state = words.text(f"incidents.{incident.state}")
        self.title.say(incident.title)
        self.number.say(f"{incident.number} · {word(words, 'level', str(incident.level))} · {state}")
        self.facts.say(self._facts(incident))
        self.opened.say(self._course(incident))
        self._write_sent()
        self.buttons["close"].setText(words.text("incident.do_close" if is_open else "incident.do_reopen"))
        for name in ("change", "assign"):
            self.buttons[name].setEnabled(is_open)
        self.note.setPlaceholderText(words.text("incident.note_hint" if is_open else "incident.note_late"))
        self.conflicts.show_incident(incident)
        self.attachments.show_incident(incident)

    def _facts(self, incident: Incident) -> str:
        words = self._words
        facts = words.text(
            "incident.facts",
            type=word(words, "type", incident.type),
            place=figures.plain(incident.place, 120) or words.text("incidents.no_place"),
            assignee=figures.plain(incident.assignee, 60) or words.text("incidents.nobody"),
        )
        linked = words.text(
            "incident.linked",
            alarms=len(incident.alarms),
            cameras=len(incident.cameras),
            files=len(incident.attachments),
        )
        return f"{facts} · {linked}"

    def _course(self, incident: Incident) -> str:
        words, now_ms = self._words, self._bridge.now_ms()
        plain = figures.plain
        if incident.state == "closed":
            return words.text(
                "incident.closed",
                when=figures.near_time(words, incident.closed_ms, now_ms),
                who=plain(incident.closed_by, 60),
                result=word(words, "result", incident.result),
                text=plain(incident.result_text, 200),
            )
        when = figures.near_time(words, incident.opened_ms, now_ms)
        who, device = plain(incident.opened_by, 60), plain(incident.device, 40)
        return words.text("incident.opened", when=when, who=who, device=device)

    def _write_sent(self) -> None:
        waiting = sum(not act.sent for act in self.acts.records())
        text = self._words.text("incident.waiting_count", n=waiting)
        self.sent.say(text if waiting else self._words.text("incident.all_sent"))

    @Slot(str, bool)
    def say(self, text: str, well: bool = True) -> None:
        """Show what came of an act; what went wrong stays until the next act."""
        self.message.setStyleSheet(f"color: {theme.DIM if well else theme.PRIORITY[2]}")
        self.message.setText(text)
        self.message.show()
        self._clear_message.stop()
        if well:
            self._clear_message.start()

    @Slot()
    def translate(self) -> None:
        """Write every text in the present language."""
        for name in self.buttons:
            self.buttons[name].setText(self._words.text(f"incident.do_{name}"))
        self.record_note.setText(self._words.text("incident.note_record"))
        self.attachments.translate()
        self._write()
        self._lay_buttons()
        self.timeline.scheduleDelayedItemsLayout()
        self.timeline.viewport().update()

    def _lay_buttons(self) -> None:
        """All in a row where they fit, otherwise in two."""
        buttons = list(self.buttons.values())
        needed = sum(button.sizeHint().width() + 6 for button in buttons) + 20
        columns = len(buttons) if needed <= self.width() else 3
        for number, button in enumerate(buttons):
            self.bar.addWidget(button, number // columns, number % columns)
        self.bar.setColumnStretch(len(buttons), 1)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._lay_buttons()
        low = event.size().height() < _LOW_PX
        self.opened.setVisible(not low)
        self.note.setFixedHeight(40 if low else 56)
        self.split.setOrientation(Qt.Orientation.Horizontal if low else Qt.Orientation.Vertical)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._is_stale:
            self.read()

    # --- acts ----------------------------------------------------------------

    @Slot()
    def add_note(self) -> None:
        """Record the note; its text goes only when the core has it."""
        text = self.note.toPlainText().strip()
        if not text or not self._id or self._is_recording:
            return
        self._is_recording = True
        key = "incident.recording" if self._bridge.is_linked else "incident.waiting_link"
        self.say(self._words.text(key), self._bridge.is_linked)
        self._bridge.command(
            "incident.note", {"incident": self._id, "text": text}, partial(self._on_note, self._id)
        )

    def _on_note(self, incident_id: str, _value: Any, error: str) -> None:
        self._is_recording = False
        if error:
            self.say(self._words.text("incident.not_done", error=figures.plain(error)), False)
            return
        if incident_id == self._id:
            self.note.clear()
        else:
            self._drafts.pop(incident_id, None)
        self._on_act(None, "")

    def _on_act(self, _value: Any, error: str) -> None:
        if error:
            self.say(self._words.text("incident.not_changed", error=figures.plain(error)), False)
            return
        time = self._words.time(self._bridge.now_ms())
        self.say(self._words.text("incident.recorded", time=time))
        self.read()

    @Slot(str, object)
    def _choose(self, name: str, value: Any) -> None:
        args = {"incident": self._id, "fields": {name: value}}
        self._bridge.command("incident.change", args, self._on_act)

    def do(self, name: str) -> None:
        """Begin an act: `change`, `assign`, `attach`, `snapshot` or `close` (reopen, when it is closed)."""
        incident = self._incident
        if incident is None or not self.buttons[name].isEnabled():
            return
        if name == "attach":
            self._choose_files()
        elif name == "snapshot":
            self.snapshot_wanted.emit(incident.id)
        else:
            which = "reopen" if name == "close" and incident.state == "closed" else name
            self.dialog = DIALOGS[which](self._bridge, self._words, incident, self)
            self.dialog.recorded.connect(self._on_recorded)
            self.dialog.open()

    @Slot(object)
    def _on_recorded(self, _value: Any) -> None:
        self._on_act(None, "")

    def _choose_files(self) -> None:
        paths, _ = QFileDialog.getOpenFileNames(self, self._words.text("incident.choose_file"))
        for path in paths:
            self.attach_file(Path(path))

    def attach_file(self, path: Path) -> None:
        """Send a file to the shown incident."""
        self.uploads.add(self._id, *file_source(path))

    def attach_bytes(self, incident_id: str, name: str, kind: str, data: bytes, camera: str = "") -> None:
        """Send a picture that is in memory to an incident."""
        self.uploads.add(incident_id, name, kind, Source(data=data), camera)
