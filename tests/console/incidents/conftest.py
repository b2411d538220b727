"""An ops store on which jobs run directly."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from sqlite_utils import Database

from db import connection, ops
from db.records import Incident


class Context(NamedTuple):
    at_ms: int
    actor: str
    blobs: Path
    district: str = "성동구"


@pytest.fixture
def ops_db(tmp_path: Path) -> Iterator[Database]:
    db = connection.open_writer(tmp_path / "ops.db", b"k" * 32, ops.migrations)
    yield db
    db.close()


@pytest.fixture
def act(ops_db: Database, tmp_path: Path) -> Callable[..., Incident]:
    """Does a job in a transaction of its own, a second after the one before; gives the incident."""
    times = iter(range(1_800_000_000_000, 1_900_000_000_000, 1000))

    def do(job: Any, **args: Any) -> Incident:
        with ops_db.atomic():
            incident = job(ops_db, Context(next(times), "김관제", tmp_path / "blobs"), **args)[0]
        assert isinstance(incident, Incident)
        return incident

    return do
