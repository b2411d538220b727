"""Programs that bootstrap starts: Ctrl-C reaches them once, and nothing of theirs stays behind."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import FrameType

from machine import SCREEN, WINDOW, provide, say

POSIX = os.name == "posix"
GRACE_S = 20.0


def run(command: Sequence[str], env: Mapping[str, str], cwd: str | None = None) -> int:
    """Run to the end in a group of its own; its exit status, or 128 + the signal that ended it.

    A first Ctrl-C (or TERM, or a closed terminal) is passed on as an interrupt, so that the
    program can end in order; after a second one, or 20 s, the whole group is killed.
    """
    child: subprocess.Popen[bytes] | None = None
    asked = 0

    def forward(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        asked += 1
        if child is not None and asked == 1:
            _interrupt(child)
        elif child is not None:
            _kill_group(child)

    with _signals(forward):
        child = subprocess.Popen(command, env=dict(env), cwd=cwd, start_new_session=POSIX)
        if asked:
            _interrupt(child)
        status = _wait(child, lambda: asked > 0)
    if POSIX:
        _kill_group(child)
    return status if status >= 0 else 128 - status


def _interrupt(child: subprocess.Popen[bytes]) -> None:
    if POSIX:  # elsewhere the console has told the child already
        child.send_signal(signal.SIGINT)


def _wait(child: subprocess.Popen[bytes], stopping: Callable[[], bool]) -> int:
    left = GRACE_S
    while True:
        try:
            return child.wait(timeout=0.25)
        except subprocess.TimeoutExpired:
            left -= 0.25 if stopping() else 0.0
            if left <= 0:
                say(f"did not end within {GRACE_S:.0f} s of being asked; killing it")
                _kill_group(child)
                return child.wait()


def _kill_group(child: subprocess.Popen[bytes]) -> None:
    """Kill what is left of the child's group, the child included."""
    if POSIX:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
    elif child.poll() is None:
        subprocess.run(["taskkill", "/T", "/F", "/PID", str(child.pid)], capture_output=True, check=False)


@contextlib.contextmanager
def _signals(forward: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    names = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    before = {number: signal.signal(number, forward) for number in numbers}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)


def has_display() -> bool:
    """Whether there is a screen to draw on."""
    if not sys.platform.startswith("linux"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def provide_screen() -> None:
    """See to what a window needs; the demo itself starts the virtual screen where there is no real one."""
    if has_display():
        provide(WINDOW, "windows on this screen")
        return
    say("there is no display here: the demo runs on a virtual screen and writes pictures of it")
    if provide((*WINDOW, SCREEN), "a virtual screen"):
        say("without that it draws off screen, which shows the same pictures")
