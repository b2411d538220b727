"""B4: first paint of a sensor's month and year at 2-minute steps.

A real core on a store with a year of history of several sensors, a real
screen; the time runs from the panel's question to the end of the painting.
Each series is opened once per span, so that no answer is a repeated one.
"""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from console.bench import history_load, sensors
from console.bench.processes import Console, percentile
from db import connection, feed, keys

REACH = {"month": 50.0, "year": 150.0}
_YEAR = 365


def run(quick: bool) -> dict[str, Any]:
    """Measure and judge: medians of 20 series (`quick`) or 100, over all ten quantities."""
    return measure(2 if quick else 10)


def measure(count: int) -> dict[str, Any]:
    """The figure for a year of so many sensors, each opened in all quantities."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gwanje-bench-")))
        sensors.write_assets(folder / "assets.csv", count)
        console = Console(folder, stack, sensors.settings(len(sensors.QUANTITIES)))
        today = console.clock.now_ms() // history_load.DAY_MS * history_load.DAY_MS
        db = connection.open_writer(folder / "feed.db", keys.data_key(folder), feed.migrations)
        began_s = console.clock.monotonic_s()
        stored = history_load.fill_sealed(db, count, today - _YEAR * history_load.DAY_MS, _YEAR)
        filled_s = console.clock.monotonic_s() - began_s
        db.close()
        series = [(sensors.source(n), name) for n in range(count) for name, _ in sensors.QUANTITIES]
        wanted = folder / "wanted.trend"
        lines = [f"{span},{source},{name}" for source, name in series for span in REACH]
        wanted.write_text("\n".join(lines) + "\n", encoding="ascii")
        size = (folder / "feed.db").stat().st_size
        console.start_core()
        console.start_ui(wanted)
        painted = console.wait_for(wanted.with_suffix(".painted"), 60 + len(lines))
    parts: dict[str, Any] = {"readings": stored, "feed_db_mib": round(size / 2**20, 1)}
    parts |= {"generated_in_s": round(filled_s, 1), "series": len(series)}
    for span in REACH:
        times = [float(ms) for name, ms in painted if name == span]
        for percent in (50, 95):
            parts[f"{span}_p{percent}_ms"] = percentile(times, percent)
        parts[f"{span}_most_ms"] = max(times)
    holds = all(parts[f"{span}_p50_ms"] <= reach for span, reach in REACH.items())
    value = [parts["month_p50_ms"], parts["year_p50_ms"]]
    return {"name": "B4", "value": value, "reach": list(REACH.values()), "holds": holds, "parts": parts}
