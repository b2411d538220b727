"""A form before an act: what it asks, what the act will do, and what came of it.

It stays until the core has committed. When the core says no, the reason
stands in the dialog and everything that was written stays in its fields.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from PySide6.QtCore import QDateTime, Qt, Signal, Slot
from PySide6.QtGui import QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import (
    QComboBox,
    QDateTimeEdit,
    QDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from widgets import figures, theme
from widgets.bridge import Bridge
from widgets.incident_model import LEVELS, word
from widgets.words import Words

LONGEST = 200


class ActDialog(QDialog):
    """A form, what it will do, and what came of it.

    Signals:
        recorded: the core's answer, after its commit.
    """

    recorded = Signal(object)

    def __init__(self, bridge: Bridge, words: Words, parent: QWidget | None, title: str, act: str) -> None:
        super().__init__(parent)
        self._bridge, self._words = bridge, words
        self.setWindowTitle(title)
        self.setMinimumWidth(460)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.form = QFormLayout()
        self.form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        self.consequence, self.message = self._plain(), self._plain()
        self.consequence.setObjectName("dim")
        self.act = QPushButton(words.text(f"incident_dialog.do_{act}"))
        self.act.clicked.connect(self.submit)
        cancel = QPushButton(words.text("incident_dialog.cancel"))
        cancel.setAutoDefault(False)
        cancel.clicked.connect(self.reject)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(cancel)
        buttons.addWidget(self.act)
        layout = QVBoxLayout(self)
        layout.addLayout(self.form)
        layout.addWidget(self.consequence)
        layout.addWidget(self.message)
        layout.addLayout(buttons)
        for keys in ("Ctrl+Return", "Ctrl+Enter"):
            QShortcut(QKeySequence(keys), self).activated.connect(self.submit)

    @staticmethod
    def _plain() -> QLabel:
        label = QLabel()
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setWordWrap(True)
        return label

    def request(self) -> tuple[str, dict[str, Any]] | str:
        """The command and its arguments, or the key of what is still missing."""
        raise NotImplementedError

    @Slot()
    def submit(self) -> None:
        """Let the core act; the dialog closes when it has."""
        request = self.request()
        if isinstance(request, str):
            self.say(self._words.text(request), theme.PRIORITY[3])
            return
        if not self.act.isEnabled():
            return
        self.act.setEnabled(False)
        key = "working" if self._bridge.is_linked else "waiting_link"
        self.say(self._words.text(f"incident_dialog.{key}"), theme.DIM)
        self._bridge.command(*request, self._on_answer)

    def _on_answer(self, value: Any, error: str) -> None:
        self.act.setEnabled(True)
        if error:
            self.say(
                self._words.text("incident_dialog.failed", error=figures.plain(error)), theme.PRIORITY[2]
            )
            return
        self.recorded.emit(value)
        self.accept()

    def say(self, text: str, colour: str) -> None:
        """Show one line above the buttons."""
        self.message.setStyleSheet(f"color: {colour}")
        self.message.setText(text)
        self._make_room()

    def _make_room(self) -> None:
        """Grow, so that no line is cut."""
        layout = self.layout()
        if layout is not None:
            layout.activate()
            height = layout.totalHeightForWidth(self.width()) if layout.hasHeightForWidth() else 0
            self.resize(self.width(), max(self.height(), height))

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._make_room()

    def row(self, field: str, widget: QWidget) -> None:
        """Add a field with its name."""
        self.form.addRow(self._words.text(f"incident_field.{field}"), widget)

    def line(self, field: str, text: str = "") -> QLineEdit:
        """Add a one-line field."""
        edit = QLineEdit(text)
        edit.setMaxLength(LONGEST)
        self.row(field, edit)
        return edit

    def choice(self, field: str, names: Iterable[Any], chosen: Any) -> QComboBox:
        """Add a choice of words; `chosen` is offered even if it is not among them."""
        box = QComboBox()
        offered = list(names)
        for name in offered if chosen in (*offered, "") else [*offered, chosen]:
            box.addItem(word(self._words, field, str(name)), name)
        box.setCurrentIndex(max(0, box.findData(chosen)))
        self.row(field, box)
        return box

    def level_choice(self, chosen: int) -> QComboBox:
        """Add the four levels with their shapes."""
        box = self.choice("level", LEVELS, chosen)
        for row, level in enumerate(LEVELS):
            box.setItemIcon(row, theme.priority_icon(level, 16))
        return box

    def end_edit(self, minutes: int) -> QDateTimeEdit:
        """A time in the site's zone, `minutes` from now at first."""
        edit = QDateTimeEdit()
        edit.setDisplayFormat("yyyy-MM-dd HH:mm")
        edit.setCalendarPopup(True)
        self.set_end(edit, minutes)
        return edit

    def set_end(self, edit: QDateTimeEdit, minutes: int) -> None:
        """Put the end `minutes` from now."""
        at_ms = self._bridge.now_ms() + minutes * 60_000
        edit.setDateTime(QDateTime.fromString(self._words.when(at_ms)[:16], "yyyy-MM-dd HH:mm"))

    def end_ms(self, edit: QDateTimeEdit) -> int:
        """The time of the edit, in milliseconds since 1970 UTC."""
        written = edit.dateTime().toString("yyyy-MM-dd HH:mm")
        moment = datetime.strptime(written, "%Y-%m-%d %H:%M").replace(tzinfo=self._words.zone)
        return round(moment.timestamp() * 1000)
