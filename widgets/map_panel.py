"""The map of the district with its assets, alarms and cameras."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QStackedWidget, QVBoxLayout, QWidget

from db.alarm_records import Alarm
from db.asset_records import Asset, AssetState
from db.records import Camera, CameraState
from widgets import figures, theme
from widgets.bridge import Bridge
from widgets.map_ground import Ground
from widgets.map_menu import LayerMenu
from widgets.map_places import Places, Standing
from widgets.map_view import MapView
from widgets.one_line import OneLine
from widgets.words import Words


class MapPanel(QWidget):
    """Where things are and which of them are not well.

    Signals:
        asset_selected: the id of the asset that was clicked.
        camera_selected: the id of the camera that was clicked.
    """

    asset_selected = Signal(str)
    camera_selected = Signal(str)

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
        self.menu = LayerMenu(self.view, self.ground, self._words)
        top = QHBoxLayout()
        top.addWidget(self.title)
        top.addWidget(self.facts, 1)
        top.addWidget(self.menu)
        self.pages = QStackedWidget()
        self.pages.addWidget(self.view)
        self.pages.addWidget(self.empty)
        self.body = QHBoxLayout()
        self.body.addWidget(self.pages, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 6)
        layout.setSpacing(4)
        layout.addLayout(top)
        layout.addLayout(self.body, 1)
        layout.addWidget(self.hint)
        self.setFocusProxy(self.view)

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

    def show_asset(self, asset_id: str) -> bool:
        """Move to an asset and mark it; False when nothing of it has a position."""
        place = self.places.of.get(asset_id, "")
        return bool(place) and self.view.select(place, centre=True)

    def whereabouts(self, asset_id: str) -> tuple[str, float, float] | None:
        """Name, longitude and latitude of the place where an asset is; None when it has none."""
        place = self.places.at(asset_id)
        if place is None or place.lon is None or place.lat is None:
            return None
        return self._name(place), place.lon, place.lat

    def clear_selection(self) -> None:
        """Mark nothing and show everything."""
        self.view.clear_selection()

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

    @Slot()
    def _translate(self) -> None:
        district = next((a for a in self.places.assets.values() if a.kind == "district"), None)
        trail = [self._words.text("map.title")] + ([self._name(district)] if district else [])
        self.title.say(" › ".join(trail))
        legend = " · ".join(f"{theme.SIGNS[p]} {self._words.text(f'map.sign_{p}')}" for p in (1, 2, 3, 4))
        self.hint.say(f"{legend} · {self._words.text('map.sign_well')}    {self._words.text('map.hint')}")
        self.ground.english = self._words.language == "en"
        self.view.rename([self._name(asset) for asset in self.places.placed])
        self.menu.translate()
        self._write_facts()
        self._write_notes()
        self._show_page()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self.places.assets:
            self.read()
        kept, self._kept = list(self._kept.values()), {}
        self._take(kept)
