"""Tiles of the base maps as pictures, asked for as they are needed and kept within bounds."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from typing import Any

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QObject, QRectF, QTimer, Signal, Slot
from PySide6.QtGui import QColor, QImage, QImageReader, QPainter, QPixmap, qRgb

from db.map_records import MapSheet
from widgets.bridge import Bridge
from widgets.map_frame import Datum

CACHE_BYTES = 96 << 20
MOST_ASKED = 12  # at a time; the newest wishes come first
MOST_SIDE = 1024  # pixels of one tile
_MOST_WISHES = 400
_BREATH_MS = 1
_DECODED_AT_ONCE = 4

Key = tuple[str, str, int, int, int]
"""A map, its version, zoom, column and row."""


class TileStore(QObject):
    """The pictures of tiles.

    Signals:
        arrived: map id, zoom, column, row of a tile that can now be drawn.
    """

    arrived = Signal(str, int, int, int)

    def __init__(self, bridge: Bridge, draw: Callable[[dict[str, Any]], QPixmap]) -> None:
        super().__init__()
        self._bridge = bridge
        self._draw = draw
        self._pictures: OrderedDict[Key, QPixmap | None] = OrderedDict()  # None: there is none
        self._bytes = 0
        self._wishes: OrderedDict[Key, None] = OrderedDict()
        self._asked: set[Key] = set()
        self._came: list[tuple[Key, Any, str]] = []
        self.sheets: list[MapSheet] = []
        self.faults: dict[str, str] = {}  # a map's id -> what was wrong with one of its tiles
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_BREATH_MS)
        self._timer.timeout.connect(self._unpack)

    @property
    def is_waiting(self) -> bool:
        """Whether tiles are still to come."""
        return bool(self._wishes or self._asked or self._came)

    @property
    def held_bytes(self) -> int:
        """Memory of the pictures."""
        return self._bytes

    def forget_wishes(self) -> None:
        """What is not asked yet is not needed any more."""
        self._wishes.clear()

    def forget(self, map_id: str) -> None:
        """A map has changed."""
        for key in [key for key in self._pictures if key[0] == map_id]:
            self._drop(key)
        self.faults.pop(map_id, None)

    def has(self, sheet: MapSheet, zoom: int, column: int, row: int) -> bool:
        """Whether it is known what a tile shows, be it nothing."""
        return (sheet.id, sheet.version, zoom, column, row) in self._pictures

    def picture(self, sheet: MapSheet, zoom: int, column: int, row: int) -> QPixmap | None:
        """A tile's picture; asked for when it is not here yet."""
        key = (sheet.id, sheet.version, zoom, column, row)
        if key in self._pictures:
            self._pictures.move_to_end(key)
            return self._pictures[key]
        if key not in self._asked:
            self._wishes[key] = None
            self._wishes.move_to_end(key)
            while len(self._wishes) > _MOST_WISHES:
                self._wishes.popitem(last=False)
            self._ask()
        return None

    def paint(self, painter: QPainter, sheet: MapSheet, datum: Datum, area: QRectF, scale: float) -> None:
        """Draw the tiles that touch `area` (metres), each from the nearest zoom that is here."""
        if sheet.zooms is None:
            return
        lowest, highest = sheet.zooms
        zoom = min(highest, max(lowest, round(datum.zoom_of(scale))))
        columns, rows = datum.tile_range(zoom, area)
        if len(columns) * len(rows) > 64:  # far below the first zoom of the file
            return
        for row in rows:
            for column in columns:
                self._paint_one(painter, sheet, datum, (zoom, column, row))

    def _paint_one(self, painter: QPainter, sheet: MapSheet, datum: Datum, at: tuple[int, int, int]) -> None:
        zoom, column, row = at
        target = datum.tile_rect(zoom, column, row)
        lowest = sheet.zooms[0] if sheet.zooms else 0
        for up in range(zoom - lowest + 1):
            key = (zoom - up, column >> up, row >> up)
            picture = self.picture(sheet, *key)
            if picture is not None:
                part = picture.width() / (1 << up)
                left, top = (column & ((1 << up) - 1)) * part, (row & ((1 << up) - 1)) * part
                painter.drawPixmap(target, picture, QRectF(left, top, part, part))
                return
            if not self.has(sheet, *key):
                self._paint_older(painter, sheet, target, (zoom, column, row), up + 1)
                return

    def _paint_older(
        self, painter: QPainter, sheet: MapSheet, target: QRectF, at: tuple[int, int, int], first: int
    ) -> None:
        """Meanwhile, whatever of the zooms above is here already."""
        zoom, column, row = at
        for up in range(first, zoom + 1):
            key = (sheet.id, sheet.version, zoom - up, column >> up, row >> up)
            picture = self._pictures.get(key)
            if picture is not None:
                part = picture.width() / (1 << up)
                left, top = (column & ((1 << up) - 1)) * part, (row & ((1 << up) - 1)) * part
                painter.drawPixmap(target, picture, QRectF(left, top, part, part))
                return

    # --- asking and taking ----------------------------------------------------

    def _ask(self) -> None:
        while self._wishes and len(self._asked) < MOST_ASKED:
            key, _ = self._wishes.popitem(last=True)
            self._asked.add(key)
            args = {"map": key[0], "z": key[2], "x": key[3], "y": key[4]}
            self._bridge.query("map.tile", args, partial(self._take, key))

    def _take(self, key: Key, value: Any, error: str) -> None:
        self._asked.discard(key)
        self._came.append((key, value, error))
        self._timer.start()

    @Slot()
    def _unpack(self) -> None:
        """Decode a few, so that keys and the mouse come between."""
        for key, value, error in self._came[:_DECODED_AT_ONCE]:
            picture = None
            if error:
                self.faults[key[0]] = error
            elif value is not None:
                picture, fault = self._picture_of(key[0], value)
                if fault:
                    self.faults[key[0]] = f"{key[2]}/{key[3]}/{key[4]}: {fault}"
            self._keep(key, picture)
            self.arrived.emit(key[0], *key[2:])
        del self._came[:_DECODED_AT_ONCE]
        if self._came:
            self._timer.start()
        self._ask()

    def _picture_of(self, map_id: str, value: Any) -> tuple[QPixmap | None, str]:
        tone = next((sheet.tone for sheet in self.sheets if sheet.id == map_id), "colour")
        if "shapes" in value:
            return self._draw(value["shapes"]), ""
        image, fault = decoded(bytes(value.get("data") or b""), MOST_SIDE)
        return (QPixmap.fromImage(toned(image, tone)), "") if image is not None else (None, fault)

    def _keep(self, key: Key, picture: QPixmap | None) -> None:
        self._drop(key)
        self._pictures[key] = picture
        self._bytes += _weight(picture)
        while self._bytes > CACHE_BYTES and len(self._pictures) > 1:
            self._drop(next(iter(self._pictures)))

    def _drop(self, key: Key) -> None:
        if key in self._pictures:
            self._bytes -= _weight(self._pictures.pop(key))


