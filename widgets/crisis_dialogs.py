"""The questions before a crisis warning is declared or ended."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Slot
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QLineEdit,
    QRadioButton,
    QWidget,
)

from db.asset_records import Crisis
from widgets.act_dialog import LONGEST, ActDialog
from widgets.bridge import Bridge
from widgets.crisis_banner import COLOURS, title
from widgets.words import Words

KINDS = (
    "heavy_rain", "flood", "typhoon", "heavy_snow", "wind", "fine_dust", "heat", "cold", "landslide",
    "earthquake", "fire", "crowd", "power", "infection", "civil_defence",
)  # fmt: skip
_HOURS = 6


class DeclareCrisis(ActDialog):
    """Of what, at which level, until when, and whether it is an exercise."""

    def __init__(self, bridge: Bridge, words: Words, parent: QWidget | None) -> None:
        super().__init__(bridge, words, parent, words.text("crisis.declare_title"), "declare_crisis")
        self.kind = QComboBox()
        self.kind.setEditable(True)
        for kind in KINDS:
            self.kind.addItem(words.text(f"crisis_kind.{kind}"), kind)
        line = self.kind.lineEdit()
        if line is not None:
            line.setMaxLength(60)
        self.levels = QButtonGroup(self)
        row = QHBoxLayout()
        for level in (1, 2, 3, 4):
            button = QRadioButton(words.text(f"crisis.level_{level}"))
            button.setStyleSheet(f"color: {COLOURS[level]}; font-weight: bold;")
            self.levels.addButton(button, level)
            row.addWidget(button)
        row.addStretch(1)
        self.levels.button(1).setChecked(True)
        self.text = QLineEdit()
        self.text.setMaxLength(LONGEST)
        self.text.setPlaceholderText(words.text("crisis.text_hint"))
        self.has_end = QCheckBox(words.text("crisis.ends_at"))
        self.has_end.setChecked(True)
        self.end = self.end_edit(_HOURS * 60)
        until = QHBoxLayout()
        until.addWidget(self.has_end)
        until.addWidget(self.end, 1)
        self.exercise = QCheckBox(words.text("crisis.is_exercise"))
        for field, widget in (("kind", self.kind), ("level", row), ("text", self.text), ("until", until)):
            self.form.addRow(words.text(f"crisis_field.{field}"), widget)
        self.form.addRow("", self.exercise)
        self.has_end.toggled.connect(self.end.setEnabled)
        for signal in (self.levels.idToggled, self.kind.editTextChanged, self.exercise.toggled):
            signal.connect(self._say_what_follows)
        self._say_what_follows()

    def _kind(self) -> str:
        """The known kind whose word is written, else what is written."""
        written = self.kind.currentText().strip()
        place = self.kind.findText(written)
        return str(self.kind.itemData(place)) if place >= 0 else written

    @Slot()
    def _say_what_follows(self) -> None:
        level = self.levels.checkedId()
        crisis = Crisis(level, self._kind(), 0, exercise=self.exercise.isChecked())  # type: ignore[arg-type]
        self.consequence.setText(self._words.text("crisis.declare_does", name=title(self._words, crisis)))

    def request(self) -> tuple[str, dict[str, Any]] | str:
        """The command, or what is missing."""
        if not self._kind():
            return "crisis.needs_kind"
        until_ms = self.end_ms(self.end) if self.has_end.isChecked() else None
        if until_ms is not None and until_ms <= self._bridge.now_ms():
            return "crisis.needs_end"
        return "crisis.declare", {
            "kind": self._kind(),
            "level": self.levels.checkedId(),
            "text": self.text.text().strip(),
            "until_ms": until_ms,
            "exercise": self.exercise.isChecked(),
        }


class EndCrisis(ActDialog):
    """Why a warning is lifted."""

    def __init__(self, bridge: Bridge, words: Words, parent: QWidget | None, crisis: Crisis) -> None:
        super().__init__(bridge, words, parent, words.text("crisis.end_title"), "end_crisis")
        self._crisis = crisis
        self.note = QLineEdit()
        self.note.setMaxLength(LONGEST)
        self.form.addRow(words.text("crisis_field.note"), self.note)
        self.consequence.setText(words.text("crisis.end_does", name=title(words, crisis)))

    def request(self) -> tuple[str, dict[str, Any]] | str:
        """The command, or that the reason is missing."""
        note = self.note.text().strip()
        if not note:
            return "crisis.needs_note"
        return "crisis.end", {"kind": self._crisis.kind, "note": note, "exercise": self._crisis.exercise}
