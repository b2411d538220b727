"""Which layers the map shows: one button that names them, and its menu."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QToolButton

from widgets import figures
from widgets.bridge import Bridge
from widgets.map_ground import Ground
from widgets.map_heat import HeatLayer
from widgets.map_view import MapView
from widgets.words import Words


class LayerMenu(QToolButton):
    """Switches layers on and off.

    Signals:
        changed: another choice of layers.
        plan_wanted: the id of the map of the plan to open.
    """

    changed = Signal()
    plan_wanted = Signal(str)

    def __init__(self, view: MapView, ground: Ground, heat: HeatLayer, bridge: Bridge, words: Words) -> None:
        super().__init__()
        self._view, self._ground, self._heat = view, ground, heat
        self._bridge, self._words = bridge, words
        self._menu = QMenu(self)
        self._menu.aboutToShow.connect(self._ask_quantities)
        self._quantities: list[tuple[str, str, int]] = []
        self._heat_menu = QMenu(self)
        self._plan_menu = QMenu(self)
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
        self._menu.addMenu(self._heat_menu)
        self._show_quantities()
        self._show_plans()
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

    # --- shades of a quantity --------------------------------------------------

    @Slot()
    def _ask_quantities(self) -> None:
        self._bridge.query("map.quantities", {}, self._take_quantities)

    def _take_quantities(self, value: Any, error: str) -> None:
        if not error and value:
            found = [(str(name), str(unit), int(count)) for name, unit, count in value]
            if found != self._quantities:
                self._quantities = found
                self._show_quantities()

    def _show_quantities(self) -> None:
        self._heat_menu.clear()
        self._heat_menu.setTitle(self._words.text("map.heat"))
        none = self._heat_menu.addAction(self._words.text("map.heat_off"))
        none.setData("")
        none.triggered.connect(self._choose_quantity)
        for quantity, unit, count in self._quantities[:40]:
            name = f"{self._words.quantity(quantity)} {self._words.unit(unit)}".strip()
            action = self._heat_menu.addAction(f"{figures.plain(name, 60)} ({count:,})".replace("&", "&&"))
            action.setData(quantity)
            action.setCheckable(True)
            action.setChecked(quantity == self._heat.quantity)
            action.triggered.connect(self._choose_quantity)

    @Slot()
    def _choose_quantity(self) -> None:
        action = self.sender()
        if isinstance(action, QAction):
            self._heat.choose(str(action.data()))
            self._show_quantities()
            self._write()

    # --- plans -----------------------------------------------------------------

    def _show_plans(self) -> None:
        self._plan_menu.clear()
        self._plan_menu.setTitle(self._words.text("map.plans"))
        plans = [sheet for sheet in self._ground.sheets if sheet.facility]
        if plans:
            self._menu.addMenu(self._plan_menu)
        for sheet in plans:
            fault = self._ground.fault(sheet)
            name = self._words.pick(sheet.name, sheet.name_en) or sheet.file
            action = self._plan_menu.addAction(figures.plain(f"{name} {sheet.floor} {fault}", 100))
            action.setData(sheet.id)
            action.setEnabled(not sheet.error)
            action.triggered.connect(self._want_plan)

    @Slot()
    def _want_plan(self) -> None:
        action = self.sender()
        if isinstance(action, QAction):
            self.plan_wanted.emit(str(action.data()))

    def _write(self) -> None:
        shown = [action.text() for action in (self.abnormal, self.cameras) if action.isChecked()]
        if self._heat.quantity:
            shown.append(self._words.quantity(self._heat.quantity))
        self.setText(self._words.text("map.layers", layers=" · ".join(shown) or "—"))
