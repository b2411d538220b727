"""The alarm column: what stands, what needs a hand, and the hand."""

from __future__ import annotations

from typing import Any

import msgspec
from PySide6.QtCore import QItemSelectionModel, QPoint, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from db.alarm_records import Alarm, AlarmState, Flood, Rule
from db.asset_records import Asset, OnDuty
from db.records import Incident
from widgets import theme
from widgets.alarm_acts import AlarmActs, can_be_acknowledged
from widgets.alarm_delegate import AlarmDelegate, AlarmTexts
from widgets.alarm_details import AlarmDetails
from widgets.alarm_list import alarm_list
from widgets.alarm_model import AlarmModel, View
from widgets.alarm_values import NewestValues
from widgets.alarm_views import AlarmViews
from widgets.bridge import Bridge
from widgets.figures import plain
from widgets.flood_groups import FloodGroups
from widgets.reading import Reading
from widgets.words import Words

_TICK_MS = 1000


class AlarmPanel(QWidget):
    """The standing alarms, worst and unhandled first; standing still while somebody reads.

    Signals:
        incident_wanted: the Alarm to open an incident from.
        chosen: a tuple of the selected Alarms, empty when none is.
        standing: a tuple of all standing Alarms, whenever the whole has been read.
        altered: a tuple of the Alarms that have just changed.
        silence_wanted: the operator wants the sound to stop for now.
        look_wanted: (what, alarm) to be looked at, `what` of `widgets/alarm_acts.py`.
    """

    incident_wanted = Signal(object)
    chosen = Signal(object)
    standing = Signal(object)
    altered = Signal(object)
    silence_wanted = Signal()
    look_wanted = Signal(str, object)

    def __init__(self, bridge: Bridge, words: Words) -> None:
        super().__init__()
        self._bridge, self._words = bridge, words
        self.texts = AlarmTexts(bridge, words)
        self._arrived_ms: int | None = None
        self._quiet_since_ms: int | None = None
        self._message = ""
        self.model = AlarmModel(self)
        self._values = NewestValues(self.texts.now)
        self.texts.under, self.texts.standing = self.model.under, self.model.find
        self.acts = AlarmActs(bridge, words, self, self.selected)
        self.acts.wanted.connect(self.look_wanted)
        self.acts.failed.connect(self._say_failure)
        self.acts.sending.connect(self._say_sending)
        self._build()
        self._shortcuts()
        self._ticker = QTimer(self)
        self._ticker.setInterval(_TICK_MS)
        self._ticker.timeout.connect(self._tick)
        self._ticker.start()
        self.model.counted.connect(self._count)
        bridge.linked.connect(self._on_linked)
        words.changed.connect(self._translate)
        self._translate()

    def _build(self) -> None:
        self.counts = QLabel()
        self.views = AlarmViews(self._words)
        self.views.chosen.connect(self._show_view)
        self.silence = QPushButton()
        self.silence.setVisible(False)
        self.silence.clicked.connect(self.silence_wanted)
        self._sounding = self._silenced = False
        self.waiting = QPushButton()
        self.waiting.setVisible(False)
        self.waiting.clicked.connect(self.leave)
        self.list = alarm_list(self.model, AlarmDelegate(self.texts, self))
        self.reading = Reading(self.list)
        self.reading.changed.connect(self.model.hold)
        self.list.selectionModel().selectionChanged.connect(self._on_selection)
        self.list.doubleClicked.connect(self._want_incident)
        self.groups = FloodGroups(self._words, self.texts)
        self.groups.chosen.connect(self._on_chosen)
        self.groups.acknowledge_wanted.connect(self.acts.acknowledge)
        self.lists = QStackedWidget()
        self.lists.addWidget(self.list)
        self.lists.addWidget(self.groups)
        self.empty = QLabel(self.list)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.empty.setWordWrap(True)
        self.empty.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.details = AlarmDetails(self.texts)
        self.details.setFixedHeight(168)
        self.details.setVisible(False)
        self.acknowledge_button, self.incident_button, self.more_button = (
            QPushButton(), QPushButton(), QPushButton(),
        )  # fmt: skip
        self.acknowledge_button.clicked.connect(self.acknowledge)
        self.incident_button.clicked.connect(self._want_incident)
        self.more_button.clicked.connect(self._show_more)
        self.list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.list.customContextMenuRequested.connect(self._show_menu)
        self.hint = QLabel()
        for label in (self.counts, self.empty, self.hint):
            label.setTextFormat(Qt.TextFormat.PlainText)
        self.hint.setObjectName("dim")
        self.hint.setWordWrap(True)
        buttons = QHBoxLayout()
        buttons.setSpacing(4)
        for button in (self.acknowledge_button, self.incident_button, self.more_button):
            buttons.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.setSpacing(4)
        top = QHBoxLayout()
        top.addWidget(self.counts, 1)
        top.addWidget(self.silence)
        layout.addLayout(top)
        layout.addWidget(self.views)
        layout.addWidget(self.waiting)
        layout.addWidget(self.lists, 1)
        layout.addWidget(self.details)
        layout.addLayout(buttons)
        layout.addWidget(self.hint)
        self.setMinimumWidth(300)

    def _shortcuts(self) -> None:
        for key, act in (
            ("Space", self.acknowledge),
            ("E", self._want_incident),
            ("Esc", self.leave),
            ("M", self.silence_wanted.emit),
        ):
            shortcut = QShortcut(QKeySequence(key), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(act)

    # --- what arrives

    def apply(self, records: tuple[Any, ...]) -> None:
        """Take newer records; alarms among them are shown."""
        alarms = tuple(record for record in records if isinstance(record, Alarm))
        for record in records:
            if isinstance(record, Incident):
                self.texts.incidents[record.id] = record.number
            elif isinstance(record, OnDuty):
                self._take_duty(record)
        if alarms:
            self.model.apply(alarms)
            self._values.follow(alarms)
            self.altered.emit(alarms)
        if self._values.take(records):
            self.list.viewport().update()

    def _take_duty(self, record: OnDuty) -> None:
        others = [name for name in self.acts.on_duty if name != record.actor]
        self.acts.on_duty = others if record.left_ms is not None else [*others, record.actor]

    @Slot(bool, str)
    def _on_linked(self, up: bool, _reason: str) -> None:
        if up:
            self._bridge.query("alarms", {}, self._take_alarms)
            self._bridge.assets(self._take_assets)
            self._bridge.query("rules", {}, self.take_rules)
        self._count()

    def _take_alarms(self, value: Any, error: str) -> None:
        if error:
            return
        chosen = {alarm.id for alarm in self.selected()}
        self._arrived_ms = self._bridge.now_ms()
        self.model.replace(msgspec.convert(value, list[Alarm]))
        self._values.renew(self.model.every())
        for alarm_id in chosen:
            self.choose(alarm_id)
        self._count()
        self.standing.emit(tuple(self.model.every()))

    def _take_assets(self, value: Any, error: str) -> None:
        if not error:
            self.texts.assets = {each.id: each for each in msgspec.convert(value, list[Asset])}
            self.list.viewport().update()

    def take_rules(self, value: Any, error: str) -> None:
        """The core's answer about the rules in force."""
        if not error:
            self.texts.rules = {each.id: each for each in msgspec.convert(value, list[Rule])}
            self._show_details()

    # --- what the operator does

    def selected(self) -> list[Alarm]:
        """The selected alarms, in the order of the rows; of a selected group all."""
        if self.lists.currentWidget() is self.groups:
            return self.groups.selected()
        rows = sorted(index.row() for index in self.list.selectionModel().selectedIndexes())
        return [self.model.alarm(self.model.index(row)) for row in rows]

    def select(self, alarm_id: str) -> None:
        """Choose one alarm from elsewhere (map, incident)."""
        self.list.clearSelection()
        self.choose(alarm_id)

    def choose(self, alarm_id: str) -> None:
        """Select one more alarm, if it is listed."""
        self.lists.setCurrentWidget(self.list)
        row = self.model.row_of(alarm_id)
        if row is not None:
            index = self.model.index(row)
            self.list.selectionModel().setCurrentIndex(index, QItemSelectionModel.SelectionFlag.Select)
            self.list.scrollTo(index)

    @Slot()
    def acknowledge(self) -> None:
        """Acknowledge what is selected; with nothing selected, choose the first row to read."""
        if self.selected():
            self.acts.acknowledge()
        elif self.model.rowCount():
            self.list.setCurrentIndex(self.model.index(0))

    @Slot(str)
    def _say_failure(self, error: str) -> None:
        self._say(self._words.text("alarms.failed", reason=plain(error)) if error else "")

    @Slot()
    def _say_sending(self) -> None:
        self._say(self._words.text("alarms.sending"))

    def _say(self, message: str) -> None:
        self._message = message
        self.hint.setText(message or self._words.text("alarms.keys"))

    @Slot()
    def _want_incident(self) -> None:
        selected = self.selected()
        if selected:
            self.incident_wanted.emit(selected[0])

    @Slot()
    def _show_more(self) -> None:
        self.acts.menu(self).popup(self.more_button.mapToGlobal(self.more_button.rect().topLeft()))

    @Slot(QPoint)
    def _show_menu(self, at: QPoint) -> None:
        if self.selected():
            self.acts.menu(self).popup(self.list.viewport().mapToGlobal(at))

    @Slot(str)
    def _show_view(self, view: View) -> None:
        self.list.clearSelection()
        self.model.show_view(view)
        self._show_details()

    @Slot()
    def leave(self) -> None:
        """Stop reading: the standing alarms, nothing selected, rows in order, the first on top."""
        self.views.setCurrentIndex(0)
        self.list.clearSelection()
        self.groups.leave()
        self.model.hold(self.reading.is_read)
        self.list.scrollToTop()

    def show_sound(self, *, sounding: bool, silenced: bool) -> None:
        """Say whether the alarm tone repeats, or is silenced."""
        self._sounding, self._silenced = sounding, silenced
        self.silence.setVisible(sounding or silenced)
        self.silence.setEnabled(sounding)
        self.silence.setText(self._words.text("sound.silenced" if silenced else "sound.silence"))

    # --- in a flood: by cause and place

    def show_flood(self, flood: Flood) -> None:
        """Take the newest record of a flood; when it is over the alarms are listed one by one."""
        self.groups.show_flood(flood)
        if not flood.on:
            self.show_groups(False)

    @Slot(bool)
    def show_groups(self, on: bool) -> None:
        """List the standing alarms by cause and place, or one by one."""
        if on != (self.lists.currentWidget() is self.groups):
            self.leave()
            self.lists.setCurrentWidget(self.groups if on else self.list)
            self._count()

    # --- what is selected

    @Slot()
    def _on_selection(self) -> None:
        self._on_chosen(tuple(self.selected()))

    @Slot(tuple)
    def _on_chosen(self, selected: tuple[Alarm, ...]) -> None:
        self._show_details()
        if len(selected) == 1:
            self._ask_guidance(selected[0].id)
        self.chosen.emit(selected)

    def _ask_guidance(self, alarm_id: str) -> None:
        def take(value: Any, error: str) -> None:
            if not error and isinstance(value, dict):
                told = self._words.pick(str(value.get("ko", "")), str(value.get("en", "")))
                self.texts.guidance = {alarm_id: told}
                self._show_details()

        self._bridge.query("guidance", {"alarm": alarm_id}, take)

    def _show_details(self) -> None:
        selected = self.selected()
        self.details.setVisible(bool(selected))
        self.details.show_alarms(selected)
        can = any(can_be_acknowledged(alarm) for alarm in selected)
        self.acknowledge_button.setEnabled(can)
        self.incident_button.setEnabled(len(selected) >= 1)
        self.more_button.setEnabled(len(selected) >= 1)
        self.acts.settle()

    # --- what is written

    @Slot()
    def _tick(self) -> None:
        if self.isVisible():
            self.list.viewport().update()
            self._count_texts()
            if self.details.isVisible() and not self.details.textCursor().hasSelection():
                self._show_details()

    @Slot()
    def _count(self) -> None:
        if self.lists.currentWidget() is self.groups:
            self.groups.show_alarms(self.model.alarms())
        rows = self.model.rowCount()
        if rows or self._arrived_ms is None:
            self._quiet_since_ms = None
        elif self._quiet_since_ms is None:
            self._quiet_since_ms = self._bridge.now_ms()
        self._count_texts()
        self._show_details()

    def _count_texts(self) -> None:
        words, counts = self._words, self.model.counts()
        if self._arrived_ms is None:
            self.counts.setText(words.text("alarms.not_arrived"))
        else:
            new, seen = counts[AlarmState.UNACKNOWLEDGED], counts[AlarmState.ACKNOWLEDGED]
            back = counts[AlarmState.RETURNED]
            text = words.text("alarms.counts", new=new, seen=seen, back=back)
            if counts[AlarmState.LATCHED]:
                text = f"{text} · {words.text('alarms.latched_count', n=counts[AlarmState.LATCHED])}"
            if not self._bridge.is_linked and self._bridge.last_ms is not None:
                text = words.text("alarms.old", time=words.time(self._bridge.last_ms), counts=text)
            self.counts.setText(text)
        self.views.show_counts(counts)
        self.empty.setVisible(self.model.rowCount() == 0)
        self.empty.setText(self._empty_text())
        self.empty.resize(self.list.size())
        waiting = [alarm for alarm in self.model.waiting if self.model.lists(alarm)]
        self.waiting.setVisible(bool(waiting))
        if waiting:
            worst = min(alarm.priority for alarm in waiting)
            self.waiting.setIcon(theme.priority_icon(worst))
            self.waiting.setText(words.text("alarms.new_while_reading", n=len(waiting)))

    def _empty_text(self) -> str:
        if self._arrived_ms is None:
            key = "alarms.not_arrived" if self._bridge.is_linked else "alarms.waiting_core"
            return self._words.text(key)
        if self._quiet_since_ms is None:
            return self._words.text("alarms.none_short")
        return self._words.text("alarms.none", when=self._words.time(self._quiet_since_ms))

    @Slot()
    def _translate(self) -> None:
        self.acknowledge_button.setText(self._words.text("alarms.acknowledge"))
        self.incident_button.setText(self._words.text("alarms.open_incident"))
        self.more_button.setText(self._words.text("alarm_act.more"))
        self.acts.translate()
        self._say(self._message)
        self.show_sound(sounding=self._sounding, silenced=self._silenced)
        self._count_texts()
        self._show_details()
        self.list.viewport().update()
