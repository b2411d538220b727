"""How large the screen is drawn: chosen per seat, from the next start on.

Windows and macOS tell Qt how dense a screen is; many Linux desktops do not, and
a wall of 4K would be read with a magnifying glass.
"""

from __future__ import annotations

import os

from PySide6.QtCore import QObject, Slot
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu, QMessageBox

from widgets.preferences import Preferences
from widgets.words import Words

PER_CENT = ("100", "125", "150", "175", "200", "250")
_VARIABLE = "QT_SCALE_FACTOR"


def take_over(preferences: Preferences) -> None:
    """Scale as the seat prefers; before the QApplication is made. What the environment says goes first."""
    chosen = preferences.get("scale")
    if chosen in PER_CENT and _VARIABLE not in os.environ:
        os.environ[_VARIABLE] = str(int(chosen) / 100)


class ScaleMenu(QObject):
    """The sizes as entries of a menu; a chosen one is kept and told to hold from the next start on."""

    def __init__(self, menu: QMenu, words: Words, preferences: Preferences) -> None:
        super().__init__(menu)
        self._menu, self._words, self._preferences = menu, words, preferences
        group = QActionGroup(menu)
        present = preferences.get("scale", "100")
        for each in PER_CENT:
            action = QAction(f"{each} %", group)
            action.setCheckable(True)
            action.setChecked(each == present)
            action.setData(each)
            action.triggered.connect(self._choose)
            menu.addAction(action)

    @Slot()
    def _choose(self) -> None:
        action = self.sender()
        if isinstance(action, QAction):
            self._preferences.set("scale", str(action.data()))
            title, text = self._words.text("menu.scale"), self._words.text("menu.scale_later")
            QMessageBox.information(self._menu.parentWidget(), title, text)
