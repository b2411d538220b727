"""What is painted over the ground: small pictures, the scale, marks."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import lru_cache

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPen, QPixmap, QPolygonF

from widgets import figures, theme
from widgets.map_cluster import PRIORITY_OF, UNKNOWN, Clusters
from widgets.map_frame import Frame

FLOOR = "#20252b"
SPRITE_PX = 44
PULSE_MS = 1500
_PULSE_PX, _PULSE_STEPS = 55, 28
_MOST_SPRITES = 3000
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


class Sprites:
    """Draws clusters by pictures that are made once for each worst and count."""

    def __init__(self) -> None:
        self._made: dict[tuple[int, int, float], QPixmap] = {}

    def paint(self, painter: QPainter, frame: Frame, found: Clusters, *, only_abnormal: bool) -> None:
        """Draw those that are seen, in their order."""
        x = (found.x - frame.x) / frame.scale + frame.width / 2
        y = (found.y - frame.y) / frame.scale + frame.height / 2
        inside = (x > -40) & (x < frame.width + 40) & (y > -40) & (y < frame.height + 40)
        if only_abnormal:
            inside &= found.worst > UNKNOWN
        half = SPRITE_PX / 2
        lefts, tops = (x[inside] - half).tolist(), (y[inside] - half).tolist()
        worst, count = found.worst[inside].tolist(), found.count[inside].tolist()
        draw, ratio = painter.drawPixmap, painter.device().devicePixelRatioF()
        for left, top, bad, many in zip(lefts, tops, worst, count, strict=True):
            draw(QPointF(left, top), self._picture(bad, many, ratio))

    def _picture(self, worst: int, count: int, ratio: float) -> QPixmap:
        key = (worst, count, ratio)
        found = self._made.get(key)
        if found is None:
            if len(self._made) >= _MOST_SPRITES:
                self._made.clear()
            found = self._made[key] = sprite(worst, count, ratio)
        return found


def sprite(worst: int, count: int, ratio: float) -> QPixmap:
    """A cell as a picture: a grey disc with its count, or the shape of its worst."""
    side = SPRITE_PX
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


def paint_grid(painter: QPainter, frame: Frame) -> None:
    """A plain ground where no map is installed."""
    painter.setPen(QPen(QColor("#2a3138"), 1))
    step = round_metres(frame.scale * 160) / frame.scale
    origin = frame.point(0, 0)
    for at in range(math.ceil(frame.width / step) + 1):
        x = round(origin.x() % step + (at - 1) * step)
        painter.drawLine(x, 0, x, frame.height)
    for at in range(math.ceil(frame.height / step) + 1):
        y = round(origin.y() % step + (at - 1) * step)
        painter.drawLine(0, y, frame.width, y)


def paint_selected(painter: QPainter, frame: Frame, point: QPointF, name: str) -> None:
    """The ring around what is chosen, and its name."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(QColor(theme.BRIGHT), 2))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawEllipse(point, 18, 18)
    font = theme.font(14, bold=True)
    painter.setFont(font)
    text = figures.plain(name, 60)
    room = QFontMetrics(font).horizontalAdvance(text)
    left = point.x() + 24 if point.x() + 30 + room < frame.width else point.x() - 24 - room
    painter.fillRect(QRectF(left - 4, point.y() - 11, room + 8, 22), QColor(theme.GROUND))
    painter.drawText(QPointF(left, point.y() + 5), text)


def paint_pulses(painter: QPainter, pulses: Iterable[tuple[QPointF, int, float]]) -> None:
    """Rings that grow and fade at (point, how bad, ms since it began); of many in one place the worst."""
    rings: dict[tuple[int, int], tuple[QPointF, int, float]] = {}
    for point, bad, since_ms in pulses:
        here = (int(point.x()) // SPRITE_PX, int(point.y()) // SPRITE_PX)
        before = rings.get(here)
        if before is None or (bad, -since_ms) > (before[1], -before[2]):
            rings[here] = (point, bad, since_ms)
    for point, bad, since_ms in rings.values():
        _paint_pulse(painter, point, bad, min(1.0, max(0.0, since_ms / PULSE_MS)))


def _paint_pulse(painter: QPainter, point: QPointF, bad: int, part: float) -> None:
    ratio = painter.device().devicePixelRatioF()
    painter.drawPixmap(point - QPointF(_PULSE_PX, _PULSE_PX), _ring(bad, round(part * _PULSE_STEPS), ratio))


@lru_cache(maxsize=256)
def _ring(bad: int, step: int, ratio: float) -> QPixmap:
    """The picture of one step: drawing the curve anew for each of very many pulses takes too long."""
    side = round(2 * _PULSE_PX * ratio)
    picture = QPixmap(side, side)
    picture.setDevicePixelRatio(ratio)
    picture.fill(Qt.GlobalColor.transparent)
    part = step / _PULSE_STEPS
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    ink = QColor(theme.priority_colour(PRIORITY_OF.get(bad, 4)))
    ink.setAlphaF(1.0 - part)
    painter.setPen(QPen(ink, 3))
    painter.drawEllipse(QPointF(_PULSE_PX, _PULSE_PX), 12 + 40 * part, 12 + 40 * part)
    painter.end()
    return picture


def paint_area(painter: QPainter, frame: Frame, band: QRectF | None, area: QRectF | None) -> None:
    """The band that is being drawn (pixels), else the area that is chosen (metres)."""
    if band is None and area is not None:
        corners = frame.point(area.left(), area.top()), frame.point(area.right(), area.bottom())
        band = QRectF(*corners)
    if band is None:
        return
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    painter.setPen(QPen(QColor(theme.BRIGHT), 1, Qt.PenStyle.DashLine))
    ink = QColor(theme.BRIGHT)
    ink.setAlpha(10)
    painter.setBrush(ink)
    painter.drawRect(band)


def paint_scale(painter: QPainter, frame: Frame, notes: tuple[str, ...]) -> None:
    """A bar of a round length at the lower left, and beside it which maps these are."""
    metres = round_metres(frame.scale * 90)
    wide = metres / frame.scale
    base = frame.height - 10
    font = theme.font(13)
    text = f"{metres / 1000:g} km" if metres >= 1000 else f"{metres:g} m"
    room = QFontMetrics(font).horizontalAdvance(text)
    painter.setFont(font)
    shade = QColor(theme.GROUND)
    shade.setAlpha(190)
    painter.fillRect(QRectF(6, base - 14, wide + room + 18, 20), shade)
    painter.setPen(QPen(QColor(theme.DIM), 2))
    painter.drawLine(QPointF(12, base), QPointF(12 + wide, base))
    painter.drawLine(QPointF(12, base), QPointF(12, base - 5))
    painter.drawLine(QPointF(12 + wide, base), QPointF(12 + wide, base - 5))
    painter.drawText(QPointF(18 + wide, base + 1), text)
    left = 36 + wide + room
    line = QFontMetrics(font).elidedText(
        " · ".join(note for note in notes if note), Qt.TextElideMode.ElideRight, int(frame.width - left - 8)
    )
    if line:
        painter.fillRect(
            QRectF(left - 4, base - 14, QFontMetrics(font).horizontalAdvance(line) + 8, 20), shade
        )
        painter.drawText(QPointF(left, base + 1), line)
