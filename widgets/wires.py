"""What one panel wishes of another. The panels do not know each other; here they meet."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtWidgets import QMessageBox

from db.alarm_records import Alarm
from widgets.alarm_explain import AlarmExplain
from widgets.alarm_history import AlarmHistory
from widgets.alarm_panel import AlarmPanel
from widgets.bridge import Bridge
from widgets.camera_wall import CameraWall
from widgets.domain_cards import DomainCards
from widgets.guidance_dialog import GuidanceDialog
from widgets.health_panel import HealthPanel
from widgets.incident_panel import IncidentPanel
from widgets.main_window import MainWindow
from widgets.map_panel import MapPanel
from widgets.open_incidents import OpenIncidents
from widgets.words import Words

_JPEG = "image/jpeg"


class Wires(QObject):
    """Carries wishes between alarms, incidents, cameras, facilities and the board.

    Signals:
        panel_wanted: the key of the panel that now comes to the front.
    """

    panel_wanted = Signal(str)

    def __init__(
        self,
        window: MainWindow,
        bridge: Bridge,
        words: Words,
        alarms: AlarmPanel,
        incidents: IncidentPanel,
        cameras: CameraWall,
        health: HealthPanel,
        district_map: MapPanel,
        domains: DomainCards,
        open_incidents: OpenIncidents,
    ) -> None:
        super().__init__(window)
        self._window, self._words, self._bridge = window, words, bridge
        self._alarms = alarms
        self._incidents, self._cameras, self._health = incidents, cameras, health
        self._map = district_map
        self._shown_incident = ""
        self.panel_wanted.connect(window.docks.raise_panel)
        alarms.incident_wanted.connect(self._open_from_alarm)
        alarms.chosen.connect(self._show_place)
        alarms.look_wanted.connect(self._look)
        window.incident_wanted.connect(self._open_by_hand)
        open_incidents.new_wanted.connect(self._open_by_hand)
        open_incidents.incident_wanted.connect(self.show_incident)
        cameras.incident_wanted.connect(self._open_from_camera)
        cameras.snapshot_taken.connect(self._keep_snapshot)
        incidents.selected.connect(self._note_incident)
        incidents.snapshot_wanted.connect(self._take_snapshot)
        district_map.asset_selected.connect(self._health.show_asset)
        district_map.camera_selected.connect(cameras.choose)
        district_map.asset_selected.connect(self._choose_alarm_of)
        district_map.alarm_selected.connect(alarms.select)
        district_map.alarms_wanted.connect(self._choose_alarms)
        district_map.cameras_wanted.connect(self._show_cameras)
        health.asset_selected.connect(self._show_on_map)

    @Slot(object)
    def _open_from_alarm(self, alarm: Alarm) -> None:
        self._incidents.open_dialog(alarm)

    @Slot(str, object)
    def _look(self, what: str, alarm: Alarm) -> None:
        """One key from an alarm to what it is about."""
        if what == "cameras":
            self.panel_wanted.emit("cameras")
        elif what == "trend":
            self.panel_wanted.emit("health")
            if alarm.asset:
                self._health.show_asset(alarm.asset)
            name = self._alarms.texts.where(alarm)
            self._health.show_series(alarm.source, alarm.quantity.partition("/")[0], name)
        elif what == "maintenance":
            self._window.open_maintenance().plan_for(alarm.asset)
        elif what == "rule":
            self._window.open_rule(alarm.rule)
        elif what == "guidance":
            GuidanceDialog(self._bridge, self._words, self._window, alarm).open()
        elif what == "explain":
            page = AlarmExplain(
                self._bridge, self._words, alarm, self._alarms.texts.brief(alarm), self._window
            )
            page.rule_wanted.connect(self._window.open_rule)
            page.open()
        elif what == "similar":
            number_of = self._alarms.texts.incidents
            name = self._alarms.texts.brief(alarm)
            AlarmHistory(
                self._bridge, self._words, alarm, name, lambda key: number_of.get(key, key), self._window
            ).open()

    @Slot(object)
    def _show_place(self, alarms: tuple[Alarm, ...]) -> None:
        """One selection: map and cameras go where the chosen alarm is, and come back with it."""
        place = self._map.whereabouts(alarms[0].asset) if alarms else None
        if place is not None:
            self._map.show_asset(alarms[0].asset)
            self._cameras.surround(*place)
        elif not alarms:
            self._map.clear_selection()
            self._cameras.leave_around()

    @Slot(str)
    def _choose_alarm_of(self, asset_id: str) -> None:
        """What was clicked on the map is chosen in the alarm column too."""
        at = self._map.alarms_at(asset_id)
        if at:
            self._alarms.select(at[0])

    @Slot(object)
    def _choose_alarms(self, alarm_ids: tuple[str, ...]) -> None:
        self.panel_wanted.emit("alarms")
        self._alarms.list.clearSelection()
        for alarm_id in alarm_ids[:200]:
            self._alarms.choose(alarm_id)

    @Slot(object)
    def _show_cameras(self, camera_ids: tuple[str, ...]) -> None:
        """The cameras of an area of the map, until Esc gives back what was shown."""
        if camera_ids:
            self.panel_wanted.emit("cameras")
            self._cameras.surround(self._words.text("map.area"), 0.0, 0.0, camera_ids)

    @Slot(str)
    def _show_on_map(self, asset_id: str) -> None:
        """What a person chooses in the tree is marked on the map."""
        if self._health.tree.hasFocus():
            self._map.show_asset(asset_id)

    @Slot(str)
    def _open_from_camera(self, camera_id: str) -> None:
        self._incidents.open_dialog(camera=camera_id)

    @Slot()
    def _open_by_hand(self) -> None:
        self._incidents.open_dialog()

    @Slot(str)
    def show_incident(self, incident_id: str) -> None:
        """Bring an incident with its whole story to the front."""
        self.panel_wanted.emit("incidents")
        self._incidents.show_incident(incident_id)

    @Slot(str)
    def _note_incident(self, incident_id: str) -> None:
        self._shown_incident = incident_id

    @Slot(str)
    def _take_snapshot(self, incident_id: str) -> None:
        """Attach the newest picture of the chosen camera to the incident."""
        camera_id = self._cameras.focused or self._cameras.chosen
        picture = self._cameras.snapshot(camera_id) if camera_id else None
        if picture is None:
            self._tell("wires.no_picture" if camera_id else "wires.choose_camera")
            return
        self._incidents.attach_bytes(incident_id, f"{camera_id}.jpg", _JPEG, picture, camera_id)

    @Slot(str, object)
    def _keep_snapshot(self, camera_id: str, picture: object) -> None:
        if not self._shown_incident:
            self._tell("wires.choose_incident")
        elif isinstance(picture, bytes):
            name = f"{camera_id}.jpg"
            self._incidents.attach_bytes(self._shown_incident, name, _JPEG, picture, camera_id)
            self.show_incident(self._shown_incident)

    def _tell(self, key: str) -> None:
        box = QMessageBox(self._window)
        box.setTextFormat(Qt.TextFormat.PlainText)
        box.setWindowTitle(self._words.text("app.name"))
        box.setText(self._words.text(key))
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.open()
