"""The reports of the command line that are about alarms; they join the group `gwanje report`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Literal

import click

from console.packs.commands import PathOf

_folder = click.option("--data", "folder", type=click.Path(path_type=Path, file_okay=False),
                       help="The data folder of this console; its default is the user's own.")  # fmt: skip
_language = click.option("--language", type=click.Choice(["ko", "en"]), default="ko", show_default=True)
_to = click.option("--to", type=click.Path(path_type=Path, dir_okay=False),
                   help="A .csv, .xlsx or .html file; else text on standard output.")  # fmt: skip
_json = click.option("--json", "as_json", is_flag=True, help="For a machine: JSON on standard output.")


def add_to(gwanje: click.Group, folder_of: PathOf) -> None:
    """Add `report alarms` and `report flood`; the function resolves what the root's option says."""
    report = gwanje.commands["report"]
    assert isinstance(report, click.Group)

    @report.command("alarms")
    @click.option("--since", default="", help="2026-11-01, 2026-11-01T08:30, 30d or 12h ago.")
    @click.option("--until", default="", help="The same; now if it is not given.")
    @click.option("--shift", type=click.IntRange(min=0, max=99), default=None,
                  help="0 is the shift that goes on (the default), 1 the one before it.")  # fmt: skip
    @_to
    @_json
    @_language
    @_folder
    def report_alarms(**options: Any) -> None:
        """Figures of alarms over a shift or any time, to ISA-18.2: rates, floods, bad actors, response."""
        sys.exit(_alarms(folder_of(options.pop("folder")), **options))

    @report.command("flood")
    @click.option("--number", type=click.IntRange(min=1), default=None,
                  help="1 is the newest; without it the floods are listed.")  # fmt: skip
    @click.option("--since", default="31d", show_default=True, help="How far back.")
    @_to
    @_json
    @_language
    @_folder
    def report_flood(**options: Any) -> None:
        """What a flood of alarms was: first alarm, causes, who acknowledged, critical ones."""
        sys.exit(_flood(folder_of(options.pop("folder")), **options))


def _alarms(
    folder: Path,
    since: str,
    until: str,
    shift: int | None,
    to: Path | None,
    as_json: bool,
    language: Literal["ko", "en"],
) -> int:
    from console.cli_export import moment
    from console.cli_task import TaskClient
    from console.clock import SEOUL, SystemClock
    from console.errors import Refused

    if since and shift is not None:
        raise Refused("Either --since or --shift")
    with TaskClient(folder, "report") as tasks:
        if since:
            until_ms = moment(until, SEOUL) if until else SystemClock().now_ms()
            span = {"since_ms": moment(since, SEOUL), "until_ms": until_ms}
        else:
            chosen = tasks.client.ask("alarm.shifts", {"count": (shift or 0) + 1})[-1]
            span = {"since_ms": chosen[2], "until_ms": chosen[3]}
        if as_json:
            return _print_json(tasks.client.ask("alarm.kpis", span))
        form = {"form": _form(to), "language": language}
        return _put(tasks.client.ask("alarm.report", span | form), to)


def _flood(
    folder: Path,
    number: int | None,
    since: str,
    to: Path | None,
    as_json: bool,
    language: Literal["ko", "en"],
) -> int:
    from console.cli_export import moment
    from console.cli_task import TaskClient
    from console.clock import SEOUL, SystemClock
    from console.errors import Refused

    with TaskClient(folder, "report") as tasks:
        span = {"since_ms": moment(since, SEOUL), "until_ms": SystemClock().now_ms()}
        floods = tasks.client.ask("floods", span)
        if number is None:
            return _print_json(floods) if as_json else _list(floods)
        if number > len(floods):
            raise Refused(f"There were {len(floods)} floods in this time")
        begun = floods[number - 1]["since_ms"]
        if as_json:
            return _print_json(tasks.client.ask("flood.report", {"since_ms": begun}))
        asked = {"since_ms": begun, "flood": True, "form": _form(to), "language": language}
        return _put(tasks.client.ask("alarm.report", asked), to)


def _list(floods: list[dict[str, Any]]) -> int:
    from datetime import datetime

    from console.clock import SEOUL

    for place, flood in enumerate(floods, 1):
        since = datetime.fromtimestamp(flood["since_ms"] / 1000, SEOUL)
        until = flood.get("until_ms")
        minutes = "goes on" if until is None else f"{(until - flood['since_ms']) / 60_000:.0f} min"
        click.echo(
            f"{place}  {since:%Y-%m-%d %H:%M:%S}  {minutes}  {flood['calls']} calls, peak {flood['peak']}"
        )
    if not floods:
        click.echo("No flood in this time")
    return 0


def _form(to: Path | None) -> str:
    from console.errors import Refused

    if to is None:
        return "text"
    form = to.suffix.lower().removeprefix(".")
    if form not in ("csv", "xlsx", "html"):
        raise Refused(f"{to}: the file must end with .csv, .xlsx or .html")
    return form


def _put(content: bytes, to: Path | None) -> int:
    from console.errors import ConsoleError

    if to is None:
        click.echo(content.decode(), nl=False)
        return 0
    part = to.with_name(to.name + ".part")
    try:
        part.write_bytes(content)
        part.replace(to)
    except OSError as error:
        raise ConsoleError(f"{to}: cannot be written ({error.strerror})") from error
    finally:
        part.unlink(missing_ok=True)
    click.echo(f"{to}: {len(content):,} bytes")
    return 0


def _print_json(value: Any) -> int:
    from console.cli import print_json

    print_json(value)
    return 0
