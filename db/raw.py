"""The newest messages as they came, with what became of each."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from sqlite_utils import Database

from db.text import storable

PAYLOAD_KEPT = 16_384
KEEP = 20_000


class Incoming(NamedTuple):
    """A message on its way into the store, whole; `state` says what became of it."""

    feed: str
    topic: str
    received_ms: int
    payload: bytes
    state: str


class RawMessage(NamedTuple):
    """A message as it came; `payload` is its beginning, `size` the bytes it had."""

    id: int
    feed: str
    topic: str
    received_ms: int
    payload: bytes
    size: int
    state: str


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
        )
        for m in messages
    ]
    db.conn.executemany(
        "INSERT INTO raw (feed, topic, received_ms, payload, size, state) VALUES (?, ?, ?, ?, ?, ?)", rows
    )
    db.conn.execute("DELETE FROM raw WHERE id <= (SELECT max(id) FROM raw) - ?", (keep,))


def newest(db: Database, *, topic: str | None = None, limit: int = 200) -> list[RawMessage]:
    """The newest messages, newest first, of one topic if given."""
    rows = db.conn.execute(
        "SELECT id, feed, topic, received_ms, payload, size, state FROM raw"
        " WHERE ?1 IS NULL OR topic = ?1 ORDER BY id DESC LIMIT ?2",
        (topic, limit),
    )
    return [RawMessage(*row) for row in rows]
