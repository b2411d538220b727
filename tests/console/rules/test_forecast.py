"""A forecast says what the engine does: the same alarms at the same times, from rows or sealed."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from sqlite_utils import Database

from console.alarms.evaluate import SETTLE_MS, Evaluator
from console.clock import ManualClock
from console.rules import forecast
from console.rules.forecast import Asked
from console.tasks import Cancelled
from db import connection, entries, events, feed, ops, past, readings, sealing
from db.alarm_records import Rule
from db.asset_records import Asset
from db.records import Event, Reading
from db.rule_records import Outcome, Tried

KEY = bytes(32)
START = 1_800_000_000_000
RULES = [
    Rule("now", "threshold", above=10.0, deadband=2.0),
    Rule("slow", "threshold", above=10.0, on_delay_s=30.0, off_delay_s=20.0),
    Rule("paused", "threshold", below=3.0, quiet_s=90.0, latch=True),
    Rule("both", "threshold", above=12.0, if_quantity="q", if_below=14.0),
    Rule("hours", "threshold", above=8.0, hours="17-18"),
    Rule("quiet", "silent", silent_s=40.0),
    Rule("all", "silent", source="a*", silent_s=60.0, group=True),
    Rule("mean", "average", window_s=30.0, hold=2, above=8.0),
    Rule("fast", "rate", above=0.2, per_s=1.0, window_s=20.0),
    Rule("moved", "change", above=5.0, baseline=6.0),
    Rule("same", "stuck", window_s=30.0),
    Rule("often", "count", above=10.0, least=2, window_s=60.0),
    Rule("odd", "cross", source="b", others=("a1", "a2"), above=5.0),
    Rule("said", "event", types=("t",), outage=True),
    Rule("camera", "event", by="source", quiet_s=30.0, hold_s=20.0),
    Rule("many", "count", of="events", least=2, window_s=60.0),
]
ASSETS = [
    Asset("d", "district", "D"),
    Asset("p", "device", "전주", parent="d", source="b"),
    Asset("v", "device", "V", parent="d", source="a1", power_parent="p"),
    Asset("n", "device", "N", parent="d", source="never"),
]
sent = st.tuples(st.sampled_from(["a1", "a2", "b"]), st.sampled_from([1.0, 2.5, 9.0, 11.0, 13.0]))
steps = st.lists(
    st.one_of(
        st.tuples(st.just("values"), st.sampled_from([1, 7, 20, 33, 65]), st.lists(sent, max_size=3)),
        st.tuples(st.just("event"), st.sampled_from([1, 15]), st.sampled_from(["occurred", "ended"])),
        st.tuples(st.just("restart"), st.sampled_from([1, 300]), st.just(None)),
        st.tuples(st.just("jump"), st.sampled_from([1, 5]), st.sampled_from([3_600, 86_400])),
    ),
    max_size=30,
)


class Room:
    """A console's stores and its engine, which steps after each thing that comes."""

    def __init__(self, folder: Path) -> None:
        self.feed = connection.open_writer(folder / "feed.db", KEY, feed.migrations)
        self.ops = connection.open_writer(folder / "ops.db", KEY, ops.migrations)
        self.clock = ManualClock(START)
        self.evaluator = Evaluator(RULES, ASSETS, self.clock)
        self.count = 0
        self.step()

    def close(self) -> None:
        self.feed.close()
        self.ops.close()

    def step(self) -> None:
        with self.ops.atomic():
            self.evaluator.step(self.ops, self.feed, None, self.clock.now_ms())

    def live(self, seconds: int) -> None:
        """Time goes on, and the engine looks at the clock every second."""
        for _ in range(seconds):
            self.clock.advance(1)
            self.step()

    def do(self, kind: str, seconds: int, what: Any) -> None:
        if kind == "restart":
            self.clock.advance(seconds)
            self.evaluator = Evaluator(RULES, ASSETS, self.clock)
        elif kind == "jump":
            self.clock.set_wall(self.clock.now_ms() + what * 1000)
            self.step()
            self.live(seconds)
        else:
            self.live(seconds)
        now = self.clock.now_ms()
        with self.feed.atomic():
            if kind == "values":
                found = [Reading(source, "q", value, now + n, now) for n, (source, value) in enumerate(what)]
                readings.add(self.feed, "f", found)
            elif kind == "event":
                self.count += what == "occurred"
                key = f"k{self.count}"
                events.add(self.feed, "f", Event("o", key, "t", what, now, now, source="b"))
        self.step()

    def seal(self) -> None:
        """All but the newest minute leaves the rows."""
        now = self.clock.now_ms()
        terms = sealing.Terms(readings.last_id(self.feed), now, now - 60_000, now - 60_000)
        with self.feed.atomic():
            for source in {each.source for each in readings.series(self.feed)}:
                while not sealing.seal(self.feed, source, terms)[1]:
                    pass

    def raised(self) -> dict[str, list[tuple[int, str]]]:
        """What the engine raised, per rule."""
        found: dict[str, list[tuple[int, str]]] = {rule.id: [] for rule in RULES}
        for entry in reversed(entries.newest(self.ops, 100_000)):
            if entry.type == "alarm.raised":
                found[entry.subject.partition("|")[0]].append((entry.at_ms, entry.subject))
        return {rule: sorted(each) for rule, each in found.items()}

    def tries(self, rule: Rule, since_ms: int = START) -> Tried:
        until_ms = self.clock.now_ms() - SETTLE_MS
        asked = Asked(rule, since_ms, until_ms + 1, RULES, ASSETS)
        return forecast.run(asked, self.feed, self.ops, lambda done, of: None)


