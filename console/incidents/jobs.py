"""What people do with incidents. Each act is an entry of the log; the transaction is the caller's.

Every job gives the incident as it now is, followed by the act. Refused says
why an act is not possible and leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import uuid_utils
from sqlite_utils import Database

from console.clock import SEOUL
from console.errors import Refused
from console.incidents import fold, folding
from db import blobs, entries, incidents
from db.records import Draft, Incident, Record


class Context(Protocol):
    """Who acts when, and where things are."""

    @property
    def at_ms(self) -> int: ...
    @property
    def actor(self) -> str: ...
    @property
    def blobs(self) -> Path: ...
    @property
    def district(self) -> str: ...


def open_incident(
    db: Database,
    context: Context,
    *,
    title: str,
    type: str,  # noqa: A002 - the word of the record
    level: int = 3,
    place: str = "",
    assignee: str = "",
    alarms: Iterable[str] = (),
    cameras: Iterable[str] = (),
) -> list[Record]:
    """Open an incident; its number counts from 1 on each local day of this console."""
    if not title.strip():
        raise Refused("An incident needs a title")
    payload = {
        "number": _number(db, context),
        "title": title,
        "type": type,
        "level": level,
        "place": place,
        "assignee": assignee,
        "alarms": list(alarms),
        "cameras": list(cameras),
    }
    _check(payload)
    return _act(db, context, "incident.opened", str(uuid_utils.uuid7()), payload)


def note(db: Database, context: Context, *, incident: str, text: str) -> list[Record]:
    """Write a line into the timeline, also of a closed incident."""
    _get(db, incident)
    if not text.strip():
        raise Refused("A note needs a text")
    return _act(db, context, "incident.noted", incident, {"text": text})


def change(db: Database, context: Context, *, incident: str, fields: dict[str, Any]) -> list[Record]:
    """Set fields, and so decide what was in conflict; of a closed incident only that and its result."""
    now = _get(db, incident)
    unknown = set(fields) - {*fold.TEXTS, *fold.LISTS, "level"} | set(fields) & {"number"}
    if unknown or not fields:
        raise Refused(f"An incident has no field to change named {', '.join(sorted(unknown)) or 'nothing'}")
    if now.state == "closed":
        fixed = set(fields) - {"result", "result_text"} - set(now.conflicts)
        if fixed:
            raise Refused(
                f"The incident {now.number} is closed; reopen it to change {', '.join(sorted(fixed))}"
            )
    elif set(fields) & {"result", "result_text"}:
        raise Refused("An incident has a result when it is closed")
    _check(fields)
    if not str(fields.get("title", "-")).strip():
        raise Refused("An incident needs a title")
    values = {name: list(value) if name in fold.LISTS else value for name, value in fields.items()}
    payload = {"fields": values, "replaces": _seen(db, incident, fields)}
    return _act(db, context, "incident.changed", incident, payload)


def assign(db: Database, context: Context, *, incident: str, assignee: str) -> list[Record]:
    """Give the incident to somebody, or with an empty name to nobody."""
    _open_one(db, incident)
    _check({"assignee": assignee})
    payload = {"assignee": assignee, "replaces": _seen(db, incident, ("assignee",))}
    return _act(db, context, "incident.assigned", incident, payload)


def attach(
    db: Database,
    context: Context,
    *,
    incident: str,
    name: str,
    media_type: str,
    sha256: str,
    camera: str = "",
) -> list[Record]:
    """Attach a file whose bytes are completely and verifiably here."""
    _get(db, incident)
    size = blobs.size(context.blobs, sha256)
    if size is None:
        raise Refused(f"The file {name} has not arrived completely; send it again, then attach it")
    payload = {"sha256": sha256, "name": name, "media_type": media_type, "size": size, "camera": camera}
    return _act(db, context, "incident.attached", incident, payload)


def close(db: Database, context: Context, *, incident: str, result: str, text: str = "") -> list[Record]:
    """End the handling with a result; from here on it can be noted upon and reopened."""
    _open_one(db, incident)
    if not result.strip():
        raise Refused("An incident is closed with a result")
    _check({"result": result, "result_text": text})
    replaces = _seen(db, incident, ("state", "result", "result_text"))
    payload = {"result": result, "text": text, "replaces": replaces}
    return _act(db, context, "incident.closed", incident, payload)


def reopen(db: Database, context: Context, *, incident: str, text: str = "") -> list[Record]:
    """Take up a closed incident again."""
    now = _get(db, incident)
    if now.state == "open":
        raise Refused(f"The incident {now.number} is open")
    payload = {"text": text, "replaces": _seen(db, incident, ("state",))}
    return _act(db, context, "incident.reopened", incident, payload)


def _act(db: Database, context: Context, kind: str, incident: str, payload: dict[str, Any]) -> list[Record]:
    draft = Draft(type=kind, subject=incident, at_ms=context.at_ms, actor=context.actor, payload=payload)
    return folding.apply(db, [entries.append(db, draft)])


def _get(db: Database, incident: str) -> Incident:
    found = incidents.get(db, incident)
    if found is None:
        raise Refused(f"There is no incident {incident}")
    return found


def _open_one(db: Database, incident: str) -> None:
    now = _get(db, incident)
    if now.state == "closed":
        raise Refused(f"The incident {now.number} is closed; reopen it first")


def _seen(db: Database, incident: str, names: Iterable[str]) -> dict[str, list[str]]:
    return fold.Registers(incidents.told(db, incident)).seen(names)


def _check(fields: dict[str, Any]) -> None:
    for name, value in fields.items():
        if not fold.is_allowed(name, value):
            raise Refused(f"The incident's {name} cannot be {str(value)[:80]!r}")


def _number(db: Database, context: Context) -> str:
    """district-yyyymmdd-number-console; the console's suffix keeps two that are apart from one number."""
    day = datetime.fromtimestamp(context.at_ms / 1000, UTC).astimezone(SEOUL).strftime("%Y%m%d")
    who = entries.identity(db)
    suffix = who.short if who.epoch == 1 else f"{who.short}.{who.epoch}"
    return f"{context.district}-{day}-{incidents.next_serial(db, day):03d}-{suffix}"
