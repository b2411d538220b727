"""What needs a hand at once comes to the front, and gives back what one was doing."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace
from PySide6.QtWidgets import QLineEdit, QMainWindow, QVBoxLayout, QWidget

from db.alarm_records import Alarm, AlarmState, Shelf
from tests.widgets.test_alarm_acts import alarm
from widgets.attention import Attention, AttentionLine
from widgets.words import Words


class Desk:
    """A window in which somebody writes, and a list to go to."""

    def __init__(self, qtbot: Any, *, has_sound: bool = True) -> None:
        self.window = QMainWindow()
        qtbot.addWidget(self.window)
        self.line, self.note, self.list = AttentionLine(Words("ko")), QLineEdit(), QLineEdit()
        middle = QWidget()
        layout = QVBoxLayout(middle)
        for widget in (self.line, self.note, self.list):
            layout.addWidget(widget)
        self.window.setCentralWidget(middle)
        self.attention = Attention(self.window, self.line, lambda each: each.id, lambda: has_sound)
        self.went: list[str] = []
        self.attention.alarm_wanted.connect(self._go)
        self.window.show()
        self.note.setFocus()

    def _go(self, alarm_id: str) -> None:
        self.went.append(alarm_id)
        self.list.setFocus()


@pytest.fixture
def desk(qtbot: Any) -> Desk:
    return Desk(qtbot)


def critical(name: str, **more: Any) -> Alarm:
    return replace(alarm(name), priority=1, **more)


def test_a_critical_alarm_is_said_and_the_keyboard_stays_where_it_is(desk: Desk) -> None:
    desk.attention.update([alarm("high")])
    assert not desk.line.isVisible()
    desk.attention.update([critical("fire"), critical("later", raised_ms=2**42)])
    assert (desk.line.isVisible(), desk.line.said.text()) == (True, "fire  (+1)")
    assert desk.window.focusWidget() is desk.note


def test_one_goes_to_the_alarm_and_is_brought_back_when_nothing_waits(desk: Desk, qtbot: Any) -> None:
    fire = critical("fire")
    desk.attention.update([fire])
    desk.attention.go()
    assert desk.went == ["fire"]
    assert desk.window.focusWidget() is desk.list
    desk.attention.update([replace(fire, state=AlarmState.ACKNOWLEDGED)])
    assert not desk.line.isVisible()
    assert desk.window.focusWidget() is desk.note


def test_a_minimised_window_comes_forward_once_and_goes_back(desk: Desk) -> None:
    desk.window.showMinimized()
    fire = critical("fire")
    desk.attention.update([fire])
    assert not desk.window.isMinimized()
    desk.window.showMinimized()
    desk.attention.update([replace(fire, value=3.0)])  # the same activation: seen already
    assert desk.window.isMinimized()
    desk.attention.update([replace(fire, activation=2)])
    assert not desk.window.isMinimized()
    desk.attention.update([replace(fire, activation=2, state=AlarmState.ACKNOWLEDGED)])
    assert desk.window.isMinimized()


@pytest.mark.parametrize(
    "aside",
    [
        {"shelf": Shelf("kim", 0, 9, "x")},
        {"suppressed_by": "pole"},
        {"quiet": True},
        {"state": AlarmState.ACKNOWLEDGED},
    ],
)
def test_what_is_not_announced_is_not_said(desk: Desk, aside: dict[str, Any]) -> None:
    desk.attention.follow([replace(critical("fire"), **aside)])
    assert not desk.line.isVisible()


def test_without_a_sound_device_every_new_alarm_is_said_and_blinks(qtbot: Any) -> None:
    desk = Desk(qtbot, has_sound=False)
    desk.attention.update([alarm("high")])
    assert (desk.line.isVisible(), desk.line._blink.isActive()) == (True, True)
    desk.attention.follow([])
    assert (desk.line.isVisible(), desk.line._blink.isActive()) == (False, False)


def test_where_one_was_may_be_gone_meanwhile(desk: Desk, qtbot: Any) -> None:
    fire = critical("fire")
    desk.attention.update([fire])
    desk.attention.go()
    with qtbot.waitSignal(desk.note.destroyed):
        desk.note.deleteLater()
    desk.attention.update([replace(fire, state=AlarmState.ACKNOWLEDGED)])
    assert desk.window.focusWidget() is desk.list
