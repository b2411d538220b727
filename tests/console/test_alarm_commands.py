"""What operators do with alarms, through the core's door, from a value to the line in the log."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from console.clock import SystemClock
from console.core import Core
from console.errors import Refused
from console.link_client import LinkClient
from console.settings import parse
from db.alarm_records import Alarm, AlarmState, Maintenance
from tests.end_to_end.whole import until

SETTINGS = """
[site]
assets = "assets.toml"
[brokers.main]
port = 1
[feeds.panels]
topics = ["p/+"]
[[feeds.panels.mappings]]
topic = "p/{source}"
time = "t"
time_format = "epoch_ms"
values = [{ quantity = "leak", value = "v", unit = "mA" }]
[[rules]]
id = "leak"
kind = "threshold"
quantity = "leak"
above = 1.0
deadband = 0.1
latch = true
escalate_s = 0.5
name = "누설"
"""
ASSETS = """
[[asset]]
id = "city"
kind = "district"
name = "가상구"
[[asset]]
id = "market"
kind = "facility"
name = "시장"
parent = "city"
[[asset]]
id = "p1"
kind = "device"
name = "분전반"
parent = "market"
source = "p1"
"""
"""One panel of one market."""


class Desk:
    """A core without a broker, and a screen's link to it."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        (folder / "assets.toml").write_text(ASSETS, encoding="utf-8")
        self.clock = SystemClock()
        origin = folder / "settings.toml"
        self.core = Core(folder, parse(SETTINGS, "test"), self.clock, origin=origin)
        self.core.start()
        self.client = LinkClient(folder, role="ui", seat="1", actor="김관제")
        self.client.start()
        assert self.client.wait_linked(10)

    def close(self) -> None:
        self.client.stop()
        self.core.stop()

    def tell(self, value: float, source: str = "p1") -> None:
        payload = json.dumps({"t": self.clock.now_ms(), "v": value}).encode()
        self.core.ingest.deliver("panels", [(f"p/{source}", payload)]).result(20)

    def alarm(self, state: AlarmState, source: str = "p1") -> Alarm:
        """The alarm of a panel once it is shown so."""

        def found() -> Alarm | None:
            every = self.core.newest.of(Alarm)
            return next((a for a in every if a.source == source and a.shown is state), None)

        alarm: Alarm = until(found, what=f"{source} {state}")
        return alarm

    def act(self, name: str, **args: Any) -> Any:
        return self.client.act(name, args)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path / "data")
    yield desk
    desk.close()


def test_an_alarm_is_shelved_with_who_why_and_until_when_and_comes_back_acknowledged(desk: Desk) -> None:
    desk.tell(5.0)
    key = desk.alarm(AlarmState.UNACKNOWLEDGED).id
    until_ms = desk.clock.now_ms() + 600_000
    with pytest.raises(Refused, match="needs a reason"):
        desk.act("alarm.shelve", alarms=[key], until_ms=until_ms, reason=" ")
    with pytest.raises(Refused, match="24 hours at most"):
        desk.act("alarm.shelve", alarms=[key], until_ms=until_ms + 10**9, reason="x")
    assert desk.act("alarm.shelve", alarms=[key], until_ms=until_ms, reason="공사") == 1
    shelf = desk.alarm(AlarmState.SHELVED).shelf
    assert shelf is not None
    assert (shelf.by, shelf.reason, shelf.until_ms) == ("김관제", "공사", until_ms)
    assert desk.act("alarm.unshelve", alarms=[key]) == 1
    assert desk.alarm(AlarmState.ACKNOWLEDGED).acknowledged_by == "김관제"
    lines = desk.client.ask("alarm.history", {"alarm": key})
    assert [line["type"] for line in lines] == ["alarm.unshelved", "alarm.shelved", "alarm.raised"]
    assert (lines[1]["actor"], lines[1]["payload"]["reason"]) == ("김관제", "공사")


