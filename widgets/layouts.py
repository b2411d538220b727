"""Docks that can be moved, floated to another screen, named and restored. Only here is QtAds known."""

from __future__ import annotations

import base64
import binascii
import json
from pathlib import Path

import PySide6QtAds as Ads
from PySide6.QtCore import QByteArray, QObject, Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QWidget

from widgets import theme

BOARD, CREW = "board", "crew"
PRESETS = (BOARD, CREW)
_VERSION = 1


def _stylesheet() -> str:
    return f"""
ads--CDockContainerWidget, ads--CDockAreaWidget {{ background: {theme.GROUND}; }}
ads--CDockAreaTitleBar {{ background: {theme.BAR}; padding: 0; }}
ads--CDockWidget {{ background: {theme.GROUND}; border: 1px solid {theme.LINE}; }}
ads--CDockWidgetTab {{ background: {theme.BAR}; border: 0; padding: 3px 8px; }}
ads--CDockWidgetTab[activeTab="true"] {{ background: {theme.PANEL};
  border-bottom: 2px solid {theme.DIM}; }}
ads--CDockWidgetTab QLabel {{ color: {theme.DIM}; font-weight: bold; }}
ads--CDockWidgetTab[activeTab="true"] QLabel {{ color: {theme.BRIGHT}; }}
ads--CDockSplitter::handle {{ background: {theme.GROUND}; }}
ads--CTitleBarButton {{ padding: 1px; border: 0; background: transparent; }}
"""


