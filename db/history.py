"""Readings of a range, oldest first."""

from __future__ import annotations

from sqlite_utils import Database

from db import readings
from db.records import Reading


def rows(
    db: Database,
    source: str,
    quantity: str,
    since_ms: int,
    until_ms: int,
    *,
    statistic: str | None = None,
    limit: int = 5000,
) -> list[Reading]:
    """Readings with since_ms <= observed_ms < until_ms, each once, at most `limit`, the oldest first."""
    found = db.conn.execute(
        "SELECT r.id, s.source, s.quantity, r.value, r.observed_ms, r.received_ms, s.unit, r.period_s,"
        " s.statistic, r.revision, r.quality, r.flags, r.lon, r.lat"
        " FROM reading r JOIN series s ON s.id = r.series_id"
        " WHERE s.source = ? AND s.quantity = ? AND (?3 IS NULL OR s.statistic = ?3)"
        " AND r.observed_ms >= ?4 AND r.observed_ms < ?5 ORDER BY r.observed_ms LIMIT ?6",
        (source, quantity, statistic, since_ms, until_ms, limit),
    )
    return [readings._reading(row) for row in found]
