"""How far each data hub has our log, and what it would not take."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from sqlite_utils import Database

from db.records import Entry
from db.sync import Backlog

_COLUMNS = "device, epoch, seq, id, type, subject, at_ms, hlc, prev, hash, body"
_OURS = (
    "FROM entry WHERE position > ? AND (type LIKE 'alarm.%' OR type LIKE 'incident.%')"
    " AND (EXISTS (SELECT 1 FROM own_log WHERE own_log.device = entry.device AND own_log.epoch = entry.epoch)"
    " OR EXISTS (SELECT 1 FROM incident_act JOIN own_log USING (device, epoch)"
    " WHERE incident_act.incident = entry.subject AND incident_act.type = 'incident.opened'))"
)


STRIDE = 5_000
"""Entries of others that are passed over again and again before the mark is moved behind them."""


class Parked(NamedTuple):
    """An entity that a hub refused, parked in sight until a newer state of it is taken."""

    entity: str
    reason: str
    at_ms: int


def hub_marks(db: Database) -> None:
    """`hub_mark`: every entry up to `position` is at the hub or parked in `hub_parked`."""
    db.conn.execute("CREATE TABLE hub_mark (hub TEXT PRIMARY KEY, position INTEGER NOT NULL) STRICT")
    db.conn.execute(
        """CREATE TABLE hub_parked (
               hub TEXT NOT NULL,
               entity TEXT NOT NULL,
               reason TEXT NOT NULL,
               at_ms INTEGER NOT NULL,
               PRIMARY KEY (hub, entity)
           ) STRICT, WITHOUT ROWID"""
    )


class Start(NamedTuple):
    """What a new hub is told of first: the entries about what stands, of those up to `head`."""

    head: int
    positions: list[int]


def mark(db: Database, hub: str) -> int | None:
    """The position up to which the hub has been served; None for a hub that is new here."""
    row = db.conn.execute("SELECT position FROM hub_mark WHERE hub = ?", (hub,)).fetchone()
    return int(row[0]) if row else None


def start(db: Database) -> Start:
    """Where a new hub begins: at the end of the log, with the alarms that stand and the open incidents.

    Of an alarm these are the entries since it was raised last, of an incident the one that opened it.
    """
    head = _head(db)
    standing = {row[0] for row in db.conn.execute("SELECT id FROM alarm WHERE state <> 'normal'")}
    opened = {row[0] for row in db.conn.execute("SELECT id FROM incident WHERE state = 'open'")}
    found: dict[str, list[int]] = {}
    if standing or opened:
        rows = db.conn.execute(f"SELECT position, type, subject {_OURS} AND position <= ?", (0, head))
        for position, kind, subject in rows:
            if subject in standing and kind.startswith("alarm."):
                if kind == "alarm.raised":
                    found[subject] = []
                found.setdefault(subject, []).append(position)
            elif kind == "incident.opened" and subject in opened:
                found[subject] = [position]
    return Start(head, sorted(each for positions in found.values() for each in positions))


def behind(db: Database, position: int) -> int | None:
    """Where to move a mark after which nothing is ours, None while that saves little."""
    head = _head(db)
    return head if head - position >= STRIDE and not waiting(db, position, 1) else None


def _head(db: Database) -> int:
    return int(db.conn.execute("SELECT ifnull(max(position), 0) FROM entry").fetchone()[0])


def at(db: Database, positions: list[int]) -> list[tuple[int, Entry]]:
    """The entries at these positions, each with its position, in order."""
    found = []
    for position in positions:
        row = db.conn.execute(f"SELECT {_COLUMNS} FROM entry WHERE position = ?", (position,)).fetchone()
        found.append((position, Entry(*row)))
    return found


def waiting(db: Database, position: int, limit: int) -> list[tuple[int, Entry]]:
    """Entries about our alarms and incidents after `position`, in order, each with its position.

    An incident that was opened here is ours, also where another console closes it.
    """
    rows = db.conn.execute(
        f"SELECT position, {_COLUMNS} {_OURS} ORDER BY position LIMIT ?", (position, limit)
    )
    return [(int(row[0]), Entry(*row[1:])) for row in rows]


def is_opened_here(db: Database, incident: str) -> bool:
    """Whether the incident is one of this console's own."""
    found = db.conn.execute(
        "SELECT 1 FROM incident_act JOIN own_log USING (device, epoch)"
        " WHERE incident = ? AND type = 'incident.opened'",
        (incident,),
    )
    return found.fetchone() is not None


def settle(db: Database, hub: str, position: int, taken: Iterable[str], parked: Iterable[Parked]) -> None:
    """The hub has been served up to `position`; what it took is parked no longer."""
    db.conn.execute(
        "INSERT INTO hub_mark (hub, position) VALUES (?, ?)"
        " ON CONFLICT (hub) DO UPDATE SET position = max(position, excluded.position)",
        (hub, position),
    )
    for entity in taken:
        db.conn.execute("DELETE FROM hub_parked WHERE hub = ? AND entity = ?", (hub, entity))
    for each in parked:
        db.conn.execute("INSERT OR REPLACE INTO hub_parked VALUES (?, ?, ?, ?)", (hub, *each))


def parked(db: Database, hub: str, limit: int = 200) -> list[Parked]:
    """What the hub refused, the newest first."""
    rows = db.conn.execute(
        "SELECT entity, reason, at_ms FROM hub_parked WHERE hub = ? ORDER BY at_ms DESC LIMIT ?", (hub, limit)
    )
    return [Parked(*row) for row in rows]


def backlog(db: Database, hub: str) -> Backlog:
    """How many entries the hub does not have, and how old the oldest is."""
    row = db.conn.execute(f"SELECT count(*), min(at_ms) {_OURS}", (mark(db, hub) or 0,)).fetchone()
    return Backlog(int(row[0]), row[1])
