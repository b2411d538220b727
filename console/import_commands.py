"""The tasks of the command line that take over what others publish; `console/__main__.py` adds them."""

from __future__ import annotations

import sys
from pathlib import Path

import click


@click.group("import")
def import_group() -> None:
    """Take over what a city publishes."""


@import_group.command("register")
@click.option("--to", type=click.Path(path_type=Path, dir_okay=False),
              help="The asset file (.toml) to add to; without it nothing is written.")  # fmt: skip
@click.option("--district", default="", help="The district's name, where the asset file names none yet.")
@click.option("--encoding", "encodings", multiple=True, type=click.Choice(["utf-8", "cp949"]),
              default=("utf-8", "cp949"), show_default=True, help="Tried in this order.")  # fmt: skip
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
def register(to: Path | None, district: str, encodings: tuple[str, ...], file: Path) -> None:
    """Make assets of a register: cameras, emergency bells, parking lots, lights, sensors (CSV)."""
    from console.register_import import print_import

    sys.exit(print_import(file, to, district, encodings))