def raised(outcome: Outcome) -> list[tuple[int, str]]:
    return sorted((each.raised_ms, each.alarm) for each in outcome.activations)


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    room = Room(tmp_path)
    yield room
    room.close()


@settings(max_examples=60, deadline=None)
@given(steps=steps, is_sealed=st.booleans())
def test_a_forecast_equals_what_the_engine_did(steps: list[tuple[str, int, Any]], is_sealed: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        room = Room(Path(folder))
        try:
            for kind, seconds, what in steps:
                room.do(kind, seconds, what)
            room.live(100)
            if is_sealed:
                room.seal()
            done = room.raised()
            for rule in RULES:
                assert raised(room.tries(rule).outcome) == done[rule.id], rule.id
        finally:
            room.close()


def test_the_present_rule_is_tried_beside_the_new_one(room: Room) -> None:
    for value in (11.0, 1.0, 13.0, 1.0):
        room.do("values", 100, [("b", value)])
    room.live(100)
    tried = room.tries(replace(RULES[0], above=12.0))
    assert (tried.outcome.count, tried.present.count if tried.present else None) == (1, 2)
    assert room.tries(Rule("new", "threshold", above=10.0)).present is None
    (first, second) = tried.present.activations if tried.present else ()
    assert (first.value, first.returned_ms) == (11.0, START + 200_000)
    assert (second.source, second.raised_ms) == ("b", START + 300_000)


def test_what_is_seen_from_the_middle_is_warm(room: Room) -> None:
    room.do("values", 10, [("b", 11.0)])
    room.live(200)
    slow = RULES[1]
    assert raised(room.tries(slow, START + 25_000).outcome) == [(START + 40_000, "slow|b|q")]
    assert raised(room.tries(slow, START + 60_000).outcome) == []


def test_a_rule_that_is_switched_off_does_nothing(room: Room) -> None:
    room.do("values", 10, [("b", 11.0)])
    room.live(10)
    assert room.tries(replace(RULES[0], enabled=False)).outcome.count == 0


def test_the_worst_ten_minutes_count_what_other_rules_called_for_beside(room: Room) -> None:
    for _ in range(4):
        room.do("values", 50, [("b", 13.0), ("a1", 13.0)])
        room.do("values", 10, [("b", 1.0), ("a1", 1.0)])
    room.live(100)
    outcome = room.tries(RULES[0]).outcome
    assert (outcome.count, outcome.peak, outcome.source_count) == (8, 8, 2)
    named = {each.name: each.count for each in outcome.beside}
    assert set(named) == {rule for rule, found in room.raised().items() if found and rule != "now"}
    assert outcome.beside_count == sum(named.values())


def test_a_day_within_the_limits_is_not_even_unpacked(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    for value in (1.0, 2.5, 1.0):
        room.do("values", 60, [("b", value)])
    room.live(100)
    room.seal()

    def refuse(db: Database, chunk: object) -> None:
        raise AssertionError("unpacked")

    monkeypatch.setattr(past.history, "load", refuse)
    assert room.tries(RULES[0]).outcome.count == 0
    with pytest.raises(AssertionError, match="unpacked"):
        room.tries(Rule("low", "threshold", above=2.0))


def test_it_can_be_ended_between_two_pieces_of_work(room: Room) -> None:
    room.do("values", 60, [("b", 13.0)])

    def told(done: int, of: int) -> None:
        raise Cancelled("cancelled")

    with pytest.raises(Cancelled):
        forecast.run(Asked(RULES[0], START, START + 70_000, RULES, ASSETS), room.feed, room.ops, told)
