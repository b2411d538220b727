"""The small pictures of the map, and round lengths."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPen, QPixmap, QPolygonF

from widgets import theme
from widgets.map_cluster import PRIORITY_OF, UNKNOWN

FLOOR = "#20252b"
CAMERA_COLOUR = {
    "live": theme.TEXT, "starting": theme.DIM, "idle": "#6b7681", "stale": theme.PRIORITY[3],
    "frozen": theme.PRIORITY[2], "black": theme.PRIORITY[2], "offline": theme.PRIORITY[4],
}  # fmt: skip

_NOT_AT_FAULT = ("live", "starting", "idle")


def draw_camera(painter: QPainter, at: QPointF, state: str) -> None:
    """A camera: plain grey while nobody watches it, struck through when it fails those who do."""
    painter.setPen(QPen(QColor(CAMERA_COLOUR.get(state, theme.PRIORITY[4])), 1.6))
    painter.setBrush(QColor(FLOOR))
    painter.drawRect(QRectF(at.x() - 6, at.y() - 4, 9, 8))
    lens = [QPointF(at.x() + 3, at.y()), QPointF(at.x() + 8, at.y() - 4), QPointF(at.x() + 8, at.y() + 4)]
    painter.drawPolygon(QPolygonF(lens))
    if state not in _NOT_AT_FAULT:
        painter.drawLine(at + QPointF(-8, 7), at + QPointF(10, -7))


def round_metres(metres: float) -> float:
    """The next round length near `metres`, for grids and scale bars."""
    power = 10.0 ** math.floor(math.log10(metres))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= metres * 0.7)


def sprite(worst: int, count: int, ratio: float) -> QPixmap:
    """A cell as a picture: a grey disc with its count, or the shape of its worst."""
    side = 44
    picture = QPixmap(round(side * ratio), round(side * ratio))
    picture.setDevicePixelRatio(ratio)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    middle = QPointF(side / 2, side / 2)
    if worst > UNKNOWN:
        _draw_abnormal(painter, middle, PRIORITY_OF[worst], count)
    else:
        _draw_well(painter, middle, count, worst == UNKNOWN)
    painter.end()
    return picture


def _draw_well(painter: QPainter, middle: QPointF, count: int, is_unknown: bool) -> None:
    radius = 4.0 if count == 1 else min(19.0, 8 + 3.4 * math.log10(count) * 1.6)
    style = Qt.PenStyle.DashLine if is_unknown else Qt.PenStyle.SolidLine
    painter.setPen(QPen(QColor("#6b7681"), 1.2, style))
    painter.setBrush(QColor("#3a434d"))
    painter.drawEllipse(middle, radius, radius)
    if count > 1:
        font = theme.font(13)
        painter.setFont(font)
        painter.setPen(QColor(theme.TEXT))
        area = QRectF(middle.x() - 22, middle.y() - 22, 44, 44)
        painter.drawText(area, Qt.AlignmentFlag.AlignCenter, _short(count))


def _draw_abnormal(painter: QPainter, middle: QPointF, priority: int, count: int) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(theme.BAR))
    painter.drawEllipse(middle, 15, 15)
    area = QRectF(middle.x() - 9, middle.y() - 9.5, 18, 18)
    theme.paint_shape(painter, area, theme.SHAPES[priority], theme.priority_colour(priority), priority)
    if count > 1:
        text = f"×{_short(count)}"
        font = theme.font(13, bold=True)
        room = QFontMetrics(font).horizontalAdvance(text)
        box = QRectF(middle.x() + 21 - room, middle.y() + 7, room, 14)
        painter.fillRect(box, QColor(theme.BAR))
        painter.setFont(font)
        painter.setPen(QColor(theme.BRIGHT))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)


def _short(count: int) -> str:
    return (
        str(count) if count < 1000 else f"{count / 1000:.0f}k" if count >= 10_000 else f"{count / 1000:.1f}k"
    )
