"""The door: what is pushed, asked and done through it, and what a broken or frozen screen costs."""

import threading
from collections.abc import Iterator
from pathlib import Path
from queue import Queue
from typing import Any

import pytest

from console.errors import Refused, Unavailable
from console.link import Command, Hello, Query
from console.link_client import LinkClient
from console.link_server import LinkServer
from db.records import Latest


def latest(value: float, source: str = "a") -> Latest:
    return Latest(source, "level", "inst", value, "m", 1, 2)


class Desk:
    """A core that remembers what was asked of it."""

    def __init__(self, folder: Path) -> None:
        self.done: list[str] = []
        self.state: list[Any] = [latest(1.0)]
        self.server = LinkServer(folder, query=self.query, command=self.command, state=lambda: self.state)
        self.server.start()

    def query(self, query: Query, hello: Hello) -> Any:
        if query.name == "no":
            raise Refused("That is not for you")
        if query.name == "bug":
            raise ZeroDivisionError("one over nothing")
        return [query.name, query.args]

    def command(self, command: Command, hello: Hello) -> Any:
        self.done.append(command.id)
        return hello.actor


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    desk.server.stop()


class Screen:
    def __init__(self, folder: Path, *, follow: bool = True) -> None:
        self.pushed: Queue[Any] = Queue()
        self.states: Queue[tuple[bool, str]] = Queue()
        self.client = LinkClient(
            folder,
            role="ui",
            seat="1",
            actor="kim",
            on_push=(lambda records: [self.pushed.put(r) for r in records]) if follow else None,  # type: ignore[arg-type, return-value]
            on_state=lambda linked, reason: self.states.put((linked, reason)),
        )
        self.client.start()


@pytest.fixture
def screen(desk: Desk, tmp_path: Path) -> Iterator[Screen]:
    screen = Screen(tmp_path)
    yield screen
    screen.client.stop()


def test_a_screen_that_joins_gets_the_whole_state_and_then_what_changes(desk: Desk, screen: Screen) -> None:
    assert screen.pushed.get(timeout=5) == latest(1.0)
    desk.server.publish([latest(2.0)])
    assert screen.pushed.get(timeout=5) == latest(2.0)


def test_a_question_gets_its_answer(desk: Desk, screen: Screen) -> None:
    assert screen.client.wait_linked(5)
    assert screen.client.ask("alarms", {"limit": 3}) == ["alarms", {"limit": 3}]


def test_a_refusal_comes_back_as_a_sentence(desk: Desk, screen: Screen) -> None:
    assert screen.client.wait_linked(5)
    with pytest.raises(Refused, match="That is not for you"):
        screen.client.ask("no")


def test_a_bug_in_one_question_leaves_the_link_up(desk: Desk, screen: Screen) -> None:
    assert screen.client.wait_linked(5)
    with pytest.raises(Refused, match="Internal fault in bug"):
        screen.client.ask("bug")
    assert screen.client.ask("alarms") == ["alarms", {}]


def test_a_command_says_who_acts(desk: Desk, screen: Screen) -> None:
    assert screen.client.wait_linked(5)
    assert screen.client.act("incident.note") == "kim"


def test_a_command_given_while_the_core_is_away_is_done_when_it_is_back(tmp_path: Path) -> None:
    screen = Screen(tmp_path)
    answered = threading.Event()
    name = screen.client.command("incident.note", {}, lambda value, error: answered.set())
    desk = Desk(tmp_path)
    try:
        assert answered.wait(10)
        assert desk.done == [name]
    finally:
        screen.client.stop()
        desk.server.stop()


def test_a_screen_finds_a_core_that_was_started_again(tmp_path: Path) -> None:
    first = Desk(tmp_path)
    screen = Screen(tmp_path)
    assert screen.pushed.get(timeout=5) == latest(1.0)
    first.server.stop()
    second = Desk(tmp_path)
    second.state[:] = [latest(9.0)]
    try:
        while screen.pushed.get(timeout=10) != latest(9.0):
            pass
    finally:
        screen.client.stop()
        second.server.stop()


def test_who_does_not_know_the_key_learns_nothing(desk: Desk, tmp_path: Path) -> None:
    text = (tmp_path / "link.json").read_text(encoding="utf-8")
    other = tmp_path / "other"
    other.mkdir()
    secret = text.split('"secret":"')[1][:64]
    (other / "link.json").write_text(text.replace(secret, "0" * 64), encoding="utf-8")
    stranger = Screen(other)
    try:
        assert stranger.states.get(timeout=5)[0] is False
        assert stranger.pushed.empty()
    finally:
        stranger.client.stop()


def test_only_this_user_may_read_the_key(desk: Desk, tmp_path: Path) -> None:
    assert (tmp_path / "link.json").stat().st_mode & 0o077 == 0


def test_a_screen_that_stands_still_costs_the_core_no_time_and_gets_the_newest_afterwards(
    desk: Desk, tmp_path: Path
) -> None:
    still, seen = threading.Event(), Queue[Any]()

    def slow(records: Any) -> None:
        still.wait(30)
        for record in records:
            seen.put(record)

    client = LinkClient(tmp_path, role="ui", seat="slow", on_push=slow)
    client.start()
    try:
        assert client.wait_linked(5)
        for number in range(2000):
            desk.server.publish([latest(float(number), source=str(n)) for n in range(50)])
        still.set()
        newest: dict[str, float] = {}
        while any(newest.get(str(n)) != 1999.0 for n in range(50)):
            record = seen.get(timeout=10)
            newest[record.source] = record.value
    finally:
        client.stop()


def test_asking_without_a_core_says_so(tmp_path: Path) -> None:
    client = LinkClient(tmp_path, role="cli", seat="x")
    client.start()
    try:
        assert not client.wait_linked(0.2)
        with pytest.raises((Unavailable, Refused)):
            client.ask("alarms", timeout=1)
    finally:
        client.stop()
