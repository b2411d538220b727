"""Messages that could not be read, as they came; the newest are kept."""

from __future__ import annotations

from sqlite_utils import Database

from db.records import Quarantined
from db.text import storable

PAYLOAD_KEPT = 16_384
KEEP = 100_000
_COLUMNS = "id, feed, topic, received_ms, reason, detail, payload, size"


def add(
    db: Database,
    feed: str,
    topic: str,
    received_ms: int,
    payload: bytes,
    reason: str,
    detail: str,
    *,
    keep: int = KEEP,
) -> Quarantined:
    """Set a message aside; beyond `keep` the oldest go, and only `feed_count` still counts them."""
    topic, reason, detail = storable(topic), storable(reason), storable(detail)
    cursor = db.conn.execute(
        "INSERT INTO quarantine (feed, topic, received_ms, reason, detail, payload, size)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (feed, topic, received_ms, reason, detail, payload[:PAYLOAD_KEPT], len(payload)),
    )
    row_id = cursor.lastrowid or 0
    if row_id > keep:
        db.conn.execute("DELETE FROM quarantine WHERE id <= ?", (row_id - keep,))
    return Quarantined(
        id=row_id,
        feed=feed,
        topic=topic,
        received_ms=received_ms,
        reason=reason,
        detail=detail,
        payload=payload[:PAYLOAD_KEPT],
        size=len(payload),
    )


def page(
    db: Database, *, before_id: int | None = None, feed: str | None = None, limit: int = 200
) -> list[Quarantined]:
    """Messages set aside, newest first, older than `before_id` and of one feed if given."""
    where, args = ["1"], list[int | str]()
    if before_id is not None:
        where.append("id < ?")
        args.append(before_id)
    if feed is not None:
        where.append("feed = ?")
        args.append(feed)
    rows = db.conn.execute(
        f"SELECT {_COLUMNS} FROM quarantine WHERE {' AND '.join(where)} ORDER BY id DESC LIMIT ?",
        (*args, limit),
    )
    names = _COLUMNS.split(", ")
    return [Quarantined(**dict(zip(names, row, strict=True))) for row in rows]


def total(db: Database) -> int:
    """How many are still kept."""
    return int(db.conn.execute("SELECT count(*) FROM quarantine").fetchone()[0])


def after(
    db: Database,
    row_id: int,
    last: int,
    *,
    feed: str | None = None,
    reason: str | None = None,
    limit: int = 50,
) -> list[Quarantined]:
    """Messages with row_id < id <= last, oldest first, of one feed and with one reason if given."""
    where, args = ["id > ?", "id <= ?"], list[int | str]([row_id, last])
    for column, wanted in (("feed", feed), ("reason", reason)):
        if wanted is not None:
            where.append(f"{column} = ?")
            args.append(wanted)
    rows = db.conn.execute(
        f"SELECT {_COLUMNS} FROM quarantine WHERE {' AND '.join(where)} ORDER BY id LIMIT ?", (*args, limit)
    )
    names = _COLUMNS.split(", ")
    return [Quarantined(**dict(zip(names, row, strict=True))) for row in rows]


def last_id(db: Database) -> int:
    """The number of the message set aside last; 0 when none is kept."""
    return int(db.conn.execute("SELECT coalesce(max(id), 0) FROM quarantine").fetchone()[0])


def remove(db: Database, row_id: int) -> bool:
    """Take a message out, since it was read after all; False if it is not there any more."""
    return bool(db.conn.execute("DELETE FROM quarantine WHERE id = ?", (row_id,)).rowcount)


def explain(db: Database, row_id: int, reason: str, detail: str) -> None:
    """Keep why a message cannot be read by what we know now."""
    db.conn.execute(
        "UPDATE quarantine SET reason = ?, detail = ? WHERE id = ?",
        (storable(reason), storable(detail), row_id),
    )
