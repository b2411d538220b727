"""Vector tiles as plain lines and areas of a few kinds: what a quiet ground needs, no more.

Only the layers whose names tell roads, water, greenery, buildings and boundaries in the
common schemas (OpenMapTiles, Protomaps, Mapbox Streets) are drawn; lines of unknown layers
as outlines. Source: Mapbox Vector Tile Specification 2.1.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from console.errors import StoreError
from console.formats import protobuf

MOST_BYTES = 8 << 20  # unpacked
MOST_FEATURES = 30_000
MOST_POSITIONS = 200_000

Numbers = np.ndarray[tuple[int], np.dtype[np.int64]]
Wide = np.ndarray[tuple[int, int], np.dtype[np.int64]]
Positions = np.ndarray[tuple[int, int], np.dtype[np.int32]]

_STYLES = {
    "road": ("road", "roads", "transportation", "street", "streets", "highway", "highways", "transit"),
    "water": (
        "water",
        "waterway",
        "waterways",
        "ocean",
        "river",
        "rivers",
        "lake",
        "lakes",
        "water_polygons",
    ),
    "green": ("landcover", "park", "parks", "natural", "wood", "forest", "green"),
    "building": ("building", "buildings"),
    "boundary": ("boundary", "boundaries", "admin", "administrative"),
}
STYLE_OF = {name: style for style, names in _STYLES.items() for name in names}
_PASSED_OVER = {
    "earth", "land", "landuse", "place", "places", "poi", "pois", "housenumber", "transportation_name",
    "water_name", "mountain_peak", "aerodrome_label", "aeroway", "place_label", "poi_label", "road_label",
}  # fmt: skip
_POINT, _LINE, _AREA = 1, 2, 3
_MOVE, _DRAW, _CLOSE = 1, 2, 7


class _Feature(NamedTuple):
    """A line or an area: its kind, its style, and its rings or lines in shares of the tile's side."""

    is_area: bool
    style: str
    lines: list[Positions]


def read(packed: bytes) -> dict[str, Any]:
    """Parts of one tile for the screen; raises StoreError for bytes that are no vector tile.

    `at` holds x and y in turn (little-endian int32 of 1/4096 of the side), part n
    has `lengths[n]` positions, the style `styles[n]` and belongs to feature `features[n]`;
    rings of one area are to be filled together, so that its holes stay open.
    """
    try:
        found = list(_features(_unpacked(packed)))
    except (protobuf.Broken, UnicodeDecodeError, IndexError, OverflowError) as error:
        raise StoreError(f"is no vector tile ({error})") from error
    parts = [(number, feature, line) for number, feature in enumerate(found) for line in feature.lines]
    at = [line for _, _, line in parts]
    return {
        "at": np.concatenate(at).astype("<i4").tobytes() if at else b"",
        "lengths": [len(line) for line in at],
        "styles": [feature.style for _, feature, _ in parts],
        "areas": [feature.is_area for _, feature, _ in parts],
        "features": [number for number, _, _ in parts],
    }


def _unpacked(packed: bytes) -> bytes:
    if packed[:1] not in (b"\x1f", b"\x78"):
        return packed[:MOST_BYTES]
    try:
        engine = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
        plain = engine.decompress(packed, MOST_BYTES)
    except zlib.error as error:
        raise StoreError(f"is no vector tile ({error})") from error
    if not engine.eof:
        raise StoreError(f"is a vector tile of more than {MOST_BYTES >> 20} MiB, or it is cut off")
    return plain


def _features(tile: bytes) -> Iterator[_Feature]:
    count = positions = 0
    for field, begin, end in _spans(tile, 0, len(tile)):
        if field != 3:
            continue
        name, extent, features = _layer(tile, begin, end)
        style = STYLE_OF.get(name, "" if name in _PASSED_OVER else "outline")
        if not style:
            continue
        for start, stop in features:
            count += 1
            feature = _feature(tile, start, stop, style, 4096 / extent)
            if feature is not None:
                positions += sum(len(line) for line in feature.lines)
                if count > MOST_FEATURES or positions > MOST_POSITIONS:
                    return
                yield feature


