"""B3: bytes on disk per reading once sealed, everything in feed.db counted.

Short: 20 sensors for two days through the store's own functions, rows first.
Long: 2,000 sensors for 30 days (432 million readings), written sealed with the
same codec into the same tables, because rows first would take hours. The log of
arrivals is told apart: a console keeps only its end, some MB in all.
"""

from __future__ import annotations

import secrets
import tempfile
from pathlib import Path
from typing import Any

from console.bench import history_load
from console.clock import SystemClock
from db import connection, feed, history

REACH = 3.0
SINCE_MS = 20_710 * history_load.DAY_MS - 9 * 3_600_000  # midnight in Korea


def run(quick: bool) -> dict[str, Any]:
    """Measure and judge."""
    if quick:
        return measure(20, 2, rows_first=True)
    return measure(2000, 30, rows_first=False)


def measure(count: int, days: int, *, rows_first: bool) -> dict[str, Any]:
    """The figure for so many sensors and days."""
    clock = SystemClock()
    with tempfile.TemporaryDirectory(prefix="gwanje-bench-") as name:
        path = Path(name) / "feed.db"
        db = connection.open_writer(path, secrets.token_bytes(32), feed.migrations)
        began_s = clock.monotonic_s()
        write = history_load.fill if rows_first else history_load.fill_sealed
        stored = write(db, count, SINCE_MS, days)
        took_s = clock.monotonic_s() - began_s
        known = history.stored_bytes(db)
        db.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        on_disk = sum(each.stat().st_size for each in Path(name).iterdir())
        db.conn.execute("DELETE FROM arrival_log")
        arrivals = history.stored_bytes(db)["free"] - known["free"]
        db.close()
    used = on_disk - known["free"] - arrivals
    parts = {
        "sensors": count,
        "days": days,
        "way": "rows, then sealed" if rows_first else "sealed directly",
        "readings": stored,
        "bytes_on_disk": on_disk,
        "bytes_per_reading_with_free_pages": round(on_disk / stored, 3),
        "chunk_bytes_per_reading": round(known["chunk_bytes"] / stored, 3),
        "axis_bytes_per_reading": round(known["axis_bytes"] / stored, 3),
        "tables_and_pages_per_reading": round(
            (used - known["chunk_bytes"] - known["axis_bytes"]) / stored, 3
        ),
        "arrival_log_bytes": arrivals,
        "seconds": round(took_s, 1),
        "readings_per_s": round(stored / took_s),
        **known,
    }
    value = round(used / stored, 3)
    holds = value <= REACH and known["sealed"] >= stored - known["rows"] and known["rows"] * 100 <= stored
    return {"name": "B3", "value": value, "reach": REACH, "holds": holds, "parts": parts}
