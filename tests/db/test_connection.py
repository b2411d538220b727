"""What opening promises: nobody writes who may not, and no foreign or newer file is touched."""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlite_utils import Database, Migrations

from db import arrivals, connection, counts, events, feed, ops, quarantine, raw, readings, retention, sealing
from db.errors import StoreError, Unavailable
from db.records import Event, Reading

ROOT = Path(__file__).parents[2]


def pragma(db: Database, name: str) -> object:
    return db.conn.execute(f"PRAGMA {name}").fetchone()[0]


def test_the_writer_is_durable_strict_and_distrustful(feed_db: Database) -> None:
    wanted = {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "trusted_schema": 0,
        "cell_size_check": 1,
        "mmap_size": 0,
        "query_only": 0,
        "application_id": connection.APPLICATION_ID,
    }
    found = {name: pragma(feed_db, name) for name in wanted if name != "mmap_size"}
    assert found == {name: value for name, value in wanted.items() if name != "mmap_size"}


def test_a_reader_sees_what_is_committed_and_cannot_write(
    tmp_path: Path, key: bytes, feed_db: Database
) -> None:
    with feed_db.atomic():
        feed_db.conn.execute("INSERT INTO feed_count VALUES ('a', 1, 1, 0, 0, NULL)")
    reader = connection.open_reader(tmp_path / "feed.db", key)
    try:
        assert reader.conn.execute("SELECT feed FROM feed_count").fetchall() == [("a",)]
        for act in ("DELETE FROM feed_count", "CREATE TABLE typo (a)", "PRAGMA user_version=9"):
            with pytest.raises(connection.SqlError):
                reader.conn.execute(act)
        reader.conn.execute("PRAGMA query_only=OFF")
        with pytest.raises(connection.SqlError):
            reader.conn.execute("DELETE FROM feed_count")
    finally:
        reader.close()


def test_nothing_readable_is_on_the_disk(tmp_path: Path, feed_db: Database) -> None:
    with feed_db.atomic():
        feed_db.conn.execute("INSERT INTO feed_count VALUES ('very-secret-feed', 1, 1, 0, 0, NULL)")
    feed_db.close()
    for path in tmp_path.iterdir():
        assert b"very-secret-feed" not in path.read_bytes()
        assert b"SQLite format" not in path.read_bytes()


@pytest.mark.skipif(os.name != "posix", reason="Windows keeps files private by their folder")
def test_the_file_belongs_to_its_user_only(tmp_path: Path, feed_db: Database) -> None:
    assert {path.stat().st_mode & 0o777 for path in tmp_path.glob("feed.db*")} == {0o600}


def test_another_key_is_a_store_error_and_changes_nothing(
    tmp_path: Path, key: bytes, feed_db: Database
) -> None:
    feed_db.close()
    before = digest(tmp_path)
    for each in (
        connection.open_reader,
        lambda path, key: connection.open_writer(path, key, feed.migrations),
    ):
        with pytest.raises(StoreError, match=r"feed\.db: the key does not open it"):
            each(tmp_path / "feed.db", secrets.token_bytes(32))
    assert digest(tmp_path) == before


def test_a_newer_file_is_named_and_left_as_it_is(tmp_path: Path, key: bytes, feed_db: Database) -> None:
    newer = Migrations("feed")
    with feed_db.atomic():
        newer._record_applied(feed_db, "m9999_from_the_future")
    feed_db.close()
    before = digest(tmp_path)
    with pytest.raises(StoreError, match=r"feed\.db: was written by a newer version.*m9999_from_the_future"):
        connection.open_writer(tmp_path / "feed.db", key, feed.migrations)
    assert digest(tmp_path) == before


def test_a_higher_version_number_is_a_newer_file(tmp_path: Path, key: bytes, feed_db: Database) -> None:
    feed_db.conn.execute("PRAGMA user_version=99")
    feed_db.close()
    before = digest(tmp_path)
    with pytest.raises(StoreError, match="newer version"):
        connection.open_writer(tmp_path / "feed.db", key, feed.migrations)
    assert digest(tmp_path) == before


