"""The engine's place among the events when one of the two stores was lost or is older."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from console.clock import ManualClock
from console.startup import repair
from db import alarms, connection, events, feed, ops
from db.alarms import Cursor
from db.records import Event

KEY = bytes(32)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with closing(connection.open_writer(tmp_path / "feed.db", KEY, feed.migrations)) as db, db.atomic():
        for number in range(3):
            events.add(db, "f", Event("o", f"k{number}", "t", "occurred", number, number))
    return tmp_path


def aligned(folder: Path, at: Cursor | None) -> Cursor:
    with closing(connection.open_writer(folder / "ops.db", KEY, ops.migrations)) as db:
        if at is not None:
            with db.atomic():
                alarms.put_cursor(db, at)
    repair.align(folder, KEY, ManualClock())
    with closing(connection.open_reader(folder / "ops.db", KEY)) as db:
        return alarms.cursor(db)


def test_a_new_ops_store_judges_no_event_of_the_past(folder: Path) -> None:
    assert aligned(folder, None).event == 3


def test_an_engine_ahead_of_the_events_goes_on_where_they_end(folder: Path) -> None:
    assert aligned(folder, Cursor(step=5, event=9)).event == 3


def test_an_engine_behind_the_events_judges_them(folder: Path) -> None:
    assert aligned(folder, Cursor(step=5, event=1)) == Cursor(step=5, event=1)


def test_losing_readings_does_not_skip_events(folder: Path) -> None:
    found = aligned(folder, Cursor(step=5, reading=70, seen_reading=60, event=1))
    assert (found.reading, found.seen_reading, found.event) == (0, 0, 1)
