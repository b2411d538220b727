"""The grid of web map tiles: x counts from the west, y from the north. Source: OGC 17-083r4, annex D."""

from __future__ import annotations

import math

from db.tiles import Box

LAST_LAT = 85.0511287798066
Bounds = tuple[float, float, float, float]


def box(bounds: Bounds, zoom: int) -> Box:
    """The tiles of a zoom that touch west, south, east, north in degrees."""
    west, south, east, north = bounds
    return Box(zoom, _column(west, zoom), _column(east, zoom), _row(north, zoom), _row(south, zoom))


def _column(lon: float, zoom: int) -> int:
    return _within(math.floor((lon + 180) / 360 * (1 << zoom)), zoom)


def _row(lat: float, zoom: int) -> int:
    lat = math.radians(max(-LAST_LAT, min(LAST_LAT, lat)))
    return _within(math.floor((1 - math.asinh(math.tan(lat)) / math.pi) / 2 * (1 << zoom)), zoom)


def _within(at: int, zoom: int) -> int:
    return max(0, min((1 << zoom) - 1, at))
