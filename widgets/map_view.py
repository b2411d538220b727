"""The map: assets as dots and clusters on a plain ground, painted cheaply.

Clusters sit on a grid that is fixed to the ground, so that panning only paints:
they are worked out anew when the scale, the assets or their conditions change.
What is well is counted in grey discs; what is not is drawn apart, by the shape
of the worst in its cell.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt, QTimer, Signal, Slot
from PySide6.QtGui import (
    QColor,
    QFontMetrics,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QPolygonF,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from widgets import figures, theme
from widgets.map_cluster import PRIORITY_OF, UNKNOWN, Clusters, Floats, Ints, clustered
from widgets.map_paint import FLOOR, draw_camera, round_metres, sprite

METRES_PER_DEGREE = 111_320.0
CELL_PX = 46
PULSE_MS = 1500
_FRAME_MS = 40
_MOST_SPRITES = 3000
_NEAREST_M, _FARTHEST_M = 0.05, 2000.0  # metres per pixel


@dataclass(frozen=True, slots=True)
class Camera:
    """A camera on the map; `state` as its CameraState says."""

    id: str
    lon: float
    lat: float
    state: str


class MapView(QWidget):
    """Pan by dragging or arrows, zoom by wheel, + and -, all by 0.

    Signals:
        picked: the id of the asset that was clicked.
        camera_picked: the id of the camera that was clicked.
    """

    picked = Signal(str)
    camera_picked = Signal(str)

    def __init__(self, now_s: Callable[[], float], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._now_s = now_s
        self._ids: list[str] = []
        self._names: list[str] = []
        self._at: dict[str, int] = {}
        self._x: Floats = np.empty(0)
        self._y: Floats = np.empty(0)
        self._bad: Ints = np.empty(0, dtype=np.int64)
        self._clusters = clustered(self._x, self._y, self._bad, 1.0)
        self._is_old = False
        self._cameras: list[Camera] = []
        self._outline: list[list[tuple[float, float]]] = []
        self._pulses: dict[str, float] = {}
        self._sprites: dict[tuple[int, int], QPixmap] = {}
        self._lon, self._lat = 126.978, 37.566
        self._scale = 10.0  # metres per pixel
        self._middle = (0.0, 0.0)
        self._drag: QPointF | None = None
        self._has_moved = False
        self._was_moved_by_hand = False
        self.selected = ""
        self.shows_cameras = True
        self.only_abnormal = False
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(160, 120)
        self._pulse_timer = QTimer(self, interval=_FRAME_MS)
        self._pulse_timer.timeout.connect(self.update)

    # --- what it is told -----------------------------------------------------

    def set_places(self, places: Sequence[tuple[str, str, float, float]]) -> None:
        """The assets to draw: id, name, longitude, latitude."""
        self._ids = [place[0] for place in places]
        self._names = [place[1] for place in places]
        self._at = {id_: at for at, id_ in enumerate(self._ids)}
        lon = np.array([place[2] for place in places], dtype=np.float64)
        lat = np.array([place[3] for place in places], dtype=np.float64)
        if lon.size:
            self._lon, self._lat = float(np.median(lon)), float(np.median(lat))
        self._x, self._y = self._project(lon, lat)
        self._bad = np.zeros(len(places), dtype=np.int64)
        self._is_old = True
        if not self._was_moved_by_hand:
            self.fit()
        self.update()

    def set_badness(self, changes: Iterable[tuple[str, int]]) -> None:
        """How some assets are now."""
        for id_, bad in changes:
            at = self._at.get(id_)
            if at is not None and self._bad[at] != bad:
                self._bad[at] = bad
                self._is_old = True
        if self._is_old:
            self.update()

    def set_cameras(self, cameras: Sequence[Camera]) -> None:
        """The cameras to draw."""
        self._cameras = list(cameras)
        self.update()

    def set_outline(self, rings: Sequence[Sequence[tuple[float, float]]]) -> None:
        """Lines of longitude and latitude that are drawn as ground."""
        self._outline = [list(ring) for ring in rings]
        self.update()

    def pulse(self, id_: str) -> None:
        """Draw the eye to an asset, once."""
        if id_ in self._at:
            self._pulses[id_] = self._now_s()
            self._pulse_timer.start()

    def select(self, id_: str, centre: bool = False) -> bool:
        """Mark an asset; False when it is not on the map."""
        at = self._at.get(id_)
        if at is None:
            return False
        self.selected = id_
        if centre:
            self._middle = (float(self._x[at]), float(self._y[at]))
            self._set_scale(min(self._scale, 1.2))
            self._was_moved_by_hand = True
        self.update()
        return True

    def clear_selection(self) -> None:
        """Mark nothing and show everything."""
        self.selected = ""
        self._was_moved_by_hand = False
        self.fit()

    def rename(self, names: Sequence[str]) -> None:
        """The names in another language, in the order of the places."""
        self._names = list(names)
        self.update()

    def __len__(self) -> int:
        return len(self._ids)

    # --- where things are ----------------------------------------------------

    def _project(self, lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
        """Metres east and south of the middle; good enough for a district."""
        east = (lon - self._lon) * METRES_PER_DEGREE * math.cos(math.radians(self._lat))
        return east, (self._lat - lat) * METRES_PER_DEGREE

    def _point(self, x: float, y: float) -> QPointF:
        return QPointF(
            (x - self._middle[0]) / self._scale + self.width() / 2,
            (y - self._middle[1]) / self._scale + self.height() / 2,
        )

    def _place(self, lon: float, lat: float) -> QPointF:
        x, y = self._project(np.array([lon]), np.array([lat]))
        return self._point(float(x[0]), float(y[0]))

    def fit(self) -> None:
        """Show everything."""
        if self._x.size == 0:
            return
        left, right = np.percentile(self._x, (0.5, 99.5))
        top, bottom = np.percentile(self._y, (0.5, 99.5))
        self._middle = (float(left + right) / 2, float(top + bottom) / 2)
        wide = float(right - left) / max(1, self.width() - 80)
        high = float(bottom - top) / max(1, self.height() - 80)
        self._set_scale(max(wide, high, 0.5))

    def _set_scale(self, scale: float) -> None:
        scale = min(_FARTHEST_M, max(_NEAREST_M, scale))
        if scale != self._scale:
            self._scale = scale
            self._is_old = True
        self.update()

    def zoom(self, factor: float, at: QPointF | None = None) -> None:
        """Come nearer by `factor`, keeping the ground under `at` where it is."""
        fixed = at or QPointF(self.width() / 2, self.height() / 2)
        off = (fixed.x() - self.width() / 2, fixed.y() - self.height() / 2)
        before = self._scale
        self._set_scale(self._scale / factor)
        change = before - self._scale
        self._middle = (self._middle[0] + off[0] * change, self._middle[1] + off[1] * change)
        self._was_moved_by_hand = True

    def clusters(self) -> Clusters:
        """What is drawn at the present scale."""
        if self._is_old:
            self._clusters = clustered(self._x, self._y, self._bad, CELL_PX * self._scale)
            self._is_old = False
        return self._clusters

    # --- painting ------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(FLOOR))
        self._paint_grid(painter)
        self._paint_outline(painter)
        self._paint_cameras(painter)
        self._paint_clusters(painter)
        self._paint_selected(painter)
        self._paint_pulses(painter)
        self._paint_scale(painter)
        painter.end()

    def _paint_grid(self, painter: QPainter) -> None:
        painter.setPen(QPen(QColor("#2a3138"), 1))
        step = round_metres(self._scale * 160) / self._scale
        origin = self._point(0, 0)
        for x in np.arange(origin.x() % step, self.width(), step):
            painter.drawLine(int(x), 0, int(x), self.height())
        for y in np.arange(origin.y() % step, self.height(), step):
            painter.drawLine(0, int(y), self.width(), int(y))

    def _paint_outline(self, painter: QPainter) -> None:
        painter.setPen(QPen(QColor(theme.LINE), 1.5))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for ring in self._outline:
            painter.drawPolyline(QPolygonF([self._place(lon, lat) for lon, lat in ring]))

    def _paint_cameras(self, painter: QPainter) -> None:
        if not self.shows_cameras:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for camera in self._cameras:
            draw_camera(painter, self._place(camera.lon, camera.lat), camera.state)

    def _paint_clusters(self, painter: QPainter) -> None:
        found = self.clusters()
        x = (found.x - self._middle[0]) / self._scale + self.width() / 2
        y = (found.y - self._middle[1]) / self._scale + self.height() / 2
        inside = (x > -40) & (x < self.width() + 40) & (y > -40) & (y < self.height() + 40)
        if self.only_abnormal:
            inside &= found.worst > UNKNOWN
        for at in np.flatnonzero(inside):
            drawn = self._sprite(int(found.worst[at]), int(found.count[at]))
            half = drawn.width() / drawn.devicePixelRatio() / 2
            painter.drawPixmap(QPointF(float(x[at]) - half, float(y[at]) - half), drawn)

    def _sprite(self, worst: int, count: int) -> QPixmap:
        key = (worst, count)
        if key not in self._sprites:
            if len(self._sprites) >= _MOST_SPRITES:
                self._sprites.clear()
            self._sprites[key] = sprite(worst, count, self.devicePixelRatioF())
        return self._sprites[key]

    def _paint_selected(self, painter: QPainter) -> None:
        at = self._at.get(self.selected)
        if at is None:
            return
        point = self._point(float(self._x[at]), float(self._y[at]))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(theme.BRIGHT), 2))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawEllipse(point, 18, 18)
        font = theme.font(14, bold=True)
        painter.setFont(font)
        name = figures.plain(self._names[at], 60)
        room = QFontMetrics(font).horizontalAdvance(name)
        left = point.x() + 24 if point.x() + 30 + room < self.width() else point.x() - 24 - room
        painter.fillRect(QRectF(left - 4, point.y() - 11, room + 8, 22), QColor(theme.GROUND))
        painter.drawText(QPointF(left, point.y() + 5), name)

    def _paint_pulses(self, painter: QPainter) -> None:
        now_s = self._now_s()
        self._pulses = {id_: at for id_, at in self._pulses.items() if (now_s - at) * 1000 < PULSE_MS}
        if not self._pulses:
            self._pulse_timer.stop()
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for id_, since in self._pulses.items():
            part = min(1.0, max(0.0, (now_s - since) * 1000 / PULSE_MS))
            at = self._at[id_]
            ink = QColor(theme.priority_colour(PRIORITY_OF.get(int(self._bad[at]), 4)))
            ink.setAlphaF(1.0 - part)
            painter.setPen(QPen(ink, 3))
            point = self._point(float(self._x[at]), float(self._y[at]))
            painter.drawEllipse(point, 12 + 40 * part, 12 + 40 * part)

    def _paint_scale(self, painter: QPainter) -> None:
        metres = round_metres(self._scale * 90)
        wide = metres / self._scale
        base = self.height() - 12
        painter.setPen(QPen(QColor(theme.DIM), 2))
        painter.drawLine(QPointF(12, base), QPointF(12 + wide, base))
        painter.setFont(theme.font(13))
        text = f"{metres / 1000:g} km" if metres >= 1000 else f"{metres:g} m"
        painter.drawText(QPointF(12, base - 5), text)

    # --- hands ---------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._drag, self._has_moved = event.position(), False

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._drag is None:
            return
        by = event.position() - self._drag
        if self._has_moved or by.manhattanLength() > 4:
            self._has_moved = self._was_moved_by_hand = True
            self._drag = event.position()
            self._pan(-by.x(), -by.y())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._drag = None
        if not self._has_moved and event.button() is Qt.MouseButton.LeftButton:
            self._click(event.position())

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.zoom(2.0, event.position())

    def wheelEvent(self, event: QWheelEvent) -> None:
        self.zoom(1.25 ** (event.angleDelta().y() / 120), event.position())
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        moves = {
            Qt.Key.Key_Left: (-80, 0), Qt.Key.Key_Right: (80, 0),
            Qt.Key.Key_Up: (0, -80), Qt.Key.Key_Down: (0, 80),
        }  # fmt: skip
        key = Qt.Key(event.key())
        if key in moves:
            self._was_moved_by_hand = True
            self._pan(*moves[key])
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.zoom(1.5)
        elif key is Qt.Key.Key_Minus:
            self.zoom(1 / 1.5)
        elif key is Qt.Key.Key_0:
            self._was_moved_by_hand = False
            self.fit()
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if not self._was_moved_by_hand:
            self.fit()

    def _pan(self, right: float, down: float) -> None:
        self._middle = (self._middle[0] + right * self._scale, self._middle[1] + down * self._scale)
        self.update()

    @Slot(QPointF)
    def _click(self, at: QPointF) -> None:
        for camera in self._cameras if self.shows_cameras else ():
            if (self._place(camera.lon, camera.lat) - at).manhattanLength() < 12:
                self.camera_picked.emit(camera.id)
                return
        found = self.clusters()
        x = (found.x - self._middle[0]) / self._scale + self.width() / 2
        y = (found.y - self._middle[1]) / self._scale + self.height() / 2
        near = np.flatnonzero(np.hypot(x - at.x(), y - at.y()) < 22)
        if near.size == 0:
            return
        best = int(near[-1])  # drawn last: the worst
        if found.count[best] > 1 and self._scale > _NEAREST_M * 4 and found.worst[best] <= UNKNOWN:
            self.zoom(2.5, at)
            return
        self.selected = self._ids[int(found.member[best])]
        self.update()
        self.picked.emit(self.selected)
