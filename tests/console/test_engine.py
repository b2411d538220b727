"""The one writer: on disk before anybody hears of it, and nothing is lost meanwhile."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from pathlib import Path
from typing import Any

import pytest
from sqlite_utils import Database, Migrations

from console.clock import SystemClock
from console.engine import Engine
from console.errors import Refused, StoreError, Unavailable
from db import connection

KEY = secrets.token_bytes(32)
ENOUGH_S = 20.0
migrations = Migrations("engine-test")


@migrations()
def m0001_notes(db: Database) -> None:
    db.conn.execute("CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT")


def open_db(folder: Path) -> Database:
    return connection.open_writer(folder / "notes.db", KEY, migrations)


def note(text: str) -> Callable[[Database], list[str]]:
    def job(db: Database) -> list[str]:
        db.conn.execute("INSERT INTO note (text) VALUES (?)", (text,))
        return [text]

    return job  # type: ignore[return-value]


def notes(folder: Path) -> list[str]:
    db = connection.open_reader(folder / "notes.db", KEY)
    try:
        return [row[0] for row in db.conn.execute("SELECT text FROM note ORDER BY id")]
    finally:
        db.close()


class Desk:
    """An engine, what it published, and a disk that can be made to refuse."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.published: list[Any] = []
        self.commits = 0
        self.most_pages: int | None = None
        self.is_away = threading.Event()
        self.engine = Engine("test", self._open, self._publish, SystemClock())  # type: ignore[arg-type]

    def _open(self) -> Database:
        if self.is_away.is_set():
            raise Unavailable("the disk is away")
        db = open_db(self.folder)
        if self.most_pages is not None:
            db.conn.execute(f"PRAGMA max_page_count={self.most_pages}")
        return db

    def _publish(self, records: list[Any]) -> None:
        self.commits += 1
        assert set(records) <= set(notes(self.folder)), "published before it was on disk"
        self.published += records

    def hold(self) -> threading.Event:
        """Occupy the writer until the event is set, so that what follows is one batch."""
        go, busy = threading.Event(), threading.Event()

        def job(db: Database) -> list[Any]:
            busy.set()
            go.wait(ENOUGH_S)
            return []

        self.engine.submit(job)
        assert busy.wait(ENOUGH_S)
        return go

    def until(self, word: str) -> None:
        """Wait until the engine says `word` of itself."""
        turn = threading.Event()
        for _ in range(2000):
            if self.engine.state.word == word:
                return
            turn.wait(0.01)
        pytest.fail(f"the engine is {self.engine.state}, not {word}")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    desk.engine.start()
    yield desk
    desk.is_away.clear()
    desk.most_pages = None
    desk.engine.stop()


def test_a_future_gives_the_records_after_they_are_on_disk_and_told(desk: Desk) -> None:
    assert desk.engine.call(note("a")) == ["a"]
    assert (notes(desk.folder), desk.published) == (["a"], ["a"])


def test_what_waits_is_written_in_one_transaction(desk: Desk) -> None:
    go = desk.hold()
    futures = [desk.engine.submit(note(f"n{number}")) for number in range(100)]
    go.set()
    wait(futures, ENOUGH_S)
    assert [future.result() for future in futures] == [[f"n{number}"] for number in range(100)]
    assert desk.commits == 1
    assert notes(desk.folder) == desk.published == [f"n{number}" for number in range(100)]


def test_a_refused_job_spoils_none_of_its_neighbours(desk: Desk) -> None:
    def refused(db: Database) -> list[Any]:
        note("half an act")(db)
        raise Refused("no")

    go = desk.hold()
    futures = [desk.engine.submit(each) for each in (note("a"), refused, note("a"), note("b"))]
    go.set()
    assert isinstance(futures[1].exception(ENOUGH_S), Refused)
    assert isinstance(futures[2].exception(ENOUGH_S), connection.SqlError)
    assert futures[3].result(ENOUGH_S) == ["b"]
    assert notes(desk.folder) == desk.published == ["a", "b"]


def unfulfilled(db: Database) -> list[str]:
    """A job whose fault shows only at COMMIT: it names a row that never comes."""
    db.conn.execute(
        "CREATE TABLE IF NOT EXISTS part (note INTEGER NOT NULL"
        " REFERENCES note (id) DEFERRABLE INITIALLY DEFERRED) STRICT"
    )
    db.conn.execute("INSERT INTO part VALUES (999)")
    return ["part"]


