"""Stores in a temporary folder, under a key of their own."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlcipher3.dbapi2 as driver
from sqlite_utils import Database

from db import connection, feed, ops


@pytest.fixture
def key() -> bytes:
    return secrets.token_bytes(32)


@pytest.fixture
def feed_db(tmp_path: Path, key: bytes) -> Iterator[Database]:
    db = connection.open_writer(tmp_path / "feed.db", key, feed.migrations)
    yield db
    db.close()


@pytest.fixture
def ops_db(tmp_path: Path, key: bytes) -> Iterator[Database]:
    db = connection.open_writer(tmp_path / "ops.db", key, ops.migrations)
    yield db
    db.close()


@pytest.fixture
def memory_feed() -> Callable[[], Database]:
    """Makes a feed store without a disk, for tests that need hundreds of them."""

    def make() -> Database:
        db = connection.Store(driver.connect(":memory:", isolation_level=None))
        feed.migrations.apply(db)
        return db

    return make
