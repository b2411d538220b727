"""B7: 10,000 standing alarms, and 5,000 more within a minute.

Core and screen are real processes; the screen has its whole board: alarms,
map, domains, and on wish nine moving pictures. What counts is how long the
GUI thread lets an operator wait: `gap_p99_ms` is the gap in which a moment
chosen at random falls, worse than which are only one in a hundred (long gaps
weigh by their length), and no alarm may be missing in the store or on the screen. `own_*` is what
of a gap the GUI thread was computing; the rest waited for a processor or for the screen's server.
"""

from __future__ import annotations

import subprocess
import tempfile
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from console import lifeline
from console.bench import sensors
from console.bench.load import Load
from console.bench.processes import Console, memory_parts
from console.errors import Unavailable
from console.roles import role_command

REACH = 100.0
STANDING, RATE = 10_000, 84
"""Alarms that stand before, and new ones a second: 5,040 in a minute."""

_TILES = 9
_FREEZES = 1  # of the demo's cameras one stands still now and then
_PATIENCE_S = 60.0
_SETTLE_S = 5.0
_RULES = """
[[rules]]
id = "dust"
kind = "threshold"
quantity = "pm25"
above = 75
priority = {priority}
name = "초미세먼지"
source = "{source}*"
"""


Floats = np.ndarray[Any, np.dtype[np.float64]]


class _Rising(sensors.Chatter):
    """Every report of a sensor is beyond its limit."""

    def message(self, number: int, at_ms: int) -> tuple[str, str]:
        return f"bench/{sensors.source(number)}", f'{{"at":{at_ms},"pm25":{90 + number % 50}.5}}'


def run(quick: bool) -> dict[str, Any]:
    """Measure and judge; `quick` looks at 15 s of the minute."""
    return measure(15.0 if quick else 60.0, tiles=0)


def run_with_tiles(quick: bool) -> dict[str, Any]:
    """The same with nine moving pictures on the screen."""
    return measure(15.0 if quick else 60.0, tiles=_TILES)


def measure(seconds: float, *, tiles: int) -> dict[str, Any]:
    """The figure for a flood of so many seconds."""
    new = round(RATE * seconds)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gwanje-bench-")))
        sensors.write_assets(folder / "assets.csv", STANDING + new)
        console = Console(folder, stack, _settings() + _cameras(stack, tiles))
        probe = folder / "gui.flood"
        console.start_core()
        _wait_until(console, lambda: _hears(console))
        with Load(console.port, rate=RATE, clock=console.clock, chatter=_Rising(STANDING + new, 1)) as load:
            load.burst(range(STANDING))
            _wait_until(console, lambda: _stored(console) >= STANDING)
            console.start_ui(probe)
            _wait_until(console, lambda: _shown(probe) >= STANDING)
            threading.Event().wait(_SETTLE_S)
            cpu, since_ns = console.cpu_s(), _now_ns(console)
            load.run_for(seconds)
            until_ns, used = _now_ns(console), console.cpu_s()
            caught_up_s = _wait_until(console, lambda: _shown(probe) >= STANDING + new)
        memory = memory_parts(console.memory())
        stored, moving = _stored(console), _moving(console)
        console.end_ui()
        gaps, own = _gaps(probe, since_ns, until_ns)
        shown, rows = _last(probe)
    parts = {
        "standing_before": STANDING,
        "new": new,
        "in_s": seconds,
        "tiles": tiles,
        "tiles_live": moving,
        "stored": stored,
        "on_screen": shown,
        "rows": rows,
        "shown_after_the_last_s": round(caught_up_s, 1),
        **judged(gaps),
        "own_p99_of_rounds_ms": round(float(np.percentile(own, 99)), 1),
        "own_most_ms": round(float(own.max()), 1),
        "core_cpu": round((used["core"] - cpu["core"]) / seconds, 2),
        "ui_cpu": round((used["ui"] - cpu["ui"]) / seconds, 2),
        **memory,
    }
    value = parts["gap_p99_ms"]
    holds = value <= REACH and stored == shown == rows == STANDING + new and moving >= tiles - _FREEZES
    return {"name": "B7", "value": value, "reach": REACH, "holds": holds, "parts": parts}


def judged(gaps: Floats) -> dict[str, Any]:
    """The gaps in ms as figures; see the module for what they mean."""
    if not gaps.size:
        return {"gap_p99_ms": float("inf")}
    ordered = np.sort(gaps)
    share = np.cumsum(ordered) / ordered.sum()
    return {
        "gap_p50_ms": round(float(ordered[np.searchsorted(share, 0.50)]), 1),
        "gap_p99_ms": round(float(ordered[np.searchsorted(share, 0.99)]), 1),
        "gap_p99_of_rounds_ms": round(float(np.percentile(ordered, 99)), 1),
        "gap_most_ms": round(float(ordered[-1]), 1),
        "gaps_over_100_ms": int((ordered > 100).sum()),
        "rounds": int(ordered.size),
    }


def _settings() -> str:
    head = sensors.settings(1).partition("[[rules]]")[0]
    return head + "".join(
        _RULES.format(priority=2 + place % 3, source=f"OC{place:03d}").replace('"dust"', f'"dust{place}"')
        for place in range(16)
    )


def _cameras(stack: ExitStack, count: int) -> str:
    """Settings of so many moving pictures, served by a process of the demo."""
    if not count:
        return ""
    from console.demo.run import free_port

    port = free_port()
    process = lifeline.start(
        role_command("demo-cameras", "--port", str(port), "--count", str(count)),
        stdout=subprocess.DEVNULL,
        cwd=lifeline.working_folder(),
    )
    stack.callback(lifeline.end, process)
    return "".join(
        f'\n[[cameras]]\nid = "cam{at}"\nname = "카메라 {at}"\n'
        f'url = "http://127.0.0.1:{port}/cam/{at + 1}.mjpg"\n'
        for at in range(count)
    )


def _moving(console: Console) -> int:
    """Tiles with a picture of now, as the screen says."""
    return int(console.client.ask("status")["cameras"]["live"])


def _hears(console: Console) -> bool:
    """Whether what is published reaches the core."""
    return any(broker["state"] == "ok" for broker in console.client.ask("status")["brokers"])


def _stored(console: Console) -> int:
    return len(console.client.ask("alarms"))


def _last(probe: Path) -> tuple[int, int]:
    """The alarms that the screen held when it last counted them, and its rows."""
    file = probe.with_suffix(".rows")
    lines = file.read_text(encoding="ascii").splitlines() if file.exists() else []
    if not lines:
        return 0, 0
    _, alarms, rows = lines[-1].split(",")
    return int(alarms), int(rows)


def _shown(probe: Path) -> int:
    return _last(probe)[0]


def _wait_until(console: Console, holds: Any) -> float:
    """Seconds until it holds; raises Unavailable where it does not in time."""
    began_s = console.clock.monotonic_s()
    pause = threading.Event()
    while not holds():
        if console.clock.monotonic_s() - began_s > _PATIENCE_S:
            raise Unavailable("The alarms did not all arrive in time")
        pause.wait(0.2)
    return console.clock.monotonic_s() - began_s


def _now_ns(console: Console) -> int:
    return round(console.clock.monotonic_s() * 1e9)


def _gaps(probe: Path, since_ns: int, until_ns: int) -> tuple[Floats, Floats]:
    """Between rounds of the loop: how long, and how much of it the GUI thread was computing, in ms."""
    at, gaps, own = np.loadtxt(probe, delimiter=",", unpack=True, ndmin=2)
    within = (at >= since_ns) & (at < until_ns)
    return gaps[within], own[within]
