"""The core killed while it tells other systems: each statement arrives, and repeats as the same bytes."""

from __future__ import annotations

import os
import signal
import threading
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from console.errors import ConsoleError
from console.formats import platform_out
from console.formats.platform import PlatformDecoder
from console.settings import Feed
from db.records import Event
from tests.console.formats.test_cap_out import VALID
from tests.end_to_end.whole import WholeConsole, until
from tests.servers.web import Answer, HttpServer, Request

pytestmark = pytest.mark.timeout(240)

KILLS = 4
EACH = 8  # incidents of a run


def test_a_core_killed_while_it_tells_others_leaves_nothing_out_and_changes_nothing(tmp_path: Path) -> None:
    slow = threading.Event()

    def answer(_: Request) -> Answer:
        slow.wait(0.02)  # so that kills fall between the question and its answer
        return Answer(platform_out.answer())

    (tmp_path / "out").mkdir()
    with HttpServer(answer) as server:
        settings = {
            "site": {"device": "killed"},
            "platforms": {"p": {"url": f"{server.url}/e", "send_cd": "B1", "rcv_cd": "B2", "every_s": 0.05}},
            "cap_out": [
                {"name": "c", "sender": "c@killed", "folder": str(tmp_path / "out"), "every_s": 0.05}
            ],
        }
        for turn in range(KILLS + 1):
            with WholeConsole(tmp_path / "data", settings, screen=False) as console:
                until(lambda: console.ask() is not None)
                before = len(server.asked)
                if turn < KILLS:
                    _act(console)
                    server.wait_asked(before + 3 + turn)
                    os.kill(console.pid("core"), signal.SIGKILL)
                else:
                    until(lambda: _lamps(console) == {"platform.p": "answers", "cap.c": "answers"})
        bodies: dict[tuple[str, str], set[bytes]] = defaultdict(set)
        order: dict[str, list[str]] = defaultdict(list)
        for request in server.asked:
            (event,) = READER.decode("x", request.body, 0, False)
            assert isinstance(event, Event)
            bodies[event.origin_key, event.status].add(request.body)
            order[event.origin_key].append(event.status)
    opened = {key for key, status in bodies if status == "occurred"}
    assert len(opened) >= KILLS
    assert {len(each) for each in bodies.values()} == {1}, "what is sent again is the same bytes"
    assert len(server.asked) - len(bodies) <= KILLS, "at most what was on its way is sent again"
    for statuses in order.values():
        assert statuses == sorted(statuses, reverse=True), "occurred before ended"
    documents = [path.read_bytes() for path in (tmp_path / "out").iterdir()]
    for each in documents:
        VALID.assertValid(etree.fromstring(each))
    assert len(documents) == len(bodies)


READER = PlatformDecoder("p", Feed(kind="platform", via="listen"), ("utf-8",))


def _act(console: WholeConsole) -> None:
    """Open and close incidents until they are done or the core is gone."""

    def run() -> None:
        for n in range(EACH):
            try:
                made: Any = console.client.act(
                    "incident.open", {"title": f"일 {n}", "type": "화재", "level": 2}
                )
                console.client.act("incident.close", {"incident": made["id"], "result": "끝"})
            except (ConsoleError, OSError):
                return

    threading.Thread(target=run, daemon=True).start()


def _lamps(console: WholeConsole) -> dict[str, str]:
    lamps = [each for each in console.records if type(each).__name__ == "Lamp"]
    return {each.name: each.detail for each in lamps if each.name in ("platform.p", "cap.c")}
