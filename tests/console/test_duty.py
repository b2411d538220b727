"""Who is on shift: a seat that stays empty has been left, a screen that restarts has not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from console.clock import ManualClock
from console.duty import EMPTY_S, STAYS_S, Duty
from console.engine import Engine
from console.link import Hello
from db import connection, duties, entries, ops
from db.asset_records import OnDuty
from db.records import Draft

KEY = b"k" * 32


class Room:
    def __init__(self, folder: Path) -> None:
        self.path, self.clock = folder / "ops.db", ManualClock(1_800_000_000_000)
        self.heard: list[Any] = []
        self.seats: list[Hello] = []
        self.engine = Engine(
            "ops",
            lambda: connection.open_writer(self.path, KEY, ops.migrations),
            self.heard.extend,
            self.clock,
        )
        self.engine.start()
        self.begin()

    def begin(self) -> None:
        self.duty = Duty(
            lambda: self.seats, self.engine, lambda: connection.open_reader(self.path, KEY), self.clock
        )

    def step(self) -> list[OnDuty]:
        self.heard.clear()
        self.duty.step()
        return [each for each in self.heard if isinstance(each, OnDuty)]

    def stay(self) -> list[OnDuty]:
        """Long enough to be on duty."""
        self.duty.step()
        self.clock.advance(STAYS_S)
        return self.step()

    def told(self) -> list[tuple[str, str]]:
        db = connection.open_reader(self.path, KEY)
        try:
            return [(entry.type, entry.subject) for entry in reversed(entries.newest(db, 50))]
        finally:
            db.close()


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    made = Room(tmp_path)
    yield made
    made.engine.stop()


def test_who_sits_down_is_on_duty_and_the_command_line_is_nobody(room: Room) -> None:
    room.seats = [Hello("ui", "02", "hong"), Hello("cli", "cli", "root")]
    came_ms = room.clock.now_ms()
    assert room.stay() == [OnDuty("02", "hong", came_ms)]
    assert room.step() == []
    assert room.told() == [(duties.BEGAN, "02")]


def test_a_screen_that_restarts_leaves_nobody_off_duty(room: Room) -> None:
    room.seats = [Hello("ui", "02", "hong")]
    (began,) = room.stay()
    room.seats = []
    room.clock.advance(EMPTY_S - 1)
    room.step()
    room.clock.advance(EMPTY_S - 1)
    room.seats = [Hello("ui", "02", "hong")]
    assert room.step() == []
    room.begin()  # and so does a core
    assert room.step() == [began]
    assert room.told() == [(duties.BEGAN, "02")]


def test_a_seat_that_stays_empty_was_left_when_it_was_first_empty(room: Room) -> None:
    room.seats = [Hello("ui", "02", "hong")]
    room.stay()
    room.seats = []
    room.clock.advance(1)
    empty_ms = room.clock.now_ms()
    room.step()
    room.clock.advance(EMPTY_S)
    (left,) = room.step()
    assert left.left_ms == empty_ms
    assert room.told() == [(duties.BEGAN, "02"), (duties.LEFT, "02")]
    room.begin()
    assert room.step() == []


def test_a_seat_taken_over_is_left_and_begun(room: Room) -> None:
    room.seats = [Hello("ui", "02", "hong")]
    room.stay()
    room.clock.advance(5)
    room.seats = [Hello("ui", "02", "kim")]
    left, came = room.stay()
    assert (left.actor, left.left_ms, came.actor, came.left_ms) == ("hong", room.clock.now_ms(), "kim", None)


def test_a_screen_that_is_there_for_a_moment_is_nobodys_shift(room: Room) -> None:
    room.seats = [Hello("ui", "02", "hong")]
    room.step()
    room.clock.advance(STAYS_S - 1)
    room.step()
    room.seats = []
    room.step()
    room.clock.advance(60)
    room.step()
    assert room.told() == []


def test_the_spans_of_duty_are_known_afterwards(tmp_path: Path) -> None:
    db = connection.open_writer(tmp_path / "ops.db", bytes(32), ops.migrations)
    with db.atomic():
        for kind, at_ms, payload in (
            (duties.BEGAN, 10, {}), (duties.LEFT, 50, {"since_ms": 10}), (duties.BEGAN, 60, {}),
        ):  # fmt: skip
            entries.append(db, Draft(kind, "1", at_ms, "kim", payload))
    device = entries.identity(db).device
    assert [(each.since_ms, each.left_ms) for each in duties.spans(db, device, 0)] == [(10, 50), (60, None)]
    assert [each.since_ms for each in duties.spans(db, device, 51)] == [60]
    assert duties.spans(db, "another", 0) == []
    db.close()
