"""Crisis warnings, folded from the event log each time they are asked for.

There is no table of them: what the log says is in force, also by entries of other
consoles and after a restore. A table keeps only how far the events of other systems
have been followed.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, NamedTuple

import msgspec
from sqlite_utils import Database

from db import entries
from db.asset_records import Crisis
from db.records import Entry

DECLARED, ENDED = "crisis.declared", "crisis.ended"
_COLUMNS = "device, epoch, seq, id, type, subject, at_ms, hlc, prev, hash, body"


class Terms(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the entry of a declared warning says; its subject is the kind.

    `origin` is the system that declared it and `event` its own key, both empty for an operator.
    """

    level: Literal[1, 2, 3, 4]
    text: str = ""
    until_ms: int | None = None
    exercise: bool = False
    origin: str = ""
    event: str = ""


class Ending(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the entry of an ended warning says; without an `event` all of its kind ends."""

    note: str = ""
    exercise: bool = False
    event: str = ""


class _Declared(NamedTuple):
    terms: Terms
    since_ms: int
    by: str


def crisis_entries(db: Database) -> None:
    """Find the few entries about warnings among very many others; the place among the events."""
    for table in ("entry", "entry_fork"):
        db.conn.execute(
            f"CREATE INDEX {table}_crisis ON {table} (hlc) WHERE type IN ('{DECLARED}', '{ENDED}')"
        )
    db.conn.execute(
        "CREATE TABLE crisis_cursor (id INTEGER PRIMARY KEY CHECK (id = 1), event INTEGER NOT NULL) STRICT"
    )
    db.conn.execute("INSERT INTO crisis_cursor (id, event) VALUES (1, 0)")


def cursor(db: Database) -> int:
    """The number of the last event that was looked at."""
    return int(db.conn.execute("SELECT event FROM crisis_cursor").fetchone()[0])


def put_cursor(db: Database, event: int) -> None:
    """Keep how far the events were looked at, in the transaction of what they declared."""
    db.conn.execute("UPDATE crisis_cursor SET event = ?", (event,))


def told(db: Database) -> list[Entry]:
    """Every entry about warnings."""
    return [
        Entry(*row)
        for table in ("entry", "entry_fork")
        for row in db.conn.execute(
            f"SELECT {_COLUMNS} FROM {table} WHERE type IN ('{DECLARED}', '{ENDED}') ORDER BY hlc"
        )
    ]


def in_force(db: Database, at_ms: int) -> list[Crisis]:
    """The warnings in force now, the highest level first, exercises after what is real."""
    return fold(told(db), at_ms)


def by_events(db: Database) -> dict[str, tuple[str, Terms]]:
    """What events of other systems have declared and not ended: the kind and the terms, by the event."""
    standing, _ = _standing(told(db))
    return {
        event: (kind, declared.terms)
        for (kind, _), each in standing.items()
        for event, declared in each.items()
        if event
    }


def fold(told: Iterable[Entry], at_ms: int) -> list[Crisis]:
    """What these entries, in any order, say is in force at a time.

    Of one kind each origin's newest declaration counts, and the highest of those is the level.
    One that raises or lowers a level keeps the time since when its kind is in force.
    """
    standing, since = _standing(told)
    found = [
        _highest(kind, since[kind, exercise], [each for each in declared.values() if _lasts(each, at_ms)])
        for (kind, exercise), declared in standing.items()
    ]
    return sorted(
        (each for each in found if each is not None),
        key=lambda each: (each.exercise, -each.level, each.since_ms, each.kind),
    )


_Kind = tuple[str, bool]  # of what, and whether it is an exercise


def _standing(told: Iterable[Entry]) -> tuple[dict[_Kind, dict[str, _Declared]], dict[_Kind, int]]:
    """What was declared and not ended, per kind and by the event that did it; since when each kind is."""
    standing: dict[_Kind, dict[str, _Declared]] = {}
    since: dict[_Kind, int] = {}
    for entry in sorted(told, key=lambda each: (each.hlc, each.device, each.epoch, each.seq)):
        draft = entries.draft_of(entry)
        if entry.type == ENDED:
            ending = _read(draft.payload, Ending) or Ending()
            kind = (entry.subject, ending.exercise)
            if ending.event:
                standing.get(kind, {}).pop(ending.event, None)
            else:
                standing.pop(kind, None)
            continue
        terms = _read(draft.payload, Terms)
        if terms is None:
            continue
        kind = (entry.subject, terms.exercise)
        before = {event: each for event, each in standing.get(kind, {}).items() if _lasts(each, entry.at_ms)}
        if not before:
            since[kind] = entry.at_ms
        standing[kind] = before | {terms.event: _Declared(terms, entry.at_ms, draft.actor)}
    return standing, since


def _highest(kind: str, since_ms: int, declared: list[_Declared]) -> Crisis | None:
    if not declared:
        return None
    top = max(declared, key=lambda each: (each.terms.level, each.since_ms))
    terms = top.terms
    return Crisis(
        level=terms.level,
        kind=kind,
        since_ms=since_ms,
        text=terms.text,
        until_ms=terms.until_ms,
        origin=terms.origin,
        by=top.by,
        exercise=terms.exercise,
    )


def _lasts(declared: _Declared, at_ms: int) -> bool:
    return declared.terms.until_ms is None or declared.terms.until_ms > at_ms


def _read(payload: dict[str, Any], kind: type[Any]) -> Any:
    """What an entry says; nothing if it is of another version and cannot be understood."""
    try:
        return msgspec.convert(payload, kind)
    except msgspec.ValidationError:
        return None
