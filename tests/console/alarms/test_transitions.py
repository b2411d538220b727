"""The transition table of one alarm, its delays and its deadband."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from console.alarms.rulebook import Rulebook, Subject
from console.alarms.transitions import acknowledge, expire, judge, raise_alarm, settle_return
from console.errors import SettingsError
from db.alarm_records import AlarmState, Rule
from db.alarms import Watch
from db.asset_records import Asset
from db.records import Reading

NORMAL, UNACK, ACK, RETURNED = (
    AlarmState.NORMAL,
    AlarmState.UNACKNOWLEDGED,
    AlarmState.ACKNOWLEDGED,
    AlarmState.RETURNED,
)


def subject(**fields: Any) -> Subject:
    return Subject("r|s|q", Rule("r", "threshold", above=100.0, **fields), "s", "q")


def reading(value: Any, at_ms: int = 0, **fields: Any) -> Reading:
    return Reading("s", "q", value, at_ms, at_ms, **fields)


def state_of(watch: Watch) -> AlarmState:
    return watch.alarm.state if watch.alarm else NORMAL


def watch_in(state: AlarmState) -> Watch:
    watch = raise_alarm(Watch("r|s|q"), subject(), 0).watch
    if state in (ACK, NORMAL):
        watch = acknowledge(watch, "kim", "", 1).watch
    if state in (RETURNED, NORMAL):
        watch = settle_return(watch, 2).watch
    assert state_of(watch) is state
    return watch


@pytest.mark.parametrize(
    ("before", "act", "after", "verb"),
    [
        (NORMAL, "raise", UNACK, "raised"),
        (NORMAL, "acknowledge", NORMAL, None),
        (NORMAL, "return", NORMAL, None),
        (UNACK, "acknowledge", ACK, "acknowledged"),
        (UNACK, "return", RETURNED, "returned"),
        (ACK, "acknowledge", ACK, None),
        (ACK, "return", NORMAL, "normal"),
        (RETURNED, "raise", UNACK, "raised"),
        (RETURNED, "acknowledge", NORMAL, "acknowledged"),
        (RETURNED, "return", RETURNED, None),
    ],
)
def test_the_transition_table(before: AlarmState, act: str, after: AlarmState, verb: str | None) -> None:
    watch = watch_in(before)
    moved = {
        "raise": lambda: raise_alarm(watch, subject(), 9),
        "acknowledge": lambda: acknowledge(watch, "lee", "", 9),
        "return": lambda: settle_return(watch, 9),
    }[act]()
    assert state_of(moved.watch) is after
    assert (moved.transition.verb if moved.transition else None) == verb


def test_acknowledging_and_returning_meet_in_normal_in_either_order() -> None:
    raised = watch_in(UNACK)
    one = settle_return(acknowledge(raised, "kim", "", 5).watch, 7).watch
    other = acknowledge(settle_return(raised, 7).watch, "kim", "", 5).watch
    assert state_of(one) is state_of(other) is NORMAL
    assert one.alarm and other.alarm
    assert replace(one.alarm, changed_ms=0) == replace(other.alarm, changed_ms=0)


def test_each_raise_counts_a_new_activation_that_nobody_has_acknowledged() -> None:
    again = raise_alarm(watch_in(RETURNED), subject(), 50).watch.alarm
    later = raise_alarm(watch_in(NORMAL), subject(), 50).watch.alarm
    assert again and later
    assert (again.activation, later.activation) == (2, 2)
    assert (later.acknowledged_by, later.acknowledged_ms, later.returned_ms) == ("", None, None)


@pytest.mark.parametrize(("value", "raises"), [(99.0, False), (100.0, False), (100.1, True), (True, False)])
def test_a_value_on_the_limit_is_not_beyond_it(value: Any, raises: bool) -> None:
    assert bool(judge(Watch("r|s|q"), subject(), reading(value), 0, 0).transition) is raises


@pytest.mark.parametrize(("value", "returns"), [(100.0, False), (95.1, False), (95.0, True), (0.0, True)])
def test_it_returns_only_behind_the_deadband(value: float, returns: bool) -> None:
    watch = raise_alarm(Watch("r|s|q"), subject(), 0).watch
    assert bool(judge(watch, subject(deadband=5.0), reading(value), 1, 1).transition) is returns


def test_below_alarms_below_and_returns_above() -> None:
    low = Subject("r|s|q", Rule("r", "threshold", below=10.0, deadband=2.0), "s", "q")
    raised = judge(Watch("r|s|q"), low, reading(9.9), 0, 0)
    assert raised.transition and raised.transition.alarm.limit == 10.0
    assert judge(raised.watch, low, reading(11.9), 1, 1).transition is None
    assert judge(raised.watch, low, reading(12.0), 1, 1).transition


def test_an_on_delay_is_broken_by_one_value_inside() -> None:
    rule = subject(on_delay_s=10.0)
    waiting = judge(Watch("r|s|q"), rule, reading(120.0), 1000, 1000).watch
    assert waiting.due == 11_000
    assert judge(waiting, rule, reading(99.0), 2000, 2000).watch.is_idle


def test_the_alarm_after_a_delay_shows_the_worst_value_of_the_delay() -> None:
    rule = subject(on_delay_s=10.0)
    watch = Watch("r|s|q")
    for value, at_ms in ((120.0, 0), (180.0, 1000), (130.0, 2000)):
        watch = judge(watch, rule, reading(value, at_ms), at_ms, at_ms).watch
    alarm = expire(watch, rule, 10_000).watch.alarm
    assert alarm and (alarm.value, alarm.observed_ms, alarm.raised_ms) == (180.0, 1000, 10_000)


def test_an_off_delay_is_broken_by_one_value_that_is_not_back() -> None:
    rule = subject(off_delay_s=10.0, deadband=5.0)
    active = raise_alarm(Watch("r|s|q"), rule, 0).watch
    leaving = judge(active, rule, reading(50.0), 1000, 1000).watch
    assert leaving.due == 11_000
    assert judge(leaving, rule, reading(97.0), 2000, 2000).watch.due is None


@pytest.mark.parametrize("quality", ["bad", "missing", "stuck", "out_of_range"])
def test_a_value_the_sensor_doubts_is_not_judged(quality: str) -> None:
    assert judge(Watch("r|s|q"), subject(), reading(999.0, quality=quality), 0, 0).transition is None


@pytest.mark.parametrize("value", ["999", float("nan"), float("inf")])
def test_what_is_no_finite_number_is_not_judged(value: Any) -> None:
    assert judge(Watch("r|s|q"), subject(), reading(value), 0, 0).transition is None


@settings(deadline=None)
@given(st.lists(st.sampled_from(["raise", "acknowledge", "return"]), max_size=12))
def test_an_alarm_is_active_exactly_when_its_condition_holds(acts: list[str]) -> None:
    watch, holds = Watch("r|s|q"), False
    for at_ms, act in enumerate(acts):
        if act == "raise" and not holds:
            watch, holds = raise_alarm(watch, subject(), at_ms).watch, True
        elif act == "return" and holds:
            watch, holds = settle_return(watch, at_ms).watch, False
        elif act == "acknowledge":
            watch = acknowledge(watch, "kim", "", at_ms).watch
        assert (state_of(watch) in (UNACK, ACK)) is holds


@pytest.mark.parametrize(
    ("fields", "key"),
    [
        ({"kind": "threshold"}, "above"),
        ({"kind": "silent"}, "silent_s"),
        ({"kind": "threshold", "above": 1.0, "on_delay_s": -1.0}, "on_delay_s"),
        ({"kind": "threshold", "above": 10.0, "below": 9.0, "deadband": 2.0}, "deadband"),
        ({"kind": "threshold", "above": 1.0, "id": "a|b"}, "id"),
    ],
)
def test_a_rule_that_cannot_work_names_its_key(fields: dict[str, Any], key: str) -> None:
    with pytest.raises(SettingsError, match=f"key {key}: found"):
        Rulebook([Rule(**{"id": "r", **fields})])


def test_patterns_are_exact_or_end_with_a_star() -> None:
    book = Rulebook([Rule("r", "threshold", source="pole-*", quantity="power", above=1.0)])
    assert book.plan("pole-7", "power", "inst").limits
    assert not book.plan("pole-7", "powers", "inst").limits
    assert not book.plan("a-pole-7", "power", "inst").limits


def test_the_place_of_an_alarm_is_the_way_down_the_tree() -> None:
    tree = [
        Asset("d", "district", "구"),
        Asset("f", "facility", "시장", parent="d"),
        Asset("v", "device", "분전반", parent="f", source="s"),
        Asset("c", "channel", "누설", parent="v", source="s", quantity="q"),
    ]
    book = Rulebook([Rule("r", "threshold", above=1.0), Rule("n", "silent", silent_s=1.0)], tree)
    plan = book.plan("s", "q", "inst")
    assert plan.limits[0].place == ("c", "시장 > 분전반 > 누설")
    assert plan.silences[0].place == ("v", "시장 > 분전반")
