"""`gwanje backup` and `gwanje restore`: what they do and print."""

from __future__ import annotations

import os
import queue
from pathlib import Path
from typing import Any

import click
import msgspec

from console import startup
from console.backup import backups, journal, restore
from console.clock import Clock, SystemClock, local_text
from console.errors import Refused, Unavailable
from console.link_client import LinkClient
from console.settings import Settings
from console.startup import report
from console.startup.repair import told
from db import connection, keys
from db import journal as images
from db.workings import Backup, Progress

_LONGEST_S = 600.0  # without a word of the core


def print_backup(folder: Path, to: Path | None, settings: Settings, as_json: bool) -> int:
    """Back up a running core through its link, a stopped one from its files; 1 if it does not hold."""
    if startup.is_held(folder):
        made = _ask_core(folder, to)
    else:
        made = _of_stopped(folder, to or _folder(folder, settings), SystemClock())
    if as_json:
        click.echo(msgspec.json.encode(made).decode())
    elif made.verified_ms is None:
        click.echo(f"{made.name} was written but does not hold: {made.detail}")
    else:
        click.echo(
            f"{made.name}: {made.size / 2**20:.1f} MiB, {made.entries} entries of our log,"
            f" restored and checked {local_text(made.verified_ms)}"
        )
    return 0 if made.verified_ms is not None else 1


def _folder(folder: Path, settings: Settings) -> Path:
    return folder / (settings.backups.folder or "backups")


def _ask_core(folder: Path, to: Path | None) -> Backup:
    """Have the running core make one, and wait for it."""
    pushed: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def take(records: Any) -> None:
        for record in records:
            if isinstance(record, Backup | Progress):
                pushed.put(record)

    def follow(linked: bool, _reason: str) -> None:
        if not linked:
            pushed.put(None)

    client = LinkClient(folder, role="cli", seat="backup", on_push=take, on_state=follow)
    client.start()
    try:
        if not client.wait_linked(5.0):
            raise Unavailable("The core of this data folder does not answer")
        begun = client.act("backup.start", {"folder": str(to.resolve()) if to else ""})
        return _await(pushed, msgspec.convert(begun, Progress).id)
    finally:
        client.stop()


def _await(pushed: queue.SimpleQueue[Any], task: str) -> Backup:
    made: Backup | None = None
    is_done = False
    while not (is_done and made is not None):  # pushes of one moment come in any order
        try:
            record = pushed.get(timeout=_LONGEST_S)
        except queue.Empty as error:
            raise Unavailable("The core did not finish the backup in time") from error
        if record is None:
            raise Unavailable("The core ended while the backup was made")
        if isinstance(record, Backup):
            made = record
        elif record.id == task and record.state in ("failed", "cancelled"):
            raise Unavailable(f"The backup did not come about: {record.text or record.state}")
        else:
            is_done = is_done or (record.id == task and record.state == "done")
    return made


def _of_stopped(folder: Path, target: Path, clock: Clock) -> Backup:
    if not (folder / "ops.db").exists():
        raise Refused(f"{folder}: there is no ops.db to back up")
    held = startup.lock(folder)
    try:
        key = keys.data_key(folder)
        db = connection.open_reader(folder / "ops.db", key)
        try:
            whole = images.whole(db)
        finally:
            db.close()
        journal.begin(folder / "journal", key, whole)
        number = journal.newest_number(folder / "journal")
        return backups.make(folder / "ops.db", target, key, clock, journal=number)
    finally:
        held.release(clean=not startup.was_unclean(folder))


def print_restore(
    folder: Path, source: Path | None, settings: Settings, *, agreed: bool, as_json: bool
) -> int:
    """Say what would be lost, ask, and restore; 1 if the person does not want it."""
    clock = SystemClock()
    held = startup.lock(folder)
    try:
        key = keys.data_key(folder)
        place = source or _folder(folder, settings)
        plan = restore.plan(folder, key, place)
        if not as_json:
            for line in _plan_lines(plan):
                click.echo(line)
        if not agreed and not click.confirm("Restore?", err=True):
            return 1
        made = restore.restore(folder, key, clock, place)
        found = told(made, clock)
        report.keep(folder, found)
    except OSError as error:
        raise Unavailable(f"{folder}: cannot be restored ({os.strerror(error.errno or 0)})") from error
    finally:
        held.release(clean=not startup.was_unclean(folder))
    if as_json:
        click.echo(msgspec.json.encode({"plan": plan, "made": made}).decode())
    else:
        for each in found:
            click.echo(each.text)
    return 0


def _plan_lines(plan: restore.Plan) -> list[str]:
    made = f" of {local_text(plan.at_ms)}" if plan.at_ms else ""
    lines = [
        f"backup   {plan.backup}{made}: {plan.in_backup} entries",
        f"journal  {plan.in_journal} more entries, which are put on top",
    ]
    if plan.present is None:
        lines.append("present  ops.db is not there or cannot be read")
    else:
        lines.append(f"present  {plan.present} entries, of which {plan.lost} are in neither of both")
    lines.append("         the present files are renamed, not removed; feed.db stays as it is")
    return lines
