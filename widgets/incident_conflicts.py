"""The fields on which consoles that were apart disagree, with every value to choose from."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from db.records import Incident
from widgets import figures
from widgets.incident_model import field_text, word
from widgets.words import Words


class Conflicts(QFrame):
    """One line per field in conflict; hidden while there is none.

    Signals:
        chosen: the field and the value that a person decided for.
    """

    chosen = Signal(str, object)

    def __init__(self, words: Words, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._words = words
        self.setObjectName("panel")
        self._lines = QVBoxLayout(self)
        self.hide()

    def show_incident(self, incident: Incident) -> None:
        """Show what is in conflict in this incident."""
        while (item := self._lines.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.deleteLater()
        for name, values in incident.conflicts.items():
            self._lines.addWidget(self._line(name, values))
        self.setVisible(bool(incident.conflicts))

    def _line(self, name: str, values: tuple[Any, ...]) -> QWidget:
        line, label = QWidget(), QLabel()
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setWordWrap(True)
        row = QHBoxLayout(line)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(label, 1)
        if name == "state":  # decided by closing or reopening, not by a value
            label.setText(self._words.text("incident.conflict_state"))
            return line
        label.setText(self._words.text("incident.conflict", field=word(self._words, "field", name)))
        for value in values:
            text = figures.plain(field_text(self._words, name, value), 60)
            button = QPushButton(text.replace("&", "&&"))
            button.clicked.connect(lambda _checked=False, value=value: self.chosen.emit(name, value))
            row.addWidget(button)
        return line
