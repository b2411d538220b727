"""A GeoJSON layer as the lines and areas that a screen can draw, however large the file is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from console.errors import SettingsError
from console.formats import geojson
from db.map_records import MapShapes

MOST_POSITIONS = 80_000
MOST_PARTS = 30_000
MOST_LABELS = 3_000
MOST_POINTS = 20_000
MAX_LABEL = 80
_SOURCE_MOST = 5_000_000  # positions of one file
_DEPTH = 8  # of collections in collections
STYLES = ("outline", "boundary", "road", "water", "green", "building")

Positions = np.ndarray[tuple[int, int], np.dtype[np.float64]]


class Part(NamedTuple):
    """A line or a ring."""

    at: Positions
    closed: bool
    style: str
    width_m: float
    hole: bool


class _Broken(Exception):
    """str() says what is wrong with a geometry."""


class _Layer:
    """Takes features one by one; what cannot be drawn is counted."""

    def __init__(self, style: str, label: str, label_en: str) -> None:
        self.parts: list[Part] = []
        self.labels: list[tuple[str, str, float, float]] = []
        self.points: list[tuple[float, float]] = []
        self.count = self.left = self._positions = 0
        self.why = ""
        self._style, self._label, self._label_en = style, label, label_en

    def take(self, feature: Any) -> None:
        """One feature, wholly or not at all."""
        self.count += 1
        try:
            self._take(feature)
        except _Broken as error:
            self.left += 1
            self.why = self.why or f"feature {self.count}: {error}"

    def _take(self, feature: Any) -> None:
        if not isinstance(feature, dict):
            raise _Broken("is no object")
        said = feature.get("properties")
        said = said if isinstance(said, dict) else {}
        style = said.get("class")
        style = style if style in STYLES else self._style
        width = said.get("width_m")
        width_m = float(width) if isinstance(width, int | float) and 0 < width < 10_000 else 0.0
        parts, points = [], []
        for kind, at, hole in _simple(feature.get("geometry")):
            self._positions += len(at)
            if kind == "Point":
                points.append((float(at[0, 0]), float(at[0, 1])))
            else:
                parts.append(Part(at, kind == "Polygon", style, width_m, hole))
        if self._positions > _SOURCE_MOST or len(self.parts) + len(parts) > MOST_PARTS:
            raise _Broken("more than can be drawn")
        self.parts += parts
        self.points += points[: MOST_POINTS - len(self.points)]
        self._name(said, parts, points)

    def _name(self, said: dict[str, Any], parts: list[Part], points: list[tuple[float, float]]) -> None:
        text, text_en = (str(said.get(key) or "")[:MAX_LABEL] for key in (self._label, self._label_en))
        if not (text or text_en) or len(self.labels) >= MOST_LABELS:
            return
        if parts:
            largest = max(parts, key=lambda part: len(part.at)).at
            lon, lat = (largest.min(axis=0) + largest.max(axis=0)) / 2
            self.labels.append((text, text_en, float(lon), float(lat)))
        elif points:
            self.labels.append((text, text_en, *points[0]))


def read(path: Path, style: str, label: str, label_en: str) -> MapShapes:
    """The layer of a file; raises SettingsError for one that is no GeoJSON."""
    found = geojson.features(path)
    if isinstance(found, str):
        raise SettingsError(f"{path.name}: {found}")
    layer = _Layer(style, label, label_en)
    for feature in found:
        layer.take(feature)
    if found and layer.left == layer.count:
        raise SettingsError(f"{path.name}: no feature of it can be drawn ({layer.why})")
    parts, step = _drawable(layer.parts)
    return MapShapes(
        at=np.concatenate([part.at for part in parts]).astype("<f8").tobytes() if parts else b"",
        lengths=[len(part.at) for part in parts],
        closed=[part.closed for part in parts],
        holes=[part.hole for part in parts],
        parts=[STYLES.index(part.style) for part in parts],
        styles=list(STYLES),
        widths=[part.width_m for part in parts],
        labels=tuple(layer.labels),
        points=tuple(layer.points),
        features=layer.count,
        left=layer.left,
        why_left=layer.why,
        step_deg=step,
    )


def bounds(shapes: MapShapes) -> tuple[float, float, float, float] | None:
    """West, south, east, north of all of it."""
    at = np.frombuffer(shapes.at, dtype="<f8").reshape(-1, 2)
    at = np.concatenate([at, np.array(shapes.points).reshape(-1, 2)])
    if not at.size:
        return None
    (west, south), (east, north) = at.min(axis=0), at.max(axis=0)
    return float(west), float(south), float(east), float(north)


def _simple(geometry: Any, depth: int = 0) -> Iterator[tuple[str, Positions, bool]]:
    """A geometry's points, lines and rings, each with whether it is a hole; raises _Broken for none."""
    if not isinstance(geometry, dict) or depth > _DEPTH:
        raise _Broken("has no geometry")
    kind, inner = geometry.get("type"), geometry.get("coordinates")
    if kind == "GeometryCollection":
        for each in _list(geometry.get("geometries")):
            yield from _simple(each, depth + 1)
    elif kind == "Point":
        yield "Point", _positions([inner]), False
    elif kind == "LineString":
        yield "LineString", _positions(inner), False
    elif kind == "MultiPoint":
        for each in _list(inner):
            yield "Point", _positions([each]), False
    elif kind == "MultiLineString":
        for each in _list(inner):
            yield "LineString", _positions(each), False
    elif kind in ("Polygon", "MultiPolygon"):
        yield from _rings([inner] if kind == "Polygon" else _list(inner))
    else:
        raise _Broken(f"{str(kind)[:40]} is no kind of geometry")


def _rings(polygons: list[Any]) -> Iterator[tuple[str, Positions, bool]]:
    for rings in polygons:
        for number, ring in enumerate(_list(rings)):
            yield "Polygon", _positions(ring), number > 0


def _list(found: Any) -> list[Any]:
    if not isinstance(found, list):
        raise _Broken("coordinates are no list")
    return found


def _positions(found: Any) -> Positions:
    try:
        at = np.array([(float(each[0]), float(each[1])) for each in _list(found)], dtype=np.float64)
    except (TypeError, ValueError, IndexError, KeyError, OverflowError) as error:
        raise _Broken("a position that is no pair of numbers") from error
    if not at.size:
        raise _Broken("a geometry without positions")
    if not (np.abs(at) <= (180.0, 90.0)).all():
        raise _Broken("positions are no degrees: the layer is in another coordinate system")
    at[:, 1] = np.clip(at[:, 1], -85.05, 85.05)
    return at


def _drawable(parts: list[Part]) -> tuple[list[Part], float]:
    """The parts on a grid as coarse as needed, so that neighbours keep their common line, and its step."""
    total = sum(len(part.at) for part in parts)
    if total <= MOST_POSITIONS:
        return parts, 0.0
    whole = np.concatenate([part.at for part in parts])
    number = np.repeat(np.arange(len(parts)), [len(part.at) for part in parts])
    step = float((whole.max(axis=0) - whole.min(axis=0)).max()) / 65_536
    while True:
        cells = np.round(whole / step)
        keep = np.ones(total, dtype=bool)
        keep[1:] = (cells[1:] != cells[:-1]).any(axis=1) | (number[1:] != number[:-1])
        left = np.bincount(number[keep], minlength=len(parts))
        if left[left > 1].sum() <= MOST_POSITIONS:
            break
        step *= 1.6
    pieces = np.split(cells[keep] * step, np.cumsum(left)[:-1])
    return [part._replace(at=at) for part, at in zip(parts, pieces, strict=True) if len(at) > 1], step
