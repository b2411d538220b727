"""What each feed has done since its store was made."""

from __future__ import annotations

from sqlite_utils import Database

from db.records import FeedCount


def bump(
    db: Database,
    feed: str,
    *,
    received: int = 0,
    stored: int = 0,
    quarantined: int = 0,
    duplicate: int = 0,
    at_ms: int | None = None,
) -> None:
    """Add to the counts of a feed, in the caller's transaction."""
    db.conn.execute(
        "INSERT INTO feed_count VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (feed) DO UPDATE SET received = received + excluded.received,"
        " stored = stored + excluded.stored, quarantined = quarantined + excluded.quarantined,"
        " duplicate = duplicate + excluded.duplicate, last_ms = coalesce(excluded.last_ms, last_ms)",
        (feed, received, stored, quarantined, duplicate, at_ms),
    )


def all_counts(db: Database) -> list[FeedCount]:
    """The counts of every feed that has ever spoken, by name."""
    rows = db.conn.execute(
        "SELECT feed, received, stored, quarantined, duplicate, last_ms FROM feed_count ORDER BY feed"
    )
    return [
        FeedCount(feed=f, received=r, stored=s, quarantined=q, duplicate=d, last_ms=at)
        for f, r, s, q, d, at in rows
    ]
