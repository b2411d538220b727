"""The fold: time is what the log says, and where it was cut does not matter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from console.alarms import aside, transitions
from console.alarms.reducer import Reducer
from console.alarms.rulebook import Rulebook
from console.alarms.transitions import Moved, Transition
from db.alarm_records import Maintenance, OutOfService, Rule, Shelf
from db.alarms import Gathered, Watch
from db.asset_records import Asset
from db.readings import StoredReading
from db.records import Flag, Reading

T0 = 1_000_000
RULES = [
    Rule("now", "threshold", source="a*", above=10.0, deadband=2.0),
    Rule("slow", "threshold", above=10.0, on_delay_s=3.0, off_delay_s=2.0, deadband=1.0),
    Rule("low", "threshold", source="b", quantity="q", below=3.0, on_delay_s=1.0),
    Rule("quiet", "silent", silent_s=4.0),
    Rule("mean", "average", quantity="p", window_s=2.0, hold=2, above=9.0, clear=8.0, at_limit=True),
    Rule("fast", "rate", source="b", window_s=2.0, per_s=1.0, above=3.0, below=-3.0),
    Rule("moved", "change", baseline_hours=0.001, above=5.0, quiet_s=4.0),
    Rule("same", "stuck", window_s=2.0, latch=True),
    Rule("often", "count", quantity="q", above=10.0, least=2, window_s=5.0),
    Rule("odd", "cross", source="a", others=("b",), above=5.0, window_s=9.0),
    Rule("if", "threshold", source="a", quantity="q", above=10.0, if_quantity="p", if_below=9.0),
    Rule("soon", "forecast", above=10.0, priority=4),
    Rule("call", "threshold", source="b", quantity="p", above=10.0, escalate_s=2.0, realarm_s=1.5),
    Rule("keep", "silent", source="b", quantity="p", silent_s=4.0, realarm_s=3.0, latch=True),
    Rule("away", "silent", source="a*", group=True, silent_s=3.0),
    Rule("quiet-q", "silent", source="a", quantity="q", silent_s=2.0, on_delay_s=1.0, off_delay_s=1.0),
]
ASSETS = [
    Asset("d", "district", "D"),
    Asset("v", "device", "V", parent="d", source="never"),
    Asset("a-device", "channel", "A", parent="d", source="a", quantity="q"),
]

Event = tuple[str, Any]
SIZES = st.lists(st.integers(0, 9), min_size=1, max_size=5)


def engine(rules: Sequence[Rule] = RULES) -> Reducer:
    return Reducer(Rulebook(rules, ASSETS))


def stored(
    number: int, source: str, quantity: str, value: float, at_ms: int, flags: int = 0
) -> StoredReading:
    return StoredReading(number, Reading(source, quantity, value, at_ms, at_ms, flags=flags))


def feed(reducer: Reducer, *values: tuple[int, float], source: str = "a", flags: int = 0) -> list[Transition]:
    reducer.readings(stored(n, source, "q", value, T0 + at, flags) for n, (at, value) in enumerate(values))
    return reducer.transitions


def told(found: Sequence[Transition]) -> list[tuple[str, str, int]]:
    return [(each.alarm.rule, each.verb, each.at_ms - T0) for each in found]


def apply(reducer: Reducer, event: Event) -> None:
    kind, what = event
    match kind:
        case "reading":
            reducer.readings([what])
        case "tick":
            reducer.tick(what)
        case "jump":
            reducer.jump(what)
        case "window":
            reducer.timed.take_windows([*reducer.timed.windows.values(), what], reducer.shift)
        case act:
            operate(reducer, act, what)


def operate(reducer: Reducer, act: str, at_ms: int) -> None:
    """An operator does the same with every alarm there is."""
    steady = at_ms - reducer.shift
    for watch in sorted(reducer.watches.values(), key=lambda each: each.id):
        moved = ACTS[act](watch, at_ms, steady)
        if moved.transition:
            reducer.replace(moved.watch)
            reducer.transitions.append(moved.transition)


ACTS: dict[str, Callable[[Watch, int, int], Moved]] = {
    "acknowledge": lambda watch, at, _: transitions.acknowledge(watch, "kim", "", at),
    "reset": lambda watch, at, _: transitions.reset(watch, "", at),
    "shelve": lambda watch, at, steady: aside.shelve(watch, Shelf("kim", at, at + 5_000, "x"), steady),
    "unshelve": lambda watch, at, _: aside.unshelve(watch, "kim", at),
    "take out": lambda watch, at, steady: aside.take_out(
        watch, OutOfService("kim", at, "W", "", at + 7_000), steady
    ),
    "put back": lambda watch, at, _: aside.put_back(watch, at, loud=True),
    "comment": lambda watch, at, _: aside.comment(watch, "seen", at),
    "assign": lambda watch, at, _: aside.assign(watch, "lee", at),
}


def resumed(reducer: Reducer) -> Reducer:
    """The same engine after everything went through bytes."""
    body = msgspec.msgpack.encode((list(reducer.watches.values()), reducer.seen, reducer.gathered))
    watches, seen, gathered = msgspec.msgpack.decode(
        body, type=tuple[list[Watch], dict[str, int], dict[str, Gathered]]
    )
    fresh = Reducer(Rulebook(RULES, ASSETS), steady=reducer.steady, shift=reducer.shift)
    windows = msgspec.msgpack.encode(list(reducer.timed.windows.values()))
    fresh.timed.take_windows(msgspec.msgpack.decode(windows, type=list[Maintenance]), reducer.shift)
    assert fresh.resume(watches, seen, gathered) == []
    fresh.transitions = list(reducer.transitions)
    return fresh


@st.composite
def logs(draw: st.DrawFn) -> list[Event]:
    events: list[Event] = []
    now = T0
    for number in range(draw(st.integers(1, 40))):
        now += draw(st.sampled_from([0, 0, 1, 500, 999, 1000, 2000, 3000, 9000]))
        kind = draw(st.sampled_from(["reading"] * 12 + ["tick", "jump", "window", *ACTS]))
        if kind == "reading":
            source, quantity = draw(st.sampled_from("ab")), draw(st.sampled_from("qp"))
            value = draw(st.sampled_from([1.0, 8.5, 9.5, 11.0, 20.0]))
            flags = draw(st.sampled_from([0] * 7 + [int(Flag.RETAINED), int(Flag.FORECAST)]))
            what = stored(number, source, quantity, value, now, flags)
            if flags == Flag.FORECAST:
                ahead = what.reading.received_ms + draw(st.sampled_from([60_000, 3_600_000]))
                what = what._replace(reading=replace(what.reading, observed_ms=ahead))
            events.append((kind, what))
        elif kind == "jump":
            by_ms = draw(st.sampled_from([-7_200_000, 3_600_000]))
            now += by_ms
            events.append((kind, by_ms))
        elif kind == "window":
            since = now + draw(st.sampled_from([0, 1500]))
            asset = draw(st.sampled_from(["d", "a-device"]))
            events.append((kind, Maintenance(f"w{number}", asset, since, since + 6_000, "W", "", "lee", now)))
        else:
            events.append((kind, now))
    return events


@settings(deadline=None, max_examples=150)
@given(logs(), st.sets(st.integers(0, 40)), SIZES)
def test_stopping_anywhere_changes_no_byte(log: list[Event], stops: set[int], sizes: list[int]) -> None:
    stop_anywhere(log, stops, sizes)


@pytest.mark.long
@pytest.mark.timeout(3600)
@settings(deadline=None, max_examples=10_000, suppress_health_check=list(HealthCheck))
@given(logs(), st.sets(st.integers(0, 40)), SIZES)
def test_10_000_random_logs_stopped_anywhere_change_no_byte(
    log: list[Event], stops: set[int], sizes: list[int]
) -> None:
    stop_anywhere(log, stops, sizes)


def stop_anywhere(log: list[Event], stops: set[int], sizes: list[int]) -> None:
    """One engine takes event by event; the other is resumed from bytes and takes readings by the batch."""
    whole, broken = engine(), engine()
    whole.start(T0)
    broken.start(T0)
    waiting: list[StoredReading] = []
    for place, event in enumerate(log):
        apply(whole, event)
        if event[0] == "reading" and place not in stops and len(waiting) < sizes[place % len(sizes)]:
            waiting.append(event[1])
            continue
        broken.readings(waiting)
        waiting = []
        if place in stops:
            broken = resumed(broken)
        apply(broken, event)
    broken.readings(waiting)
    assert msgspec.msgpack.encode(broken.transitions) == msgspec.msgpack.encode(whole.transitions)
    assert (broken.watches, broken.seen) == (whole.watches, whole.seen)


@settings(deadline=None, max_examples=200)
@given(logs(), st.lists(st.integers(1, 9), min_size=1))
def test_batches_and_ticks_that_lag_change_no_byte(log: list[Event], sizes: list[int]) -> None:
    readings = [what for kind, what in log if kind == "reading"]
    readings.sort(key=lambda each: each.reading.received_ms)
    one, other = engine(), engine()
    one.start(T0)
    other.start(T0)
    one.readings(readings)
    at = turn = 0
    while at < len(readings):
        size = sizes[turn % len(sizes)]
        other.readings(readings[at : at + size])
        at, turn = at + size, turn + 1
        if at < len(readings):
            other.tick(readings[at].reading.received_ms)
    assert msgspec.msgpack.encode(other.transitions) == msgspec.msgpack.encode(one.transitions)


def test_a_timer_fires_at_its_own_time_however_late_it_is_noticed() -> None:
    reducer = engine([RULES[1]])
    assert told(feed(reducer, (0, 20.0), (60_000, 20.0))) == [("slow", "raised", 3000)]


def test_a_timer_due_when_a_reading_comes_fires_before_it() -> None:
    reducer = engine([RULES[1]])
    assert told(feed(reducer, (0, 20.0), (3000, 1.0))) == [("slow", "raised", 3000)]


def test_chatter_inside_the_delay_raises_nothing() -> None:
    reducer = engine([RULES[1]])
    feed(reducer, *[(n * 1000, 20.0 if n % 2 else 5.0) for n in range(30)])
    assert reducer.transitions == []


def test_flagged_readings_neither_raise_nor_return_nor_prove_life() -> None:
    for flag in Flag:
        reducer = engine([RULES[0], RULES[3]])
        assert feed(reducer, (0, 99.0), flags=flag) == []
        feed(reducer, (0, 99.0))
        assert told(feed(reducer, (1000, 0.0), (5000, 0.0), flags=flag)) == [
            ("now", "raised", 0),
            ("quiet", "raised", 4000),
        ]


def test_a_source_that_stops_is_silent_and_returns_when_it_speaks() -> None:
    reducer = engine([RULES[3]])
    feed(reducer, (0, 1.0), (3999, 1.0))
    assert not reducer.tick(T0 + 7998)
    assert reducer.tick(T0 + 7999)
    feed(reducer, (9000, 1.0))
    assert told(reducer.transitions) == [("quiet", "raised", 7999), ("quiet", "returned", 9000)]


def test_a_source_of_the_tree_that_never_speaks_is_silent() -> None:
    reducer = engine([RULES[3]])
    reducer.start(T0)
    reducer.tick(T0 + 60_000)
    silent = [(each.alarm.source, each.at_ms) for each in reducer.transitions]
    assert silent == [("a", T0 + 4000), ("never", T0 + 4000)]


def test_a_jump_of_the_clock_silences_nobody() -> None:
    reducer = engine([RULES[3], RULES[1]])
    feed(reducer, (0, 20.0))
    reducer.jump(3_600_000)
    reducer.tick(T0 + 3_600_000 + 2000)
    assert reducer.transitions == []
    feed(reducer, (3_600_000 + 2500, 1.0))
    assert reducer.transitions == []


def test_a_rule_that_is_gone_returns_its_alarm() -> None:
    reducer = engine()
    feed(reducer, (0, 20.0))
    fresh = Reducer(Rulebook([RULES[1]]), steady=reducer.steady)
    orphans = fresh.resume(reducer.watches.values(), reducer.seen)
    for watch in orphans:
        fresh.withdraw(watch, T0 + 5)
    assert told(fresh.transitions) == [("now", "returned", 5)]


def test_trap_24_a_forecast_is_of_low_priority_marked_and_only_for_its_rules() -> None:
    reducer = engine([RULES[0], Rule("soon", "forecast", above=10.0, horizon_s=7200.0, priority=4)])

    def forecast(at: int, *values: tuple[float, float]) -> None:
        reducer.readings(
            StoredReading(
                n, Reading("a", "q", value, T0 + at + round(h * 3_600_000), T0 + at, flags=Flag.FORECAST)
            )
            for n, (h, value) in enumerate(values)
        )

    forecast(0, (3.0, 99.0))
    assert reducer.transitions == []
    forecast(1000, (1.0, 5.0), (1.5, 12.0))
    assert [(t.alarm.rule, t.alarm.priority, t.alarm.look) for t in reducer.transitions] == [
        ("soon", 4, "forecast")
    ]
    forecast(2000, (1.0, 5.0), (1.5, 6.0))
    forecast(3000, (1.0, 5.0))
    assert told(reducer.transitions) == [("soon", "raised", 1000), ("soon", "returned", 3000)]


def test_the_extremes_of_a_quantity_have_alarms_of_their_own() -> None:
    reducer = engine([RULES[0]])
    reading = Reading("a", "q", 99.0, T0, T0, statistic="max")
    reducer.readings([StoredReading(1, reading), *[stored(2, "a", "q", 1.0, T0)]])
    assert [each.alarm.id for each in reducer.transitions] == ["now|a|q/max"]
