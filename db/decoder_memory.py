"""What decoders remember over a new start: rows per feed, written with the messages that brought them."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlite_utils import Database

MOST_BYTES = 64 << 20  # of one feed; what was changed longest ago goes first
_LARGE = 1024  # only values beyond it can fill the room, since decoders bound how many there are


def decoder_memory(db: Database) -> None:
    """One row per feed and key; what a key means is the decoder's own."""
    db.conn.execute(
        """CREATE TABLE decoder_memory (
               feed TEXT NOT NULL,
               key TEXT NOT NULL,
               value BLOB NOT NULL,
               updated_ms INTEGER NOT NULL,
               PRIMARY KEY (feed, key)
           ) STRICT"""
    )


def of(db: Database, feed: str) -> list[tuple[str, bytes]]:
    """What a feed's decoder remembered, changed longest ago first."""
    rows = db.conn.execute(
        "SELECT key, value FROM decoder_memory WHERE feed = ? ORDER BY updated_ms, rowid", (feed,)
    )
    return [(key, bytes(value)) for key, value in rows]


def put(db: Database, feed: str, changes: Mapping[str, bytes | None], at_ms: int) -> None:
    """Keep what has changed; the transaction is the caller's."""
    gone = [(feed, key) for key, value in changes.items() if value is None]
    kept = [(feed, key, value, at_ms) for key, value in changes.items() if value is not None]
    if gone:
        db.conn.executemany("DELETE FROM decoder_memory WHERE feed = ? AND key = ?", gone)
    db.conn.executemany(
        "INSERT INTO decoder_memory (feed, key, value, updated_ms) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (feed, key) DO UPDATE SET value = excluded.value, updated_ms = excluded.updated_ms",
        kept,
    )
    if any(len(value) > _LARGE for _, _, value, _ in kept):
        _bound(db, feed)


def _bound(db: Database, feed: str) -> None:
    sizes = db.conn.execute(
        "SELECT rowid, length(value) FROM decoder_memory WHERE feed = ? ORDER BY updated_ms DESC, rowid DESC",
        (feed,),
    )
    total, over = 0, []
    for row, size in sizes:
        total += size
        if total > MOST_BYTES:
            over.append((row,))
    db.conn.executemany("DELETE FROM decoder_memory WHERE rowid = ?", over)


def only(db: Database, feeds: Collection[str]) -> None:
    """Forget feeds that are no more."""
    for (feed,) in db.conn.execute("SELECT DISTINCT feed FROM decoder_memory").fetchall():
        if feed not in feeds:
            db.conn.execute("DELETE FROM decoder_memory WHERE feed = ?", (feed,))
