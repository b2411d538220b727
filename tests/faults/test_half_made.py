"""A store whose very first transaction was cut off opens at the next start."""

from __future__ import annotations

import shutil
from pathlib import Path

import sqlcipher3.dbapi2 as driver

from db import connection, feed

KEY = bytes(range(32))


def test_a_store_that_was_cut_off_while_it_was_made_opens_again(tmp_path: Path) -> None:
    """Before the WAL is chosen SQLite keeps a rollback journal, which only a writer may take back."""
    db = driver.connect(tmp_path / "made.db", isolation_level=None)
    try:
        db.execute(f"PRAGMA key = \"x'{KEY.hex()}'\"")
        db.execute(f"PRAGMA application_id={connection.APPLICATION_ID}")
        db.execute("PRAGMA cache_size=1")
        db.execute("BEGIN")
        db.execute("CREATE TABLE half (x)")
        db.executemany("INSERT INTO half VALUES (?)", [("x" * 4000,)] * 50)
        for suffix in ("", "-journal"):
            shutil.copy(tmp_path / f"made.db{suffix}", tmp_path / f"feed.db{suffix}")
    finally:
        db.close()
    assert (tmp_path / "feed.db-journal").stat().st_size
    assert connection.opens(tmp_path / "feed.db", KEY)
    connection.open_writer(tmp_path / "feed.db", KEY, feed.migrations).close()
