"""Where an entity is: the position of a GeoJSON shape, checked."""

from __future__ import annotations

from typing import Any

from console.formats import json_text, korea, values
from console.formats.json_text import Unreadable

MOST_POINTS = 10_000


def position(location: Any, *, anywhere: bool) -> tuple[float | None, float | None]:
    """Longitude and latitude: of a point itself, of a line its middle vertex, of an area its ring's mean.

    Raises Unreadable for angles that are none, and outside Korea unless `anywhere`.
    """
    if isinstance(location, str):
        location = json_text.read(location.encode("utf-8", "replace"))
    if not isinstance(location, dict) or not isinstance(location.get("coordinates"), list):
        return None, None
    points = _points(location["coordinates"])
    if not points:
        return None, None
    if location.get("type") == "Polygon":
        ring = points[:-1] or points
        lon, lat = (sum(point[axis] for point in ring) / len(ring) for axis in (0, 1))
    else:
        lon, lat = points[len(points) // 2]
    found = values.position(lon, lat)
    if None not in found and not anywhere and not korea.inside(lon, lat):
        swapped = "; longitude and latitude seem to be swapped" if korea.inside(lat, lon) else ""
        raise Unreadable("position", f"{lon:.5f} E, {lat:.5f} N lies outside Korea{swapped}")
    return found


def _points(coordinates: list[Any]) -> list[tuple[float, float]]:
    """The points of the first part of any shape."""
    found: Any = coordinates
    for _ in range(4):
        if not isinstance(found, list) or not found:
            return []
        if all(isinstance(each, int | float) and not isinstance(each, bool) for each in found[:2]):
            found = [found]
        if not isinstance(found[0], list):
            raise Unreadable("position", "a point of the shape has no two coordinates")
        if found[0] and not isinstance(found[0][0], list):
            break
        found = found[0]
    else:
        raise Unreadable("position", "the shape is nested deeper than any shape is")
    points = []
    for each in found[:MOST_POINTS]:
        if not isinstance(each, list) or len(each) < 2:
            raise Unreadable("position", "a point of the shape has no two coordinates")
        lon, lat = values.position(each[0], each[1])
        if lon is not None and lat is not None:
            points.append((lon, lat))
    return points
