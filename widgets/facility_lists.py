"""What belongs to a facility, in tabs: alarms, incidents, when it was down, cameras, documents, work."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, QUrl, Signal, Slot
from PySide6.QtGui import QDesktopServices, QIcon, QShowEvent
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QTabWidget, QVBoxLayout, QWidget

from db.alarm_records import Alarm, AlarmState
from db.asset_records import Asset, Facility
from db.records import Camera, Incident
from widgets import figures, theme
from widgets.domain_model import Domains
from widgets.facility_texts import span
from widgets.words import Words

OPENED = (
    ".pdf", ".hwp", ".hwpx", ".doc", ".docx", ".xls", ".xlsx", ".ppt", ".pptx", ".odt", ".ods", ".txt",
    ".csv", ".png", ".jpg", ".jpeg", ".tif", ".tiff", ".dwg", ".dxf",
)  # fmt: skip
"""What may be opened from a register: papers and drawings, nothing that runs."""
TABS = ("alarms", "incidents", "downtimes", "cameras", "documents", "work")
_MOST = 200
Lines = list[tuple[str, str, QIcon | None]]
_STATES = {AlarmState.SUPPRESSED: "alarms.suppressed_state"}
_ID = Qt.ItemDataRole.UserRole


class FacilityLists(QTabWidget):
    """Each tab says how many; a press on a line asks for what it names.

    Signals:
        alarm_wanted, incident_wanted, camera_wanted: the id of what was chosen.
        said: a sentence for the operator.
    """

    alarm_wanted = Signal(str)
    incident_wanted = Signal(str)
    camera_wanted = Signal(str)
    said = Signal(str)

    def __init__(self, words: Words, domains: Domains, name: Callable[[str], str]) -> None:
        super().__init__()
        self._words, self._domains, self._name = words, domains, name
        self.documents_folder = ""
        self._asset: Asset | None = None
        self._is_stale = True
        self._below: set[str] = set()
        self._alarms: dict[str, Alarm] = {}
        self._incidents: dict[str, Incident] = {}
        self._cameras: list[Camera] = []
        self._found: Facility | None = None
        self.lists = {key: QListWidget() for key in TABS}
        for key, each in self.lists.items():
            each.setUniformItemSizes(True)
            each.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
            page = QWidget()
            layout = QVBoxLayout(page)
            layout.setContentsMargins(0, 0, 0, 0)
            layout.addWidget(each)
            self.addTab(page, key)
        self.setDocumentMode(True)
        for key, act in (
            ("alarms", self.alarm_wanted.emit),
            ("incidents", self.incident_wanted.emit),
            ("cameras", self.camera_wanted.emit),
            ("documents", self._open_document),
        ):
            self.lists[key].itemActivated.connect(lambda item, act=act: act(str(item.data(_ID) or "")))
        words.changed.connect(self._fill)

    # --- what it is told

    def show_asset(self, asset: Asset, below: set[str]) -> None:
        """Show what belongs to this asset and to those below it."""
        self._asset, self._below, self._found = asset, below, None
        self._fill()

    def apply(self, records: Iterable[Any]) -> None:
        """Take newer alarms and incidents."""
        touched = False
        for record in records:
            if isinstance(record, Alarm):
                touched = touched or record.asset in self._below
                if record.is_standing:
                    self._alarms[record.id] = record
                else:
                    self._alarms.pop(record.id, None)
            elif isinstance(record, Incident):
                touched = True
                if record.state == "open":
                    self._incidents[record.id] = record
                else:
                    self._incidents.pop(record.id, None)
        if touched:
            self._fill()

    def take_alarms(self, alarms: Iterable[Alarm]) -> None:
        """Hold just these alarms as standing."""
        self._alarms = {each.id: each for each in alarms if each.is_standing}
        self._fill()

    def take_incidents(self, incidents: Iterable[Incident]) -> None:
        """Hold just these incidents as open."""
        self._incidents = {each.id: each for each in incidents}
        self._fill()

    def take_cameras(self, cameras: Iterable[Camera]) -> None:
        """Hold just these cameras."""
        self._cameras = list(cameras)
        self._fill()

    def take_found(self, found: Facility) -> None:
        """Take when it was down and what work is open."""
        self._found = found
        self._fill()

    # --- showing

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._is_stale:
            self._fill()

    @Slot()
    def _fill(self) -> None:
        self._is_stale = not self.isVisible()
        if self._is_stale:
            return
        if self._asset is None:
            for at, key in enumerate(TABS):
                self.setTabText(at, self._words.text(f"facility.tab_{key}"))
            return
        lines: dict[str, Lines] = {
            "alarms": self._alarm_lines(),
            "incidents": self._incident_lines(),
            "downtimes": self._downtime_lines(),
            "cameras": self._camera_lines(),
            "documents": [(each, figures.plain(each, 160), None) for each in self._asset.documents],
            "work": [
                ("", figures.plain(each, 160), None) for each in (self._found.work if self._found else ())
            ],
        }
        for at, key in enumerate(TABS):
            self._show(key, lines[key])
            count = f" {len(lines[key])}" if lines[key] else ""
            self.setTabText(at, f"{self._words.text(f'facility.tab_{key}')}{count}")

    def _show(self, key: str, lines: Lines) -> None:
        view = self.lists[key]
        row = view.currentRow()
        view.clear()
        for wanted, text, icon in lines[:_MOST]:
            item = QListWidgetItem(text)
            item.setData(_ID, wanted)
            item.setToolTip(text)
            if icon is not None:
                item.setIcon(icon)
            view.addItem(item)
        if not lines:
            item = QListWidgetItem(self._words.text(f"facility.no_{key}"))
            item.setFlags(Qt.ItemFlag.NoItemFlags)
            view.addItem(item)
        view.setCurrentRow(min(row, len(lines) - 1))

    def _alarm_lines(self) -> Lines:
        own = [each for each in self._alarms.values() if each.asset in self._below]
        own.sort(key=lambda each: (each.priority, -each.raised_ms))
        return [
            (
                each.id,
                " · ".join(
                    part
                    for part in (
                        self._words.when(each.raised_ms)[5:16],
                        figures.plain(self._words.pick(each.name, each.name_en) or each.rule, 80),
                        self._name(each.asset),
                        self._words.text(_STATES.get(each.shown, f"alarms.{each.shown.value}")),
                    )
                    if part
                ),
                theme.priority_icon(each.priority, 16),
            )
            for each in own
        ]

    def _incident_lines(self) -> Lines:
        at = {each.id for each in self._alarms.values() if each.asset in self._below}
        known = set(self._found.incidents) if self._found else set()
        own = [each for each in self._incidents.values() if each.id in known or at.intersection(each.alarms)]
        own.sort(key=lambda each: (each.level, -each.opened_ms))
        return [
            (
                each.id,
                " · ".join(
                    (self._words.when(each.opened_ms)[5:16], figures.plain(each.title, 100), each.number)
                ),
                theme.priority_icon(each.level, 16),
            )
            for each in own
        ]

    def _downtime_lines(self) -> Lines:
        words, found = self._words, Lines()
        for each in self._found.downtimes if self._found else ():
            since = words.when(each.since_ms)[5:16]
            if each.until_ms is None:
                text = words.text("facility.down_since", device=self._name(each.device), since=since)
            else:
                lasted = span(words, each.until_ms - each.since_ms)
                text = words.text(
                    "facility.was_down", device=self._name(each.device), since=since, lasted=lasted
                )
            found.append((each.device, text, None))
        return found

    def _camera_lines(self) -> Lines:
        """Its own cameras, then the three nearest."""
        asset = self._asset
        assert asset is not None
        own = [each for each in self._cameras if each.asset and each.asset in self._below]
        if asset.lon is not None and asset.lat is not None:
            lon, lat = asset.lon, asset.lat
            near = sorted(
                (each for each in self._cameras if each not in own and each.lon is not None),
                key=lambda each: ((each.lon or 0) - lon) ** 2 + ((each.lat or 0) - lat) ** 2,
            )
            own += near[: max(0, 3 - len(own))]
        return [
            (each.id, f"{each.id} {figures.plain(self._words.pick(each.name, each.name_en), 80)}", None)
            for each in own
        ]

    def _open_document(self, name: str) -> None:
        """Let the desktop open a document that lies on this machine; only a press does that."""
        path = Path(self.documents_folder, name)
        if name and path.is_file() and path.suffix.lower() in OPENED:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(path)))
        elif name:
            self.said.emit(self._words.text("facility.cannot_open", name=figures.plain(name, 120)))
