"""The door into the GUI thread."""

from __future__ import annotations

import threading
from typing import Any

import msgspec
import pytest

from console.clock import ManualClock
from db.asset_records import Asset
from db.records import FeedCount, Latest
from widgets.bridge import MOST, Bridge


class Door:
    """Answers what the test lays out, from another thread."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[Any, str]] = {}
        self.commands: list[tuple[str, dict[str, Any], str]] = []

    def query(self, name: str, args: dict[str, Any], done: Any) -> None:
        threading.Thread(target=done, args=self.answers.get(name, (None, "no answer"))).start()

    def command(self, name: str, args: dict[str, Any], done: Any, command_id: str) -> None:
        self.commands.append((name, args, command_id))
        threading.Thread(target=done, args=({"id": command_id}, "")).start()


def count(feed: str, received: int) -> FeedCount:
    return FeedCount(feed=feed, received=received, stored=0, quarantined=0, duplicate=0)


@pytest.fixture
def door() -> Door:
    return Door()


@pytest.fixture
def bridge(door: Door, qapp: object) -> Bridge:
    return Bridge(door, ManualClock(1_000_000))


def test_records_posted_in_a_burst_arrive_as_the_newest_of_each_key(bridge: Bridge, qtbot: Any) -> None:
    handed: list[tuple[Any, ...]] = []
    bridge.changed.connect(handed.append)
    threads = [
        threading.Thread(target=lambda: [bridge.post([count("a", n)]) for n in range(2000)]),
    ]
    for thread in threads:
        thread.start()
        thread.join()
    bridge.post([count("b", 7)])
    qtbot.waitUntil(lambda: bool(handed))
    assert [(each.feed, each.received) for each in handed[0]] == [("a", 1999), ("b", 7)]


def test_the_first_hand_over_is_at_once_and_the_next_waits_for_the_interval(
    bridge: Bridge, qtbot: Any
) -> None:
    handed: list[int] = []
    bridge.changed.connect(lambda records: handed.append(records[0].received))
    bridge.post([count("a", 1)])
    qtbot.waitUntil(lambda: handed == [1])
    for n in range(2, 50):
        bridge.post([count("a", n)])
        bridge._on_wake()
    assert handed == [1]
    qtbot.waitUntil(lambda: handed == [1, 49])


def test_an_answer_comes_in_the_gui_thread(bridge: Bridge, door: Door, qtbot: Any) -> None:
    door.answers["status"] = ({"up": True}, "")
    seen: list[tuple[Any, str, int]] = []
    bridge.query("status", {}, lambda value, error: seen.append((value, error, threading.get_ident())))
    qtbot.waitUntil(lambda: bool(seen))
    assert seen == [({"up": True}, "", threading.get_ident())]


def test_a_command_carries_its_id(bridge: Bridge, door: Door, qtbot: Any) -> None:
    seen: list[Any] = []
    bridge.command("incident.note", {"text": "x"}, lambda value, error: seen.append(value), "id-1")
    qtbot.waitUntil(lambda: bool(seen))
    assert door.commands == [("incident.note", {"text": "x"}, "id-1")]


def test_the_time_is_the_cores_once_it_has_told_it(bridge: Bridge, door: Door, qtbot: Any) -> None:
    assert bridge.now_ms() == 1_000_000
    door.answers["site"] = ({"clock_ms": 5_000_000}, "")
    with qtbot.waitSignal(bridge.linked) as signal:
        bridge.post_state(True, "")
    assert signal.args == [True, ""]
    qtbot.waitUntil(lambda: bridge.now_ms() == 5_000_000)


def test_without_a_door_a_question_is_answered_with_the_reason(qapp: object, qtbot: Any) -> None:
    bridge = Bridge()
    seen: list[str] = []
    bridge.query("status", {}, lambda value, error: seen.append(error))
    qtbot.waitUntil(lambda: bool(seen))
    assert "no link" in seen[0]


def test_the_asset_tree_is_asked_once_and_shared(bridge: Bridge, door: Door, qtbot: Any) -> None:
    tree = [Asset(id="d", kind="district", name="구")]
    asked: list[dict[str, Any]] = []

    def query(name: str, args: dict[str, Any], done: Any) -> None:
        asked.append(args)
        threading.Thread(target=done, args=(msgspec.msgpack.encode(tree), "")).start()

    door.query = query  # type: ignore[method-assign]
    seen: list[Any] = []
    bridge.assets(lambda value, error: seen.append(value))
    bridge.assets(lambda value, error: seen.append(value))
    qtbot.waitUntil(lambda: len(seen) == 2)
    bridge.assets(lambda value, error: seen.append(value))
    qtbot.waitUntil(lambda: len(seen) == 3)
    assert asked == [{"packed": True}]
    assert seen[0] == tree
    assert seen[0] is seen[1] is seen[2]


def test_another_link_asks_for_its_own_asset_tree(bridge: Bridge, door: Door, qtbot: Any) -> None:
    door.answers["assets"] = ([], "")
    seen: list[Any] = []
    bridge.assets(lambda value, error: seen.append(value))
    qtbot.waitUntil(lambda: seen == [[]])
    bridge.post_state(True, "")
    door.answers["assets"] = (None, "gone")
    qtbot.waitUntil(lambda: bridge.is_linked)
    bridge.assets(lambda value, error: seen.append(error))
    qtbot.waitUntil(lambda: seen[1:] == ["gone"])


def test_very_many_records_are_handed_over_in_parts_with_the_plentiful_ones_last(
    bridge: Bridge, qtbot: Any
) -> None:
    handed: list[tuple[Any, ...]] = []
    bridge.changed.connect(handed.append)
    many = [Latest(f"s{n}", "t", "inst", n, "1", n, n) for n in range(MOST * 2)]
    bridge.post([*many, count("a", 1)])
    qtbot.waitUntil(lambda: sum(map(len, handed)) == MOST * 2 + 1)
    assert isinstance(handed[0][0], FeedCount)
    assert max(map(len, handed)) == MOST
    assert len({record.key for part in handed for record in part}) == MOST * 2 + 1
