"""From a message to the alarm on the screen's door, through the composed core."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from console.clock import SystemClock
from console.core import Core
from console.link_client import LinkClient
from console.settings import parse
from db import alarms, entries
from db.alarm_records import Alarm

SETTINGS = """
[site]
device = "core-test"
[brokers.main]
port = 1
[feeds.bells]
topics = ["bells/#"]
[[feeds.bells.mappings]]
topic = "bells/{source}"
time = "at"
time_format = "epoch_ms"
[[feeds.bells.mappings.events]]
type = "'bell'"
key = "id"
status = "status"
text = "'누름'"
[[rules]]
id = "bell"
kind = "event"
types = ["bell"]
priority = 1
"""


def press(core: Core, key: str, status: str, at: int, flags: int = 0) -> None:
    body = json.dumps({"id": key, "status": status, "at": at}).encode()
    core.ingest.deliver("bells", [("bells/b7", body)], flags=flags).result(10)


def until(core: Core, check: Callable[[list[Alarm]], bool]) -> list[Alarm]:
    """The standing alarms once they are so; the engine is asked again each time it has stepped."""
    for _ in range(200):
        db = core.open_ops_reader()
        try:
            standing = alarms.standing(db)
        finally:
            db.close()
        if check(standing):
            return standing
        threading.Event().wait(0.05)
    raise AssertionError(f"not so after 10 s: {standing}")


def test_a_bell_is_an_alarm_once_however_often_the_core_starts(tmp_path: Path) -> None:
    settings, clock = parse(SETTINGS, "test"), SystemClock()
    now = clock.now_ms()
    for start in range(3):
        core = Core(tmp_path / "data", settings, clock)
        core.start()
        client = LinkClient(tmp_path / "data", role="ui", seat="1", actor="김관제")
        client.start()
        try:
            assert client.wait_linked(10)
            if start == 0:
                press(core, "k0", "occurred", now - 1000, flags=1)
                press(core, "k1", "occurred", now)
            if start == 2:
                press(core, "k1", "ended", now + 1000)
            (alarm,) = until(
                core,
                lambda found, start=start: bool(found) and (found[0].returned_ms is not None) == (start == 2),
            )
            asked: list[Any] = client.ask("alarms", {})
            assert [each["id"] for each in asked] == ["bell|bells|k1"]
            assert (alarm.activation, alarm.priority, alarm.source, alarm.text) == (1, 1, "b7", "누름")
            db = core.open_ops_reader()
            raised = [e for e in entries.newest(db, 50) if e.type == "alarm.raised"]
            db.close()
            assert len(raised) == 1
        finally:
            client.stop()
            core.stop()
