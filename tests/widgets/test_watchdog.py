"""The watchdog of the GUI thread."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from console.clock import SystemClock
from widgets.watchdog import Watchdog


def test_a_standstill_leaves_its_stack_in_the_file(tmp_path: Path, qtbot: Any, capfd: Any) -> None:
    file, clock = tmp_path / "logs" / "stalls.log", SystemClock()
    watchdog = Watchdog(file, still_s=0.05)
    watchdog.start()

    def a_slow_slot() -> None:
        since = clock.monotonic_s()
        while watchdog.stalls == 0 and clock.monotonic_s() - since < 5:
            pass

    a_slow_slot()
    watchdog.stop()
    assert "a_slow_slot" in file.read_text(encoding="utf-8")
    assert capfd.readouterr().err == ""
