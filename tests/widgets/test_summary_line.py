"""What happened to many alarms at once is one line."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from db.alarm_records import Rule, Summary
from db.asset_records import Asset
from tests.widgets.panel_fakes import NOW_MS, FakeBridge
from widgets.alarm_delegate import AlarmTexts
from widgets.summary_line import STANDS_S, SummaryLine
from widgets.words import Words

LEAK = Summary(id="s1", at_ms=NOW_MS, cause="raised", count=40, priority=2, rule="leak", place="market")


class Clock:
    now_ms = NOW_MS


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def line(qtbot: Any, clock: Clock) -> SummaryLine:
    texts = AlarmTexts(FakeBridge(), Words("ko"))
    texts.rules = {"leak": Rule(id="leak", kind="threshold", name="누설전류 조치")}
    texts.assets = {"market": Asset(id="market", kind="facility", name="한빛중앙시장")}
    made = SummaryLine(Words("ko"), texts.summary, lambda: clock.now_ms)
    qtbot.addWidget(made)
    return made


def test_a_summary_names_count_rule_and_place(line: SummaryLine) -> None:
    assert line.isHidden()
    line.apply([LEAK])
    assert not line.isHidden()
    assert line.said.text() == "11:01:32 · 누설전류 조치 40건이 한꺼번에 발생 · 한빛중앙시장"


def test_the_worst_is_told_first_and_the_others_are_counted(line: SummaryLine) -> None:
    worse = Summary(id="s2", at_ms=NOW_MS, cause="unshelved", count=500, priority=1)
    line.apply([LEAK, worse])
    assert line.told == worse
    assert line.said.text().endswith("(+1)")
    wanted: list[Summary] = []
    line.wanted.connect(wanted.append)
    line.show_them.click()
    assert wanted == [worse]


def test_what_was_closed_is_told_again_only_if_it_has_grown(line: SummaryLine) -> None:
    line.apply([LEAK])
    line.close_it.click()
    assert line.isHidden()
    line.apply([LEAK])
    assert line.isHidden()
    line.apply([replace(LEAK, count=90)])
    assert "90건" in line.said.text()


def test_it_does_not_stand_for_ever(line: SummaryLine, clock: Clock) -> None:
    line.apply([LEAK])
    clock.now_ms += STANDS_S * 1000
    line.settle()
    assert line.isHidden()


def test_in_a_flood_only_what_comes_back_is_told_here(line: SummaryLine) -> None:
    line.apply([LEAK])
    line.set_flood(True)
    assert line.isHidden()
    line.apply([Summary(id="s3", at_ms=NOW_MS, cause="returned", count=30, priority=4)])
    assert "30건" in line.said.text()
    line.set_flood(False)
    assert line.told == LEAK
