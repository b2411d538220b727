"""Long tasks: told while they run, ended when asked, never two of a kind."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from queue import SimpleQueue
from typing import Any

import pytest

from console.clock import ManualClock
from console.errors import Refused
from console.tasks import Task, Tasks
from db.workings import Progress

Told = SimpleQueue[Progress]


@pytest.fixture
def told() -> Told:
    return SimpleQueue()


@pytest.fixture
def tasks(told: Told) -> Iterator[Tasks]:
    def publish(records: list[Any]) -> None:
        for record in records:
            told.put(record)

    tasks = Tasks(publish, ManualClock())
    yield tasks
    tasks.stop()


def last(told: Told) -> Progress:
    while (progress := told.get(timeout=10)).state == "running":
        pass
    return progress


def test_what_a_task_made_is_in_its_last_word(tasks: Tasks, told: Told) -> None:
    def run(task: Task) -> str:
        task.at(1, 2, "half")
        return "a.csv"

    started = tasks.start("export", run)
    ended = last(told)
    assert (ended.id, ended.state, ended.path, ended.text) == (started.id, "done", "a.csv", "half")


def test_a_task_ends_where_it_looks_up_after_it_was_cancelled(tasks: Tasks, told: Told) -> None:
    begun, go = threading.Event(), threading.Event()

    def run(task: Task) -> str:
        begun.set()
        go.wait(10)
        task.at(1, 2)
        raise AssertionError("it went on")

    started = tasks.start("export", run)
    assert begun.wait(10)
    with pytest.raises(Refused, match="running already"):
        tasks.start("export", run)
    assert tasks.cancel(started.id)
    go.set()
    assert last(told).state == "cancelled"
    assert not tasks.cancel("unknown")


@pytest.mark.parametrize(
    ("error", "text"), [(Refused("no room"), "no room"), (KeyError("x"), "KeyError: 'x'")]
)
def test_a_task_that_fails_says_why(tasks: Tasks, told: Told, error: Exception, text: str) -> None:
    def run(task: Task) -> str:
        raise error

    tasks.start("backup", run)
    ended = last(told)
    assert (ended.state, ended.text) == ("failed", text)


def test_that_a_task_has_ended_is_told_last_however_short_it_is() -> None:
    told: list[Progress] = []
    slow = threading.Event()

    def publish(records: list[Progress]) -> None:
        if records[0].state == "running":
            slow.wait(0.2)  # the screens are slow to take the beginning
        told.extend(records)

    tasks = Tasks(publish, ManualClock())
    tasks.start("export", lambda task: "")
    tasks.stop()
    assert [each.state for each in told] == ["running", "done"]
