"""Municipal registers become assets: a preview before, a report after, nothing written that cannot load."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import click

from console.errors import SettingsError
from console.formats import csv_text
from console.formats.forms import RegisterForm
from console.formats.register_columns import Kind, find
from console.formats.registers import Entry, Reader, Refused
from console.health import tree
from db.asset_records import Asset

MAX_SHOWN = 10
_DAY = re.compile(r"(\d{4})\D{0,2}(\d{1,2})?\D{0,2}(\d{1,2})?\D{0,2}")

_FACILITY: dict[Kind, tuple[str, str, str]] = {
    "cctv": ("CCTV", "Cameras", "camera"),
    "bell": ("안전비상벨", "Emergency bells", "safety"),
    "parking": ("주차장", "Parking lots", "parking"),
    "light": ("보안등", "Security lights", "light"),
    "sensor": ("도시데이터 센서", "City sensors", "environment"),
    "place": ("시설", "Facilities", ""),
}


class Import(NamedTuple):
    """What a register adds to a tree, and what it does not."""

    assets: list[Asset]
    rows: int
    devices: int
    known: int
    without_position: int
    refused: Counter[str]
    examples: list[str]


def read(
    path: Path,
    encodings: Sequence[str],
    existing: Sequence[Asset] = (),
    district: str = "",
    options: RegisterForm | None = None,
) -> Import:
    """What the register would add to the assets that exist; raises SettingsError if it is no register."""
    rows = csv_text.lines(path, encodings)
    _, header = next(rows, (1, []))
    columns = find(header)
    if columns is None:
        raise SettingsError(
            f"{path}: the header names no 위도 and 경도; found {', '.join(header[:8])[:200]!r}"
        )
    reader = Reader(columns, outside_korea=(options or RegisterForm()).outside_korea)
    entries: list[Entry] = []
    refused, total = Counter[str](), 0
    examples: list[str] = []
    for number, row in rows:
        if not any(cell.strip() for cell in row):
            continue
        total += 1
        found = reader.row(row)
        if isinstance(found, Entry):
            entries.append(found)
            continue
        refused[found.reason] += 1
        if len(examples) < MAX_SHOWN:
            examples.append(_line(number, found))
    assets = list(_assets(entries, existing, district or _district(entries, path)))
    devices = sum(asset.kind == "device" for asset in assets)
    pinless = sum(asset.kind == "device" and asset.lon is None for asset in assets)
    return Import(assets, total, devices, len(entries) - devices, pinless, refused, examples)


def _line(number: int, found: Refused) -> str:
    return f"row {number}: {found.reason}: {found.detail}"


def _district(entries: Sequence[Entry], path: Path) -> str:
    managers = Counter(entry.manager for entry in entries if entry.manager)
    return managers.most_common(1)[0][0] if managers else path.stem[:60]


def _assets(entries: Sequence[Entry], existing: Sequence[Asset], district: str) -> Iterator[Asset]:
    """District, facilities and devices that are not there yet, parents before children."""
    known = {asset.id for asset in existing}
    root = next((asset.id for asset in existing if asset.kind == "district"), "")
    if not root:
        root = "district"
        yield Asset(root, "district", district)
    for entry in entries:
        name, name_en, domain = _FACILITY[entry.kind]
        group = entry.purpose.partition(" / ")[0] if entry.kind == "cctv" else ""
        facility = f"{entry.kind}s-{group}" if group else f"{entry.kind}s"
        if facility not in known:
            known.add(facility)
            yield Asset(facility, "facility", f"{group} {name}".strip(), root, name_en, domain)
        if entry.id in known:
            continue
        known.add(entry.id)
        yield Asset(
            entry.id,
            "device",
            entry.name,
            parent=facility,
            domain=domain,
            source=entry.number if entry.kind == "sensor" else "",
            lon=entry.lon,
            lat=entry.lat,
            address=entry.address,
            purpose=entry.purpose,
            retention_days=entry.retention_days or 0,
            grade=entry.grade,
            installed=_day(entry.installed),
            inspected=_day(entry.inspected),
            inspect_by=_day(entry.inspect_by),
            contact=entry.phone,
            documents=entry.documents,
        )


def _day(text: str) -> str:
    """A day as the tree has it, YYYY-MM-DD, or the month or the year alone; "" for what is none."""
    found = _DAY.fullmatch(text.strip()) if text.strip() else None
    parts = [int(each) for each in found.groups() if each] if found is not None else []
    try:
        date(*(*parts, 1, 1)[:3])
    except (ValueError, TypeError):
        return ""
    return "-".join(f"{each:02d}" for each in parts) if parts and parts[0] >= 1900 else ""


def write(path: Path, assets: Sequence[Asset]) -> None:
    """Add the assets to the end of a TOML file, whose text stays as it is; the whole is checked first.

    Raises SettingsError, and leaves the file as it was, if the result is no tree or the disk refuses.
    """
    if path.suffix.lower() != ".toml":
        raise SettingsError(f"{path}: found the suffix {path.suffix!r}; allowed: .toml")
    parts = [_table(asset) for asset in assets]
    beside = path.with_name(path.name + ".new.toml")
    try:
        old = path.read_text(encoding="utf-8-sig") if path.exists() else ""
        text = "\n".join(([old.rstrip("\n") + "\n"] if old.strip() else []) + parts)
        with beside.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        tree.load(beside)
        beside.replace(path)
    except OSError as error:
        raise SettingsError(f"{path}: cannot be written ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path}: is not UTF-8 text (byte {error.start})") from error
    finally:
        beside.unlink(missing_ok=True)


def _table(asset: Asset) -> str:
    """One `[[asset]]` table; a JSON text is a TOML text, since ours hold no unprintable characters."""
    lines = ["[[asset]]"]
    for name in asset.__struct_fields__:
        value: Any = getattr(asset, name)
        if name in ("id", "kind", "name") or value not in ("", None, 0, ()):
            lines.append(f"{name} = {json.dumps(value, ensure_ascii=False)}")
    return "\n".join(lines) + "\n"


def print_import(file: Path, to: Path | None, district: str, encodings: Sequence[str]) -> int:
    """Do it and tell of it; 0, or 1 where nothing of the register could be read."""
    existing = tree.load(to) if to is not None and to.exists() else []
    found = read(file, encodings, existing, district)
    if to is not None and found.assets:
        write(to, found.assets)
    for line in report(found, to):
        click.echo(line)
    return 0 if found.devices or found.known else 1


def report(found: Import, to: Path | None) -> Iterator[str]:
    """What was read, in lines; without a file, what would be written."""
    refused = found.refused.total()
    yield f"rows {found.rows} · new {found.devices} · already there {found.known} · refused {refused}"
    if found.without_position:
        yield f"without a position (an address, no pin): {found.without_position}"
    for reason, count in found.refused.most_common():
        yield f"  {reason}: {count}"
    yield from (f"    {example}" for example in found.examples)
    if to is not None:
        yield f"{to}: {len(found.assets)} assets added" if found.assets else f"{to}: left as it is"
        return
    for asset in found.assets[:MAX_SHOWN]:
        where = "" if asset.lon is None else f" ({asset.lat}, {asset.lon})"
        yield f"  {asset.kind:8} {asset.id}  {asset.name}{where}"
    if len(found.assets) > MAX_SHOWN:
        yield f"  ... {len(found.assets) - MAX_SHOWN} more; --to FILE writes them"
