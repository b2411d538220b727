"""Vector tiles and PMTiles archives written by the tests, field by field from the specifications."""

from __future__ import annotations

import gzip
import struct
from collections.abc import Sequence
from pathlib import Path

import msgspec

from console.maps.pmtiles import tile_id


def number(value: int) -> bytes:
    """A varint."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def span(field: int, content: bytes) -> bytes:
    """A field with a length."""
    return number(field << 3 | 2) + number(len(content)) + content


def geometry(lines: Sequence[Sequence[tuple[int, int]]], *, closed: bool) -> bytes:
    """The commands of lines or rings."""
    out, x, y = b"", 0, 0
    for line in lines:
        for place, (to_x, to_y) in enumerate(line):
            if place < 2:
                out += number(1 << 3 | 1) if place == 0 else number((len(line) - 1) << 3 | 2)
            for step in (to_x - x, to_y - y):
                out += number(step << 1 if step >= 0 else (-step << 1) - 1)
            x, y = to_x, to_y
        out += number(1 << 3 | 7) if closed else b""
    return out


def layer(name: str, *features: tuple[int, Sequence[Sequence[tuple[int, int]]]], extent: int = 4096) -> bytes:
    """A layer of features: kind (2 line, 3 area) and its lines."""
    body = span(1, name.encode()) + number(5 << 3) + number(extent) + number(15 << 3) + number(2)
    for kind, lines in features:
        body += span(2, number(3 << 3) + number(kind) + span(4, geometry(lines, closed=kind == 3)))
    return span(3, body)


def pmtiles(
    path: Path, tiles: dict[tuple[int, int, int], bytes], kind: int, *, leaf: int = 0, way: int = 2
) -> Path:
    """An archive of these tiles (zoom, column, row), with a leaf directory for every `leaf` of them."""
    entries, content = [], b""
    for at in sorted(tiles, key=lambda at: tile_id(*at)):
        entries.append((tile_id(*at), len(content), len(tiles[at]), 1))
        content += tiles[at]
    leaves = b""
    if leaf:
        roots = []
        for at in range(0, len(entries), leaf):
            packed = gzip.compress(directory(entries[at : at + leaf]))
            roots.append((entries[at][0], len(leaves), len(packed), 0))
            leaves += packed
        entries = roots
    root = gzip.compress(directory(entries))
    metadata = gzip.compress(msgspec.json.encode({"name": "archive", "attribution": "nobody"}))
    lengths = (len(root), len(metadata), len(leaves), len(content))
    places, end = [], 127
    for length in lengths:
        places += [end, length]
        end += length
    zooms = [at[0] for at in tiles]
    count, box = len(tiles), (1268000000, 374000000, 1270000000, 376000000)
    kinds = (1, 2, way, kind, min(zooms), max(zooms))
    head = struct.pack("<7sB8Q3Q6B4iB2i", b"PMTiles", 3, *places, count, count, count, *kinds, *box, 10, 0, 0)
    assert len(head) == 127
    path.write_bytes(head + root + metadata + leaves + content)
    return path


def directory(entries: Sequence[tuple[int, int, int, int]]) -> bytes:
    """Entries of id, offset, length and run."""
    ids = [entry[0] for entry in entries]
    steps = [at - before for at, before in zip(ids, [0, *ids], strict=False)]
    out = number(len(entries)) + b"".join(number(each) for each in steps)
    out += b"".join(number(entry[3]) for entry in entries) + b"".join(number(entry[2]) for entry in entries)
    end = -1
    for _, offset, length, _ in entries:
        out += number(0 if offset == end else offset + 1)
        end = offset + length
    return out
