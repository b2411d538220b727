"""`gwanje packs`: what is installed, whether a file is right, and a site made of packs."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from console.cli import print_json
from console.packs import check, installed, load, samples
from console.packs.tables import PackSeen
from console.settings import Settings
from console.settings import load as load_settings
from console.settings_tables import Broker


def print_packs(folder: Path, given: Path | None, language: str, as_json: bool) -> int:
    """The installed packs; 1 when one of those in use has a fault."""
    path = given or folder / "settings.toml"
    settings = load_settings(path) if given is not None or path.is_file() else Settings()
    seen = installed.every(settings, path.parent, examined=True)
    if as_json:
        print_json([_brief(each) for each in seen])
    else:
        for line in installed.lines(seen, language):
            click.echo(line)
    return int(any(each.faults and each.in_use for each in seen))


def _brief(seen: PackSeen) -> dict[str, object]:
    pack = seen.pack
    return {
        "id": pack.pack.id,
        "name": pack.pack.name,
        "name_en": pack.pack.name_en,
        "version": pack.pack.version,
        "serves": pack.pack.serves,
        "in_use": seen.in_use,
        "origin": seen.origin,
        "quantities": [each.name for each in pack.quantities],
        "rules": [each.id for each in pack.rules],
        "needs": [
            {"ko": need.ko, "en": need.en, "met": met}
            for need, met in zip(pack.needs, seen.need_met, strict=False)
        ],
        "faults": seen.faults,
    }


def print_check(files: tuple[Path, ...], as_json: bool) -> int:
    """What is wrong with these files, one sentence a line; 1 when something is."""
    found = {str(path): check.checked(path) for path in files}
    if as_json:
        print_json(found)
    else:
        for name, faults in found.items():
            for fault in faults or [f"{name}: OK"]:
                click.echo(fault)
    return int(any(found.values()))


def write_site(names: tuple[str, ...], to: Path, base: Path | None, host: str, port: int) -> int:
    """Put settings and asset tree of a site with these packs (all, when none is named) into a folder."""
    chosen = load.chosen(names or tuple(load.files(base)), base)
    broker = msgspec.structs.replace(Broker(), host=host, port=port)
    path = samples.write(to, [pack for _, pack in chosen], broker)
    click.echo(f"{path}: {len(chosen)} packs; start with `gwanje core --settings {path}`")
    return 0
