"""B2: from publish to pixel, with a thousand messages a second in the background.

A real broker, a core and a screen run as processes. One source carries a
counter; the screen writes down when it painted which number, by the machine's
monotonic clock, which all processes share. A number that was replaced before
it was painted was never asked of the screen and does not count.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from console import lifeline
from console.bench.load import Load
from console.clock import SystemClock
from console.demo import screen
from console.errors import Unavailable
from console.link_client import LinkClient
from console.roles import role_command
from console.start import core_part
from console.supervisor import Supervisor

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
topic = "bench/{{source}}"
time = "at"
time_format = "epoch_ms"
values = [{{ quantity = "level", value = "v", unit = "m" }}]
"""


def run(quick: bool) -> dict[str, Any]:
    """Measure and judge; raises Unavailable where no mosquitto is installed."""
    seconds = 8.0 if quick else 30.0
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gwanje-bench-")))
        console = _Console(folder, stack)
        steady = console.measure(rate=1000, seconds=seconds)
        flood = console.measure(rate=5000, seconds=seconds)
    parts = {
        "steady_per_s": 1000,
        "steady_p50_ms": _percentile(steady, 50),
        "steady_p99_ms": _percentile(steady, 99),
        "steady_painted": len(steady),
        "flood_per_s": 5000,
        "flood_p99_ms": _percentile(flood, 99),
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


def _percentile(delays_ms: list[float], percent: int) -> float:
    if not delays_ms:
        return float("inf")
    return round(float(np.percentile(delays_ms, percent)), 1)


class _Console:
    """Broker, core and screen under one stack."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._stack = stack
        self._clock = SystemClock()
        self._painted = folder / "painted.csv"
        self._port = _start_mosquitto(folder, stack)
        settings = folder / "settings.toml"
        settings.write_text(_SETTINGS.format(port=self._port), encoding="utf-8")
        display = screen.prepare(stack, "1920x1080")
        self._run([core_part(folder, settings)])
        client = LinkClient(folder, role="cli", seat="bench")
        client.start()
        stack.callback(client.stop)
        if not client.wait_linked(20):
            raise Unavailable("The core did not start")
        process = lifeline.start(
            role_command("ui", "--data", str(folder), "--probe", str(self._painted)),
            environment=display.environment,
            cwd=lifeline.working_folder(),
        )
        stack.callback(lifeline.end, process)

    def _run(self, parts: list[Any]) -> None:
        supervisor = Supervisor(parts, self._clock, cwd=lifeline.working_folder())
        thread = threading.Thread(target=supervisor.run, name="supervisor")
        thread.start()
        self._stack.callback(thread.join)
        self._stack.callback(supervisor.stop)

    def measure(self, *, rate: int, seconds: float) -> list[float]:
        """Delays in ms of the numbers that were painted, after the load had settled."""
        with Load(self._port, rate=rate, clock=self._clock) as load:
            load.run_for(_SETTLE_S)
            first = load.number
            load.run_for(seconds)
            last = load.number
            load.run_for(1.0)
            sent = load.sent_ns
        delays = []
        for line in self._painted.read_text(encoding="ascii").splitlines():
            number, painted_ns = line.split(",")
            if first < int(float(number)) <= last:
                delays.append((int(painted_ns) - sent[int(float(number))]) / 1e6)
        return delays


def _start_mosquitto(folder: Path, stack: ExitStack) -> int:
    program = shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/usr/bin:/opt/homebrew/sbin")
    if program is None:
        raise Unavailable("This figure needs mosquitto (apt-get install mosquitto)")
    from console.demo.run import free_port

    port = free_port()
    config = folder / "mosquitto.conf"
    config.write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\nmax_inflight_messages 0\n"
        "persistence false\n",
        encoding="ascii",
    )
    process = lifeline.start(
        [program, "-c", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    stack.callback(_end, process)
    return port


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()  # mosquitto does not read its standard input
    lifeline.end(process)