def test_a_commit_that_the_store_rejects_is_undone_whole_and_the_writer_goes_on(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    go = desk.hold()
    futures = [desk.engine.submit(note("beside")), desk.engine.submit(unfulfilled)]  # type: ignore[arg-type]
    go.set()
    wait(futures, ENOUGH_S)
    assert ["FOREIGN KEY" in str(future.exception()) for future in futures] == [True, True]
    assert (notes(desk.folder), desk.published) == ([], [])
    assert desk.engine.call(note("after")) == ["after"]
    assert notes(desk.folder) == ["after"]
    caplog.clear()


def test_a_bug_in_a_job_comes_out_of_its_future_and_the_writer_goes_on(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(ZeroDivisionError):
        desk.engine.call(lambda db: [1 // 0])  # type: ignore[list-item]
    assert "a job failed" in caplog.text
    assert desk.engine.call(note("after")) == ["after"]


def test_a_bug_in_a_listener_does_not_stop_the_writer(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def deaf(records: list[Any]) -> None:
        raise ValueError(records)

    engine = Engine("test", lambda: open_db(tmp_path), deaf, SystemClock())
    engine.start()
    assert engine.call(note("a")) == ["a"]
    assert engine.call(note("b")) == ["b"]
    assert engine.stop()
    assert "could not be passed on" in caplog.text


def test_a_full_disk_loses_nothing(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.most_pages = 12
    desk.engine.start()
    texts = [f"{number:03d}" + "x" * 3000 for number in range(60)]
    futures = [desk.engine.submit(note(text)) for text in texts]
    desk.until("waiting")
    assert "full" in desk.engine.state.detail
    assert not all(future.done() for future in futures)
    confirmed = [text for text, future in zip(texts, futures, strict=True) if future.done()]
    assert notes(tmp_path) == confirmed
    with pytest.raises(Unavailable, match="Not yet on disk"):
        desk.engine.call(note("later"), timeout=0.05)
    desk.most_pages = 100_000
    wait(futures, ENOUGH_S)
    assert desk.engine.stop()
    assert notes(tmp_path) == desk.published == [*texts, "later"]


def test_a_disk_that_is_away_at_the_start_is_waited_for(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.is_away.set()
    desk.engine.start()
    future = desk.engine.submit(note("patience"))
    desk.until("waiting")
    assert not future.done()
    desk.is_away.clear()
    assert future.result(ENOUGH_S) == ["patience"]
    assert desk.engine.state.word == "ok"
    desk.engine.stop()


def test_a_lock_by_another_writer_is_waited_for(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.engine.call(note("first"))
    desk.engine.call(lambda db: db.conn.execute("PRAGMA busy_timeout=1").fetchall() and [])
    monkeypatch.setattr(connection, "BUSY_S", 0.01)
    other = open_db(desk.folder)
    other.conn.execute("BEGIN IMMEDIATE")
    future = desk.engine.submit(note("second"))
    desk.until("waiting")
    other.rollback()
    other.close()
    assert future.result(ENOUGH_S) == ["second"]


def test_stopping_finishes_what_is_queued(desk: Desk) -> None:
    go = desk.hold()
    futures = [desk.engine.submit(note(f"n{number}")) for number in range(1000)]
    threading.Timer(0.05, go.set).start()
    assert desk.engine.stop(ENOUGH_S)
    assert all(future.done() for future in futures)
    assert len(notes(desk.folder)) == 1000
    assert desk.engine.state.word == "stopped"


def test_after_the_end_a_job_is_refused_at_once(desk: Desk) -> None:
    desk.engine.stop()
    with pytest.raises(Unavailable, match="stopping"):
        desk.engine.call(note("late"))


def test_stopping_before_a_disk_that_stays_away_gives_the_rest_back(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.is_away.set()
    desk.engine.start()
    futures: list[Future[list[Any]]] = [desk.engine.submit(note(f"n{number}")) for number in range(3)]
    desk.until("waiting")
    assert not desk.engine.stop(0.1)
    assert {type(future.exception(ENOUGH_S)) for future in futures} == {Unavailable}


def test_a_store_that_cannot_be_used_is_told_at_the_start(tmp_path: Path) -> None:
    open_db(tmp_path).close()
    engine = Engine(
        "test",
        lambda: connection.open_writer(tmp_path / "notes.db", bytes(32), migrations),
        lambda records: None,
        SystemClock(),
    )
    with pytest.raises(StoreError):
        engine.start()
    assert engine.state.word == "damaged"
    assert engine.stop()


def test_damage_found_in_passing_is_told_to_the_caller_and_seen(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.engine.start()
    for number in range(40):
        desk.engine.call(note(f"{number:03d}" + "x" * 3000))
    desk.engine.stop()
    path = tmp_path / "notes.db"
    spoiled = bytearray(path.read_bytes())
    for at in range(5 * 4096, len(spoiled), 4096):
        spoiled[at + 100] ^= 1
    path.write_bytes(spoiled)
    again = Desk(tmp_path)
    again.engine.start()
    with pytest.raises(StoreError, match="damaged"):
        again.engine.call(lambda db: db.conn.execute("SELECT text FROM note").fetchall())
    assert again.engine.state.word == "damaged"
    again.engine.stop()


def test_a_job_that_was_cancelled_before_its_turn_is_not_done(desk: Desk) -> None:
    go = desk.hold()
    cancelled = desk.engine.submit(note("no"))
    kept = desk.engine.submit(note("yes"))
    assert cancelled.cancel()
    go.set()
    assert kept.result(ENOUGH_S) == ["yes"]
    assert notes(desk.folder) == ["yes"]


ACKNOWLEDGE_FOR_EVER = """
import sys
from pathlib import Path
from console.clock import SystemClock
from console.engine import Engine
from tests.console import test_engine as t

t.KEY = bytes.fromhex(sys.argv[2])
engine = Engine("killed", lambda: t.open_db(Path(sys.argv[1])), lambda records: None, SystemClock())
engine.start()
number = 0
while True:
    batch = [engine.submit(t.note(f"{sys.argv[3]}-{number + each}")) for each in range(7)]
    number += 7
    for each in batch:
        print(each.result()[0], flush=True)
"""


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
def test_what_was_acknowledged_survives_a_kill_once(tmp_path: Path) -> None:
    acknowledged: set[str] = set()
    for round_ in range(3):
        with subprocess.Popen(
            [sys.executable, "-c", ACKNOWLEDGE_FOR_EVER, str(tmp_path), KEY.hex(), str(round_)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        ) as writer:
            assert writer.stdout is not None
            for count, line in enumerate(writer.stdout):
                acknowledged.add(line.strip())
                if count == 100 + 13 * round_:
                    writer.send_signal(signal.SIGKILL)
                    break
            acknowledged.update(line.strip() for line in writer.stdout if line.endswith("\n"))
    kept = notes(tmp_path)
    assert acknowledged <= set(kept)
    assert len(kept) == len(set(kept))
