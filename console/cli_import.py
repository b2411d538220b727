"""`gwanje import file`: what a file would become, and what became of it."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from console.cli_task import TaskClient
from console.clock import SystemClock
from console.importing import Report, preview
from console.start import settings_with_feed


def print_preview(path: Path, feed: str, settings: Path | None, folder: Path, as_json: bool) -> int:
    """Print what the file's beginning would become, without a core; 1 if nothing of it can be read."""
    found = settings_with_feed(feed, folder, settings)
    report = preview(path, feed, found.feeds[feed], found.site.encodings, SystemClock())
    _print(report, as_json)
    return 0 if report.records else 1


def run_import(path: Path, feed: str, folder: Path, as_json: bool) -> int:
    """Let the folder's core import it and print its report; 1 if that was not finished or nothing was new."""
    with TaskClient(folder, "import") as tasks:
        progress = tasks.run("import.start", {"path": str(path.resolve()), "feed": feed})
        if progress.state != "done":
            click.echo(f"gwanje: {progress.text or progress.state}", err=True)
            return 1
        report = msgspec.convert(tasks.client.ask("import.report", {"id": progress.id}), Report)
    _print(report, as_json, is_done=True)
    return 0 if report.records else 1


def _print(report: Report, as_json: bool, *, is_done: bool = False) -> None:
    if as_json:
        click.echo(msgspec.json.encode(report).decode())
        return
    click.echo(f"file     {report.path}, read by {report.feed}" + ("" if report.whole else ", its beginning"))
    records = ", ".join(f"{count} {kind}" for kind, count in sorted(report.records.items()))
    click.echo(
        f"rows     {report.rows} in {report.messages} messages: {records or 'nothing that can be read'}"
    )
    if is_done:
        click.echo(f"stored   {report.stored} messages new, {report.known} known already")
    for reason, count in sorted(report.reasons.items(), key=lambda pair: -pair[1]):
        first = next((each["detail"] for each in report.faults if each["reason"] == reason), "")
        click.echo(f"aside    {count} × {reason}: {first[:200]}")
    for each in report.examples:
        brief = {name: value for name, value in each.items() if value not in ("", None, [], {}, ())}
        click.echo(f"example  {msgspec.json.encode(brief).decode()[:400]}")
