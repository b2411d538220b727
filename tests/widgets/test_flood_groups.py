"""The bar of a flood, and its alarms by cause and place."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from PySide6.QtCore import Qt

from db.alarm_records import Alarm, AlarmState, Flood, FloodGroup
from tests.widgets.panel_fakes import NOW_MS, FakeBridge, district
from widgets.alarm_delegate import AlarmTexts
from widgets.flood_bar import FloodBar
from widgets.flood_groups import FloodGroups
from widgets.flood_rows import FloodRows, Group, Row
from widgets.words import Words


def alarm(name: str, rule: str = "wet", place: str = "f0", priority: int = 2, **fields: Any) -> Alarm:
    state = fields.pop("state", AlarmState.UNACKNOWLEDGED)
    return Alarm(
        f"{rule}|{name}|q", 1, rule, "threshold", name, "q", priority, state, NOW_MS, NOW_MS, asset=place,
        name="침수", **fields,
    )  # fmt: skip


def said(rows: list[Row]) -> list[str]:
    return [f"{r.rule}@{r.place}={len(r.alarms)}" if isinstance(r, Group) else r.source for r in rows]


@pytest.fixture
def model(qapp: object) -> FloodRows:
    return FloodRows(lambda each: each.asset)


@pytest.fixture
def groups(qtbot: Any) -> FloodGroups:
    bridge = FakeBridge()
    words = Words("ko")
    texts = AlarmTexts(bridge, words)
    texts.assets = {asset.id: asset for asset in district()}
    view = FloodGroups(words, texts)
    qtbot.addWidget(view)
    return view


def test_the_rows_obey_qt(model: FloodRows, qtmodeltester: Any) -> None:
    model.show_alarms([alarm("a"), alarm("b"), alarm("c", "fire", priority=1)])
    model.open(("wet", "f0"), True)
    qtmodeltester.check(model)
    model.open(("wet", "f0"), False)
    assert said(model.rows()) == ["c", "wet@f0=2"]


def test_critical_alarms_stand_single_above_the_causes(model: FloodRows) -> None:
    few = [alarm(f"s{n}", "dust", "f1", 3) for n in range(3)]
    many = [alarm(f"s{n}", "wet", "f0", 3) for n in range(9)]
    seen = [alarm("t", "seen", "f2", 2, state=AlarmState.ACKNOWLEDGED)]
    model.show_alarms([*few, *many, *seen, alarm("x", "fire", priority=1), alarm("y", "fire", priority=1)])
    assert said(model.rows()) == ["x", "y", "wet@f0=9", "dust@f1=3", "seen@f2=1"]


def test_what_another_alarm_explains_is_counted_with_its_cause(model: FloodRows) -> None:
    model.show_alarms([alarm("cut", "power"), alarm("a", "silent", suppressed_by="power|cut|q")])
    assert said(model.rows()) == ["power@f0=2"]


def test_rows_stand_still_while_they_are_read(model: FloodRows) -> None:
    first = [alarm("a", "wet", "f0", 3), alarm("b", "dust", "f1", 3), alarm("c", "dust", "f1", 3)]
    model.show_alarms(first)
    model.open(("dust", "f1"), True)
    before = said(model.rows())
    model.hold(True)
    more = [alarm(f"n{n}", "wet", "f0", 3) for n in range(9)]
    model.show_alarms([*first, *more, alarm("d", "dust", "f1", 3), alarm("x", "fire", priority=1)])
    assert said(model.rows()) == [
        *[each.replace("f0=1", "f0=10").replace("f1=2", "f1=3") for each in before],
        "x",
    ]
    assert model.waiting == 1
    model.hold(False)
    assert said(model.rows())[0] == "x"
    assert model.waiting == 0


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["show", "open", "close", "hold", "release"]),
        st.sampled_from([f"r{n}" for n in range(3)]),
        st.sets(st.integers(0, 12), max_size=10),
    ),
    max_size=20,
)


@settings(max_examples=100)
@given(steps=STEPS)
def test_whatever_happens_no_row_moves_while_held_and_none_is_missing_after(steps: list[Any]) -> None:
    model, held, shown = FloodRows(lambda each: each.asset), False, set[int]()
    for what, rule, numbers in steps:
        before = [row.key if isinstance(row, Group) else row.id for row in model.rows()]
        if what == "show":
            shown = numbers
            model.show_alarms([alarm(f"s{n}", f"r{n % 3}", priority=1 + n % 4) for n in sorted(numbers)])
        elif what in ("open", "close"):
            model.open((rule, "f0"), what == "open")
        else:
            held = what == "hold"
            model.hold(held)
        after = [row.key if isinstance(row, Group) else row.id for row in model.rows()]
        if held and what == "show":
            assert after[: len(before)] == before
    model.hold(False)
    single = [row for row in model.rows() if not isinstance(row, Group) and row.priority == 1]
    counted = sum(len(row.alarms) for row in model.rows() if isinstance(row, Group))
    assert len(single) + counted == len(shown)


def test_choosing_a_cause_chooses_all_its_alarms(groups: FloodGroups, qtbot: Any) -> None:
    groups.show_alarms([alarm("a", place="f0"), alarm("b", place="f0d1:t"), alarm("c", "fire", priority=1)])
    with qtbot.waitSignal(groups.chosen) as signal:
        groups.show_group(("wet", "f0"))
    assert {each.source for each in signal.args[0]} == {"a", "b"}
    groups.leave()
    assert groups.selected() == []


def test_a_cause_that_is_read_keeps_its_row(groups: FloodGroups, qtbot: Any) -> None:
    groups.show_alarms([alarm("a", priority=3), alarm("b", "dust", "f1", 3)])
    groups.show_group(("wet", "f0"))
    row = groups.list.currentIndex().row()
    groups.show_alarms([alarm(f"b{n}", "dust", "f1", 2) for n in range(500)] + [alarm("a", priority=3)])
    qtbot.waitUntil(lambda: groups.model.count == 501)
    assert groups.model.row_of(("wet", "f0")) == row
    groups.leave()
    assert groups.model.row_of(("wet", "f0")) == 1


def _flood(on: bool = True, **fields: Any) -> Flood:
    group = FloodGroup("wet", "f0", 1200, 1100, 2, NOW_MS, "wet|a|q", "침수", "Flooding")
    flood = Flood(on, 1234, 2, NOW_MS - 720_000, 1300, "wet|a|q", (group,))
    return replace(flood, **fields)


def test_the_bar_says_since_when_how_many_and_by_what(qtbot: Any) -> None:
    bar = FloodBar(Words("ko"), lambda: NOW_MS, lambda rule: "")
    qtbot.addWidget(bar)
    bar.resize(1600, 34)
    assert bar.isHidden()
    bar.show_flood(_flood())
    assert bar.said.text() == "알람 폭주 · 10:49부터 12분 · 10분에 1,234건 (근무자 2명)"
    assert bar.causes[0].text() == "침수 1,200건"
    heard: list[Any] = []
    bar.grouped.connect(heard.append)
    bar.chosen.connect(heard.append)
    qtbot.mouseClick(bar.causes[0], Qt.MouseButton.LeftButton)
    assert heard == [True, ("wet", "f0")]


def test_a_flood_that_is_over_says_so_and_offers_its_report(qtbot: Any) -> None:
    bar = FloodBar(Words("en"), lambda: NOW_MS, lambda rule: "")
    qtbot.addWidget(bar)
    bar.show_flood(_flood())
    bar.group.setChecked(True)
    with qtbot.waitSignal(bar.grouped) as ungrouped:
        bar.show_flood(_flood(False, since_ms=None, groups=()))
    assert ungrouped.args == [False]
    assert bar.said.text() == "Alarm flood over · 10:49 to 11:01 · at most 1,300 in 10 min"
    with qtbot.waitSignal(bar.report_wanted):
        qtbot.mouseClick(bar.report, Qt.MouseButton.LeftButton)
    qtbot.mouseClick(bar.close_it, Qt.MouseButton.LeftButton)
    assert bar.isHidden()


def test_a_calm_time_has_no_bar(qtbot: Any) -> None:
    bar = FloodBar(Words("ko"), lambda: NOW_MS, lambda rule: "")
    qtbot.addWidget(bar)
    bar.show_flood(Flood(False, 3))
    assert bar.isHidden()
