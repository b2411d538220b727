"""The real column while 5,000 alarms come within a minute over 10,000 that stand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from msgspec.structs import replace
from PySide6.QtCore import QEvent, QPoint, QPointF
from PySide6.QtGui import QEnterEvent
from PySide6.QtWidgets import QApplication

from console.clock import ManualClock
from db.alarm_records import Alarm, AlarmState
from tests.widgets.test_alarm_panel import NOW, Door, alarm, link
from widgets.alarm_panel import AlarmPanel
from widgets.bridge import Bridge
from widgets.words import Words

STANDING, NEW, HAND_OVERS = 10_000, 5_000, 600
POINT = QPoint(120, 300)


def standing(number: int) -> Alarm:
    made = alarm(f"old{number:05d}", 1 + number % 4, place=f"장소 {number}")
    return replace(made, raised_ms=NOW - 3_600_000 + number)


def news() -> Iterator[tuple[Alarm, ...]]:
    """What comes in each tenth of a second of the minute: new alarms, and changes of those that stand."""
    for step in range(HAND_OVERS):
        first, end = step * NEW // HAND_OVERS, (step + 1) * NEW // HAND_OVERS
        changed = replace(standing(step * 7 % STANDING), state=AlarmState.ACKNOWLEDGED)
        yield (*(alarm(f"new{number:05d}", 1 + number % 3) for number in range(first, end)), changed)


@pytest.fixture
def panel(qtbot: Any, qapp: object) -> AlarmPanel:
    door = Door()
    door.alarms = [standing(number) for number in range(STANDING)]
    bridge = Bridge(door, ManualClock(NOW))
    made = AlarmPanel(bridge, Words("ko"))
    qtbot.addWidget(made)
    made.resize(400, 900)
    made.show()
    link(bridge, made, qtbot)
    return made


def point_at(panel: AlarmPanel) -> None:
    at = QPointF(POINT)
    QApplication.sendEvent(panel.list.viewport(), QEnterEvent(at, at, at))


def pointed(panel: AlarmPanel) -> str:
    return panel.model.alarm(panel.list.indexAt(POINT)).id


def test_no_row_jumps_under_the_pointer_and_none_is_lost(panel: AlarmPanel) -> None:
    point_at(panel)
    before, shown = pointed(panel), [each.id for each in panel.model.alarms()]
    seen = set()
    for batch in news():
        panel.apply(batch)
        seen.add(pointed(panel))
    assert seen == {before}
    assert [each.id for each in panel.model.alarms()][:STANDING] == shown
    assert panel.model.rowCount() == STANDING + NEW
    assert len(panel.model.waiting) == NEW
    QApplication.sendEvent(panel.list.viewport(), QEvent(QEvent.Type.Leave))
    assert panel.model.waiting == []
    assert panel.model.alarms()[0].id.startswith("new")
    assert len({each.id for each in panel.model.alarms()}) == STANDING + NEW


def test_what_is_selected_stays_where_it_is_and_the_same(panel: AlarmPanel) -> None:
    panel.select("old00042")
    index = panel.list.currentIndex()
    row, top = index.row(), panel.list.visualRect(index).top()
    for batch in news():
        panel.apply(batch)
    index = panel.list.currentIndex()
    assert (index.row(), panel.list.visualRect(index).top()) == (row, top)
    assert [each.id for each in panel.selected()] == ["old00042"]


def test_critical_alarms_are_on_top_as_soon_as_nobody_reads(panel: AlarmPanel) -> None:
    for batch in news():
        panel.apply(batch)
    new = [each for each in panel.model.alarms() if each.state is AlarmState.UNACKNOWLEDGED]
    priorities = [each.priority for each in new]
    assert priorities == sorted(priorities)
    assert new[0].id.startswith("new")
