"""The crisis line: the highest first, exercises never like what is real; and the people on the top line."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from db.asset_records import Crisis, OnDuty
from tests.widgets.panel_fakes import NOW_MS, FakeBridge
from widgets.crisis_banner import COLOURS, CrisisBanner, story, title
from widgets.crisis_dialogs import DeclareCrisis, EndCrisis
from widgets.duty_line import DutyLine
from widgets.words import Words

RAIN = Crisis(
    2, "heavy_rain", NOW_MS - 5_000_000, text="호우주의보 발효", until_ms=NOW_MS + 9_000_000, origin="CAP"
)
DRILL = Crisis(4, "earthquake", NOW_MS, text="지진 대비 훈련", by="hong", exercise=True)


@pytest.fixture
def words(qapp: object) -> Words:
    return Words("ko")


def test_without_a_warning_the_line_takes_no_room(qtbot: QtBot, words: Words) -> None:
    banner = CrisisBanner(FakeBridge(crises=[]), words)
    qtbot.addWidget(banner)
    banner.apply((RAIN,))
    assert not banner.isHidden()
    banner.apply((Crisis(0, "heavy_rain", RAIN.since_ms),))
    assert banner.isHidden()


def test_the_line_says_level_cause_source_since_and_until(words: Words) -> None:
    assert title(words, RAIN) == "위기경보 주의 · 호우"
    assert story(words, RAIN, NOW_MS) == "호우주의보 발효 (CAP · 09:38) — 만료 13:31"


def test_an_exercise_says_so_first_and_stands_after_what_is_real(qtbot: QtBot, words: Words) -> None:
    banner = CrisisBanner(FakeBridge(crises=[]), words)
    qtbot.addWidget(banner)
    banner.apply((DRILL, RAIN))
    assert banner.crises == [RAIN, DRILL]
    assert title(words, DRILL).startswith("[훈련]")


def test_each_level_has_a_colour_of_its_own() -> None:
    assert len(set(COLOURS.values())) == 4


def test_a_link_that_comes_back_forgets_what_has_ended_meanwhile(qtbot: QtBot, words: Words) -> None:
    bridge = FakeBridge(crises=[DRILL])
    banner = CrisisBanner(bridge, words)
    qtbot.addWidget(banner)
    banner.apply((RAIN,))
    bridge.linked.emit(True, "")
    assert banner.crises == [DRILL]


def test_declaring_names_its_consequence_and_asks_for_an_end_that_lies_ahead(
    qtbot: QtBot, words: Words
) -> None:
    dialog = DeclareCrisis(FakeBridge(crisis__declare=1), words, None)
    qtbot.addWidget(dialog)
    dialog.levels.button(3).setChecked(True)
    dialog.exercise.setChecked(True)
    assert "[훈련] 위기경보 경계 · 호우" in dialog.consequence.text()
    name, args = dialog.request()
    assert (name, args["kind"], args["level"], args["exercise"]) == ("crisis.declare", "heavy_rain", 3, True)
    dialog.set_end(dialog.end, -5)
    assert dialog.request() == "crisis.needs_end"
    dialog.has_end.setChecked(False)
    dialog.kind.setEditText("가뭄")
    assert dialog.request()[1] == args | {"kind": "가뭄", "until_ms": None}


def test_ending_asks_why(qtbot: QtBot, words: Words) -> None:
    dialog = EndCrisis(FakeBridge(crisis__end=1), words, None, DRILL)
    qtbot.addWidget(dialog)
    assert dialog.request() == "crisis.needs_note"
    dialog.note.setText("훈련 종료")
    assert dialog.request() == ("crisis.end", {"kind": "earthquake", "note": "훈련 종료", "exercise": True})


def test_the_top_line_names_the_shift_and_the_seat(words: Words) -> None:
    bridge = FakeBridge(site={"shifts": [{"name": "A조", "begins": "06:00", "name_en": "A"}]})
    duty = DutyLine(bridge, words)
    duty.seat = "2"
    assert duty.text(NOW_MS) == "주간조 · 관제요원 02"
    bridge.linked.emit(True, "")
    assert duty.text(NOW_MS) == "A조 · 관제요원 02"
    duty.apply((OnDuty("2", "hong", NOW_MS - 7_200_000), OnDuty("3", "kim", NOW_MS)))
    assert duty.lines(NOW_MS)[0] == "관제요원 02 · hong · 11-22 09:01부터 2시간 0분"
    duty.apply((OnDuty("2", "hong", 1, left_ms=2),))
    assert [each.seat for each in duty.people] == ["3"]
