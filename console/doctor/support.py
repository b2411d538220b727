"""The file for support: what was found, versions, counts, states and last log lines; nobody's data.

It holds no passwords, names, addresses, places or contents of messages: see console/doctor/scrub.py.
"""

from __future__ import annotations

import contextlib
import getpass
import io
import os
import platform
import sys
import zipfile
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from sqlite_utils import Database

from console import __version__
from console.clock import Clock
from console.doctor.finding import Finding
from console.doctor.machine import versions
from console.doctor.scrub import Scrubber
from console.errors import ConsoleError, Unavailable
from console.settings import Settings
from db import counts, layout
from db.connection import SqlError

LOG_LINES = 400
_LINE_MOST = 500
_ABOUT = """Gwanje support file.

findings.json  what the doctor found          about.json   versions and sizes
settings.json  numbers and choices only       state.json   lamps and counts
schema.json    layout of the stores           logs/        last lines of each log

Passwords, names of persons, hosts, feeds and cameras, addresses, places, plates and
the contents of messages are left out, or stand as marks such as <3fa9c01b> that are
salted anew for each file.
"""

OpenReader = Callable[[], Database]
T = TypeVar("T")


def contents(
    settings: Settings,
    folder: Path,
    clock: Clock,
    findings: Sequence[Finding],
    *,
    state: Mapping[str, Any] | None = None,
    stores: Mapping[str, OpenReader] | None = None,
) -> bytes:
    """The file's bytes. `state` is the status of a running core, `stores` open its databases to read."""
    readers = stores or {}
    people = _people(readers.get("ops.db"))
    scrubber = Scrubber(settings, [*(people or ()), *_user(), str(folder)])
    parts = {
        "findings.json": [scrubber.value(msgspec.to_builtins(each)) for each in findings],
        "settings.json": scrubber.settings(),
        "state.json": scrubber.value(dict(state or {"running": False})),
        "schema.json": {name: _schema(opened) for name, opened in readers.items()},
        "counts.json": _counts(scrubber, readers.get("feed.db")),
        "about.json": _about(folder, clock),
    }
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("about.txt", _ABOUT)
        for name, value in parts.items():
            file.writestr(name, msgspec.json.format(msgspec.json.encode(value), indent=1))
        if people is None:  # then nobody knows whose names stand in the logs
            file.writestr("logs/left-out.txt", "ops.db could not be read\n")
        for path in sorted((folder / "logs").glob("*.log")) if people is not None else ():
            file.writestr(f"logs/{path.name}", "\n".join(map(scrubber.text, _last_lines(path))))
    return held.getvalue()


def save(path: Path, content: bytes) -> None:
    """Write the file, readable for this user only; raises Unavailable and leaves nothing half-written."""
    unfinished = path.with_name(f".{path.name}.part")
    try:
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        unfinished.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            unfinished.unlink()
        raise Unavailable(f"{path}: cannot be written ({error.strerror})") from error


def _about(folder: Path, clock: Clock) -> dict[str, Any]:
    return {
        "gwanje": __version__,
        "python": sys.version.split()[0],
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "packages": versions(),
        "at_ms": clock.now_ms(),
        "bytes": {path.name: path.stat().st_size for path in sorted(folder.glob("*.db*")) if path.is_file()},
    }


def _last_lines(path: Path) -> Iterable[str]:
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return [line.rstrip("\n")[:_LINE_MOST] for line in deque(file, LOG_LINES)]
    except OSError as error:
        return [f"cannot be read ({error.strerror})"]


def _schema(open_reader: OpenReader) -> list[str] | None:
    """The names of the migrations that a store has gone through."""
    return _asked(open_reader, layout.steps)


def _counts(scrubber: Scrubber, open_reader: OpenReader | None) -> list[dict[str, Any]]:
    """What each feed has received, stored and set aside."""
    if open_reader is None:
        return []
    found = _asked(open_reader, counts.all_counts) or []
    return [{**msgspec.to_builtins(each), "feed": scrubber.mark(each.feed)} for each in found]


def _people(open_reader: OpenReader | None) -> list[str] | None:
    """Who has acted at this console, so that their names can be taken out; None if that cannot be read."""
    found = [] if open_reader is None else _asked(open_reader, layout.people)
    return None if found is None else [part for name in found for part in {name, *name.split()}]


def _asked(open_reader: OpenReader, ask: Callable[[Database], list[T]]) -> list[T] | None:
    """The answer of a store, None from a damaged one, which must not keep support from its file."""
    try:
        db = open_reader()
    except (ConsoleError, OSError, SqlError):
        return None
    try:
        return ask(db)
    except (ConsoleError, SqlError):
        return None
    finally:
        db.close()


def _user() -> list[str]:
    try:
        return [getpass.getuser()]
    except (OSError, KeyError, ImportError):
        return []
