"""One console tells another of its incidents, over the integrated platform's form and as CAP warnings."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from console.clock import SystemClock
from console.core import Core
from console.link_client import LinkClient
from console.settings import parse
from db import events
from db.records import Event, Lamp
from tests.end_to_end.whole import until

PLATFORM = """
[site]
device = "b"
[listen]
port = {port}
[feeds.city]
kind = "platform"
via = "listen"
silent_s = 0
[feeds.city.listen]
path = "/platform/"
session_keys = true
senders = ["B1111000000"]
[feeds.warnings]
kind = "cap"
via = "listen"
silent_s = 0
[feeds.warnings.listen]
path = "/cap"
[[rules]]
id = "told"
kind = "event"
origins = ["city"]
"""
SENDER = """
[site]
device = "a"
[platforms.b]
url = "http://127.0.0.1:{port}/platform/linkHttp/recvEvent.json"
auth_url = "http://127.0.0.1:{port}/platform/api/getAuth.json"
send_cd = "B1111000000"
rcv_cd = "B4113000000"
form = "{form}"
every_s = 0.2
codes = {{ "화재" = "FIR001" }}
[[cap_out]]
name = "own"
sender = "gwanje@a.example"
url = "http://127.0.0.1:{port}/cap"
every_s = 0.2
areas = ["1111000000"]
"""


class Place:
    """A core with a screen's link to it."""

    def __init__(self, folder: Path, text: str) -> None:
        self.core = Core(folder, parse(text, "test"), SystemClock())
        self.core.start()
        self.client = LinkClient(folder, role="ui", seat="1", actor="김관제")
        self.client.start()
        assert self.client.wait_linked(20)

    def stop(self) -> None:
        self.client.stop()
        self.core.stop()

    def said(self, system: str) -> list[Event]:
        db = self.core.open_feed_reader()
        try:
            stored = events.after(db, 0, 1000)
        finally:
            db.close()
        return [each.event for each in stored if each.event.origin_system == system]

    def lamp(self, name: str) -> Lamp | None:
        found = (each for each in self.core.newest.all() if isinstance(each, Lamp) and each.name == name)
        return next(found, None)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Callable[[str, str], Place]]:
    made: list[Place] = []

    def make(name: str, text: str) -> Place:
        made.append(Place(tmp_path / name, text))
        return made[-1]

    yield make
    for each in made:
        each.stop()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.mark.parametrize("form", ["json", "form"])
def test_an_incident_here_is_an_event_there_until_it_is_closed_also_over_an_outage(
    form: str, place: Callable[[str, str], Place], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("console.hub.serving._MOST_S", 0.5)
    port = free_port()
    here, there = place("a", SENDER.format(port=port, form=form)), place("b", PLATFORM.format(port=port))
    one: Any = here.client.act("incident.open", {"title": "불이야", "type": "화재", "level": 1})
    until(lambda: len(there.said("city")) == 1 and len(there.said("warnings")) == 1)
    (event,) = there.said("city")
    assert (event.type, event.status, event.grade, event.source) == ("FIR001", "occurred", "1", "B1111000000")
    assert event.text.startswith("불이야")
    until(lambda: any(each.rule == "told" for each in _alarms(there)))
    there.stop()
    two: Any = here.client.act("incident.open", {"title": "물이야", "type": "침수", "level": 2})
    here.client.act("incident.close", {"incident": one["id"], "result": "현장 조치"})
    here.client.act("incident.close", {"incident": two["id"], "result": "현장 조치"})
    until(lambda: (lamp := here.lamp("platform.b")) is not None and lamp.state == "bad")
    there = place("b", PLATFORM.format(port=port))
    until(lambda: len(there.said("city")) >= 4 and len(there.said("warnings")) >= 6)
    city = [(each.status, each.text.partition("\n")[0]) for each in there.said("city")]
    ends = [("ended", "현장 조치"), ("ended", "현장 조치")]
    assert sorted(city) == sorted([("occurred", "불이야"), ("occurred", "물이야"), *ends])
    assert len({each.origin_key for each in there.said("city")}) == 2
    # A Cancel says of itself and of the Alert that it refers to that they are over.
    assert sorted(each.status for each in there.said("warnings")) == ["cancelled"] * 4 + ["occurred"] * 2
    until(lambda: all(each.state in ("normal", "returned") for each in _alarms(there)))
    until(lambda: (lamp := here.lamp("platform.b")) is not None and lamp.state == "ok")
    until(lambda: (lamp := here.lamp("cap.own")) is not None and lamp.detail == "answers")


def _alarms(place: Place) -> list[Any]:
    return [each for each in place.core.newest.all() if type(each).__name__ == "Alarm"]
