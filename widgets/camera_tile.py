"""One camera on the wall: its picture, and how far it can be believed."""

from __future__ import annotations

import html

from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from console.cameras import Frame
from db.records import Camera, CameraState
from widgets import theme
from widgets.words import Words

FOOT_PX = 26
NARROW_PX = 190
_COLOUR = {"stale": theme.PRIORITY[3], "frozen": theme.PRIORITY[2], "black": theme.PRIORITY[2],
           "offline": theme.PRIORITY[4]}  # fmt: skip
_HATCHED = ("stale", "frozen")
_WITH_PICTURE = ("live", "stale", "frozen", "black")


class CameraTile(QWidget):
    """Shows what it is given by `show_picture`, and prints name, age and state always.

    Only a live picture is bright. An old or standing one is dimmed, hatched
    and named over the picture; an offline camera shows no picture at all.

    Signals:
        chosen: the camera id that was clicked.
        focus_wanted: the camera id that was double-clicked.
    """

    chosen = Signal(str)
    focus_wanted = Signal(str)

    def __init__(self, words: Words, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._words = words
        self.camera: Camera | None = None
        self.state: CameraState | None = None
        self.is_chosen = False
        self._frame: Frame | None = None
        self._image: QImage | None = None
        self.age_text = ""
        self.over: tuple[str, str] = ("", "")
        self.setMinimumSize(64, 56)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)

    @property
    def picture_size(self) -> tuple[int, int]:
        """Width and height of the picture's place in the screen's own pixels, in steps of 16."""
        place, ratio = self._place(), self.devicePixelRatioF()
        return _step(place.width() * ratio), _step(place.height() * ratio)

    def assign(self, camera: Camera | None) -> None:
        """Show another camera, or none; the picture of the last one goes at once."""
        self.camera, self.state, self._frame, self._image = camera, None, None, None
        self.age_text, self.over = "", ("", "")
        self.setToolTip(html.escape(self.title))
        self.update()

    def choose(self, chosen: bool) -> None:
        """Frame the tile as the chosen one, or not."""
        if chosen != self.is_chosen:
            self.is_chosen = chosen
            self.update()

    def show_picture(self, frame: Frame | None, state: CameraState | None, now_ms: int) -> bool:
        """Take the newest picture and state; repaints only if something to see changed, and says so."""
        if state is None or state.state not in _WITH_PICTURE:
            frame = None
        age_text, over = self._texts(state, now_ms)
        if frame is self._frame and (age_text, over, state and state.state) == (
            self.age_text, self.over, self.state and self.state.state,
        ):  # fmt: skip
            self.state = state
            return False
        if frame is not self._frame:
            self._frame, self._image = frame, _image(frame)
        self.state, self.age_text, self.over = state, age_text, over
        self.update()
        return True

    def _texts(self, state: CameraState | None, now_ms: int) -> tuple[str, tuple[str, str]]:
        """The foot's right end, and the two lines over the picture."""
        words = self._words
        if state is None:
            return "", ("", "")
        name = words.text(f"cameras.state.{state.state}")
        age = words.age((state.age_ms or 0) / 1000)
        stood = words.age((now_ms - state.since_ms) / 1000)
        match state.state:
            case "live":
                return age, ("", "")
            case "stale":
                return f"{name} {age}", (words.text("cameras.over.stale", age=age), "")
            case "frozen" | "black":
                return f"{name} {stood}", (words.text(f"cameras.over.{state.state}", age=stood), "")
            case "offline":
                return f"{name} {stood}", (words.text("cameras.over.offline"), self._last(state, now_ms))
            case _:
                return name, (words.text(f"cameras.over.{state.state}"), "")

    def _last(self, state: CameraState, now_ms: int) -> str:
        if state.age_ms is None:
            return self._words.text("cameras.over.offline_never", n=state.restarts)
        at = self._words.time(now_ms - state.age_ms)
        return self._words.text("cameras.over.offline_last", time=at, n=state.restarts)

    # --- painting

    def _place(self) -> QRect:
        return self.rect().adjusted(1, 1, -1, -FOOT_PX)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the picture, what has to be said over it, and the foot."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(theme.PANEL if self.camera is None else theme.BAR))
        if self.camera is not None:
            name = self.state.state if self.state is not None else "starting"
            self._paint_picture(painter, name)
            self._paint_over(painter, name)
            self._paint_foot(painter, name)
        edge = theme.TEXT if self.is_chosen else _COLOUR.get(self._name(), theme.LINE)
        painter.setPen(QPen(QColor(edge), 2 if self.is_chosen else 1))
        inset = 1 if self.is_chosen else 0
        painter.drawRect(self.rect().adjusted(inset, inset, -1, -1))
        painter.end()

    def _name(self) -> str:
        return self.state.state if self.state is not None else ""

    def _paint_picture(self, painter: QPainter, name: str) -> None:
        if self._image is None:
            return
        place = QRectF(self._place())
        size = self._image.size().scaled(place.size().toSize(), Qt.AspectRatioMode.KeepAspectRatio)
        target = QRect(QPoint(0, 0), size)
        target.moveCenter(place.center().toPoint())
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, self._image.size() != size)
        painter.drawImage(target, self._image)
        if name in _HATCHED:
            painter.fillRect(target, QColor(20, 23, 27, 150))
            self._hatch(painter, target)

    def _hatch(self, painter: QPainter, target: QRect) -> None:
        painter.save()
        painter.setClipRect(target)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(215, 221, 228, 70), 3))
        for x in range(target.left() - target.height(), target.right(), 26):
            painter.drawLine(QPointF(x, target.bottom()), QPointF(x + target.height() * 0.6, target.top()))
        painter.restore()

    def _paint_over(self, painter: QPainter, name: str) -> None:
        first, second = self.over
        if not first:
            return
        place = self._place()
        large = theme.font(max(14, min(26, place.height() // 9, place.width() // 13)), bold=True)
        small = theme.font(13)
        painter.setFont(large)
        colour = _COLOUR.get(name, theme.DIM) if name != "offline" else theme.DIM
        upper = QRect(place)
        if second:
            upper.setBottom(place.center().y() + 4)
        metrics = painter.fontMetrics()
        text = metrics.elidedText(first, Qt.TextElideMode.ElideRight, place.width() - 12)
        flags = Qt.AlignmentFlag.AlignHCenter | (
            Qt.AlignmentFlag.AlignBottom if second else Qt.AlignmentFlag.AlignVCenter
        )
        if self._image is not None:
            band = metrics.boundingRect(upper, flags, text).adjusted(-10, -4, 10, 4)
            painter.fillRect(band, QColor(20, 23, 27, 215))
        painter.setPen(QColor(colour))
        painter.drawText(upper, flags, text)
        if second:
            painter.setFont(small)
            painter.setPen(QColor(theme.DIM))
            lower = QRect(place.left() + 4, place.center().y() + 8, place.width() - 8, 40)
            top = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap
            painter.drawText(lower, top, second)

    def _paint_foot(self, painter: QPainter, name: str) -> None:
        foot = QRect(1, self.height() - FOOT_PX, self.width() - 2, FOOT_PX - 1)
        painter.fillRect(foot, QColor(theme.BAR))
        inner = foot.adjusted(8, 0, -8, 0)
        painter.setFont(theme.font(13, bold=name not in ("live", "starting", "idle")))
        painter.setPen(QColor(_COLOUR.get(name, theme.DIM)))
        said = self.age_text
        if self.over[0] and inner.width() < NARROW_PX:  # the age stands over the picture
            said = self._words.text(f"cameras.state.{name}")
        painter.drawText(inner, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, said)
        room = inner.width() - painter.fontMetrics().horizontalAdvance(said) - 8
        painter.setFont(theme.font(13, bold=True))
        painter.setPen(QColor(theme.TEXT))
        metrics = painter.fontMetrics()
        whole = self.title if metrics.horizontalAdvance(self.title) < room - 4 else self._short_title
        title = metrics.elidedText(whole, Qt.TextElideMode.ElideRight, room)
        painter.drawText(inner, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, title)

    @property
    def title(self) -> str:
        """Number and name, as plain text."""
        if self.camera is None:
            return ""
        name = self._words.pick(self.camera.name, self.camera.name_en)
        return name if name.startswith(self.camera.id) else f"{self.camera.id} {name}"

    @property
    def _short_title(self) -> str:
        if self.camera is None:
            return ""
        return self._words.pick(self.camera.name, self.camera.name_en) or self.camera.id

    # --- the mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Choose."""
        if self.camera is not None:
            self.chosen.emit(self.camera.id)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Focus, or back."""
        if self.camera is not None:
            self.focus_wanted.emit(self.camera.id)


def _image(frame: Frame | None) -> QImage | None:
    """A QImage that borrows the frame's pixels; the tile keeps the frame alive beside it."""
    if frame is None:
        return None
    height, width = frame.picture.shape[:2]
    return QImage(frame.picture.data, width, height, width * 3, QImage.Format.Format_RGB888)


def _step(length: float) -> int:
    return max(64, (round(length) + 15) // 16 * 16)
