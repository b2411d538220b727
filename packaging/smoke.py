"""Start the frozen demo and see that it does its main job, stays silent, and leaves nothing behind."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import psutil
from build import PROGRAM

SECONDS = 20
MOST_S = SECONDS + 100
GONE_S = 10.0
TILES = 9


def main() -> int:
    """0 when the frozen program works; prints each fault otherwise."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--program", type=Path, default=PROGRAM)
    options.add_argument("--output", type=Path, help="keep screenshots and the summary here")
    given = options.parse_args()
    if not given.program.exists():
        print(f"smoke: {given.program} is not there; run packaging/build.py first", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory(prefix="gwanje-smoke-") as scratch:
        faults = smoke(given.program.resolve(), given.output or Path(scratch) / "output", Path(scratch))
    for fault in faults:
        print(f"smoke: {fault}", file=sys.stderr)
    print("smoke: the frozen program works" if not faults else f"smoke: {len(faults)} faults")
    return 1 if faults else 0


def smoke(program: Path, output: Path, scratch: Path) -> list[str]:
    """Run the demo as a stranger would: another folder, no Python in sight; returns the faults."""
    command = [str(program), "demo", "--seconds", str(SECONDS), "--output", str(output)]
    home = scratch / "home"
    home.mkdir()
    with subprocess.Popen(
        command,
        cwd=home,
        env=surroundings(home),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        errors="replace",
    ) as process:
        try:
            out, err = process.communicate(timeout=MOST_S)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            err += f"\nnot ended after {MOST_S} s"
        status = process.returncode
    print(out, end="")
    faults = [] if status == 0 else [f"exit status {status}"]
    faults += [f"on stderr: {line}" for line in err.splitlines() if line.strip()]
    faults += [f"left running: {line}" for line in end_all(program)]
    return faults + judge(output / "summary.json")


def surroundings(home: Path) -> dict[str, str]:
    """What a freshly made user has; without a screen the demo brings its own virtual one."""
    dropped = ("PYTHON", "VIRTUAL_ENV", "QT_", "XDG_", "GWANJE_")
    env = {key: value for key, value in os.environ.items() if not key.startswith(dropped)}
    if sys.platform.startswith("linux"):
        env |= {"HOME": str(home)}
    return env


def judge(summary_file: Path) -> list[str]:
    """What the demo's own summary shows to be missing."""
    try:
        summary: dict[str, Any] = json.loads(summary_file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        return [f"no summary: {error}"]
    faults = [f"role {name} was not up" for name in ("core", "ui", "cam") if not summary["roles"].get(name)]
    if summary["cameras_live"] < TILES:
        faults.append(f"only {summary['cameras_live']} of {TILES} camera tiles moved")
    if summary["entries"] == 0:
        faults.append("no entry was written")
    if summary["entries_synced"] < summary["entries"]:
        faults.append(f"{summary['entries_synced']} of {summary['entries']} entries synced")
    return faults + [f"a role said: {line}" for line in dict.fromkeys(summary["stderr"])]


def end_all(program: Path) -> list[str]:
    """End what still runs of the frozen program, after a moment to go; returns what that was."""
    ours = [process for process in psutil.process_iter() if is_of(process, program)]
    _, left = psutil.wait_procs(ours, timeout=GONE_S)
    lines = []
    for process in left:
        try:
            lines.append(f"{process.pid} {' '.join(process.cmdline())}")
            process.kill()
        except psutil.NoSuchProcess:
            continue
    return lines


def is_of(process: psutil.Process, program: Path) -> bool:
    """Whether the process runs this very executable."""
    try:
        return Path(process.exe()) == program
    except (psutil.Error, OSError):
        return False


if __name__ == "__main__":
    sys.exit(main())
