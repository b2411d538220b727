"""Polygons and circles of CAP: text to numbers, and the point that stands for a shape on a map.

CAP writes "latitude,longitude"; here a position is (longitude, latitude) in degrees.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from console.formats import korea

Position = tuple[float, float]
Ring = tuple[Position, ...]

_PAIR = re.compile(r"([+-]?\d{1,3}(?:\.\d{0,12})?),\s?([+-]?\d{1,3}(?:\.\d{0,12})?)", re.ASCII).fullmatch
_RADIUS = re.compile(r"\d{1,5}(?:\.\d{0,9})?", re.ASCII).fullmatch


class Circle(NamedTuple):
    """A circle around a position; `radius_km` 0 is the position itself."""

    lon: float
    lat: float
    radius_km: float


def ring(text: str) -> Ring:
    """The closed ring of a polygon; raises ValueError that says what is wrong."""
    points = tuple(_position(pair) for pair in text.split())
    if points and points[0] != points[-1]:
        points = (*points, points[0])
    if len(points) < 4:
        raise ValueError(f"a polygon of {max(len(points) - 1, 0)} corners")
    return points


def circle(text: str) -> Circle:
    """The circle of "latitude,longitude radius"; raises ValueError that says what is wrong."""
    parts = text.split()
    if len(parts) != 2 or not _RADIUS(parts[1]):
        raise ValueError(f"{text[:60]!r} is no circle")
    lon, lat = _position(parts[0])
    return Circle(lon, lat, float(parts[1]))


def _position(pair: str) -> Position:
    found = _PAIR(pair)
    if found is None:
        raise ValueError(f"{pair[:40]!r} is no position")
    lat, lon = float(found[1]), float(found[2])
    if abs(lat) > 90 or abs(lon) > 180:
        swapped = korea.inside(lat, lon)
        hint = "; latitude and longitude look exchanged" if swapped else ""
        raise ValueError(f"{pair[:40]!r} lies on no globe{hint}")
    return lon, lat


def middle(polygons: Iterable[Ring], circles: Iterable[Circle]) -> Position | None:
    """A position for the map: the middle of the first shape's frame, polygons first."""
    for points in polygons:
        lons, lats = [lon for lon, _ in points], [lat for _, lat in points]
        return (round((min(lons) + max(lons)) / 2, 6), round((min(lats) + max(lats)) / 2, 6))
    for each in circles:
        return (each.lon, each.lat)
    return None


def in_frame(points: Iterable[Position]) -> bool:
    """Whether all of these lie in Korea's frame."""
    return all(korea.inside(lon, lat) for lon, lat in points)
