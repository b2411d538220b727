"""A piece of the installed maps to take along: tiles of an area and zooms, layers cut to it, plans within.

A package is a zip without compression (tiles are packed already): `manifest.json`
and the files it names with size and SHA-256. It is whole or it is not there.
"""

from __future__ import annotations

import gzip
import hashlib
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from console.errors import ConsoleError, Refused, Unavailable
from console.formats import geojson
from console.maps import clipping, grid
from console.maps.atlas import Atlas
from console.maps.grid import Bounds
from console.maps.tables import MapFile
from db import tiles
from db.tiles import Box

FORM = "gwanje-map-package"
MOST_TILES = 2_000_000
MOST_BYTES = 16 << 30
_AT_ONCE = 200
_NAMES = {"mbtiles": "mbtiles", "pmtiles": "mbtiles", "geojson": "geojson"}

Told = Callable[[int, int, str], None]
"""Takes tiles done, of how many, and a word; raises when it shall end."""


class Wanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to take: `bounds` are west, south, east, north; no `maps` means all of them."""

    bounds: Bounds
    min_zoom: Annotated[int, Meta(ge=0, le=24)] = 0
    max_zoom: Annotated[int, Meta(ge=0, le=24)] = 18
    maps: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        west, south, east, north = self.bounds
        if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
            raise ValueError("bounds are west, south, east, north in degrees, and not empty")
        if self.min_zoom > self.max_zoom:
            raise ValueError("min_zoom is above max_zoom")

    @property
    def boxes(self) -> list[Box]:
        """The tiles of each zoom."""
        return [grid.box(self.bounds, zoom) for zoom in range(self.min_zoom, self.max_zoom + 1)]


class Share(msgspec.Struct, frozen=True):
    """What of one map goes along."""

    map: str
    tiles: int
    bytes: int
    error: str = ""


class Measured(msgspec.Struct, frozen=True):
    """What a package will hold, before it is made; `why_not` says why it cannot be."""

    tiles: int
    bytes: int
    shares: list[Share]
    why_not: str = ""


class Packed(msgspec.Struct, frozen=True):
    """One map of a package: its settings, with the file's name in the zip, its size and hash."""

    settings: MapFile
    size: int
    sha256: str
    tiles: int = 0


class Manifest(msgspec.Struct, frozen=True):
    """What stands in `manifest.json`."""

    form: str
    version: int
    made_ms: int
    district: str
    bounds: Bounds
    zooms: tuple[int, int]
    maps: list[Packed]


def measure(atlas: Atlas, wanted: Wanted) -> Measured:
    """How many tiles and bytes a package has; layers and pictures count whole."""
    shares = [_share(atlas, wanted, file) for file in _files(atlas, wanted)]
    count, size = sum(each.tiles for each in shares), sum(each.bytes for each in shares)
    why_not = ""
    if not any(each.bytes for each in shares):
        why_not = "No installed map has anything in this area and these zooms"
    elif count > MOST_TILES or size > MOST_BYTES:
        why_not = f"{count:,} tiles are too many; choose a smaller area or fewer zooms"
    return Measured(count, size, shares, why_not)


def _files(atlas: Atlas, wanted: Wanted) -> list[MapFile]:
    if wanted.maps:
        return [atlas.file(each) for each in wanted.maps]
    return [atlas.file(sheet.id) for sheet in atlas.sheets() if not sheet.error]


def _share(atlas: Atlas, wanted: Wanted, file: MapFile) -> Share:
    try:
        if file.kind in ("mbtiles", "pmtiles"):
            return Share(file.id, *atlas.source(file.id).measure(wanted.boxes))
        return Share(file.id, 0, atlas.sheet(file.id).size if _touches(atlas, wanted, file) else 0)
    except ConsoleError as error:
        return Share(file.id, 0, 0, str(error))


def _touches(atlas: Atlas, wanted: Wanted, file: MapFile) -> bool:
    """Whether a layer or picture lies in the area."""
    sheet = atlas.sheet(file.id)
    west, south, east, north = wanted.bounds
    corners = sheet.corners or ((sheet.middle,) if sheet.middle else ())
    if sheet.bounds is not None:
        left, low, right, high = sheet.bounds
    elif corners:
        left, right = min(at[0] for at in corners), max(at[0] for at in corners)
        low, high = min(at[1] for at in corners), max(at[1] for at in corners)
    else:
        return False
    return left <= east and right >= west and low <= north and high >= south


def make(atlas: Atlas, wanted: Wanted, to: Path, *, district: str, now_ms: int, told: Told) -> Manifest:
    """Write the package at `to`; whatever goes wrong, nothing is left behind.

    Raises Refused where there is nothing to take, Unavailable where the disk refuses.
    """
    measured = measure(atlas, wanted)
    if measured.why_not:
        raise Refused(measured.why_not)
    part = to.with_name(to.name + ".part")
    try:
        with (
            tempfile.TemporaryDirectory(prefix="package-", dir=to.parent) as folder,
            zipfile.ZipFile(part, "w", zipfile.ZIP_STORED, allowZip64=True) as packed,
        ):
            maps = _fill(packed, Path(folder), atlas, wanted, measured, told)
            zooms = (wanted.min_zoom, wanted.max_zoom)
            manifest = Manifest(FORM, 1, now_ms, district, wanted.bounds, zooms, maps)
            packed.writestr("manifest.json", msgspec.json.format(msgspec.json.encode(manifest)))
        part.replace(to)
    except OSError as error:
        raise Unavailable(f"The package could not be written ({error.strerror}); nothing was kept") from error
    finally:
        part.unlink(missing_ok=True)
    return manifest


