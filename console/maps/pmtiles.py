"""Tiles out of a PMTiles archive (version 3): one file, a tree of directories, tiles by a Hilbert curve.

Source: protomaps/PMTiles, spec/v3/spec.md. A library reads whole files into memory or trusts
their numbers; here every length is bounded before it is believed.
"""

from __future__ import annotations

import bisect
import functools
import struct
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np

from console.errors import StoreError
from console.formats import pmtiles, protobuf
from console.maps.grid import Bounds
from console.maps.vector import varints
from db.tiles import MAX_TILE, Box

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

MOST_DIRECTORY = 16 << 20
MOST_ENTRIES = 2_000_000
MOST_LOOKED = 200_000  # tiles that a measure looks up
_DEPTH = 4
_PLACES = struct.Struct("<8Q")  # from byte 8: root, metadata, leaves, tiles; each offset and length
_KINDS = struct.Struct("<BBBB")  # from byte 96: clustered, of directories, of tiles, type
_NONE, _GZIP, _BROTLI, _ZSTD = 1, 2, 3, 4


class _Directory(NamedTuple):
    """Entries in the order of their tiles: first id, offset, length, and for how many ids (0: a leaf)."""

    ids: list[int]
    offsets: list[int]
    lengths: list[int]
    runs: list[int]


