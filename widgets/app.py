"""Composes the ui role: one seat's window on a data folder's core."""

from __future__ import annotations

import getpass
import importlib.metadata
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from PySide6.QtCore import (
    QMessageLogContext,
    QObject,
    QSize,
    Qt,
    QTimer,
    QtMsgType,
    Signal,
    Slot,
    qInstallMessageHandler,
)
from PySide6.QtGui import QGuiApplication, QIcon
from PySide6.QtWidgets import QApplication

from console import lifeline, logs
from console.allocation import give_back
from console.cameras import CameraPool
from console.link_client import LinkClient
from db.alarm_records import Flood, Summary
from db.records import Camera
from widgets import scale, theme
from widgets.alarm_panel import AlarmPanel
from widgets.area_wall import AreaWall
from widgets.attention import Attention
from widgets.board_line import BoardLine
from widgets.bridge import Bridge
from widgets.camera_wall import CameraWall
from widgets.domain_cards import DomainCards
from widgets.facility_page import FacilityPage
from widgets.flood_bar import FloodBar
from widgets.gap_panel import GapPanel
from widgets.health_panel import HealthPanel
from widgets.incident_panel import IncidentPanel
from widgets.layouts import BOARD, CREW, Docks
from widgets.levels import Levels
from widgets.main_window import MainWindow
from widgets.map_panel import MapPanel
from widgets.open_incidents import OpenIncidents
from widgets.photographs import Photographs
from widgets.preferences import Preferences
from widgets.probing import begin_probe
from widgets.quarantine_panel import QuarantinePanel
from widgets.raw_panel import RawPanel
from widgets.sounds import AlarmSound, QtSpeaker, Speaker
from widgets.summary_line import SummaryLine
from widgets.time_strip import TimeStrip
from widgets.watchdog import Watchdog
from widgets.wires import Wires
from widgets.words import Words

_WIDE = 1500
_TILES = {BOARD: 9, CREW: 1}
_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}


def run_ui(
    folder: Path,
    *,
    screenshots: Path | None = None,
    seconds: float | None = None,
    language: str | None = None,
    seat: str = "1",
    probe: Path | None = None,
) -> int:
    """Run a screen until the operator closes it, the lifeline ends or `seconds` are over.

    Returns the exit status. Nothing is written to stderr: what Qt and the
    libraries say goes to `logs/ui.log` of the data folder.
    """
    give_back()
    logs.begin(folder, "ui")
    qInstallMessageHandler(_log_qt)
    seat_file = "".join(each if each.isalnum() else "_" for each in seat)
    preferences = Preferences(folder / "ui" / f"seat-{seat_file}.json")
    scale.take_over(preferences)
    app = QApplication.instance() or QApplication(["gwanje"])
    assert isinstance(app, QApplication)
    theme.dress(app)
    app.setWindowIcon(QIcon(theme.shape_pixmap("diamond", theme.PRIORITY[4], 0, 64)))
    words = Words(language or preferences.get("language", "auto"))
    bridge = Bridge()
    client = LinkClient(
        folder, role="ui", seat=seat, actor=_actor(), on_push=bridge.post, on_state=bridge.post_state
    )
    bridge.use(client)
    watchdog = Watchdog(folder / "logs" / "ui-stalls.log")
    screen = Screen(bridge, words, preferences, folder / "ui" / f"layouts-{seat_file}.json")
    screen.may_change_language = language is None and not preferences.get("language")
    screen.window.truth.duty.seat = seat
    screen.window.about_text = words.text("menu.about_text", version=_version(), folder=folder)
    ender = _Ender(screen.window)
    lifeline.watch(ender.ended.emit)
    if seconds is not None:
        QTimer.singleShot(round(seconds * 1000), ender, ender.end)
    screen.open()
    photographs = Photographs(screen.window, words, screenshots, screen.pose) if screenshots else None
    probing = begin_probe(probe, screen, bridge, words) if probe else None
    client.start()
    watchdog.start()
    status = app.exec()
    del photographs
    if probing is not None:
        probing.stop()
    screen.close()
    client.stop()
    watchdog.stop()
    qInstallMessageHandler(None)
    return status


class _Ender(QObject):
    """Closes the window from any thread.

    Signals:
        ended: this process shall end.
    """

    ended = Signal()

    def __init__(self, window: MainWindow) -> None:
        super().__init__()
        self._window = window
        self.ended.connect(self.end)

    @Slot()
    def end(self) -> None:
        """Close the window and leave the event loop."""
        self._window.close()
        QApplication.quit()