def _fill(
    packed: zipfile.ZipFile, folder: Path, atlas: Atlas, wanted: Wanted, measured: Measured, told: Told
) -> list[Packed]:
    """Put every map's part into the package, one after the other."""
    done, maps = 0, []
    for share in measured.shares:
        if share.bytes:
            file = atlas.file(share.map)
            path = folder / f"{file.id}.{_NAMES.get(file.kind, atlas.sheet(file.id).form)}"
            taken = _take(atlas, wanted, file, path, _counting(told, done, measured.tiles))
            done += taken
            packed.write(path, path.name)
            maps.append(_packed(file, path, taken))
            path.unlink()
    return maps


def _counting(told: Told, before: int, total: int) -> Callable[[int], None]:
    return lambda done: told(before + done, total, f"{before + done}")


def _take(atlas: Atlas, wanted: Wanted, file: MapFile, to: Path, told: Callable[[int], None]) -> int:
    """Put one map's part at `to`; returns its tiles."""
    told(0)
    if file.kind in ("mbtiles", "pmtiles"):
        return _cut(atlas, wanted, file, to, told)
    if file.kind == "geojson":
        features = geojson.features(atlas.path(file))
        assert not isinstance(features, str)  # the map could be read just now
        cut = {"type": "FeatureCollection", "features": clipping.clipped(features, wanted.bounds)}
        to.write_bytes(msgspec.json.encode(cut))
    else:
        to.write_bytes(atlas.picture(file.id))
    return 0


def _cut(atlas: Atlas, wanted: Wanted, file: MapFile, to: Path, told: Callable[[int], None]) -> int:
    source, sheet = atlas.source(file.id), atlas.sheet(file.id)
    low, high = sheet.zooms or (0, 0)
    metadata = {
        "name": sheet.name or file.id,
        "format": sheet.form,
        "bounds": ",".join(f"{each:.6f}" for each in wanted.bounds),
        "minzoom": str(max(low, wanted.min_zoom)),
        "maxzoom": str(min(high, wanted.max_zoom)),
        "attribution": sheet.attribution,
        "date": sheet.dated,
        "type": "baselayer",
    }
    writer = tiles.Writer(to, metadata)
    done = 0
    try:
        for box in wanted.boxes:
            for some in _batches(source.each(box)):
                writer.put(box.zoom, [(x, y, _as_written(content, sheet.form)) for x, y, content in some])
                done += len(some)
                told(done)
    finally:
        writer.close()
    return done


def _as_written(content: bytes, form: str) -> bytes:
    """A tile as MBTiles wants it: vector tiles by gzip."""
    return gzip.compress(content, mtime=0) if form == "pbf" and content[:2] != b"\x1f\x8b" else content


def _batches(every: Iterator[tuple[int, int, bytes]]) -> Iterator[list[tuple[int, int, bytes]]]:
    some = []
    for each in every:
        some.append(each)
        if len(some) == _AT_ONCE:
            yield some
            some = []
    if some:
        yield some


def _packed(file: MapFile, path: Path, count: int) -> Packed:
    with path.open("rb") as opened:
        digest = hashlib.file_digest(opened, "sha256").hexdigest()
    kind: Any = "mbtiles" if file.kind == "pmtiles" else file.kind
    settings = msgspec.structs.replace(file, file=path.name, kind=kind)
    return Packed(settings, path.stat().st_size, digest, count)


def read(path: Path) -> Manifest:
    """What a package holds; raises Refused for a file that is none."""
    try:
        with zipfile.ZipFile(path) as packed, packed.open("manifest.json") as file:
            manifest = msgspec.json.decode(file.read(1 << 20), type=Manifest)
    except (OSError, zipfile.BadZipFile, KeyError, msgspec.MsgspecError, ValueError, RuntimeError) as error:
        raise Refused(f"{path}: is no map package ({error})") from error
    if manifest.form != FORM or manifest.version != 1:
        raise Refused(f"{path}: is a package of another form ({manifest.form} {manifest.version})")
    return manifest


def unpack(path: Path, folder: Path) -> list[MapFile]:
    """Put a package's maps into `folder`, each proved by its hash; returns their settings.

    Only files that the manifest names are read, and never more bytes than it says.
    """
    manifest = read(path)
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path) as packed:
        for each in manifest.maps:
            name = each.settings.file
            if Path(name).name != name or name.startswith("."):
                raise Refused(f"{path}: names a file outside of the package ({name[:80]!r})")
            _unpack_one(packed, each, folder / name)
    return [each.settings for each in manifest.maps]


def _unpack_one(packed: zipfile.ZipFile, each: Packed, to: Path) -> None:
    part, digest, left = to.with_name(to.name + ".part"), hashlib.sha256(), each.size
    try:
        with packed.open(each.settings.file) as source, part.open("wb") as target:
            while left > 0 and (chunk := source.read(min(left, 1 << 20))):
                digest.update(chunk)
                target.write(chunk)
                left -= len(chunk)
        if left or digest.hexdigest() != each.sha256:
            raise Refused(f"{to.name}: is damaged in the package (its hash is another one)")
        part.replace(to)
    except (KeyError, zipfile.BadZipFile, RuntimeError) as error:
        raise Refused(f"{to.name}: cannot be read from the package ({error})") from error
    except OSError as error:
        raise Unavailable(f"{to}: cannot be written ({error.strerror})") from error
    finally:
        part.unlink(missing_ok=True)
