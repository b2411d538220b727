"""`gwanje export`: a range of readings from a running core into a file of one's own."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

import click
import msgspec

from console.cli_task import TaskClient
from console.clock import SEOUL, Clock, SystemClock
from console.errors import ConsoleError, Refused
from console.exports import Asked
from console.link_client import LinkClient


def export(folder: Path, asked: Asked, to: Path) -> int:
    """Let the folder's core write the range, fetch it and put it at `to`; 1 if it was not written."""
    with TaskClient(folder, "export") as tasks:
        progress = tasks.run("export.start", msgspec.to_builtins(asked))
        if progress.state != "done":
            click.echo(f"gwanje: {progress.text or progress.state}", err=True)
            return 1
        size = fetch(tasks.client, progress.path, to)
    click.echo(f"{to}: {progress.text} rows, {size:,} bytes")
    return 0


def fetch(client: LinkClient, name: str, to: Path) -> int:
    """Put a finished export at `to`, whole or not at all, and let the core's copy go; returns its bytes."""
    part, at, size = to.with_name(to.name + ".part"), 0, 1
    try:
        with part.open("wb") as file:
            while at < size:
                answer = client.ask("export.read", {"name": name, "offset": at})
                file.write(answer["data"])
                at, size = at + len(answer["data"]), answer["size"]
        part.replace(to)
    except OSError as error:
        raise ConsoleError(f"{to}: cannot be written ({error.strerror})") from error
    finally:
        part.unlink(missing_ok=True)
    client.act("export.drop", {"name": name})
    return size


def run(
    folder: Path,
    source: str,
    quantities: tuple[str, ...],
    since: str,
    until: str,
    to: Path,
    language: Literal["ko", "en"],
    labelled: bool,
    hourly: bool,
) -> int:
    """Export by the words of the command line."""
    return export(folder, asked_for(source, quantities, since, until, to, language, labelled, hourly), to)


def asked_for(
    source: str,
    quantities: tuple[str, ...],
    since: str,
    until: str,
    to: Path,
    language: Literal["ko", "en"],
    labelled: bool = False,
    hourly: bool = False,
) -> Asked:
    """The words of the command line as a request; times without an offset are Seoul's."""
    form = to.suffix.lower().removeprefix(".")
    if form not in ("csv", "xlsx"):
        raise Refused(f"{to}: the file must end with .csv or .xlsx")
    begin, end = moment(since, SEOUL), moment(until, SEOUL)
    return Asked(source, begin, end, quantities, form, language, labelled, hourly)  # type: ignore[arg-type]


def moment(text: str, zone: ZoneInfo, clock: Clock | None = None) -> int:
    """Milliseconds UTC of `2026-11-01`, `2026-11-01T08:30`, with an offset or without, or 30d, 12h ago."""
    number, unit = text[:-1], text[-1:]
    if number.isdigit() and unit in "dh":
        span = timedelta(days=int(number)) if unit == "d" else timedelta(hours=int(number))
        return (clock or SystemClock()).now_ms() - round(span.total_seconds() * 1000)
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise Refused(f"{text!r} is no time; 2026-11-01, 2026-11-01T08:30, 30d or 12h are") from error
    return round((at if at.tzinfo else at.replace(tzinfo=zone)).timestamp() * 1000)
