"""Map files made by the tests: MBTiles of plain pictures, layers, broken ones."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any

import msgspec

from console.maps import grid
from console.maps.atlas import Atlas
from console.maps.tables import MapFile
from db import connection, tiles

DISTRICT = (126.8, 37.4, 127.0, 37.6)


def png(shade: int = 128, side: int = 256) -> bytes:
    """A grey picture."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        body = kind + content
        return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))

    rows = (b"\0" + bytes([shade]) * side) * side
    head = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def mbtiles(path: Path, zooms: range = range(10, 14), **metadata: str) -> Path:
    """Every tile of the district, its shade telling its zoom."""
    writer = tiles.Writer(path, {"name": "시험", "format": "png", "attribution": "nobody", **metadata})
    for zoom in zooms:
        box = grid.box(DISTRICT, zoom)
        for x in range(box.west, box.east + 1):
            writer.put(zoom, [(x, y, png(zoom * 10)) for y in range(box.north, box.south + 1)])
    writer.close()
    return path


def sql(path: Path, *statements: str) -> Path:
    """A SQLite file made by these statements."""
    db = connection.create_foreign(path)
    for statement in statements:
        db.execute(statement)
    db.commit()
    db.close()
    return path


def layer(path: Path, *features: Any) -> Path:
    """A GeoJSON file of these geometries or features."""
    made = [
        each
        if isinstance(each, dict) and each.get("type") == "Feature"
        else {"type": "Feature", "geometry": each}
        for each in features
    ]
    path.write_bytes(msgspec.json.encode({"type": "FeatureCollection", "features": made}))
    return path


def line(*at: tuple[float, float]) -> dict[str, Any]:
    """A line."""
    return {"type": "LineString", "coordinates": at}


def square(west: float, south: float, side: float) -> dict[str, Any]:
    """An area."""
    ring = [
        (west, south),
        (west + side, south),
        (west + side, south + side),
        (west, south + side),
        (west, south),
    ]
    return {"type": "Polygon", "coordinates": [ring]}


def atlas(base: Path, *files: MapFile) -> Atlas:
    """The maps of a site."""
    return Atlas(files, base, [])
