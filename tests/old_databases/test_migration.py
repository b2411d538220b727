"""Stores of every earlier release become stores of this one, and nothing in them is lost or changed."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlite_utils import Database

from db import alarms, connection, feed, history, ops, readings, sealing
from db.sealing import Terms

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
KEY = bytes(range(32))
VERSIONS = sorted(path.name for path in HERE.iterdir() if (path / "feed.db").exists())
_EVER = 2**62


@pytest.fixture(params=VERSIONS)
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A copy of the databases of one release."""
    shutil.copytree(HERE / request.param, tmp_path / "old")
    return tmp_path / "old"


@pytest.fixture
def expected(old: Path) -> dict[str, Any]:
    return json.loads((old / "expected.json").read_text())  # type: ignore[no-any-return]


@pytest.fixture
def feed_db(old: Path) -> Iterator[Database]:
    db = connection.open_writer(old / "feed.db", KEY, feed.migrations)
    yield db
    db.close()


def lines(db: Database) -> list[list[Any]]:
    """Every reading in the order of arrival, as its release wrote it down."""
    return [
        [r.source, r.quantity, r.statistic, r.unit, r.observed_ms, r.received_ms, r.value, r.period_s,
         r.revision, readings.QUALITIES.index(r.quality), r.flags, number]
        for number, r in readings.after(db, 0, 10_000_000)
    ]  # fmt: skip


def digest(found: list[list[Any]]) -> str:
    return hashlib.sha256(json.dumps(found).encode()).hexdigest()


def seal_everything(db: Database) -> int:
    place, sealed = 0, 0
    while True:
        with db.atomic():
            step = sealing.step(db, place, Terms(readings.last_id(db), _EVER, _EVER, _EVER))
        sealed, place = sealed + step.sealed, step.place
        if not place:
            return sealed


def every_row(db: Database) -> list[Any]:
    return [
        reading
        for source, quantity, statistic, unit in readings.series(db)
        for reading in history.rows(
            db, source, quantity, -_EVER, _EVER, statistic=statistic, unit=unit, limit=10_000_000
        )
    ]


def trend_of(db: Database, wanted: dict[str, Any]) -> Any:
    return readings.trend(
        db, wanted["source"], wanted["quantity"], wanted["since_ms"], wanted["until_ms"], wanted["points"]
    )


def test_every_reading_comes_through_the_migration(feed_db: Database, expected: dict[str, Any]) -> None:
    found = lines(feed_db)
    assert (len(found), digest(found)) == (expected["readings"], expected["readings_sha256"])


def test_every_reading_comes_through_the_sealing(feed_db: Database, expected: dict[str, Any]) -> None:
    before, latest = every_row(feed_db), readings.latest(feed_db)
    assert seal_everything(feed_db) == expected["readings"] == len(before)
    assert feed_db.conn.execute("SELECT count(*) FROM reading").fetchone() == (0,)
    assert every_row(feed_db) == before
    assert readings.latest(feed_db) == latest


def test_the_trend_is_the_one_of_the_release(feed_db: Database, expected: dict[str, Any]) -> None:
    wanted = expected["trend"]
    for sealed in (False, True):
        if sealed:
            seal_everything(feed_db)
        found = trend_of(feed_db, wanted)
        assert found.times == wanted["times"]
        assert (found.low, found.high) == (wanted["low"], wanted["high"])
        assert found.mean == pytest.approx(wanted["mean"], rel=1e-12)
        assert found.count == wanted["count"]


def test_alarms_incidents_and_the_log_come_through(old: Path, expected: dict[str, Any]) -> None:
    db = connection.open_writer(old / "ops.db", KEY, ops.migrations)
    assert sorted(each.id for each in alarms.standing(db)) == sorted(expected["standing"])
    numbers = [row[0] for row in db.conn.execute("SELECT number FROM incident")]
    assert sorted(numbers) == sorted(expected["incidents"])
    assert db.conn.execute("SELECT count(*) FROM entry").fetchone() == (expected["entries"],)
    last = db.conn.execute("SELECT hash FROM entry ORDER BY epoch DESC, seq DESC LIMIT 1").fetchone()
    assert last == (expected["head"],)
    assert connection.faults(old / "ops.db", KEY) == []
    db.close()


DIE_AFTER = """
import os, signal, sys
from pathlib import Path
from db import connection, feed

left = int(sys.argv[2])

def count():
    global left
    left -= 1
    if left <= 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return 0

connect = connection._connect

def mortal(*args, **kwargs):
    opened = connect(*args, **kwargs)
    if not kwargs.get("read_only"):
        opened.set_progress_handler(count, 100)
    return opened

connection._connect = mortal
connection.open_writer(Path(sys.argv[1]), bytes(range(32)), feed.migrations).close()
"""


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
def test_a_migration_that_was_killed_goes_on_at_the_next_start(old: Path, expected: dict[str, Any]) -> None:
    deaths = 0
    for steps in (1, 20, 200, 700, 1200):
        process = subprocess.run(
            [sys.executable, "-c", DIE_AFTER, str(old / "feed.db"), str(steps)],
            check=False,
            cwd=ROOT,
            timeout=60,
        )
        deaths += process.returncode == -signal.SIGKILL
    assert deaths >= 3, "the migration was over before it could be killed"
    db = connection.open_writer(old / "feed.db", KEY, feed.migrations)
    assert digest(lines(db)) == expected["readings_sha256"]
    db.close()
    assert connection.faults(old / "feed.db", KEY) == []
