"""The time strip."""

from __future__ import annotations

from typing import Any

from console.clock import ManualClock
from db.alarm_records import Alarm, AlarmState
from widgets.bridge import Bridge
from widgets.time_strip import BIN_MS, SPAN_MS, TimeStrip
from widgets.words import Words

NOW = 1_795_309_292_000


def alarm(name: str, at: int, activation: int = 1, state: AlarmState = AlarmState.UNACKNOWLEDGED) -> Alarm:
    return Alarm(
        id=name, activation=activation, rule="r", kind="silent", source=name, quantity="", priority=2,
        state=state, raised_ms=at, changed_ms=at,
    )  # fmt: skip


def test_each_activation_is_counted_once_in_its_interval(qtbot: Any) -> None:
    strip = TimeStrip(Bridge(None, ManualClock(NOW)), Words("ko"))
    qtbot.addWidget(strip)
    strip.apply((alarm("a", NOW), alarm("b", NOW - BIN_MS), alarm("old", NOW - SPAN_MS - BIN_MS)))
    strip.apply((alarm("a", NOW, state=AlarmState.ACKNOWLEDGED), alarm("a", NOW, activation=2)))
    assert strip.bins(NOW) == {0: [0, 2, 0, 0], 5: [0, 1, 0, 0]}


def test_a_young_screen_shows_the_hour_in_minutes_and_an_older_one_half_a_day(qtbot: Any) -> None:
    strip = TimeStrip(Bridge(None, ManualClock(NOW)), Words("ko"))
    qtbot.addWidget(strip)
    strip.apply((alarm("a", NOW), alarm("b", NOW - 60_000)))
    assert strip.scale(NOW) == (3_600_000, 60_000)
    strip.apply((alarm("c", NOW - 2 * 3_600_000),))
    assert strip.scale(NOW) == (SPAN_MS, BIN_MS)
    assert strip.bins(NOW) == {0: [0, 2, 0, 0], 24: [0, 1, 0, 0]}


def test_it_paints_before_anything_has_arrived(qtbot: Any) -> None:
    strip = TimeStrip(Bridge(None, ManualClock(NOW)), Words("ko"))
    qtbot.addWidget(strip)
    strip.resize(1200, 150)
    assert not strip.grab().isNull()
