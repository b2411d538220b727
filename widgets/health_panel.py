"""Facility health: the asset tree above, the trend of the chosen channel below."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from PySide6.QtCore import QModelIndex, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QHideEvent, QKeySequence, QResizeEvent, QShortcut, QShowEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QSplitter,
    QStackedWidget,
    QTreeView,
    QVBoxLayout,
    QWidget,
)

from db.asset_records import Asset, AssetState, Condition
from db.records import Latest
from widgets import figures
from widgets.bridge import Bridge
from widgets.health_model import AssetTree, Node, Role
from widgets.trend_panel import TrendPanel
from widgets.words import Words

_AGE_MS = 1000
_ORDER_TICKS = 3  # put in order again each so many ticks, unless the pointer is on the tree
_FILTER_MS = 250
_NARROW_PX = 700  # narrower panels leave out the columns that matter least
_SHARE, _ALARMS = 2, 5
_OPEN_MOST = 300


class HealthPanel(QWidget):
    """The tree of district, facilities, devices and channels.

    Signals:
        trend_wanted: source and quantity of the channel that was chosen.
        asset_selected: the id of the chosen asset.
    """

    trend_wanted = Signal(str, str)
    asset_selected = Signal(str)

    def __init__(self, bridge: Bridge, words: Words, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._words = words
        self._kept: dict[Any, Any] = {}  # newest records that came while nobody looked
        self._open: set[str] = set()
        self._trended = ""  # the asset whose trend is shown
        self._error = ""
        self._ticks = 0
        self.model = AssetTree(words, bridge.now_ms, self)
        self._build()
        self._filter_timer = QTimer(self, singleShot=True, interval=_FILTER_MS)
        self._filter_timer.timeout.connect(self._filter)
        self._age_timer = QTimer(self, interval=_AGE_MS)
        self._age_timer.timeout.connect(self._tick)
        bridge.linked.connect(self._on_linked)
        words.changed.connect(self._translate)
        self._translate()

    def _build(self) -> None:
        self.title, self.summary, self.empty = (
            QLabel(),
            QLabel(),
            QLabel(alignment=Qt.AlignmentFlag.AlignCenter),
        )
        self.title.setObjectName("title")
        self.summary.setObjectName("dim")
        self.empty.setObjectName("dim")
        self.empty.setWordWrap(True)
        for label in (self.title, self.summary, self.empty):
            label.setTextFormat(Qt.TextFormat.PlainText)
        self.search = QLineEdit(clearButtonEnabled=True)
        self.search.textChanged.connect(self._on_search)
        self.worst_first = QCheckBox()
        self.worst_first.setChecked(True)
        self.worst_first.toggled.connect(self.model.set_worst_first)
        self.open_abnormal = QPushButton()
        self.open_abnormal.clicked.connect(self.show_abnormal)
        self._build_tree()
        self.trend = TrendPanel(self._bridge, self._words)
        self.pages = QStackedWidget()
        self.pages.addWidget(self.tree)
        self.pages.addWidget(self.empty)
        split = QSplitter(Qt.Orientation.Vertical)
        split.addWidget(self.pages)
        split.addWidget(self.trend)
        split.setStretchFactor(0, 3)
        split.setStretchFactor(1, 2)
        split.setChildrenCollapsible(False)
        split.setSizes([550, 450])
        top = QHBoxLayout()
        top.addWidget(self.title)
        top.addWidget(self.summary, 1)
        bar = QHBoxLayout()
        bar.addWidget(self.search, 1)
        bar.addWidget(self.worst_first)
        bar.addWidget(self.open_abnormal)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 6)
        layout.setSpacing(6)
        layout.addLayout(top)
        layout.addLayout(bar)
        layout.addWidget(split, 1)
        find = QShortcut(
            QKeySequence.StandardKey.Find, self, context=Qt.ShortcutContext.WidgetWithChildrenShortcut
        )
        find.activated.connect(self.search.setFocus)
        clear = QShortcut(QKeySequence("Esc"), self.search, context=Qt.ShortcutContext.WidgetShortcut)
        clear.activated.connect(self.search.clear)

    def _build_tree(self) -> None:
        self.tree = QTreeView(uniformRowHeights=True, allColumnsShowFocus=True)
        self.tree.setModel(self.model)
        header = self.tree.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column, width in enumerate((96, 132, 104, 92, 56), 1):
            header.resizeSection(column, width)
        header.setMinimumSectionSize(48)
        self.setFocusProxy(self.tree)
        self.tree.selectionModel().currentChanged.connect(self._on_current)
        self.tree.expanded.connect(lambda index: self._remember(index, True))
        self.tree.collapsed.connect(lambda index: self._remember(index, False))

    # --- what it is told -----------------------------------------------------

    def apply(self, records: Iterable[Any]) -> None:
        """Take newer records; hidden, only keep the newest of each."""
        mine = [record for record in records if isinstance(record, AssetState | Latest)]
        if not self.isVisible() or len(self.model) == 0:
            self._kept.update((record.key, record) for record in mine)
            return
        if mine:
            self.model.apply(mine)
            self.tree.viewport().update()
            self.trend.apply(mine)
            self._write_summary()
            self._begin_trend()

    def show_series(self, source: str, quantity: str, name: str = "") -> None:
        """Show the trend of a series below the tree."""
        self._trended = ""
        self.trend.show_series(source, quantity, name)

    def _begin_trend(self) -> None:
        """While nobody has chosen a channel, show the one that decides how the district is."""
        if self.trend.series is not None:
            return
        channel = self.model.worst_channel()
        if channel is not None:
            self._show_trend(channel)

    def _show_trend(self, channel: Asset) -> None:
        self._trended = channel.id
        self.trend.show_series(channel.source, channel.quantity, self.model.path(channel.id))
        latest = self.model.latest(channel)
        if latest is not None:
            self.trend.apply([latest])

    def show_asset(self, asset_id: str) -> bool:
        """Choose an asset in the tree; False when there is none."""
        index = self.model.find(asset_id)
        if not index.isValid() and self.search.text():
            self.search.clear()
            self._filter()
            index = self.model.find(asset_id)
        if not index.isValid():
            return False
        self.tree.setCurrentIndex(index)
        self.tree.scrollTo(index)
        return True

    @Slot(bool, str)
    def _on_linked(self, up: bool, _reason: str) -> None:
        if up:
            self.read()

    def read(self) -> None:
        """Ask the core for the tree."""
        self._bridge.assets(self._take_assets)

    def _take_assets(self, value: Any, error: str) -> None:
        self._error = error
        if not error:
            self.model.set_assets(msgspec.convert(value, list[Asset]))
            self._catch_up()
            self._restore_open()
        self._show_page()

    def _catch_up(self) -> None:
        if self._kept and len(self.model):
            kept, self._kept = list(self._kept.values()), {}
            self.model.apply(kept)
            self.model.arrange()
            self.trend.apply(kept)
            self._begin_trend()
        self._write_summary()

    # --- what people do ------------------------------------------------------

    @Slot(QModelIndex, QModelIndex)
    def _on_current(self, current: QModelIndex, _before: QModelIndex) -> None:
        node = self.model.node(current)
        if node is None or node.asset is None:
            return
        self.asset_selected.emit(node.asset.id)
        if node.asset.quantity:
            self._show_trend(node.asset)
            self.trend_wanted.emit(node.asset.source, node.asset.quantity)

    @Slot()
    def show_abnormal(self) -> None:
        """Open the way down to what is not well, the worst first, and choose the worst."""
        self.tree.collapseAll()
        left = _OPEN_MOST
        level = [self.model.index(row, 0) for row in range(self.model.rowCount())]
        first = QModelIndex()
        while level and left > 0:
            below: list[QModelIndex] = []
            for index in level:
                node = self.model.node(index)
                if node is None or not self._is_abnormal(node) or left <= 0:
                    continue
                first = index if not self.model.rowCount(index) else first
                self.tree.setExpanded(index, True)
                left -= 1
                below += [self.model.index(row, 0, index) for row in range(self.model.rowCount(index))]
            level = below
        if first.isValid():
            self.tree.scrollTo(first)

    @staticmethod
    def _is_abnormal(node: Node) -> bool:
        return node.state is not None and node.state.condition > Condition.UNKNOWN

    @Slot(str)
    def _on_search(self, _text: str) -> None:
        self._filter_timer.start()

    @Slot()
    def _filter(self) -> None:
        self._filter_timer.stop()
        self.model.set_filter(self.search.text())
        self._restore_open()
        self._show_page()

    def _remember(self, index: QModelIndex, is_open: bool) -> None:
        asset_id = self.model.data(index, Role.NODE_ID)
        if is_open:
            self._open.add(asset_id)
        elif not self.search.text():
            self._open.discard(asset_id)

    def _restore_open(self) -> None:
        if self.search.text():
            self.tree.expandToDepth(2 if len(self.model) < 5000 else 1)
            return
        if not self._open:
            self.tree.expandToDepth(0)
        for asset_id in tuple(self._open):
            index = self.model.find(asset_id)
            if index.isValid():
                self.tree.setExpanded(index, True)

    # --- showing -------------------------------------------------------------

    def _show_page(self) -> None:
        text = self.search.text().strip()
        if self._error and len(self.model) == 0:
            self.empty.setText(self._words.text("health.failed", error=figures.plain(self._error)))
        elif text:
            self.empty.setText(self._words.text("health.empty_filter", text=figures.plain(text, 60)))
        else:
            self.empty.setText(self._words.text("health.empty"))
        self.pages.setCurrentIndex(0 if self.model.rowCount() else 1)
        self._write_summary()

    def _write_summary(self) -> None:
        well, total = self.model.total()
        share = well * 100 // total if total else 0
        text = self._words.text("health.summary", well=f"{well:,}", total=f"{total:,}", share=share)
        self.summary.setText(text if total else "")

    @Slot()
    def _tick(self) -> None:
        self._ticks += 1
        if self._ticks % _ORDER_TICKS == 0 and not self.tree.viewport().underMouse():
            self.model.arrange()
        self.tree.viewport().update()

    @Slot()
    def _translate(self) -> None:
        self.title.setText(self._words.text("health.title"))
        self.search.setPlaceholderText(self._words.text("health.filter"))
        self.worst_first.setText(self._words.text("health.worst_first"))
        self.open_abnormal.setText(self._words.text("health.expand"))
        if self._trended:
            self.trend.rename(self.model.path(self._trended))
        self.model.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, self.model.columnCount() - 1)
        self.tree.viewport().update()
        self._show_page()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._age_timer.start()
        if len(self.model) == 0:
            self.read()
        self._catch_up()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        for column in (_SHARE, _ALARMS):
            self.tree.setColumnHidden(column, event.size().width() < _NARROW_PX)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._age_timer.stop()
