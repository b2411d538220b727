"""The fields of a rule's form: one small editor per kind of value, each with a claim what it holds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QWidget,
)

from widgets import theme
from widgets.words import Words

LONGEST = 200
_SECONDS = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86_400.0}


class Unreadable(Exception):
    """What stands in a field is no value of its kind."""


class Field(QObject):
    """One value of a rule in a widget.

    Signals:
        changed: a person changed it.
    """

    changed = Signal()

    def __init__(self, key: str, widget: QWidget) -> None:
        super().__init__(widget)
        self.key, self.widget = key, widget

    def value(self) -> Any:
        """What it holds; raises Unreadable."""
        raise NotImplementedError

    def show_value(self, value: Any) -> None:
        """Hold this value."""
        raise NotImplementedError

    def mark(self, *, is_wrong: bool) -> None:
        """Show that it must be corrected, or that it need not."""
        self.widget.setStyleSheet(f"border: 1px solid {theme.PRIORITY[2]}" if is_wrong else "")


class TextField(Field):
    """A line of text."""

    def __init__(self, key: str, hint: str = "") -> None:
        self._edit = QLineEdit()
        self._edit.setMaxLength(LONGEST)
        self._edit.setPlaceholderText(hint)
        super().__init__(key, self._edit)
        self._edit.textEdited.connect(self._tell)

    @Slot()
    def _tell(self) -> None:
        self.changed.emit()

    def value(self) -> str:
        return self._edit.text().strip()

    def show_value(self, value: Any) -> None:
        self._edit.setText(str(value))


class ListField(TextField):
    """Words, or numbers, with commas between them."""

    def __init__(self, key: str, *, of_numbers: bool = False) -> None:
        super().__init__(key)
        self._of_numbers = of_numbers

    def value(self) -> Any:
        found = [each.strip() for each in self._edit.text().split(",") if each.strip()]
        return [_number(each) for each in found] if self._of_numbers else found

    def show_value(self, value: Any) -> None:
        self._edit.setText(", ".join(f"{each:g}" if self._of_numbers else str(each) for each in value))


class NumberField(Field):
    """A number with its unit; empty is `nothing`."""

    def __init__(self, key: str, *, nothing: float | None = None, is_whole: bool = False) -> None:
        self._edit, self.unit = QLineEdit(), QLabel()
        self._edit.setMaxLength(24)
        self._edit.setMaximumWidth(140)
        self._nothing, self._is_whole = nothing, is_whole
        super().__init__(key, _row(self._edit, self.unit))
        self._edit.textEdited.connect(self._tell)

    @Slot()
    def _tell(self) -> None:
        self.changed.emit()

    def value(self) -> float | int | None:
        text = self._edit.text().strip().replace(",", "")
        if not text:
            return self._nothing
        found = _number(text)
        if self._is_whole and found != int(found):
            raise Unreadable(text)
        return int(found) if self._is_whole else found

    def show_value(self, value: Any) -> None:
        self._edit.setText("" if value is None or value == self._nothing else f"{value:.12g}")

    def mark(self, *, is_wrong: bool) -> None:
        self._edit.setStyleSheet(f"border: 1px solid {theme.PRIORITY[2]}" if is_wrong else "")


class SpanField(Field):
    """A length of time in the unit that fits it; its value is in seconds, or in hours."""

    def __init__(self, key: str, words: Words, *, in_hours: bool = False) -> None:
        self._edit, self._units = QLineEdit(), QComboBox()
        self._edit.setMaxLength(12)
        self._edit.setMaximumWidth(90)
        for unit in _SECONDS:
            self._units.addItem(words.text(f"rules.unit.{unit}"), unit)
        self._whole = 3600.0 if in_hours else 1.0
        super().__init__(key, _row(self._edit, self._units))
        self._edit.textEdited.connect(self._tell)
        self._units.activated.connect(self._tell)

    @Slot()
    def _tell(self) -> None:
        self.changed.emit()

    def value(self) -> float:
        text = self._edit.text().strip()
        seconds = _number(text) * _SECONDS[self._units.currentData()] if text else 0.0
        return seconds / self._whole

    def show_value(self, value: Any) -> None:
        seconds = float(value or 0) * self._whole
        fits = [unit for unit, size in _SECONDS.items() if seconds and seconds % size == 0]
        unit = fits[-1] if fits else "min" if not seconds else "s"
        self._units.setCurrentIndex(self._units.findData(unit))
        self._edit.setText(f"{seconds / _SECONDS[unit]:.12g}" if seconds else "")

    def mark(self, *, is_wrong: bool) -> None:
        self._edit.setStyleSheet(f"border: 1px solid {theme.PRIORITY[2]}" if is_wrong else "")


class TruthField(Field):
    """Yes or no, with its own words."""

    def __init__(self, key: str, text: str) -> None:
        self._box = QCheckBox(text)
        super().__init__(key, self._box)
        self._box.clicked.connect(self._tell)

    @Slot()
    def _tell(self) -> None:
        self.changed.emit()

    def value(self) -> bool:
        return self._box.isChecked()

    def show_value(self, value: Any) -> None:
        self._box.setChecked(bool(value))


class ChoiceField(Field):
    """One of a few, by (value, words)."""

    def __init__(self, key: str, choices: Sequence[tuple[Any, str]]) -> None:
        self._box = QComboBox()
        for value, text in choices:
            self._box.addItem(text, value)
        super().__init__(key, self._box)
        self._box.activated.connect(self._tell)

    @Slot()
    def _tell(self) -> None:
        self.changed.emit()

    def value(self) -> Any:
        return self._box.currentData()

    def show_value(self, value: Any) -> None:
        self._box.setCurrentIndex(max(0, self._box.findData(value)))


class NameField(Field):
    """A name out of many, shown by its words; another one, or a pattern, can be written."""

    def __init__(self, key: str, choices: Sequence[tuple[str, str]]) -> None:
        self._box = QComboBox()
        self._box.setEditable(True)
        self._box.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self._box.setMaxVisibleItems(20)
        self._texts = dict(choices)
        for value, text in choices:
            self._box.addItem(text, value)
        super().__init__(key, self._box)
        self._box.activated.connect(self._tell)
        edit = self._box.lineEdit()
        if edit is not None:
            edit.setMaxLength(LONGEST)
            edit.textEdited.connect(self._tell)

    @Slot()
    def _tell(self) -> None:
        self.changed.emit()

    def value(self) -> str:
        text = self._box.currentText().strip()
        return next((value for value, shown in self._texts.items() if shown == text), text)

    def show_value(self, value: Any) -> None:
        self._box.setEditText(self._texts.get(value, str(value)))


class LongField(Field):
    """Some lines of text."""

    def __init__(self, key: str) -> None:
        self._edit = QPlainTextEdit()
        self._edit.setTabChangesFocus(True)
        self._edit.setFixedHeight(70)
        super().__init__(key, self._edit)
        self._edit.textChanged.connect(self._tell)
        self._is_showing = False

    @Slot()
    def _tell(self) -> None:
        if not self._is_showing:
            self.changed.emit()

    def value(self) -> str:
        return self._edit.toPlainText().strip()

    def show_value(self, value: Any) -> None:
        self._is_showing = True
        self._edit.setPlainText(str(value))
        self._is_showing = False


def _row(*widgets: QWidget) -> QWidget:
    whole = QWidget()
    layout = QHBoxLayout(whole)
    layout.setContentsMargins(0, 0, 0, 0)
    for widget in widgets:
        layout.addWidget(widget)
    layout.addStretch(1)
    return whole


def _number(text: str) -> float:
    try:
        found = float(text.replace(",", ""))
    except ValueError as error:
        raise Unreadable(text) from error
    if not math.isfinite(found):
        raise Unreadable(text)
    return found
