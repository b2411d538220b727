"""The picture for the far wall: which area is not well, read from ten metres away.

One tile per facility, worst first; what does not fit is one tile that counts
the rest, so nothing abnormal can fall off the edge unseen.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import msgspec
from PySide6.QtCore import QRect, QRectF, Qt, QTimer, Slot
from PySide6.QtGui import QColor, QFontMetrics, QGuiApplication, QKeyEvent, QPainter, QPaintEvent, QShowEvent
from PySide6.QtWidgets import QWidget

from db.alarm_records import Alarm, AlarmState
from db.asset_records import Asset, AssetState, Condition, Crisis
from widgets import theme
from widgets.bridge import Bridge
from widgets.figures import plain
from widgets.words import Words

MOST_TILES = 24
_SIDE = 0.22
_COLUMNS = 4


@dataclass(frozen=True, slots=True)
class Tile:
    """One area: its facility, or `asset` None for the `count` that have no tile of their own."""

    asset: Asset | None
    state: AssetState | None
    count: int = 1
    abnormal: int = 0


def badness(state: AssetState | None) -> tuple[int, int]:
    """The worse an area is, the smaller; alarms before conditions."""
    if state is None:
        return (5, 0)
    return (state.priority or 5, -int(state.condition))


def tiles(facilities: Iterable[Asset], states: dict[str, AssetState], most: int = MOST_TILES) -> list[Tile]:
    """At most `most` tiles, worst first and by name among equals; the last counts what did not fit."""
    ordered = sorted(facilities, key=lambda each: (badness(states.get(each.id)), each.name, each.id))
    made = [Tile(each, states.get(each.id)) for each in ordered]
    if len(made) <= most:
        return made
    rest = made[most - 1 :]
    abnormal = [tile for tile in rest if _is_abnormal(tile.state)]
    return [*made[: most - 1], Tile(None, rest[0].state, len(rest), len(abnormal))]


def _is_abnormal(state: AssetState | None) -> bool:
    return state is not None and (bool(state.priority) or state.condition > Condition.UNKNOWN)


class AreaWall(QWidget):
    """A window of its own for a screen on the wall; it follows the core and takes no input but Esc."""

    def __init__(self, bridge: Bridge, words: Words) -> None:
        super().__init__(None, Qt.WindowType.Window)
        self._bridge, self._words = bridge, words
        self._facilities: list[Asset] = []
        self._states: dict[str, AssetState] = {}
        self._alarms: dict[str, Alarm] = {}
        self._crises: dict[str, Crisis] = {}
        self.tiles: list[Tile] = []
        self.district = ""
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMinimumSize(640, 360)
        bridge.linked.connect(self._on_linked)
        words.changed.connect(self._translate)
        self._ticker = QTimer(self)
        self._ticker.setInterval(1000)
        self._ticker.timeout.connect(self.update)
        self._ticker.start()
        self._translate()
        self._on_linked(bridge.is_linked, "")

    def show_on_wall(self) -> None:
        """Fill the last screen that is not the seat's own, or open as a window where there is one screen."""
        screens = QGuiApplication.screens()
        if len(screens) > 1:
            self.setGeometry(screens[-1].geometry())
            self.showFullScreen()
        else:
            self.resize(1280, 720)
            self.show()
        self.raise_()

    # --- what arrives

    @Slot(bool, str)
    def _on_linked(self, up: bool, _reason: str) -> None:
        if up:
            self._bridge.assets(self._take_assets)
        self.update()

    def _take_assets(self, value: Any, error: str) -> None:
        if not error:
            assets = msgspec.convert(value, list[Asset])
            self._facilities = [each for each in assets if each.kind == "facility"]
            district = next((each for each in assets if each.kind == "district"), None)
            self.district = self._words.pick(district.name, district.name_en) if district else ""
            self._settle()

    @Slot(object)
    def apply(self, records: Iterable[Any]) -> None:
        """Take newer records; unseen it only keeps them."""
        touched = False
        for record in records:
            if isinstance(record, AssetState):
                self._states[record.id] = record
                touched = True
            elif isinstance(record, Alarm):
                self._take_alarm(record)
            elif isinstance(record, Crisis):
                self._crises[record.kind] = record
        if self.isVisible():
            if touched:
                self._settle()
            self.update()

    def _take_alarm(self, alarm: Alarm) -> None:
        if alarm.is_standing and alarm.shown is alarm.state:
            self._alarms[alarm.id] = alarm
        else:
            self._alarms.pop(alarm.id, None)

    def _settle(self) -> None:
        self.tiles = tiles(self._facilities, self._states)

    def counts(self, priority: int) -> tuple[int, int]:
        """(unacknowledged, all) announced alarms of a priority."""
        of = [each for each in self._alarms.values() if each.priority == priority]
        return sum(each.state is AlarmState.UNACKNOWLEDGED for each in of), len(of)

    # --- drawing

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(theme.GROUND))
        head = max(56, self.height() // 10)
        side = round(self.width() * _SIDE)
        self._paint_head(painter, QRect(0, 0, self.width(), head))
        self._paint_counts(painter, QRect(0, head, side, self.height() - head))
        area = QRect(side, head, self.width() - side, self.height() - head).adjusted(8, 8, -12, -12)
        self._paint_tiles(painter, area)
        if not self._bridge.is_linked:
            self._paint_old(painter, self.rect().adjusted(0, head, 0, 0))
        painter.end()

    def _paint_head(self, painter: QPainter, area: QRect) -> None:
        painter.fillRect(area, QColor(theme.BAR))
        inner = area.adjusted(16, 0, -16, 0)
        pixels = area.height() // 2
        now = self._words.when(self._bridge.now_ms())
        self._text(painter, inner, now, pixels, theme.BRIGHT, Qt.AlignmentFlag.AlignRight)
        crisis = max(self._crises.values(), key=lambda each: each.level, default=None)
        title, colour = self.district, theme.TEXT
        if crisis is not None and crisis.level:
            level = self._words.text(f"wall.crisis_{crisis.level}")
            title, colour = f"{self.district} · {level} · {plain(crisis.kind, 40)}", theme.PRIORITY[3]
            if crisis.exercise:
                title = f"{title} ({self._words.text('wall.exercise')})"
        room = inner.adjusted(
            0, 0, -QFontMetrics(theme.font(pixels, bold=True)).horizontalAdvance(now) - 24, 0
        )
        self._text(painter, room, title, pixels, colour, Qt.AlignmentFlag.AlignLeft)

    def _paint_counts(self, painter: QPainter, area: QRect) -> None:
        high = area.height() // 4
        for place, priority in enumerate((1, 2, 3, 4)):
            row = QRect(area.left() + 16, area.top() + place * high, area.width() - 24, high)
            new, every = self.counts(priority)
            side = min(high // 2, row.width() // 3)
            spot = QRectF(row.left(), row.center().y() - side / 2, side, side)
            painter.setOpacity(1.0 if every else 0.3)
            theme.paint_shape(
                painter, spot, theme.SHAPES[priority], theme.priority_colour(priority), priority
            )
            painter.setOpacity(1.0)
            beside = row.adjusted(side + 12, 0, 0, -row.height() // 2)
            colour = theme.BRIGHT if new else theme.DIM
            self._text(painter, beside, str(every), high // 3, colour, Qt.AlignmentFlag.AlignBottom)
            said = self._words.text("wall.new", n=new) if every else self._words.text("wall.none")
            below = row.adjusted(side + 12, row.height() // 2, 0, 0)
            self._text(painter, below, said, max(16, high // 8), colour, Qt.AlignmentFlag.AlignTop)

    def _paint_tiles(self, painter: QPainter, area: QRect) -> None:
        if not self.tiles:
            self._text(
                painter, area, self._words.text("wall.empty"), 28, theme.DIM, Qt.AlignmentFlag.AlignCenter
            )
            return
        columns = min(_COLUMNS, len(self.tiles))
        rows = -(-len(self.tiles) // columns)
        wide, high = area.width() / columns, min(area.height() / rows, area.height() / 3)
        for place, tile in enumerate(self.tiles):
            row, column = divmod(place, columns)
            box = QRectF(area.left() + column * wide, area.top() + row * high, wide, high)
            self._paint_tile(painter, box.adjusted(3, 3, -3, -3).toRect(), tile)

    def _paint_tile(self, painter: QPainter, box: QRect, tile: Tile) -> None:
        state = tile.state
        condition = state.condition if state is not None else Condition.UNKNOWN
        shape, colour, number = theme.condition_look(condition, state.priority if state else 0)
        abnormal = _is_abnormal(state)
        painter.fillRect(box, QColor(theme.RAISED if abnormal else theme.PANEL))
        painter.setPen(QColor(colour if abnormal else theme.LINE))
        painter.drawRect(box)
        side = min(box.height() - 12, 64)
        theme.paint_shape(
            painter, QRectF(box.left() + 10, box.center().y() - side / 2, side, side), shape, colour, number
        )
        beside = box.adjusted(side + 22, 4, -8, -4)
        name, said = self._tile_texts(tile)
        pixels = max(16, min(30, box.height() // 3, box.width() // 12))
        upper = beside.adjusted(0, 0, 0, -beside.height() // 2)
        lower = beside.adjusted(0, beside.height() // 2, 0, 0)
        strong = theme.BRIGHT if abnormal else theme.DIM
        self._text(painter, upper, name, pixels, strong, Qt.AlignmentFlag.AlignBottom)
        self._text(painter, lower, said, max(15, pixels * 2 // 3), strong, Qt.AlignmentFlag.AlignTop)

    def _tile_texts(self, tile: Tile) -> tuple[str, str]:
        words, state = self._words, tile.state
        if tile.asset is None:
            return words.text("wall.rest", n=tile.count), words.text("wall.rest_abnormal", n=tile.abnormal)
        name = plain(words.pick(tile.asset.name, tile.asset.name_en), 80)
        if state is None:
            return name, words.text("wall.not_arrived")
        said = f"{state.well}/{state.total}"
        if state.alarms:
            said = f"{said} · {words.text('wall.alarms', n=state.alarms)}"
        return name, said

    def _paint_old(self, painter: QPainter, area: QRect) -> None:
        """The link is lost: hatched, with the time of what is shown."""
        painter.fillRect(area, QColor(27, 31, 36, 170))
        painter.setPen(QColor(theme.PRIORITY[1]))
        for left in range(area.left() - area.height(), area.right(), 36):
            painter.drawLine(left, area.bottom(), left + area.height(), area.top())
        at_ms = self._bridge.last_ms
        text = self._words.text("link.never")
        if at_ms is not None:
            text = self._words.text("link.lost", time=self._words.time(at_ms))
        band = QRect(area.left(), area.center().y() - 40, area.width(), 80)
        painter.fillRect(band, QColor(theme.PRIORITY[1]))
        self._text(painter, band, text, 26, theme.ON_COLOUR, Qt.AlignmentFlag.AlignCenter)

    def _text(
        self, painter: QPainter, area: QRect, text: str, pixels: int, colour: str, align: Qt.AlignmentFlag
    ) -> None:
        font = theme.font(pixels, bold=True)
        painter.setFont(font)
        painter.setPen(QColor(colour))
        elided = QFontMetrics(font).elidedText(text, Qt.TextElideMode.ElideRight, area.width())
        if align in (Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignRight):
            align |= Qt.AlignmentFlag.AlignVCenter
        painter.drawText(area, align, elided)

    # --- hands

    def showEvent(self, event: QShowEvent) -> None:
        self._settle()
        super().showEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.close()
        else:
            super().keyPressEvent(event)

    @Slot()
    def _translate(self) -> None:
        self.setWindowTitle(self._words.text("wall.title"))
        self.update()
