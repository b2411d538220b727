"""Why an alarm came: in sentences without a key left in them, with the values, for each kind of rule."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt

from console.rules import overlay
from console.rules.explain import explain
from console.rules.overlay import Base
from db.alarm_records import Alarm, AlarmState
from db.rule_records import Explained, Point, RuleEdit, RuleVersion, Turn
from tests.console.rules.test_forecast import ASSETS, RULES, START, Room
from tests.widgets.panel_fakes import FakeBridge
from widgets.alarm_explain import AlarmExplain
from widgets.explain_words import told
from widgets.words import Words

KEY = re.compile(r"\b(explain|says|rules)\.[a-z_]+")
SLOW = RULES[1]
EXPLAINED = Explained(
    "slow|b|q",
    2,
    START + 40_000,
    START + 85_000,
    source="b",
    quantity="q",
    unit="m",
    rule=RuleVersion(3, "put", SLOW, START - 1000, "김관제", "기준 강화"),
    is_shown=True,
    began=Turn(START + 10_000, START + 130_000, 11.0),
    back=Turn(START + 65_000, START + 65_000, 1.0),
    figure=11.0,
    limit=10.0,
    values=(Point(START + 10_000, 11.0), Point(START + 30_000, 99.0, False), Point(START + 65_000, 1.0)),
)
ALARM = Alarm("slow|b|q", 2, "slow", "threshold", "b", "q", 3, AlarmState.ACKNOWLEDGED, START, START)


@pytest.mark.parametrize("language", ["ko", "en"])
def test_every_kind_of_alarm_is_told_in_sentences(qapp: object, tmp_path: Path, language: str) -> None:
    room, words = Room(tmp_path), Words(language)
    room.do("event", 1, "occurred")
    for value in (1.0, 9.0, 11.0, 2.5, 13.0, 13.0, 13.0, 13.0, 1.0, 13.0):
        room.do("values", 20, [("b", value), ("a1", 1.0), ("a2", 1.0)])
    room.do("event", 1, "occurred")
    room.live(120)
    kinds = set()
    for rule, found in room.raised().items():
        if found:
            explained = explain(
                found[-1][1], 0, overlay.seen(Base(tuple(RULES)), []), ASSETS, "Asia/Seoul", room.ops,
                room.feed, room.clock.now_ms(),
            )  # fmt: skip
            lines = told(words, explained)
            assert not KEY.search(" ".join(lines)), (rule, lines)
            assert len(lines) >= 4 and all(line.strip() for line in lines)
            kinds.add(next(each.kind for each in RULES if each.id == rule))
    room.close()
    assert kinds >= {"threshold", "silent", "average", "rate", "change", "count", "cross", "event"}


def test_a_delayed_alarm_is_told_from_its_first_value_to_its_return(qapp: object) -> None:
    lines = told(Words("ko"), EXPLAINED)
    assert "v3" in lines[0] and "김관제" in lines[0] and "기준 강화" in lines[0]
    whole = "\n".join(lines)
    for words in ("값 11 m", "> 10 m", "지속 시간 30초", "복귀 지속 20초", "값 1 m", "45초 동안", "2분 늦게"):
        assert words in whole, words


def test_the_dialog_steps_through_the_activations_and_opens_the_rule(qtbot: Any) -> None:
    bridge = FakeBridge(alarm__explain=EXPLAINED)
    page = AlarmExplain(bridge, Words("ko"), ALARM, "수위 높음")
    qtbot.addWidget(page)
    assert bridge.last("alarm.explain") == {"alarm": "slow|b|q", "activation": 0}
    assert page.which.text().startswith("2번째")
    assert page.plot.curve.times.size and not page.after.isEnabled()
    assert 99.0 not in page.plot.curve.mean
    qtbot.mouseClick(page.before, Qt.MouseButton.LeftButton)
    assert bridge.last("alarm.explain")["activation"] == 1
    with qtbot.waitSignal(page.rule_wanted) as wanted:
        qtbot.mouseClick(page.rule, Qt.MouseButton.LeftButton)
    assert wanted.args == ["slow"]


def test_what_cannot_be_explained_is_said(qtbot: Any) -> None:
    page = AlarmExplain(FakeBridge(alarm__explain=Exception("gone")), Words("en"), ALARM, "x")
    qtbot.addWidget(page)
    assert "gone" in page.says.text()


def test_a_version_of_the_time_is_named_and_that_it_changed_since(qapp: object, tmp_path: Path) -> None:
    room = Room(tmp_path)
    room.do("values", 10, [("b", 11.0)])
    edit = RuleEdit(RULES[0], 2, "put", START + 60_000, "이주임", "y")
    explained = explain(
        "now|b|q", 0, overlay.seen(Base(tuple(RULES)), [edit]), ASSETS, "Asia/Seoul", room.ops, room.feed,
        room.clock.now_ms(),
    )  # fmt: skip
    room.close()
    line = told(Words("en"), explained)[0]
    assert "version 1" in line and "has changed since" in line
