"""Roles that end come back; roles end with whoever started them."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from console import lifeline
from console.clock import SystemClock
from console.supervisor import HELD, Part, Supervisor

WAITS = (sys.executable, "-c", "import sys; sys.stdin.read()")
DEADLINE_S = 15.0


def until(holds: Callable[[], bool]) -> None:
    """Wait for a claim to hold, by the clock of the machine."""
    pause, clock = threading.Event(), SystemClock()
    end = clock.monotonic_s() + DEADLINE_S
    while not holds():
        assert clock.monotonic_s() < end, "it never came to hold"
        pause.wait(0.02)


class Running:
    def __init__(self, *parts: Part) -> None:
        self.supervisor = Supervisor(parts, SystemClock())
        self.status: int | None = None
        self.thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        self.status = self.supervisor.run()

    def __enter__(self) -> "Running":
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.supervisor.stop()
        self.thread.join(DEADLINE_S)

    def pid(self, name: str) -> int:
        until(lambda: name in self.supervisor.pids())
        return self.supervisor.pids()[name]


@pytest.mark.parametrize("signal_number", [signal.SIGKILL, signal.SIGSEGV])
def test_a_role_that_was_killed_is_back_within_three_seconds(signal_number: int) -> None:
    clock = SystemClock()
    with Running(Part("core", WAITS), Part("ui", WAITS)) as running:
        first, other = running.pid("core"), running.pid("ui")
        killed_s = clock.monotonic_s()
        os.kill(first, signal_number)
        until(lambda: running.supervisor.pids().get("core", first) != first)
        assert clock.monotonic_s() - killed_s < 3
        assert running.pid("ui") == other


def test_nothing_is_left_when_the_supervisor_stops() -> None:
    with Running(Part("core", WAITS), Part("ui", WAITS)) as running:
        pids = [running.pid("core"), running.pid("ui")]
    assert not any(psutil.pid_exists(pid) for pid in pids)


def test_closing_the_screen_ends_all_with_its_status() -> None:
    leaves = (sys.executable, "-c", "pass")
    with Running(Part("core", WAITS), Part("ui", leaves, when_done="end all")) as running:
        core = running.pid("core")
        running.thread.join(DEADLINE_S)
        assert running.status == 0
    assert not psutil.pid_exists(core)


def test_a_core_that_another_holds_does_not_end_the_screen() -> None:
    held = (sys.executable, "-c", f"raise SystemExit({HELD})")
    with Running(Part("core", held), Part("ui", WAITS)) as running:
        screen = running.pid("ui")
        until(lambda: "core" not in running.supervisor.pids())
        assert running.pid("ui") == screen


def test_a_role_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    script = (
        "import sys; from console import lifeline\n"
        f"child = lifeline.start({list(WAITS)!r})\n"
        "print(child.pid, flush=True); sys.stdin.read()"
    )
    parent = lifeline.start(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, cwd=lifeline.working_folder()
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    until(lambda: not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE)
    parent.stdout.close()
    if parent.stdin is not None:
        parent.stdin.close()
