"""A running core tells of floods and bursts, loses nothing in them, and knows a flood after a restart."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from console.alarms.flood import WINDOW_MS
from console.alarms.flood_watch import Facilities, FloodWatch, people_at
from console.clock import ManualClock, SystemClock
from console.core import Core
from console.settings import parse
from db import alarms, annunciations, connection, ops, readings
from db.alarm_records import Flood, Summary
from db.annunciations import Annunciation
from db.asset_records import Asset, OnDuty

KEY = bytes(32)
MANY = 3000
ASSETS = [
    Asset("d", "district", "구"),
    Asset("market", "facility", "시장", parent="d"),
    Asset("fuse", "device", "분전반", parent="market", source="s1"),
]
SETTINGS = """
[site]
district = "가상구"
device = "flood-test"

[feeds.fire]
via = "folder"
folder = { path = "in", every_s = 60 }

[[feeds.fire.mappings]]
topic = "fire/{source}"
time = "at"
time_format = "epoch_ms"
values = [{ quantity = "leak", value = "v", unit = "mA" }]

[[rules]]
id = "lost"
kind = "silent"
source = "F*"
silent_s = 5
"""


class Desk:
    """A watch over a store of its own, by a clock that is set by hand."""

    def __init__(self, folder: Path) -> None:
        self.db = connection.open_writer(folder / "ops.db", KEY, ops.migrations)
        self.clock = ManualClock()
        self.folder, self.people = folder, 1
        self.told: list[Any] = []
        self.watch = self.anew()

    def anew(self) -> FloodWatch:
        return FloodWatch(
            lambda: connection.open_reader(self.folder / "ops.db", KEY),
            Facilities(ASSETS),
            list,
            lambda: self.people,
            self.told.extend,
            self.clock,
        )

    def raised(self, count: int, rule: str = "wet", *, late_ms: int = 0) -> None:
        now = self.clock.now_ms() - late_ms
        rows = [
            Annunciation(
                now,
                f"{rule}|s{n}|q",
                1,
                "raised",
                rule,
                rule,
                f"s{n}",
                "fuse",
                2,
                "unacknowledged",
                True,
                "system",
            )
            for n in range(count)
        ]
        with self.db.atomic():
            annunciations.add(self.db, rows)

    def flood(self) -> Flood:
        return next(each for each in reversed(self.told) if isinstance(each, Flood))


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    desk.db.close()


def test_the_eleventh_call_is_a_flood_with_its_cause_and_place(desk: Desk) -> None:
    desk.raised(10)
    desk.watch.step()
    assert not desk.flood().on
    desk.raised(1, "fire")
    desk.watch.step()
    flood = desk.flood()
    assert (flood.on, flood.annunciated, flood.first_out) == (True, 11, "wet|s0|q")
    assert [(g.rule, g.place, g.count) for g in flood.groups] == [
        ("wet", "market", 10),
        ("fire", "market", 1),
    ]


def test_alarms_of_timers_that_are_told_a_little_late_have_their_cause_and_place_too(desk: Desk) -> None:
    desk.watch.step()
    desk.raised(40, late_ms=400)
    desk.watch.step()
    flood = desk.flood()
    assert (flood.annunciated, flood.first_out) == (40, "wet|s0|q")
    assert [(g.rule, g.place, g.count) for g in flood.groups] == [("wet", "market", 40)]


def test_nothing_is_published_while_nothing_changes(desk: Desk) -> None:
    desk.raised(12)
    for _ in range(3):
        desk.watch.step()
    told = len(desk.told)
    desk.clock.advance(30)
    desk.watch.step()
    assert len(desk.told) == told


def test_a_restart_in_a_flood_goes_on_with_when_it_began(desk: Desk) -> None:
    desk.raised(12)
    desk.watch.step()
    before = desk.flood()
    desk.clock.advance(120)
    desk.watch = desk.anew()
    desk.watch.step()
    assert desk.flood() == before
    desk.clock.advance(WINDOW_MS / 1000)
    desk.watch.step()
    assert desk.flood() == Flood(on=False, annunciated=0)


def test_people_on_duty_are_counted_at_each_time() -> None:
    people = people_at([OnDuty("1", "kim", 10, left_ms=20), OnDuty("2", "lee", 15)])
    assert [people(at) for at in (0, 10, 15, 20)] == [1, 1, 2, 1]


class _Published:
    """What a core told, and a bell for whoever waits for some of it."""

    def __init__(self, core: Core) -> None:
        self.records: list[Any] = []
        self._bell = threading.Condition()
        self._publish = core.newest.publish
        core.newest.pass_on_to(self.take)

    def take(self, records: Sequence[Any]) -> None:
        with self._bell:
            self.records.extend(records)
            self._bell.notify_all()

    def wait(self, holds: Callable[[list[Any]], bool]) -> None:
        with self._bell:
            assert self._bell.wait_for(lambda: holds(self.records), 60)


def _deliver(core: Core, value: float) -> None:
    at = core.clock.now_ms()
    for begin in range(0, MANY, 300):
        messages = [
            (f"fire/F{n:04d}", json.dumps({"at": at, "v": value}).encode()) for n in range(begin, begin + 300)
        ]
        core.ingest.deliver("fire", messages).result(30)


def _most(records: list[Any], cause: str) -> int:
    return max(
        (each.count for each in records if isinstance(each, Summary) and each.cause == cause), default=0
    )


def test_three_thousand_sensors_that_come_back_at_once_are_one_summary_and_none_is_lost(
    tmp_path: Path,
) -> None:
    core = Core(tmp_path / "data", parse(SETTINGS, "test"), SystemClock())
    core.start()
    try:
        told = _Published(core)
        _deliver(core, 1.0)
        told.wait(lambda records: _most(records, "raised") == MANY)
        _deliver(core, 2.0)
        told.wait(lambda records: _most(records, "returned") == MANY)
        told.wait(lambda records: any(isinstance(each, Flood) and each.on for each in records))
        summaries = [each for each in told.records if isinstance(each, Summary) and each.cause == "returned"]
        assert len({each.id for each in summaries}) == 1
        ops_db, feed_db = core.open_ops_reader(), core.open_feed_reader()
        rows = annunciations.between(ops_db, 0, 1 << 60)
        assert sum(row.verb == "returned" for row in rows) == MANY
        assert len(alarms.standing(ops_db)) == MANY
        assert sum(each.value == 2.0 for each in readings.latest(feed_db)) == MANY
        ops_db.close()
        feed_db.close()
    finally:
        core.stop()
