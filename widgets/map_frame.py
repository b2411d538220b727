"""Where things lie on the map: Web Mercator, in metres true at the middle of the district."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from PySide6.QtCore import QPointF, QRectF

from widgets.map_cluster import Floats

EARTH_M = 6_378_137.0
WORLD_M = 2 * math.pi * EARTH_M
TILE_PX = 256
_LAST_LAT = 85.0511287798066


class Datum(NamedTuple):
    """The longitude and latitude that metres east and south are counted from."""

    lon: float
    lat: float

    @property
    def shrink(self) -> float:
        """Metres on the ground per metre of the projection."""
        return math.cos(math.radians(self.lat))

    def project(self, lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
        """Metres east and south."""
        clipped = np.radians(np.clip(lat, -_LAST_LAT, _LAST_LAT))
        north = np.arcsinh(np.tan(clipped)) - math.asinh(math.tan(math.radians(self.lat)))
        metres = EARTH_M * self.shrink
        return np.radians(lon - self.lon) * metres, -north * metres

    def one(self, lon: float, lat: float) -> tuple[float, float]:
        """The same for one position."""
        x, y = self.project(np.array([lon]), np.array([lat]))
        return float(x[0]), float(y[0])

    def degrees(self, x: float, y: float) -> tuple[float, float]:
        """Longitude and latitude of metres east and south."""
        metres = EARTH_M * self.shrink
        north = math.asinh(math.tan(math.radians(self.lat))) - y / metres
        return self.lon + math.degrees(x / metres), math.degrees(math.atan(math.sinh(north)))

    def tile_rect(self, zoom: int, column: int, row: int) -> QRectF:
        """The metres that a tile covers."""
        side = WORLD_M / (1 << zoom) * self.shrink
        west, north = self._origin()
        return QRectF(west + column * side, north + row * side, side, side)

    def tile_range(self, zoom: int, area: QRectF) -> tuple[range, range]:
        """Columns and rows of the tiles that touch an area of metres."""
        side = WORLD_M / (1 << zoom) * self.shrink
        west, north = self._origin()
        last = (1 << zoom) - 1
        columns = [min(last, max(0, math.floor((x - west) / side))) for x in (area.left(), area.right())]
        rows = [min(last, max(0, math.floor((y - north) / side))) for y in (area.top(), area.bottom())]
        return range(columns[0], columns[1] + 1), range(rows[0], rows[1] + 1)

    def _origin(self) -> tuple[float, float]:
        return self.one(-180.0, _LAST_LAT)

    def zoom_of(self, scale: float) -> float:
        """The zoom whose tiles have `scale` metres per pixel."""
        return math.log2(WORLD_M * self.shrink / TILE_PX / scale)


class Frame(NamedTuple):
    """A window on the ground: the metres in its middle, metres per pixel, its size in pixels."""

    datum: Datum
    x: float
    y: float
    scale: float
    width: int
    height: int

    def point(self, x: float, y: float) -> QPointF:
        """The pixel of metres east and south."""
        return QPointF(
            (x - self.x) / self.scale + self.width / 2, (y - self.y) / self.scale + self.height / 2
        )

    def place(self, lon: float, lat: float) -> QPointF:
        """The pixel of a longitude and latitude."""
        return self.point(*self.datum.one(lon, lat))

    def ground(self, at: QPointF) -> tuple[float, float]:
        """The metres east and south under a pixel."""
        return (
            self.x + (at.x() - self.width / 2) * self.scale,
            self.y + (at.y() - self.height / 2) * self.scale,
        )

    def degrees(self, at: QPointF) -> tuple[float, float]:
        """Longitude and latitude under a pixel."""
        return self.datum.degrees(*self.ground(at))

    @property
    def area(self) -> QRectF:
        """The metres that are seen."""
        left, top = self.ground(QPointF(0, 0))
        return QRectF(left, top, self.width * self.scale, self.height * self.scale)

    @property
    def zoom(self) -> float:
        """The zoom of web tiles that has this scale."""
        return self.datum.zoom_of(self.scale)
