"""The header of a PMTiles file (version 3): 127 bytes that say what the archive holds."""

from __future__ import annotations

import struct
from typing import NamedTuple

MAGIC = b"PMTiles"
_TYPES = {1: "pbf", 2: "png", 3: "jpg", 4: "webp", 5: "avif"}
_REST = struct.Struct("<QQQBBBBBBiiiiBii")  # from byte 72: counts, flags, zooms, bounds, centre


class Header(NamedTuple):
    """What the header says; degrees, west-south-east-north."""

    tiles: int
    format: str
    zooms: tuple[int, int]
    bounds: tuple[float, float, float, float]


def read(head: bytes) -> Header | None:
    """The header in the first 127 bytes of a file, None where they are none of version 3."""
    if not head.startswith(MAGIC) or len(head) < 127 or head[7] != 3:
        return None
    tiles, _, _, _, _, _, kind, low, high, *box = _REST.unpack_from(head, 72)
    west, south, east, north = (each / 1e7 for each in box[:4])
    return Header(tiles, _TYPES.get(kind, ""), (low, high), (west, south, east, north))
