"""An explanation is what the engine did: by which values, after which delay, by which version."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from console.errors import Refused
from console.rules import overlay
from console.rules.explain import explain, thinned
from console.rules.overlay import Base
from db.rule_records import Explained, Point, RuleEdit
from tests.console.rules.test_forecast import ASSETS, RULES, START, Room, sent

BASE = Base(tuple(RULES))
steps = st.lists(
    st.one_of(
        st.tuples(st.just("values"), st.sampled_from([1, 7, 20, 33, 65]), st.lists(sent, max_size=3)),
        st.tuples(st.just("event"), st.sampled_from([1, 15]), st.sampled_from(["occurred", "ended"])),
        st.tuples(st.just("restart"), st.sampled_from([1, 300]), st.just(None)),
    ),
    max_size=20,
)


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    room = Room(tmp_path)
    yield room
    room.close()


def told(room: Room, alarm: str, activation: int = 0, edits: tuple[RuleEdit, ...] = ()) -> Explained:
    seen = overlay.seen(BASE, edits)
    now = room.clock.now_ms()
    return explain(alarm, activation, seen, ASSETS, "Asia/Seoul", room.ops, room.feed, now)


@settings(max_examples=25, deadline=None)
@given(steps=steps)
def test_every_alarm_is_explained_by_what_is_stored(steps: list[tuple[str, int, Any]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        room = Room(Path(folder))
        try:
            for kind, seconds, what in steps:
                room.do(kind, seconds, what)
            room.live(100)
            for rule, found in room.raised().items():
                counts: dict[str, int] = {}
                for at_ms, alarm in found:
                    counts[alarm] = counts.get(alarm, 0) + 1
                    explained = told(room, alarm, counts[alarm])
                    assert explained.raised_ms == at_ms
                    assert explained.is_shown, (rule, explained)
                    assert explained.rule is not None and explained.rule.rule.id == rule
        finally:
            room.close()


def test_a_delay_is_told_by_where_it_began_and_ended(room: Room) -> None:
    room.do("values", 10, [("b", 11.0)])
    room.live(50)
    room.do("values", 5, [("b", 1.0)])
    room.live(60)
    explained = told(room, "slow|b|q")
    assert explained.began is not None and explained.back is not None
    assert (explained.began.received_ms, explained.began.value) == (START + 10_000, 11.0)
    assert explained.raised_ms == START + 40_000
    assert (explained.back.received_ms, explained.back.value) == (START + 65_000, 1.0)
    assert explained.returned_ms == START + 85_000
    assert (explained.figure, explained.limit) == (11.0, 10.0)
    assert [each.value for each in explained.values] == [11.0, 1.0]


def test_a_mean_is_told_with_its_windows(room: Room) -> None:
    for _ in range(8):
        room.do("values", 15, [("a1", 12.0)])
    explained = told(room, "mean|a1|q")
    assert explained.is_shown and {each.value for each in explained.figures} == {12.0}
    assert explained.figures[0].at_ms % 30_000 == 0


def test_a_silence_is_told_by_when_something_was_heard_last_and_its_cause(room: Room) -> None:
    room.do("values", 10, [("a1", 1.0), ("b", 1.0)])
    room.do("values", 30, [("a2", 1.0)])
    room.live(90)
    explained = told(room, "quiet|a1|")
    assert explained.heard_ms == START + 10_000
    assert explained.cause is not None and explained.cause.id == "all|a*|"


def test_a_comparison_is_told_with_the_others(room: Room) -> None:
    room.do("values", 10, [("a1", 1.0), ("a2", 2.5)])
    room.do("values", 10, [("b", 13.0)])
    explained = told(room, "odd|b|q")
    assert [(each.source, each.value) for each in explained.neighbours] == [("a1", 1.0), ("a2", 2.5)]
    assert explained.figure == 13.0 - 1.75


def test_the_version_is_that_of_the_time(room: Room) -> None:
    room.do("values", 10, [("b", 11.0)])
    room.live(5)
    edit = RuleEdit(replace(RULES[0], above=5.0), 2, "put", START + 12_000, "kim", "why")
    explained = told(room, "now|b|q", edits=(edit,))
    assert explained.rule is not None
    assert (explained.rule.version, explained.rule.rule.above, explained.is_present) == (1, 10.0, False)
    assert told(room, "now|b|q").is_present


def test_a_value_that_was_passed_over_is_marked(room: Room) -> None:
    room.do("values", 10, [("b", 11.0)])
    assert [each.is_judged for each in told(room, "now|b|q").values] == [True]


def test_who_did_what_stands_in_order(room: Room) -> None:
    room.do("values", 10, [("b", 11.0)])
    room.do("values", 10, [("b", 1.0)])
    assert [each.verb for each in told(room, "now|b|q").steps] == ["raised", "returned"]


def test_an_alarm_that_never_was_is_refused(room: Room) -> None:
    with pytest.raises(Refused, match="no activation"):
        told(room, "now|x|q")


def test_an_alarm_of_a_rule_that_is_gone_is_told_without_it(room: Room) -> None:
    room.do("values", 10, [("b", 11.0)])
    now = room.clock.now_ms()
    explained = explain("now|b|q", 0, [], ASSETS, "Asia/Seoul", room.ops, room.feed, now)
    assert (explained.rule, explained.is_present, explained.figure) == (None, False, 11.0)


def test_thinning_keeps_the_lowest_and_the_highest() -> None:
    points = [Point(n, float(n % 97)) for n in range(10_000)]
    kept = thinned(points, 100)
    assert len(kept) <= 101 and {0.0, 96.0} <= {each.value for each in kept}
    assert [each.at_ms for each in kept] == sorted(each.at_ms for each in kept)
