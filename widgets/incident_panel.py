"""Incidents: the list with its search on the left, one incident on the right."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from PySide6.QtCore import QModelIndex, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QKeySequence, QResizeEvent, QShortcut, QShowEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListView,
    QPushButton,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from db.alarm_records import Alarm
from db.records import Act, Camera, Incident
from widgets import figures
from widgets.bridge import Bridge
from widgets.incident_detail import IncidentDetail
from widgets.incident_dialogs import OpenDialog
from widgets.incident_model import RecordList, incident_list
from widgets.incident_paint import IncidentRow
from widgets.one_line import OneLine
from widgets.words import Words

LIMIT = 500
_PUSHED_MOST = 50  # when more come at once the list is asked for again
_SEARCH_MS = 250
_NARROW_PX = 760  # narrower than this either the list or one incident is shown
_STATES = ("open", "closed", "all")


class IncidentPanel(QWidget):
    """The situations that people handle.

    Signals:
        snapshot_wanted: the id of the incident that wants a picture from a camera.
        selected: the id of the incident that is shown.
    """

    snapshot_wanted = Signal(str)
    selected = Signal(str)

    def __init__(self, bridge: Bridge, words: Words, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bridge, self._words = bridge, words
        self._asked = 0
        self._is_stale = True
        self._error = ""
        self._wanted = ""
        self.dialog: OpenDialog | None = None
        self.model = incident_list(words, self)
        self._search_timer = QTimer(self, singleShot=True, interval=_SEARCH_MS)
        self._build()
        self._search_timer.timeout.connect(self.read)
        self._age_timer = QTimer(self, interval=1000)
        self._age_timer.timeout.connect(self.view.viewport().update)
        self._age_timer.start()
        bridge.linked.connect(self._on_linked)
        words.changed.connect(self._translate)
        self._translate()

    def _build(self) -> None:
        self.title, self.count = QLabel(), OneLine("dim")
        self.title.setObjectName("title")
        self.new, self.search, self.state = QPushButton(), QLineEdit(), QComboBox()
        self.new.clicked.connect(self._on_new)
        self.search.setClearButtonEnabled(True)
        # textChanged tells of committed text only, never of a syllable that is being composed
        self.search.textChanged.connect(self._on_search)
        for name in _STATES:
            self.state.addItem("", name)
        self.state.currentIndexChanged.connect(self.read)
        self.notice = QLabel()
        self.empty = QLabel()
        for label in (self.notice, self.empty):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
            label.setObjectName("dim")
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.view = QListView()
        self.view.setModel(self.model)
        self.view.setItemDelegate(IncidentRow(self._words, self._bridge.now_ms, self.view))
        self.view.setUniformItemSizes(True)
        self.view.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.view.selectionModel().currentChanged.connect(self._on_current)
        self.view.clicked.connect(self._on_clicked)
        self.view.activated.connect(self._on_clicked)
        self.pages = QStackedWidget()
        self.pages.addWidget(self.view)
        self.pages.addWidget(self.empty)
        self._build_sides()
        self._build_keys()

    def _build_sides(self) -> None:
        self.left, right = QWidget(), QVBoxLayout()
        top, bar, left = QHBoxLayout(), QHBoxLayout(), QVBoxLayout(self.left)
        top.addWidget(self.title)
        top.addWidget(self.count, 1)
        top.addWidget(self.new)
        bar.addWidget(self.search, 1)
        bar.addWidget(self.state)
        left.setContentsMargins(8, 6, 8, 6)
        left.addLayout(top)
        left.addLayout(bar)
        left.addWidget(self.notice)
        left.addWidget(self.pages, 1)
        self.detail = IncidentDetail(self._bridge, self._words)
        self.detail.snapshot_wanted.connect(self.snapshot_wanted)
        self.choose = QLabel()
        self.choose.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.choose.setWordWrap(True)
        self.choose.setObjectName("dim")
        self.back = QPushButton()
        self.back.clicked.connect(self.show_list)
        self.sides = QStackedWidget()
        self.sides.addWidget(self.choose)
        self.sides.addWidget(self.detail)
        self.right = QWidget()
        self.right.setLayout(right)
        right.setContentsMargins(0, 6, 0, 0)
        right.setSpacing(0)
        right.addWidget(self.back, 0, Qt.AlignmentFlag.AlignLeft)
        right.addWidget(self.sides, 1)
        self.split = QSplitter(Qt.Orientation.Horizontal)
        self.split.addWidget(self.left)
        self.split.addWidget(self.right)
        self.split.setStretchFactor(0, 2)
        self.split.setStretchFactor(1, 3)
        self.split.setSizes([360, 540])
        self.split.setChildrenCollapsible(False)
        for side in (self.left, self.right):
            side.setMinimumWidth(190)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.split)

    def _build_keys(self) -> None:
        inside = Qt.ShortcutContext.WidgetWithChildrenShortcut
        for keys, act in (
            (QKeySequence(QKeySequence.StandardKey.Find), self._find),
            (QKeySequence("Ctrl+N"), self._on_new),
            (QKeySequence("Esc"), self._escape),
        ):
            QShortcut(keys, self, context=inside).activated.connect(act)

    # --- what it is told -----------------------------------------------------

    @Slot(bool, str)
    def _on_linked(self, up: bool, _reason: str) -> None:
        if up:
            self.read()
            self.detail.read()

    def apply(self, records: Iterable[Any]) -> None:
        """Take newer incidents and acts; hidden, only know that there are some."""
        mine = [record for record in records if isinstance(record, Incident | Act)]
        if not mine:
            return
        self.detail.apply(mine)
        incidents = [record for record in mine if isinstance(record, Incident)]
        if not self.isVisible():
            self._is_stale = self._is_stale or bool(incidents)
        elif incidents:
            self._take_pushed(incidents)

    def _take_pushed(self, incidents: list[Incident]) -> None:
        if len(incidents) > _PUSHED_MOST:
            self._search_timer.start()
            return
        state = self.state.currentData()
        for incident in incidents:
            if state not in ("all", incident.state):
                self.model.remove(incident.key)
            elif not self.search.text().strip() or self.model.row_of(incident.key) is not None:
                self.model.apply((incident,))
            else:
                self._search_timer.start()  # whether it fits the search only the core knows
        self._show_page()

    @Slot()
    def read(self) -> None:
        """Ask the core for what the search and the state let through."""
        self._is_stale = not self.isVisible()
        if self._is_stale:
            return
        self._asked += 1
        asked = self._asked
        state = self.state.currentData()
        args = {
            "search": self.search.text().strip(), "state": None if state == "all" else state, "limit": LIMIT,
        }  # fmt: skip
        self._bridge.query("incidents", args, lambda value, error: self._take(asked, value, error))

    def _take(self, asked: int, value: Any, error: str) -> None:
        if asked != self._asked:
            return
        self._error = error
        if not error:
            chosen = self.detail.incident
            self.model.replace(msgspec.convert(value, list[Incident]))
            if chosen is not None:
                self._mark(chosen.id)
        self._show_page()

    # --- what people do ------------------------------------------------------

    @Slot()
    def _on_new(self) -> None:
        self.open_dialog()

    def open_dialog(self, alarm: Alarm | None = None, camera: Camera | str | None = None) -> None:
        """Ask for a new incident, filled in from an alarm or a camera."""
        camera_id = camera.id if isinstance(camera, Camera) else camera or ""
        self.dialog = OpenDialog(self._bridge, self._words, self.window(), alarm, camera_id)
        self.dialog.recorded.connect(self._on_opened)
        self.dialog.open()

    @Slot(object)
    def _on_opened(self, value: Any) -> None:
        incident = msgspec.convert(value, Incident)
        self.state.setCurrentIndex(0)
        self.search.clear()
        self.model.apply((incident,))
        self._show_page()
        self.show_incident(incident.id)

    def show_incident(self, incident_id: str) -> None:
        """Show one incident, whatever the list holds."""
        self.sides.setCurrentWidget(self.detail)
        self.detail.show_incident(incident_id)
        self._mark(incident_id)
        self._lay_out(self.width(), detail=True)
        self.selected.emit(incident_id)

    def attach_bytes(
        self, incident_id: str, name: str, media_type: str, data: bytes, camera: str = ""
    ) -> None:
        """Attach a picture that is in memory, such as a snapshot."""
        self.detail.attach_bytes(incident_id, name, media_type, data, camera)

    @Slot()
    def show_list(self) -> None:
        """Go back to the list where there is no room for both."""
        self._lay_out(self.width(), detail=False)
        self.view.setFocus()

    def _mark(self, incident_id: str) -> None:
        row = self.model.row_of(("incident", incident_id))
        self._wanted = incident_id
        if row is None:
            self.view.clearSelection()
        elif self.view.currentIndex().row() != row:
            self.view.setCurrentIndex(self.model.index(row))

    @Slot(QModelIndex, QModelIndex)
    def _on_current(self, current: QModelIndex, _before: QModelIndex) -> None:
        incident = current.data(RecordList.RECORD)
        if isinstance(incident, Incident) and incident.id != self._wanted and not self._is_narrow():
            self.show_incident(incident.id)

    @Slot(QModelIndex)
    def _on_clicked(self, index: QModelIndex) -> None:
        incident = index.data(RecordList.RECORD)
        if isinstance(incident, Incident):
            self.show_incident(incident.id)

    @Slot(str)
    def _on_search(self, _text: str) -> None:
        self._search_timer.start()

    @Slot()
    def _find(self) -> None:
        self.show_list()
        self.search.setFocus()
        self.search.selectAll()

    @Slot()
    def _escape(self) -> None:
        if self._is_narrow() and self.right.isVisible():
            self.show_list()
        elif self.search.text():
            self.search.clear()

    # --- showing -------------------------------------------------------------

    def _show_page(self) -> None:
        count = self.model.rowCount()
        text = self.search.text().strip()
        key = "search" if text else self.state.currentData()
        key = "open" if key == "all" else key
        self.empty.setText(self._words.text(f"incidents.empty_{key}", text=figures.plain(text, 60)))
        self.pages.setCurrentIndex(0 if count else 1)
        notices = []
        if self._error:
            notices.append(self._words.text("incidents.failed", error=figures.plain(self._error)))
        if count >= LIMIT:
            notices.append(self._words.text("incidents.more", n=LIMIT))
        self.notice.setText("\n".join(notices))
        self.notice.setVisible(bool(notices))
        is_open = sum(incident.state == "open" for incident in self.model.records())
        self.count.say(self._words.text("incidents.count", open=is_open) if is_open else "")

    def _is_narrow(self) -> bool:
        return self.width() < _NARROW_PX

    def _lay_out(self, width: int, detail: bool) -> None:
        narrow = width < _NARROW_PX
        self.left.setVisible(not narrow or not detail)
        self.right.setVisible(not narrow or detail)
        self.back.setVisible(narrow)

    @Slot()
    def _translate(self) -> None:
        words = self._words
        self.title.setText(words.text("incidents.title"))
        self.new.setText(words.text("incidents.new"))
        self.back.setText(words.text("incidents.back"))
        self.choose.setText(words.text("incidents.choose"))
        self.search.setPlaceholderText(words.text("incidents.search"))
        for row, name in enumerate(_STATES):
            self.state.setItemText(row, words.text(f"incidents.show_{name}"))
        self.view.viewport().update()
        self._show_page()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        shows_detail = self.right.isVisibleTo(self) and self.detail.incident is not None
        self._lay_out(event.size().width(), detail=shows_detail)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._is_stale:
            self.read()
