"""Pack files: where they lie, and reading them with a sentence for every fault.

A file in the folder `packs` beside the settings replaces the shipped one of the same id.
"""

from __future__ import annotations

import tomllib
import typing
from collections.abc import Iterable, Sequence
from math import isfinite
from pathlib import Path
from typing import Any

from console.errors import SettingsError
from console.packs.tables import Pack
from console.settings import convert

SHIPPED = Path(__file__).resolve().parent.parent.parent / "resources" / "packs"
LARGEST = 1 << 20
_SHAPES = typing.get_type_hints(Pack, include_extras=True)


def load(path: Path) -> Pack:
    """Read one pack; raises SettingsError with file, key, what was found and what is allowed."""
    try:
        if path.stat().st_size > LARGEST:
            raise SettingsError(f"{path}: found {path.stat().st_size} bytes; at most {LARGEST}")
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path}: is not UTF-8 text (byte {error.start})") from error
    return parse(text, str(path))


def parse(text: str, origin: str) -> Pack:
    """Read the text of a pack; `origin` names it in errors."""
    try:
        raw: dict[str, Any] = tomllib.loads(text, parse_float=_number)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise SettingsError(f"{origin}: is not TOML: {error}") from error
    for key, found in raw.items():
        if key not in _SHAPES:
            raise SettingsError(f"{origin}: key {key}: found a table; allowed: {', '.join(_SHAPES)}")
        raw[key] = convert(found, _SHAPES[key], key, origin)
    if "pack" not in raw:
        raise SettingsError(f"{origin}: key pack: found nothing; a table with id, name and name_en")
    return Pack(**raw)


def _number(text: str) -> float | str:
    number = float(text)
    return number if isfinite(number) else text


def folders(base: Path | None) -> list[Path]:
    """Where packs lie, the site's own first; `base` is the folder of the settings."""
    return [SHIPPED] if base is None else [base / "packs", SHIPPED]


def files(base: Path | None) -> dict[str, Path]:
    """The file of every installed pack by its id, which is the file's name without .toml."""
    found: dict[str, Path] = {}
    for folder in folders(base):
        for path in sorted(folder.glob("*.toml")):
            found.setdefault(path.stem, path)
    return dict(sorted(found.items()))


def chosen(names: Sequence[str], base: Path | None) -> list[tuple[Path, Pack]]:
    """The named packs in this order; raises SettingsError for one that is not there or cannot be read."""
    installed = files(base)
    found = []
    for at, name in enumerate(names):
        path = installed.get(name)
        if path is None:
            allowed = ", ".join(installed)
            raise SettingsError(f"key packs[{at}]: found {name!r}; allowed: {allowed}")
        pack = load(path)
        if pack.pack.id != path.stem:
            raise SettingsError(f"{path}: key pack.id: found {pack.pack.id!r}; the file's name {path.stem!r}")
        found.append((path, pack))
    return found


def replay_path(path: Path, pack: Pack) -> Path | None:
    """The replay file of a pack: beside it, else with the shipped ones; None where it names none."""
    if pack.replay is None:
        return None
    beside = path.parent / "replays" / pack.replay.file
    return beside if beside.is_file() else SHIPPED / "replays" / pack.replay.file


def ids(packs: Iterable[Pack]) -> list[str]:
    """The ids, in order."""
    return [each.pack.id for each in packs]
