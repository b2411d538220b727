"""B50K: a whole city on one console: 50,000 sensors that report every 120 s.

Core and screen are real processes; every sensor is in the asset tree, on the
map, in the alarm rules. Measured are the way from publish to pixel while they
report (417 messages a second), the standstills of the GUI thread, and memory.
"""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from console.bench import sensors
from console.bench.load import Load
from console.bench.processes import Console, memory_parts, percentile

REACH = {"p50": 80.0, "p99": 200.0, "rss_mib": 400.0}
_SETTLE_S = 5.0


def run(quick: bool) -> dict[str, Any]:
    """Measure and judge; `quick` looks at 30 s with one value a message, else at 300 s with ten."""
    return measure(50_000, width=1 if quick else 10, seconds=30.0 if quick else 300.0)


def measure(count: int, *, width: int, seconds: float) -> dict[str, Any]:
    """The figure for so many sensors; each of them has reported before it is measured."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gwanje-bench-")))
        sensors.write_assets(folder / "assets.csv", count)
        console = Console(folder, stack, sensors.settings(width))
        began_s = console.clock.monotonic_s()
        console.start_core()
        core_s = console.clock.monotonic_s() - began_s
        chatter = sensors.Chatter(count, width)
        rate = count / sensors.EVERY_S
        with Load(console.port, rate=round(rate), clock=console.clock, chatter=chatter) as load:
            fill_s = load.burst(range(count))
            console.start_ui()
            load.run_for(_SETTLE_S * 2)
            cpu, since_s, first = console.cpu_s(), console.clock.monotonic_s(), load.number
            load.run_for(seconds)
            last, until_s = load.number, console.clock.monotonic_s()
            used = console.cpu_s()
            memory = memory_parts(console.memory())
            load.run_for(1.0)
            sent = load.sent_ns
        console.end_ui()
        delays = console.delays(first, last, sent)
        gaps = console.gaps(round(since_s * 1e9), round(until_s * 1e9))
        start_gaps = console.gaps(0, round(since_s * 1e9))
    parts = {
        "sources": count,
        "values_a_message": width,
        "messages_per_s": round(rate),
        "core_start_s": round(core_s, 1),
        "all_reported_in_s": round(fill_s, 1),
        "p50_ms": percentile(delays, 50),
        "p99_ms": percentile(delays, 99),
        "painted": len(delays),
        "of": last - first,
        "gui_gap_most_ms": max(gaps, default=0.0),
        "gui_gaps_over_100_ms": sum(gap > 100 for gap in gaps),
        "gui_gap_at_start_ms": max(start_gaps, default=0.0),
        "core_cpu": round((used["core"] - cpu["core"]) / (until_s - since_s), 2),
        "ui_cpu": round((used["ui"] - cpu["ui"]) / (until_s - since_s), 2),
        **memory,
    }
    holds = (
        parts["p50_ms"] <= REACH["p50"]
        and parts["p99_ms"] <= REACH["p99"]
        and parts["rss_mib"] <= REACH["rss_mib"]
    )
    return {"name": "B50K", "value": parts["p99_ms"], "reach": REACH["p99"], "holds": holds, "parts": parts}
