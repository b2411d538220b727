"""The questions before an act on an incident: open, change, assign, close, reopen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import (
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPlainTextEdit,
    QWidget,
)

from db.alarm_records import Alarm
from db.records import Camera, Incident
from widgets import figures, theme
from widgets.act_dialog import LONGEST, ActDialog
from widgets.bridge import Bridge
from widgets.incident_model import RESULTS, TYPES
from widgets.words import Words

_MOST_LINKS = 200


def guessed_type(alarm: Alarm) -> str:
    """A first offer for the type of an incident that an alarm asks for."""
    if alarm.kind == "silent":
        return "장애"
    watched = f"{alarm.quantity} {alarm.rule}".lower()
    for hints, name in (
        (("leak", "smoke", "fire", "arc", "temperature"), "화재"),
        (("water", "level", "rain"), "침수"),
        (("tilt", "crack", "vibration"), "시설물"),
        (("power", "voltage"), "정전"),
        (("bell", "sos"), "비상벨"),
    ):
        if any(hint in watched for hint in hints):
            return name
    return "기타"


class OpenDialog(ActDialog):
    """A new incident, by hand or from an alarm or a camera."""

    def __init__(
        self,
        bridge: Bridge,
        words: Words,
        parent: QWidget | None = None,
        alarm: Alarm | None = None,
        camera: str = "",
    ) -> None:
        super().__init__(bridge, words, parent, words.text("incident_dialog.open_title"), "open")
        self.title = self.line("title", self._title_from(alarm))
        self.type = self.choice("type", TYPES, guessed_type(alarm) if alarm else TYPES[0])
        self.level = self.level_choice(alarm.priority if alarm else 3)
        self.place = self.line("place", figures.plain(alarm.place, LONGEST) if alarm else "")
        self.assignee = self.line("assignee")
        self.alarms, self.cameras = QListWidget(), QListWidget()
        for key, view in (("linked_alarms", self.alarms), ("linked_cameras", self.cameras)):
            view.setMaximumHeight(96)
            self.form.addRow(words.text(f"incident_dialog.{key}"), view)
        self._alarm_id, self._camera_id = alarm.id if alarm else "", camera
        if alarm is not None:
            icon = theme.priority_icon(alarm.priority, 16)
            self._offer(self.alarms, alarm.id, self._alarm_text(alarm), True, icon)
        bridge.query("alarms", {}, self._take_alarms)
        bridge.query("cameras", {}, self._take_cameras)
        self.title.setFocus()
        self.title.selectAll()

    def _title_from(self, alarm: Alarm | None) -> str:
        if alarm is None:
            return ""
        name = self._words.pick(alarm.name, alarm.name_en) or alarm.rule
        return figures.plain(f"{alarm.place} {name}".strip(), LONGEST)

    def _alarm_text(self, alarm: Alarm) -> str:
        name = self._words.pick(alarm.name, alarm.name_en) or alarm.rule
        return f"{alarm.place or alarm.source} · {name}"

    @staticmethod
    def _offer(view: QListWidget, key: str, text: str, on: bool, icon: Any = None) -> None:
        item = QListWidgetItem(figures.plain(text, 120))
        item.setData(Qt.ItemDataRole.UserRole, key)
        item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
        item.setCheckState(Qt.CheckState.Checked if on else Qt.CheckState.Unchecked)
        if icon is not None:
            item.setIcon(icon)
        view.addItem(item)

    def _take_alarms(self, value: Any, error: str) -> None:
        alarms = [] if error else msgspec.convert(value, list[Alarm])
        standing = sorted(
            (a for a in alarms if a.is_standing and a.id != self._alarm_id),
            key=lambda a: (a.priority, -a.raised_ms),
        )
        for alarm in standing[:_MOST_LINKS]:
            icon = theme.priority_icon(alarm.priority, 16)
            self._offer(self.alarms, alarm.id, self._alarm_text(alarm), False, icon)
        self._say_if_none(self.alarms, "no_alarms")

    def _take_cameras(self, value: Any, error: str) -> None:
        cameras = [] if error else msgspec.convert(value, list[Camera])
        for camera in sorted(cameras, key=lambda each: (each.id != self._camera_id, each.name)):
            chosen = camera.id == self._camera_id
            self._offer(
                self.cameras,
                camera.id,
                f"{camera.id} {self._words.pick(camera.name, camera.name_en)}",
                chosen,
            )
        self._say_if_none(self.cameras, "no_cameras")

    def _say_if_none(self, view: QListWidget, key: str) -> None:
        if view.count() == 0:
            item = QListWidgetItem(self._words.text(f"incident_dialog.{key}"))
            item.setFlags(Qt.ItemFlag.NoItemFlags)
            view.addItem(item)
            view.setMaximumHeight(32)

    @staticmethod
    def _chosen(view: QListWidget) -> list[str]:
        items = [view.item(row) for row in range(view.count())]
        return [
            item.data(Qt.ItemDataRole.UserRole)
            for item in items
            if item.flags() & Qt.ItemFlag.ItemIsUserCheckable and item.checkState() is Qt.CheckState.Checked
        ]

    def request(self) -> tuple[str, dict[str, Any]] | str:
        if not self.title.text().strip():
            return "incident_dialog.title_missing"
        return "incident.open", {
            "title": self.title.text().strip(),
            "type": self.type.currentData(),
            "level": self.level.currentData(),
            "place": self.place.text().strip(),
            "assignee": self.assignee.text().strip(),
            "alarms": self._chosen(self.alarms),
            "cameras": self._chosen(self.cameras),
        }


class ChangeDialog(ActDialog):
    """Title, type, level and place of an open incident; only what differs is sent."""

    def __init__(
        self, bridge: Bridge, words: Words, incident: Incident, parent: QWidget | None = None
    ) -> None:
        number = figures.plain(incident.number, 60)
        title = words.text("incident_dialog.change_title", number=number)
        super().__init__(bridge, words, parent, title, "change")
        self._incident = incident
        self.title = self.line("title", incident.title)
        self.type = self.choice("type", TYPES, incident.type)
        self.level = self.level_choice(incident.level)
        self.place = self.line("place", incident.place)

    def request(self) -> tuple[str, dict[str, Any]] | str:
        now = {
            "title": self.title.text().strip(),
            "type": self.type.currentData(),
            "level": self.level.currentData(),
            "place": self.place.text().strip(),
        }
        if not now["title"]:
            return "incident_dialog.title_missing"
        fields = {name: value for name, value in now.items() if value != getattr(self._incident, name)}
        if not fields:
            return "incident_dialog.unchanged"
        return "incident.change", {"incident": self._incident.id, "fields": fields}


class AssignDialog(ActDialog):
    """Who has the incident."""

    def __init__(
        self, bridge: Bridge, words: Words, incident: Incident, parent: QWidget | None = None
    ) -> None:
        number = figures.plain(incident.number, 60)
        title = words.text("incident_dialog.assign_title", number=number)
        super().__init__(bridge, words, parent, title, "assign")
        self._incident = incident
        self.assignee = self.line("assignee", incident.assignee)
        self.assignee.setPlaceholderText(words.text("incident_dialog.assign_hint"))
        self.assignee.selectAll()

    def request(self) -> tuple[str, dict[str, Any]] | str:
        assignee = self.assignee.text().strip()
        if assignee == self._incident.assignee:
            return "incident_dialog.unchanged"
        return "incident.assign", {"incident": self._incident.id, "assignee": assignee}


class CloseDialog(ActDialog):
    """The result of an incident, and what closing it means."""

    def __init__(
        self, bridge: Bridge, words: Words, incident: Incident, parent: QWidget | None = None
    ) -> None:
        number = figures.plain(incident.number, 60)
        title = words.text("incident_dialog.close_title", number=number)
        super().__init__(bridge, words, parent, title, "close")
        self._incident = incident
        self.outcome = self.choice("result", RESULTS, RESULTS[0])
        self.text = QPlainTextEdit()
        self.text.setPlaceholderText(words.text("incident_dialog.close_hint"))
        self.text.setFixedHeight(96)
        self.text.setTabChangesFocus(True)
        self.row("result_text", self.text)
        self.outcome.currentIndexChanged.connect(self._name_consequence)
        self._name_consequence()

    @Slot()
    def _name_consequence(self) -> None:
        lines = [
            self._words.text(
                "incident_dialog.close_consequence",
                result=self.outcome.currentText(),
                files=len(self._incident.attachments),
            )
        ]
        if self._incident.alarms:
            lines.append(self._words.text("incident_dialog.close_alarms", n=len(self._incident.alarms)))
        self.consequence.setText("\n".join(lines))
        self._make_room()

    def request(self) -> tuple[str, dict[str, Any]] | str:
        text = self.text.toPlainText().strip()
        result = self.outcome.currentData()
        return "incident.close", {"incident": self._incident.id, "result": result, "text": text}


class ReopenDialog(ActDialog):
    """Why a closed incident is taken up again."""

    def __init__(
        self, bridge: Bridge, words: Words, incident: Incident, parent: QWidget | None = None
    ) -> None:
        number = figures.plain(incident.number, 60)
        title = words.text("incident_dialog.reopen_title", number=number)
        super().__init__(bridge, words, parent, title, "reopen")
        self._incident = incident
        self.text = QLineEdit()
        self.form.addRow(words.text("incident_dialog.reopen_hint"), self.text)
        self.consequence.setText(words.text("incident_dialog.reopen_consequence"))

    def request(self) -> tuple[str, dict[str, Any]] | str:
        return "incident.reopen", {"incident": self._incident.id, "text": self.text.text().strip()}


DIALOGS: dict[str, Callable[[Bridge, Words, Incident, QWidget | None], ActDialog]] = {
    "change": ChangeDialog,
    "assign": AssignDialog,
    "close": CloseDialog,
    "reopen": ReopenDialog,
}