def test_a_latched_alarm_is_reset_and_the_next_time_tells_of_it(desk: Desk) -> None:
    desk.tell(5.0)
    key = desk.alarm(AlarmState.UNACKNOWLEDGED).id
    assert desk.client.ask("alarm.last_similar", {"alarm": key}) is None
    desk.act("alarm.comment", alarms=[key], text="점포주 통화")
    desk.act("alarm.assign", alarms=[key], assignee="현장조 2")
    desk.act("alarm.acknowledge", alarms=[key], note="누수")
    desk.tell(0.1)
    held = desk.alarm(AlarmState.LATCHED)
    assert (held.comment, held.assignee) == ("점포주 통화", "현장조 2")
    assert desk.act("alarm.reset", alarms=[key], note="수리함") == 1
    desk.tell(7.0)
    again = desk.alarm(AlarmState.UNACKNOWLEDGED)
    assert (again.activation, again.assignee) == (2, "")
    last = desk.client.ask("alarm.last_similar", {"alarm": key})
    assert (last["acknowledged_by"], last["note"], last["comment"]) == ("김관제", "누수", "점포주 통화")
    assert last["minutes"] >= 0


def test_a_window_takes_the_market_out_of_service_and_its_end_gives_it_back(desk: Desk) -> None:
    desk.tell(5.0)
    desk.alarm(AlarmState.UNACKNOWLEDGED)
    now = desk.clock.now_ms()
    args = {"asset": "market", "since_ms": now - 5_000, "until_ms": now + 3_600_000, "order": "W-7"}
    with pytest.raises(Refused, match="work order"):
        desk.act("maintenance.plan", **{**args, "order": ""})
    with pytest.raises(Refused, match="no asset 'markt'"):
        desk.act("maintenance.plan", **{**args, "asset": "markt"})
    window = desk.act("maintenance.plan", **args)
    out = desk.alarm(AlarmState.OUT_OF_SERVICE).out_of_service
    assert out is not None
    assert (out.order, out.window) == ("W-7", window["id"])
    until(lambda: any(each.begun for each in desk.core.newest.of(Maintenance)), what="begun")
    desk.act("maintenance.end", maintenance=window["id"], note="끝")
    assert desk.alarm(AlarmState.UNACKNOWLEDGED).is_announced
    until(lambda: desk.alarm(AlarmState.UNACKNOWLEDGED).escalated_ms is not None, what="escalated")
    with pytest.raises(Refused, match="over already"):
        desk.act("maintenance.end", maintenance=window["id"])
    assert [each["ended_by"] for each in desk.client.ask("maintenance")] == ["김관제"]


def test_what_is_put_aside_is_so_after_a_restart(desk: Desk) -> None:
    desk.tell(5.0)
    key = desk.alarm(AlarmState.UNACKNOWLEDGED).id
    desk.act("alarm.shelve", alarms=[key], until_ms=desk.clock.now_ms() + 600_000, reason="x")
    desk.client.stop()
    desk.core.stop()
    folder = desk.core.folder
    again = Core(folder, parse(SETTINGS, "test"), desk.clock, origin=folder / "settings.toml")
    again.start()
    desk.core = again
    assert desk.alarm(AlarmState.SHELVED).id == key


def test_alarms_put_back_in_several_acts_call_ten_times_a_minute_at_most(desk: Desk) -> None:
    sources = [f"q{n:02}" for n in range(30)]
    for source in sources:
        desk.tell(5.0, source)
    ids = [desk.alarm(AlarmState.UNACKNOWLEDGED, source).id for source in sources]
    desk.act("alarm.out_of_service", alarms=ids, order="W-1")
    for at in range(0, 30, 10):
        desk.act("alarm.in_service", alarms=ids[at : at + 10])
    back = [desk.alarm(AlarmState.UNACKNOWLEDGED, source) for source in sources]
    assert sum(each.is_announced for each in back) == 10


def test_a_window_ended_by_hand_within_another_keeps_its_alarms_out_of_service(desk: Desk) -> None:
    desk.tell(5.0)
    desk.alarm(AlarmState.UNACKNOWLEDGED)
    now = desk.clock.now_ms()
    args = {"since_ms": now, "until_ms": now + 3_600_000, "order": "W-7"}
    small = desk.act("maintenance.plan", asset="p1", **args)
    large = desk.act("maintenance.plan", asset="city", **args)
    desk.alarm(AlarmState.OUT_OF_SERVICE)
    out = desk.alarm(AlarmState.OUT_OF_SERVICE).out_of_service
    assert out is not None
    first = out.window
    desk.act("maintenance.end", maintenance=first)
    work = desk.alarm(AlarmState.OUT_OF_SERVICE).out_of_service
    assert work is not None
    assert {first, work.window} == {small["id"], large["id"]}
