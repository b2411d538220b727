"""What an MBTiles file holds. Source: MBTiles 1.3 (rows count from the south, as in TMS)."""

from __future__ import annotations

import contextlib
import math
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from db.connection import SqlError, create_foreign, open_foreign
from db.errors import StoreError

MAX_NAMES = 200
MAX_TEXT = 2000
MAX_TILE = 4 << 20
# Steps of the database's machine, before a file that never ends is given up: for what reads all of
# it, and for one tile or the outline, for which somebody waits.
_STEPS, _FEW_STEPS = 200_000_000, 20_000_000

MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "png"), (b"\xff\xd8\xff", "jpg"), (b"RIFF", "webp"), (b"\x1f\x8b", "pbf"),
    (b"\x78", "pbf"), (b"\x1a", "pbf"),
)  # fmt: skip
_IN_BOX = "zoom_level = ? AND tile_column BETWEEN ? AND ? AND tile_row BETWEEN ? AND ?"


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


class Box(NamedTuple):
    """Columns and rows of one zoom, both ends included; rows count from the north."""

    zoom: int
    west: int
    east: int
    north: int
    south: int

    @property
    def rows_from_south(self) -> tuple[int, int]:
        """The rows as the file counts them."""
        last = (1 << self.zoom) - 1
        return last - self.south, last - self.north


@contextlib.contextmanager
def _opened(path: Path, steps: int = _STEPS) -> Iterator[sqlite3.Connection]:
    """A connection that gives a file up that never ends; raises StoreError for whatever is wrong."""
    try:
        connection = open_foreign(path)
    except SqlError as error:
        raise StoreError(f"{path}: is no SQLite file ({error})") from error
    left = [steps]

    def count() -> int:
        left[0] -= 100_000
        return int(left[0] < 0)

    try:
        connection.set_progress_handler(count, 100_000)
        yield connection
    except (SqlError, ValueError, TypeError) as error:
        raise StoreError(f"{path}: is no MBTiles file ({error})") from error
    finally:
        connection.close()


def read(path: Path) -> Tiles:
    """What the file holds; raises StoreError where it is no MBTiles file."""
    with _opened(path) as connection:
        levels = [
            Level(*(int(cell) for cell in row))
            for row in connection.execute(
                "SELECT zoom_level, count(*), min(tile_column), max(tile_column), min(tile_row),"
                " max(tile_row) FROM tiles WHERE zoom_level BETWEEN 0 AND 30"
                " GROUP BY zoom_level ORDER BY zoom_level"
            )
        ]
        return Tiles(_metadata(connection), levels, _first_format(connection))


def outline(path: Path) -> Tiles:
    """The same without counting tiles: the first and the last level, where a large file keeps none waiting.

    Tiles are 0 in both; raises StoreError as `read` does.
    """
    with _opened(path, _FEW_STEPS) as connection:
        ends = [
            connection.execute(
                f"SELECT {which}(zoom_level) FROM tiles WHERE zoom_level BETWEEN 0 AND 30"
            ).fetchone()[0]
            for which in ("min", "max")
        ]
        zooms = sorted({int(each) for each in ends if each is not None})
        levels = [_level(connection, zoom) for zoom in zooms]
        return Tiles(_metadata(connection), levels, _first_format(connection))


def _level(connection: sqlite3.Connection, zoom: int) -> Level:
    ends = [
        connection.execute(f"SELECT {which}({column}) FROM tiles WHERE zoom_level = ?", (zoom,)).fetchone()[0]
        for column in ("tile_column", "tile_row")
        for which in ("min", "max")
    ]
    return Level(zoom, 0, *(int(each) for each in ends))


def _metadata(connection: sqlite3.Connection) -> dict[str, str]:
    rows = connection.execute("SELECT name, value FROM metadata LIMIT ?", (MAX_NAMES,)).fetchall()
    return {str(name)[:MAX_TEXT]: str(value)[:MAX_TEXT] for name, value in rows}


def _first_format(connection: sqlite3.Connection) -> str:
    first = connection.execute("SELECT substr(tile_data, 1, 16) FROM tiles LIMIT 1").fetchone()
    return _format(first[0] if first else b"")


def tile(path: Path, zoom: int, column: int, row: int, most: int = MAX_TILE) -> bytes | None:
    """One tile, its row counted from the north; None where there is none.

    Raises StoreError for one that is no bytes or larger than `most`.
    """
    with _opened(path, _FEW_STEPS) as connection:
        found = connection.execute(
            "SELECT typeof(tile_data), length(tile_data), CASE WHEN length(tile_data) <= ? THEN tile_data END"
            " FROM tiles WHERE zoom_level = ? AND tile_column = ? AND tile_row = ? LIMIT 1",
            (most, zoom, column, (1 << zoom) - 1 - row),
        ).fetchone()
    if found is None or found[0] == "null":
        return None
    kind, size, content = found
    if kind != "blob":
        raise StoreError(f"{path.name}: tile {zoom}/{column}/{row} holds {kind} where a picture belongs")
    if content is None:
        raise StoreError(f"{path.name}: tile {zoom}/{column}/{row} has {size:,} bytes; {most:,} are taken")
    return bytes(content)


def measure(path: Path, boxes: list[Box]) -> tuple[int, int]:
    """How many tiles lie in these boxes, and their bytes together."""
    count = size = 0
    with _opened(path) as connection:
        for box in boxes:
            tiles, length = connection.execute(
                f"SELECT count(*), coalesce(sum(length(tile_data)), 0) FROM tiles WHERE {_IN_BOX}",
                (box.zoom, box.west, box.east, *box.rows_from_south),
            ).fetchone()
            count, size = count + int(tiles), size + int(length)
    return count, size


def each(path: Path, box: Box) -> Iterator[tuple[int, int, bytes]]:
    """Column, row from the north, and bytes of every tile in the box that can be taken."""
    last = (1 << box.zoom) - 1
    with _opened(path) as connection:
        rows = connection.execute(
            f"SELECT tile_column, tile_row, tile_data FROM tiles WHERE {_IN_BOX}"
            f" AND typeof(tile_data) = 'blob' AND length(tile_data) <= {MAX_TILE}",
            (box.zoom, box.west, box.east, *box.rows_from_south),
        )
        for column, row, content in rows:
            yield int(column), last - int(row), bytes(content)


class Writer:
    """A new MBTiles file. `close` ends it; until then it is not whole."""

    def __init__(self, path: Path, metadata: dict[str, str]) -> None:
        self._path = path
        self._db = create_foreign(path)
        self._db.execute("CREATE TABLE metadata (name text, value text)")
        self._db.execute(
            "CREATE TABLE tiles (zoom_level integer, tile_column integer, tile_row integer, tile_data blob)"
        )
        self._db.execute("CREATE UNIQUE INDEX tile_index ON tiles (zoom_level, tile_column, tile_row)")
        self._db.executemany("INSERT INTO metadata VALUES (?, ?)", metadata.items())
        self._db.commit()

    def put(self, zoom: int, tiles: list[tuple[int, int, bytes]]) -> None:
        """Add tiles as `each` gives them; raises StoreError when the disk refuses."""
        last = (1 << zoom) - 1
        try:
            self._db.executemany(
                "INSERT OR REPLACE INTO tiles VALUES (?, ?, ?, ?)",
                [(zoom, column, last - row, content) for column, row, content in tiles],
            )
            self._db.commit()
        except SqlError as error:
            raise StoreError(f"{self._path}: cannot be written ({error})") from error

    def close(self) -> None:
        """End it. Twice is harmless."""
        self._db.close()


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
