"""A screen to draw on: the one that is there, else a virtual one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import ExitStack

import msgspec

from console import lifeline


class Display(msgspec.Struct, frozen=True):
    """Where the screen will appear; `note` is for the person who started it."""

    is_virtual: bool
    environment: dict[str, str]
    note: str = ""


def prepare(stack: ExitStack, size: str) -> Display:
    """Find a display or start a virtual one of `size` (WIDTHxHEIGHT), which `stack` ends."""
    if sys.platform != "linux":
        return Display(False, {})
    if os.environ.get("QT_QPA_PLATFORM") == "offscreen":
        return Display(True, {}, "QT_QPA_PLATFORM=offscreen: nothing will be seen, only written")
    if os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        return Display("GWANJE_VIRTUAL_DISPLAY" in os.environ, {})
    if shutil.which("Xvfb") is None:
        note = "There is no display and no Xvfb: drawing off screen (apt-get install xvfb for a real window)"
        return Display(True, {"QT_QPA_PLATFORM": "offscreen"}, note)
    number = _start_xvfb(stack, size)
    note = f"There is no display: running on a virtual screen of {size}"
    return Display(True, {"DISPLAY": f":{number}", "QT_QPA_PLATFORM": "xcb"}, note)


def _start_xvfb(stack: ExitStack, size: str) -> str:
    """Start Xvfb on a number of its own choice; returns the number."""
    reading, writing = os.pipe()
    # Xvfb does not read its standard input; where it can be had, its parent's death ends it all the same.
    tied = ["setpriv", "--pdeathsig", "TERM"] if shutil.which("setpriv") else []
    process = lifeline.start(
        [*tied, "Xvfb", "-displayfd", str(writing), "-screen", "0", f"{size}x24", "-nolisten", "tcp"],
        pass_fds=(writing,),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    stack.callback(_end, process)
    os.close(writing)
    with os.fdopen(reading, encoding="ascii") as answer:
        return answer.readline().strip()


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    lifeline.end(process)