class Screen(QObject):
    """All panels of a seat in their window, and the wires between them."""

    def __init__(
        self,
        bridge: Bridge,
        words: Words,
        preferences: Preferences,
        layouts: Path,
        speaker: Speaker | None = None,
        pool_factory: Callable[[Sequence[Camera]], Any] = CameraPool,
    ) -> None:
        super().__init__()
        self._bridge, self._words = bridge, words
        bridge.speak = words.sentence
        self.may_change_language = False
        self.window = MainWindow(bridge, words, lambda frame: Docks(frame, layouts), preferences)
        self.alarms = AlarmPanel(bridge, words)
        self.map = MapPanel(bridge, words)
        self.cameras = CameraWall(bridge, words, pool_factory)
        self.incidents = IncidentPanel(bridge, words)
        self.health = HealthPanel(bridge, words)
        self.quarantine = QuarantinePanel(bridge, words)
        self.raw = RawPanel(bridge, words)
        self.gaps = GapPanel(bridge, words)
        self.domains = DomainCards(bridge, words)
        self.facility = FacilityPage(bridge, words, self.domains.model)
        self.open_incidents = OpenIncidents(bridge, words)
        self.time = TimeStrip(bridge, words)
        self.wall = AreaWall(bridge, words)
        self.panels: dict[str, Any] = {
            "alarms": self.alarms, "map": self.map, "cameras": self.cameras, "incidents": self.incidents,
            "health": self.health, "quarantine": self.quarantine, "raw": self.raw, "domains": self.domains,
            "open": self.open_incidents, "time": self.time, "gaps": self.gaps, "facility": self.facility,
        }  # fmt: skip
        fed = [panel for panel in self.panels.values() if panel is not self.cameras]
        self._fed: tuple[Any, ...] = (*fed, self.wall)
        for key, panel in self.panels.items():
            self.window.docks.add(key, panel)
        self.wires = Wires(
            self.window, bridge, words, self.alarms, self.incidents, self.cameras, self.health, self.map,
            self.domains, self.open_incidents,
        )  # fmt: skip
        self.board_line = BoardLine(bridge, words, self.domains.model, self.domains.air)
        self.levels = Levels(
            self.window, self.board_line.crumbs, self.facility, self.raw, self.domains.model, words
        )
        self.window.add_line(self.board_line)
        self.sound = AlarmSound(speaker or QtSpeaker(), self)
        self.flood = FloodBar(words, bridge.now_ms, self.alarms.texts.rule_name)
        self.flood.grouped.connect(self.alarms.show_groups)
        self.flood.chosen.connect(self._show_cause)
        self.flood.report_wanted.connect(self._show_floods)
        self.window.add_line(self.flood)
        self.summaries = SummaryLine(words, self.alarms.texts.summary, bridge.now_ms)
        self.summaries.wanted.connect(self._show_summary)
        self.window.add_line(self.summaries)
        self.attention = Attention(
            self.window, self.window.attention, self.alarms.texts.brief, lambda: self.sound.is_present
        )
        self._wire()
        self.window.translate()

    def _wire(self) -> None:
        self._bridge.changed.connect(self.apply)
        self._bridge.linked.connect(self._on_linked)
        self._words.changed.connect(self._show_sound)
        self.alarms.standing.connect(self.attention.follow)
        self.alarms.altered.connect(self.attention.update)
        self.attention.alarm_wanted.connect(self._show_alarm)
        self.window.rules_edited.connect(self._read_rules)
        self.window.attention.told.connect(self._show_sound)
        self._words.changed.connect(self.attention.show)
        self.alarms.standing.connect(self.sound.follow)
        self.alarms.altered.connect(self.sound.update)
        self.alarms.silence_wanted.connect(self.sound.silence)
        self.window.silence_wanted.connect(self.sound.silence)
        self.window.wall_wanted.connect(self.wall.show_on_wall)
        self.sound.changed.connect(self._show_sound)
        self.window.docks.arranged.connect(self._on_arranged)
        self._wire_levels()

    def _wire_levels(self) -> None:
        """The way down from the board, and from a facility to what belongs to it."""
        levels, line, detail = self.levels, self.board_line, self.facility.detail
        self.health.trend.raw_wanted.connect(levels.show_raw)
        self.domains.domain_wanted.connect(levels.show_domain)
        self.domains.quiet_changed.connect(lambda high: self.window.docks.fit_height("domains", high))
        self.alarms.standing.connect(line.follow)
        self.alarms.altered.connect(line.update_alarms)
        line.facilities_wanted.connect(levels.show_facilities)
        line.air_wanted.connect(lambda: levels.show_domain(self.domains.air_domain))
        line.panel_wanted.connect(self.window.docks.raise_panel)
        levels.panel_wanted.connect(self.window.docks.raise_panel)
        levels.asset_shown.connect(self.map.show_asset)
        self.window.docks.shown.connect(levels.note_panel)
        detail.alarm_wanted.connect(self._show_alarm)
        detail.incident_wanted.connect(self.wires.show_incident)
        detail.camera_wanted.connect(self.cameras.choose)

    @Slot(str)
    def _show_alarm(self, alarm_id: str) -> None:
        self.window.docks.raise_panel("alarms")
        self.alarms.leave()
        self.alarms.select(alarm_id)
        self.alarms.list.setFocus(Qt.FocusReason.OtherFocusReason)

    @Slot(tuple)
    def _show_cause(self, cause: tuple[str, str]) -> None:
        self.window.docks.raise_panel("alarms")
        self.alarms.groups.show_group(cause)

    @Slot()
    def _show_floods(self) -> None:
        self.window.open_kpis().show_floods()

    @Slot()
    def _read_rules(self) -> None:
        """A rule was edited: what panels say of rules is read anew."""
        self._bridge.query("rules", {}, self.alarms.take_rules)
        self._bridge.query("rules", {}, self.health.trend.take_rules)

    @Slot(object)
    def _show_summary(self, summary: Summary) -> None:
        self.window.docks.raise_panel("alarms")
        self.alarms.leave()
        for alarm_id in summary.alarms:
            self.alarms.choose(alarm_id)

    @Slot(str)
    def _on_arranged(self, preset: str) -> None:
        self.cameras.set_count(_TILES[preset])

    def open(self) -> None:
        """Show the window as it was left; at the first start as the screen allows."""
        room = self.window.screen().availableGeometry()
        has_screen = QGuiApplication.platformName() != "offscreen"  # which would be 800 x 800
        if not has_screen:
            room.setSize(QSize(1920, 1080))
        self.window.setGeometry(room)
        self.window.showMaximized() if has_screen else self.window.show()
        if not self.window.docks.restore_last():
            self.window.docks.arrange(BOARD if room.width() >= _WIDE else CREW)
        self.alarms.list.setFocus(Qt.FocusReason.OtherFocusReason)
        self._show_sound()

    def pose(self, key: str) -> None:
        """Choose what makes a picture of this panel worth looking at; nothing for the others."""
        incidents, alarms = self.open_incidents.model.records(), self.alarms.model.alarms()
        if key == "incidents" and incidents:
            self.incidents.show_incident(incidents[0].id)
        elif key == "health" and self.domains.worst_asset:
            self.health.show_asset(self.domains.worst_asset)
        elif key == "facility" and self.domains.worst_asset:
            self.levels.show_asset(self.domains.worst_asset)
        elif key == "alarms" and alarms:
            self.alarms.select(alarms[0].id)
        elif self.alarms.selected() and key not in ("map", "cameras"):  # they show what is around it
            self.alarms.leave()

    def close(self) -> None:
        """Let cameras and panels go."""
        self.cameras.stop()
        self.wall.close()
        self.wall.deleteLater()
        self.window.docks.close()
        self.window.deleteLater()

    @Slot(object)
    def apply(self, records: tuple[Any, ...]) -> None:
        """Hand records to the truth bar and to every panel."""
        for record in records:
            if isinstance(record, Flood):
                self.sound.set_flood(record.on)
                self.flood.show_flood(record)
                self.summaries.set_flood(record.on)
                self.alarms.show_flood(record)
        self.window.truth.apply(records)
        self.window.catch_up.apply(records)
        self.board_line.apply(records)
        self.summaries.apply(records)
        self.window.crisis.apply(records)
        for panel in self._fed:
            panel.apply(records)

    @Slot(bool, str)
    def _on_linked(self, up: bool, _reason: str) -> None:
        if up:
            self._bridge.query("site", {}, self._take_site)

    def _take_site(self, value: Any, error: str) -> None:
        if error or not isinstance(value, dict):
            return
        try:
            self._words.zone = ZoneInfo(str(value.get("timezone", "Asia/Seoul")))
        except (ZoneInfoNotFoundError, ValueError):
            logging.getLogger("ui").warning("unknown time zone %r", value.get("timezone"))
        if self.may_change_language:
            self._words.set_language(str(value.get("language", "auto")))
        self.window.district = (str(value.get("district", "")), str(value.get("district_en", "")))
        self.window.translate()

    @Slot()
    def _show_sound(self) -> None:
        self.alarms.show_sound(sounding=self.sound.is_sounding, silenced=self.sound.is_silenced)
        is_said = self.sound.is_present or not self.window.attention.isHidden()
        self.window.sound_banner.say("" if is_said else self._words.text("sound.none"))


def _actor() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "operator"


def _version() -> str:
    try:
        return importlib.metadata.version("gwanje")
    except importlib.metadata.PackageNotFoundError:
        return "0.1.0"


def _log_qt(kind: QtMsgType, context: QMessageLogContext, text: str) -> None:
    logging.getLogger("qt").log(_LEVELS.get(kind, logging.WARNING), "%s", text)
