"""The composed core, spoken to through its door as a screen does."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from console.clock import SystemClock
from console.core import Core
from console.errors import Refused
from console.link_client import LinkClient
from console.settings import parse
from db import connection, entries


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def core(folder: Path) -> Iterator[Core]:
    core = Core(folder, parse('[site]\ndistrict = "가상구"\ndevice = "core-test"', "test"), SystemClock())
    core.start()
    yield core
    core.stop()


@pytest.fixture
def client(core: Core, folder: Path) -> Iterator[LinkClient]:
    client = LinkClient(folder, role="ui", seat="1", actor="김관제")
    client.start()
    assert client.wait_linked(10)
    yield client
    client.stop()


def open_one(client: LinkClient, **more: Any) -> Any:
    return client.act("incident.open", {"title": "물이 차오름", "type": "침수", "level": 2, **more})


def test_a_second_core_on_the_same_folder_is_refused(core: Core, folder: Path) -> None:
    with pytest.raises(Refused, match="in use"):
        Core(folder, core.settings, SystemClock())


def test_an_act_is_answered_with_what_is_on_disk(core: Core, client: LinkClient, folder: Path) -> None:
    incident = open_one(client)
    assert client.ask("incident", {"id": incident["id"]})["incident"]["title"] == "물이 차오름"
    db = core.open_ops_reader()
    try:
        assert [entry.type for entry in entries.newest(db, 10)] == ["incident.opened"]
    finally:
        db.close()


def test_the_same_command_twice_is_done_once(core: Core, client: LinkClient) -> None:
    for _ in range(2):
        answered = threading.Event()
        client.command(
            "incident.open",
            {"title": "한 번만", "type": "기타"},
            lambda value, error, answered=answered: answered.set(),  # type: ignore[misc]
            "00000000-0000-7000-8000-000000000001",
        )
        assert answered.wait(10)
    assert len(client.ask("incidents", {"search": "한 번만"})) == 1


def test_an_act_with_a_typing_error_is_refused_and_leaves_nothing(client: LinkClient) -> None:
    incident = open_one(client)
    with pytest.raises(Refused, match="unknown field `tex`"):
        client.act("incident.note", {"incident": incident["id"], "tex": "?"})
    assert len(client.ask("incident", {"id": incident["id"]})["acts"]) == 1


def test_an_unknown_act_and_an_unknown_question_are_refused(client: LinkClient) -> None:
    with pytest.raises(Refused, match="knows no act"):
        client.act("incident.explode")
    with pytest.raises(Refused, match="knows no question"):
        client.ask("secrets")


def test_what_was_done_is_there_after_a_new_start(folder: Path) -> None:
    settings = parse("", "test")
    first = Core(folder, settings, SystemClock())
    first.start()
    client = LinkClient(folder, role="ui", seat="1", actor="김관제")
    client.start()
    assert client.wait_linked(10)
    incident = open_one(client)
    client.stop()
    first.stop()
    second = Core(folder, settings, SystemClock())
    second.start()
    try:
        assert incident["id"] in {
            record.id
            for record in second.newest.all()
            if hasattr(record, "number") and hasattr(record, "title")
        }
        assert second.found == []
    finally:
        second.stop()


def test_the_stores_cannot_be_read_without_their_key(core: Core, client: LinkClient, folder: Path) -> None:
    open_one(client, place="비밀 장소")
    for name in ("ops.db", "ops.db-wal", "feed.db"):
        path = folder / name
        assert not path.exists() or "비밀 장소".encode() not in path.read_bytes()
    assert not connection.opens(folder / "ops.db", b"\0" * 32)


def test_status_names_every_part(client: LinkClient) -> None:
    status = client.ask("status")
    assert {"roles", "feeds", "brokers", "alarms", "cameras", "central", "clock", "disk"} <= set(status)
