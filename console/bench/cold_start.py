"""B9: cold start to a usable board on a data folder with 400 MB of readings.

Core and screen are started together, as `gwanje` does. The store has sealed
days and the newest hours as rows, of 2,000 sensors with ten quantities; its
pages are dropped from the system's memory before the start (programs and
libraries stay there).
"""

from __future__ import annotations

import os
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from console.bench import history_load, sensors
from console.bench.processes import Console
from db import connection, feed, keys

REACH = 3.0
_ROUNDS = 3


def run(quick: bool) -> dict[str, Any]:
    """Measure and judge: 400 MB of 2,000 sensors, or 40 MB of 200 when `quick`."""
    return measure(200, 40) if quick else measure(2000, 400)


def measure(count: int, megabytes: int) -> dict[str, Any]:
    """The figure for so many sensors and a feed.db of that size; the median of three starts."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gwanje-bench-")))
        sensors.write_assets(folder / "assets.csv", count)
        stored = _fill(folder, count, megabytes * 1_000_000)
        rounds = sorted((_start(folder) for _ in range(_ROUNDS)), key=lambda each: each["board_s"])
    middle = rounds[len(rounds) // 2]
    parts = {
        "sensors": count,
        "readings": stored,
        **middle,
        "all_board_s": [each["board_s"] for each in rounds],
    }
    value = middle["board_s"]
    return {"name": "B9", "value": value, "reach": REACH, "holds": value <= REACH, "parts": parts}


def _fill(folder: Path, count: int, size: int) -> int:
    """Five sealed days, then rows until the file is big enough."""
    file = folder / "feed.db"
    db = connection.open_writer(file, keys.data_key(folder), feed.migrations)
    from console.clock import SystemClock

    today = SystemClock().now_ms() // history_load.DAY_MS * history_load.DAY_MS
    stored = history_load.fill_sealed(db, count, today - 6 * history_load.DAY_MS, 5)
    yesterday, hours = today - history_load.DAY_MS, 0
    while _size(folder) < size and hours < 24:
        since_ms, until_ms = (yesterday + at * 3_600_000 for at in (hours, hours + 1))
        stored += history_load.fill_rows(db, count, yesterday, (since_ms, until_ms))
        hours += 1
    db.close()
    return stored


def _size(folder: Path) -> int:
    return sum(each.stat().st_size for each in folder.glob("feed.db*"))


def _start(folder: Path) -> dict[str, Any]:
    with ExitStack() as stack:
        console = Console(folder, stack, sensors.settings(len(sensors.QUANTITIES)))
        size = _forget(folder / "feed.db")
        board = folder / "start.board"
        board.unlink(missing_ok=True)
        began_s = console.clock.monotonic_s()
        console.launch_core()
        console.start_ui(board)
        console.wait_for(folder / "link.json", 60)
        core_s = console.clock.monotonic_s() - began_s
        times = {what: int(at) / 1e9 - began_s for what, at in console.wait_for(board, 60)}
    parts: dict[str, Any] = {"feed_db_mb": round(size / 1e6, 1), "core_listens_s": round(core_s, 2)}
    return parts | {f"{what}_s": round(each, 2) for what, each in times.items()}


def _forget(file: Path) -> int:
    """Let the system drop the file's pages where it can; returns the file's size."""
    with file.open("rb") as opened:
        if hasattr(os, "posix_fadvise"):
            os.fsync(opened.fileno())
            os.posix_fadvise(opened.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    return file.stat().st_size
