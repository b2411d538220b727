"""B10: memory of core and screen at a district's load, without cameras.

2,000 sensors with ten values each report every 120 s (17 messages, 167 values
a second). The long form looks at an hour; the short form says how fast memory
grew while it looked, which an hour may not multiply: caches fill once.
"""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from console.bench import sensors
from console.bench.load import Load
from console.bench.processes import Console, memory_parts

REACH = 400.0
_SENSORS = 2000
_WIDTH = 10


def run(quick: bool) -> dict[str, Any]:
    """Measure and judge; an hour, or 75 s when `quick`."""
    seconds = 75.0 if quick else 3600.0
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gwanje-bench-")))
        sensors.write_assets(folder / "assets.csv", _SENSORS)
        console = Console(folder, stack, sensors.settings(_WIDTH))
        console.start_core()
        chatter = sensors.Chatter(_SENSORS, _WIDTH)
        rate = round(_SENSORS / sensors.EVERY_S)
        with Load(console.port, rate=rate, clock=console.clock, chatter=chatter) as load:
            load.burst(range(_SENSORS))
            console.start_ui()
            load.run_for(15.0)
            before = memory_parts(console.memory())
            looks = 5
            seen = []
            for _ in range(looks):
                load.run_for(seconds / looks)
                seen.append(memory_parts(console.memory()))
    after = seen[-1]
    grown = after["rss_mib"] - seen[0]["rss_mib"]
    parts = {
        "values_per_s": rate * _WIDTH,
        "seconds": seconds,
        "rss_mib_before": before["rss_mib"],
        "rss_mib_seen": [each["rss_mib"] for each in seen],
        "growth_mib_per_h": round(grown * 3600 / (seconds * (looks - 1) / looks), 1),
        **{f"{name}_rss_mib_seen": [each[f"{name}_rss_mib"] for each in seen] for name in ("core", "ui")},
        **after,
    }
    value = max(each["rss_mib"] for each in [before, *seen])
    return {"name": "B10", "value": value, "reach": REACH, "holds": value <= REACH, "parts": parts}
