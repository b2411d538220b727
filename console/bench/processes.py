"""A broker, a core and a screen as real processes, and what they take of the machine."""

from __future__ import annotations

import shutil
import subprocess
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import psutil

from console import lifeline
from console.clock import SystemClock
from console.demo import screen
from console.errors import Unavailable
from console.link_client import LinkClient
from console.roles import role_command
from console.start import core_part
from console.supervisor import Supervisor

_MIB = 2**20


class Memory(msgspec.Struct, frozen=True):
    """Memory of one process in MiB: resident, its share of it (pages divided by their users), its own."""

    rss: float
    pss: float | None
    uss: float | None


class Console:
    """Broker, core and screen on one data folder, all ended by one stack.

    The settings text may hold `{port}`, the port of the broker. The screen
    writes what it painted into `painted.csv` and its standstills beside it.
    """

    def __init__(self, folder: Path, stack: ExitStack, settings: str, *, size: str = "1920x1080") -> None:
        self._stack = stack
        self.clock = SystemClock()
        self.folder = folder
        self.painted = folder / "painted.csv"
        self.port = start_mosquitto(folder, stack)
        self._settings = folder / "settings.toml"
        self._settings.write_text(settings.replace("{port}", str(self.port)), encoding="utf-8")
        self._display = screen.prepare(stack, size)
        self._ui: subprocess.Popen[bytes] | None = None
        self.client = LinkClient(folder, role="cli", seat="bench")

    def start_core(self) -> None:
        """Start the core and wait until it answers."""
        self.launch_core()
        self.client.start()
        self._stack.callback(self.client.stop)
        if not self.client.wait_linked(60):
            raise Unavailable("The core did not start")

    def launch_core(self) -> None:
        """Start the core."""
        part = core_part(self.folder, self._settings)
        supervisor = Supervisor([part], self.clock, cwd=lifeline.working_folder())
        thread = threading.Thread(target=supervisor.run, name="supervisor")
        thread.start()
        self._stack.callback(thread.join)
        self._stack.callback(supervisor.stop)

    def start_ui(self, probe: Path | None = None) -> None:
        """Start a screen that notes what it paints; `probe` instead of `painted.csv`."""
        self._ui = lifeline.start(
            role_command("ui", "--data", str(self.folder), "--probe", str(probe or self.painted)),
            environment=self._display.environment,
            cwd=lifeline.working_folder(),
        )
        self._stack.callback(lifeline.end, self._ui)

    def wait_for(self, file: Path, seconds: float) -> list[list[str]]:
        """The lines of a file that the screen writes in one step, split at commas."""
        until_s = self.clock.monotonic_s() + seconds
        pause = threading.Event()
        while not file.exists():
            if self.clock.monotonic_s() > until_s:
                raise Unavailable(f"The screen did not finish {file.name} within {seconds:.0f} s")
            pause.wait(0.02)
        return [line.split(",") for line in file.read_text(encoding="ascii").splitlines()]

    def end_ui(self) -> None:
        """End the screen, so that all it noted is in its files."""
        if self._ui is not None:
            lifeline.end(self._ui)

    def memory(self) -> dict[str, Memory]:
        """Of the core and of the screen, now."""
        core = self.client.ask("status")["roles"]["core"]["pid"]
        found = {"core": memory_of(core)}
        if self._ui is not None:
            found["ui"] = memory_of(self._ui.pid)
        return found

    def cpu_s(self) -> dict[str, float]:
        """Processor seconds that core and screen have used so far."""
        pids = {"core": self.client.ask("status")["roles"]["core"]["pid"]}
        if self._ui is not None:
            pids["ui"] = self._ui.pid
        times = {name: psutil.Process(pid).cpu_times() for name, pid in pids.items()}
        return {name: each.user + each.system for name, each in times.items()}

    def delays(self, first: int, last: int, sent_ns: dict[int, int]) -> list[float]:
        """Delays in ms of the painted numbers of the counter with first < number <= last."""
        found = []
        for line in self.painted.read_text(encoding="ascii").splitlines():
            number, painted_ns = line.split(",")
            if first < int(float(number)) <= last:
                found.append((int(painted_ns) - sent_ns[int(float(number))]) / 1e6)
        return found

    def gaps(self, since_ns: int, until_ns: int) -> list[float]:
        """The standstills of the GUI thread in ms (those of 30 ms and more) that ended in this time."""
        file = self.painted.with_suffix(".gaps")
        rows = [line.split(",") for line in file.read_text(encoding="ascii").splitlines()]
        return [float(gap) for at, gap in rows if since_ns <= int(at) < until_ns]


def memory_of(pid: int) -> Memory:
    """What a process takes now; shares only where the system tells them."""
    full = psutil.Process(pid).memory_full_info()
    pss, uss = getattr(full, "pss", None), getattr(full, "uss", None)
    return Memory(round(full.rss / _MIB, 1), _mib(pss), _mib(uss))


def _mib(size: int | None) -> float | None:
    return None if size is None else round(size / _MIB, 1)


def memory_parts(found: dict[str, Memory]) -> dict[str, Any]:
    """As parts of a figure, with the sum of what is resident."""
    parts: dict[str, Any] = {"rss_mib": round(sum(each.rss for each in found.values()), 1)}
    for name, each in found.items():
        parts |= {f"{name}_rss_mib": each.rss, f"{name}_pss_mib": each.pss, f"{name}_uss_mib": each.uss}
    return parts


def percentile(values: list[float], percent: int) -> float:
    """Infinite when there is nothing."""
    return round(float(np.percentile(values, percent)), 1) if values else float("inf")


def start_mosquitto(folder: Path, stack: ExitStack) -> int:
    """A broker for this machine that keeps nothing on disk; returns its port."""
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