def _spans(buffer: bytes, at: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Number, start and end of each field that has a length; all others are passed over."""
    while at < end:
        field, wire, at = protobuf.key(buffer, at, end)
        if wire == protobuf.BYTES:
            begin, at = protobuf.span(buffer, at, end)
            yield field, begin, at
        else:
            at = protobuf.skip(buffer, at, end, wire)


def _layer(tile: bytes, at: int, end: int) -> tuple[str, int, list[tuple[int, int]]]:
    """Name, extent and the places of the features."""
    name, extent, features = "", 4096, []
    while at < end:
        field, wire, at = protobuf.key(tile, at, end)
        if wire == protobuf.BYTES:
            begin, at = protobuf.span(tile, at, end)
            if field == 1:
                name = tile[begin : min(at, begin + 80)].decode("utf-8")
            elif field == 2:
                features.append((begin, at))
        elif field == 5 and wire == protobuf.VARINT:
            extent, at = protobuf.varint(tile, at, end)
        else:
            at = protobuf.skip(tile, at, end, wire)
    return name, max(1, min(extent, 1 << 20)), features


def _feature(tile: bytes, at: int, end: int, style: str, share: float) -> _Feature | None:
    kind, geometry = 0, (0, 0)
    while at < end:
        field, wire, at = protobuf.key(tile, at, end)
        if field == 3 and wire == protobuf.VARINT:
            kind, at = protobuf.varint(tile, at, end)
        elif field == 4 and wire == protobuf.BYTES:
            begin, at = protobuf.span(tile, at, end)
            geometry = (begin, at)
        else:
            at = protobuf.skip(tile, at, end, wire)
    is_area = kind == _AREA
    if kind not in (_LINE, _AREA) or (is_area and style == "boundary") or (style == "outline" and is_area):
        return None
    lines = [
        np.round(line * share).astype(np.int32) for line in _lines(varints(tile[geometry[0] : geometry[1]]))
    ]
    return _Feature(is_area, style, lines) if lines else None


def varints(packed: bytes) -> Numbers:
    """All numbers of a packed field at once; raises Broken where the last is cut off."""
    raw = np.frombuffer(packed, dtype=np.uint8)
    if not raw.size:
        return np.empty(0, dtype=np.int64)
    ends = np.flatnonzero(raw < 0x80)
    if not ends.size or ends[-1] != raw.size - 1:
        raise protobuf.Broken("a number is cut off")
    starts = np.concatenate(([0], ends[:-1] + 1))
    widths = ends - starts + 1
    if widths.max() > 10:
        raise protobuf.Broken("a number of more than ten bytes")
    shifts = (np.arange(raw.size) - np.repeat(starts, widths)).astype(np.uint64) * np.uint64(7)
    values = np.add.reduceat((raw & 0x7F).astype(np.uint64) << shifts, starts)
    return values.astype(np.int64)


def _lines(numbers: Numbers) -> Iterator[Wide]:
    """The lines of a geometry's commands, closed where they say so."""
    steps = (numbers >> 1) ^ -(numbers & 1)
    at, x, y = 0, 0, 0
    line: list[Wide] = []
    while at < numbers.size:
        command, count = int(numbers[at]) & 7, int(numbers[at]) >> 3
        at += 1
        if command == _CLOSE:
            if line:
                line.append(line[0][:1])
            continue
        if command not in (_MOVE, _DRAW) or count > (numbers.size - at) // 2:
            raise protobuf.Broken(f"a geometry with the command {command} of {count} positions")
        pairs = steps[at : at + 2 * count].reshape(-1, 2)
        at += 2 * count
        if not count:
            continue
        path = np.cumsum(pairs, axis=0) + np.array((x, y), dtype=np.int64)
        x, y = int(path[-1, 0]), int(path[-1, 1])
        if max(abs(x), abs(y)) > 1 << 30:
            raise protobuf.Broken("a position far outside of its tile")
        if command == _MOVE:
            if sum(len(part) for part in line) > 1:
                yield np.concatenate(line)
            line = [path[-1:]]
        else:
            line.append(path)
    if sum(len(part) for part in line) > 1:
        yield np.concatenate(line)
