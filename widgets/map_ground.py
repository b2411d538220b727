"""The ground under everything: tiles, layers and pictures, drawn once into blocks that panning only moves."""

from __future__ import annotations

import math
from collections import OrderedDict
from typing import Any

import msgspec
from PySide6.QtCore import QObject, QPointF, QRectF, Signal, Slot
from PySide6.QtGui import QColor, QPainter, QPixmap, QPolygonF, QTransform

from console.clock import Clock, SystemClock
from db.map_records import MapSheet
from widgets import map_vector
from widgets.bridge import Bridge
from widgets.map_frame import Datum, Frame
from widgets.map_layers import Layer, convert
from widgets.map_paint import FLOOR
from widgets.map_pictures import Sheets
from widgets.map_tiles import TileStore

BLOCK_PX = 256
MOST_BLOCKS = 160  # about 40 MiB
BUDGET_S = 0.006  # of drawing blocks in one frame; what is left comes with the next

_Block = tuple[int, int]


class Ground(QObject):
    """What lies under the assets.

    Signals:
        changed: there is more or other ground to draw.
        told: the maps were told anew, or one of them is found broken.
    """

    changed = Signal()
    told = Signal()

    def __init__(self, bridge: Bridge, clock: Clock | None = None) -> None:
        super().__init__()
        self._bridge, self._clock = bridge, clock or SystemClock()
        self.sheets: list[MapSheet] = []
        self.hidden: set[str] = set()
        self.plan = ""  # the map that is shown as a plan, over the rest
        self.english = False
        self.tiles = TileStore(bridge, map_vector.drawn)
        self.pictures = Sheets()
        self._shapes: dict[str, Any] = {}
        self._layers: dict[str, Layer] = {}
        self._faults: dict[str, str] = {}
        self._told_faults: set[str] = set()
        self._datum = Datum(126.978, 37.566)
        self._scale = 0.0
        self._ratio = 1.0
        self._blocks: OrderedDict[_Block, QPixmap] = OrderedDict()
        self._stale: set[_Block] = set()
        self._seen: list[_Block] = []
        self._older: dict[_Block, QPixmap] = {}
        self._older_scale = 0.0
        self.tiles.arrived.connect(self._on_tile)

    # --- what there is ---------------------------------------------------------

    def read(self) -> None:
        """Ask the core which maps there are."""
        self._bridge.query("maps", {}, self._take_sheets)

    def _take_sheets(self, value: Any, error: str) -> None:
        if error:
            return
        before = {sheet.id: sheet.version for sheet in self.sheets}
        self.sheets = msgspec.convert(value or [], list[MapSheet])
        self.tiles.sheets = self.sheets
        for sheet in self.sheets:
            failed = sheet.id in self._faults or sheet.id in self.tiles.faults
            if before.get(sheet.id) == sheet.version and not failed:
                continue  # what failed may have been the link's fault
            self.tiles.forget(sheet.id)
            self._faults.pop(sheet.id, None)
            self._told_faults.discard(sheet.id)
            if sheet.error:
                continue
            if sheet.kind == "shapes":
                self._ask(sheet, "map.layer", self._take_shapes)
            elif sheet.kind == "picture":
                self._ask(sheet, "map.picture", self._take_picture)
        self.forget_blocks()
        self.told.emit()

    def _ask(self, sheet: MapSheet, name: str, take: Any) -> None:
        self._bridge.query(name, {"map": sheet.id}, lambda value, error: take(sheet, value, error))

    def _take_shapes(self, sheet: MapSheet, value: Any, error: str) -> None:
        try:
            if error:
                raise ValueError(error)
            self._shapes[sheet.id] = convert(value)
            self._layers[sheet.id] = Layer(self._shapes[sheet.id], self._datum)
        except ValueError as fault:  # msgspec's is one too
            self._faults[sheet.id] = str(fault)
        self.forget_blocks()
        self.told.emit()

    def _take_picture(self, sheet: MapSheet, value: Any, error: str) -> None:
        fault = error or self.pictures.take(sheet, bytes(value))
        if fault:
            self._faults[sheet.id] = fault
        self.forget_blocks()
        self.told.emit()

    def fault(self, sheet: MapSheet) -> str:
        """What is wrong with a map, empty when nothing is."""
        return sheet.error or self._faults.get(sheet.id, "") or self.tiles.faults.get(sheet.id, "")

    def use(self, datum: Datum) -> None:
        """From now on metres count from here."""
        if datum != self._datum:
            self._datum = datum
            self._layers = {id_: Layer(shapes, datum) for id_, shapes in self._shapes.items()}
            self.forget_blocks()

    def shown(self, zoom: float) -> list[MapSheet]:
        """The maps that are drawn at this zoom, the lowest first."""
        return [
            sheet
            for sheet in self.sheets
            if sheet.id not in self.hidden
            and not sheet.error
            and sheet.shown_from - 0.5 <= zoom <= sheet.shown_to + 0.999
            and (not sheet.facility or sheet.id == self.plan)
        ]

    def show_plan(self, map_id: str) -> QRectF | None:
        """Lay a plan over the ground, or none; the metres that it covers."""
        self.plan = map_id
        self.forget_blocks()
        sheet = next((each for each in self.sheets if each.id == map_id), None)
        corners = self.pictures.corners(sheet, self._datum) if sheet is not None else None
        if corners is None:
            return None
        origin, right, low = corners
        every = QPolygonF([origin, right, right + low - origin, low])
        return every.boundingRect()

    def bounds(self) -> tuple[float, float, float, float] | None:
        """West, south, east, north of the smallest map that says it; None where none does."""
        known = [sheet.bounds for sheet in self.sheets if sheet.bounds and not sheet.error]
        return min(known, key=lambda b: (b[2] - b[0]) * (b[3] - b[1]), default=None)

    # --- blocks ------------------------------------------------------------------

    def forget_blocks(self) -> None:
        """All has to be drawn anew; what was drawn stays until it is."""
        self._stale.update(self._blocks)
        self.changed.emit()

    @Slot(str, int, int, int)
    def _on_tile(self, map_id: str, zoom: int, column: int, row: int) -> None:
        if map_id in self.tiles.faults and map_id not in self._told_faults:
            self._told_faults.add(map_id)
            self.told.emit()
        side = BLOCK_PX * self._scale
        area = self._datum.tile_rect(zoom, column, row)
        for block in self._blocks:
            if QRectF(block[0] * side, block[1] * side, side, side).intersects(area):
                self._stale.add(block)
        self.changed.emit()

    @property
    def is_waiting(self) -> bool:
        """Whether ground that is seen is still to be drawn or to come."""
        left = any(block in self._stale or block not in self._blocks for block in self._seen)
        return left or self.tiles.is_waiting

    def paint(self, painter: QPainter, frame: Frame, ratio: float) -> bool:
        """Draw the ground of a frame; what does not fit into the frame's time comes with the next.

        False where no map is shown at this scale.
        """
        self._seen = []
        if not self.shown(frame.zoom):
            return False
        if (frame.scale, ratio) != (self._scale, self._ratio):
            self._rescale(frame.scale, ratio)
        side = BLOCK_PX * frame.scale
        area = frame.area
        across = range(math.floor(area.left() / side), math.floor(area.right() / side) + 1)
        down = range(math.floor(area.top() / side), math.floor(area.bottom() / side) + 1)
        wanted = [(bx, by) for by in down for bx in across]
        self._seen = wanted
        missing = [block for block in wanted if block not in self._blocks]
        if missing and self._older:
            self._paint_older(painter, frame)
        self._draw_some(missing, wanted, frame)
        for block in wanted:
            picture = self._blocks.get(block)
            if picture is not None:
                self._blocks.move_to_end(block)
                painter.drawPixmap(self._corner(frame, block, frame.scale), picture)
        if all(block in self._blocks for block in wanted):
            self._older = {}
        if any(block in self._stale or block not in self._blocks for block in wanted):
            self.changed.emit()
        return True

    def _corner(self, frame: Frame, block: _Block, scale: float) -> QPointF:
        corner = frame.point(block[0] * BLOCK_PX * scale, block[1] * BLOCK_PX * scale)
        return QPointF(round(corner.x()), round(corner.y()))

    def _rescale(self, scale: float, ratio: float) -> None:
        if self._blocks and self._scale:
            self._older, self._older_scale = dict(self._blocks), self._scale
        self._blocks.clear()
        self._stale.clear()
        self.tiles.forget_wishes()
        self._scale, self._ratio = scale, ratio

    def _paint_older(self, painter: QPainter, frame: Frame) -> None:
        grown = BLOCK_PX * self._older_scale / frame.scale
        for (bx, by), picture in self._older.items():
            corner = frame.point(bx * BLOCK_PX * self._older_scale, by * BLOCK_PX * self._older_scale)
            target = QRectF(corner.x(), corner.y(), grown, grown)
            painter.drawPixmap(target, picture, QRectF(picture.rect()))

    def _draw_some(self, missing: list[_Block], wanted: list[_Block], frame: Frame) -> None:
        until_s = self._clock.monotonic_s() + BUDGET_S
        middle = (frame.x / BLOCK_PX / frame.scale - 0.5, frame.y / BLOCK_PX / frame.scale - 0.5)
        missing.sort(key=lambda block: abs(block[0] - middle[0]) + abs(block[1] - middle[1]))
        for block in [*missing, *(block for block in wanted if block in self._stale)]:
            self._blocks[block] = self._drawn(block, frame.scale)
            self._stale.discard(block)
            if self._clock.monotonic_s() > until_s:
                break
        while len(self._blocks) > MOST_BLOCKS:
            gone, _ = self._blocks.popitem(last=False)
            self._stale.discard(gone)

    def _drawn(self, block: _Block, scale: float) -> QPixmap:
        """One block of the ground as a picture."""
        ratio, side = self._ratio, BLOCK_PX * scale
        picture = QPixmap(round(BLOCK_PX * ratio), round(BLOCK_PX * ratio))
        picture.setDevicePixelRatio(ratio)
        picture.fill(QColor(FLOOR))
        painter = QPainter(picture)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        shift = QTransform.fromScale(1 / scale, 1 / scale)
        shift.translate(-block[0] * side, -block[1] * side)
        painter.setTransform(shift, True)
        area = QRectF(block[0] * side, block[1] * side, side, side)
        for sheet in self.shown(self._datum.zoom_of(scale)):
            painter.setOpacity(sheet.opacity)
            if sheet.kind == "tiles":
                self.tiles.paint(painter, sheet, self._datum, area, scale / ratio)
            elif sheet.kind == "shapes" and sheet.id in self._layers:
                self._layers[sheet.id].paint(painter, area, scale)
            elif sheet.kind == "picture":
                self.pictures.paint(painter, sheet, self._datum)
        painter.end()
        return picture

    def paint_labels(self, painter: QPainter, frame: Frame) -> None:
        """Write the names of the layers."""
        taken: list[QRectF] = []
        for sheet in self.shown(frame.zoom):
            layer = self._layers.get(sheet.id)
            if layer is not None:
                layer.paint_labels(painter, frame, taken, english=self.english)
