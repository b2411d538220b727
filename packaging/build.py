"""Freeze the program: `python packaging/build.py` makes the folder `dist/gwanje`.

Runs in the development environment (`bootstrap.py freeze` calls it there).
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DIST = ROOT / "dist"
PROGRAM = DIST / "gwanje" / ("gwanje.exe" if sys.platform == "win32" else "gwanje")


def main() -> int:
    """Build from scratch; 0 when the program is there."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--keep", action="store_true", help="reuse what an earlier build has analysed")
    given = options.parse_args()
    complaint = unfit()
    if complaint:
        print(f"build: {complaint}", file=sys.stderr)
        return 1
    command = [sys.executable, "-m", "PyInstaller", "--noconfirm", "--log-level=WARN"]
    command += [
        "--distpath",
        str(DIST),
        "--workpath",
        str(ROOT / "build"),
        str(ROOT / "packaging/gwanje.spec"),
    ]
    if not given.keep:
        command.append("--clean")
        shutil.rmtree(DIST / "gwanje", ignore_errors=True)
    status = subprocess.run(command, cwd=ROOT, env=dict(os.environ), check=False).returncode
    if status or not PROGRAM.exists():
        print("build: PyInstaller made no program; its message is above", file=sys.stderr)
        return status or 1
    shutil.copyfile(ROOT / "LICENSE", PROGRAM.parent / "LICENSE")
    files = [path for path in PROGRAM.parent.rglob("*") if path.is_file() and not path.is_symlink()]
    size_mib = sum(path.stat().st_size for path in files) / (1 << 20)
    print(f"build: {PROGRAM.parent.relative_to(ROOT)} has {len(files)} files, {size_mib:.0f} MiB")
    return 0


def unfit() -> str:
    """Why this Python cannot freeze, or nothing."""
    if sys.platform.startswith("linux") and not sysconfig.get_config_var("Py_ENABLE_SHARED"):
        return "this Python has no shared library; use a distribution's, or one made with --enable-shared"
    if sys.version_info[:2] == (3, 11):
        import PySide6

        if tuple(map(int, PySide6.__version__.split(".")[:2])) >= (6, 12):
            return "PySide6 6.12 on Python 3.11 kills the program; see ARCHITECTURE §11, trap 1"
    return ""


if __name__ == "__main__":
    sys.exit(main())
