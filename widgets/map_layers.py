"""Lines, areas and labels of the layers, drawn as a plain and quiet ground."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPainterPath, QPen, QPolygonF

from db.map_records import MapShapes
from widgets import figures, theme
from widgets.map_cluster import Floats, Ints
from widgets.map_frame import Datum, Frame

Boxes = np.ndarray[tuple[int, int], np.dtype[np.float64]]


class Look(NamedTuple):
    """How a kind of thing is drawn: its line, the line's width in pixels, its area ("" for none)."""

    line: str
    width: float
    area: str = ""
    dashed: bool = False


LOOKS = {
    "outline": Look("#52606d", 1.4),
    "road": Look("#343d46", 1.6),
    "water": Look("#2b3f52", 2.0, "#2b3f52"),
    "green": Look("#26312c", 1.0, "#232d2a"),
    "building": Look("#343c45", 1.0, "#2a3037"),
    "boundary": Look("#52606d", 1.2, dashed=True),
}
"""Quiet on FLOOR: the ground must not compete with what is abnormal."""

ORDER = ("green", "water", "building", "road", "boundary", "outline")
_LABEL_APART_PX = 8


class Layer:
    """One layer in the metres of one datum."""

    def __init__(self, shapes: MapShapes, datum: Datum) -> None:
        self._shapes = shapes
        at = np.frombuffer(shapes.at, dtype="<f8").reshape(-1, 2)
        self._x, self._y = datum.project(at[:, 0], at[:, 1])
        lengths = np.array(shapes.lengths, dtype=np.int64)
        self._ends: Ints = np.cumsum(lengths)
        self._starts: Ints = self._ends - lengths
        self._boxes = _boxes(self._x, self._y, self._starts)
        self._polygons: dict[int, QPolygonF] = {}
        self._areas: dict[int, QPainterPath] = {}
        order = [_rank(shapes.styles[style]) for style in shapes.parts]
        self._order = np.argsort(np.array(order, dtype=np.int64), kind="stable")
        labels = np.array([(lon, lat) for _, _, lon, lat in shapes.labels]).reshape(-1, 2)
        self._label_x, self._label_y = datum.project(labels[:, 0], labels[:, 1])
        points = np.array(shapes.points).reshape(-1, 2)
        self._point_x, self._point_y = datum.project(points[:, 0], points[:, 1])

    def paint(self, painter: QPainter, area: QRectF, scale: float) -> None:
        """Draw what touches `area`; the painter's units are metres."""
        margin = 4 * scale
        boxes = self._boxes
        seen = (
            (boxes[:, 0] <= area.right() + margin) & (boxes[:, 2] >= area.left() - margin)
            & (boxes[:, 1] <= area.bottom() + margin) & (boxes[:, 3] >= area.top() - margin)
            & (np.maximum(boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]) > scale)
        )  # fmt: skip
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for part in self._order[seen[self._order]]:
            self._paint_part(painter, int(part), scale)
        self._paint_points(painter, area, scale)

    def _paint_part(self, painter: QPainter, part: int, scale: float) -> None:
        shapes = self._shapes
        look = LOOKS.get(shapes.styles[shapes.parts[part]], LOOKS["outline"])
        pen = QPen(QColor(look.line), max(look.width * scale, shapes.widths[part]))
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        if look.dashed:
            pen.setStyle(Qt.PenStyle.DashLine)
        painter.setPen(pen)
        if shapes.holes[part]:
            return  # drawn with the area around it
        if shapes.closed[part]:
            painter.setBrush(QColor(look.area) if look.area else Qt.BrushStyle.NoBrush)
            painter.drawPath(self._area(part))
        else:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawPolyline(self._polygon(part))

    def _area(self, part: int) -> QPainterPath:
        """A ring and the holes that follow it."""
        found = self._areas.get(part)
        if found is None:
            found = self._areas[part] = QPainterPath()
            ring = part
            while ring == part or (ring < len(self._shapes.holes) and self._shapes.holes[ring]):
                found.addPolygon(self._polygon(ring))
                found.closeSubpath()
                ring += 1
        return found

    def _polygon(self, part: int) -> QPolygonF:
        found = self._polygons.get(part)
        if found is None:
            x = self._x[self._starts[part] : self._ends[part]].tolist()
            y = self._y[self._starts[part] : self._ends[part]].tolist()
            found = self._polygons[part] = QPolygonF([QPointF(*at) for at in zip(x, y, strict=True)])
        return found

    def _paint_points(self, painter: QPainter, area: QRectF, scale: float) -> None:
        x, y = self._point_x, self._point_y
        seen = (x > area.left()) & (x < area.right()) & (y > area.top()) & (y < area.bottom())
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(LOOKS["outline"].line))
        for at in np.flatnonzero(seen)[:4000]:
            painter.drawEllipse(QPointF(float(x[at]), float(y[at])), 2 * scale, 2 * scale)

    def paint_labels(self, painter: QPainter, frame: Frame, taken: list[QRectF], *, english: bool) -> None:
        """Write names in pixels; one that would cover another is left out."""
        if not self._shapes.labels:
            return
        x = (self._label_x - frame.x) / frame.scale + frame.width / 2
        y = (self._label_y - frame.y) / frame.scale + frame.height / 2
        font = theme.font(13)
        metrics = QFontMetrics(font)
        painter.setFont(font)
        painter.setPen(QColor("#7c8894"))
        inside = (x > 0) & (x < frame.width) & (y > 0) & (y < frame.height)
        for at in np.flatnonzero(inside)[:200]:
            text, text_en, _, _ = self._shapes.labels[at]
            name = figures.plain((text_en or text) if english else (text or text_en), 40)
            room = metrics.boundingRect(name)
            box = QRectF(0, 0, room.width() + _LABEL_APART_PX, room.height() + _LABEL_APART_PX)
            box.moveCenter(QPointF(float(x[at]), float(y[at])))
            if not any(box.intersects(other) for other in taken):
                taken.append(box)
                painter.drawText(box, Qt.AlignmentFlag.AlignCenter, name)


def convert(value: Any) -> MapShapes:
    """The answer of `map.layer`; raises msgspec.ValidationError for what is none."""
    return msgspec.convert(value, MapShapes)


def _boxes(x: Floats, y: Floats, starts: Sequence[int] | Ints) -> Boxes:
    """West, north, east, south of each part in metres."""
    if not len(starts):
        return np.empty((0, 4))
    ends = [np.minimum.reduceat(x, starts), np.minimum.reduceat(y, starts)]
    ends += [np.maximum.reduceat(x, starts), np.maximum.reduceat(y, starts)]
    return np.stack(ends, axis=1)


def _rank(style: str) -> int:
    return ORDER.index(style) if style in ORDER else len(ORDER)
