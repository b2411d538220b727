"""The map: assets as dots and clusters on the ground, painted cheaply.

Clusters sit on a grid that is fixed to the ground, so that panning only paints:
which place is in which cell is worked out when the scale or the assets change,
what stands in a cell when conditions do. What is well is counted in grey discs;
what is not is drawn apart, by the shape of the worst in its cell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from db.records import Camera
from widgets import map_paint
from widgets.map_cameras import Cameras
from widgets.map_cluster import UNKNOWN, Cells, Clusters, Floats, Ints
from widgets.map_frame import Datum, Frame
from widgets.map_ground import Ground
from widgets.map_paint import FLOOR

CELL_PX = 46
_FRAME_MS = 40
_NEAREST_M, _FARTHEST_M = 0.02, 4000.0  # metres per pixel
_MARGIN_PX = 80
_CLOSE_M = 3.0  # metres per pixel: what is chosen, with the streets around it
_HOME = Datum(126.978, 37.566)


class MapView(QWidget):
    """Pan by dragging or arrows, zoom by wheel, + and -, all by 0; Shift and drag choose an area.

    Signals:
        picked: the id of the asset that was clicked.
        camera_picked: the id of the camera that was clicked.
        area_picked: west, south, east, north of the area that was chosen.
        painted: a frame is on the screen.
    """

    picked = Signal(str)
    camera_picked = Signal(str)
    area_picked = Signal(float, float, float, float)
    painted = Signal()

    def __init__(
        self, now_s: Callable[[], float], ground: Ground | None = None, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._now_s = now_s
        self.ground = ground
        self._ids: list[str] = []
        self._names: list[str] = []
        self._at: dict[str, int] = {}
        self._datum = _HOME
        self._x: Floats = np.empty(0)
        self._y: Floats = np.empty(0)
        self._bad: Ints = np.empty(0, dtype=np.int64)
        self._cells: Cells | None = None
        self._clusters: Clusters | None = None
        self._given_cameras: Sequence[Camera] = ()
        self._camera_states: Mapping[str, str] = {}
        self.cameras = Cameras((), {}, self._datum)
        self._pulses: dict[str, float] = {}
        self._sprites = map_paint.Sprites()
        self._scale = 10.0  # metres per pixel
        self._middle = (0.0, 0.0)
        self._drag: QPointF | None = None
        self._band: QRectF | None = None
        self._has_moved = False
        self._was_moved_by_hand = False
        self.selected = ""
        self.area: QRectF | None = None  # metres
        self.notes: tuple[str, ...] = ()
        self.overlays: list[Callable[[QPainter, Frame], None]] = []  # between ground and assets
        self.legends: list[Callable[[QPainter, Frame], None]] = []  # above all
        self.shows_cameras = True
        self.only_abnormal = False
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(160, 120)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self._pulse_timer = QTimer(self, interval=_FRAME_MS)
        self._pulse_timer.timeout.connect(self.update)
        if ground is not None:
            ground.changed.connect(self.update)

    # --- what it is told -----------------------------------------------------

    def set_places(self, ids: Sequence[str], names: Sequence[str], lon: Floats, lat: Floats) -> None:
        """The assets to draw."""
        self._ids, self._names = list(ids), list(names)
        self._at = {id_: at for at, id_ in enumerate(self._ids)}
        self._bad = np.full(len(self._ids), UNKNOWN, dtype=np.int64)
        if lon.size:
            self._set_datum(Datum(float(np.median(lon)), float(np.median(lat))))
        self._x, self._y = self._datum.project(lon, lat)
        self._cells = self._clusters = None
        if not self._was_moved_by_hand:
            self.fit()
        self.update()

    def _set_datum(self, datum: Datum) -> None:
        centre = self._datum.degrees(*self._middle)
        self._datum = datum
        self._middle = datum.one(*centre)
        self.cameras = Cameras(self._given_cameras, self._camera_states, datum)
        if self.ground is not None:
            self.ground.use(datum)

    def set_badness(self, changes: Iterable[tuple[str, int]]) -> None:
        """How some assets are now."""
        changed = False
        for id_, bad in changes:
            at = self._at.get(id_)
            if at is not None and self._bad[at] != bad:
                self._bad[at] = bad
                changed = True
        if changed:
            self._clusters = None
            self.update()

    def set_cameras(self, cameras: Sequence[Camera], states: Mapping[str, str]) -> None:
        """The cameras to draw, and how they are."""
        self._camera_states = states
        if cameras is self._given_cameras:
            self.cameras.set_state(states)
        else:
            self._given_cameras = cameras
            self.cameras = Cameras(cameras, states, self._datum)
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
            self._set_scale(min(self._scale, _CLOSE_M))
            self._was_moved_by_hand = True
        self.update()
        return True

    def sees(self, id_: str) -> bool:
        """Whether an asset lies within what is shown."""
        at = self._at.get(id_)
        return at is not None and self.frame.area.contains(float(self._x[at]), float(self._y[at]))

    def clear_selection(self) -> None:
        """Mark nothing and show everything."""
        self.selected, self.area = "", None
        self._was_moved_by_hand = False
        self.fit()

    def rename(self, names: Sequence[str]) -> None:
        """The names in another language, in the order of the places."""
        self._names = list(names)
        self.update()

    @property
    def abnormal(self) -> int:
        """How many of the assets are not well."""
        return int(np.count_nonzero(self._bad > UNKNOWN))

    def __len__(self) -> int:
        return len(self._ids)

    # --- where things are ----------------------------------------------------

    @property
    def frame(self) -> Frame:
        """What is seen now."""
        return Frame(self._datum, *self._middle, self._scale, self.width(), self.height())

    def degrees_of(self, area: QRectF) -> tuple[float, float, float, float]:
        """West, south, east, north of an area of metres."""
        west, north = self._datum.degrees(area.left(), area.top())
        east, south = self._datum.degrees(area.right(), area.bottom())
        return west, south, east, north

    def within(self, area: QRectF) -> list[str]:
        """The ids of the assets in an area of metres."""
        x, y = self._x, self._y
        inside = (x >= area.left()) & (x <= area.right()) & (y >= area.top()) & (y <= area.bottom())
        return [self._ids[int(at)] for at in np.flatnonzero(inside)]

    def fit(self) -> None:
        """Show everything: the assets, or the smallest map where there are none."""
        if self._x.size:
            left, right = (float(each) for each in np.percentile(self._x, (0.5, 99.5)))
            top, bottom = (float(each) for each in np.percentile(self._y, (0.5, 99.5)))
            self._show(left, top, right, bottom, 0.5)
            return
        bounds = self.ground.bounds() if self.ground is not None else None
        if bounds is not None:
            self.show_bounds(bounds)

    def show_bounds(self, bounds: tuple[float, float, float, float]) -> None:
        """Show west, south, east, north."""
        west, south, east, north = bounds
        if not self._x.size:
            self._set_datum(Datum((west + east) / 2, (south + north) / 2))
        left, top = self._datum.one(west, north)
        right, bottom = self._datum.one(east, south)
        self._show(left, top, right, bottom, _NEAREST_M)

    def show_area(self, area: QRectF) -> None:
        """Show an area of metres."""
        self._was_moved_by_hand = True
        self._show(area.left(), area.top(), area.right(), area.bottom(), _NEAREST_M)

    def _show(self, left: float, top: float, right: float, bottom: float, least: float) -> None:
        self._middle = ((left + right) / 2, (top + bottom) / 2)
        wide = (right - left) / max(1, self.width() - _MARGIN_PX)
        high = (bottom - top) / max(1, self.height() - _MARGIN_PX)
        self._set_scale(max(wide, high, least))

    def _set_scale(self, scale: float) -> None:
        scale = min(_FARTHEST_M, max(_NEAREST_M, scale))
        if scale != self._scale:
            self._scale = scale
            self._cells = self._clusters = None
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

    def pan(self, right: float, down: float) -> None:
        """Move over the ground by pixels."""
        self._was_moved_by_hand = True
        self._middle = (self._middle[0] + right * self._scale, self._middle[1] + down * self._scale)
        self.update()

    def clusters(self) -> Clusters:
        """What is drawn at the present scale."""
        if self._cells is None:
            self._cells = Cells(self._x, self._y, CELL_PX * self._scale)
        if self._clusters is None:
            self._clusters = self._cells.clusters(self._bad)
        return self._clusters

    # --- painting ------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        frame = self.frame
        if self.ground is None or not self.ground.paint(painter, frame, self.devicePixelRatioF()):
            painter.fillRect(self.rect(), QColor(FLOOR))
            map_paint.paint_grid(painter, frame)
        for overlay in self.overlays:
            overlay(painter, frame)
        if self.ground is not None:
            self.ground.paint_labels(painter, frame)
        chosen = self._at.get(self.selected)
        around = None if chosen is None else (float(self._x[chosen]), float(self._y[chosen]))
        if self.shows_cameras:
            self.cameras.paint(painter, frame, around)
        self._sprites.paint(painter, frame, self.clusters(), only_abnormal=self.only_abnormal)
        if chosen is not None and around is not None:
            map_paint.paint_selected(painter, frame, frame.point(*around), self._names[chosen])
        self._paint_pulses(painter, frame)
        map_paint.paint_area(painter, frame, self._band, self.area)
        for legend in self.legends:
            legend(painter, frame)
        map_paint.paint_scale(painter, frame, self.notes)
        painter.end()
        self.painted.emit()

    def _paint_pulses(self, painter: QPainter, frame: Frame) -> None:
        now_s = self._now_s()
        self._pulses = {
            id_: at for id_, at in self._pulses.items() if (now_s - at) * 1000 < map_paint.PULSE_MS
        }
        if not self._pulses:
            self._pulse_timer.stop()
            return
        map_paint.paint_pulses(
            painter,
            (
                (
                    frame.point(float(self._x[at]), float(self._y[at])),
                    int(self._bad[at]),
                    (now_s - since) * 1000,
                )
                for id_, since in self._pulses.items()
                if (at := self._at.get(id_)) is not None
            ),
        )

    # --- hands ---------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._drag, self._has_moved = event.position(), False
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self._band = QRectF(event.position(), event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._drag is None:
            return
        by = event.position() - self._drag
        if not self._has_moved and by.manhattanLength() <= 4:
            return
        self._has_moved = True
        if self._band is not None:
            self._band = QRectF(self._drag, event.position()).normalized()
            self.update()
        else:
            self._drag = event.position()
            self.pan(-by.x(), -by.y())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        band, self._drag, self._band = self._band, None, None
        if band is not None and self._has_moved:
            frame = self.frame
            self.choose_area(
                QRectF(QPointF(*frame.ground(band.topLeft())), QPointF(*frame.ground(band.bottomRight())))
            )
        elif not self._has_moved and event.button() is Qt.MouseButton.LeftButton:
            self._click(event.position())

    def choose_area(self, area: QRectF) -> None:
        """Mark an area of metres, and tell it."""
        self.area = area.normalized()
        self.update()
        self.area_picked.emit(*self.degrees_of(self.area))

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
            self.pan(*moves[key])
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

    def _click(self, at: QPointF) -> None:
        frame = self.frame
        camera = self.cameras.at(frame, at) if self.shows_cameras else ""
        if camera:
            self.camera_picked.emit(camera)
            return
        found = self.clusters()
        x = (found.x - frame.x) / frame.scale + frame.width / 2
        y = (found.y - frame.y) / frame.scale + frame.height / 2
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
