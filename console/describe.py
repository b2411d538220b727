"""What stands in a file that is no message: registers, map layers, map tiles, clips.

Each is described by one plain dict per row, feature or level and a last one
for the whole: rows and bounds, features and bounds, zooms, frames.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from console.errors import SettingsError
from console.formats import csv_text, geojson, korea, pmtiles
from console.formats.forms import RegisterForm
from console.formats.register_columns import find
from console.formats.registers import Reader, Refused

Form = Literal["register", "layer", "tiles", "clip"]

MAX_POINTS = 5_000_000
_CLIPS = {".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".ts", ".mpg", ".mpeg", ".flv"}
_CLIP_MAGIC = (b"\x1aE\xdf\xa3", b"\x00\x00\x01\xba", b"FLV\x01")


def form_of(path: Path, *, register: bool = False) -> Form | None:
    """What a file is by its first bytes and its suffix; None for a message of a feed.

    With `register` tables and JSON are taken for registers and layers, which
    else may be messages.
    """
    try:
        with path.open("rb") as file:
            head = file.read(400)
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read ({error.strerror})") from error
    suffix = path.suffix.lower()
    if head.startswith((b"SQLite format 3\0", b"PMTiles")):
        return "tiles"
    if head[4:8] == b"ftyp" or head.startswith(_CLIP_MAGIC) or (head[:4], head[8:12]) == (b"RIFF", b"AVI "):
        return "clip"
    if suffix in _CLIPS and b"\0" in head:
        return "clip"
    if suffix == ".geojson" or (register and head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{"):
        return "layer"
    return "register" if register else None


def described(
    path: Path, form: Form, encodings: Sequence[str], options: RegisterForm | None = None
) -> Iterator[dict[str, Any]]:
    """The dicts of one file; what cannot be read is one of the kind `set_aside`."""
    match form:
        case "register":
            return _register(path, encodings, options or RegisterForm())
        case "layer":
            return _layer(path)
        case "tiles":
            return _tiles(path)
        case "clip":
            return _clip(path)


def aside(reason: str, detail: str, **more: Any) -> dict[str, Any]:
    """A refusal, in the shape in which decoding shows one."""
    return {"kind": "set_aside", "reason": reason, "detail": detail, **more}


class _Bounds:
    """The rectangle of positions, and how many lie outside of Korea's frame."""

    def __init__(self) -> None:
        self.west = self.south = float("inf")
        self.east = self.north = float("-inf")
        self.outside = self.swapped = self.points = 0

    def add(self, lon: float, lat: float) -> None:
        self.points += 1
        self.west, self.east = min(self.west, lon), max(self.east, lon)
        self.south, self.north = min(self.south, lat), max(self.north, lat)
        if not korea.inside(lon, lat):
            self.outside += 1
            self.swapped += korea.inside(lat, lon)

    def shown(self) -> list[float] | None:
        if not self.points:
            return None
        return [round(each, 7) for each in (self.west, self.south, self.east, self.north)]


# --- registers -----------------------------------------------------------------


def _register(path: Path, encodings: Sequence[str], options: RegisterForm) -> Iterator[dict[str, Any]]:
    rows = csv_text.lines(path, encodings)
    _, header = next(rows, (1, []))
    columns = find(header)
    if columns is None:
        yield aside("register-shape", "the header names no 위도 and 경도 (latitude and longitude)")
        return
    reader, box, why = Reader(columns, outside_korea=options.outside_korea), _Bounds(), Counter[str]()
    total = pinned = 0
    for number, row in rows:
        if not any(cell.strip() for cell in row):
            continue
        total += 1
        found = reader.row(row)
        if isinstance(found, Refused):
            why[found.reason] += 1
            yield aside(found.reason, found.detail, row=number)
            continue
        if found.lon is not None and found.lat is not None:
            pinned += 1
            box.add(found.lon, found.lat)
        said = {
            key: value for key, value in found._asdict().items() if value not in (None, "") and key != "kind"
        }
        yield {"kind": "asset", "form": found.kind, **said, "row": number}
    known = [name for name, at in sorted(columns.at.items(), key=lambda each: each[1])]
    yield {
        "kind": "register",
        "form": columns.kind,
        "rows": total,
        "assets": total - why.total(),
        "without_position": total - why.total() - pinned,
        "refused": dict(why),
        "bounds": box.shown(),
        "columns": known,
    }


# --- layers --------------------------------------------------------------------


