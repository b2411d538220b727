"""GeoJSON cut to a rectangle. Source of the polygon rule: Sutherland and Hodgman, 1974."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

from console.maps.grid import Bounds

Position = list[float]
_Edge = tuple[Callable[[Position], bool], Callable[[Position, Position], Position]]


def clipped(features: list[Any], bounds: Bounds) -> list[dict[str, Any]]:
    """The features within bounds, cut at its edges; what is no feature is left out."""
    found = []
    for feature in features:
        geometry = feature.get("geometry") if isinstance(feature, dict) else None
        try:
            cut = _geometry(geometry, bounds) if isinstance(geometry, dict) else None
        except (TypeError, ValueError, IndexError, KeyError, RecursionError):
            continue
        if cut is not None:
            found.append({**feature, "geometry": cut})
    return found


def _geometry(geometry: dict[str, Any], bounds: Bounds) -> dict[str, Any] | None:
    kind, at = geometry.get("type"), geometry.get("coordinates", [])
    if kind == "GeometryCollection":
        inner = [_geometry(each, bounds) for each in geometry["geometries"]]
        kept = [each for each in inner if each is not None]
        return {"type": kind, "geometries": kept} if kept else None
    if kind == "Point":
        return geometry if _inside(at, bounds) else None
    if kind == "MultiPoint":
        return _made(kind, [each for each in at if _inside(each, bounds)])
    if kind in ("LineString", "MultiLineString"):
        lines = at if kind == "MultiLineString" else [at]
        return _made("MultiLineString", [piece for line in lines for piece in _line(line, bounds)])
    if kind == "Polygon":
        return _made(kind, _polygon(at, bounds))
    if kind == "MultiPolygon":
        return _made(kind, [cut for polygon in at if (cut := _polygon(polygon, bounds))])
    return None


def _made(kind: str, at: list[Any]) -> dict[str, Any] | None:
    return {"type": kind, "coordinates": at} if at else None


def _inside(at: Position, bounds: Bounds) -> bool:
    west, south, east, north = bounds
    return west <= at[0] <= east and south <= at[1] <= north


def _line(line: list[Position], bounds: Bounds) -> list[list[Position]]:
    """The runs of segments that come near the rectangle; their ends may stand out by one segment."""
    west, south, east, north = bounds
    pieces: list[list[Position]] = []
    is_open = False
    for a, b in itertools.pairwise(line):
        beside = max(a[0], b[0]) < west or min(a[0], b[0]) > east
        if beside or max(a[1], b[1]) < south or min(a[1], b[1]) > north:
            is_open = False
            continue
        if is_open:
            pieces[-1].append(b)
        else:
            pieces.append([a, b])
        is_open = True
    return pieces


def _polygon(rings: list[list[Position]], bounds: Bounds) -> list[list[Position]]:
    outer = _ring(rings[0], bounds) if rings else []
    if len(outer) < 4:
        return []
    holes = [cut for ring in rings[1:] if len(cut := _ring(ring, bounds)) >= 4]
    return [outer, *holes]


def _ring(ring: list[Position], bounds: Bounds) -> list[Position]:
    west, south, east, north = bounds
    edges: tuple[_Edge, ...] = (
        (lambda at: at[0] >= west, lambda a, b: _at_x(a, b, west)),
        (lambda at: at[0] <= east, lambda a, b: _at_x(a, b, east)),
        (lambda at: at[1] >= south, lambda a, b: _at_y(a, b, south)),
        (lambda at: at[1] <= north, lambda a, b: _at_y(a, b, north)),
    )
    points = [list(at[:2]) for at in ring]
    if points and points[0] == points[-1]:
        points.pop()
    for is_in, crossing in edges:
        before, points = points, []
        for a, b in zip([before[-1], *before[:-1]] if before else [], before, strict=True):
            if is_in(a) != is_in(b):
                points.append(crossing(a, b))
            if is_in(b):
                points.append(b)
    return [*points, points[0]] if points else []


def _at_x(a: Position, b: Position, x: float) -> Position:
    return [x, a[1] + (b[1] - a[1]) * (x - a[0]) / (b[0] - a[0])]


def _at_y(a: Position, b: Position, y: float) -> Position:
    return [a[0] + (b[0] - a[0]) * (y - a[1]) / (b[1] - a[1]), y]
