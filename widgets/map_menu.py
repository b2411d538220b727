"""Which layers the map shows: one button that names them, and its menu."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QToolButton

from widgets import figures
from widgets.map_ground import Ground
from widgets.map_view import MapView
from widgets.words import Words


class LayerMenu(QToolButton):
    """Switches layers on and off.

    Signals:
        changed: another choice of layers.
    """

    changed = Signal()

    def __init__(self, view: MapView, ground: Ground, words: Words) -> None:
        super().__init__()
        self._view, self._ground, self._words = view, ground, words
        self._menu = QMenu(self)
        self.setMenu(self._menu)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.cameras = self._checkable(True)
        self.abnormal = self._checkable(False)
        self._maps: list[QAction] = []
        self.translate()

    def _checkable(self, checked: bool) -> QAction:
        action = QAction(self)
        action.setCheckable(True)
        action.setChecked(checked)
        action.toggled.connect(self._on_choice)
        return action

    @Slot()
    def translate(self) -> None:
        """Write the menu anew."""
        self.cameras.setText(self._words.text("map.cameras"))
        self.abnormal.setText(self._words.text("map.only_abnormal"))
        self.show_maps()

    def show_maps(self) -> None:
        """The installed maps are other ones."""
        self._menu.clear()
        self._menu.addAction(self.cameras)
        self._menu.addAction(self.abnormal)
        self._maps = []
        base = [sheet for sheet in self._ground.sheets if not sheet.facility]
        if base:
            self._menu.addSeparator()
        for sheet in base:
            action = self._checkable(sheet.id not in self._ground.hidden)
            action.setData(sheet.id)
            fault = self._ground.fault(sheet)
            name = figures.plain(self._words.pick(sheet.name, sheet.name_en) or sheet.file, 60)
            action.setText((f"{name} — {figures.plain(fault, 100)}" if fault else name).replace("&", "&&"))
            self._menu.addAction(action)
            self._maps.append(action)
        self._write()

    @Slot()
    def _on_choice(self) -> None:
        self._view.shows_cameras = self.cameras.isChecked()
        self._view.only_abnormal = self.abnormal.isChecked()
        hidden = {str(action.data()) for action in self._maps if not action.isChecked()}
        if hidden != self._ground.hidden:
            self._ground.hidden = hidden
            self._ground.forget_blocks()
        self._view.update()
        self._write()
        self.changed.emit()

    def _write(self) -> None:
        shown = [action.text() for action in (self.abnormal, self.cameras) if action.isChecked()]
        self.setText(self._words.text("map.layers", layers=" · ".join(shown) or "—"))
