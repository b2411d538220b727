"""A vector tile as a picture, in the quiet look of the other layers."""

from __future__ import annotations

from typing import Any

import numpy as np
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen, QPixmap, QPolygonF

from widgets.map_layers import LOOKS, ORDER

SIDE = 512  # pixels; twice a tile's, so that it stays sharp while one comes nearer
_UNITS = 4096


def drawn(shapes: dict[str, Any]) -> QPixmap:
    """The picture of what `map.tile` answers for a vector tile; clear where there is nothing."""
    picture = QPixmap(SIDE, SIDE)
    picture.fill(Qt.GlobalColor.transparent)
    at = np.frombuffer(shapes["at"], dtype="<i4").reshape(-1, 2) * (SIDE / _UNITS)
    ends = np.cumsum(shapes["lengths"], dtype=np.int64)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for style in ORDER:
        _draw(painter, shapes, at, ends, style)
    painter.end()
    return picture


def _draw(painter: QPainter, shapes: dict[str, Any], at: Any, ends: Any, style: str) -> None:
    """All features of one style: areas with their holes, then lines."""
    look = LOOKS[style]
    lines, areas, feature = QPainterPath(), QPainterPath(), -1
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(look.area or look.line))
    for part, (own, is_area) in enumerate(zip(shapes["styles"], shapes["areas"], strict=True)):
        if own != style:
            continue
        begin, end = int(ends[part]) - int(shapes["lengths"][part]), int(ends[part])
        polygon = QPolygonF([QPointF(x, y) for x, y in at[begin:end].tolist()])
        if not is_area:
            lines.addPolygon(polygon)
            continue
        if shapes["features"][part] != feature:
            painter.drawPath(areas)
            areas, feature = QPainterPath(), shapes["features"][part]
        areas.addPolygon(polygon)
    painter.drawPath(areas)
    pen = QPen(QColor(look.line), look.width * 2)
    if look.dashed:
        pen.setStyle(Qt.PenStyle.DashLine)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPath(lines)
