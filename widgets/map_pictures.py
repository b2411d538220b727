"""Pictures and floor plans that lie on the map."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF
from PySide6.QtGui import QPainter, QPixmap, QTransform

from db.map_records import MapSheet
from widgets.map_frame import Datum
from widgets.map_tiles import decoded

MOST_SIDE = 8192


class Sheets:
    """The pictures by their maps."""

    def __init__(self) -> None:
        self._pictures: dict[str, QPixmap] = {}

    def take(self, sheet: MapSheet, content: bytes) -> str:
        """Keep a map's picture; what is wrong with it, or nothing."""
        image, fault = decoded(content, MOST_SIDE)
        self._pictures.pop(sheet.id, None)
        if image is not None:
            self._pictures[sheet.id] = QPixmap.fromImage(image)
        return fault

    def paint(self, painter: QPainter, sheet: MapSheet, datum: Datum) -> None:
        """Draw it where it lies; the painter's units are metres."""
        picture = self._pictures.get(sheet.id)
        corners = self.corners(sheet, datum)
        if picture is None or corners is None:
            return
        origin, right, low = corners
        wide, high = picture.width(), picture.height()
        lie = QTransform(
            (right.x() - origin.x()) / wide, (right.y() - origin.y()) / wide,
            (low.x() - origin.x()) / high, (low.y() - origin.y()) / high,
            origin.x(), origin.y(),
        )  # fmt: skip
        painter.save()
        painter.setTransform(lie, True)
        painter.drawPixmap(0, 0, picture)
        painter.restore()

    def corners(self, sheet: MapSheet, datum: Datum) -> tuple[QPointF, QPointF, QPointF] | None:
        """Top left, top right and bottom left in metres; None until the picture is here."""
        if len(sheet.corners) == 3:
            found = [QPointF(*datum.one(*corner)) for corner in sheet.corners]
            return found[0], found[1], found[2]
        picture = self._pictures.get(sheet.id)
        if picture is None or sheet.middle is None:
            return None
        x, y = datum.one(*sheet.middle)
        turn = math.radians(sheet.turned)
        right = QPointF(math.cos(turn), math.sin(turn)) * (picture.width() * sheet.metres_per_pixel)
        down = QPointF(-math.sin(turn), math.cos(turn)) * (picture.height() * sheet.metres_per_pixel)
        origin = QPointF(x, y) - right / 2 - down / 2
        return origin, origin + right, origin + down
