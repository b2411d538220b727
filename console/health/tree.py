"""The asset tree from its file: district > facility > device > channel.

TOML has one `[[asset]]` table per node; CSV has one row per node under a header
with the same names (UTF-8 or CP949, an empty cell is the default, documents stand between
semicolons). Every fault names the file, the node, the key, what was found and what is allowed.
"""

from __future__ import annotations

import csv
import io
import tomllib
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, get_args, get_type_hints

import msgspec

from console.errors import SettingsError
from db.asset_records import Asset

KINDS: tuple[str, ...] = get_args(get_type_hints(Asset)["kind"])
_KEYS = Asset.__struct_fields__
_ENCODINGS = ("utf-8-sig", "cp949")
_DAYS = ("installed", "inspected", "inspect_by")
_NUMBERS = {"silent_after_s": int, "retention_days": int, "lon": float, "lat": float}


def load(path: Path) -> list[Asset]:
    """Read and check an asset file, parents before their children; raises SettingsError."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read ({error.strerror})") from error
    rows = _csv_rows(raw, str(path)) if path.suffix.lower() == ".csv" else _toml_rows(raw, str(path))
    return check([_asset(row, where) for where, row in rows], str(path))


def check(assets: Sequence[Asset], origin: str) -> list[Asset]:
    """The nodes with parents before children; raises SettingsError if they are no tree."""
    by_id: dict[str, Asset] = {}
    for asset in assets:
        if not asset.id:
            raise SettingsError(f"{origin}: key id: found nothing; every asset has a name of its own")
        if asset.id in by_id:
            raise SettingsError(f"{origin}: key id: found {asset.id!r} twice; an id names one asset only")
        by_id[asset.id] = asset
    for asset in assets:
        fault = _fault(asset, by_id)
        if fault:
            raise SettingsError(f"{origin}: asset {asset.id!r}: {fault}")
    return sorted(assets, key=lambda asset: KINDS.index(asset.kind))


def _fault(asset: Asset, by_id: Mapping[str, Asset]) -> str:
    rank = KINDS.index(asset.kind)
    if rank == 0:
        return f"key parent: found {asset.parent!r}; nothing for a district" if asset.parent else ""
    parent = by_id.get(asset.parent)
    if parent is None:
        return f"key parent: found {asset.parent!r}; the id of a {KINDS[rank - 1]} in this file"
    if KINDS.index(parent.kind) >= rank:
        allowed = " or ".join(KINDS[:rank])
        return f"key parent: found {asset.parent!r}, a {parent.kind}; a {allowed} above a {asset.kind}"
    if asset.power_parent and asset.power_parent not in by_id:
        return f"key power_parent: found {asset.power_parent!r}; the id of an asset in this file"
    if asset.kind == "channel" and not (asset.source and asset.quantity):
        return "key quantity: found no source or no quantity; a channel names both"
    if asset.silent_after_s < 0:
        return f"key silent_after_s: found {asset.silent_after_s}; 0 (never) or more seconds"
    for key in _DAYS:
        day = getattr(asset, key)
        if day and not is_day(day):
            return f"key {key}: found {day!r}; a day YYYY-MM-DD, or its month or year alone"
    return ""


def is_day(text: str) -> bool:
    """Whether it is a day as YYYY-MM-DD, or a month or a year of that form."""
    try:
        date.fromisoformat(text + "0001-01-01"[len(text) :])
    except ValueError:
        return False
    return len(text) in (4, 7, 10)


def _toml_rows(raw: bytes, origin: str) -> list[tuple[str, dict[str, Any]]]:
    try:
        tables = tomllib.loads(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise SettingsError(f"{origin}: is not UTF-8 text (byte {error.start})") from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{origin}: is not TOML: {error}") from error
    unknown = sorted(set(tables) - {"asset"})
    if unknown:
        raise SettingsError(f"{origin}: key {unknown[0]}: found a table of that name; only [[asset]]")
    rows = tables.get("asset", [])
    if not isinstance(rows, list):
        raise SettingsError(f"{origin}: key asset: found one table; a list of tables [[asset]]")
    return [(f"{origin}: asset {_name(row, number)}", row) for number, row in enumerate(rows, 1)]


def _csv_rows(raw: bytes, origin: str) -> list[tuple[str, dict[str, Any]]]:
    reader = csv.DictReader(io.StringIO(_text(raw, origin), newline=""))
    unknown = [name for name in reader.fieldnames or () if name not in _KEYS]
    if unknown:
        raise SettingsError(f"{origin}: column {unknown[0]!r}; allowed: {', '.join(_KEYS)}")
    rows = []
    for row in reader:
        where = f"{origin}: line {reader.line_num}"
        if None in row or None in row.values():
            raise SettingsError(f"{where}: found another number of cells than the header has")
        rows.append((where, {key: _cell(key, text, where) for key, text in row.items() if text.strip()}))
    return rows


def _text(raw: bytes, origin: str) -> str:
    for encoding in _ENCODINGS:
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise SettingsError(f"{origin}: is neither UTF-8 nor CP949 text")


def _cell(key: str, text: str, where: str) -> Any:
    if key == "documents":
        return [each.strip() for each in text.split(";") if each.strip()]
    kind = _NUMBERS.get(key)
    if kind is None:
        return text.strip()
    try:
        return kind(text)
    except ValueError as error:
        wanted = "a whole number" if kind is int else "a number"
        raise SettingsError(f"{where}: key {key}: found {text!r}; {wanted}") from error


def _asset(row: Any, where: str) -> Asset:
    unknown = sorted(set(row) - set(_KEYS)) if isinstance(row, dict) else []
    if unknown:
        raise SettingsError(f"{where}: key {unknown[0]}: found {row[unknown[0]]!r}; {', '.join(_KEYS)}")
    if isinstance(row, dict) and row.get("kind", KINDS[0]) not in KINDS:
        raise SettingsError(f"{where}: key kind: found {row['kind']!r}; one of {', '.join(KINDS)}")
    try:
        return msgspec.convert(row, Asset, strict=True)
    except msgspec.ValidationError as error:
        what, _, at = str(error).partition(" - at `$.")
        key = at.rstrip("`") or "(asset)"
        found = row.get(key) if isinstance(row, dict) else row
        raise SettingsError(f"{where}: key {key}: found {found!r}; {what}") from error


def _name(row: Any, number: int) -> str:
    return repr(row["id"]) if isinstance(row, dict) and row.get("id") else f"number {number}"
