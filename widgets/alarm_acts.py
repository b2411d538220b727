"""What an operator can do with chosen alarms: one table of acts, their keys and when they apply."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QInputDialog, QMenu, QMessageBox, QWidget

from db.alarm_records import Alarm, AlarmState
from widgets.act_dialog import ActDialog
from widgets.alarm_dialogs import AssignDialog, CommentDialog, ServiceDialog, ShelveDialog
from widgets.bridge import Bridge
from widgets.words import Words

_ASK_FROM = 20
"""From how many alarms on an act that is not asked about otherwise is confirmed."""


class _Act(NamedTuple):
    name: str
    key: str
    fits: Callable[[Alarm], bool]


def _always(alarm: Alarm) -> bool:
    return True


def can_be_acknowledged(alarm: Alarm) -> bool:
    """Whether it asks to be acknowledged."""
    return alarm.state in (AlarmState.UNACKNOWLEDGED, AlarmState.RETURNED)


ACTS = (
    _Act("note", "N", can_be_acknowledged),
    _Act("shelve", "S", lambda alarm: alarm.shelf is None),
    _Act("unshelve", "U", lambda alarm: alarm.shelf is not None),
    _Act("reset", "R", lambda alarm: alarm.state is AlarmState.LATCHED),
    _Act("assign", "A", _always),
    _Act("comment", "T", _always),
    _Act("service", "O", lambda alarm: alarm.out_of_service is None),
    _Act("in_service", "I", lambda alarm: alarm.out_of_service is not None),
)
LOOKS = (
    _Act("cameras", "C", lambda alarm: bool(alarm.asset or alarm.lon is not None)),
    _Act("trend", "H", lambda alarm: bool(alarm.quantity)),
    _Act("explain", "W", _always),
    _Act("similar", "L", _always),
    _Act("rule", "F", _always),
    _Act("maintenance", "P", lambda alarm: bool(alarm.asset)),
    _Act("guidance", "G", _always),
)
"""What can be looked at from one alarm."""


class AlarmActs(QObject):
    """The acts as actions of the alarm panel, with their keys; an act takes what is selected.

    Signals:
        wanted: a look at something of the first selected Alarm: (name, alarm).
        failed: a sentence why an act was not recorded; empty when one was.
        sending: an acknowledgement is on its way.
    """

    wanted = Signal(str, object)
    failed = Signal(str)
    sending = Signal()

    def __init__(
        self, bridge: Bridge, words: Words, parent: QWidget, selected: Callable[[], Sequence[Alarm]]
    ) -> None:
        super().__init__(parent)
        self._bridge, self._words, self._panel = bridge, words, parent
        self._selected = selected
        self.on_duty: list[str] = []
        self._actions = {each.name: self._action(each) for each in (*ACTS, *LOOKS)}
        self._does: dict[str, Callable[[Sequence[Alarm]], None]] = {
            "note": lambda alarms: self.acknowledge_with_note(),
            "shelve": lambda alarms: self._open(ShelveDialog(bridge, words, parent, alarms)),
            "service": lambda alarms: self._open(ServiceDialog(bridge, words, parent, alarms)),
            "assign": lambda alarms: self._open(AssignDialog(bridge, words, parent, alarms, self.on_duty)),
            "comment": lambda alarms: self._open(CommentDialog(bridge, words, parent, alarms)),
            "unshelve": lambda alarms: self._send("alarm.unshelve", alarms),
            "reset": lambda alarms: self._send("alarm.reset", alarms),
            "in_service": lambda alarms: self._send("alarm.in_service", alarms),
        }

    def _action(self, act: _Act) -> QAction:
        action = QAction(self._panel)
        action.setObjectName(act.name)
        action.setShortcut(QKeySequence(act.key))
        action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        action.triggered.connect(self._run)
        self._panel.addAction(action)
        return action

    def translate(self) -> None:
        """Name the acts in the present language."""
        for name, action in self._actions.items():
            action.setText(self._words.text(f"alarm_act.{name}"))

    def settle(self) -> None:
        """Offer what fits the selection."""
        selected = self._selected()
        for act in ACTS:
            self._actions[act.name].setEnabled(any(act.fits(alarm) for alarm in selected))
        for act in LOOKS:
            self._actions[act.name].setEnabled(len(selected) == 1 and act.fits(selected[0]))

    def menu(self, parent: QWidget) -> QMenu:
        """All acts, those that do not fit greyed."""
        self.settle()
        menu = QMenu(parent)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addActions([self._actions[act.name] for act in ACTS])
        menu.addSeparator()
        menu.addActions([self._actions[act.name] for act in LOOKS])
        return menu

    @Slot()
    def _run(self) -> None:
        action = self.sender()
        if isinstance(action, QAction):
            self.run(action.objectName())

    def run(self, name: str) -> None:
        """Do this act with what is selected and fits it; nothing where nothing fits."""
        act = next(each for each in (*ACTS, *LOOKS) if each.name == name)
        fitting = [alarm for alarm in self._selected() if act.fits(alarm)]
        if not fitting:
            return
        if name in self._does:
            self._does[name](fitting)
        else:
            self.wanted.emit(name, fitting[0])

    @Slot()
    def acknowledge(self) -> None:
        """Acknowledge what is selected."""
        self._acknowledge("")

    @Slot()
    def acknowledge_with_note(self) -> None:
        """Acknowledge what is selected, with a note."""
        count = sum(can_be_acknowledged(alarm) for alarm in self._selected())
        if not count:
            return
        title, ask = self._words.text("alarms.note_title"), self._words.text("alarms.note_ask", n=count)
        text, agreed = QInputDialog.getMultiLineText(self._panel, title, ask)
        if agreed:
            self._acknowledge(text.strip()[:2000])

    def _acknowledge(self, note: str) -> None:
        ids = [alarm.id for alarm in self._selected() if can_be_acknowledged(alarm)]
        if ids:
            self.sending.emit()
            self._bridge.command("alarm.acknowledge", {"alarms": ids, "note": note}, self._sent)

    def _open(self, dialog: ActDialog) -> None:
        dialog.open()

    def _send(self, command: str, alarms: Sequence[Alarm]) -> None:
        ids = [alarm.id for alarm in alarms]
        if len(ids) >= _ASK_FROM and not self._is_meant(command, len(ids)):
            return
        self._bridge.command(command, {"alarms": ids}, self._sent)

    def _is_meant(self, command: str, count: int) -> bool:
        question = self._words.text(f"alarm_ask.{command.removeprefix('alarm.')}", n=count)
        answer = QMessageBox.question(self._panel, self._words.text("app.name"), question)
        return answer is QMessageBox.StandardButton.Yes

    def _sent(self, _value: object, error: str) -> None:
        self.failed.emit(error)
