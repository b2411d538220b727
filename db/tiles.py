"""What an MBTiles file holds. Source: MBTiles 1.3 (rows count from the south, as in TMS)."""

from __future__ import annotations

import math
from pathlib import Path
from typing import NamedTuple

from db.connection import SqlError, open_foreign
from db.errors import StoreError

MAX_NAMES = 200
MAX_TEXT = 2000
_STEPS = 200_000_000  # of the database's machine, before a file that never ends is given up

MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "png"), (b"\xff\xd8\xff", "jpg"), (b"RIFF", "webp"), (b"\x1f\x8b", "pbf"),
    (b"\x78", "pbf"), (b"\x1a", "pbf"),
)  # fmt: skip


class Level(NamedTuple):
    """The tiles of one zoom, and the rectangle of columns and rows that they lie in."""

    zoom: int
    tiles: int
    west: int
    east: int
    south: int
    north: int


class Tiles(NamedTuple):
    """An MBTiles file: its metadata as they stand there, its levels, the format of its first tile."""

    metadata: dict[str, str]
    levels: list[Level]
    found_format: str


def read(path: Path) -> Tiles:
    """What the file holds; raises StoreError where it is no MBTiles file."""
    try:
        connection = open_foreign(path)
    except SqlError as error:
        raise StoreError(f"{path}: is no SQLite file ({error})") from error
    left = [_STEPS]

    def count() -> int:
        left[0] -= 100_000
        return int(left[0] < 0)

    try:
        connection.set_progress_handler(count, 100_000)
        rows = connection.execute("SELECT name, value FROM metadata LIMIT ?", (MAX_NAMES,)).fetchall()
        metadata = {str(name)[:MAX_TEXT]: str(value)[:MAX_TEXT] for name, value in rows}
        levels = [
            Level(*(int(cell) for cell in row))
            for row in connection.execute(
                "SELECT zoom_level, count(*), min(tile_column), max(tile_column), min(tile_row),"
                " max(tile_row) FROM tiles WHERE zoom_level BETWEEN 0 AND 30"
                " GROUP BY zoom_level ORDER BY zoom_level"
            )
        ]
        first = connection.execute("SELECT substr(tile_data, 1, 16) FROM tiles LIMIT 1").fetchone()
        return Tiles(metadata, levels, _format(first[0] if first else b""))
    except (SqlError, ValueError, TypeError) as error:
        raise StoreError(f"{path}: is no MBTiles file ({error})") from error
    finally:
        connection.close()


def _format(head: object) -> str:
    if not isinstance(head, bytes):
        return ""
    return next((name for magic, name in MAGIC if head.startswith(magic)), "")


def bounds(level: Level) -> tuple[float, float, float, float]:
    """West, south, east and north of a level's rectangle, in degrees."""
    n = 1 << level.zoom
    west, east = level.west / n * 360 - 180, (level.east + 1) / n * 360 - 180
    return west, _latitude(level.south, n), east, _latitude(level.north + 1, n)


def _latitude(row: int, n: int) -> float:
    """The southern edge of a row that counts from the south."""
    return math.degrees(math.atan(math.sinh(math.pi * (2 * min(max(row, 0), n) / n - 1))))
