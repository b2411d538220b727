"""What is on its way to other systems that take messages: what they know of each occurrence, what waits.

A message is made once, from entries of the log, in the transaction that moves
the mark of its hub (`db/hubs.py`); from then on its bytes are what they are,
however often it has to be sent.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from sqlite_utils import Database

_KEEP_MS = 30 * 86_400_000


class Thing(NamedTuple):
    """An occurrence as a hub knows it. `number` is given once per hub; `changes` counts its messages.

    `memory` is whatever the form needs to remember of it; `over_ms` is when the hub was told of its end.
    """

    thing: str
    number: str
    changes: int = 0
    over_ms: int | None = None
    memory: str = ""


class Message(NamedTuple):
    """A message that waits; `way` is one of the ways that a hub has."""

    id: int
    way: str
    thing: str
    body: bytes


def hub_messages(db: Database) -> None:
    """`hub_thing`: what each hub was told of; `hub_message`: messages made and not yet taken or refused."""
    db.conn.execute(
        """CREATE TABLE hub_thing (
               hub TEXT NOT NULL,
               thing TEXT NOT NULL,
               number TEXT NOT NULL,
               changes INTEGER NOT NULL,
               over_ms INTEGER,
               memory TEXT NOT NULL,
               PRIMARY KEY (hub, thing),
               UNIQUE (hub, number)
           ) STRICT, WITHOUT ROWID"""
    )
    db.conn.execute("CREATE INDEX hub_thing_over ON hub_thing (over_ms) WHERE over_ms IS NOT NULL")
    db.conn.execute(
        """CREATE TABLE hub_message (
               id INTEGER PRIMARY KEY AUTOINCREMENT,
               hub TEXT NOT NULL,
               way TEXT NOT NULL,
               thing TEXT NOT NULL,
               at_ms INTEGER NOT NULL,
               body BLOB NOT NULL
           ) STRICT"""
    )
    db.conn.execute("CREATE INDEX hub_message_way ON hub_message (hub, way, id)")


def thing(db: Database, hub: str, name: str) -> Thing | None:
    """What the hub knows of it."""
    row = db.conn.execute(
        "SELECT thing, number, changes, over_ms, memory FROM hub_thing WHERE hub = ? AND thing = ?",
        (hub, name),
    ).fetchone()
    return Thing(*row) if row else None


def put_thing(db: Database, hub: str, known: Thing) -> None:
    """Remember what the hub will know once it has taken what waits for it."""
    db.conn.execute("INSERT OR REPLACE INTO hub_thing VALUES (?, ?, ?, ?, ?, ?)", (hub, *known))


def drop_thing(db: Database, hub: str, name: str) -> None:
    """Forget it."""
    db.conn.execute("DELETE FROM hub_thing WHERE hub = ? AND thing = ?", (hub, name))


def is_taken(db: Database, hub: str, number: str) -> bool:
    """Whether another occurrence has this number there."""
    found = db.conn.execute("SELECT 1 FROM hub_thing WHERE hub = ? AND number = ?", (hub, number))
    return found.fetchone() is not None


def forget(db: Database, now_ms: int) -> None:
    """Let go of what has been over for a month, a little at a time."""
    db.conn.execute(
        "DELETE FROM hub_thing WHERE (hub, thing) IN"
        " (SELECT hub, thing FROM hub_thing WHERE over_ms < ? LIMIT 200)",
        (now_ms - _KEEP_MS,),
    )


def add(db: Database, hub: str, ways: Iterable[str], name: str, body: bytes, at_ms: int) -> None:
    """A message waits, once for each way."""
    db.conn.executemany(
        "INSERT INTO hub_message (hub, way, thing, at_ms, body) VALUES (?, ?, ?, ?, ?)",
        [(hub, way, name, at_ms, body) for way in ways],
    )


def waiting(db: Database, hub: str, way: str, limit: int) -> list[Message]:
    """What waits there, the oldest first."""
    rows = db.conn.execute(
        "SELECT id, way, thing, body FROM hub_message WHERE hub = ? AND way = ? ORDER BY id LIMIT ?",
        (hub, way, limit),
    )
    return [Message(*row) for row in rows]


def counts(db: Database, hub: str) -> dict[str, int]:
    """How many wait for a hub by each way that has any."""
    return dict(db.conn.execute("SELECT way, count(*) FROM hub_message WHERE hub = ? GROUP BY way", (hub,)))


def count(db: Database, hub: str) -> tuple[int, int | None]:
    """How many wait for a hub by any way, and since when the oldest does."""
    row = db.conn.execute("SELECT count(*), min(at_ms) FROM hub_message WHERE hub = ?", (hub,)).fetchone()
    return int(row[0]), row[1]


def settle(db: Database, hub: str, message: Message, refusal: str, at_ms: int) -> None:
    """It was taken, or with a reason refused: then it is parked in sight until a later one is taken."""
    db.conn.execute("DELETE FROM hub_message WHERE id = ?", (message.id,))
    if refusal:
        db.conn.execute(
            "INSERT OR REPLACE INTO hub_parked VALUES (?, ?, ?, ?)", (hub, message.thing, refusal, at_ms)
        )
    else:
        db.conn.execute("DELETE FROM hub_parked WHERE hub = ? AND entity = ?", (hub, message.thing))
