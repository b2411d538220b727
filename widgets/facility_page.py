"""Levels 2 and 3 of the board: the facilities of a domain, one facility, one device."""

from __future__ import annotations

from typing import Any

import msgspec
from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from db.alarm_records import Alarm
from db.records import Camera, Incident
from widgets import figures
from widgets.bridge import Bridge
from widgets.domain_model import Domains
from widgets.facility_detail import FacilityDetail
from widgets.facility_list import FacilityList
from widgets.words import Words


class FacilityPage(QWidget):
    """The list or one of it; what to show is said from outside.

    Signals:
        asset_wanted: the id of a facility or device that was chosen.
    """

    asset_wanted = Signal(str)

    def __init__(self, bridge: Bridge, words: Words, domains: Domains) -> None:
        super().__init__()
        self._bridge, self._words, self._domains = bridge, words, domains
        self.list = FacilityList(bridge, words, lambda: domains.assets or {}, self.name)
        self.detail = FacilityDetail(bridge, words, domains, self.name)
        self.list.facility_wanted.connect(self.asset_wanted)
        self.detail.asset_wanted.connect(self.asset_wanted)
        self._pages = QStackedWidget()
        self._pages.addWidget(self.list)
        self._pages.addWidget(self.detail)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._pages)
        self.setFocusProxy(self._pages)
        bridge.linked.connect(self._on_linked)

    def name(self, asset_id: str) -> str:
        """The asset's name in the language of the screen; its id while the tree has not come."""
        asset = (self._domains.assets or {}).get(asset_id)
        return figures.plain(
            self._words.pick(asset.name, asset.name_en) or asset.id if asset else asset_id, 80
        )

    def show_domain(self, domain: str) -> None:
        """Show the facilities of a domain; "" for all."""
        self._pages.setCurrentWidget(self.list)
        self.list.show_domain(domain)

    def show_asset(self, asset_id: str) -> None:
        """Show one facility or device."""
        self._pages.setCurrentWidget(self.detail)
        self.detail.show_asset(asset_id)

    def apply(self, records: tuple[Any, ...]) -> None:
        """Take newer records."""
        self.detail.apply(records)

    @Slot(bool, str)
    def _on_linked(self, up: bool, _reason: str) -> None:
        if not up:
            return
        self._bridge.query("alarms", {}, self._take_alarms)
        self._bridge.query("incidents", {"search": "", "state": "open", "limit": 1000}, self._take_incidents)
        self._bridge.query("cameras", {}, self._take_cameras)
        self._bridge.query("site", {}, self._take_site)

    def _take_alarms(self, value: Any, error: str) -> None:
        if not error:
            self.detail.take_alarms(msgspec.convert(value, list[Alarm]))

    def _take_incidents(self, value: Any, error: str) -> None:
        if not error:
            self.detail.take_incidents(msgspec.convert(value, list[Incident]))

    def _take_cameras(self, value: Any, error: str) -> None:
        if not error:
            self.detail.take_cameras(msgspec.convert(value, list[Camera]))

    def _take_site(self, value: Any, error: str) -> None:
        if not error and isinstance(value, dict):
            self.detail.lists.documents_folder = str(value.get("documents", ""))