class PmTiles:
    """A PMTiles file as a source of tiles; raises StoreError for one that is broken."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._directory = functools.lru_cache(64)(self._read_directory)

    def outline(self) -> tuple[str, tuple[int, int], Bounds, dict[str, str]]:
        """Form of the tiles, zooms, bounds, and what the metadata say as texts."""
        head = self._bytes(0, 127)
        header = pmtiles.read(head)
        if header is None:
            raise StoreError(f"{self._path.name}: is no PMTiles file of version 3")
        if header.format not in ("png", "jpg", "webp", "pbf") or header.zooms[0] > header.zooms[1]:
            raise StoreError(f"{self._path.name}: its tiles are no pictures and no vector tiles")
        self._directory(*self._places()[:2])
        return header.format, header.zooms, header.bounds, self._metadata()

    def tile(self, zoom: int, column: int, row: int) -> bytes | None:
        """One tile, unpacked from what the archive packs it in; None where there is none."""
        found = self._find(tile_id(zoom, column, row))
        if found is None:
            return None
        offset, length = found
        if length > MAX_TILE:
            raise StoreError(f"{self._path.name}: tile {zoom}/{column}/{row} has {length:,} bytes")
        return self._unpacked(self._bytes(self._places()[6] + offset, length), self._kinds()[2], MAX_TILE)

    def measure(self, boxes: list[Box]) -> tuple[int, int]:
        """How many tiles lie in these boxes, and their bytes in the archive."""
        count = size = looked = 0
        low, high = pmtiles_zooms(self._bytes(0, 127))
        for box in boxes:
            if not low <= box.zoom <= high:
                continue
            for column, row in _every(box):
                looked += 1
                if looked > MOST_LOOKED:
                    raise StoreError(f"{self._path.name}: the area has too many tiles to be measured")
                found = self._find(tile_id(box.zoom, column, row))
                if found is not None:
                    count, size = count + 1, size + found[1]
        return count, size

    def each(self, box: Box) -> Iterator[tuple[int, int, bytes]]:
        """Column, row and bytes of every tile in a box."""
        low, high = pmtiles_zooms(self._bytes(0, 127))
        if low <= box.zoom <= high:
            for column, row in _every(box):
                content = self.tile(box.zoom, column, row)
                if content is not None:
                    yield column, row, content

    # --- the file ------------------------------------------------------------

    def _find(self, wanted: int) -> tuple[int, int] | None:
        """Offset and length of a tile's bytes."""
        places = self._places()
        offset, length = places[0], places[1]
        for _ in range(_DEPTH):
            directory = self._directory(offset, length)
            at = bisect.bisect_right(directory.ids, wanted) - 1
            if at < 0:
                return None
            run = directory.runs[at]
            if run:
                if wanted - directory.ids[at] >= run:
                    return None
                return directory.offsets[at], directory.lengths[at]
            offset, length = places[4] + directory.offsets[at], directory.lengths[at]
        raise StoreError(f"{self._path.name}: its directories lie too deep")

    def _read_directory(self, offset: int, length: int) -> _Directory:
        if length > MOST_DIRECTORY:
            raise StoreError(f"{self._path.name}: a directory of {length:,} bytes")
        plain = self._unpacked(self._bytes(offset, length), self._kinds()[1], MOST_DIRECTORY)
        try:
            numbers = varints(plain)
        except protobuf.Broken as error:
            raise StoreError(f"{self._path.name}: a directory is broken ({error})") from error
        count = int(numbers[0]) if numbers.size else 0
        if not 0 <= count <= MOST_ENTRIES or numbers.size != 1 + 4 * count:
            raise StoreError(f"{self._path.name}: a directory is broken")
        ids, runs, lengths, said = numbers[1:].reshape(4, count)
        ids = np.cumsum(ids)
        offsets, end = [], 0
        for place, size in zip(said.tolist(), lengths.tolist(), strict=True):
            begin = end if place == 0 else place - 1
            offsets.append(begin)
            end = begin + size
        return _Directory(ids.tolist(), offsets, lengths.tolist(), runs.tolist())

    def _metadata(self) -> dict[str, str]:
        places = self._places()
        if places[3] > MOST_DIRECTORY:
            return {}
        try:
            plain = self._unpacked(self._bytes(places[2], places[3]), self._kinds()[1], MOST_DIRECTORY)
            found: Any = msgspec.json.decode(plain)
        except (StoreError, msgspec.DecodeError, RecursionError):
            return {}
        if not isinstance(found, dict):
            return {}
        return {str(key): each[:400] for key, each in found.items() if isinstance(each, str)}

    def _places(self) -> tuple[int, ...]:
        return _PLACES.unpack_from(self._bytes(0, 127), 8)

    def _kinds(self) -> tuple[int, ...]:
        return _KINDS.unpack_from(self._bytes(0, 127), 96)

    def _bytes(self, offset: int, length: int) -> bytes:
        try:
            with self._path.open("rb") as file:
                file.seek(offset)
                found = file.read(length)
        except (OSError, OverflowError, ValueError) as error:
            raise StoreError(f"{self._path.name}: cannot be read ({error})") from error
        if len(found) != length:
            raise StoreError(f"{self._path.name}: is cut off")
        return found

    def _unpacked(self, packed: bytes, kind: int, most: int) -> bytes:
        try:
            if kind == _NONE:
                return packed
            if kind == _GZIP:
                engine = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
                plain = engine.decompress(packed, most)
                if not engine.eof:
                    raise StoreError(f"{self._path.name}: a part of it is too large, or it is cut off")
                return plain
            if kind == _ZSTD:
                return bytes(zstd.ZstdDecompressor().decompress(packed, most))
        except (zlib.error, zstd.ZstdError) as error:
            raise StoreError(f"{self._path.name}: a part of it is broken ({error})") from error
        way = "brotli" if kind == _BROTLI else f"the way {kind}"
        raise StoreError(f"{self._path.name}: is packed by {way}, which cannot be read; gzip or zstd can")


def pmtiles_zooms(head: bytes) -> tuple[int, int]:
    """The first and the last zoom that a header tells."""
    return head[100], head[101]


def tile_id(zoom: int, column: int, row: int) -> int:
    """The place of a tile on the curve through all zooms."""
    found = ((1 << (2 * zoom)) - 1) // 3
    side = 1 << zoom
    x, y = column, row
    step = side >> 1
    while step:
        right, low = int((x & step) > 0), int((y & step) > 0)
        found += step * step * ((3 * right) ^ low)
        if not low:
            if right:
                x, y = side - 1 - x, side - 1 - y
            x, y = y, x
        step >>= 1
    return found


def _every(box: Box) -> Iterator[tuple[int, int]]:
    for column in range(box.west, box.east + 1):
        for row in range(box.north, box.south + 1):
            yield column, row
