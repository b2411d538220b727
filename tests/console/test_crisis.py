"""The four-level warning: by people, by other systems, several at once, and gone when it says so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlite_utils import Database

from console.clock import ManualClock
from console.crisis import Crises, changes, declare, end
from console.engine import Engine
from console.errors import Refused
from console.settings import parse
from db import connection, crises, events, feed, ops
from db.asset_records import Crisis
from db.records import Entry, Event, Flag

KEY = b"k" * 32
T = 1_800_000_000_000
HOUR = 3_600_000
RULES = parse(
    """
    [[crisis]]
    kind = "heavy_rain"
    level = 3
    types = ["호우경보"]
    [[crisis]]
    kind = "heavy_rain"
    level = 2
    types = ["호우*"]
    grades = ["Severe", "Moderate"]
    """,
    "test",
).crisis


class Context(NamedTuple):
    at_ms: int
    actor: str = "이감독"


@pytest.fixture
def ops_db(tmp_path: Path) -> Iterator[Database]:
    db = connection.open_writer(tmp_path / "ops.db", KEY, ops.migrations)
    yield db
    db.close()


def said(found: list[Crisis]) -> list[tuple[str, int, bool]]:
    return [(each.kind, each.level, each.exercise) for each in found]


def test_the_highest_level_comes_first_and_an_exercise_after_all_that_is_real(ops_db: Database) -> None:
    with ops_db.atomic():
        declare(ops_db, Context(T), kind="fine_dust", level=1)
        declare(ops_db, Context(T + 1), kind="earthquake", level=4, exercise=True)
        found = declare(ops_db, Context(T + 2), kind="heavy_rain", level=2, until_ms=T + HOUR)
    assert said(found) == [("heavy_rain", 2, False), ("fine_dust", 1, False), ("earthquake", 4, True)]
    assert (found[0].by, found[0].since_ms) == ("이감독", T + 2)


def test_a_raised_level_is_in_force_since_the_kind_is(ops_db: Database) -> None:
    with ops_db.atomic():
        declare(ops_db, Context(T), kind="heavy_rain", level=1)
        (found,) = declare(ops_db, Context(T + 5), kind="heavy_rain", level=3)
    assert (found.level, found.since_ms) == (3, T)


def test_an_exercise_never_stands_in_for_what_is_real(ops_db: Database) -> None:
    with ops_db.atomic():
        declare(ops_db, Context(T), kind="heavy_rain", level=2)
        declare(ops_db, Context(T), kind="heavy_rain", level=4, exercise=True)
        changed = end(ops_db, Context(T + 1), kind="heavy_rain", exercise=True)
    assert said(changed) == [("heavy_rain", 0, True), ("heavy_rain", 2, False)]
    assert changed[0].key != changed[1].key


def test_a_warning_is_gone_when_it_said_and_nobody_has_to_end_it(ops_db: Database) -> None:
    with ops_db.atomic():
        declare(ops_db, Context(T), kind="heavy_rain", level=2, until_ms=T + HOUR)
    assert said(crises.in_force(ops_db, T + HOUR - 1)) == [("heavy_rain", 2, False)]
    assert crises.in_force(ops_db, T + HOUR) == []


def test_what_would_mean_nothing_is_refused(ops_db: Database) -> None:
    with pytest.raises(Refused, match="passed already"):
        declare(ops_db, Context(T), kind="heavy_rain", level=2, until_ms=T)
    with pytest.raises(Refused, match="of what"):
        declare(ops_db, Context(T), kind=" ", level=2)
    with pytest.raises(Refused, match="in force"):
        end(ops_db, Context(T), kind="heavy_rain")


@given(order=st.permutations(range(4)))
def test_the_order_in_which_entries_of_consoles_arrive_changes_nothing(order: list[int]) -> None:
    def entry(seq: int, kind: str, payload: str) -> Entry:
        body = (
            f'{{"specversion":"1.0","id":"{seq}","source":"/x","type":"{kind}","subject":"rain",'
            f'"time":"2027-01-15T08:00:00Z","device":"a","epoch":1,"seq":{seq},"hlc":"h","actor":"kim",'
            f'"data":{payload}}}'
        )
        hlc = f"{T + seq:015d}.000000"
        return Entry("a", 1, seq, str(seq), kind, "rain", T + seq, hlc, "", "", body)

    told = [
        entry(1, crises.DECLARED, '{"level":1}'),
        entry(2, crises.ENDED, '{"note":"끝"}'),
        entry(3, crises.DECLARED, '{"level":2,"text":"x"}'),
        entry(4, crises.DECLARED, '{"level":"soon"}'),  # of another version: read over
    ]
    assert said(crises.fold([told[n] for n in order], T + 9)) == [("rain", 2, False)]


# --- what other systems say ---------------------------------------------------


class Room:
    """The stores, the ops engine and the follower, all in the hands of the test."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.clock = folder, ManualClock(T)
        self.heard: list[Any] = []
        self.feed_db = connection.open_writer(folder / "feed.db", KEY, feed.migrations)
        self.engine = Engine("ops", self._open, self.heard.extend, self.clock)
        self.engine.start()
        self.begin()

    def begin(self) -> None:
        """A core that has just started on these stores."""
        self.crises = Crises(
            RULES, self.engine, lambda: self.read("ops.db"), lambda: self.read("feed.db"),
            self.heard.extend, self.clock,
        )  # fmt: skip

    def _open(self) -> Database:
        return connection.open_writer(self.folder / "ops.db", KEY, ops.migrations)

    def read(self, name: str) -> Database:
        return connection.open_reader(self.folder / name, KEY)

    def hear(self, key: str, status: str = "occurred", **more: Any) -> None:
        now = self.clock.now_ms()
        fields = {"type": "호우주의보", "grade": "Moderate", "end_ms": now + HOUR, "text": "호우주의보 발효"}
        fields |= {"observed_ms": now, "received_ms": now, "status": status}
        event = Event("kma", key, **(fields | more))
        with self.feed_db.atomic():
            events.add(self.feed_db, "cap", event)

    def shown(self) -> list[tuple[str, int, bool]]:
        self.heard.clear()
        self.crises.step()
        return said([each for each in self.heard if isinstance(each, Crisis)])

    def in_force(self) -> list[Crisis]:
        db = self.read("ops.db")
        try:
            return crises.in_force(db, self.clock.now_ms())
        finally:
            db.close()


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    made = Room(tmp_path)
    yield made
    made.engine.stop()
    made.feed_db.close()


