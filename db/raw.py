"""The newest messages as they came, with what became of each."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from sqlite_utils import Database

from db.text import storable
from db.workings import RawMessage

PAYLOAD_KEPT = 16_384
KEEP = 20_000
READ, ASIDE = "read", "set_aside"
_COLUMNS = "id, feed, topic, received_ms, payload, size, state, source"


class Incoming(NamedTuple):
    """A message on its way into the store, whole; `state` says what became of it."""

    feed: str
    topic: str
    received_ms: int
    payload: bytes
    state: str
    source: str = ""


def raw_source(db: Database) -> None:
    """Which source a message told of first, so that a source's messages can be found among all."""
    db.conn.execute("ALTER TABLE raw ADD COLUMN source TEXT NOT NULL DEFAULT ''")


def add(
    db: Database, feed: str, topic: str, received_ms: int, payload: bytes, state: str, *, keep: int = KEEP
) -> int:
    """Keep a message and let the oldest go; returns its number."""
    cursor = db.conn.execute(
        "INSERT INTO raw (feed, topic, received_ms, payload, size, state) VALUES (?, ?, ?, ?, ?, ?)",
        (feed, storable(topic), received_ms, payload[:PAYLOAD_KEPT], len(payload), storable(state)),
    )
    row_id = cursor.lastrowid or 0
    if row_id > keep:
        db.conn.execute("DELETE FROM raw WHERE id <= ?", (row_id - keep,))
    return row_id


def add_all(db: Database, messages: Iterable[Incoming], *, keep: int = KEEP) -> None:
    """Keep many messages at once, in their order; the oldest go."""
    rows = [
        (
            m.feed,
            storable(m.topic),
            m.received_ms,
            m.payload[:PAYLOAD_KEPT],
            len(m.payload),
            storable(m.state),
            storable(m.source),
        )
        for m in messages
    ]
    db.conn.executemany(
        "INSERT INTO raw (feed, topic, received_ms, payload, size, state, source)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        rows,
    )
    db.conn.execute("DELETE FROM raw WHERE id <= (SELECT max(id) FROM raw) - ?", (keep,))


def newest(db: Database, *, topic: str | None = None, limit: int = 200) -> list[RawMessage]:
    """The newest messages, newest first, of one topic if given."""
    return page(db, topic=topic, limit=limit)


def page(
    db: Database,
    *,
    source: str | None = None,
    topic: str | None = None,
    feed: str | None = None,
    state: str | None = None,
    before_id: int | None = None,
    limit: int = 200,
) -> list[RawMessage]:
    """Messages with all that is given, newest first, older than `before_id`.

    `state` is one that `RawMessage` has, or `set_aside` for all that were not read.
    The table is bounded, so that looking through all of it is quick enough.
    """
    where, args = ["1"], list[int | str]()
    for column, wanted in (("source", source), ("topic", topic), ("feed", feed)):
        if wanted is not None:
            where.append(f"{column} = ?")
            args.append(wanted)
    if state == ASIDE:
        where.append(f"state <> '{READ}'")
    elif state is not None:
        where.append("state = ?")
        args.append(state)
    if before_id is not None:
        where.append("id < ?")
        args.append(before_id)
    rows = db.conn.execute(
        f"SELECT {_COLUMNS} FROM raw WHERE {' AND '.join(where)} ORDER BY id DESC LIMIT ?", (*args, limit)
    )
    return [RawMessage(*row) for row in rows]


def get(db: Database, row_id: int) -> RawMessage | None:
    """The message of this number, while it is kept."""
    row = db.conn.execute(f"SELECT {_COLUMNS} FROM raw WHERE id = ?", (row_id,)).fetchone()
    return RawMessage(*row) if row else None
