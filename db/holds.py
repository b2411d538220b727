"""Holds: readings that retention must keep, folded from the event log each time they are asked for.

There is no table of them: what the log says is what holds, also for entries
of other consoles and after a restore.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec.structs import replace
from sqlite_utils import Database

from db import entries
from db.records import Entry
from db.workings import Hold

PLACED, RELEASED = "hold.placed", "hold.released"
_COLUMNS = "device, epoch, seq, id, type, subject, at_ms, hlc, prev, hash, body"


class Terms(msgspec.Struct, frozen=True):
    """What the entry of a placed hold says; see `Hold`."""

    source: str
    quantity: str
    since_ms: int
    until_ms: int
    reason: str
    incident: str = ""


def hold_entries(db: Database) -> None:
    """Find the few entries about holds among very many others."""
    for table in ("entry", "entry_fork"):
        db.conn.execute(
            f"CREATE INDEX {table}_hold ON {table} (hlc) WHERE type IN ('{PLACED}', '{RELEASED}')"
        )


def every(db: Database) -> list[Hold]:
    """All holds that were ever placed, oldest first."""
    found = [
        Entry(*row)
        for table in ("entry", "entry_fork")
        for row in db.conn.execute(
            f"SELECT {_COLUMNS} FROM {table} WHERE type IN ('{PLACED}', '{RELEASED}') ORDER BY hlc"
        )
    ]
    return fold(found)


def active(db: Database) -> list[Hold]:
    """The holds that nobody has released."""
    return [hold for hold in every(db) if hold.released_ms is None]


def get(db: Database, hold_id: str) -> Hold | None:
    """The hold of this id."""
    return next((hold for hold in every(db) if hold.id == hold_id), None)


def fold(told: Iterable[Entry]) -> list[Hold]:
    """The holds that these entries tell of, in any order; the first release counts.

    An entry that does not say what it holds (of a newer version, say) holds everything:
    what is kept too long can still be let go, what is gone cannot be had back.
    """
    holds: dict[str, Hold] = {}
    releases: list[Entry] = []
    for entry in sorted(told, key=lambda each: (each.hlc, each.device, each.epoch, each.seq)):
        if entry.type == RELEASED:
            releases.append(entry)
        elif entry.subject not in holds:
            holds[entry.subject] = _placed(entry)
    for entry in releases:
        hold = holds.get(entry.subject)
        if hold is not None and hold.released_ms is None:
            actor = entries.draft_of(entry).actor
            holds[entry.subject] = replace(hold, released_by=actor, released_ms=entry.at_ms)
    return list(holds.values())


def _placed(entry: Entry) -> Hold:
    draft = entries.draft_of(entry)
    terms = _terms(draft.payload)
    return Hold(
        id=entry.subject,
        source=terms.source,
        quantity=terms.quantity,
        since_ms=terms.since_ms,
        until_ms=terms.until_ms,
        reason=terms.reason,
        incident=terms.incident,
        placed_by=draft.actor,
        placed_ms=entry.at_ms,
    )


def _terms(payload: dict[str, Any]) -> Terms:
    try:
        return msgspec.convert(payload, Terms)
    except msgspec.ValidationError:
        return Terms("*", "*", -(2**62), 2**62, "?")
