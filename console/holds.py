"""Placing and releasing holds on readings; each is an entry of the log, the transaction is the caller's."""

from __future__ import annotations

from typing import Protocol

import msgspec
import uuid_utils
from sqlite_utils import Database

from console.errors import Refused
from db import entries, holds
from db.records import Draft, Record
from db.workings import Hold


class Context(Protocol):
    """Who acts when."""

    @property
    def at_ms(self) -> int: ...
    @property
    def actor(self) -> str: ...


def place(
    db: Database,
    context: Context,
    *,
    source: str,
    quantity: str,
    since_ms: int,
    until_ms: int,
    reason: str,
    incident: str = "",
) -> list[Record]:
    """Keep these readings until the hold is released; what is gone already stays gone."""
    for name, pattern in (("source", source), ("quantity", quantity)):
        if not pattern or "*" in pattern[:-1]:
            raise Refused(f"A hold's {name} is exact, or has one * at the end")
    if until_ms <= since_ms:
        raise Refused("A hold must end after it begins")
    if not reason.strip():
        raise Refused("A hold needs a reason")
    terms = holds.Terms(source, quantity, since_ms, until_ms, reason.strip(), incident)
    hold_id = str(uuid_utils.uuid7())
    _append(db, context, holds.PLACED, hold_id, msgspec.to_builtins(terms))
    return [_get(db, hold_id)]


def release(db: Database, context: Context, *, hold: str, note: str = "") -> list[Record]:
    """Let retention have them again; a second time is refused."""
    found = _get(db, hold)
    if found.released_ms is not None:
        raise Refused(f"{found.released_by} has released this hold already")
    _append(db, context, holds.RELEASED, hold, {"note": note})
    return [_get(db, hold)]


def _append(db: Database, context: Context, kind: str, hold: str, payload: dict[str, object]) -> None:
    entries.append(db, Draft(kind, hold, context.at_ms, context.actor, payload))


def _get(db: Database, hold: str) -> Hold:
    found = holds.get(db, hold)
    if found is None:
        raise Refused(f"There is no hold {hold}")
    return found
