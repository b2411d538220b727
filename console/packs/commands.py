"""The tasks of the command line that are about packs; `console/__main__.py` adds them to its own."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import click

PathOf = Callable[[Path | None], Path]
MaybePathOf = Callable[[Path | None], Path | None]

_folder = click.option("--data", "folder", type=click.Path(path_type=Path, file_okay=False),
                       help="The data folder of this console; its default is the user's own.")  # fmt: skip
_settings = click.option("--settings", type=click.Path(path_type=Path, dir_okay=False),
                         help="The settings file; settings.toml in the data folder otherwise.")  # fmt: skip
_json = click.option("--json", "as_json", is_flag=True, help="For a machine: JSON on standard output.")
_language = click.option("--language", type=click.Choice(["ko", "en"]), default="ko", show_default=True)
_broker = click.option("--broker", default="127.0.0.1:1883", show_default=True, metavar="HOST:PORT")
_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


def add_to(group: click.Group, folder_of: PathOf, settings_of: MaybePathOf) -> None:
    """Add `packs`, `replay` and `report`; the two functions resolve what the root's options say."""

    @group.group("packs", invoke_without_command=True)
    @_folder
    @_settings
    @_language
    @_json
    @click.pass_context
    def packs(
        context: click.Context, folder: Path | None, settings: Path | None, language: str, as_json: bool
    ) -> None:
        """List the domain packs: installed, in use, what each needs and whether it is there."""
        if context.invoked_subcommand is None:
            from console.packs.cli import print_packs

            sys.exit(print_packs(folder_of(folder), settings_of(settings), language, as_json))

    @packs.command("check")
    @click.argument("files", nargs=-1, required=True, type=_FILE)
    @_json
    def packs_check(files: tuple[Path, ...], as_json: bool) -> None:
        """Say what is wrong with pack files; 1 when something is."""
        from console.packs.cli import print_check

        sys.exit(print_check(files, as_json))

    @packs.command("site")
    @click.argument("names", nargs=-1, metavar="[PACK]...")
    @click.option("--to", type=click.Path(path_type=Path, file_okay=False), required=True, help="The folder.")
    @_broker
    @_folder
    def packs_site(names: tuple[str, ...], to: Path, broker: str, folder: Path | None) -> None:
        """Write settings and an asset tree that replay these packs, or all of them."""
        from console.packs.cli import write_site
        from console.packs.playing import address

        sys.exit(write_site(names, to, folder_of(folder), *address(broker)))

    @group.command("replay")
    @click.argument("names", nargs=-1, required=True, metavar="PACK...")
    @click.option("--speed", type=click.FloatRange(min=0.1, max=100_000), default=60.0, show_default=True,
                  help="How many times faster than it was.")  # fmt: skip
    @_broker
    @click.option("--username", default="")
    @click.option(
        "--password-file", type=_FILE, help="A file with the password, so that it is in no history."
    )
    @_folder
    def replay(
        names: tuple[str, ...],
        speed: float,
        broker: str,
        username: str,
        password_file: Path | None,
        folder: Path | None,
    ) -> None:
        """Publish the messages of packs' replay files to a broker; `all` for every pack."""
        from console.packs.playing import print_replay

        sys.exit(print_replay(names, folder_of(folder), broker, speed, username, password_file))

    @group.group("report")
    def report() -> None:
        """Write reports over this console's own figures."""

    @report.command("indicators")
    @click.option("--to", type=click.Path(path_type=Path, dir_okay=False), required=True, help="A .csv file.")
    @click.option("--days", type=click.FloatRange(min=0.01, max=3660), default=365.0, show_default=True)
    @_language
    @_folder
    def report_indicators(to: Path, days: float, language: Literal["ko", "en"], folder: Path | None) -> None:
        """Write the indicators of the packs in use, with formula and evidence, to a CSV file."""
        from console.packs.cli_report import print_indicators

        sys.exit(print_indicators(folder_of(folder), to, days, language))

    @report.command("places")
    @click.option("--to", type=click.Path(path_type=Path, dir_okay=False), required=True,
                  help="A .geojson file.")  # fmt: skip
    @_folder
    def report_places(to: Path, folder: Path | None) -> None:
        """Write sensors, alarms and incidents with a position to a GeoJSON file, for a city's twin or map."""
        from console.places import print_places

        sys.exit(print_places(folder_of(folder), to))

    @report.command("forecasts")
    @click.option("--to", type=click.Path(path_type=Path, dir_okay=False), required=True, help="A .csv file.")
    @click.option("--days", type=click.FloatRange(min=0.01, max=3660), default=30.0, show_default=True)
    @_language
    @_folder
    def report_forecasts(to: Path, days: float, language: Literal["ko", "en"], folder: Path | None) -> None:
        """Write how far predictions were off from what was measured to a CSV file."""
        from console.packs.cli_report import print_forecasts

        sys.exit(print_forecasts(folder_of(folder), to, days, language))