class Docks(QObject):
    """The panels of one window as docks, by their keys.

    Signals:
        named: the list of saved layouts has changed.
        arranged: a preset was laid out, by its name.
        shown: a panel came to the front, by its key.
    """

    named = Signal()
    arranged = Signal(str)
    shown = Signal(str)

    def __init__(self, parent: QWidget, file: Path) -> None:
        super().__init__(parent)
        flag = Ads.CDockManager.eConfigFlag
        for each in (flag.AlwaysShowTabs, flag.OpaqueSplitterResize, flag.FocusHighlighting):
            Ads.CDockManager.setConfigFlag(each, True)
        for each in (flag.DockAreaHasCloseButton, flag.AllTabsHaveCloseButton, flag.ActiveTabHasCloseButton):
            Ads.CDockManager.setConfigFlag(each, False)
        self.area = Ads.CDockManager(parent)
        self.area.setStyleSheet(_stylesheet())
        self._docks: dict[str, Ads.CDockWidget] = {}
        self._file = file
        self._named: dict[str, str] = {}
        self._last = ""
        self._before: dict[str, list[int]] = {}  # how high panels were before they were fitted
        self._read()

    @property
    def widget(self) -> QWidget:
        """What to put into the window."""
        widget: QWidget = self.area
        return widget

    def add(self, key: str, panel: QWidget) -> None:
        """Make a dock of a panel; a preset or a saved layout places it."""
        dock = Ads.CDockWidget(self.area, key)
        dock.setObjectName(key)
        dock.setWidget(panel, Ads.CDockWidget.eInsertMode.ForceNoScrollArea)
        dock.visibilityChanged.connect(lambda is_seen: self.shown.emit(key) if is_seen else None)
        self._docks[key] = dock

    def keys(self) -> list[str]:
        """The panels, in the order they were added."""
        return list(self._docks)

    def panel(self, key: str) -> QWidget:
        """The panel itself."""
        widget: QWidget = self._docks[key].widget()
        return widget

    def entitle(self, key: str, title: str) -> None:
        """Name a dock in the operator's language."""
        self._docks[key].setWindowTitle(title)

    def toggle_action(self, key: str) -> QAction:
        """The action that shows or hides the panel."""
        action: QAction = self._docks[key].toggleViewAction()
        return action

    def raise_panel(self, key: str) -> None:
        """Show the panel, bring it to the front and give it the keyboard."""
        dock = self._docks[key]
        if dock.isClosed():
            dock.toggleView(True)
        dock.setAsCurrentTab()
        dock.raise_()
        dock.widget().setFocus(Qt.FocusReason.OtherFocusReason)

    # --- presets

    def arrange(self, preset: str) -> None:
        """Lay the panels out for a board of 1920x1080 or a crew laptop of 1366x768."""
        for dock in self._docks.values():
            if dock.isClosed():
                dock.toggleView(True)
        if preset == CREW:
            self._arrange_crew()
        else:
            self._arrange_board()
        self.arranged.emit(preset)

    def _arrange_board(self) -> None:
        centre = self.area.addDockWidget(Ads.CenterDockWidgetArea, self._docks["map"])
        for key in ("incidents", "facility", "health", "quarantine", "raw", "gaps"):
            self.area.addDockWidgetTabToArea(self._docks[key], centre)
        alarms = self.area.addDockWidget(Ads.LeftDockWidgetArea, self._docks["alarms"])
        cameras = self.area.addDockWidget(Ads.RightDockWidgetArea, self._docks["cameras"])
        below = Ads.BottomDockWidgetArea
        time = self.area.addDockWidget(below, self._docks["time"])
        domains = self.area.addDockWidget(below, self._docks["domains"], centre)
        incidents = self.area.addDockWidget(below, self._docks["open"], cameras)
        wide, high = max(self.area.width(), 900), max(self.area.height(), 500)
        side, eyes = int(wide * 0.23), int(wide * 0.30)
        self.area.setSplitterSizes(alarms, [side, wide - side - eyes, eyes])
        strip = max(110, int(high * 0.15))
        self.area.setSplitterSizes(time, [high - strip, strip])
        upper = high - strip
        self.area.setSplitterSizes(domains, [int(upper * 0.70), int(upper * 0.30)])
        self.area.setSplitterSizes(incidents, [int(upper * 0.74), int(upper * 0.26)])
        self._docks["map"].setAsCurrentTab()

    def _arrange_crew(self) -> None:
        centre = self.area.addDockWidget(Ads.CenterDockWidgetArea, self._docks["map"])
        for key in ("incidents", "facility", "health", "open", "time", "quarantine", "raw", "gaps"):
            self.area.addDockWidgetTabToArea(self._docks[key], centre)
        alarms = self.area.addDockWidget(Ads.LeftDockWidgetArea, self._docks["alarms"])
        cameras = self.area.addDockWidget(Ads.BottomDockWidgetArea, self._docks["cameras"], centre)
        domains = self.area.addDockWidget(Ads.RightDockWidgetArea, self._docks["domains"], cameras)
        wide, high = max(self.area.width(), 900), max(self.area.height(), 500)
        side = int(wide * 0.26)
        self.area.setSplitterSizes(alarms, [side, wide - side])
        self.area.setSplitterSizes(centre, [int(high * 0.58), int(high * 0.42)])
        self.area.setSplitterSizes(domains, [int((wide - side) * 0.55), int((wide - side) * 0.45)])
        self._docks["map"].setAsCurrentTab()

    def fit_height(self, key: str, pixels: int) -> None:
        """Give a panel as much height as it needs, and the rest to the one above; 0 gives back what it had.

        Only where the two stand alone in a column: another layout is as its operator wants it.
        """
        area = self._docks[key].dockAreaWidget()
        sizes = self.area.splitterSizes(area) if area is not None else []
        if len(sizes) != 2 or self._docks[key].isFloating():
            return
        if pixels:
            bar = area.titleBar().height() if area.titleBar() is not None else 0
            self._before.setdefault(key, sizes)
            self.area.setSplitterSizes(area, [sum(sizes) - pixels - bar, pixels + bar])
        elif key in self._before:
            self.area.setSplitterSizes(area, self._before.pop(key))

    # --- named layouts

    def names(self) -> list[str]:
        """The saved layouts, by name."""
        return sorted(self._named)

    def save(self, name: str) -> None:
        """Keep the present layout under this name."""
        self._named[name] = self._state()
        self._write()
        self.named.emit()

    def forget(self, name: str) -> None:
        """Give a saved layout up."""
        if self._named.pop(name, None) is not None:
            self._write()
            self.named.emit()

    def restore(self, name: str) -> bool:
        """Bring a saved layout back; False if there is none that this version can read."""
        return self._take(self._named.get(name, ""))

    def restore_last(self) -> bool:
        """Bring back how the window was left; False at the first start."""
        return self._take(self._last)

    def keep_last(self) -> None:
        """Remember the present layout for the next start."""
        self._last = self._state()
        self._write()

    def _state(self) -> str:
        return base64.b64encode(bytes(self.area.saveState(_VERSION).data())).decode("ascii")

    def _take(self, state: str) -> bool:
        if not state:
            return False
        try:
            raw = base64.b64decode(state, validate=True)
        except binascii.Error:
            return False
        self._place_all()
        is_taken = bool(self.area.restoreState(QByteArray(raw), _VERSION))
        if is_taken:
            self._place_new()
        return is_taken

    def _place_all(self) -> None:
        """Give every panel a place: a state is restored only to those that have one."""
        for dock in self._docks.values():
            if dock.dockAreaWidget() is None:
                self.area.addDockWidget(Ads.CenterDockWidgetArea, dock)

    def _place_new(self) -> None:
        """Panels that the layout does not know yet, from before they were there, stand behind the map."""
        beside = self._docks["map"]
        area = beside.dockAreaWidget()
        for dock in self._docks.values():
            if area is not None and dock.dockAreaWidget() is None:
                front = next((each for each in area.dockWidgets() if each.isCurrentTab()), beside)
                self.area.addDockWidgetTabToArea(dock, area)
                front.setAsCurrentTab()

    def _read(self) -> None:
        try:
            kept = json.loads(self._file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return
        if isinstance(kept, dict):
            named = kept.get("named", {})
            if isinstance(named, dict):
                self._named = {str(name): str(state) for name, state in named.items()}
            self._last = str(kept.get("last", ""))

    def _write(self) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._file.with_suffix(".new")
        fresh.write_text(json.dumps({"last": self._last, "named": self._named}), encoding="utf-8")
        fresh.replace(self._file)

    def close(self) -> None:
        """Let go of floating windows with the main one."""
        self.area.deleteLater()
