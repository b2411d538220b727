"""One facility (level 2) or device (level 3): how it is, how reliable it was, what belongs to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec
from PySide6.QtCore import QModelIndex, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QHideEvent, QIcon, QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from db.alarm_records import Alarm
from db.asset_records import Asset, Facility
from db.records import Camera, Incident
from widgets import figures, theme
from widgets.bridge import Bridge
from widgets.domain_model import Domains
from widgets.facility_lists import FacilityLists
from widgets.facility_texts import SPANS, channel_columns, device_columns, share, span
from widgets.one_line import OneLine
from widgets.table import RecordTable
from widgets.table_view import table_view
from widgets.trend_panel import TrendPanel
from widgets.words import Words

_AGAIN_MS, _AGE_MS = 30_000, 1000
_WIDE_PX = 1100
_SPAN_MS = {"shift": 12 * 3_600_000, "week": 7 * 86_400_000, "month": 30 * 86_400_000}


class FacilityDetail(QWidget):
    """Follows one asset; hidden, it asks nothing.

    Signals:
        asset_wanted: the id of a device that was chosen, or of the facility above.
        alarm_wanted, incident_wanted, camera_wanted: the id of what was chosen.
        raw_wanted: the source whose messages are asked for.
    """

    asset_wanted = Signal(str)
    alarm_wanted = Signal(str)
    incident_wanted = Signal(str)
    camera_wanted = Signal(str)
    raw_wanted = Signal(str)

    def __init__(self, bridge: Bridge, words: Words, domains: Domains, name: Callable[[str], str]) -> None:
        super().__init__()
        self._bridge, self._words, self._domains, self._name = bridge, words, domains, name
        self._id, self._span, self._asked = "", "week", 0
        self._found: Facility | None = None
        self._drawn: Asset | None = None  # the channel whose trend is shown
        self._below: dict[str, list[str]] = {}
        self._below_of: Mapping[str, Asset] | None = None
        self.devices = RecordTable(device_columns(words, name, self._seen), words, parent=self)
        self.channels = RecordTable(
            channel_columns(words, name, domains.value, bridge.now_ms), words, parent=self
        )
        self.lists = FacilityLists(words, domains, name)
        self._build()
        self._again = QTimer(self, interval=_AGAIN_MS)
        self._again.timeout.connect(self.read)
        self._ages = QTimer(self, interval=_AGE_MS)
        self._ages.timeout.connect(self._tick)
        words.changed.connect(self._translate)
        self._translate()

    def _build(self) -> None:
        self.mark, self.title = QLabel(), OneLine("title")
        self.figures, self.facts = OneLine(), OneLine("dim")
        self.spans = QButtonGroup(self)
        top = QHBoxLayout()
        top.addWidget(self.mark)
        top.addWidget(self.title, 1)
        for number, each in enumerate(SPANS):
            button = QPushButton()
            button.setCheckable(True)
            button.setChecked(each == self._span)
            self.spans.addButton(button, number)
            top.addWidget(button)
        self.spans.idClicked.connect(self._use_span)
        self.raw = QPushButton()
        self.raw.clicked.connect(self._want_raw)
        top.addWidget(self.raw)
        self.device_table = table_view(self.devices, {1: 64, 2: 84, 3: 142, 4: 66, 5: 72}, 0)
        self.channel_table = table_view(self.channels, {1: 140, 2: 72}, 0)
        self.device_table.clicked.connect(self._open_device)
        self.device_table.activated.connect(self._open_device)
        self.channel_table.clicked.connect(self._show_channel)
        self.channel_table.activated.connect(self._show_channel)
        self.tables = QStackedWidget()
        self.tables.addWidget(self.device_table)
        self.tables.addWidget(self.channel_table)
        self.trend = TrendPanel(self._bridge, self._words)
        self.trend.raw_wanted.connect(self.raw_wanted)
        upper = QSplitter(Qt.Orientation.Horizontal)
        upper.addWidget(self.tables)
        upper.addWidget(self.lists)
        upper.setSizes([560, 440])
        for wish in ("alarm_wanted", "incident_wanted", "camera_wanted"):
            getattr(self.lists, wish).connect(getattr(self, wish))
        self.lists.said.connect(self.facts.say)
        both = QSplitter(Qt.Orientation.Vertical)
        both.addWidget(upper)
        both.addWidget(self.trend)
        both.setSizes([480, 520])
        for split in (upper, both):
            split.setChildrenCollapsible(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 6)
        layout.setSpacing(4)
        layout.addLayout(top)
        layout.addWidget(self.figures)
        layout.addWidget(self.facts)
        layout.addWidget(both, 1)

    # --- what it is told

    @property
    def asset_id(self) -> str:
        """The asset that is shown."""
        return self._id

    def show_asset(self, asset_id: str) -> None:
        """Show this facility or device from now on."""
        asset = (self._domains.assets or {}).get(asset_id)
        if asset is None:
            return
        is_new = asset_id != self._id
        self._id = asset_id
        below = self._all_below(asset_id)
        self.lists.show_asset(asset, set(below))
        if is_new:
            self._found = None
            self.devices.replace(())
        channels = [each for each in self._children(asset_id) if each.kind == "channel"]
        self.channels.replace(channels)
        has_devices = any(each.kind == "device" for each in self._children(asset_id))
        self.tables.setCurrentIndex(0 if has_devices else 1)
        if is_new:
            self._begin_trend(asset, below)
        self._write()
        self.read()

    def _begin_trend(self, asset: Asset, below: list[str]) -> None:
        """The channel that decides how it is, else the first one that has a value."""
        state = self._domains.state(asset.id)
        worst = state.worst if state is not None else ""
        for asset_id in (worst, *below):
            each = (self._domains.assets or {}).get(asset_id)
            if each is not None and each.quantity and self._domains.value(asset_id) is not None:
                self._show_trend(each)
                return

    def _show_trend(self, channel: Asset) -> None:
        self._drawn = channel
        self.trend.show_series(channel.source, channel.quantity, self._path(channel))
        self._catch_up()

    def _path(self, channel: Asset) -> str:
        above = self._name(channel.parent) if channel.parent else ""
        return f"{above} › {self._name(channel.id)}"

    def _catch_up(self) -> None:
        """Give the trend the newest value, which went by while this was hidden."""
        latest = self._domains.value(self._drawn.id) if self._drawn is not None else None
        if latest is not None:
            self.trend.apply([latest])

    def apply(self, records: Iterable[Any]) -> None:
        """Take newer records; the domains' model has taken them already."""
        records = tuple(records)
        self.lists.apply(records)
        if self.isVisible():
            self.trend.apply(records)

    def take_alarms(self, alarms: Iterable[Alarm]) -> None:
        """Hold just these alarms as standing."""
        self.lists.take_alarms(alarms)

    def take_incidents(self, incidents: Iterable[Incident]) -> None:
        """Hold just these incidents as open."""
        self.lists.take_incidents(incidents)

    def take_cameras(self, cameras: Iterable[Camera]) -> None:
        """Hold just these cameras."""
        self.lists.take_cameras(cameras)

    # --- the figures

    @Slot()
    def read(self) -> None:
        """Ask the core for the figures, if anybody looks."""
        if not self._id or not self.isVisible():
            return
        self._asked += 1
        asked, now_ms = self._asked, self._bridge.now_ms()
        args = {"asset": self._id, "since_ms": now_ms - _SPAN_MS[self._span], "until_ms": now_ms}
        self._bridge.query("facility", args, lambda value, error: self._take(asked, value, error))

    def _take(self, asked: int, value: Any, error: str) -> None:
        if asked != self._asked:
            return
        if error:
            self.figures.say(self._words.text("facility.failed", error=figures.plain(error)))
            return
        self._found = msgspec.convert(value, Facility)
        self.devices.replace(self._found.devices)
        self.lists.take_found(self._found)
        self._write()

    @Slot(int)
    def _use_span(self, number: int) -> None:
        self._span = SPANS[number]
        self.read()

    # --- what people do

    @Slot(QModelIndex)
    def _open_device(self, index: QModelIndex) -> None:
        self.asset_wanted.emit(self.devices.record(index).id)

    @Slot(QModelIndex)
    def _show_channel(self, index: QModelIndex) -> None:
        self._show_trend(self.channels.record(index))

    @Slot()
    def _want_raw(self) -> None:
        asset = (self._domains.assets or {}).get(self._id)
        source = asset.source if asset is not None else ""
        self.raw_wanted.emit(source or (self.trend.series or ("", ""))[0])

    # --- showing

    def _children(self, asset_id: str) -> list[Asset]:
        assets = self._domains.assets or {}
        if self._below_of is not assets:
            self._below, self._below_of = {}, assets
            for each in assets.values():
                self._below.setdefault(each.parent, []).append(each.id)
        return [assets[each] for each in self._below.get(asset_id, ())]

    def _all_below(self, asset_id: str) -> list[str]:
        found = [asset_id]
        for each in found:
            found += [child.id for child in self._children(each)]
        return found

    def _seen(self, asset_id: str) -> str:
        state = self._domains.state(asset_id)
        if state is None or state.last_seen_ms is None:
            return "—"
        return self._words.age(self._bridge.age_s(state.last_seen_ms))

    @Slot()
    def _tick(self) -> None:
        self.channels.refresh()
        self.devices.refresh()
        self._write_head()

    def _write_head(self) -> None:
        state = self._domains.state(self._id)
        if state is not None:
            self.mark.setPixmap(theme.condition_icon(state.condition, 18, state.priority).pixmap(18, 18))
            word = self._words.text(f"condition.{state.condition.name.lower()}")
            alarms = self._words.text("cards.alarms", n=state.alarms) if state.alarms else ""
            told = " · ".join(each for each in (self._name(self._id), word, alarms) if each)
        else:
            self.mark.setPixmap(QIcon().pixmap(18, 18))
            told = self._name(self._id) if self._id else self._words.text("facility.choose")
        self.title.say(told)

    def _write(self) -> None:
        self._write_head()
        words, asset = self._words, (self._domains.assets or {}).get(self._id)
        if asset is None:
            return
        if self._found is not None:
            health = self._found.health
            self.figures.say(
                words.text(
                    "facility.figures",
                    span=words.text(f"facility.last_{self._span}"),
                    share=share(words, health.availability, health.known),
                    failures=health.failures,
                    mtbf=span(words, health.mtbf_ms),
                    work=health.open_work,
                )
            )
        else:
            self.figures.say(words.text("facility.reading"))
        self.facts.say(self._facts(asset))

    def _facts(self, asset: Asset) -> str:
        words, parts = self._words, []
        today = words.when(self._bridge.now_ms())[:10]
        for key, value in (
            ("grade", asset.grade),
            ("installed", asset.installed),
            ("inspected", asset.inspected),
            ("next", asset.inspect_by),
            ("address", asset.address),
            ("contact", asset.contact),
        ):
            if value:
                overdue = key == "next" and value < today
                name = "facility.fact_overdue" if overdue else f"facility.fact_{key}"
                parts.append(words.text(name, value=figures.plain(value, 60)))
        return " · ".join(parts) or words.text("facility.no_facts")

    @Slot()
    def _translate(self) -> None:
        for number, each in enumerate(SPANS):
            self.spans.button(number).setText(self._words.text(f"facility.last_{each}"))
        self.raw.setText(self._words.text("trend.raw"))
        if self._drawn is not None:
            self.trend.rename(self._path(self._drawn))
        self._write()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        for column in (4, 5):
            self.device_table.setColumnHidden(column, event.size().width() < _WIDE_PX)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._again.start()
        self._ages.start()
        self._catch_up()
        self.read()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._again.stop()
        self._ages.stop()
