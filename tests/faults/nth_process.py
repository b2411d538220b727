"""One work on the stores, small and always the same, to be disturbed: `... nth_process WORK FOLDER PORT`.

What was promised is a line on stdout. The status is 0 if all was done, 3 if an
error was told in words; anything else is a fault that nobody had thought of.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from console import logs
from console.backup import backups
from console.clock import ManualClock, SystemClock
from console.core import Core
from console.errors import ConsoleError, Unavailable
from console.link import Command, Hello
from db import connection, feed, ops, sealing
from db.connection import SqlError, damaged, unavailable
from tests.faults.core_process import settings, tell

KEY = bytes(range(32))
TRIES = 5


def ingest(folder: Path, port: int) -> None:
    """Read from the broker until the standard input closes."""
    core = Core(folder, settings(port), SystemClock())
    core.start()
    while os.read(0, 4096):
        pass
    core.stop()


def save(folder: Path, port: int) -> None:
    """An incident, notes and attachments; each act again under its name until it is answered."""
    core = Core(folder, settings(), SystemClock())
    core.start()
    incident = _do(core, "1", "incident.open", title="호출 시험", type="기타").id
    tell(f"incident {incident}")
    for number in range(3):
        _do(core, f"n{number}", "incident.note", incident=incident, text=f"note-{number}")
        tell(f"note note-{number}")
        content = bytes([number]) * 20_000
        digest = hashlib.sha256(content).hexdigest()
        _do(core, f"b{number}", "blob.put", sha256=digest, offset=0, chunk=content, last=True, size=20_000)
        _do(core, f"f{number}", "incident.attach", incident=incident, name="a", media_type="b", sha256=digest)
        tell(f"file {digest}")
    core.stop()


def _do(core: Core, number: str, act: str, **args: Any) -> Any:
    for left in range(TRIES, -1, -1):
        try:
            return core._command(Command(number, act, args), Hello("ui", "test", "시험 요원"))
        except Unavailable:
            if not left:
                raise
    raise AssertionError


def seal(folder: Path, port: int) -> None:
    """Seal everything there is, a step a transaction."""
    now_ms = SystemClock().now_ms()
    terms = sealing.Terms(10**9, now_ms, now_ms, now_ms)
    with closing(connection.open_writer(folder / "feed.db", KEY, feed.migrations)) as db:
        place, first = 0, True
        while place or first:
            with db.atomic():
                place, first = sealing.step(db, place, terms).place, False
    tell("sealed")


def migrate(folder: Path, port: int) -> None:
    """Bring both stores up to date."""
    for name, migrations in (("ops.db", ops.migrations), ("feed.db", feed.migrations)):
        connection.open_writer(folder / name, KEY, migrations).close()
        tell(f"migrated {name}")


def backup(folder: Path, port: int) -> None:
    """Back up and prove it."""
    made = backups.make(folder / "ops.db", folder / "backups", KEY, ManualClock())
    if made.verified_ms is None:
        raise Unavailable(made.detail)
    tell(f"made {made.name}")


WORKS: dict[str, Callable[[Path, int], None]] = {
    "ingest": ingest,
    "save": save,
    "seal": seal,
    "migrate": migrate,
    "backup": backup,
}


def main(work: str, folder: Path, port: int) -> int:
    """Do it."""
    logs.quiet()
    try:
        WORKS[work](folder, port)
    except (ConsoleError, OSError) as error:
        print(error, file=sys.stderr)
        return 3
    except SqlError as error:
        if not unavailable(error) and not damaged(error):
            raise
        print(error, file=sys.stderr)
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])))