def decoded(content: bytes, most_side: int) -> tuple[QImage | None, str]:
    """A picture from outside, or what is wrong with it; one larger than `most_side` is refused unread."""
    buffer = QBuffer()
    buffer.setData(QByteArray(content))
    buffer.open(QIODevice.OpenModeFlag.ReadOnly)
    reader = QImageReader(buffer)
    if content.startswith(b"\x89PNG") and b"IEND" not in content[-16:]:
        return None, "the picture is cut off"  # libpng would write so on stderr
    size = reader.size()
    if not size.isValid():
        return None, reader.errorString()
    if max(size.width(), size.height()) > most_side:
        return None, f"{size.width()} x {size.height()} px"
    image = reader.read()
    return (None, reader.errorString()) if image.isNull() else (image, "")


def toned(image: QImage, tone: str) -> QImage:
    """The picture as a quiet ground: `night` turns a light map dark, `grey` takes its colours out."""
    if tone not in _TONES:
        return image
    grey = image.convertToFormat(QImage.Format.Format_Grayscale8)
    shades = QImage(
        grey.constBits(), grey.width(), grey.height(), grey.bytesPerLine(), QImage.Format.Format_Indexed8
    )
    shades.setColorTable(_TONES[tone])
    found = shades.convertToFormat(QImage.Format.Format_ARGB32_Premultiplied)
    if image.hasAlphaChannel():
        painter = QPainter(found)
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_DestinationIn)
        painter.drawImage(0, 0, image)
        painter.end()
    return found


def _shades(first: str, last: str) -> list[int]:
    """256 colours from that of black to that of white."""
    a, b = QColor(first), QColor(last)
    made = []
    for step in range(256):
        part = step / 255
        red, green, blue = a.red(), a.green(), a.blue()
        made.append(
            qRgb(
                round(red + (b.red() - red) * part),
                round(green + (b.green() - green) * part),
                round(blue + (b.blue() - blue) * part),
            )
        )
    return made


_TONES = {"night": _shades("#66727e", "#20252b"), "grey": _shades("#171b1f", "#7f8a95")}


def _weight(picture: QPixmap | None) -> int:
    return 64 if picture is None else math.prod((picture.width(), picture.height(), 4))