def _layer(path: Path) -> Iterator[dict[str, Any]]:
    features = geojson.features(path)
    if isinstance(features, str):
        yield aside("layer-shape", features)
        return
    whole, kinds, refused = _Bounds(), Counter[str](), 0
    for number, feature in enumerate(features, start=1):
        geometry = feature.get("geometry") if isinstance(feature, dict) else None
        box = _Bounds()
        fault = _walk(geometry, box) if geometry is not None else "the feature has no geometry"
        if fault:
            refused += 1
            yield aside("position", fault, row=number)
            continue
        kind = str(geometry.get("type"))[:40]  # type: ignore[union-attr]
        kinds[kind] += 1
        for lon, lat in ((box.west, box.south), (box.east, box.north)):
            whole.add(lon, lat)
        said = feature.get("properties")
        yield {
            "kind": "feature",
            "geometry": kind,
            "points": box.points,
            "bounds": box.shown(),
            "outside_korea": box.outside,
            "exchanged": box.swapped,
            "properties": said if isinstance(said, dict) else {},
            "row": number,
        }
    yield {
        "kind": "layer",
        "features": sum(kinds.values()),
        "geometries": dict(kinds),
        "refused": refused,
        "bounds": whole.shown(),
        "outside_korea": whole.outside > 0,
    }


def _walk(geometry: Any, box: _Bounds) -> str:
    """Take the positions of a geometry into `box`; says what is wrong with them, or nothing."""
    stack: list[Any] = [geometry]
    while stack:
        here = stack.pop()
        if isinstance(here, dict):
            inner = (
                here.get("geometries")
                if here.get("type") == "GeometryCollection"
                else here.get("coordinates")
            )
            if not isinstance(inner, list):
                return "a geometry without coordinates"
            stack += inner if "geometries" in here else [inner]
        elif isinstance(here, list) and here and not isinstance(here[0], list | dict):
            if len(here) < 2 or not all(type(each) in (int, float) for each in here[:2]):
                return "a position that is no pair of numbers"
            if not (abs(here[0]) <= 180 and abs(here[1]) <= 90):
                return f"{here[0]}, {here[1]} are no degrees: the layer is in another coordinate system"
            box.add(float(here[0]), float(here[1]))
            if box.points > MAX_POINTS:
                return f"more than {MAX_POINTS} positions"
        elif isinstance(here, list):
            stack += here
        else:
            return "coordinates that are no list"
    return "" if box.points else "a geometry without positions"


# --- tiles and clips -------------------------------------------------------------


def _tiles(path: Path) -> Iterator[dict[str, Any]]:
    from db import tiles
    from db.errors import StoreError

    with path.open("rb") as file:
        packed = pmtiles.read(file.read(127))
    if packed is not None:
        yield {"kind": "tiles", **packed._asdict()}
        return
    try:
        found = tiles.read(path)
    except StoreError as error:
        yield aside("tiles-shape", str(error).removeprefix(f"{path}: "))
        return
    said, levels = found.metadata, found.levels
    for level in levels:
        box = [round(each, 6) for each in tiles.bounds(level)]
        yield {"kind": "level", "zoom": level.zoom, "tiles": level.tiles, "bounds": box}
    told = _numbers(said.get("bounds", ""), 4)
    yield {
        "kind": "tiles",
        "name": said.get("name", ""),
        "format": said.get("format") or found.found_format,
        "found_format": found.found_format,
        "tiles": sum(level.tiles for level in levels),
        "zooms": [levels[0].zoom, levels[-1].zoom] if levels else None,
        "told_zooms": [said.get("minzoom", ""), said.get("maxzoom", "")],
        "bounds": told or ([round(each, 6) for each in tiles.bounds(levels[-1])] if levels else None),
        "center": _numbers(said.get("center", ""), 3),
        "metadata": {key: text for key, text in said.items() if key != "json"},
    }


def _numbers(text: str, wanted: int) -> list[float] | None:
    try:
        found = [float(part) for part in text.split(",")]
    except ValueError:
        return None
    return found if len(found) == wanted and all(abs(each) <= 180 for each in found) else None


def _clip(path: Path) -> Iterator[dict[str, Any]]:
    from console.cameras.decode import clip

    found = clip(path)
    if found is None:
        yield aside("clip-shape", "no video that can be opened")
        return
    yield {
        "kind": "clip",
        **found._asdict(),
        "duration_s": round(found.frames / found.rate, 3) if found.rate else None,
    }
