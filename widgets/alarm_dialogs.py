"""The questions before an act on alarms: shelve, take out of service, assign, comment.

Each names what it will do. Times are wall times of the core.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QCheckBox, QComboBox, QPlainTextEdit, QSizePolicy, QWidget

from db.alarm_records import Alarm
from widgets.act_dialog import LONGEST, ActDialog
from widgets.bridge import Bridge
from widgets.words import Words

SHELVES_MIN = (15, 30, 60, 120, 240, 480)
"""The times offered for shelving; any other end can be set by hand."""
_REASONS = ("work", "weather", "known", "nuisance", "other")


class AlarmDialog(ActDialog):
    """A form about some alarms; it says how many."""

    act_name = ""

    def __init__(self, bridge: Bridge, words: Words, parent: QWidget | None, alarms: Sequence[Alarm]) -> None:
        title = words.text(f"alarm_dialog.{self.act_name}_title", n=len(alarms))
        super().__init__(bridge, words, parent, title, self.act_name)
        self.ids = [alarm.id for alarm in alarms]

    def ask(self, field: str, widget: QWidget) -> None:
        """Add a field with its name."""
        widget.setSizePolicy(QSizePolicy.Policy.Expanding, widget.sizePolicy().verticalPolicy())
        self.form.addRow(self._words.text(f"alarm_field.{field}"), widget)

    def reason_choice(self) -> QComboBox:
        """Add the frequent reasons; another can be written."""
        box = QComboBox()
        box.setEditable(True)
        for name in _REASONS:
            box.addItem(self._words.text(f"alarm_reason.{name}"))
        box.setCurrentIndex(-1)
        line = box.lineEdit()
        if line is not None:
            line.setMaxLength(LONGEST)
            line.setPlaceholderText(self._words.text("alarm_dialog.reason_hint"))
        self.ask("reason", box)
        return box


class ShelveDialog(AlarmDialog):
    """Shelve until a time, for a reason."""

    act_name = "shelve"

    def __init__(self, bridge: Bridge, words: Words, parent: QWidget | None, alarms: Sequence[Alarm]) -> None:
        super().__init__(bridge, words, parent, alarms)
        self.span = QComboBox()
        for minutes in SHELVES_MIN:
            self.span.addItem(words.age(minutes * 60), minutes)
        self.span.addItem(words.text("alarm_dialog.free_end"), None)
        self.span.setCurrentIndex(SHELVES_MIN.index(60))
        self.ask("span", self.span)
        self.until = self.end_edit(60)
        self.until.dateTimeChanged.connect(self._show_consequence)
        self.ask("until", self.until)
        self.reason = self.reason_choice()
        self.span.currentIndexChanged.connect(self._take_span)
        self._take_span()
        self.reason.setFocus()

    @Slot()
    def _take_span(self) -> None:
        minutes = self.span.currentData()
        self.until.setEnabled(minutes is None)
        if minutes is not None:
            self.set_end(self.until, minutes)
        self._show_consequence()

    @Slot()
    def _show_consequence(self) -> None:
        text = "alarm_dialog.shelve_consequence"
        until = self._words.when(self.end_ms(self.until))[5:16]
        self.consequence.setText(self._words.text(text, n=len(self.ids), until=until))

    def request(self) -> tuple[str, dict[str, Any]] | str:
        reason = self.reason.currentText().strip()
        if not reason:
            return "alarm_dialog.reason_missing"
        minutes = self.span.currentData()
        now_ms = self._bridge.now_ms()
        until_ms = self.end_ms(self.until) if minutes is None else now_ms + minutes * 60_000
        if until_ms <= now_ms:
            return "alarm_dialog.end_past"
        return "alarm.shelve", {"alarms": self.ids, "until_ms": until_ms, "reason": reason}


class ServiceDialog(AlarmDialog):
    """Take out of service for work, with its order; until a time or until somebody ends it."""

    act_name = "service"

    def __init__(self, bridge: Bridge, words: Words, parent: QWidget | None, alarms: Sequence[Alarm]) -> None:
        super().__init__(bridge, words, parent, alarms)
        self.order = QComboBox()
        self.order.setEditable(True)
        line = self.order.lineEdit()
        if line is not None:
            line.setMaxLength(LONGEST)
            line.setPlaceholderText(words.text("alarm_dialog.order_hint"))
        self.ask("order", self.order)
        self.reason = self.reason_choice()
        self.has_end = QCheckBox(words.text("alarm_dialog.with_end"))
        self.until = self.end_edit(480)
        self.until.setEnabled(False)
        self.has_end.toggled.connect(self.until.setEnabled)
        self.form.addRow(self.has_end)
        self.ask("until", self.until)
        self.consequence.setText(words.text("alarm_dialog.service_consequence", n=len(self.ids)))

    def request(self) -> tuple[str, dict[str, Any]] | str:
        order = self.order.currentText().strip()
        if not order:
            return "alarm_dialog.order_missing"
        until_ms = self.end_ms(self.until) if self.has_end.isChecked() else None
        if until_ms is not None and until_ms <= self._bridge.now_ms():
            return "alarm_dialog.end_past"
        return "alarm.out_of_service", {
            "alarms": self.ids,
            "order": order,
            "reason": self.reason.currentText().strip(),
            "until_ms": until_ms,
        }


class AssignDialog(AlarmDialog):
    """Say who looks after the alarms; those on duty are offered."""

    act_name = "assign"

    def __init__(
        self,
        bridge: Bridge,
        words: Words,
        parent: QWidget | None,
        alarms: Sequence[Alarm],
        on_duty: Sequence[str],
    ) -> None:
        super().__init__(bridge, words, parent, alarms)
        self.assignee = QComboBox()
        self.assignee.setEditable(True)
        self.assignee.addItems(list(on_duty))
        self.assignee.setEditText(alarms[0].assignee if len(alarms) == 1 else "")
        line = self.assignee.lineEdit()
        if line is not None:
            line.setMaxLength(LONGEST)
            line.setPlaceholderText(words.text("incident_dialog.assign_hint"))
        self.ask("assignee", self.assignee)

    def request(self) -> tuple[str, dict[str, Any]] | str:
        return "alarm.assign", {"alarms": self.ids, "assignee": self.assignee.currentText().strip()}


class CommentDialog(AlarmDialog):
    """Write down something about the alarms; it stays in the log."""

    act_name = "comment"

    def __init__(self, bridge: Bridge, words: Words, parent: QWidget | None, alarms: Sequence[Alarm]) -> None:
        super().__init__(bridge, words, parent, alarms)
        self.text = QPlainTextEdit()
        self.text.setTabChangesFocus(True)
        self.ask("comment", self.text)

    def request(self) -> tuple[str, dict[str, Any]] | str:
        text = self.text.toPlainText().strip()
        if not text:
            return "alarm_dialog.comment_missing"
        return "alarm.comment", {"alarms": self.ids, "text": text[:2000]}
