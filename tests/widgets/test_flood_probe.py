"""The far end of the flood benchmark, and how its gaps are judged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from console.bench.alarm_flood import judged
from console.clock import ManualClock
from tests.widgets.test_alarm_panel import Door, alarm
from widgets.alarm_panel import AlarmPanel
from widgets.bridge import Bridge
from widgets.flood_probe import FloodProbe
from widgets.words import Words


def test_every_round_of_the_loop_and_the_alarms_are_written(qtbot: Any, tmp_path: Path) -> None:
    clock, file = ManualClock(), tmp_path / "gui.flood"
    panel = AlarmPanel(Bridge(Door(), clock), Words("ko"))
    qtbot.addWidget(panel)
    panel.apply((alarm("a"), alarm("b")))
    probe = FloodProbe(panel, file, clock)
    clock.advance(0.25)
    probe._beat()
    clock.advance(0.01)
    probe._beat()
    probe.stop()
    gaps = [line.split(",")[:2] for line in file.read_text(encoding="ascii").splitlines()]
    assert ["250000000", "250.00"] in gaps
    assert ["260000000", "10.00"] in gaps
    assert file.with_suffix(".rows").read_text(encoding="ascii").splitlines()[-1].endswith(",2,2")


def test_a_gap_weighs_as_long_as_it_lasts() -> None:
    often = judged(np.asarray([10.0] * 1000))
    assert (often["gap_p99_ms"], often["gaps_over_100_ms"]) == (10.0, 0)
    rarely = judged(np.asarray([10.0] * 990 + [500.0] * 2))
    assert (rarely["gap_p50_ms"], rarely["gap_p99_ms"]) == (10.0, 500.0)
    assert rarely["gap_p99_of_rounds_ms"] == 10.0
    assert judged(np.asarray([]))["gap_p99_ms"] == float("inf")