def test_a_store_of_another_kind_is_refused(tmp_path: Path, key: bytes, ops_db: Database) -> None:
    ops_db.close()
    with pytest.raises(StoreError, match="is not a store of this program"):
        connection.open_writer(tmp_path / "ops.db", key, feed.migrations)


def test_a_file_that_is_no_store_is_refused(tmp_path: Path, key: bytes) -> None:
    (tmp_path / "feed.db").write_bytes(b"readings, on paper\n" * 1000)
    with pytest.raises(StoreError):
        connection.open_writer(tmp_path / "feed.db", key, feed.migrations)


def test_a_store_that_does_not_exist_yet_is_only_unavailable_to_readers(tmp_path: Path, key: bytes) -> None:
    with pytest.raises(Unavailable, match="does not exist yet"):
        connection.open_reader(tmp_path / "feed.db", key)


def test_opening_again_applies_nothing_twice(tmp_path: Path, key: bytes, ops_db: Database) -> None:
    first = connection.applied(ops_db, "ops")
    ops_db.close()
    again = connection.open_writer(tmp_path / "ops.db", key, ops.migrations)
    assert connection.applied(again, "ops") == first
    assert pragma(again, "user_version") == len(first)
    again.close()


@pytest.mark.parametrize("step", ["m0001_readings", "m0002_events", "m0003_messages"])
def test_a_store_killed_while_it_was_made_is_finished_next_time(
    tmp_path: Path, key: bytes, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    apply = feed.migrations.apply
    with monkeypatch.context() as halfway:
        halfway.setattr(feed.migrations, "apply", lambda db: apply(db, stop_before=step))
        halfway.setattr(connection, "_number", lambda connection, pragma: 0)
        connection.open_writer(tmp_path / "feed.db", key, feed.migrations).close()
    db = connection.open_writer(tmp_path / "feed.db", key, feed.migrations)
    assert len(connection.applied(db, "feed")) == pragma(db, "user_version")
    assert feed.migrations.pending(db) == []
    db.close()


def test_a_reader_comes_after_a_kill_without_the_index_of_the_journal(
    tmp_path: Path, key: bytes, feed_db: Database
) -> None:
    with feed_db.atomic():
        feed_db.conn.execute("INSERT INTO feed_count VALUES ('a', 1, 1, 0, 0, NULL)")
    copy = tmp_path / "copy"
    copy.mkdir()
    for name in ("feed.db", "feed.db-wal"):
        shutil.copy(tmp_path / name, copy / name)
    reader = connection.open_reader(copy / "feed.db", key)
    assert reader.conn.execute("SELECT feed FROM feed_count").fetchall() == [("a",)]
    reader.close()


def test_use_makes_no_table_that_no_migration_made(
    feed_db: Database, memory_feed: Callable[[], Database]
) -> None:
    with feed_db.atomic():
        readings.add(feed_db, "f", [Reading("s", "q", 1.0, 1, 1), Event("o", "k", "t", "occurred", 1, 1)])
        quarantine.add(feed_db, "f", "t", 1, b"", "r", "d")
        raw.add(feed_db, "f", "t", 1, b"", "stored")
        counts.bump(feed_db, "f", received=1)
        sealing.step(feed_db, 0, sealing.Terms(1, 9, 9, 9))
        retention.step(feed_db, retention.Policy((), 0), [], 9)
        arrivals.trim(feed_db, 1, 0)
        events.drop_before(feed_db, 9, 9)
    fresh = memory_feed()
    assert feed_db.schema == fresh.schema
    fresh.close()


def test_every_flipped_bit_is_found(tmp_path: Path, key: bytes, feed_db: Database) -> None:
    feed_db.close()
    path = tmp_path / "feed.db"
    assert connection.faults(path, key) == []
    whole = path.read_bytes()
    for at in range(100, len(whole), 4096 + 1):
        spoiled = bytearray(whole)
        spoiled[at] ^= 0x10
        path.write_bytes(spoiled)
        assert connection.faults(path, key), f"byte {at} of {len(whole)}"


def test_a_check_that_has_had_enough_says_so(tmp_path: Path, key: bytes, feed_db: Database) -> None:
    with feed_db.atomic():
        feed_db.conn.executemany(
            "INSERT INTO quarantine (feed, topic, received_ms, reason, detail, payload, size)"
            " VALUES ('f', 't', 1, '', '', ?, 1)",
            [(bytes(50),)] * 5000,
        )
    with pytest.raises(Unavailable):
        connection.faults(tmp_path / "feed.db", key, enough=lambda: True)


@pytest.mark.parametrize("name", ["관제 구청", "100% #1", "a?mode=memory", 'it\'s "quoted"'])
def test_a_folder_may_have_any_name(tmp_path: Path, key: bytes, name: str) -> None:
    if os.name != "posix" and set(name) & set('?"'):
        pytest.skip("not a name there")
    path = tmp_path / name / "feed.db"
    connection.open_writer(path, key, feed.migrations).close()
    connection.open_reader(path, key).close()
    assert path.stat().st_size > 4096


@pytest.mark.parametrize("store", ["feed_db", "ops_db"])
def test_every_table_is_strict_and_came_from_a_migration(store: str, request: pytest.FixtureRequest) -> None:
    db: Database = request.getfixturevalue(store)
    rows = db.conn.execute(
        "SELECT name, strict FROM pragma_table_list WHERE schema = 'main' AND type = 'table'"
    )
    loose = {name for name, strict in rows if not strict and not name.startswith("sqlite_")}
    assert loose == set()


WRITE_FOR_EVER = """
import sys
from pathlib import Path
from db import connection, feed, readings
from db.records import Reading

db = connection.open_writer(Path(sys.argv[1]), bytes.fromhex(sys.argv[2]), feed.migrations)
at = 0
while True:
    batch = [Reading("s", "q", float(at + n), at + n, 0) for n in range(50)]
    with db.atomic():
        stored = readings.add(db, "f", batch)
    at += 50
    print(stored.new[-1].id, flush=True)
"""


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
def test_killed_in_the_middle_what_was_acknowledged_is_there(tmp_path: Path, key: bytes) -> None:
    path = tmp_path / "feed.db"
    for round_ in range(3):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITE_FOR_EVER, str(path), key.hex()],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        assert writer.stdout is not None
        acknowledged = 0
        for line in writer.stdout:
            acknowledged = int(line)
            if acknowledged >= 500 * (round_ + 1):
                writer.send_signal(signal.SIGKILL)
                break
        rest = writer.stdout.read().split()
        writer.stdout.close()
        writer.wait()
        acknowledged = int(rest[-1]) if rest else acknowledged
        db = connection.open_writer(path, key, feed.migrations)
        kept = readings.after(db, 0, 1_000_000)
        assert connection.faults(path, key) == []
        with db.atomic():
            db.conn.execute("DELETE FROM reading")
        db.close()
        assert kept[-1].id >= acknowledged
        assert len(kept) % 50 == 0


def digest(folder: Path) -> dict[str, str]:
    """What the data files hold; the shared-memory index beside them is not data."""
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.iterdir()
        if not path.name.endswith("-shm") and path.stat().st_size
    }


def test_migrations_are_only_ever_added(feed_db: Database, ops_db: Database) -> None:
    assert connection.applied(feed_db, "feed")[:3] == ["m0001_readings", "m0002_events", "m0003_messages"]
    assert connection.applied(ops_db, "ops")[:5] == [
        "m0001_commands",
        "m0002_alarms",
        "m0003_entry_log",
        "m0004_incident_fold",
        "m0005_sync_marks",
    ]
