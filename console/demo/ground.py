"""The ground of 한빛구: boundary, stream, roads and a park, all invented, as a GeoJSON layer."""

from __future__ import annotations

import math
import random
from typing import Any

from console.demo.places import LAT, LON

_WIDE, _HIGH = 0.034, 0.027  # half the district, in degrees
Line = list[tuple[float, float]]

_DONGS = (
    ("새빛동", "Saebit-dong", -1, 1), ("은하동", "Eunha-dong", 1, 1),
    ("솔내동", "Solnae-dong", -1, -1), ("달맞이동", "Dalmaji-dong", 1, -1),
)  # fmt: skip


def features() -> dict[str, Any]:
    """The layer."""
    outline = _outline()
    found = [_feature("Polygon", [_green(0.012, -0.012, 0.0035)], "green")]
    found += [_feature("LineString", line, "road") for line in _lanes()]
    found += [_feature("LineString", line, "road", width_m=16) for line in _avenues()]
    found += [_feature("LineString", _stream(), "water", width_m=120)]
    found += [_feature("Polygon", [_quarter(outline, *dong[2:])], "boundary", *dong[:2]) for dong in _DONGS]
    found.append(_feature("Polygon", [outline], "outline"))
    return {"type": "FeatureCollection", "features": found}


def _feature(
    kind: str, at: Any, style: str, name: str = "", name_en: str = "", **more: float
) -> dict[str, Any]:
    named = {"name": name, "name_en": name_en} if name else {}
    geometry = {"type": kind, "coordinates": at}
    return {"type": "Feature", "properties": {"class": style, **named, **more}, "geometry": geometry}


def _at(east: float, north: float) -> tuple[float, float]:
    return round(LON + east, 6), round(LAT + north, 6)


def _outline() -> Line:
    """A ring that no other district has."""
    chance = random.Random("outline")
    ring = []
    for step in range(48):
        turn = step / 48 * 2 * math.pi
        far = 1 + 0.09 * math.sin(3 * turn + 0.6) + 0.05 * math.cos(5 * turn) + chance.uniform(-0.015, 0.015)
        ring.append(_at(_WIDE * far * math.cos(turn), _HIGH * far * math.sin(turn)))
    return [*ring, ring[0]]


def _quarter(outline: Line, east: int, north: int) -> Line:
    """The part of the ring on one side of the two middle lines."""
    inside = [(x, y) for x, y in outline[:-1] if (x - LON) * east >= 0 and (y - LAT) * north >= 0]
    inside.sort(key=lambda at: abs(at[1] - LAT))
    return [_at(0, 0), (inside[0][0], LAT), *inside, (LON, inside[-1][1]), _at(0, 0)]


def _stream() -> Line:
    return [
        _at(-0.08 + step * 0.0054, -0.006 + 0.0035 * math.sin(step / 4.2) + 0.00035 * max(0, step - 18))
        for step in range(31)
    ]


def _green(east: float, north: float, far: float) -> Line:
    ring = [
        _at(east + far * 1.5 * math.cos(turn / 3), north + far * math.sin(turn / 3)) for turn in range(19)
    ]
    return [*ring, ring[0]]


def _avenues() -> list[Line]:
    across = ((-0.017, 0.003), (0.004, -0.002), (0.016, 0.004))
    down = ((-0.019, 0.004), (0.002, -0.003), (0.021, 0.002))
    return [
        *(_bent(-0.09, y, 0.09, y + tilt, 0.0012) for y, tilt in across),
        *(_bent(x, -0.06, x + tilt, 0.06, 0.0010) for x, tilt in down),
    ]


def _lanes() -> list[Line]:
    chance = random.Random("lanes")
    lanes = []
    for number in range(15):
        along, bend = -0.038 + number * 0.0054, chance.uniform(-0.0012, 0.0012)
        lanes.append(_bent(along, -0.06, along + chance.uniform(-0.004, 0.004), 0.06, bend))
        lanes.append(_bent(-0.09, along * 0.8, 0.09, along * 0.8 + chance.uniform(-0.003, 0.003), bend))
    return lanes


def _bent(x: float, y: float, x_end: float, y_end: float, bend: float) -> Line:
    """A road from one point to another, a little out of the straight."""
    line = []
    for step in range(13):
        part = step / 12
        off = bend * math.sin(part * 2 * math.pi)
        line.append(_at(x + (x_end - x) * part + off, y + (y_end - y) * part + off))
    return line
