"""Commands that were carried out, so that the same one again gives the same answer."""

from __future__ import annotations

from sqlite_utils import Database


def done(db: Database, command_id: str) -> bytes | None:
    """The answer that was given to this command, or None if it was never carried out."""
    row = db.conn.execute("SELECT answer FROM command WHERE id = ?", (command_id,)).fetchone()
    return bytes(row[0]) if row else None


def remember(db: Database, command_id: str, answer: bytes, at_ms: int) -> None:
    """Keep the answer, in the transaction of the act; a second answer does not replace the first."""
    db.conn.execute(
        "INSERT INTO command VALUES (?, ?, ?) ON CONFLICT DO NOTHING", (command_id, at_ms, answer)
    )


def forget_before(db: Database, before_ms: int, limit: int = 1000) -> int:
    """Let go of up to `limit` answers given before `before_ms`; returns how many."""
    cursor = db.conn.execute(
        "DELETE FROM command WHERE rowid IN (SELECT rowid FROM command WHERE at_ms < ? LIMIT ?)",
        (before_ms, limit),
    )
    return int(cursor.rowcount)
