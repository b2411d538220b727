"""The last time this alarm stood, and everything that was done with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QDialog, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from db.alarm_records import Alarm
from widgets import figures
from widgets.bridge import Bridge
from widgets.labels import plain_label
from widgets.table import Column, RecordTable
from widgets.table_view import table_view
from widgets.words import Words

_MOST = 200
_TOLD = ("note", "reason", "text", "assignee", "order")
"""What of an entry's payload says why, the first that is there."""


class Line:
    """One entry of the log about the alarm."""

    def __init__(self, number: int, entry: dict[str, Any]) -> None:
        self.number = number
        self.at_ms = int(entry.get("at_ms", 0))
        self.actor = str(entry.get("actor", ""))
        self.type = str(entry.get("type", "")).removeprefix("alarm.")
        payload = entry.get("payload")
        self.payload: dict[str, Any] = payload if isinstance(payload, dict) else {}

    @property
    def key(self) -> tuple[str, str]:
        """Its place in the table."""
        return ("line", str(self.number))

    @property
    def why(self) -> str:
        """What was said with it."""
        return next((str(self.payload[name]) for name in _TOLD if self.payload.get(name)), "")


class AlarmHistory(QDialog):
    """Read once when it opens; `name` is how the operator knows the alarm."""

    def __init__(
        self,
        bridge: Bridge,
        words: Words,
        alarm: Alarm,
        name: str,
        number_of: Callable[[str], str],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._words, self._number_of = words, number_of
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(words.text("alarm_history.title", name=figures.plain(name, 80)))
        self.resize(820, 420)
        self.last, self.message = plain_label(), plain_label()
        self.message.setObjectName("dim")
        columns = (
            Column("alarm_history.column.at", lambda line: words.when(line.at_ms), lambda line: -line.number),
            Column("alarm_history.column.what", self._what),
            Column("alarm_history.column.who", lambda line: figures.plain(line.actor, 60)),
            Column(
                "alarm_history.column.why",
                lambda line: figures.plain(line.why, 300),
                tip=lambda line: figures.plain(line.why, 2000),
            ),
        )
        self.model = RecordTable(columns, words, parent=self)
        self.table = table_view(self.model, {0: 160, 1: 130, 2: 120}, stretch=3)
        self.close_button = QPushButton(words.text("alarm_history.close"))
        self.close_button.clicked.connect(self.accept)
        buttons = QHBoxLayout()
        buttons.addWidget(self.message, 1)
        buttons.addWidget(self.close_button)
        layout = QVBoxLayout(self)
        layout.addWidget(self.last)
        layout.addWidget(self.table, 1)
        layout.addLayout(buttons)
        bridge.query("alarm.last_similar", {"alarm": alarm.id}, self._take_last)
        bridge.query("alarm.history", {"alarm": alarm.id, "limit": _MOST}, self._take_history)

    def _what(self, line: Line) -> str:
        key = f"alarm_history.type.{line.type}"
        return self._words.text(key) if self._words.has(key) else figures.plain(line.type, 60)

    def _take_last(self, value: Any, error: str) -> None:
        words = self._words
        if error:
            self._fail(error)
        elif not isinstance(value, dict):
            self.last.setText(words.text("alarm_history.never"))
        else:
            who = figures.plain(str(value.get("acknowledged_by") or ""), 60)
            when, minutes = words.when(int(value["raised_ms"])), value.get("minutes")
            said = [
                words.text(
                    "alarm_history.last",
                    when=when,
                    minutes="—" if minutes is None else f"{float(minutes):.0f}",
                    who=who or words.text("alarm_history.nobody"),
                )
            ]
            for told in (value.get("note"), value.get("comment")):
                if told:
                    said.append(words.text("alarm_history.note", note=figures.plain(str(told), 300)))
            if value.get("incident"):
                number = self._number_of(str(value["incident"]))
                said.append(words.text("alarm_history.incident", number=figures.plain(number, 60)))
            self.last.setText("\n".join(said))

    def _take_history(self, value: Any, error: str) -> None:
        if error:
            self._fail(error)
        else:
            self.model.replace([Line(number, entry) for number, entry in enumerate(value)])

    @Slot(str)
    def _fail(self, error: str) -> None:
        self.message.setText(self._words.text("alarm_history.failed", error=figures.plain(error)))
