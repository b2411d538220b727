"""A whole core with feeds that no broker brings: posted, polled, from a folder, each to lamp and records."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx2
import pytest

from console.clock import SystemClock
from console.core import Core
from console.feeds.reading import readers_of
from console.formats.answers import Answer
from console.settings import Feed, parse
from db import readings
from db.records import FeedCount, Lamp, Reading
from tests.console.feeds.support import Console, reader
from tests.console.formats.test_seoul import INCIDENT, xml
from tests.servers.mosquitto import Mosquitto
from tests.servers.web import HttpServer

SETTINGS = """
[listen]
port = {port}
[feeds.posted]
kind = "platform"
via = "listen"
listen = {{ path = "/integrationPlatformEvent", token_file = "token", header = "X-Scsns-Secret" }}
[feeds.polled]
kind = "seoul"
via = "poll"
poll = {{ url = "{url}/{{key}}/AccInfo/{{start}}/{{end}}", key_file = "token", page_size = 5, every_s = 1 }}
[feeds.filed]
kind = "cap"
via = "folder"
folder = {{ path = "in", every_s = 1 }}
"""


def until(claim: Callable[[], bool], ticks: int = 400) -> None:

    rest = threading.Event()
    for _ in range(ticks):
        if claim():
            return
        rest.wait(0.05)
    pytest.fail("it did not come to be")


def test_a_core_is_posted_to_polls_and_reads_a_folder(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("k3y", encoding="utf-8")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "경보.xml").write_text("<alert/>", encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    with HttpServer(lambda _: xml("AccInfo", [INCIDENT])) as server:
        text = SETTINGS.format(port=port, url=server.url)
        core = Core(tmp_path / "data", parse(text, "test"), SystemClock(), origin=tmp_path / "settings.toml")
        core.start()
        try:
            state: Callable[[type], dict[str, Any]] = lambda kind: {  # noqa: E731
                each.name if isinstance(each, Lamp) else each.feed: each
                for each in core.newest.all()
                if type(each) is kind and getattr(each, "kind", "feed") == "feed"
            }
            until(lambda: (found := state(Lamp).get("polled")) is not None and found.state == "ok")
            until(lambda: (found := state(Lamp).get("filed")) is not None and "경보.xml" in found.detail)
            assert core.ways.listening.is_up.wait(10)
            address = f"http://127.0.0.1:{port}/integrationPlatformEvent"
            with httpx2.Client(trust_env=False) as client:
                assert client.post(address, content=b"{}").status_code == 401
                answer = client.post(address, content=b"{}", headers={"X-Scsns-Secret": "k3y"})
            assert (answer.status_code, answer.json()["type"]) == (200, "2000")
            until(lambda: {"posted", "polled", "filed"} <= set(state(FeedCount)))
            counts = state(FeedCount)
            assert (counts["polled"].stored, counts["posted"].quarantined, counts["filed"].quarantined) == (
                1,
                1,
                1,
            )
        finally:
            core.stop()
        assert all("k3y" in each.path for each in server.asked)


@pytest.mark.needs("mosquitto")
def test_the_answer_of_a_decoder_goes_out_after_the_commit_on_the_session_it_came_from(
    tmp_path: Path, mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Asking:
        """Answers every request, as oneM2M wants it."""

        def __init__(self) -> None:
            self.waiting: list[Answer] = []

        def decode(self, topic: str, payload: bytes, received_ms: int, retained: bool) -> list[Any]:
            self.waiting.append(Answer(topic.replace("req", "resp"), payload + b" stored", 1))
            self.waiting.append(Answer("no/+/topic", b"a topic with wildcards is none"))
            return [Reading("a", "n", 1.0, received_ms, received_ms)]

        def take_answers(self) -> list[Answer]:
            taken, self.waiting = self.waiting, []
            return taken

    monkeypatch.setattr("console.feeds.reading.decoder", lambda *_: Asking())
    assert readers_of({"m2m": Feed()}, ("utf-8",))["m2m"].answers is not None

    came, heard = threading.Event(), list[bytes]()
    with (
        Console(tmp_path, {"main": mosquitto.settings()}, {"m2m": Feed(topics=("m2m/req/#",))}) as console,
        mosquitto.client() as client,
    ):
        console.wait_connected()
        client.on_message = lambda _client, _data, message: (heard.append(message.payload), came.set())
        client.subscribe("m2m/resp/#", 1)
        client.publish("m2m/req/1", b"one", qos=1)
        assert came.wait(20)
        assert heard == [b"one stored"]
        with closing(reader(tmp_path)) as db:
            assert [each.value for each in readings.latest(db)] == [1.0]
