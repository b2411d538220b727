"""Health: the worst child decides, the share of the well is counted, only changes are told."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from console.clock import ManualClock
from console.health.rollup import Health
from db.alarm_records import Alarm, AlarmState
from db.asset_records import Asset, AssetState, Condition
from db.records import Flag, Latest, Reading

TREE = [
    Asset("d", "district", "D"),
    Asset("f", "facility", "F", parent="d"),
    Asset("g", "facility", "G", parent="d"),
    Asset("v", "device", "V", parent="f", source="v", silent_after_s=10),
    Asset("v/q", "channel", "Q", parent="v", source="v", quantity="q"),
    Asset("v/p", "channel", "P", parent="v", source="v", quantity="p"),
    Asset("w", "device", "W", parent="g", source="w", silent_after_s=10),
]


def reading(source: str, quantity: str = "q", flags: int = 0, received_ms: int = 5) -> Reading:
    return Reading(source, quantity, 1.0, 1, received_ms, flags=flags)


def alarm(
    source: str, quantity: str = "q", priority: int = 2, state: AlarmState = AlarmState.UNACKNOWLEDGED
) -> Alarm:
    return Alarm(f"r|{source}|{quantity}", 1, "r", "threshold", source, quantity, priority, state, 1, 1)


def state(health: Health, key: str) -> AssetState:
    return next(each for each in health.all() if each.id == key)


def well(clock: ManualClock | None = None) -> Health:
    health = Health(TREE, clock or ManualClock())
    health.seen([reading("v"), reading("v", "p"), reading("w")])
    health.states()
    return health


def test_what_never_reported_is_unknown() -> None:
    health = Health(TREE, ManualClock())
    assert [(each.id, each.condition) for each in health.states() if each.id in "dvw"] == [
        ("d", Condition.UNKNOWN),
        ("v", Condition.UNKNOWN),
        ("w", Condition.UNKNOWN),
    ]


def test_the_share_of_the_well_counts_leaves() -> None:
    health = Health(TREE, ManualClock())
    health.seen([reading("v")])
    found = state(health, "d")
    assert (found.well, found.total, found.condition) == (1, 3, Condition.UNKNOWN)


def test_an_alarm_makes_its_channel_and_all_above_as_bad_as_its_priority() -> None:
    health = well()
    health.alarms([alarm("v", priority=3)])
    assert [(each.id, each.condition, each.worst, each.alarms) for each in health.states()] == [
        (key, Condition.CAUTION, "v/q", 1) for key in ("d", "f", "v", "v/q")
    ]
    health.alarms([alarm("v", "p", priority=1)])
    assert {each.worst for each in health.states()} == {"v/p"}


def test_a_returned_alarm_no_longer_colours_but_still_counts() -> None:
    health = well()
    health.alarms([alarm("v")])
    health.alarms([alarm("v", state=AlarmState.RETURNED)])
    assert (state(health, "d").condition, state(health, "d").alarms) == (Condition.WELL, 1)
    health.alarms([alarm("v", state=AlarmState.NORMAL)])
    assert state(health, "d").alarms == 0


def test_trap_24_a_prediction_is_counted_and_does_not_colour() -> None:
    health = well()
    health.alarms([replace(alarm("v", priority=4), look="forecast")])
    assert (state(health, "d").condition, state(health, "d").priority) == (Condition.WELL, 0)
    assert state(health, "d").alarms == 1


def test_a_node_tells_the_worst_priority_of_the_active_alarms_at_or_below_it() -> None:
    health = well()
    health.alarms([alarm("v", priority=2), alarm("v", "p", priority=1), alarm("w", priority=4)])
    assert [state(health, key).priority for key in ("d", "f", "v", "v/q", "v/p", "g", "w")] == [
        1, 1, 1, 2, 1, 4, 4,
    ]  # fmt: skip
    assert {each.worst for each in health.states() if each.priority == 1} == {"v/p"}
    health.alarms([alarm("v", "p", priority=1, state=AlarmState.RETURNED)])
    assert {each.id: each.priority for each in health.states()} == {"d": 2, "f": 2, "v": 2, "v/p": 0}


def test_an_alarm_that_rises_in_priority_is_told() -> None:
    health = well()
    health.alarms([alarm("v", priority=2)])
    health.states()
    health.alarms([alarm("v", priority=1, state=AlarmState.ACKNOWLEDGED)])
    assert {each.priority for each in health.states()} == {1}
    assert state(health, "d").alarms == 1


def test_the_channels_of_a_silent_device_are_silent_and_come_back() -> None:
    clock = ManualClock()
    health = well(clock)
    clock.advance(9)
    health.seen([reading("w")])
    clock.advance(1)
    told = {each.id: each for each in health.states()}
    assert {key for key, each in told.items() if each.condition is Condition.SILENT} == {
        "d", "f", "v", "v/q", "v/p",
    }  # fmt: skip
    assert (told["d"].well, told["d"].total) == (1, 3)
    health.seen([reading("v")])
    assert state(health, "d").condition is Condition.WELL


def test_setting_the_clock_silences_nobody() -> None:
    clock = ManualClock()
    health = well(clock)
    clock.set_wall(clock.now_ms() + 86_400_000)
    assert health.states() == []


def test_retained_and_backfilled_readings_prove_no_life() -> None:
    health = Health(TREE, ManualClock())
    health.seen([reading("w", flags=int(flag)) for flag in Flag])
    assert state(health, "w") == AssetState("w", Condition.UNKNOWN, 0, 1, "w")


def test_what_was_stored_long_ago_is_silent_at_once() -> None:
    clock = ManualClock()
    health = Health(TREE, clock)
    health.seen([Latest("w", "q", "inst", 1.0, "1", 1, clock.now_ms() - 60_000)])
    found = state(health, "w")
    assert (found.condition, found.last_seen_ms) == (Condition.SILENT, clock.now_ms() - 60_000)


def test_last_seen_alone_is_told_every_few_seconds() -> None:
    clock = ManualClock()
    health = well(clock)
    told = []
    for n in range(100):
        clock.advance(0.1)
        health.seen([reading("v", received_ms=10 + n)])
        told += [each for each in health.states() if each.id == "d"]
    assert 1 <= len(told) <= 3


def test_nothing_is_told_when_nothing_changed() -> None:
    health = well()
    health.alarms([alarm("v")])
    health.states()
    health.alarms([alarm("v")])
    assert health.states() == []


changes = st.lists(
    st.one_of(
        st.tuples(st.just("seen"), st.sampled_from(["v", "w"]), st.sampled_from(["q", "p"])),
        st.tuples(st.just("alarm"), st.sampled_from(["v", "w"]), st.sampled_from(list(AlarmState))),
        st.tuples(st.just("advance"), st.sampled_from([1.0, 6.0, 11.0]), st.none()),
    ),
    max_size=20,
)


@settings(deadline=None)
@given(changes)
def test_the_changes_told_one_by_one_add_up_to_the_whole(plan: list[tuple[str, object, object]]) -> None:
    clock = ManualClock()
    health = Health(TREE, clock)
    shown = {each.id: each for each in health.states()}
    for act, what, more in plan:
        if act == "seen":
            health.seen([reading(str(what), str(more))])
        elif act == "alarm":
            assert isinstance(more, AlarmState)
            health.alarms([alarm(str(what), state=more)])
        else:
            assert isinstance(what, float)
            clock.advance(what)
        shown |= {each.id: each for each in health.states()}
    clock.advance(5)
    shown |= {each.id: each for each in health.states()}
    whole = {each.id: each for each in health.all()}
    assert shown == whole
    leaves = [whole[key] for key in ("v/q", "v/p", "w")]
    assert whole["d"].well == sum(each.condition is Condition.WELL for each in leaves)
    assert whole["d"].priority == min((each.priority for each in leaves if each.priority), default=0)
    assert whole["d"].condition == max(each.condition for each in whole.values())


POLE = [
    Asset("d", "district", "D"),
    Asset("pole", "device", "Pole", parent="d", source="pole", silent_after_s=10),
    Asset("lamp", "device", "Lamp", parent="pole", source="lamp", silent_after_s=10),
    Asset("lamp/q", "channel", "Q", parent="lamp", source="lamp", quantity="q"),
    Asset("wifi", "device", "Wi-Fi", parent="d", source="wifi", silent_after_s=10, power_parent="pole"),
]


def conditions(health: Health) -> dict[str, Condition]:
    return {each.id: each.condition for each in health.all()}


def test_trap_21_what_hangs_on_a_silent_pole_is_unknown_and_not_one_fault_each() -> None:
    clock = ManualClock()
    health = Health(POLE, clock)
    health.seen([reading(each) for each in ("pole", "lamp", "wifi")])
    clock.advance(11)
    found = conditions(health)
    assert (found["pole"], found["d"]) == (Condition.SILENT, Condition.SILENT)
    assert {found[each] for each in ("lamp/q", "wifi")} == {Condition.UNKNOWN}
    health.seen([reading("pole")])
    assert {conditions(health)[each] for each in ("lamp/q", "wifi")} == {Condition.SILENT}
    health.seen([reading("lamp"), reading("wifi")])
    assert set(conditions(health).values()) == {Condition.WELL}


def test_a_suppressed_silence_is_unknown_and_does_not_count_as_an_alarm() -> None:
    health = Health(POLE, ManualClock())
    health.seen([reading(each) for each in ("pole", "lamp", "wifi")])
    silence = replace(alarm("wifi", "", priority=1), kind="silent", suppressed_by="gateway|g-*|")
    health.alarms([silence])
    found = state(health, "d")
    assert (found.alarms, found.priority, found.condition) == (0, 0, Condition.UNKNOWN)
    health.alarms([replace(silence, suppressed_by="")])
    assert (state(health, "wifi").condition, state(health, "d").alarms) == (Condition.BAD, 1)
    health.alarms([silence])
    assert state(health, "d").alarms == 0
