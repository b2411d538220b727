"""The window: truth bar and banners on top, the docks below, menus for all of it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtGui import QAction, QActionGroup, QCloseEvent, QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QFrame,
    QInputDialog,
    QLabel,
    QMainWindow,
    QMenu,
    QMessageBox,
    QVBoxLayout,
    QWidget,
)

from db.asset_records import Crisis
from widgets import theme
from widgets.attention import AttentionLine
from widgets.bridge import Bridge
from widgets.catch_up import CatchUpLine
from widgets.crisis_banner import CrisisBanner
from widgets.crisis_dialogs import DeclareCrisis, EndCrisis
from widgets.doctor_page import DoctorPage
from widgets.found_page import StartupReport
from widgets.help import Manual
from widgets.holds_page import HoldsPage
from widgets.import_dialog import ImportDialog
from widgets.kpi_page import KpiPage
from widgets.layouts import PRESETS, Docks
from widgets.maintenance_page import MaintenancePage
from widgets.packs_page import PacksPage
from widgets.preferences import Preferences
from widgets.rule_editor import RuleEditor
from widgets.scale import ScaleMenu
from widgets.truth_bar import TruthBar, TruthPage
from widgets.words import Words

DocksOf = Callable[[QWidget], Docks]
"""Makes the docks within a widget."""


class Banner(QLabel):
    """A line over the whole window that cannot be overlooked; empty, it takes no room."""

    def __init__(self, ground: str, letters: str, pixels: int) -> None:
        super().__init__()
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setFont(theme.font(pixels, bold=True))
        self.setStyleSheet(f"background: {ground}; color: {letters}; padding: 3px 12px;")
        self.setMinimumWidth(1)
        self.setVisible(False)

    def say(self, text: str) -> None:
        """Show this line, or none."""
        if text != self.text():
            self.setText(text)
        self.setVisible(bool(text))


class MainWindow(QMainWindow):
    """Holds the docks; the frame turns to warning when the link to the core is lost.

    Signals:
        silence_wanted: the operator wants the alarm sound to stop for now.
        incident_wanted: the operator wants to open an incident by hand.
        wall_wanted: the operator wants the picture for the far wall.
        closing: the window is about to close.
        rules_edited: an alarm rule was edited here.
    """

    silence_wanted = Signal()
    incident_wanted = Signal()
    wall_wanted = Signal()
    closing = Signal()
    rules_edited = Signal()

    def __init__(self, bridge: Bridge, words: Words, docks_of: DocksOf, preferences: Preferences) -> None:
        super().__init__()
        self._bridge, self._words, self._preferences = bridge, words, preferences
        self._manual: Manual | None = None
        self.report = StartupReport(bridge, words, self, preferences)
        self.about_text = ""
        self.district = ("", "")
        self.frame = QFrame()
        self.frame.setObjectName("frame")
        self.truth = TruthBar(bridge, words)
        self.truth.opened.connect(self.open_page)
        self.link_banner = Banner(theme.PRIORITY[1], theme.ON_COLOUR, 15)
        self.sound_banner = Banner(theme.PANEL, theme.PRIORITY[3], 13)
        self.attention = AttentionLine(words)
        self.catch_up = CatchUpLine(words)
        self.crisis = CrisisBanner(bridge, words)
        self.crisis.end_wanted.connect(self.end_crisis)
        self.docks = docks_of(self.frame)
        layout = QVBoxLayout(self.frame)
        layout.setContentsMargins(3, 0, 3, 3)
        layout.setSpacing(2)
        for widget in (
            self.truth,
            self.crisis,
            self.attention,
            self.link_banner,
            self.catch_up,
            self.sound_banner,
        ):
            layout.addWidget(widget)
        layout.addWidget(self.docks.widget, 1)
        self.setCentralWidget(self.frame)
        bridge.linked.connect(self._show_link)
        words.changed.connect(self.translate)
        self.docks.named.connect(self._build_menus)
        self._ticker = QTimer(self)
        self._ticker.setInterval(1000)
        self._ticker.timeout.connect(self._show_link)
        self._ticker.start()

    def add_line(self, line: QWidget) -> None:
        """Put a line over the docks."""
        layout = self.frame.layout()
        if isinstance(layout, QVBoxLayout):
            layout.insertWidget(layout.count() - 1, line)

    # --- words and state

    @Slot()
    def translate(self) -> None:
        """Write title, docks and menus in the present language."""
        district = self._words.pick(*self.district)
        name = self._words.text("app.title", district=district)
        self.setWindowTitle(name if district else self._words.text("app.name"))
        for key in self.docks.keys():  # noqa: SIM118  (not a dictionary)
            self.docks.entitle(key, self._words.text(f"panel.{key}"))
        self._build_menus()
        self._show_link()

    @Slot()
    def _show_link(self) -> None:
        up = self._bridge.is_linked
        if up:
            self.link_banner.say("")
        elif self._bridge.last_ms is None:
            self.link_banner.say(self._words.text("link.never"))
        else:
            self.link_banner.say(self._words.text("link.lost", time=self._words.time(self._bridge.last_ms)))
        self.link_banner.setToolTip(self._bridge.reason)
        edge = theme.GROUND if up else theme.PRIORITY[1]
        style = f"QFrame#frame {{ border: 3px solid {edge}; background: {theme.GROUND}; }}"
        if style != self.frame.styleSheet():
            self.frame.setStyleSheet(style)

    @Slot(str)
    def open_page(self, kind: str) -> None:
        """Open the page behind a field of the truth bar."""
        page = TruthPage(self.truth, kind, self._bridge, self._words)
        page.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        page.show()

    # --- menus

    @Slot()
    def _build_menus(self) -> None:
        self.menuBar().clear()
        self._view_menu(self._menu("menu.view"))
        self._layout_menu(self._menu("menu.layout"))
        alarms = self._menu("menu.alarms")
        self._act(alarms, "menu.silence", self.silence_wanted.emit, "Ctrl+M")
        new = self._act(alarms, "menu.new_incident", self.incident_wanted.emit)
        new.setText(f"{new.text()}\tCtrl+N")
        self._act(alarms, "crisis.menu", self.declare_crisis)
        self._act(alarms, "maintenance.menu", self.open_maintenance)
        self._act(alarms, "rules.menu", self.open_rules, "Ctrl+R")
        self._act(alarms, "kpi.menu", self.open_kpis, "Ctrl+K")
        self._act(alarms, "holds.menu", self.open_holds)
        self._language_menu(self._menu("menu.language"))
        helping = self._menu("menu.help")
        self._act(helping, "menu.manual", self.open_manual, "F1")
        self._act(helping, "importing.menu", self.open_import)
        self._act(helping, "doctor.title", self.open_doctor)
        self._act(helping, "packs.title", self.open_packs)
        self._act(helping, "found.title", self.report.open)
        self._act(helping, "menu.about", self.open_about)

    def _menu(self, key: str) -> QMenu:
        return self.menuBar().addMenu(self._words.text(key))

    def _act(self, menu: QMenu, key: str, act: object, shortcut: str = "") -> QAction:
        action = QAction(self._words.text(key), menu)
        if shortcut:
            action.setShortcut(QKeySequence(shortcut))
        action.triggered.connect(act)
        menu.addAction(action)
        return action

    def _view_menu(self, menu: QMenu) -> None:
        for number, key in enumerate(self.docks.keys(), 1):
            action = QAction(self._words.text(f"panel.{key}"), menu)
            if number <= 9:
                action.setShortcut(QKeySequence(f"Ctrl+{number}"))
            action.setData(key)
            action.triggered.connect(self._raise_panel)
            menu.addAction(action)
        shown = menu.addMenu("+/−")
        for key in self.docks.keys():  # noqa: SIM118
            shown.addAction(self.docks.toggle_action(key))
        menu.addSeparator()
        ScaleMenu(menu.addMenu(self._words.text("menu.scale")), self._words, self._preferences)
        self._act(menu, "wall.menu", self.wall_wanted.emit, "Ctrl+Shift+W")
        self._act(menu, "menu.full_screen", self.toggle_full_screen, "F11")
        self._act(menu, "menu.quit", self.close, "Ctrl+Q")

    @Slot()
    def _raise_panel(self) -> None:
        action = self.sender()
        if isinstance(action, QAction):
            self.docks.raise_panel(str(action.data()))

    def _layout_menu(self, menu: QMenu) -> None:
        for number, preset in enumerate(PRESETS, 1):
            action = self._act(menu, f"menu.{preset}", self._arrange, f"Ctrl+Shift+{number}")
            action.setData(preset)
        menu.addSeparator()
        for name in self.docks.names():
            action = QAction(name.replace("&", "&&"), menu)
            action.setData(name)
            action.triggered.connect(self._restore)
            menu.addAction(action)
        menu.addSeparator()
        self._act(menu, "menu.save_layout", self._save_layout, "Ctrl+Shift+S")
        if self.docks.names():
            self._act(menu, "menu.forget_layout", self._forget_layout)

    @Slot()
    def _arrange(self) -> None:
        action = self.sender()
        if isinstance(action, QAction):
            self.docks.arrange(str(action.data()))

    @Slot()
    def _restore(self) -> None:
        action = self.sender()
        if isinstance(action, QAction):
            self.docks.restore(str(action.data()))

    @Slot()
    def _save_layout(self) -> None:
        name, agreed = QInputDialog.getText(
            self, self._words.text("menu.save_layout"), self._words.text("menu.layout_name")
        )
        if agreed and name.strip():
            self.docks.save(name.strip()[:60])

    @Slot()
    def _forget_layout(self) -> None:
        name, agreed = QInputDialog.getItem(
            self,
            self._words.text("menu.forget_layout"),
            self._words.text("menu.layout_name"),
            self.docks.names(),
            0,
            False,
        )
        if agreed:
            self.docks.forget(name)

    def _language_menu(self, menu: QMenu) -> None:
        group = QActionGroup(menu)
        chosen = self._preferences.get("language", "auto")
        names = (("auto", self._words.text("menu.system_language")), ("ko", "한국어"), ("en", "English"))
        for language, name in names:
            action = QAction(name, group)
            action.setCheckable(True)
            action.setChecked(language == chosen)
            action.setData(language)
            action.triggered.connect(self._speak)
            menu.addAction(action)

    @Slot()
    def _speak(self) -> None:
        action = self.sender()
        if isinstance(action, QAction):
            language = str(action.data())
            self._preferences.set("language", language)
            self._words.set_language(language)

    # --- acts

    @Slot()
    def toggle_full_screen(self) -> None:
        """Fill the screen, or give it back."""
        self.setWindowState(self.windowState() ^ Qt.WindowState.WindowFullScreen)

    @Slot()
    def open_manual(self) -> None:
        """Show the manual."""
        if self._manual is None:
            self._manual = Manual(self._words, self)
        self._manual.show()
        self._manual.raise_()

    @Slot()
    def open_holds(self) -> None:
        """Show what is kept from retention."""
        HoldsPage(self._bridge, self._words, self).show()

    @Slot()
    def open_maintenance(self) -> MaintenancePage:
        """Show the maintenance windows."""
        page = MaintenancePage(self._bridge, self._words, self)
        page.show()
        return page

    @Slot()
    def open_rules(self) -> None:
        """Show the alarm rules."""
        self.open_rule("")

    @Slot(str)
    def open_rule(self, rule: str) -> None:
        """Show the alarm rules, with this one in front."""
        page = self.findChild(RuleEditor)
        if page is None:
            page = RuleEditor(self._bridge, self._words, self)
            page.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            page.sheet.acted.connect(self.rules_edited)
        page.show()
        page.raise_()
        page.open_rule(rule)

    @Slot()
    def open_kpis(self) -> KpiPage:
        """Show the figures of alarms and the floods that were."""
        page = KpiPage(self._bridge, self._words, self)
        page.rule_wanted.connect(self.open_rule)
        page.show()
        return page

    @Slot()
    def declare_crisis(self) -> None:
        """Ask of what and at which level a crisis warning is declared."""
        DeclareCrisis(self._bridge, self._words, self).show()

    @Slot(object)
    def end_crisis(self, crisis: Crisis) -> None:
        """Ask why a crisis warning is ended."""
        EndCrisis(self._bridge, self._words, self, crisis).show()

    @Slot()
    def open_import(self) -> None:
        """Ask for a file, and show what it would become before it is imported."""
        ImportDialog(self._bridge, self._words, self).show()

    @Slot()
    def open_doctor(self) -> None:
        """Open the page that examines the machine and the brokers."""
        page = DoctorPage(self._bridge, self._words, self)
        page.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        page.show()

    @Slot()
    def open_packs(self) -> None:
        """Show the installed domain packs and what they need."""
        page = PacksPage(self._bridge, self._words, self)
        page.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        page.show()

    @Slot()
    def open_about(self) -> None:
        """Say which program this is."""
        box = QMessageBox(self)
        box.setTextFormat(Qt.TextFormat.PlainText)
        box.setWindowTitle(self._words.text("menu.about"))
        box.setText(self.about_text)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.open()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Ctrl+N comes here unless the incident panel, which has it too, took it before."""
        control = event.modifiers() == Qt.KeyboardModifier.ControlModifier
        if control and event.key() == Qt.Key.Key_N:
            self.incident_wanted.emit()
        else:
            super().keyPressEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        self.docks.keep_last()
        self.closing.emit()
        super().closeEvent(event)
