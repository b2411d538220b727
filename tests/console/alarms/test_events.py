"""Events of other systems raise and return alarms; the event and the alarm are two things."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from console.alarms import transitions
from console.alarms.reducer import Reducer
from console.alarms.rulebook import Rulebook
from db.alarm_records import Alarm, AlarmState, Rule
from db.events import StoredEvent
from db.readings import StoredReading
from db.records import Event, Flag, Reading

T0 = 1_000_000
BELL = Rule("bell", "event", types=("bell*",), priority=1)


def engine(*rules: Rule) -> Reducer:
    reducer = Reducer(Rulebook(rules or (BELL,)))
    reducer.start(T0)
    return reducer


def event(status: Any = "occurred", at: int = 0, key: str = "k1", **fields: Any) -> Event:
    given = {"origin_system": "platform", "type": "bell.sos", "source": "bell-7"} | fields
    received = given.pop("received", at)
    return Event(origin_key=key, status=status, observed_ms=T0 + at, received_ms=T0 + received, **given)


def feed(reducer: Reducer, *events: Event) -> list[tuple[str, int]]:
    reducer.events([StoredEvent(number, each) for number, each in enumerate(events, 1)])
    return told(reducer)


def told(reducer: Reducer) -> list[tuple[str, int]]:
    return [(each.verb, each.at_ms - T0) for each in reducer.transitions]


def alarms(reducer: Reducer) -> list[Alarm]:
    return [watch.alarm for watch in reducer.watches.values() if watch.alarm is not None]


def test_an_event_raises_and_its_end_returns() -> None:
    reducer = engine()
    assert feed(reducer, event(), event("changed", 10), event("ended", 20)) == [
        ("raised", 0),
        ("returned", 20),
    ]
    (alarm,) = alarms(reducer)
    assert (alarm.id, alarm.source, alarm.priority, alarm.look) == ("bell|platform|k1", "bell-7", 1, "event")


@pytest.mark.parametrize("status", ["cleared", "ended", "cancelled"])
def test_every_word_for_over_returns_it(status: str) -> None:
    assert [verb for verb, _ in feed(engine(), event(), event(status, 5))] == ["raised", "returned"]


def test_a_change_raises_where_the_beginning_was_missed() -> None:
    assert feed(engine(), event("changed", 3)) == [("raised", 3)]


def test_trap_7_an_event_that_closes_before_it_opens_raises_nothing() -> None:
    reducer = engine()
    assert feed(reducer, event("ended", 50), event("occurred", 10, received=60)) == []
    assert feed(reducer, event("occurred", 50, received=70)) == []


def test_trap_7_the_end_is_remembered_across_a_restart() -> None:
    reducer = engine()
    feed(reducer, event("ended", 50))
    fresh = engine()
    fresh.resume(reducer.watches.values(), {})
    assert feed(fresh, event("occurred", 10, received=60)) == []


def test_an_event_that_begins_again_is_a_new_activation() -> None:
    reducer = engine()
    feed(reducer, event(), event("ended", 20), event("occurred", 30))
    assert [(a.activation, a.state) for a in alarms(reducer)] == [(2, AlarmState.UNACKNOWLEDGED)]


@pytest.mark.parametrize("flag", [Flag.RETAINED, Flag.HISTORICAL, Flag.BACKFILL, Flag.FORECAST])
def test_trap_16_what_is_retained_old_or_predicted_raises_nothing(flag: Flag) -> None:
    assert feed(engine(), event(flags=int(flag))) == []


def test_an_exercise_neither_raises_nor_returns() -> None:
    assert feed(engine(), event(exercise=True)) == []
    assert feed(engine(), event(), event("ended", 5, exercise=True)) == [("raised", 0)]


def test_an_end_that_was_fetched_afterwards_returns_the_alarm() -> None:
    assert feed(engine(), event(), event("ended", 5, flags=int(Flag.BACKFILL)))[1:] == [("returned", 5)]


def test_an_end_from_before_the_beginning_does_not_return_it() -> None:
    assert feed(engine(), event(at=10), event("ended", 5, received=20)) == [("raised", 10)]


def test_trap_9_a_clear_takes_both_alerts_back() -> None:
    reducer = engine(Rule("cap", "event", origins=("cap:*",), grades=("AL1", "AL2")))
    for key, grade in (("m1", "AL1"), ("m2", "AL2")):
        feed(reducer, event(key=key, origin_system="cap:112", type="flood", grade=grade))
    feed(reducer, *(event("cleared", 9, key, origin_system="cap:112", type="flood") for key in ("m1", "m2")))
    assert [verb for verb, _ in told(reducer)] == ["raised", "raised", "returned", "returned"]


def test_trap_8_one_key_of_two_systems_is_two_alarms() -> None:
    reducer = engine()
    feed(reducer, event(origin_system="B11"), event(origin_system="B41"))
    assert len(alarms(reducer)) == 2


def test_a_grade_that_leaves_the_rule_returns_its_alarm() -> None:
    reducer = engine(Rule("warning", "event", grades=("경보",)))
    assert feed(reducer, event(grade="경보"), event("changed", 9, grade="주의보")) == [
        ("raised", 0),
        ("returned", 9),
    ]


@pytest.mark.parametrize(
    ("fields", "raises"),
    [
        ({"types": ("fire",)}, False),
        ({"types": ("fire", "bell.sos")}, True),
        ({"origins": ("plat*",)}, True),
        ({"source": "cam-*"}, False),
        ({"grades": ("AL1",)}, False),
        ({"hours": "0-1"}, False),
    ],
)
def test_patterns_choose_the_events(fields: dict[str, Any], raises: bool) -> None:
    shifted = 12 * 3_600_000
    assert bool(feed(engine(Rule("r", "event", **fields)), event(at=shifted))) is raises


CCTV = Rule("cctv", "event", by="source", quiet_s=60.0, hold_s=20.0)


def test_a_camera_that_repeats_itself_is_one_alarm() -> None:
    reducer = engine(CCTV)
    feed(reducer, *(event(at=n * 1000, key=f"k{n}") for n in range(10)))
    assert told(reducer) == [("raised", 0)]
    assert alarms(reducer)[0].id == "cctv|bell-7|"


def test_without_another_statement_it_returns_by_itself() -> None:
    reducer = engine(CCTV)
    feed(reducer, event(), event("changed", 5000))
    reducer.tick(T0 + 26_000)
    assert told(reducer) == [("raised", 0), ("returned", 25_000)]


def test_in_the_cool_down_nothing_is_raised_and_what_goes_on_after_it_is() -> None:
    reducer = engine(CCTV)
    feed(reducer, event(), event("ended", 1000), event(at=2000, key="k2"))
    reducer.tick(T0 + 59_999)
    assert told(reducer) == [("raised", 0), ("returned", 1000)]
    reducer.tick(T0 + 61_000)
    assert told(reducer)[2:] == [("raised", 60_000)]


def test_one_that_ends_in_the_cool_down_is_not_raised() -> None:
    reducer = engine(CCTV)
    feed(reducer, event(), event("ended", 1000), event(at=2000, key="k2"), event("ended", 3000, key="k2"))
    reducer.tick(T0 + 120_000)
    assert told(reducer) == [("raised", 0), ("returned", 1000)]


def test_a_source_returns_when_the_last_of_its_events_ends() -> None:
    reducer = engine(Rule("cctv", "event", by="source"))
    feed(reducer, event(), event(at=1, key="k2"), event("ended", 2), event("ended", 3, key="k2", source=""))
    assert told(reducer) == [("raised", 0), ("returned", 3)]


def test_so_many_events_in_a_window_are_one_alarm() -> None:
    reducer = engine(Rule("burst", "count", of="events", types=("jaywalk",), least=3, window_s=60.0))
    feed(reducer, *(event(at=n * 10_000, key=f"k{n}", type="jaywalk") for n in range(3)))
    assert told(reducer) == [("raised", 20_000)]
    reducer.tick(T0 + 81_000)
    assert told(reducer)[1:] == [("returned", 80_000)]


def test_an_ended_event_is_forgotten_after_a_week_unless_it_waits_for_somebody() -> None:
    reducer = engine()
    feed(reducer, event(), event("ended", 5), event("ended", 6, key="k2"))
    week = 8 * 86_400_000
    reducer.tick(T0 + week)
    assert set(reducer.watches) == {"bell|platform|k1"}
    done = transitions.acknowledge(reducer.watches["bell|platform|k1"], "kim", "", T0 + week)
    reducer.replace(done.watch)
    reducer.tick(T0 + 2 * week)
    assert reducer.watches == {}


def both(events: Sequence[Event], cut: int) -> list[list[tuple[str, int]]]:
    whole, broken = engine(BELL, CCTV), engine(BELL, CCTV)
    whole.events([StoredEvent(n, each) for n, each in enumerate(events, 1)])
    broken.events([StoredEvent(n, each) for n, each in enumerate(events[:cut], 1)])
    fresh = Reducer(broken.rulebook, steady=broken.steady, shift=broken.shift)
    fresh.resume(broken.watches.values(), broken.seen, broken.gathered)
    fresh.transitions = broken.transitions
    fresh.events([StoredEvent(n, each) for n, each in enumerate(events[cut:], cut + 1)])
    return [told(whole), told(fresh)]


def test_stopping_between_any_two_events_changes_nothing() -> None:
    events = [
        event(status, at * 7000, f"k{at % 3}")
        for at, status in enumerate(["occurred", "ended", "occurred", "changed", "ended", "occurred"] * 3)
    ]
    for cut in range(len(events)):
        one, other = both(events, cut)
        assert one == other


def test_an_event_silences_nobody_whose_readings_are_not_judged_yet() -> None:
    reducer = engine(BELL, Rule("silent", "silent", silent_s=5.0))
    reducer.readings([StoredReading(1, Reading("s", "q", 1.0, T0, T0))])
    assert feed(reducer, event(at=60_000)) == [("raised", 60_000)]
    reducer.readings([StoredReading(2, Reading("s", "q", 1.0, T0 + 4000, T0 + 4000))])
    assert [each.alarm.rule for each in reducer.transitions] == ["bell"]


def test_a_beginning_stamped_in_the_future_can_still_end() -> None:
    assert feed(engine(), event(at=9_000_000, received=0), event("ended", 5000))[1:] == [("returned", 5000)]
