"""The line that says how far behind the present we are."""

from __future__ import annotations

from typing import Any

from pytestqt.qtbot import QtBot

from db.workings import CatchUp
from widgets.catch_up import CatchUpLine
from widgets.words import Words


def behind(name: str = "main", *, active: bool = True, **more: Any) -> CatchUp:
    return CatchUp(name, active, 0, 1, **more)


def shown(qtbot: QtBot, *records: CatchUp, language: str = "ko") -> CatchUpLine:
    line = CatchUpLine(Words(language))
    qtbot.addWidget(line)
    line.apply(records)
    return line


def test_it_says_how_far_how_fast_and_how_long(qtbot: QtBot) -> None:
    now = behind(behind_ms=5 * 3_600_000, speed=840.4, per_s=9800.0, left_s=21.0, unjudged=40_000)
    text = shown(qtbot, now).text()
    for part in ("[main]", "5시간", "초당 9,800건", "840배", "21초", "판정 대기 40,000건"):
        assert part in text


def test_falling_behind_is_not_called_catching_up(qtbot: QtBot) -> None:
    line = shown(qtbot, behind(behind_ms=60_000, speed=0.4, per_s=10.0), language="en")
    assert "falling further behind" in line.text()
    assert "times real time" not in line.text()


def test_data_without_a_time_are_not_dated(qtbot: QtBot) -> None:
    assert "자료 시각을 알 수 없음" in shown(qtbot, behind(per_s=5.0)).text()


def test_the_line_goes_when_the_present_is_reached(qtbot: QtBot) -> None:
    line = shown(qtbot, behind(), behind("hub"))
    assert len(line.text().splitlines()) == 2
    line.apply([behind(active=False)])
    assert "[hub]" in line.text() and "[main]" not in line.text()
    line.apply([behind("hub", active=False)])
    assert (line.text(), line.isVisibleTo(None)) == ("", False)
