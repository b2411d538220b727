"""The journal has every committed entry within a second, and stops nobody."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlite_utils import Database

from console.backup import framing, journal
from console.backup.journal import Journal
from console.clock import ManualClock
from console.engine import Engine
from db import connection, entries, ops
from db.records import Draft, Entry

KEY = bytes(range(32))


class Store:
    """An ops engine with its journal."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.journal = Journal(folder / "journal", KEY, ManualClock())
        self.engine = Engine(
            "ops", self.open, lambda records: None, ManualClock(), committed=self.journal.committed
        )

    def open(self) -> Database:
        db = connection.open_writer(self.folder / "ops.db", KEY, ops.migrations)
        self.journal.watch(db)
        return db

    def start(self) -> Store:
        self.journal.start()
        self.engine.start()
        return self

    def stop(self) -> None:
        self.engine.stop()
        self.journal.stop()

    def note(self, text: str) -> Entry:
        return self.engine.call(lambda db: [entries.append(db, Draft("note", text, 1, "a", {}))])[0]

    def journaled(self) -> list[Entry]:
        read = journal.read_all(self.folder / "journal", framing.sealing_key(KEY))
        return [entry for each in read for image in each.images for entry in image.entries]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path).start()
    yield made
    made.stop()


def test_every_committed_entry_is_in_the_journal_in_order(store: Store) -> None:
    said = [store.note(f"{n}") for n in range(20)]
    assert store.journal.flush(5)
    assert store.journaled() == said


def test_the_next_start_goes_on_where_the_journal_ended(tmp_path: Path) -> None:
    store = Store(tmp_path).start()
    said = [store.note("one")]
    store.stop()
    store = Store(tmp_path).start()
    said.append(store.note("two"))
    store.stop()
    assert store.journaled() == said
    assert len(journal.files(tmp_path / "journal")) == 2


def test_what_was_committed_without_a_journal_is_taken_in_at_the_next_commit(tmp_path: Path) -> None:
    db = connection.open_writer(tmp_path / "ops.db", KEY, ops.migrations)
    with db.atomic():
        said = [entries.append(db, Draft("note", "before", 1, "a", {}))]
    db.close()
    store = Store(tmp_path).start()
    said.append(store.note("after"))
    store.stop()
    assert store.journaled() == said


def test_a_disk_that_refuses_the_journal_stops_no_act_and_loses_no_entry(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.note("first")
    assert store.journal.flush(5)
    sync = os.fsync

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("console.backup.journal.os.fsync", full)
    said = [store.note(f"{n}") for n in range(journal.MOST_WAITING + 10)]
    assert not store.journal.flush(0.1)
    assert "No space left" in store.journal.state.fault
    monkeypatch.setattr("console.backup.journal.os.fsync", sync)
    assert store.journal.flush(5)
    said.append(store.note("last"))
    assert store.journal.flush(5)
    assert store.journal.state.fault == ""
    assert store.journaled()[1:] == said


def test_a_torn_tail_is_told_and_what_is_before_it_is_read(tmp_path: Path) -> None:
    store = Store(tmp_path).start()
    said = [store.note(f"{n}") for n in range(3)]
    store.stop()
    _, path = journal.files(tmp_path / "journal")[-1]
    os.truncate(path, path.stat().st_size - 5)
    (read,) = journal.read_all(tmp_path / "journal", framing.sealing_key(KEY))
    assert read.ended == "its last frame is not whole"
    assert store.journaled() == said[:2]
