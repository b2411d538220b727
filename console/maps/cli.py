"""What the tasks of `gwanje map` do and print."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec
import tomlkit
from tomlkit.items import AoT

from console import settings as settings_file
from console.cli import print_json
from console.clock import SystemClock
from console.errors import Refused, Unavailable
from console.health.tree import load as load_assets
from console.maps import package
from console.maps.atlas import Atlas
from console.maps.package import Wanted
from console.maps.tables import MapFile
from console.settings import Settings


def _atlas(path: Path) -> tuple[Atlas, Settings]:
    settings = settings_file.load(path)
    assets = load_assets(path.parent / settings.site.assets) if settings.site.assets else []
    return Atlas(settings.maps, path.parent, assets), settings


def print_check(path: Path, as_json: bool) -> int:
    """Every map of the settings with what it holds; 1 when one cannot be shown."""
    atlas, _ = _atlas(path)
    sheets = atlas.sheets()
    if as_json:
        print_json(sheets)
    elif not sheets:
        click.echo(f"{path}: names no maps ([[maps]])")
    else:
        for sheet in sheets:
            zooms = f"zooms {sheet.zooms[0]}-{sheet.zooms[1]}, " if sheet.zooms else ""
            box = ", ".join(f"{each:.4f}" for each in sheet.bounds) if sheet.bounds else "no bounds"
            told = f"WRONG: {sheet.error}" if sheet.error else f"{sheet.form}, {zooms}{box}, of {sheet.dated}"
            click.echo(f"{sheet.id:20} {told}")
    return int(any(sheet.error for sheet in sheets))


def print_package(
    path: Path, bounds: str, zooms: str, ids: tuple[str, ...], to: Path, *, only_measure: bool
) -> int:
    """Measure, and make it unless only that was asked for."""
    atlas, settings = _atlas(path)
    wanted = _wanted(bounds, zooms, ids)
    found = package.measure(atlas, wanted)
    for share in found.shares:
        note = f" ({share.error})" if share.error else ""
        click.echo(f"{share.map:20} {share.tiles:>10,} tiles {share.bytes:>16,} bytes{note}")
    click.echo(f"{'together':20} {found.tiles:>10,} tiles {found.bytes:>16,} bytes")
    if only_measure:
        return 0
    if not to.parent.is_dir():
        raise Refused(f"{to.parent}: is no folder")
    now_ms = SystemClock().now_ms()
    district = settings.site.district
    package.make(atlas, wanted, to, district=district, now_ms=now_ms, told=lambda done, total, text: None)
    click.echo(f"{to}: {to.stat().st_size:,} bytes")
    return 0


def _wanted(bounds: str, zooms: str, ids: tuple[str, ...]) -> Wanted:
    first, _, last = zooms.partition("-")
    try:
        raw = {
            "bounds": [float(each) for each in bounds.split(",")],
            "min_zoom": int(first),
            "max_zoom": int(last or first),
            "maps": ids,
        }
        return msgspec.convert(raw, Wanted)
    except ValueError as error:  # msgspec's is one too
        raise Refused(f"--bounds {bounds} --zooms {zooms}: {error}") from error


def print_added(path: Path, file: Path) -> int:
    """Unpack beside the settings, and name the maps there; a map of the same id is replaced."""
    settings_file.load(path)
    folder = path.parent / "maps"
    found = package.unpack(file, folder)
    files = [msgspec.structs.replace(each, file=f"maps/{each.file}") for each in found]
    _name(path, files)
    for each in files:
        click.echo(f"{each.id}: {path.parent / each.file}")
    click.echo(f"{path} names them; a running core shows them when it is started anew")
    return 0


def _name(path: Path, files: list[MapFile]) -> None:
    """Put the tables of these maps into the settings file, in the place of those with the same ids."""
    document = tomlkit.parse(path.read_text(encoding="utf-8-sig"))
    ids = {each.id for each in files}
    kept = [table for table in document.get("maps", []) if table.get("id") not in ids]
    tables = AoT([])
    for table in [*kept, *(_table(each) for each in files)]:
        tables.append(table)
    document["maps"] = tables
    text = tomlkit.dumps(document)
    settings_file.parse(text, str(path))  # what would not load again is not written
    part = path.with_name(path.name + ".part")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    except OSError as error:
        raise Unavailable(f"{path}: cannot be written ({error.strerror})") from error


def _table(file: MapFile) -> tomlkit.items.Table:
    table = tomlkit.table()
    for field in msgspec.structs.fields(file):
        value = getattr(file, field.name)
        if value != field.default:
            table[field.name] = [list(each) for each in value] if field.name == "corners" else value
    return table
