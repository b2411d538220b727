"""One outage is one alarm: what it explains stands under it and is not announced."""

from __future__ import annotations

import pytest

from console.alarms.reducer import Reducer
from console.alarms.rulebook import Rulebook
from db.alarm_records import Alarm, AlarmState, Rule
from db.asset_records import Asset
from db.readings import StoredReading
from db.records import Reading

T0 = 1_000_000
LAMPS = ("lamp", "cctv", "wifi")
ASSETS = [
    Asset("d", "district", "D"),
    Asset("pole", "device", "Pole", parent="d", source="pole"),
    *(Asset(each, "device", each, parent="pole", source=each) for each in LAMPS[:2]),
    Asset("wifi", "device", "wifi", parent="d", source="wifi", power_parent="pole"),
    Asset("far", "device", "far", parent="d", source="far"),
]
POLE = Rule("pole-silent", "silent", source="pole", silent_s=10.0, priority=2)
EVERY = Rule("silent", "silent", source="*", silent_s=5.0)
LATE = Rule("silent", "silent", source="*", silent_s=20.0)
POWER = Rule("power", "threshold", source="pole", quantity="volt", below=180.0, outage=True)


def engine(*rules: Rule) -> Reducer:
    reducer = Reducer(Rulebook(rules, ASSETS))
    reducer.start(T0)
    return reducer


def hear(reducer: Reducer, at: int, *sources: str, value: float = 220.0) -> None:
    reducer.readings(
        StoredReading(n, Reading(source, "volt", value, T0 + at, T0 + at)) for n, source in enumerate(sources)
    )


def standing(reducer: Reducer) -> dict[str, Alarm]:
    return {
        watch.id: watch.alarm
        for watch in reducer.watches.values()
        if watch.alarm is not None and watch.alarm.is_standing
    }


def announced(reducer: Reducer) -> set[str]:
    return {key for key, alarm in standing(reducer).items() if not alarm.suppressed_by}


def under(reducer: Reducer) -> dict[str, str]:
    return {alarm.source: alarm.suppressed_by for alarm in standing(reducer).values() if alarm.suppressed_by}


def rules(children_s: float) -> list[Rule]:
    return [
        POLE,
        *(Rule(f"{each}-s", "silent", source=each, silent_s=children_s) for each in (*LAMPS, "far")),
    ]


@pytest.mark.parametrize("children_s", [5.0, 10.0, 20.0])
def test_trap_21_a_pole_outage_is_one_alarm_whoever_is_noticed_first(children_s: float) -> None:
    reducer = engine(*rules(children_s))
    hear(reducer, 0, "pole", *LAMPS)
    for at in range(1, 30):
        hear(reducer, at * 1000, "far")
    reducer.tick(T0 + 30_000)
    assert announced(reducer) == {"pole-silent|pole|"}
    assert under(reducer) == dict.fromkeys(LAMPS, "pole-silent|pole|")


def outage(children_s: float = 20.0) -> Reducer:
    reducer = engine(*rules(children_s))
    hear(reducer, 0, "pole", "far", *LAMPS)
    for at in range(1, 30):
        hear(reducer, at * 1000, "far")
    reducer.tick(T0 + 30_000)
    return reducer


def test_trap_21_children_that_recover_before_the_parent_need_nobody() -> None:
    reducer = outage()
    hear(reducer, 31_000, *LAMPS, "far")
    assert announced(reducer) == set(standing(reducer)) == {"pole-silent|pole|"}
    hear(reducer, 32_000, "pole", "far")
    assert standing(reducer)["pole-silent|pole|"].state is AlarmState.RETURNED


def test_trap_21_children_that_recover_after_the_parent_need_nobody() -> None:
    reducer = outage()
    hear(reducer, 31_000, "pole", "far")
    assert set(under(reducer)) == set(LAMPS)
    hear(reducer, 33_000, "pole", "far", *LAMPS)
    assert set(standing(reducer)) == {"pole-silent|pole|"}


def test_trap_21_a_child_that_stays_silent_after_the_parent_is_announced_in_the_end() -> None:
    reducer = outage()
    hear(reducer, 31_000, "pole", "far")
    for at in range(32, 52):
        hear(reducer, at * 1000, "pole", "far", "cctv", "wifi")
    assert announced(reducer) == {"pole-silent|pole|", "lamp-s|lamp|"}
    assert [each.verb for each in reducer.transitions if each.alarm.source == "lamp"] == [
        "raised",
        "released",
    ]
    assert reducer.transitions[-1].at_ms == T0 + 51_000


def test_trap_21_it_is_the_same_after_a_restart_at_any_time() -> None:
    whole, broken = engine(*rules(7.0)), engine(*rules(7.0))
    times = {0: ("pole", "far", *LAMPS), 20: ("pole",), 24: ("lamp",), 40: ("pole", "cctv")}
    for at in range(60):
        for reducer in (whole, broken):
            hear(reducer, at * 1000, "far", *times.get(at, ()))
        fresh = Reducer(broken.rulebook, steady=broken.steady, shift=broken.shift)
        fresh.resume(broken.watches.values(), broken.seen, broken.gathered)
        fresh.transitions = broken.transitions
        broken = fresh
    assert broken.transitions == whole.transitions
    assert broken.watches == whole.watches
    assert whole.transitions


def test_a_power_failure_the_pole_reports_explains_its_devices_too() -> None:
    reducer = engine(POWER, Rule("lamp-s", "silent", source="lamp", silent_s=5.0))
    hear(reducer, 0, "lamp")
    hear(reducer, 1000, "pole", value=0.0)
    reducer.tick(T0 + 9000)
    assert announced(reducer) == {"power|pole|volt"}
    assert under(reducer) == {"lamp": "power|pole|volt"}


def test_a_gateway_that_is_away_is_one_alarm_for_all_its_sources() -> None:
    group = Rule("gateway", "silent", source="g-*", group=True, silent_s=8.0)
    reducer = engine(group, Rule("each", "silent", source="g-*", silent_s=5.0))
    hear(reducer, 0, *(f"g-{n}" for n in range(50)))
    hear(reducer, 1000, "g-1")
    reducer.tick(T0 + 30_000)
    assert announced(reducer) == {"gateway|g-*|"}
    assert len(under(reducer)) == 50
    hear(reducer, 31_000, *(f"g-{n}" for n in range(50)))
    assert set(standing(reducer)) == {"gateway|g-*|"}
    assert standing(reducer)["gateway|g-*|"].state is AlarmState.RETURNED


def test_a_group_of_which_nobody_ever_speaks_is_away() -> None:
    reducer = engine(Rule("gateway", "silent", source="g-*", group=True, silent_s=8.0))
    reducer.tick(T0 + 9000)
    assert announced(reducer) == {"gateway|g-*|"}


def test_what_the_rule_of_a_cause_explained_is_announced_when_that_rule_is_gone() -> None:
    reducer = outage()
    fresh = Reducer(Rulebook(rules(20.0)[1:], ASSETS), steady=reducer.steady)
    for watch in fresh.resume(reducer.watches.values(), reducer.seen):
        fresh.withdraw(watch, T0 + 40_000)
    assert under(fresh) == {}
    assert {"lamp-s|lamp|", "cctv-s|cctv|"} < announced(fresh)
