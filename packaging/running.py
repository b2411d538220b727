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
    child = subprocess.Popen(command, env=dict(env), cwd=cwd, start_new_session=POSIX)
    asked = 0

    def forward(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        asked += 1
        if asked == 1 and POSIX:
            child.send_signal(signal.SIGINT)
        elif asked > 1:
            _kill_group(child)

    with _signals(forward):
        status = _wait(child, lambda: asked > 0)
    if POSIX:
        _kill_group(child)
    return status if status >= 0 else 128 - status


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


@contextlib.contextmanager
def screen(env: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """The surroundings with a screen in them: the real one, a virtual one, or none at all.

    Says which it is where that is not the real one.
    """
    if has_display():
        provide(WINDOW, "windows on this screen")
        yield dict(env)
        return
    say("there is no display here")
    if provide((*WINDOW, SCREEN), "a virtual screen"):
        say("drawing off screen; the window can be seen in the screenshots only")
        yield {**env, "QT_QPA_PLATFORM": "offscreen"}
        return
    with virtual_screen() as display:
        say(f"running on the virtual screen {display}; the window can be seen in the screenshots only")
        yield {**env, "DISPLAY": display, "QT_QPA_PLATFORM": "xcb"}


@contextlib.contextmanager
def virtual_screen(size: str = "1920x1080x24") -> Iterator[str]:
    """An Xvfb of our own on a free display number; gone afterwards."""
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", size, "-nolisten", "tcp", "-noreset"]
    server = subprocess.Popen(
        command,
        pass_fds=(writing,),
        start_new_session=True,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(writing)
    try:
        with os.fdopen(reading) as answer:
            number = answer.readline().strip()
        if not number:
            raise OSError("Xvfb ended before it had a display")
        yield f":{number}"
    finally:
        server.terminate()
        try:
            server.wait(timeout=10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
