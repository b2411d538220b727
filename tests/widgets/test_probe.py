"""The far end of the pixel benchmark."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from console.clock import ManualClock
from db.records import Latest
from widgets.bridge import Bridge
from widgets.probe import Probe


def latest(source: str, value: float) -> Latest:
    return Latest(
        source=source, quantity="level", statistic="inst", value=value, unit="m", observed_ms=1, received_ms=1
    )


def test_each_painted_number_is_written_once_with_its_time(qtbot: Any, tmp_path: Path) -> None:
    clock, file = ManualClock(), tmp_path / "painted.csv"
    clock.advance(1.5)
    bridge = Bridge(None, clock)
    probe = Probe(bridge, file, clock)
    qtbot.addWidget(probe)
    bridge.post([latest("counter", 7.0), latest("other", 8.0)])
    qtbot.waitUntil(lambda: file.read_text(encoding="ascii") == "7.0,1500000000\n")
    probe.repaint()
    probe.stop()
    assert file.read_text(encoding="ascii") == "7.0,1500000000\n"
