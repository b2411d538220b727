"""Wheel, drag and keys over a plot of time, as the stretch of time that is wanted."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QAbstractScrollArea

SHORTEST_MS = 120_000
LONGEST_MS = 3 * 366 * 86_400_000
_NOTCH = 120  # of a wheel, in Qt's eighths of a degree
_STEP = 0.8
_KEYS = {Qt.Key.Key_Plus: _STEP, Qt.Key.Key_Equal: _STEP, Qt.Key.Key_Minus: 1 / _STEP}


def zoomed(since_ms: int, until_ms: int, around_ms: int, factor: float, now_ms: int) -> tuple[int, int]:
    """The stretch made `factor` times as long with `around_ms` where it is, never beyond now."""
    length = min(max((until_ms - since_ms) * factor, SHORTEST_MS), LONGEST_MS)
    share = (around_ms - since_ms) / max(1, until_ms - since_ms)
    return _before(now_ms, round(around_ms - length * share), round(length))


def moved(since_ms: int, until_ms: int, by_ms: int, now_ms: int) -> tuple[int, int]:
    """The stretch moved, never beyond now."""
    return _before(now_ms, since_ms + by_ms, until_ms - since_ms)


def _before(now_ms: int, since_ms: int, length: int) -> tuple[int, int]:
    since_ms = min(since_ms, now_ms - length)
    return since_ms, since_ms + length


class Zoom(QObject):
    """Listens to a plot's surface.

    Signals:
        wanted: the first and the last time in ms (as floats: they exceed Qt's int) to be shown.
    """

    wanted = Signal(float, float)

    def __init__(
        self,
        surface: QAbstractScrollArea,
        shown: Callable[[], tuple[int, int]],
        time_at: Callable[[float], int],
        now_ms: Callable[[], int],
    ) -> None:
        super().__init__(surface)
        self._surface, self._shown, self._time_at, self._now_ms = surface, shown, time_at, now_ms
        self._grabbed: tuple[float, tuple[int, int]] | None = None
        surface.viewport().installEventFilter(self)
        surface.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take what means a stretch of time; all else goes on."""
        if isinstance(event, QWheelEvent):
            self._turn(event)
            return True
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            return self._press(event)
        if isinstance(event, QMouseEvent) and watched is self._surface.viewport():
            return self._drag(event)
        return False

    def _turn(self, event: QWheelEvent) -> None:
        notches = (event.angleDelta().y() or event.angleDelta().x()) / _NOTCH
        if notches:
            around = self._time_at(event.position().x())
            self._want(zoomed(*self._shown(), around, _STEP**notches, self._now_ms()))

    def _press(self, event: QKeyEvent) -> bool:
        since_ms, until_ms = self._shown()
        key = Qt.Key(event.key())
        if key in _KEYS:
            self._want(zoomed(since_ms, until_ms, until_ms, _KEYS[key], self._now_ms()))
        elif key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            step = (until_ms - since_ms) // 5
            self._want(moved(since_ms, until_ms, step if key == Qt.Key.Key_Right else -step, self._now_ms()))
        else:
            return False
        return True

    def _drag(self, event: QMouseEvent) -> bool:
        kind = event.type()
        if kind == QEvent.Type.MouseButtonPress and event.button() == Qt.MouseButton.LeftButton:
            self._grabbed = (event.position().x(), self._shown())
            self._surface.setFocus(Qt.FocusReason.MouseFocusReason)
        elif kind == QEvent.Type.MouseButtonRelease:
            self._grabbed = None
        elif kind == QEvent.Type.MouseMove and self._grabbed is not None:
            at, (since_ms, until_ms) = self._grabbed
            width = max(1, self._surface.viewport().width())
            by = round((at - event.position().x()) / width * (until_ms - since_ms))
            self._want(moved(since_ms, until_ms, by, self._now_ms()))
            return True
        return False

    def _want(self, stretch: tuple[int, int]) -> None:
        if stretch != self._shown():
            self.wanted.emit(float(stretch[0]), float(stretch[1]))
