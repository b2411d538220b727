"""The installed maps: what they are, their tiles, layers and pictures. Any thread may ask.

Files are opened for one answer and closed again, so that a map may be replaced
while the console runs; what was learnt of a file holds until the file changes.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from console.errors import ConsoleError, Refused
from console.maps import shapes, sources, vector
from console.maps.sources import Source
from console.maps.tables import MapFile
from db.asset_records import Asset
from db.map_records import MapShapes, MapSheet

MOST_PICTURE = 32 << 20
_PICTURES = ((b"\x89PNG\r\n\x1a\n", "png"), (b"\xff\xd8\xff", "jpg"), (b"RIFF", "webp"))


class _Args(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


class OneMap(_Args, frozen=True):
    map: str


class OneTile(_Args, frozen=True):
    map: str
    z: Annotated[int, Meta(ge=0, le=30)]
    x: Annotated[int, Meta(ge=0)]
    y: Annotated[int, Meta(ge=0)]


class Atlas:
    """The maps of one site; files lie beside the settings unless their path is absolute."""

    def __init__(self, files: Sequence[MapFile], base: Path, assets: Sequence[Asset]) -> None:
        self._files = {file.id: file for file in files}
        self._base = base
        self._at = {a.id: (a.lon, a.lat) for a in assets if a.lon is not None and a.lat is not None}
        self._lock = threading.Lock()
        self._sheets: dict[tuple[str, str], MapSheet] = {}
        self._sources: dict[tuple[str, str], Source] = {}
        self._shapes: dict[tuple[str, str], MapShapes] = {}

    def questions(self) -> dict[str, tuple[type[msgspec.Struct], Callable[[Any], Any]]]:
        """Its questions by name."""
        return {
            "maps": (_Args, lambda args: self.sheets()),
            "map.tile": (OneTile, self.tile),
            "map.layer": (OneMap, lambda args: self.layer(args.map)),
            "map.picture": (OneMap, lambda args: self.picture(args.map)),
        }

    # --- answers -------------------------------------------------------------

    def sheets(self) -> list[MapSheet]:
        """All maps, the lowest first; one that cannot be shown says why."""
        return sorted((self._sheet(file) for file in self._files.values()), key=lambda sheet: sheet.order)

    def tile(self, args: OneTile) -> dict[str, Any] | None:
        """{"data", "form"} of a tile, {"shapes", "form"} of a vector tile; None where there is none.

        Raises Refused or StoreError for a broken one.
        """
        if max(args.x, args.y) >= 1 << args.z:
            raise Refused(f"There is no tile {args.z}/{args.x}/{args.y}")
        data = self.source(args.map).tile(args.z, args.x, args.y)
        if data is None:
            return None
        form = self.sheet(args.map).form
        return {"shapes": vector.read(data), "form": form} if form == "pbf" else {"data": data, "form": form}

    def layer(self, map_id: str) -> MapShapes:
        """The lines and areas of a GeoJSON map."""
        file = self._file(map_id, "geojson")
        path = self.path(file)
        key = (file.id, _version(path))
        with self._lock:  # one reader at a time: a large layer is read once and not once per screen
            found = self._shapes.get(key)
            if found is None:
                found = shapes.read(path, file.style, file.label, file.label_en)
                self._shapes = {at: each for at, each in self._shapes.items() if at[0] != file.id}
                self._shapes[key] = found
        return found

    def picture(self, map_id: str) -> bytes:
        """The bytes of an image map; Refused for what is none or too large."""
        path = self.path(self._file(map_id, "image"))
        try:
            size = path.stat().st_size
            if size > MOST_PICTURE:
                raise Refused(f"{path.name}: has {size >> 20} MiB; at most {MOST_PICTURE >> 20} are shown")
            content = path.read_bytes()
        except OSError as error:
            raise Refused(f"{path}: cannot be read ({error.strerror})") from error
        if not _picture_form(content[:16]):
            raise Refused(f"{path.name}: is no picture (png, jpg or webp)")
        return content

    # --- files ---------------------------------------------------------------

    def sheet(self, map_id: str) -> MapSheet:
        """One map; Refused for an unknown one."""
        return self._sheet(self._file(map_id))

    def path(self, file: MapFile) -> Path:
        """Where its file lies."""
        return self._base / file.file

    def file(self, map_id: str) -> MapFile:
        """What the settings say of it; Refused for an unknown one."""
        return self._file(map_id)

    def source(self, map_id: str) -> Source:
        """The tiles of a map."""
        file = self._file(map_id, "mbtiles", "pmtiles")
        path = self.path(file)
        if not path.is_file():
            raise Refused(f"{path}: does not exist")
        key = (file.id, _version(path))
        with self._lock:
            found = self._sources.get(key)
            if found is None:
                self._sources = {at: each for at, each in self._sources.items() if at[0] != file.id}
                found = self._sources[key] = sources.opened(file.kind, path)
        return found

    def _file(self, map_id: str, *kinds: str) -> MapFile:
        file = self._files.get(map_id)
        if file is None or (kinds and file.kind not in kinds):
            raise Refused(f"There is no map {map_id!r} of this kind")
        return file

    def _sheet(self, file: MapFile) -> MapSheet:
        path = self.path(file)
        key = (file.id, _version(path))
        with self._lock:
            found = self._sheets.get(key)
        if found is None:
            found = self._learnt(file, path, key[1])
            with self._lock:
                self._sheets = {at: each for at, each in self._sheets.items() if at[0] != file.id}
                self._sheets[key] = found
        return found

    def _learnt(self, file: MapFile, path: Path, version: str) -> MapSheet:
        sheet = MapSheet(
            id=file.id,
            kind="shapes" if file.kind == "geojson" else "picture" if file.kind == "image" else "tiles",
            file=path.name,
            name=file.name,
            name_en=file.name_en,
            shown_from=file.min_zoom,
            shown_to=file.max_zoom,
            opacity=file.opacity,
            order=file.order,
            style=file.style,
            attribution=file.attribution,
            dated=file.dated,
            corners=file.corners,
            middle=self._at.get(file.facility),
            metres_per_pixel=file.metres_per_pixel,
            turned=file.turned,
            facility=file.facility,
            floor=file.floor,
            version=version,
        )
        if not version:
            return msgspec.structs.replace(sheet, error=f"{path}: does not exist")
        try:
            return self._known(file, path, sheet)
        except ConsoleError as error:
            return msgspec.structs.replace(sheet, error=str(error))

    def _known(self, file: MapFile, path: Path, sheet: MapSheet) -> MapSheet:
        """The sheet with what its file says."""
        stat = path.stat()
        day = datetime.fromtimestamp(stat.st_mtime, UTC).strftime("%Y-%m-%d")
        sheet = msgspec.structs.replace(sheet, dated=file.dated or day, size=stat.st_size)
        if sheet.kind == "shapes":
            found = self.layer(file.id)
            return msgspec.structs.replace(sheet, form="geojson", bounds=shapes.bounds(found))
        if sheet.kind == "picture":
            if file.facility and not file.corners and sheet.middle is None:
                raise Refused(f"{file.id}: the facility {file.facility!r} has no position; give corners")
            return msgspec.structs.replace(sheet, form=_picture_form(self.picture(file.id)[:16]))
        outline = sources.opened(file.kind, path).outline()
        return msgspec.structs.replace(
            sheet,
            form=outline.form,
            zooms=outline.zooms,
            bounds=outline.bounds,
            tone=("grey" if outline.form == "jpg" else "night") if file.tone == "auto" else file.tone,
            name=file.name or outline.name[:200],
            attribution=file.attribution or outline.attribution[:400],
            dated=file.dated or outline.dated[:40] or day,
        )


def _version(path: Path) -> str:
    """Another one when the file is another one; empty where there is none."""
    try:
        stat = path.stat()
    except OSError:
        return ""
    return f"{stat.st_mtime_ns}-{stat.st_size}"


def _picture_form(head: bytes) -> str:
    return next((form for magic, form in _PICTURES if head.startswith(magic)), "")
