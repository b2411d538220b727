"""Exactly once: the evaluator over real stores, cut and rolled back anywhere."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.alarms import jobs
from console.alarms.evaluate import SETTLE_MS, Evaluator
from console.alarms.lines import entry_of
from console.alarms.reducer import Reducer
from console.alarms.rulebook import Rulebook
from console.clock import ManualClock
from console.errors import Refused
from db import alarms, arrivals, connection, entries, events, feed, ops, readings
from db.alarm_records import Alarm, AlarmState, Rule
from db.asset_records import Asset
from db.readings import StoredReading
from db.records import Draft, Event, Reading

KEY = bytes(32)
RULES = [
    Rule("now", "threshold", source="a*", above=10.0, deadband=2.0),
    Rule("slow", "threshold", above=10.0, on_delay_s=3.0, off_delay_s=2.0),
    Rule("quiet", "silent", silent_s=5.0),
    Rule("mean", "average", source="b", window_s=2.0, hold=2, above=8.0),
    Rule("same", "stuck", source="c", window_s=3.0),
    Rule("often", "count", source="c", above=10.0, least=2, window_s=10.0),
    Rule("odd", "cross", source="b", others=("a", "c"), above=5.0),
    Rule("said", "event", types=("t",), latch=True),
    Rule("camera", "event", by="source", quiet_s=3.0, hold_s=2.0),
]
ASSETS = [Asset("d", "district", "D"), Asset("v", "device", "V", parent="d", source="never")]


class PulledPlug(Exception):
    """The power went before the commit."""


class Room:
    """The stores of one console, a clock, and an evaluator that can be killed."""

    def __init__(self, folder: Path, rules: list[Rule] = RULES, assets: list[Asset] = ASSETS) -> None:
        self.folder, self.rules, self.assets = folder, rules, assets
        self.clock = ManualClock()
        self.feed = connection.open_writer(folder / "feed.db", KEY, feed.migrations)
        self.ops = connection.open_writer(folder / "ops.db", KEY, ops.migrations)
        self.handed: list[StoredReading] = []
        self.sent = 0
        self.evaluator = Evaluator(rules, assets, self.clock)

    def close(self) -> None:
        self.feed.close()
        self.ops.close()

    def kill(self) -> None:
        """End without a word; what was handed over in memory is gone."""
        self.handed.clear()
        self.evaluator = Evaluator(self.rules, self.assets, self.clock)

    def receive(self, *values: tuple[str, float], flags: int = 0) -> None:
        """Store values as they come now; no two of them are observed at one time."""
        now = self.clock.now_ms()
        self.sent += len(values)
        with self.feed.atomic():
            found = readings.add(
                self.feed,
                "f",
                [
                    Reading(source, "q", value, self.sent * 10 + n, now, flags=flags)
                    for n, (source, value) in enumerate(values)
                ],
            )
        self.handed += found.new

    def tell(self, key: str, status: Any, at: int) -> None:
        """Store what another system says now about an event."""
        now = self.clock.now_ms()
        with self.feed.atomic():
            events.add(self.feed, "f", Event("o", key, "t", status, at, now, source="cam"))

    def step(self, *, plug: bool = False) -> list[Alarm]:
        """One job of the engine; with `plug` the power goes before it is committed."""
        handed, self.handed = self.handed, []
        changed: list[Alarm] = []
        try:
            with self.ops.atomic():
                changed = self.evaluator.step(self.ops, self.feed, handed, self.clock.now_ms())
                if plug:
                    raise PulledPlug
        except PulledPlug:
            return []
        return changed

    def acknowledge(self, *ids: str, note: str = "", plug: bool = False) -> list[Alarm]:
        """A command of an operator; with `plug`, and a step after it, never committed."""
        try:
            with self.ops.atomic():
                changed = jobs.acknowledge(self.ops, ids, "kim", note, self.clock.now_ms())
                if plug:
                    self.evaluator.step(self.ops, self.feed, [], self.clock.now_ms())
                    raise PulledPlug
        except PulledPlug:
            return []
        return changed

    def log(self) -> list[tuple[str, str, int]]:
        return [(e.type, e.subject, e.at_ms) for e in entries.every(self.ops, "alarm.")]

    def drafts(self) -> list[Draft]:
        return [entries.draft_of(entry) for entry in entries.every(self.ops, "alarm.")]


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    room = Room(tmp_path)
    yield room
    room.close()


def replayed(room: Room) -> list[Draft]:
    """What the reducer makes of the log alone: the readings and the marks between them."""
    reducer = Reducer(Rulebook(room.rules, room.assets))
    every, place = readings.after(room.feed, 0, 1_000_000), 0
    told = 0
    for mark in alarms.marks(room.ops):
        while place < len(every) and every[place].id <= mark.reading:
            reducer.readings([every[place]])
            place += 1
        if mark.kind == "tick":
            reducer.tick(mark.at_ms)
        elif mark.kind == "events":
            batch = [each for each in events.after(room.feed, told, 1_000_000) if each.id <= mark.at_ms]
            reducer.events(batch)
            told = mark.at_ms
        else:
            reducer.jump(mark.shift)
            if mark.kind == "start":
                reducer.start(mark.at_ms)
    reducer.readings(every[place:])
    return [entry_of(transition, "system") for transition in reducer.transitions]


def settle(room: Room) -> None:
    """Let the evaluator come to the end of what is stored."""
    room.step()
    while room.evaluator.behind:
        room.step()


acts = st.lists(
    st.one_of(
        st.tuples(
            st.just("receive"),
            st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from([1.0, 9.0, 20.0])), max_size=3),
        ),
        st.tuples(
            st.just("tell"),
            st.tuples(
                st.sampled_from(["k1", "k2"]),
                st.sampled_from(["occurred", "changed", "ended"]),
                st.integers(0, 20),
            ),
        ),
        st.tuples(st.just("advance"), st.sampled_from([0.2, 1.0, 2.5, 6.0, 40.0])),
        st.tuples(st.just("step"), st.booleans()),
        st.tuples(st.just("kill"), st.none()),
        st.tuples(st.just("lose handed"), st.none()),
        st.tuples(st.just("set clock"), st.sampled_from([-3_600_000, 3_600_000, 30_000])),
    ),
    max_size=25,
)


@settings(deadline=None, max_examples=40)
@given(acts)
def test_kills_and_rollbacks_anywhere_leave_the_log_a_replay_gives(plan: list[tuple[str, Any]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        room = Room(Path(folder))
        try:
            for act, what in plan:
                do(room, act, what)
            settle(room)
            assert room.drafts() == replayed(room)
            assert entries.verify(room.ops) is None
        finally:
            room.close()


STEPS = {
    ("alarm.raised", "normal"): "unacknowledged",
    ("alarm.raised", "returned"): "unacknowledged",
    ("alarm.acknowledged", "unacknowledged"): "acknowledged",
    ("alarm.acknowledged", "returned"): "normal",
    ("alarm.returned", "unacknowledged"): "returned",
    ("alarm.normal", "acknowledged"): "normal",
    ("alarm.returned", "acknowledged"): "returned",
}


@settings(deadline=None, max_examples=40)
@given(acts, st.sets(st.integers(0, 25)), st.sets(st.integers(0, 25)))
def test_every_line_of_the_log_follows_from_the_one_before(
    plan: list[tuple[str, Any]], acknowledged: set[int], undone: set[int]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        room = Room(Path(folder))
        try:
            for place, (act, what) in enumerate(plan):
                do(room, act, what)
                if place in acknowledged:
                    standing = [alarm.id for alarm in alarms.standing(room.ops)]
                    room.acknowledge(*standing, plug=place in undone)
            settle(room)
            states: dict[str, tuple[str, int]] = {}
            for draft in room.drafts():
                before, activation = states.get(draft.subject, ("normal", 0))
                after = STEPS[draft.type, before]
                assert after == draft.payload["state"]
                assert draft.payload["activation"] == activation + (draft.type == "alarm.raised")
                states[draft.subject] = (after, draft.payload["activation"])
            stored = {alarm.id: (alarm.state.value, alarm.activation) for alarm in alarms.standing(room.ops)}
            assert stored == {key: end for key, end in states.items() if end[0] != "normal"}
        finally:
            room.close()


def do(room: Room, act: str, what: Any) -> None:
    match act:
        case "receive":
            room.receive(*what)
        case "tell":
            room.tell(*what)
        case "advance":
            room.clock.advance(what)
        case "step":
            room.step(plug=what)
        case "kill":
            room.kill()
        case "lose handed":
            room.handed.clear()
        case "set clock":
            room.clock.set_wall(room.clock.now_ms() + what)


def test_a_limit_crossed_is_an_alarm_and_a_line_in_the_log(room: Room) -> None:
    room.receive(("a", 12.0))
    (alarm,) = room.step()
    assert (alarm.id, alarm.state, alarm.value, alarm.limit) == (
        "now|a|q",
        AlarmState.UNACKNOWLEDGED,
        12.0,
        10.0,
    )
    assert alarms.standing(room.ops) == [alarm]
    assert room.log() == [("alarm.raised", "now|a|q", room.clock.now_ms())]


def test_a_rolled_back_step_is_done_again_and_logged_once(room: Room) -> None:
    room.receive(("a", 12.0))
    assert room.step(plug=True) == []
    assert alarms.standing(room.ops) == []
    (alarm,) = room.step()
    assert (alarm.activation, len(room.log())) == (1, 1)


def test_readings_that_were_not_handed_are_read_from_the_store(room: Room) -> None:
    room.receive(("a", 1.0))
    room.step()
    room.receive(("a", 12.0))
    room.handed.clear()
    room.receive(("a", 1.0))
    room.step()
    assert [kind for kind, _, _ in room.log()] == ["alarm.raised", "alarm.returned"]


def test_readings_handed_twice_count_once(room: Room) -> None:
    room.receive(("a", 12.0), ("a", 1.0))
    twice = list(room.handed)
    room.step()
    room.handed = twice
    room.step()
    assert len(room.log()) == 2


def test_the_second_acknowledgement_changes_and_logs_nothing(room: Room) -> None:
    room.receive(("a", 12.0))
    room.step()
    (alarm,) = room.acknowledge("now|a|q", "now|a|q", note="보는 중")
    assert (alarm.state, alarm.acknowledged_by, alarm.note) == (AlarmState.ACKNOWLEDGED, "kim", "보는 중")
    assert room.acknowledge("now|a|q") == []
    assert [kind for kind, _, _ in room.log()] == ["alarm.raised", "alarm.acknowledged"]


def test_an_alarm_nobody_knows_is_refused(room: Room) -> None:
    with pytest.raises(Refused, match="no alarm"):
        room.acknowledge("nothing|here|q")


@pytest.mark.parametrize("first", ["acknowledge", "return"])
def test_acknowledging_and_returning_meet_in_normal(room: Room, first: str) -> None:
    room.receive(("a", 12.0))
    room.step()
    if first == "acknowledge":
        room.acknowledge("now|a|q")
    room.receive(("a", 1.0))
    room.step()
    if first == "return":
        room.acknowledge("now|a|q")
    assert alarms.standing(room.ops) == []
    found = alarms.get(room.ops, "now|a|q")
    assert found and (found.state, found.acknowledged_by) == (AlarmState.NORMAL, "kim")


def test_an_acknowledgement_that_was_rolled_back_is_forgotten_by_the_engine_too(room: Room) -> None:
    room.receive(("a", 12.0))
    room.step()
    room.acknowledge("now|a|q", plug=True)
    room.receive(("a", 1.0))
    (alarm,) = room.step()
    assert alarm.state is AlarmState.RETURNED


def test_an_incident_stays_on_its_alarm_until_it_is_normal(room: Room) -> None:
    room.receive(("a", 12.0))
    room.step()
    with room.ops.atomic():
        assert [a.incident for a in jobs.link_incident(room.ops, ["now|a|q", "unknown"], "i1")] == ["i1"]
    room.receive(("a", 1.0))
    room.step()
    room.receive(("a", 12.0))
    (alarm,) = room.step()
    assert (alarm.activation, alarm.incident) == (2, "i1")


def test_silence_is_noticed_without_any_reading(room: Room) -> None:
    room.receive(("a", 1.0))
    room.step()
    heard = room.clock.now_ms()
    room.clock.advance(5 + SETTLE_MS / 1000)
    assert {alarm.source for alarm in room.step()} == {"a", "never"}
    assert {at_ms for _, _, at_ms in room.log()} == {heard + 5000}


@pytest.mark.parametrize("hours", [-2, 2])
def test_setting_the_clock_raises_no_storm(room: Room, hours: int) -> None:
    room.receive(("a", 1.0), ("b", 1.0), ("never", 1.0))
    room.step()
    room.clock.advance(1)
    room.clock.set_wall(room.clock.now_ms() + hours * 3_600_000)
    room.receive(("a", 1.0), ("b", 1.0), ("never", 1.0))
    room.step()
    room.clock.advance(4)
    assert room.step() == []
    room.clock.advance(3)
    assert len(room.step()) == 3


def test_hours_without_a_console_silence_nobody(room: Room) -> None:
    room.receive(("a", 1.0))
    room.step()
    room.clock.advance(7200)
    room.kill()
    room.step()
    room.clock.advance(4)
    assert room.step() == []
    room.clock.advance(4)
    assert {alarm.source for alarm in room.step()} == {"a", "never"}


def test_a_delay_goes_on_after_a_restart(room: Room) -> None:
    room.receive(("b", 20.0))
    room.step()
    began = room.clock.now_ms()
    room.clock.advance(2)
    room.kill()
    room.step()
    room.clock.advance(3 + SETTLE_MS / 1000)
    room.step()
    assert [alarm.rule for alarm in alarms.standing(room.ops)] == ["slow"]
    assert room.log()[0][2] >= began + 3000


def test_a_feed_store_made_anew_is_judged_from_its_beginning(room: Room) -> None:
    for _ in range(3):
        room.receive(("a", 1.0), ("b", 1.0))
    room.step()
    room.clock.advance(2)
    room.step()
    room.feed.close()
    for left in room.folder.glob("feed.db*"):
        left.unlink()
    room.feed = connection.open_writer(room.folder / "feed.db", KEY, feed.migrations)
    room.kill()
    room.receive(("a", 12.0))
    assert [alarm.rule for alarm in room.step()] == ["now"]


def test_readings_without_a_rule_write_the_store_about_once_a_second(room: Room) -> None:
    room.rules = []
    room.kill()
    room.step()
    steps = alarms.cursor(room.ops).step
    for _ in range(50):
        room.receive(("x", 1.0))
        room.step()
        room.clock.advance(0.1)
    assert alarms.cursor(room.ops).step - steps <= 6


def test_with_a_short_order_of_arrival_nobody_is_called_silent_who_was_heard(room: Room) -> None:
    room.receive(("a", 1.0))
    room.step()
    room.clock.advance(3)
    room.receive(("a", 1.0))
    room.step()
    at = alarms.cursor(room.ops)
    assert (at.seen_reading, at.reading) == (1, 2)
    with room.feed.atomic():
        assert arrivals.trim(room.feed, 2, 0) == 3
    room.evaluator = Evaluator(room.rules, room.assets, room.clock)
    room.step()
    room.clock.advance(3)
    assert "a" not in {alarm.source for alarm in room.step()}
    room.clock.advance(3)
    assert "a" in {alarm.source for alarm in room.step()}


def test_an_event_is_judged_once_and_its_place_is_written_down(room: Room) -> None:
    room.step()
    room.tell("k1", "occurred", 5)
    assert {alarm.id for alarm in room.step()} == {"said|o|k1", "camera|cam|"}
    assert alarms.cursor(room.ops).event == 1
    assert [mark for mark in alarms.marks(room.ops) if mark.kind == "events"] == [
        alarms.Mark(0, "events", 1, 0)
    ]
    room.kill()
    assert room.step() == []


def test_a_store_older_than_event_rules_raises_nothing_of_the_past(room: Room) -> None:
    room.step()
    room.tell("k1", "occurred", 5)
    room.ops.conn.execute("update alarm_cursor set event = -1")
    room.kill()
    assert room.step() == []
    room.tell("k2", "occurred", 6)
    assert "said|o|k2" in {alarm.id for alarm in room.step()}


def test_what_a_rule_gathered_goes_on_after_a_kill(room: Room) -> None:
    room.rules = [Rule("moved", "change", baseline_hours=1.0, above=5.0)]
    room.kill()
    room.receive(("a", 1.0))
    room.step()
    room.kill()
    room.sent = 400_000
    room.receive(("a", 3.0))
    room.step()
    room.kill()
    room.receive(("a", 7.0))
    (alarm,) = room.step()
    assert (alarm.value, alarm.limit) == (6.0, 5.0)
