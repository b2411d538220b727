"""The rows of the alarm list."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from PySide6.QtCore import QPersistentModelIndex

from db.alarm_records import Alarm, AlarmState, OutOfService, Shelf
from widgets.alarm_model import VIEWS, AlarmModel, sort_key


def alarm(name: str, priority: int = 3, state: AlarmState = AlarmState.UNACKNOWLEDGED, at: int = 0) -> Alarm:
    return Alarm(
        id=name, activation=1, rule="r", kind="threshold", source=name, quantity="pm10",
        priority=priority, state=state, raised_ms=at, changed_ms=at,
    )  # fmt: skip


def ids(model: AlarmModel) -> list[str]:
    return [each.id for each in model.alarms()]


@pytest.fixture
def model(qapp: object) -> AlarmModel:
    return AlarmModel()


def test_the_list_obeys_qt(model: AlarmModel, qtmodeltester: Any) -> None:
    model.apply([alarm("a"), alarm("b", 1)])
    qtmodeltester.check(model)


def test_worst_and_unacknowledged_come_first(model: AlarmModel) -> None:
    model.apply([alarm("seen", 1, AlarmState.ACKNOWLEDGED), alarm("low", 4), alarm("old", 1, at=1)])
    model.apply([alarm("new", 1, at=2), alarm("back", 2, AlarmState.RETURNED)])
    assert ids(model) == ["new", "old", "low", "back", "seen"]


def test_rows_stand_still_while_they_are_read(model: AlarmModel) -> None:
    model.apply([alarm("a", 2, at=2), alarm("b", 2, at=1)])
    model.hold(True)
    model.apply(
        [alarm("c", 1), alarm("a", 2, AlarmState.ACKNOWLEDGED, at=2), alarm("b", 2, AlarmState.NORMAL)]
    )
    assert ids(model) == ["a", "b", "c"]
    assert [each.id for each in model.waiting] == ["c"]
    model.hold(False)
    assert ids(model) == ["c", "a"]
    assert model.waiting == []


def test_a_selected_row_stays_with_its_alarm(model: AlarmModel) -> None:
    model.apply([alarm("a", 2), alarm("b", 3)])
    held = QPersistentModelIndex(model.index(1))
    model.apply([alarm("c", 1), alarm("b", 1, at=9)])
    assert ids(model) == ["b", "c", "a"]
    assert model.alarm(held).id == "b"


STATES = st.sampled_from(list(AlarmState)[:5])  # an alarm's own states
ALARMS = st.builds(alarm, st.sampled_from("abcdefgh"), st.integers(1, 4), STATES, st.integers(0, 5))


@settings(max_examples=150, deadline=None)
@given(st.lists(st.one_of(st.lists(ALARMS, max_size=6), st.booleans()), max_size=20))
def test_whatever_happens_the_rows_are_the_standing_alarms_in_order(steps: list[Any]) -> None:
    model = AlarmModel()
    newest: dict[str, Alarm] = {}
    for step in steps:
        if isinstance(step, bool):
            model.hold(step)
        else:
            model.apply(step)
            newest.update({each.id: each for each in step})
    model.hold(False)
    standing = [each for each in newest.values() if each.is_standing]
    assert model.alarms() == sorted(standing, key=sort_key)
    assert all(model.row_of(each.id) == row for row, each in enumerate(model.alarms()))


def test_ten_thousand_alarms_and_a_flood_stay_in_order(model: AlarmModel) -> None:
    model.apply([alarm(f"a{n}", n % 4 + 1, at=n) for n in range(10_000)])
    model.apply([replace(each, state=AlarmState.ACKNOWLEDGED) for each in model.alarms()[:500]])
    assert len(ids(model)) == 10_000
    assert model.alarms() == sorted(model.alarms(), key=sort_key)
    assert model.counts()[AlarmState.ACKNOWLEDGED] == 500


def test_what_another_alarm_explains_has_no_row_and_is_counted_under_it(model: AlarmModel) -> None:
    below = [replace(alarm(f"lamp-{n}", at=n), suppressed_by="pole") for n in range(3)]
    model.apply([alarm("pole", 2), *below])
    assert ids(model) == ["pole"]
    assert [each.id for each in model.under("pole")] == ["lamp-0", "lamp-1", "lamp-2"]
    assert model.counts()[AlarmState.SUPPRESSED] == 3
    model.apply([replace(below[0], suppressed_by=""), replace(below[1], state=AlarmState.NORMAL)])
    assert ids(model) == ["pole", "lamp-0"]
    assert [each.id for each in model.under("pole")] == ["lamp-2"]
    model.replace([alarm("pole", 2), *below])
    assert (ids(model), model.counts()[AlarmState.SUPPRESSED]) == (["pole"], 3)


def test_a_row_that_is_explained_later_goes_under_its_cause(model: AlarmModel) -> None:
    model.apply([alarm("lamp"), alarm("pole", 2)])
    model.hold(True)
    model.apply([replace(alarm("lamp"), suppressed_by="pole")])
    assert ids(model) == ["pole", "lamp"]
    model.hold(False)
    assert (ids(model), model.counts()[AlarmState.SUPPRESSED]) == (["pole"], 1)
    assert {state: count for state, count in model.counts().items() if count} == {
        AlarmState.UNACKNOWLEDGED: 1,
        AlarmState.SUPPRESSED: 1,
    }
    model.show_view("suppressed")
    assert ids(model) == ["lamp"]


def test_every_alarm_that_is_not_normal_is_in_one_view(model: AlarmModel) -> None:
    shelf = Shelf("kim", 1, 2, "공사")
    put_aside = replace(alarm("shelved", state=AlarmState.NORMAL), shelf=shelf)
    service = replace(alarm("service"), out_of_service=OutOfService("kim", 1, "W-1"), shelf=shelf)
    model.apply([alarm("new"), put_aside, service, alarm("latched", state=AlarmState.LATCHED)])
    seen = []
    for view in VIEWS:
        model.show_view(view)
        seen.append(ids(model))
    assert seen == [["new", "latched"], ["shelved"], [], ["service"]]
    model.show_view("shelved")
    model.apply([replace(put_aside, shelf=None)])
    assert ids(model) == []
    assert sum(model.counts().values()) == 3
