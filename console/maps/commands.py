"""The tasks of the command line that are about maps; `console/__main__.py` adds them to its own."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from console.packs.commands import MaybePathOf, PathOf

_folder = click.option("--data", "folder", type=click.Path(path_type=Path, file_okay=False),
                       help="The data folder of this console; its default is the user's own.")  # fmt: skip
_settings = click.option("--settings", type=click.Path(path_type=Path, dir_okay=False),
                         help="The settings file; settings.toml in the data folder otherwise.")  # fmt: skip
_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


def add_to(group: click.Group, folder_of: PathOf, settings_of: MaybePathOf) -> None:
    """Add `map`; the two functions resolve what the root's options say."""

    def settings_path(folder: Path | None, settings: Path | None) -> Path:
        return settings_of(settings) or folder_of(folder) / "settings.toml"

    @group.group("map")
    def maps() -> None:
        """Installed maps: check them, cut a package for a crew, install one."""

    @maps.command("check")
    @_folder
    @_settings
    @click.option("--json", "as_json", is_flag=True, help="For a machine: JSON on standard output.")
    def check(folder: Path | None, settings: Path | None, as_json: bool) -> None:
        """List the maps of the settings, and what is wrong with them; 1 when something is."""
        from console.maps.cli import print_check

        sys.exit(print_check(settings_path(folder, settings), as_json))

    @maps.command("package")
    @_folder
    @_settings
    @click.option("--bounds", required=True, metavar="W,S,E,N", help="The area, in degrees.")
    @click.option("--zooms", default="0-18", show_default=True, metavar="FIRST-LAST")
    @click.option("--map", "ids", multiple=True, help="Only this map; may be given again.")
    @click.option("--measure", is_flag=True, help="Only say how much it would be.")
    @click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
    def package(
        folder: Path | None,
        settings: Path | None,
        bounds: str,
        zooms: str,
        ids: tuple[str, ...],
        measure: bool,
        file: Path,
    ) -> None:
        """Cut an area and zooms out of the installed maps into FILE (.zip)."""
        from console.maps.cli import print_package

        sys.exit(
            print_package(settings_path(folder, settings), bounds, zooms, ids, file, only_measure=measure)
        )

    @maps.command("add")
    @_folder
    @_settings
    @click.argument("package_file", type=_FILE)
    def add(folder: Path | None, settings: Path | None, package_file: Path) -> None:
        """Install a package: its maps go beside the settings file, which gets a table for each."""
        from console.maps.cli import print_added

        sys.exit(print_added(settings_path(folder, settings), package_file))