def test_an_alert_declares_by_the_settings_and_its_end_ends_it(room: Room) -> None:
    room.hear("a")
    assert room.shown() == [("heavy_rain", 2, False)]
    (found,) = room.in_force()
    assert (found.origin, found.by, found.text) == ("kma", "system", "호우주의보 발효")
    assert room.shown() == []  # nothing new, nothing told
    room.clock.advance(1)
    room.hear("a", "cleared")
    assert room.shown() == [("heavy_rain", 0, False)]


def test_of_two_alerts_the_higher_counts_until_it_ends(room: Room) -> None:
    room.hear("a")
    room.hear("b", type="호우경보")
    assert room.shown() == [("heavy_rain", 3, False)]
    room.clock.advance(1)
    room.hear("b", "cancelled", type="호우경보")
    assert room.shown() == [("heavy_rain", 2, False)]


def test_it_expires_by_its_time_and_is_told(room: Room) -> None:
    room.hear("a")
    room.shown()
    room.clock.advance(3601)
    assert room.shown() == [("heavy_rain", 0, False)]


def test_what_no_table_names_or_is_old_declares_nothing(room: Room) -> None:
    room.hear("a", type="건조주의보")
    room.hear("b", grade="Minor")
    room.hear("c", flags=int(Flag.RETAINED))
    room.hear("d", end_ms=T - 1)
    assert room.shown() == []


def test_an_end_that_came_before_its_beginning_keeps_it_shut(room: Room) -> None:
    room.clock.advance(5)
    room.hear("a", "ended")
    room.shown()
    room.hear("a", observed_ms=T)
    assert room.shown() == []


def test_an_exercise_is_declared_as_one(room: Room) -> None:
    room.hear("a", exercise=True)
    assert room.shown() == [("heavy_rain", 2, True)]


def test_the_same_alert_again_and_a_restart_enter_nothing_twice(room: Room) -> None:
    for number in range(3):
        room.hear("a", end_ms=T + HOUR, flags=0, extra={"again": number})
        room.begin()
        room.shown()
    db = room.read("ops.db")
    assert [entry.type for entry in crises.told(db)] == [crises.DECLARED]
    db.close()
    assert said(room.in_force()) == [("heavy_rain", 2, False)]


def test_changes_tell_what_is_no_more() -> None:
    a, b = Crisis(2, "a", 1), Crisis(1, "b", 1)
    assert said(changes([a, b], [b])) == [("a", 0, False), ("b", 1, False)]
