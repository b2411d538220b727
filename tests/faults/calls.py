"""Disturbs the Nth call that a program makes of the operating system, by strace."""

from __future__ import annotations

import functools
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
CALLS = ("fsync", "fdatasync", "pwrite64", "write", "ftruncate", "rename", "unlink", "mkdir")
_PATIENCE_S = 60


During = Callable[[Callable[[], bool]], None]
"""What is done meanwhile; it is told how to ask whether the program has ended."""


class Fault(NamedTuple):
    """At the `number`th `call` of each thread: `how` is an error's name, or KILL after the call was made."""

    call: str
    number: int
    how: str

    def option(self) -> str:
        what = "signal=KILL" if self.how == "KILL" else f"error={self.how}"
        return f"inject={self.call}:{what}:when={self.number}"


class Ended(NamedTuple):
    """How the program ended; `status` is negative for a signal."""

    status: int
    said: list[str]
    complaint: str


@functools.cache
def why_not() -> str:
    """Why this machine cannot do it, as a sentence; "" where it can."""
    if not sys.platform.startswith("linux") or shutil.which("strace") is None:
        return "failing calls need strace, which this machine lacks"
    tried = subprocess.run(["strace", "-o", "/dev/null", "true"], capture_output=True, check=False)
    return "" if tried.returncode == 0 else "strace may not follow processes here"


def count(program: list[str], log: Path, during: During) -> dict[str, int]:
    """How often each call is made at most by one thread of the program, undisturbed."""
    ended = _run(["-o", str(log), "-e", f"trace={','.join(CALLS)}"], program, during)
    assert ended.status == 0, ended
    seen = Counter(re.findall(r"^(\d+) +(\w+)\(", log.read_text(errors="replace"), re.MULTILINE))
    most: dict[str, int] = {}
    for (_, call), times in seen.items():
        if call in CALLS:
            most[call] = max(most.get(call, 0), times)
    return most


def disturb(program: list[str], fault: Fault, during: During) -> Ended:
    """Run it with one fault."""
    return _run(["-o", "/dev/null", "-e", f"trace={fault.call}", "-e", fault.option()], program, during)


def every(most: dict[str, int]) -> list[Fault]:
    """All faults there are: each call killed and failing."""
    found = []
    for call, times in sorted(most.items()):
        hows = ["KILL", "EIO"] if call in ("fsync", "fdatasync") else ["KILL", "EIO", "ENOSPC"]
        found += [Fault(call, number, how) for number in range(1, times + 1) for how in hows]
    return found


def _run(options: list[str], program: list[str], during: During) -> Ended:
    command = ["strace", "-f", "-qq", "--seccomp-bpf", *options, sys.executable, "-B", "-m", *program]
    process = subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        during(lambda: process.poll() is not None)
        said, complaint = process.communicate(timeout=_PATIENCE_S)
    finally:
        process.kill()
        process.wait()
    return Ended(process.returncode, said.decode().splitlines(), complaint.decode(errors="replace"))
