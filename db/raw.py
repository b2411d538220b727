"""The newest messages as they came, with what became of each."""

from __future__ import annotations

from typing import NamedTuple

from sqlite_utils import Database

from db.text import storable

PAYLOAD_KEPT = 16_384
KEEP = 20_000


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


def newest(db: Database, *, topic: str | None = None, limit: int = 200) -> list[RawMessage]:
    """The newest messages, newest first, of one topic if given."""
    rows = db.conn.execute(
        "SELECT id, feed, topic, received_ms, payload, size, state FROM raw"
        " WHERE ?1 IS NULL OR topic = ?1 ORDER BY id DESC LIMIT ?2",
        (topic, limit),
    )
    return [RawMessage(*row) for row in rows]
