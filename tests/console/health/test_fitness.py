"""When devices could serve: what is a failure, what is unknown, and how the figures come of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from console.clock import SEOUL, ManualClock
from console.engine import Engine
from console.health import facility
from console.health.answers import downtimes
from console.health.record import FitnessLog
from console.health.rollup import Health
from console.shifts import day_begins, day_name
from db import connection, fitness, ops
from db.alarm_records import Alarm, AlarmState, OutOfService
from db.asset_records import Asset, Condition, FacilityHealth
from db.fitness import Fitness, Move, Share
from tests.console.health.test_rollup import TREE, alarm, reading

UP, DOWN, UNKNOWN = Fitness.UP, Fitness.DOWN, Fitness.UNKNOWN
HOMES = {"v": "f", "w": "g"}
KEY = b"k" * 32


def health(clock: ManualClock | None = None) -> Health:
    made = Health(TREE, clock or ManualClock(), faults=["broken"])
    made.seen([reading("v"), reading("v", "p"), reading("w")])
    made.states()
    made.moved()
    return made


# --- what is a failure -------------------------------------------------------


def test_every_device_has_its_facility_and_begins_unknown() -> None:
    made = Health(TREE, ManualClock())
    assert made.homes() == HOMES
    assert made.fitness() == {"v": UNKNOWN, "w": UNKNOWN}
    made.seen([reading("v")])
    assert made.moved() == {"v": UP}


def test_a_silent_device_is_down_until_it_is_heard_again() -> None:
    clock = ManualClock()
    made = health(clock)
    clock.advance(11)
    made.states()
    assert made.moved() == {"v": DOWN, "w": DOWN}
    made.seen([reading("w")])
    assert made.moved() == {"w": UP}


def test_a_high_value_is_no_failure_and_a_fault_is() -> None:
    made = health()
    made.alarms([alarm("v", priority=1)])
    assert made.moved() == {}
    broken = replace(alarm("v", priority=3), id="broken|v|q", rule="broken")
    made.alarms([broken])
    assert made.moved() == {"v": DOWN}
    made.alarms([replace(broken, state=AlarmState.RETURNED)])
    assert made.moved() == {"v": UP}


@pytest.mark.parametrize("kind", ["silent", "stuck"])
def test_alarms_of_silence_and_of_stuck_values_are_failures(kind: str) -> None:
    made = health()
    made.alarms([replace(alarm("v"), kind=kind)])
    assert made.moved() == {"v": DOWN}


def test_what_is_explained_or_out_of_service_is_unknown() -> None:
    made = health()
    silent: Alarm = replace(alarm("v"), kind="silent")
    made.alarms([replace(silent, suppressed_by="pole")])
    assert made.moved() == {"v": UNKNOWN}
    made.alarms([silent])
    assert made.moved() == {"v": DOWN}
    made.alarms([replace(silent, out_of_service=OutOfService("kim", 1, "W-7"))])
    assert made.moved() == {"v": UNKNOWN}
    assert next(each for each in made.all() if each.id == "v").alarms == 0


# --- the figures -------------------------------------------------------------


def test_the_states_before_follow_from_the_changes_after() -> None:
    moves = [Move("v", 30, UP, DOWN), Move("v", 50, DOWN, UP), Move("v", 90, UP, UNKNOWN)]
    found = facility.shares(HOMES, {"v": UNKNOWN, "w": UP}, moves, [(-5000, 1000)], 0, 80)
    assert found == {"f": Share(60, 20, 0, 1), "g": Share(80, 0, 0, 0)}
    assert facility.availability(found["f"]) == 0.75
    assert facility.mtbf_ms(found["f"]) == 60


def test_time_without_a_console_is_unknown_and_what_then_broke_is_no_failure_it_saw() -> None:
    moves = [Move("v", 5000, UP, DOWN)]
    found = facility.shares({"v": "f"}, {"v": DOWN}, moves, [(0, 2000), (5000, 9000)], 0, 9000)
    assert found == {"f": Share(2000, 4000, 3000, 0)}


def test_nothing_known_is_no_availability() -> None:
    share = facility.shares(HOMES, {}, [], [], 0, 100)["f"]
    assert (share, facility.availability(share)) == (Share(0, 0, 100, 0), None)


STATES = st.sampled_from(list(Fitness))


@given(
    steps=st.lists(st.tuples(st.sampled_from("vw"), st.integers(0, 1000), STATES), max_size=30),
    spans=st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 1000)), max_size=4),
    window=st.tuples(st.integers(0, 1000), st.integers(0, 1000)),
)
def test_every_millisecond_is_counted_once_and_none_awake_that_was_not(
    steps: list[tuple[str, int, Fitness]], spans: list[tuple[int, int]], window: tuple[int, int]
) -> None:
    since_ms, until_ms = sorted(window)
    awake, at = [], 0
    for a, b in sorted((min(each), max(each)) for each in spans):
        if max(a, at) < b:
            awake.append((max(a, at), b))
            at = b
    now: dict[str, Fitness] = {}
    moves: list[Move] = []
    for asset, at_ms, after in sorted(steps, key=lambda each: each[1]):
        moves.append(Move(asset, at_ms, now.get(asset, UNKNOWN), after))
        now[asset] = after
    later = [each for each in moves if each.at_ms >= since_ms]
    found = facility.shares(HOMES, now, later, awake, since_ms, until_ms)

    def slow(device: str, at_ms: int) -> Fitness:
        if not any(a <= at_ms < b for a, b in awake):
            return UNKNOWN
        own = [each.fitness for each in moves if each.asset == device and each.at_ms <= at_ms]
        return own[-1] if own else UNKNOWN

    for device, home in HOMES.items():
        told = [slow(device, at_ms) for at_ms in range(since_ms, until_ms)]
        assert found[home][:3] == (told.count(UP), told.count(DOWN), told.count(UNKNOWN))


def test_the_worst_comes_first_and_the_unknown_after_the_known() -> None:
    rows = [
        FacilityHealth("well", Condition.WELL, availability=1.0),
        FacilityHealth("unknown", Condition.WELL),
        FacilityHealth("shaky", Condition.WELL, availability=0.5),
        FacilityHealth("bad", Condition.BAD, 2, availability=1.0),
        FacilityHealth("worse", Condition.BAD, 1, availability=1.0),
    ]
    assert [row.id for row in facility.worst_first(rows)] == ["worse", "bad", "shaky", "well", "unknown"]


def test_an_inspection_is_overdue_the_day_after() -> None:
    asset = Asset("f", "facility", "F", inspect_by="2026-11-22")
    told = [
        facility.health_of([asset], None, Share(), 1, day, 0, 0).is_overdue
        for day in ("2026-11-22", "2026-11-23")
    ]
    assert told == [False, True]


def test_downtimes_come_newest_first_and_one_still_lasts() -> None:
    moves = [Move("v", 10, UP, DOWN), Move("v", 20, DOWN, UP), Move("w", 15, UP, DOWN)]
    found = downtimes(moves, {"v": UP, "w": DOWN}.__getitem__, 100)
    assert [(each.device, each.since_ms, each.until_ms) for each in found] == [("w", 15, None), ("v", 10, 20)]


# --- on disk -----------------------------------------------------------------


class Room:
    def __init__(self, folder: Path) -> None:
        self.path, self.clock = folder / "ops.db", ManualClock()
        self.hears = True
        self.engine = Engine(
            "ops",
            lambda: connection.open_writer(self.path, KEY, ops.migrations),
            lambda told: None,
            self.clock,
        )
        self.engine.start()
        self.begin({"v": UP, "w": UP})

    def begin(self, found: dict[str, Fitness]) -> None:
        self.log = FitnessLog(HOMES, self.engine, self.read, lambda: self.hears, self.clock, SEOUL)
        self.log.begin(found)
        self.log.write()

    def read(self) -> connection.Database:
        return connection.open_reader(self.path, KEY)

    def wait(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.log.write()

    def shares(self, since_ms: int) -> dict[str, Share]:
        db = self.read()
        try:
            return self.log.shares(db, since_ms, self.clock.now_ms())
        finally:
            db.close()


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    made = Room(tmp_path)
    yield made
    made.engine.stop()


def test_a_restart_goes_on_from_what_was_written(room: Room) -> None:
    began = room.clock.now_ms()
    room.wait(10)
    room.log.note({"v": DOWN})
    room.wait(10)
    room.clock.advance(100)  # nobody is there
    room.begin({"v": UP, "w": DOWN})
    room.wait(20)
    assert room.shares(began) == {
        "f": Share(30_000, 10_000, 100_000, 1),
        "g": Share(20_000, 20_000, 100_000, 0),
    }


def test_while_no_broker_is_heard_nothing_is_known(room: Room) -> None:
    began = room.clock.now_ms()
    room.wait(10)
    room.hears = False
    room.clock.advance(5)
    room.log.note({"v": DOWN, "w": DOWN})
    room.wait(5)
    room.hears = True
    room.log.note({"v": UP, "w": UP})
    room.wait(0)
    room.wait(10)
    assert room.shares(began)["f"] == Share(20_000, 0, 10_000, 0)


def test_whole_days_come_from_their_sums_and_today_from_its_changes(room: Room) -> None:
    began = room.clock.now_ms()
    for _ in range(30):
        room.wait(3600)
    room.log.note({"v": DOWN})
    for _ in range(24):
        room.wait(3600)
    room.log.sum_up()
    now_ms = room.clock.now_ms()
    since_ms = day_begins(now_ms, SEOUL, days=-6)
    db = room.read()
    try:
        assert fitness.days(db) == {
            day_name(began, SEOUL), day_name(began + 86_400_000, SEOUL)
        }  # fmt: skip
        exact = room.log.shares(db, since_ms, now_ms)
        assert room.log.over_days(db, since_ms, now_ms) == exact
        assert exact["f"].down_ms == 24 * 3_600_000
    finally:
        db.close()
    db = room.read()
    fitness_rows = db.conn.execute("SELECT count(*) FROM fitness_day").fetchone()[0]
    db.close()
    room.log.sum_up()
    db = room.read()
    assert db.conn.execute("SELECT count(*) FROM fitness_day").fetchone()[0] == fitness_rows
    db.close()
