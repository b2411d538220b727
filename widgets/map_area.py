"""What lies in the area that was chosen on the map: assets, alarms and cameras, with what one does next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QTabWidget,
    QVBoxLayout,
)

from widgets import figures, theme
from widgets.words import Words

MOST_ROWS = 500  # of one list; the count above it tells of all
_ID = Qt.ItemDataRole.UserRole
_KINDS = ("alarms", "assets", "cameras")


class Row(NamedTuple):
    """One thing in the area: its id, its name, the priority it shows (0 for none)."""

    id: str
    name: str
    priority: int


class AreaPanel(QFrame):
    """The lists beside the map.

    Signals:
        alarm_chosen, asset_chosen, camera_chosen: the id of what was clicked.
        alarms_wanted, cameras_wanted: the ids of all of the area (a tuple).
        package_wanted: take this piece of the map along.
        closed: the area is not needed any more.
    """

    alarm_chosen = Signal(str)
    asset_chosen = Signal(str)
    camera_chosen = Signal(str)
    alarms_wanted = Signal(object)
    cameras_wanted = Signal(object)
    package_wanted = Signal()
    closed = Signal()

    def __init__(self, words: Words) -> None:
        super().__init__()
        self.setObjectName("panel")
        self._words = words
        self._ids: dict[str, tuple[str, ...]] = dict.fromkeys(_KINDS, ())
        self._shown: dict[str, tuple[Row, ...]] = {}
        self.title, self.close_button = QLabel(), QPushButton("✕")
        self.title.setObjectName("title")
        self.close_button.setFixedWidth(32)
        self.close_button.clicked.connect(self.closed)
        self.tabs = QTabWidget()
        self.lists = {kind: self._list(kind) for kind in _KINDS}
        self.alarms_button, self.cameras_button, self.package_button = (QPushButton() for _ in range(3))
        self.alarms_button.clicked.connect(lambda: self.alarms_wanted.emit(self._ids["alarms"]))
        self.cameras_button.clicked.connect(lambda: self.cameras_wanted.emit(self._ids["cameras"]))
        self.package_button.clicked.connect(self.package_wanted)
        top = QHBoxLayout()
        top.addWidget(self.title, 1)
        top.addWidget(self.close_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 8)
        layout.addLayout(top)
        layout.addWidget(self.tabs, 1)
        for button in (self.alarms_button, self.cameras_button, self.package_button):
            layout.addWidget(button)
        self.setFixedWidth(270)
        self.setVisible(False)
        self.translate()

    def _list(self, kind: str) -> QListWidget:
        made = QListWidget()
        made.setIconSize(QSize(16, 16))
        made.setUniformItemSizes(True)
        signals = {"alarms": self.alarm_chosen, "assets": self.asset_chosen, "cameras": self.camera_chosen}
        chosen = signals[kind]
        made.itemClicked.connect(lambda item: chosen.emit(str(item.data(_ID))))
        made.itemActivated.connect(lambda item: chosen.emit(str(item.data(_ID))))
        self.tabs.addTab(made, "")
        return made

    def tell(self, alarms: Sequence[Row], assets: Sequence[Row], cameras: Sequence[Row]) -> None:
        """What lies in the area now; rows come worst first."""
        for kind, rows in zip(_KINDS, (alarms, assets, cameras), strict=True):
            self._ids[kind] = tuple(row.id for row in rows)
            shown = tuple(rows[:MOST_ROWS])
            if self._shown.get(kind) != shown:
                self._shown[kind] = shown
                self._fill(self.lists[kind], shown)
        self.translate()

    def open_first(self) -> None:
        """Come up with the first list that has something in it."""
        filled = [at for at, kind in enumerate(_KINDS) if self._ids[kind]]
        self.tabs.setCurrentIndex(filled[0] if filled else 0)

    def _fill(self, into: QListWidget, rows: Sequence[Row]) -> None:
        chosen = into.currentIndex().data(_ID)
        into.clear()
        for row in rows:
            item = QListWidgetItem(_icon(row.priority), figures.plain(row.name, 80))
            item.setData(_ID, row.id)
            into.addItem(item)
            if row.id == chosen:
                into.setCurrentItem(item)

    @Slot()
    def translate(self) -> None:
        """Write the texts anew."""
        text = self._words.text
        self.title.setText(text("map.area"))
        self.close_button.setToolTip(text("map.area_close"))
        for at, kind in enumerate(_KINDS):
            self.tabs.setTabText(at, f"{text(f'map.area_{kind}')} {len(self._ids[kind]):,}")
        self.alarms_button.setText(text("map.area_show_alarms"))
        self.cameras_button.setText(text("map.area_show_cameras"))
        self.package_button.setText(text("map.area_package"))
        self.alarms_button.setEnabled(bool(self._ids["alarms"]))
        self.cameras_button.setEnabled(bool(self._ids["cameras"]))


def _icon(priority: int) -> QIcon:
    shape, colour = (theme.SHAPES[priority], theme.PRIORITY[priority]) if priority else ("ring", theme.DIM)
    return QIcon(theme.shape_pixmap(shape, colour, priority, 16))
