"""Alarms stand after a repair as they stood before it: none invented, none forgotten."""

from __future__ import annotations

from pathlib import Path

from sqlite_utils import Database

from console.backup import backups, restore
from console.clock import ManualClock
from db import alarms, entries
from db.alarms import Cursor, Watch
from db.records import Draft
from tests.console.backup.test_journal import KEY, Store


def judged(store: Store, step: int, *watches: Watch) -> None:
    """What the alarm engine writes in one transaction."""

    def job(db: Database) -> list[object]:
        alarms.put_watches(db, watches)
        alarms.put_cursor(db, Cursor(reading=step * 10, steady=step * 1000, seen_reading=step, step=step))
        entries.append(db, Draft("alarm.raised", "a", step, "system", {}))
        return []

    store.engine.call(job)  # type: ignore[arg-type]


def state(folder: Path) -> tuple[list[Watch], Cursor, dict[str, int]]:
    store = Store(folder)
    db = store.open()
    try:
        return list(alarms.watches(db)), alarms.cursor(db), alarms.seen(db)
    finally:
        db.close()


def test_the_watches_and_the_cursor_are_those_of_the_last_commit(tmp_path: Path) -> None:
    store = Store(tmp_path).start()
    judged(store, 1, Watch("one", active=True), Watch("two", due=5))
    store.engine.call(lambda db: alarms.put_seen(db, [("one", 7)]) or [])  # type: ignore[func-returns-value]
    number = store.journal.rotate()
    backups.make(tmp_path / "ops.db", tmp_path / "backups", KEY, ManualClock(), journal=number)
    judged(store, 2, Watch("two"), Watch("three", active=True))
    judged(store, 3, Watch("one", active=True, due=9))
    store.stop()
    (tmp_path / "ops.db").write_bytes(b"?" * 9000)
    restore.restore(tmp_path, KEY, ManualClock(), tmp_path / "backups")
    watches, cursor, seen = state(tmp_path)
    assert watches == [Watch("one", active=True, due=9), Watch("three", active=True)]
    assert (cursor.reading, cursor.step, cursor.seen_reading) == (30, 3, 30)
    assert seen == {"one": 3000}, "no source is silent for the time that the store has forgotten"


def test_a_backup_newer_than_the_last_image_is_not_set_back(tmp_path: Path) -> None:
    store = Store(tmp_path).start()
    judged(store, 1, Watch("one", active=True))
    store.stop()
    plain = Store(tmp_path)
    db = plain.open()
    with db.atomic():
        alarms.put_watches(db, [Watch("one")])
        alarms.put_cursor(db, Cursor(reading=20, step=2))
    db.close()
    backups.make(tmp_path / "ops.db", tmp_path / "backups", KEY, ManualClock())
    restore.restore(tmp_path, KEY, ManualClock(), tmp_path / "backups")
    watches, cursor, _ = state(tmp_path)
    assert (watches, cursor.reading) == ([], 20)
