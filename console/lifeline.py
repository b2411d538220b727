"""How a role notices that whoever started it is gone, or wants it to end.

A role that was started with a lifeline has its parent's pipe as standard
input. The pipe closes when the parent ends in any way, SIGKILL included, and
the role then ends too: no process is left behind.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

VARIABLE = "GWANJE_LIFELINE"


def start(
    command: Sequence[str], *, environment: Mapping[str, str] | None = None, **options: Any
) -> subprocess.Popen[bytes]:
    """Start a role that ends when this process does; closing its stdin asks it to end.

    It gets a process group of its own, so that Ctrl-C reaches only the parent.
    """
    if sys.platform == "win32":
        options["creationflags"] = subprocess.CREATE_NEW_PROCESS_GROUP
    else:
        options["start_new_session"] = True
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        env={**os.environ, **(environment or {}), VARIABLE: "1"},
        **options,
    )


def end(process: subprocess.Popen[bytes], timeout: float = 10.0) -> int:
    """Ask a role to end, insist after `timeout` seconds; returns its exit status."""
    if process.stdin is not None and not process.stdin.closed:
        process.stdin.close()
    try:
        return process.wait(timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def watch(ended: Callable[[], None]) -> None:
    """Call `ended` once, in another thread or a signal's frame, when this process shall end.

    That is when the lifeline closes, or on SIGTERM or SIGINT. Call it in the
    main thread; without a lifeline only the signals count.
    """
    once = threading.Lock()

    def fire() -> None:
        if once.acquire(blocking=False):
            ended()

    def on_signal(number: int, frame: FrameType | None) -> None:
        fire()

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)
    if os.environ.get(VARIABLE) == "1":
        threading.Thread(target=_until_closed, args=(fire,), name="lifeline", daemon=True).start()


def _until_closed(fire: Callable[[], None]) -> None:
    descriptor = sys.stdin.fileno() if sys.stdin is not None else 0
    try:
        while os.read(descriptor, 4096):
            pass
    except OSError:
        pass  # a pipe that broke says the same as one that closed
    fire()


def working_folder() -> Path | None:
    """Where roles are started: the checkout, so that `-m console` is found; anywhere when frozen."""
    return None if getattr(sys, "frozen", False) else Path(__file__).resolve().parent.parent
