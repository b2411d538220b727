"""The map of the district with its assets, alarms and cameras."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtGui import QKeyEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QStackedWidget, QToolButton, QVBoxLayout, QWidget

from db.alarm_records import Alarm
from db.asset_records import Asset, AssetState
from db.records import Camera, CameraState
from widgets import figures, theme
from widgets.bridge import Bridge
from widgets.map_area import AreaPanel, Row
from widgets.map_cluster import PRIORITY_OF
from widgets.map_ground import Ground
from widgets.map_heat import HeatLayer
from widgets.map_menu import LayerMenu
from widgets.map_package import PackageDialog
from widgets.map_places import Places, Standing
from widgets.map_view import MapView
from widgets.one_line import OneLine
from widgets.words import Words

_AREA_MS = 1000  # between two looks at what lies in the chosen area


class MapPanel(QWidget):
    """Where things are and which of them are not well.

    Signals:
        asset_selected: the id of the asset that was clicked.
        camera_selected: the id of the camera that was clicked.
        alarm_selected: the id of the alarm that was clicked in the list of an area.
        alarms_wanted, cameras_wanted: the ids of all in an area (a tuple), to be shown where they are shown.
        trail_changed: where one is: names from the district down to what is shown (a tuple).
    """

    asset_selected = Signal(str)
    camera_selected = Signal(str)
    alarm_selected = Signal(str)
    alarms_wanted = Signal(object)
    cameras_wanted = Signal(object)
    trail_changed = Signal(object)

    def __init__(self, bridge: Bridge, words: Words, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bridge, self._words = bridge, words
        self.places = Places()
        self.standing = Standing()
        self._cameras: list[Camera] = []
        self._camera_states: dict[str, str] = {}
        self._kept: dict[Any, Any] = {}
        self._error = ""
        self._build()
        bridge.linked.connect(self._on_linked)
        words.changed.connect(self._translate)
        self._translate()

    def _build(self) -> None:
        self.ground = Ground(self._bridge)
        self.view = MapView(lambda: self._bridge.now_ms() / 1000, self.ground)
        self.view.picked.connect(self.asset_selected)
        self.view.picked.connect(self._offer_plan)
        self.view.camera_picked.connect(self.camera_selected)
        self.ground.told.connect(self._on_maps)
        self.title, self.facts, self.hint, self.empty = (
            OneLine("title"),
            OneLine("dim"),
            OneLine("dim"),
            QLabel(),
        )
        self.empty.setObjectName("dim")
        self.empty.setTextFormat(Qt.TextFormat.PlainText)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.empty.setWordWrap(True)
        self.heat = HeatLayer(self._bridge, self._words)
        self.heat.changed.connect(self.view.update)
        self.view.overlays.append(self.heat.paint)
        self.view.legends.append(self.heat.paint_legend)
        self.menu = LayerMenu(self.view, self.ground, self.heat, self._bridge, self._words)
        self.menu.plan_wanted.connect(self.open_plan)
        self._build_area()
        top = QHBoxLayout()
        top.addWidget(self.title)
        top.addWidget(self.facts, 1)
        self.plan_button = QToolButton()
        self.plan_button.setVisible(False)
        self.plan_button.clicked.connect(lambda: self.open_facility(self.view.selected))
        top.addWidget(self.plan_button)
        top.addWidget(self.menu)
        self.pages = QStackedWidget()
        self.pages.addWidget(self.view)
        self.pages.addWidget(self.empty)
        self.body = QHBoxLayout()
        self.body.addWidget(self.pages, 1)
        self.body.addWidget(self.area)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 6)
        layout.setSpacing(4)
        layout.addLayout(top)
        layout.addLayout(self.body, 1)
        layout.addWidget(self.hint)
        self.setFocusProxy(self.view)

    def _build_area(self) -> None:
        self.area = AreaPanel(self._words)
        self.area.alarm_chosen.connect(self.alarm_selected)
        self.area.asset_chosen.connect(self._choose_asset)
        self.area.camera_chosen.connect(self.camera_selected)
        self.area.alarms_wanted.connect(self.alarms_wanted)
        self.area.cameras_wanted.connect(self.cameras_wanted)
        self.area.closed.connect(self.close_area)
        self.area.package_wanted.connect(self._open_package)
        self.view.area_picked.connect(self._show_area)
        self._area_timer = QTimer(self)
        self._area_timer.setSingleShot(True)
        self._area_timer.setInterval(_AREA_MS)
        self._area_timer.timeout.connect(self._fill_area)

    # --- what it is told -----------------------------------------------------

    @Slot(bool, str)
    def _on_linked(self, up: bool, _reason: str) -> None:
        if up:
            self.read()

    def read(self) -> None:
        """Ask the core what there is and where."""
        self._bridge.assets(self._take_assets)
        self._bridge.query("cameras", {}, self._take_cameras)
        self.ground.read()

    def _take_assets(self, value: Any, error: str) -> None:
        self._error = error
        if not error:
            self.places = Places(msgspec.convert(value, list[Asset]))
            self.standing.move(self.places.of)
            placed = self.places.placed
            ids, names = [asset.id for asset in placed], [self._name(asset) for asset in placed]
            self.view.set_places(ids, names, self.places.lon, self.places.lat)
            known = {self.places.of.get(alarm.asset, "") for alarm in self.standing.alarms.values()}
            self._refresh(known | self.standing.states.keys())
            self._write_trail()
        self._show_page()

    def _take_cameras(self, value: Any, error: str) -> None:
        if not error:
            self._cameras = msgspec.convert(value, list[Camera])
            self.view.set_cameras(self._cameras, self._camera_states)

    @Slot()
    def _on_maps(self) -> None:
        self.menu.show_maps()
        self._write_notes()
        self._show_page()
        if not len(self.view):
            self.view.fit()

    def apply(self, records: Iterable[Any]) -> None:
        """Take newer states, alarms and camera states; hidden, only keep the newest of each."""
        mine = [r for r in records if isinstance(r, AssetState | Alarm | CameraState)]
        if not self.isVisible():
            self._kept.update((record.key, record) for record in mine)
            return
        self._take(mine)

    def _take(self, records: Iterable[Any]) -> None:
        changed: set[str] = set()
        cameras = False
        for record in records:
            if isinstance(record, AssetState):
                self.standing.take_state(record)
                changed.add(record.id)
            elif isinstance(record, Alarm):
                place = self.places.of.get(record.asset, "")
                changed.add(place)
                if self.standing.take_alarm(record, place) and place:
                    self.view.pulse(place)
            else:
                self._camera_states[record.id] = record.state
                cameras = True
        self._refresh(changed)
        if cameras:
            self.view.set_cameras(self._cameras, self._camera_states)

    def _refresh(self, ids: set[str]) -> None:
        self.view.set_badness(self.standing.badness(ids))
        self._write_facts()
        if self.area.isVisible() and not self._area_timer.isActive():
            self._area_timer.start()

    def show_asset(self, asset_id: str) -> bool:
        """Move to an asset and mark it; False when nothing of it has a position."""
        place = self.places.of.get(asset_id, "")
        is_seen = place == self.view.selected and self.view.sees(place)
        self._offer_plan(place)
        return bool(place) and self.view.select(place, centre=not is_seen)

    def alarms_at(self, asset_id: str) -> list[str]:
        """The ids of the alarms that stand at the place of an asset, the most urgent first."""
        place = self.places.of.get(asset_id, "")
        found = [a for a in self.standing.alarms.values() if place and self.places.of.get(a.asset) == place]
        return [alarm.id for alarm in sorted(found, key=_urgency)]

    def whereabouts(self, asset_id: str) -> tuple[str, float, float] | None:
        """Name, longitude and latitude of the place where an asset is; None when it has none."""
        place = self.places.at(asset_id)
        if place is None or place.lon is None or place.lat is None:
            return None
        return self._name(place), place.lon, place.lat

    def clear_selection(self) -> None:
        """Mark nothing and show everything."""
        self.close_area()
        self.ground.show_plan("")
        self.view.clear_selection()
        self.plan_button.setVisible(False)
        self._write_trail()

    # --- an area, and a facility's plan ----------------------------------------

    @Slot()
    def _show_area(self) -> None:
        self.area.setVisible(True)
        self._fill_area()
        self.area.open_first()

    @Slot()
    def close_area(self) -> None:
        """The chosen area is not needed any more."""
        self.view.area = None
        self.area.setVisible(False)
        self.view.update()

    @Slot()
    def _fill_area(self) -> None:
        if self.view.area is None:
            return
        ids = self.view.within(self.view.area)
        bad = dict(self.standing.badness(ids))
        ids.sort(key=lambda id_: -bad[id_])
        assets = [Row(id_, self._name(self.places.assets[id_]), PRIORITY_OF.get(bad[id_], 0)) for id_ in ids]
        inside = set(ids)
        alarms = [a for a in self.standing.alarms.values() if self.places.of.get(a.asset, "") in inside]
        alarms.sort(key=_urgency)
        cameras = {camera.id: camera for camera in self._cameras}
        found = [cameras[id_] for id_ in self.view.cameras.within(self.view.area)]
        self.area.tell(
            [Row(a.id, self._alarm_text(a), a.priority) for a in alarms],
            assets,
            [Row(c.id, self._words.pick(c.name, c.name_en) or c.id, 0) for c in found],
        )

    def _alarm_text(self, alarm: Alarm) -> str:
        place = self.places.assets.get(alarm.asset)
        name = self._words.pick(alarm.name, alarm.name_en) or alarm.rule
        return f"{self._name(place)} · {name}" if place else name

    @Slot(str)
    def _choose_asset(self, asset_id: str) -> None:
        self.view.select(asset_id)
        self.asset_selected.emit(asset_id)

    @Slot(str)
    def open_plan(self, map_id: str) -> None:
        """Show the plan of a facility, by the id of its map."""
        area = self.ground.show_plan(map_id)
        if area is not None:
            self.view.show_area(area)
        self._write_trail()

    def open_facility(self, asset_id: str) -> bool:
        """Show the plan of the facility that an asset belongs to; False where none is installed."""
        plan = self._plan_of(asset_id)
        if plan:
            self.open_plan(plan)
        return bool(plan)

    def _plan_of(self, asset_id: str) -> str:
        """The map that is the plan of an asset or of what it belongs to, empty for none."""
        plans = {sheet.facility: sheet.id for sheet in reversed(self.ground.sheets) if not sheet.error}
        above = self.places.assets.get(asset_id)
        while above is not None and above.id not in plans:
            above = self.places.assets.get(above.parent)
        return plans[above.id] if above is not None else ""

    @Slot(str)
    def _offer_plan(self, asset_id: str) -> None:
        self.plan_button.setVisible(bool(self._plan_of(asset_id)))

    @Slot()
    def _open_package(self) -> None:
        """Offer the chosen area as a package."""
        if self.view.area is not None:
            bounds = self.view.degrees_of(self.view.area)
            PackageDialog(self._bridge, self._words, self.ground.sheets, bounds, self).show()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """A chooses all that is seen; Esc gives back what was there before an area or a plan was opened."""
        is_open = self.view.area is not None or bool(self.ground.plan)
        if event.key() == Qt.Key.Key_Escape and is_open:
            self.close_area()
            if self.ground.plan:
                self.ground.show_plan("")
                self.view.clear_selection()
            self._write_trail()
        elif event.key() == Qt.Key.Key_A and not event.modifiers():
            self.view.choose_area(self.view.frame.area)
        else:
            super().keyPressEvent(event)

    # --- showing -------------------------------------------------------------

    def _name(self, asset: Asset) -> str:
        return self._words.pick(asset.name, asset.name_en) or asset.id

    def _write_facts(self) -> None:
        fields = {"places": f"{len(self.view):,}", "abnormal": f"{self.view.abnormal:,}"}
        self.facts.say(self._words.text("map.facts", **fields) if len(self.view) else "")

    def _write_notes(self) -> None:
        """Which maps lie there and how old they are; what is wrong with one stands first."""
        notes: list[str] = []
        for sheet in self.ground.sheets:
            fault = self.ground.fault(sheet)
            name = self._words.pick(sheet.name, sheet.name_en)
            if fault:
                name = self._words.text("map.broken", name=name or sheet.id, error=fault)
                notes.insert(0, figures.plain(name, 200))
            elif not sheet.facility and sheet.kind == "tiles":
                notes.append(figures.plain(f"{sheet.file} · {sheet.dated}", 80))
        if not any(not sheet.error and sheet.kind == "tiles" for sheet in self.ground.sheets):
            layers = [sheet for sheet in self.ground.sheets if not sheet.error and sheet.kind == "shapes"]
            notes += [figures.plain(f"{sheet.file} · {sheet.dated}", 80) for sheet in layers[:1]]
        attributions = {sheet.attribution for sheet in self.ground.sheets if sheet.attribution}
        self.view.notes = (*notes, *(figures.plain(each, 80) for each in sorted(attributions)))
        self.view.update()

    def _show_page(self) -> None:
        has_map = any(not sheet.error for sheet in self.ground.sheets)
        if self._error and not self.places.placed:
            self.empty.setText(self._words.text("map.failed", error=figures.plain(self._error)))
        else:
            self.empty.setText(
                self._words.text("map.empty" if not self.places.assets else "map.empty_places")
            )
        self.pages.setCurrentIndex(0 if self.places.placed or has_map else 1)

    def _write_trail(self) -> None:
        district = next((a for a in self.places.assets.values() if a.kind == "district"), None)
        trail = [self._name(district)] if district else []
        plan = next((sheet for sheet in self.ground.sheets if sheet.id == self.ground.plan), None)
        if plan is not None:
            facility = self.places.assets.get(plan.facility)
            trail.append(self._name(facility) if facility else plan.facility)
            trail.append(" ".join((self._words.text("map.plan"), plan.floor)).strip())
        shown = " › ".join([self._words.text("map.title"), *trail])
        if shown != self.title.text():
            self.title.say(shown)
            self.trail_changed.emit(tuple(trail))

    @Slot()
    def _translate(self) -> None:
        self._write_trail()
        legend = " · ".join(f"{theme.SIGNS[p]} {self._words.text(f'map.sign_{p}')}" for p in (1, 2, 3, 4))
        self.hint.say(f"{legend} · {self._words.text('map.sign_well')}    {self._words.text('map.hint')}")
        self.ground.english = self._words.language == "en"
        self.view.rename([self._name(asset) for asset in self.places.placed])
        self.menu.translate()
        self.plan_button.setText(self._words.text("map.plan_open"))
        self.area.translate()
        self._write_facts()
        self._write_notes()
        self._show_page()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self.places.assets:
            self.read()
        kept, self._kept = list(self._kept.values()), {}
        self._take(kept)


def _urgency(alarm: Alarm) -> tuple[bool, int, int]:
    return not alarm.is_announced, alarm.priority, -alarm.raised_ms
