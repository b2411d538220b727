"""B2: from publish to pixel, with a thousand messages a second in the background.

A real broker, a core and a screen run as processes. One source carries a
counter; the screen writes down when it painted which number, by the machine's
monotonic clock, which all processes share. A number that was replaced before
it was painted was never asked of the screen and does not count.
"""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from console.bench.load import Load
from console.bench.processes import Console, percentile

REACH = {"p50": 80.0, "p99": 200.0, "flood_p99": 500.0}
_SETTLE_S = 5.0

_SETTINGS = """
[site]
device = "bench"

[brokers.main]
port = {port}
username = "bench"
password = "bench"

[feeds.bench]
topics = ["bench/#"]

[[feeds.bench.mappings]]
topic = "bench/{source}"
time = "at"
time_format = "epoch_ms"
values = [{ quantity = "level", value = "v", unit = "m" }]
"""


def run(quick: bool) -> dict[str, Any]:
    """Measure and judge; raises Unavailable where no mosquitto is installed."""
    seconds = 8.0 if quick else 30.0
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gwanje-bench-")))
        console = Console(folder, stack, _SETTINGS)
        console.start_core()
        console.start_ui()
        steady = _measure(console, rate=1000, seconds=seconds)
        flood = _measure(console, rate=5000, seconds=seconds)
    parts = {
        "steady_per_s": 1000,
        "steady_p50_ms": percentile(steady, 50),
        "steady_p99_ms": percentile(steady, 99),
        "steady_painted": len(steady),
        "flood_per_s": 5000,
        "flood_p99_ms": percentile(flood, 99),
        "flood_painted": len(flood),
    }
    holds = (
        parts["steady_p50_ms"] <= REACH["p50"]
        and parts["steady_p99_ms"] <= REACH["p99"]
        and parts["flood_p99_ms"] <= REACH["flood_p99"]
    )
    return {
        "name": "B2",
        "value": parts["steady_p99_ms"],
        "reach": REACH["p99"],
        "holds": holds,
        "parts": parts,
    }


def _measure(console: Console, *, rate: int, seconds: float) -> list[float]:
    """Delays in ms of the numbers that were painted, after the load had settled."""
    with Load(console.port, rate=rate, clock=console.clock) as load:
        load.run_for(_SETTLE_S)
        first = load.number
        load.run_for(seconds)
        last = load.number
        load.run_for(1.0)
        return console.delays(first, last, load.sent_ns)
