"""The cameras on the map: where they stand and what they see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPixmap

from db.records import Camera
from widgets.map_cluster import Floats, Ints
from widgets.map_frame import Datum, Frame
from widgets.map_paint import draw_camera

VIEW = "#5f8ea8"  # what is seen; no priority has this colour
_NEAR = 4.0  # metres per pixel from which on every camera shows what it sees
_AROUND_M = 600.0
_CELL_PX = 18  # cameras that would cover each other are drawn as one, the failing one
_SPRITE = 28
_WELL = ("live", "starting", "idle")


class Cameras:
    """All cameras with a position, as arrays."""

    def __init__(self, cameras: Sequence[Camera], states: Mapping[str, str], datum: Datum) -> None:
        self.all = [each for each in cameras if each.lon is not None and each.lat is not None]
        lon = np.array([each.lon for each in self.all], dtype=np.float64)
        lat = np.array([each.lat for each in self.all], dtype=np.float64)
        self.x, self.y = datum.project(lon, lat)
        self.states = [states.get(each.id, "starting") for each in self.all]
        self._failing = np.array([state not in _WELL for state in self.states], dtype=bool)
        self._sprites: dict[str, QPixmap] = {}

    def set_state(self, states: Mapping[str, str]) -> None:
        """How they are now."""
        self.states = [states.get(each.id, "starting") for each in self.all]
        self._failing = np.array([state not in _WELL for state in self.states], dtype=bool)

    def paint(self, painter: QPainter, frame: Frame, around: tuple[float, float] | None) -> None:
        """Draw what each sees, where that can be made out or is `around` (metres) the choice, and itself."""
        x, y, seen = self._seen(frame)
        wedge = seen if frame.scale < _NEAR else np.empty(0, dtype=np.int64)
        if around is not None:
            near = np.flatnonzero(np.hypot(self.x - around[0], self.y - around[1]) < _AROUND_M)
            wedge = np.union1d(wedge, near)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for at in wedge[:300]:
            self._paint_view(painter, self.all[at], QPointF(float(x[at]), float(y[at])), frame.scale)
        for at in seen:
            sprite = self._sprite(self.states[at], painter.device().devicePixelRatioF())
            painter.drawPixmap(QPointF(float(x[at]) - _SPRITE / 2, float(y[at]) - _SPRITE / 2), sprite)

    def _seen(self, frame: Frame) -> tuple[Floats, Floats, Ints]:
        """Pixels of all, and which are drawn: one of each small cell, a failing one first."""
        x = (self.x - frame.x) / frame.scale + frame.width / 2
        y = (self.y - frame.y) / frame.scale + frame.height / 2
        inside = np.flatnonzero((x > -20) & (x < frame.width + 20) & (y > -20) & (y < frame.height + 20))
        if inside.size < 2:
            return x, y, inside
        cell_m = _CELL_PX * frame.scale
        key = np.floor(self.y[inside] / cell_m) * 1e7 + np.floor(self.x[inside] / cell_m)
        order = np.lexsort((~self._failing[inside], key))
        _, first = np.unique(key[order], return_index=True)
        return x, y, np.sort(inside[order[first]])

    def _paint_view(self, painter: QPainter, camera: Camera, at: QPointF, scale: float) -> None:
        """The wedge that it sees; a ring where nobody knows where it looks."""
        reach = max(14.0, camera.reach_m / scale)
        ink = QColor(VIEW)
        painter.setPen(QPen(ink, 1.2))
        ink.setAlpha(38)
        painter.setBrush(ink)
        area = QRectF(at.x() - reach, at.y() - reach, 2 * reach, 2 * reach)
        if camera.bearing is None:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            pen = painter.pen()
            pen.setStyle(Qt.PenStyle.DotLine)
            painter.setPen(pen)
            painter.drawEllipse(area)
            return
        opening = min(360.0, max(1.0, camera.field_of_view))
        begin = 90 - camera.bearing - opening / 2  # Qt counts from the east against the clock
        painter.drawPie(area, round(begin * 16), round(opening * 16))

    def _sprite(self, state: str, ratio: float) -> QPixmap:
        found = self._sprites.get(state)
        if found is None or found.devicePixelRatioF() != ratio:
            found = QPixmap(round(_SPRITE * ratio), round(_SPRITE * ratio))
            found.setDevicePixelRatio(ratio)
            found.fill(Qt.GlobalColor.transparent)
            painter = QPainter(found)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            draw_camera(painter, QPointF(_SPRITE / 2, _SPRITE / 2), state)
            painter.end()
            self._sprites[state] = found
        return found

    def at(self, frame: Frame, point: QPointF) -> str:
        """The id of the camera under a pixel, empty for none."""
        x, y, seen = self._seen(frame)
        if not seen.size:
            return ""
        far = np.hypot(x[seen] - point.x(), y[seen] - point.y())
        nearest = int(np.argmin(far))
        return self.all[int(seen[nearest])].id if far[nearest] < 12 else ""

    def within(self, area: QRectF) -> list[str]:
        """The ids of those in an area of metres."""
        inside = (
            (self.x >= area.left())
            & (self.x <= area.right())
            & (self.y >= area.top())
            & (self.y <= area.bottom())
        )
        return [self.all[int(at)].id for at in np.flatnonzero(inside)]
