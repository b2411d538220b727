"""ISA-18.2 / IEC 62682: every state and every event in one table; no state out of reach, none a trap."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from console.alarms import aside, transitions
from console.alarms.annunciations import row_of
from console.alarms.bursts import Bursts
from console.alarms.reducer import Reducer
from console.alarms.rulebook import Rulebook, Subject
from console.alarms.transitions import Moved
from db.alarm_records import AlarmState, Maintenance, OutOfService, Rule, Shelf
from db.alarms import Watch
from db.asset_records import Asset
from db.readings import StoredReading
from db.records import Reading

N, U, A, R, L = (
    AlarmState.NORMAL,
    AlarmState.UNACKNOWLEDGED,
    AlarmState.ACKNOWLEDGED,
    AlarmState.RETURNED,
    AlarmState.LATCHED,
)
SHELVED, SUPPRESSED, OUT = AlarmState.SHELVED, AlarmState.SUPPRESSED, AlarmState.OUT_OF_SERVICE
RULE = Rule("r", "threshold", above=10.0)
T0 = 1_000_000

Act = Callable[[Watch, Rule], Moved]


def subject(rule: Rule) -> Subject:
    return Subject("r|s|q", rule, "s", "q")


def shelf(at: int = T0, until: int = T0 + 60_000) -> Shelf:
    return Shelf("kim", at, until, "work")


def order(at: int = T0, until: int | None = None) -> OutOfService:
    return OutOfService("kim", at, "W-1", "", until)


def raised(watch: Watch, rule: Rule) -> Moved:
    return Moved(watch) if watch.active else transitions.raise_alarm(watch, subject(rule), T0)


def returned(watch: Watch, rule: Rule) -> Moved:
    return transitions.settle_return(watch, T0) if watch.active else Moved(watch)


ACTS: dict[str, Act] = {
    "raise": raised,
    "return": returned,
    "acknowledge": lambda watch, _: transitions.acknowledge(watch, "kim", "", T0),
    "reset": lambda watch, _: transitions.reset(watch, "", T0),
    "shelve": lambda watch, _: aside.shelve(watch, shelf(), T0),
    "unshelve": lambda watch, _: aside.unshelve(watch, "kim", T0),
    "shelf ends": lambda watch, _: aside.end_shelf(watch, T0, loud=True),
    "take out": lambda watch, _: aside.take_out(watch, order(), T0),
    "work ends": lambda watch, _: aside.put_back(watch, T0, loud=True),
    "suppress": lambda watch, _: transitions.suppress(watch, "cause", T0),
    "release": lambda watch, _: transitions.suppress(watch, "", T0),
    "comment": lambda watch, _: aside.comment(watch, "x", T0),
    "assign": lambda watch, _: aside.assign(watch, "lee", T0),
}


def known() -> Watch:
    """A watch whose alarm is normal, and was known before."""
    watch = raised(Watch("r|s|q"), RULE).watch
    return returned(transitions.acknowledge(watch, "kim", "", T0).watch, RULE).watch


PATHS: dict[str, tuple[str, ...]] = {
    "normal": (),
    "unacknowledged": ("raise",),
    "acknowledged": ("raise", "acknowledge"),
    "returned": ("raise", "return"),
    "shelved": ("raise", "shelve"),
    "shelved, normal": ("shelve",),
    "suppressed": ("raise", "suppress"),
    "out of service": ("raise", "take out"),
}
TABLE: dict[str, dict[str, AlarmState]] = {
    "normal": {"raise": U, "shelve": SHELVED, "take out": OUT},
    "unacknowledged": {
        "acknowledge": A, "return": R, "shelve": SHELVED, "take out": OUT, "suppress": SUPPRESSED,
    },
    "acknowledged": {"return": N, "shelve": SHELVED, "take out": OUT, "suppress": SUPPRESSED},
    "returned": {"raise": U, "acknowledge": N, "shelve": SHELVED, "take out": OUT},
    "shelved": {"unshelve": A, "shelf ends": U, "take out": OUT, "suppress": SUPPRESSED},
    "shelved, normal": {"unshelve": N, "shelf ends": N, "take out": OUT},
    "suppressed": {"return": N, "release": U, "take out": OUT},
    "out of service": {"work ends": U},
}  # fmt: skip
"""What is shown after an event; an event that is not named leaves what is shown."""


def after(path: tuple[str, ...], rule: Rule = RULE) -> Watch:
    watch = known()
    for name in path:
        watch = ACTS[name](watch, rule).watch
    return watch


def shown(watch: Watch) -> AlarmState:
    return watch.alarm.shown if watch.alarm is not None else N


@pytest.mark.parametrize("state", TABLE)
@pytest.mark.parametrize("event", ACTS)
def test_every_transition_of_the_standard(state: str, event: str) -> None:
    watch = after(PATHS[state])
    assert shown(ACTS[event](watch, RULE).watch) is TABLE[state].get(event, shown(watch))


LATCH = Rule("r", "threshold", above=10.0, latch=True)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (("raise", "acknowledge", "return"), L),
        (("raise", "return"), R),
        (("raise", "return", "acknowledge"), L),
        (("raise", "acknowledge", "return", "reset"), N),
        (("raise", "acknowledge", "return", "acknowledge"), L),
        (("raise", "acknowledge", "return", "raise"), U),
        (("raise", "return", "reset"), R),
        (("raise", "shelve", "return"), SHELVED),
        (("raise", "shelve", "return", "shelf ends"), L),
    ],
)
def test_a_latching_alarm_stands_until_somebody_resets_it(
    path: tuple[str, ...], expected: AlarmState
) -> None:
    assert shown(after(path, LATCH)) is expected


@pytest.mark.parametrize(
    ("path", "under"),
    [
        (("shelve", "raise"), U),
        (("raise", "shelve", "acknowledge"), A),
        (("raise", "shelve", "return"), N),
        (("raise", "take out", "return", "raise"), U),
    ],
)
def test_under_a_shelf_its_own_state_goes_on(path: tuple[str, ...], under: AlarmState) -> None:
    alarm = after(path).alarm
    assert alarm is not None
    assert alarm.state is under
    assert alarm.shown in (SHELVED, OUT)
    assert not alarm.is_announced


@given(st.lists(st.sampled_from(list(ACTS)), max_size=30), st.booleans())
def test_from_anywhere_an_alarm_can_become_normal_and_none_is_a_trap(path: list[str], latch: bool) -> None:
    rule = LATCH if latch else RULE
    watch = after(tuple(path), rule)
    for way_out in ("work ends", "unshelve", "release", "return", "acknowledge", "reset"):
        watch = ACTS[way_out](watch, rule).watch
    assert shown(watch) is N


def test_no_state_is_out_of_reach() -> None:
    paths = [*PATHS.values(), ("raise", "acknowledge", "return")]
    assert {shown(after(path, LATCH)) for path in paths} == set(AlarmState)


@given(st.lists(st.sampled_from(list(ACTS)), max_size=20))
def test_only_a_move_is_told_and_the_second_time_changes_nothing(path: list[str]) -> None:
    watch = after(tuple(path))
    for name in ("acknowledge", "reset", "unshelve", "work ends", "assign", "return"):
        once = ACTS[name](watch, RULE)
        assert (once.transition is None) == (once.watch.alarm == watch.alarm)
        twice = ACTS[name](once.watch, RULE)
        assert twice.transition is None
        watch = once.watch


# --- by time -------------------------------------------------------------------------


def engine(*rules: Rule, assets: tuple[Asset, ...] = ()) -> Reducer:
    reducer = Reducer(Rulebook(rules or (RULE,), assets))
    reducer.start(T0)
    return reducer


def tell(reducer: Reducer, at_ms: int, *sources: str, value: float = 20.0) -> None:
    reducer.readings(
        StoredReading(n, Reading(source, "q", value, at_ms, at_ms)) for n, source in enumerate(sources)
    )


def do(reducer: Reducer, act: Callable[[Watch], Moved]) -> None:
    for watch in list(reducer.watches.values()):
        moved = act(watch)
        if moved.transition is not None:
            reducer.replace(moved.watch)


def verbs(reducer: Reducer) -> list[tuple[str, int]]:
    return [(each.verb, each.at_ms - T0) for each in reducer.transitions]


@pytest.mark.parametrize("spread_ms", [0, 60_000])
def test_500_shelves_that_end_within_a_minute_announce_10_and_are_one_summary(spread_ms: int) -> None:
    reducer = engine()
    tell(reducer, T0, *(f"s{n:03}" for n in range(500)))
    ends = iter(range(500))
    do(
        reducer,
        lambda watch: aside.shelve(watch, shelf(T0 + 1, T0 + 60_000 + next(ends) * spread_ms // 500), T0 + 1),
    )
    reducer.transitions.clear()
    reducer.tick(T0 + 200_000)
    back = reducer.transitions
    assert [each.verb for each in back] == ["unshelved"] * 500
    assert all(each.alarm.state is U for each in back)
    assert sum(each.alarm.is_announced for each in back) == 10
    bursts = Bursts(lambda asset, source: asset)
    told = {each.id: each for each in bursts.take([row_of(each, "system") for each in back])}
    assert [(each.cause, each.count) for each in told.values()] == [("unshelved", 500)]


def test_a_few_shelves_that_end_are_announced_one_by_one_without_a_summary() -> None:
    reducer = engine()
    tell(reducer, T0, *(f"s{n}" for n in range(10)))
    do(reducer, lambda watch: aside.shelve(watch, shelf(T0 + 1), T0 + 1))
    reducer.transitions.clear()
    reducer.tick(T0 + 200_000)
    assert sum(each.alarm.is_announced for each in reducer.transitions) == 10
    rows = [row_of(each, "system") for each in reducer.transitions]
    assert Bursts(lambda asset, source: asset).take(rows) == []


@pytest.mark.parametrize("by_ms", [-86_400_000, 3_600_000, 86_400_000])
def test_a_shelf_ends_whatever_becomes_of_the_clock(by_ms: int) -> None:
    reducer = engine()
    tell(reducer, T0, "s")
    do(reducer, lambda watch: aside.shelve(watch, shelf(), T0))
    reducer.jump(by_ms)
    reducer.tick(T0 + by_ms + 60_001)
    assert reducer.transitions[-1].verb == "unshelved"


def test_nobody_who_takes_note_is_a_reason_to_escalate_once_and_to_call_again() -> None:
    reducer = engine(replace(RULE, escalate_s=30.0, realarm_s=20.0))
    tell(reducer, T0, "s")
    reducer.tick(T0 + 65_000)
    assert verbs(reducer) == [
        ("raised", 0), ("realarmed", 20_000), ("escalated", 30_000), ("realarmed", 40_000),
        ("realarmed", 60_000),
    ]  # fmt: skip
    do(reducer, lambda watch: transitions.acknowledge(watch, "kim", "", T0 + 65_000))
    reducer.tick(T0 + 600_000)
    assert len(reducer.transitions) == 5


TREE = (
    Asset("d", "district", "D"),
    Asset("f", "facility", "F", parent="d"),
    Asset("s-device", "device", "S", parent="f", source="s"),
    Asset("other", "device", "O", parent="d", source="o"),
)


def test_a_maintenance_window_takes_all_below_it_out_and_gives_it_back_at_its_end() -> None:
    reducer = engine(assets=TREE)
    tell(reducer, T0, "s", "o")
    window = Maintenance("w", "f", T0 + 10_000, T0 + 50_000, "W-9", "", "lee", T0)
    reducer.timed.take_windows([window], 0)
    reducer.transitions.clear()
    reducer.tick(T0 + 20_000)
    tell(reducer, T0 + 30_000, "s", value=1.0)
    tell(reducer, T0 + 31_000, "s")
    assert [(each.verb, each.alarm.source, each.alarm.shown) for each in reducer.transitions] == [
        ("out_of_service", "s", OUT), ("normal", "s", OUT), ("raised", "s", OUT),
    ]  # fmt: skip
    reducer.tick(T0 + 60_000)
    last = reducer.transitions[-1]
    assert (last.verb, last.at_ms - T0, last.alarm.shown) == ("in_service", 50_000, U)
    assert reducer.timed.begun == ["w"]


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(0, 90_000), min_size=1, max_size=60))
def test_never_more_than_10_that_come_back_are_announced_in_a_minute(ends: list[int]) -> None:
    reducer = engine()
    tell(reducer, T0, *(f"s{n:02}" for n in range(len(ends))))
    times = iter(ends)
    do(reducer, lambda watch: aside.shelve(watch, shelf(T0, T0 + 1_000 + next(times)), T0))
    reducer.transitions.clear()
    reducer.tick(T0 + 200_000)
    loud = [each.at_ms for each in reducer.transitions if each.alarm.is_announced]
    assert len(reducer.transitions) == len(ends)
    assert all(sum(at <= other < at + 60_000 for other in loud) <= 10 for at in loud)


def test_where_one_window_ends_within_another_the_alarm_stays_out_of_service() -> None:
    reducer = engine(assets=TREE)
    tell(reducer, T0, "s")
    small = Maintenance("small", "f", T0, T0 + 10_000, "W-1", "", "lee", T0)
    large = Maintenance("large", "d", T0, T0 + 60_000, "W-2", "", "lee", T0)
    reducer.timed.take_windows([small, large], 0)
    tell(reducer, T0 + 1, "o")
    reducer.tick(T0 + 30_000)
    assert {w.alarm.shown for w in reducer.watches.values() if w.alarm} == {OUT}
    reducer.tick(T0 + 70_000)
    assert {w.alarm.shown for w in reducer.watches.values() if w.alarm} == {U}
