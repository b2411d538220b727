"""The command line: one executable, whose first word is the role or the task."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path
from typing import Any, Literal

import click

from console import __version__, logs
from console.alarms import commands as alarm_commands
from console.demo import commands as demo_commands
from console.errors import ConsoleError, Unavailable
from console.import_commands import import_group
from console.maps import commands as map_commands
from console.packs import commands as pack_commands

FAULT = 2

folder_option = click.option(
    "--data",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="The data folder of this console; its default is the user's own.",
)
settings_option = click.option(
    "--settings",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The settings file; settings.toml in the data folder otherwise.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="For a machine: JSON on standard output.")


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="gwanje")
@folder_option
@settings_option
@click.pass_context
def gwanje(context: click.Context, folder: Path | None, settings: Path | None) -> None:
    """Gwanje (관제): the operations console of a district control room.

    Without a task it opens the screen, and starts a core for the data folder
    if none runs there.
    """
    logs.quiet()
    if context.invoked_subcommand is None:
        from console.start import run_console

        sys.exit(run_console(_folder(folder), settings))


@gwanje.command()
@folder_option
@settings_option
@click.option("--supervised/--bare", default=False, help="Start it again when it ends unasked.")
def core(folder: Path | None, settings: Path | None, supervised: bool) -> None:
    """Run the core alone: feeds, stores, alarms and sync, without a screen."""
    from console.start import run_core, run_supervised_core

    run = run_supervised_core if supervised else run_core
    sys.exit(run(_folder(folder), _settings(settings)))


@gwanje.command()
@folder_option
@click.option("--seat", default="1", help="The name of this screen.")
@click.option("--language", type=click.Choice(["ko", "en"]), help="Instead of what the settings say.")
@click.option("--screenshots", type=click.Path(path_type=Path), help="Write pictures of every panel here.")
@click.option("--seconds", type=float, help="End by itself after so long.")
@click.option("--probe", type=click.Path(path_type=Path), hidden=True)
@click.option("--facts", is_flag=True, hidden=True, help="Print what is seen of screens and graphics.")
def ui(
    folder: Path | None,
    seat: str,
    language: str | None,
    screenshots: Path | None,
    seconds: float | None,
    probe: Path | None,
    facts: bool,
) -> None:
    """Run a screen alone; it joins the core of the data folder when there is one."""
    if facts:
        from widgets.screen_facts import print_facts

        sys.exit(print_facts())
    from widgets.app import run_ui

    sys.exit(
        run_ui(
            _folder(folder),
            seat=seat,
            language=language,
            screenshots=screenshots,
            seconds=seconds,
            probe=probe,
        )
    )


@gwanje.command(context_settings={"ignore_unknown_options": True}, hidden=True)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def cam(arguments: tuple[str, ...]) -> None:
    """Decode cameras for a screen, which starts this itself."""
    from console.cameras.worker import main as run

    sys.exit(run(list(arguments)))


@gwanje.command()
@folder_option
@json_option
def status(folder: Path | None, as_json: bool) -> None:
    """Say what runs, what came in, what stands and what was sent."""
    from console.cli import print_status

    sys.exit(print_status(_folder(folder), as_json))


@gwanje.command()
@click.option("--feed", required=True, help="The feed of the settings, or a shipped form.")
@click.option("--topic", multiple=True, help="The MQTT topic of the files; may be given once for each.")
@settings_option
@folder_option
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False)
)
def decode(
    feed: str, topic: tuple[str, ...], settings: Path | None, folder: Path | None, files: tuple[Path, ...]
) -> None:
    """Print what a feed would make of files: one JSON object per line."""
    from console.cli import print_decoded

    sys.exit(print_decoded(feed, topic, files, _settings(settings), _folder(folder)))


@import_group.command("file")
@click.option("--feed", required=True, help="The feed of the settings whose form the file has.")
@click.option("--preview", is_flag=True, help="Store nothing: say what the file would become.")
@json_option
@settings_option
@folder_option
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
def import_file(
    feed: str, preview: bool, as_json: bool, settings: Path | None, folder: Path | None, file: Path
) -> None:
    """Store what stands in FILE, as of the past, and report what was read and what was not."""
    from console.cli_import import print_preview, run_import

    if preview:
        sys.exit(print_preview(file, feed, _settings(settings), _folder(folder), as_json))
    sys.exit(run_import(file, feed, _folder(folder), as_json))


@gwanje.command()
@folder_option
@settings_option
@json_option
@click.option("--language", type=click.Choice(["ko", "en"]), default="ko", show_default=True)
def feeds(folder: Path | None, settings: Path | None, as_json: bool, language: str) -> None:
    """List the forms that are read, one line each, and the feeds of the settings and the shipped ones."""
    from console.feeds_list import print_feeds

    sys.exit(print_feeds(_folder(folder), _settings(settings), language, as_json))


@gwanje.command()
@folder_option
@settings_option
@json_option
@click.option("--messages", type=click.IntRange(1, 100_000), default=3000, show_default=True,
              help="How many are parked at each broker.")  # fmt: skip
@click.option("--restart", default="", metavar="COMMAND", help="Restart the broker so, and see what is left.")
@click.option("--ask-restart", is_flag=True, help="Ask the person to restart it, and see what is left.")
@click.option("--broker", default="", help="Which broker is restarted; all otherwise.")
@click.option("--support", type=click.Path(path_type=Path, dir_okay=False), help="Write a file for support.")
def doctor(folder: Path | None, settings: Path | None, **wishes: Any) -> None:
    """Examine this machine and its surroundings, with a remedy for each finding."""
    from console.doctor.cli import Wishes, run

    sys.exit(run(_folder(folder), _settings(settings), Wishes(**wishes)))


@gwanje.command()
@folder_option
@settings_option
@click.option("--to", type=click.Path(path_type=Path, file_okay=False), help="Instead of the usual folder.")
@json_option
def backup(folder: Path | None, settings: Path | None, to: Path | None, as_json: bool) -> None:
    """Back up the log of acts (ops.db), and check the backup by restoring it."""
    from console.backup.cli import print_backup
    from console.start import own_settings

    place = _folder(folder)
    sys.exit(print_backup(place, to, own_settings(place, _settings(settings)), as_json))


@gwanje.command()
@folder_option
@settings_option
@click.option("--from", "source", type=click.Path(path_type=Path, exists=True), help="A backup, or a folder.")
@click.option("--yes", "agreed", is_flag=True, help="Do not ask.")
@json_option
def restore(
    folder: Path | None, settings: Path | None, source: Path | None, agreed: bool, as_json: bool
) -> None:
    """Put a backup in the place of ops.db, with the journal on top; the core must be stopped."""
    from console.backup.cli import print_restore
    from console.start import own_settings

    place = _folder(folder)
    found = own_settings(place, _settings(settings))
    sys.exit(print_restore(place, source, found, agreed=agreed, as_json=as_json))


@gwanje.command()
@click.argument("name")
@click.option("--quick", is_flag=True, help="The short form.")
@json_option
def bench(name: str, quick: bool, as_json: bool) -> None:
    """Measure one figure: B1 to B4, B6 to B10, or B50K; README says what each is."""
    from console.cli import print_bench

    sys.exit(print_bench(name, quick, as_json))


@gwanje.command()
@click.option("--source", required=True, help="The source, as it names itself; one * at its end for many.")
@click.option("--quantity", multiple=True, help="Only this quantity; may be given again.")
@click.option("--since", default="30d", show_default=True, help="2026-11-01T08:30, or 30d or 12h ago.")
@click.option("--until", default="0h", show_default=True, help="In the same forms; not included.")
@click.option("--language", type=click.Choice(["ko", "en"]), default="ko", show_default=True)
@click.option("--labelled", is_flag=True, help="Add standard term, codes, personal-data flag of the packs.")
@click.option("--hourly", is_flag=True, help="One row per hour: count, mean, least, most and sum.")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@folder_option
def export(
    source: str,
    quantity: tuple[str, ...],
    since: str,
    until: str,
    language: Literal["ko", "en"],
    labelled: bool,
    hourly: bool,
    file: Path,
    folder: Path | None,
) -> None:
    """Write stored readings to FILE, a .csv or .xlsx that Excel opens as it is."""
    from console import cli_export

    form = (language, labelled, hourly)
    sys.exit(cli_export.run(_folder(folder), source, quantity, since, until, file, *form))


@gwanje.command("reload")
@folder_option
def reload_feeds(folder: Path | None) -> None:
    """Let a running core read the forms of its feeds from the settings file again."""
    from console.cli_task import reload_feeds as run

    sys.exit(run(_folder(folder)))


@gwanje.group()
def quarantine() -> None:
    """Messages that could not be read."""


@quarantine.command("retry")
@click.option("--feed", help="Of this feed only.")
@folder_option
def quarantine_retry(feed: str | None, folder: Path | None) -> None:
    """Read them again by the present forms; what can be read is stored as of the past."""
    from console.cli_task import retry_quarantine as run

    sys.exit(run(_folder(folder), feed))


@gwanje.group()
def central() -> None:
    """Prepare and examine a central platform."""


password_option = click.option(
    "--password-file", default="", help="A file with the password, so that it stands in no history."
)


@central.command("init")
@click.argument("url")
@password_option
@click.option("--login", default="", help="Also make a role of this name for consoles to log in with.")
@click.option("--login-password-file", default="", help="A file with the password of that role.")
@json_option
def central_init(url: str, password_file: str, login: str, login_password_file: str, as_json: bool) -> None:
    """Install tables, functions and roles; a second time brings them up to date."""
    from console.cli import print_central_init

    sys.exit(print_central_init(url, password_file, login, login_password_file, as_json))


@central.command("check")
@click.argument("url")
@password_option
@json_option
def central_check(url: str, password_file: str, as_json: bool) -> None:
    """Say whether a console could sync there, and what it may do."""
    from console.cli import print_central_check

    sys.exit(print_central_check(url, password_file, as_json))


def _settings(given: Path | None) -> Path | None:
    """The settings file, also where it was named before the task."""
    of_root: Path | None = click.get_current_context().find_root().params.get("settings")
    return given or of_root


def _folder(given: Path | None) -> Path:
    of_root: Path | None = click.get_current_context().find_root().params.get("folder")
    chosen = given or of_root
    if chosen is not None:
        return chosen.resolve()
    import platformdirs

    return Path(platformdirs.user_data_dir("gwanje", appauthor=False))


pack_commands.add_to(gwanje, _folder, _settings)
map_commands.add_to(gwanje, _folder, _settings)
gwanje.add_command(import_group)
demo_commands.add_to(gwanje)
alarm_commands.add_to(gwanje, _folder)


def main(arguments: list[str] | None = None) -> Any:
    """Run the command line; ends the process with 0, 1 (not there), or 2 (a person must help)."""
    try:
        return gwanje.main(args=arguments, prog_name="gwanje")
    except Unavailable as error:
        click.echo(f"gwanje: {error}", err=True)
        sys.exit(1)
    except ConsoleError as error:
        click.echo(f"gwanje: {error}", err=True)
        sys.exit(FAULT)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        click.echo(f"gwanje: the output cannot be written ({error.strerror})", err=True)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is buffered would fail again
        sys.exit(1)


if __name__ == "__main__":
    main()
