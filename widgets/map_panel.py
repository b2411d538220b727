"""The map of the district with its assets, alarms and cameras."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QStackedWidget, QVBoxLayout, QWidget

from db.alarm_records import Alarm, AlarmState
from db.asset_records import Asset, AssetState, Condition
from db.records import Camera, CameraState
from widgets import figures, theme
from widgets.bridge import Bridge
from widgets.map_cluster import badness
from widgets.map_view import Camera as Spot
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
        self._assets: dict[str, Asset] = {}
        self._placed: list[Asset] = []
        self._place_of: dict[str, str] = {}  # an asset's id -> the id of the placed one it belongs to
        self._states: dict[str, AssetState] = {}
        self._alarms: dict[str, Alarm] = {}
        self._cameras: dict[str, Camera] = {}
        self._camera_states: dict[str, CameraState] = {}
        self._kept: dict[Any, Any] = {}
        self._activations: dict[str, int] = {}
        self._error = ""
        self._build()
        bridge.linked.connect(self._on_linked)
        words.changed.connect(self._translate)
        self._translate()

    def _build(self) -> None:
        self.view = MapView(lambda: self._bridge.now_ms() / 1000)
        self.view.picked.connect(self._on_picked)
        self.view.camera_picked.connect(self.camera_selected)
        self.title, self.facts, self.hint, self.empty = QLabel(), OneLine("dim"), OneLine("dim"), QLabel()
        self.title.setObjectName("title")
        self.empty.setObjectName("dim")
        self.empty.setTextFormat(Qt.TextFormat.PlainText)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.empty.setWordWrap(True)
        self.cameras, self.abnormal = QCheckBox(), QCheckBox()
        self.cameras.setChecked(True)
        self.cameras.toggled.connect(self._on_layers)
        self.abnormal.toggled.connect(self._on_layers)
        top = QHBoxLayout()
        top.addWidget(self.title)
        top.addWidget(self.facts, 1)
        top.addWidget(self.abnormal)
        top.addWidget(self.cameras)
        self.pages = QStackedWidget()
        self.pages.addWidget(self.view)
        self.pages.addWidget(self.empty)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 6)
        layout.setSpacing(4)
        layout.addLayout(top)
        layout.addWidget(self.pages, 1)
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

    def _take_assets(self, value: Any, error: str) -> None:
        self._error = error
        if not error:
            self._assets = {asset.id: asset for asset in msgspec.convert(value, list[Asset])}
            self._find_places()
        self._show_page()

    def _find_places(self) -> None:
        """An asset with a position is drawn, unless one below it has its own."""
        has_lower = set()
        for asset in self._assets.values():
            above = self._assets.get(asset.parent)
            while _is_placed(asset) and above is not None and above.id not in has_lower:
                has_lower.add(above.id)
                above = self._assets.get(above.parent)
        placed = [a for a in self._assets.values() if _is_placed(a) and a.id not in has_lower]
        self._placed = placed
        drawn = {asset.id for asset in placed}
        self._place_of = {id_: self._placed_above(id_, drawn) for id_ in self._assets}
        self.view.set_places([(a.id, self._name(a), a.lon or 0.0, a.lat or 0.0) for a in placed])
        self._refresh(drawn)

    def _placed_above(self, id_: str, drawn: set[str]) -> str:
        seen: set[str] = set()
        while id_ and id_ not in drawn and id_ not in seen:
            seen.add(id_)
            asset = self._assets.get(id_)
            id_ = asset.parent if asset else ""
        return id_ if id_ in drawn else ""

    def _take_cameras(self, value: Any, error: str) -> None:
        if not error:
            self._cameras = {camera.id: camera for camera in msgspec.convert(value, list[Camera])}
            self._show_cameras()

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
                self._states[record.id] = record
                changed.add(record.id)
            elif isinstance(record, Alarm):
                changed.add(self._take_alarm(record))
            else:
                self._camera_states[record.id] = record
                cameras = True
        self._refresh(changed)
        if cameras:
            self._show_cameras()

    def _take_alarm(self, alarm: Alarm) -> str:
        """Keep or drop it; returns the place where it is drawn."""
        place = self._place_of.get(alarm.asset, "")
        is_new = alarm.activation > self._activations.get(alarm.id, 0) and not alarm.suppressed_by
        self._activations[alarm.id] = max(alarm.activation, self._activations.get(alarm.id, 0))
        if alarm.is_standing and not alarm.suppressed_by:
            self._alarms[alarm.id] = alarm
        else:
            self._alarms.pop(alarm.id, None)
        if is_new and alarm.state is AlarmState.UNACKNOWLEDGED and place:
            self.view.pulse(place)
        return place

    def _refresh(self, ids: set[str]) -> None:
        worst: dict[str, int] = {}
        for alarm in self._alarms.values():
            place = self._place_of.get(alarm.asset, "")
            if place and alarm.state is not AlarmState.RETURNED:
                worst[place] = min(worst.get(place, 5), alarm.priority)
        changes = []
        for id_ in ids:
            state = self._states.get(id_)
            condition = state.condition if state else Condition.UNKNOWN
            ranks = [rank for rank in (worst.get(id_, 0), state.priority if state else 0) if rank]
            changes.append((id_, badness(condition, min(ranks, default=0))))
        self.view.set_badness(changes)
        self._write_facts()

    def _show_cameras(self) -> None:
        spots = []
        for camera in self._cameras.values():
            if camera.lon is not None and camera.lat is not None:
                state = self._camera_states.get(camera.id)
                spots.append(Spot(camera.id, camera.lon, camera.lat, state.state if state else "starting"))
        self.view.set_cameras(spots)

    def show_asset(self, asset_id: str) -> bool:
        """Move to an asset and mark it; False when nothing of it has a position."""
        place = self._place_of.get(asset_id, "")
        return bool(place) and self.view.select(place, centre=True)

    def whereabouts(self, asset_id: str) -> tuple[str, float, float] | None:
        """Name, longitude and latitude of the place where an asset is; None when it has none."""
        place = self._assets.get(self._place_of.get(asset_id, ""))
        if place is None or place.lon is None or place.lat is None:
            return None
        return self._name(place), place.lon, place.lat

    def clear_selection(self) -> None:
        """Mark nothing and show everything."""
        self.view.clear_selection()

    # --- showing -------------------------------------------------------------

    def _name(self, asset: Asset) -> str:
        return self._words.pick(asset.name, asset.name_en) or asset.id

    @Slot(str)
    def _on_picked(self, asset_id: str) -> None:
        self._write_facts()
        self.asset_selected.emit(asset_id)

    @Slot()
    def _on_layers(self) -> None:
        self.view.shows_cameras = self.cameras.isChecked()
        self.view.only_abnormal = self.abnormal.isChecked()
        self.view.update()

    def _write_facts(self) -> None:
        abnormal = sum(
            self._states[asset.id].condition > Condition.UNKNOWN
            for asset in self._placed
            if asset.id in self._states
        )
        fields = {"places": f"{len(self._placed):,}", "abnormal": f"{abnormal:,}"}
        self.facts.say(self._words.text("map.facts", **fields) if self._placed else "")

    def _show_page(self) -> None:
        if self._error and not self._placed:
            self.empty.setText(self._words.text("map.failed", error=figures.plain(self._error)))
        else:
            self.empty.setText(self._words.text("map.empty" if not self._assets else "map.empty_places"))
        self.pages.setCurrentIndex(0 if self._placed else 1)

    @Slot()
    def _translate(self) -> None:
        self.title.setText(self._words.text("map.title"))
        self.cameras.setText(self._words.text("map.cameras"))
        self.abnormal.setText(self._words.text("map.only_abnormal"))
        legend = " · ".join(f"{theme.SIGNS[p]} {self._words.text(f'map.sign_{p}')}" for p in (1, 2, 3, 4))
        self.hint.say(f"{legend} · {self._words.text('map.sign_well')}    {self._words.text('map.hint')}")
        self.view.rename([self._name(asset) for asset in self._placed])
        self._write_facts()
        self._show_page()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self._assets:
            self.read()
        kept, self._kept = list(self._kept.values()), {}
        self._take(kept)


def _is_placed(asset: Asset) -> bool:
    return asset.lon is not None and asset.lat is not None and asset.kind != "district"
