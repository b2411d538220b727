"""Where tiles come from: one class per kind of file, with the same questions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Protocol

from console.errors import SettingsError
from console.maps.grid import LAST_LAT, Bounds
from console.maps.pmtiles import PmTiles
from db import tiles
from db.tiles import Box

_FORMATS = {"png", "jpg", "webp", "pbf"}


class Outline(NamedTuple):
    """What a file of tiles says of itself; `form` is png, jpg, webp or pbf."""

    form: str
    zooms: tuple[int, int]
    bounds: Bounds
    name: str = ""
    attribution: str = ""
    dated: str = ""


class Source(Protocol):
    """A file of tiles; every answer may raise a ConsoleError that names what is wrong with it."""

    def outline(self) -> Outline:
        """What it holds."""

    def tile(self, zoom: int, column: int, row: int) -> bytes | None:
        """One tile as it is packed, None where there is none."""

    def measure(self, boxes: list[Box]) -> tuple[int, int]:
        """Tiles in these boxes, and their bytes."""

    def each(self, box: Box) -> Iterator[tuple[int, int, bytes]]:
        """Column, row and bytes of the tiles in a box."""


class MbTiles:
    """An MBTiles file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def outline(self) -> Outline:
        found = tiles.outline(self._path)
        if not found.levels:
            raise SettingsError(f"{self._path.name}: holds no tiles")
        said = found.metadata
        form = found.found_format or said.get("format", "").lower().replace("jpeg", "jpg")
        if form not in _FORMATS:
            raise SettingsError(
                f"{self._path.name}: its tiles are no pictures (png, jpg, webp) and no vector tiles"
            )
        return Outline(
            form,
            (found.levels[0].zoom, found.levels[-1].zoom),
            _told_bounds(said.get("bounds", "")) or _clipped(tiles.bounds(found.levels[-1])),
            said.get("name", ""),
            said.get("attribution", ""),
            said.get("date", "") or said.get("timestamp", ""),
        )

    def tile(self, zoom: int, column: int, row: int) -> bytes | None:
        return tiles.tile(self._path, zoom, column, row)

    def measure(self, boxes: list[Box]) -> tuple[int, int]:
        return tiles.measure(self._path, boxes)

    def each(self, box: Box) -> Iterator[tuple[int, int, bytes]]:
        return tiles.each(self._path, box)


class Archive:
    """A PMTiles file."""

    def __init__(self, path: Path) -> None:
        self._tiles = PmTiles(path)
        self.tile, self.measure, self.each = self._tiles.tile, self._tiles.measure, self._tiles.each

    def outline(self) -> Outline:
        form, zooms, bounds, said = self._tiles.outline()
        name, attribution = said.get("name", ""), said.get("attribution", "")
        dated = said.get("date", "") or said.get("planetiler:osm:osmosisreplicationtime", "")[:10]
        return Outline(form, zooms, _clipped(bounds), name, attribution, dated)


def opened(kind: str, path: Path) -> Source:
    """The source of a `[[maps]]` file of tiles."""
    return Archive(path) if kind == "pmtiles" else MbTiles(path)


def _told_bounds(text: str) -> Bounds | None:
    """The bounds that metadata tell, where they are possible."""
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError:
        return None
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
        return None
    return _clipped((west, south, east, north))


def _clipped(bounds: Bounds) -> Bounds:
    west, south, east, north = bounds
    return west, max(-LAST_LAT, south), east, min(LAST_LAT, north)
