"""The pictures of the manual: the demo on a calm day, a busy one and in a flood, on three screens.

Run by `bootstrap.py screens [SIZE...]`, in the development environment. Each demo run
draws the board in both languages; all eighteen take about ten minutes.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from PySide6.QtGui import QImage

ROOT = Path(__file__).resolve().parents[1]
SCREENS = ROOT / "resources" / "manual" / "screens"
STORIES = {"calm": 40, "busy": 60, "flood": 60}
SIZES = ("1366x768", "1920x1080", "3840x2160")
QUALITY = 78


def main() -> int:
    """Draw and keep all of them; 1 if a picture did not come."""
    SCREENS.mkdir(parents=True, exist_ok=True)
    env = {name: value for name, value in os.environ.items() if name != "DISPLAY"}  # a screen of any size
    for size in sys.argv[1:] or SIZES:
        env["QT_SCALE_FACTOR"] = "2" if size == "3840x2160" else "1"  # as a seat with such a screen has it
        for story, seconds in STORIES.items():
            with tempfile.TemporaryDirectory() as folder:
                command = [sys.executable, "-m", "console", "demo", "--seconds", str(seconds)]
                command += ["--story", story, "--size", size, "--output", folder, "--language", "ko"]
                subprocess.run(command, cwd=ROOT, env=env, check=True)
                for language in ("ko", "en"):
                    if not _keep(Path(folder) / f"board-{language}.png", f"{story}-{size}-{language}.webp"):
                        print(f"no picture of {story} on {size} in {language}", file=sys.stderr)
                        return 1
    return 0


def _keep(picture: Path, name: str) -> bool:
    image = QImage(str(picture))
    return not image.isNull() and image.save(str(SCREENS / name), quality=QUALITY)


if __name__ == "__main__":
    sys.exit(main())
