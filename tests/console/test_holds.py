"""Holds live in the log and nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlite_utils import Database

from console import holds as jobs
from console.errors import Refused
from db import connection, entries, holds, ops
from db.records import Draft, Entry
from db.workings import Hold

Act = Callable[..., Hold]
TERMS = {"source": "A*", "quantity": "pm25", "since_ms": 1000, "until_ms": 2000, "reason": "수사 협조 요청"}


class Context(NamedTuple):
    at_ms: int
    actor: str


@pytest.fixture
def ops_db(tmp_path: Path) -> Iterator[Database]:
    db = connection.open_writer(tmp_path / "ops.db", b"k" * 32, ops.migrations)
    yield db
    db.close()


@pytest.fixture
def act(ops_db: Database) -> Act:
    times = iter(range(1_800_000_000_000, 1_900_000_000_000, 1000))

    def do(job: Any, **args: Any) -> Hold:
        with ops_db.atomic():
            hold = job(ops_db, Context(next(times), "이감독"), **args)[0]
        assert isinstance(hold, Hold)
        return hold

    return do


def test_a_hold_stands_until_it_is_released(act: Act, ops_db: Database) -> None:
    hold = act(jobs.place, **TERMS, incident="i-1")
    other = act(jobs.place, **(TERMS | {"quantity": "*"}))
    assert holds.active(ops_db) == [hold, other]
    assert (hold.source, hold.since_ms, hold.placed_by, hold.incident) == ("A*", 1000, "이감독", "i-1")
    released = act(jobs.release, hold=hold.id, note="회신 끝")
    assert (released.released_by, holds.active(ops_db)) == ("이감독", [other])
    with pytest.raises(Refused, match="released this hold already"):
        act(jobs.release, hold=hold.id)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"source": "a*b"}, "exact, or has one"),
        ({"quantity": ""}, "exact, or has one"),
        ({"until_ms": 1000}, "end after"),
        ({"reason": " "}, "needs a reason"),
    ],
)
def test_a_hold_that_would_mean_nothing_is_refused(act: Act, change: dict[str, Any], why: str) -> None:
    with pytest.raises(Refused, match=why):
        act(jobs.place, **(TERMS | change))


def test_what_is_not_there_cannot_be_released(act: Act) -> None:
    with pytest.raises(Refused, match="no hold x"):
        act(jobs.release, hold="x")


def test_a_hold_that_this_version_cannot_read_keeps_everything(ops_db: Database) -> None:
    with ops_db.atomic():
        entries.append(ops_db, Draft(holds.PLACED, "h", 1_800_000_000_000, "x", {"areas": ["11"]}))
    (hold,) = holds.active(ops_db)
    assert (hold.source, hold.quantity) == ("*", "*")
    assert hold.since_ms < 0 < 4_000_000_000_000 < hold.until_ms


def _entry(seq: int, kind: str, subject: str) -> Entry:
    body = entries.canonical(
        {
            "specversion": "1.0",
            "id": str(seq),
            "source": "/gwanje/d",
            "type": kind,
            "time": "2027-01-15T08:00:00.000Z",
            "subject": subject,
            "device": "d",
            "epoch": 1,
            "seq": seq,
            "hlc": f"{seq:015d}.000000",
            "actor": "a",
            "data": TERMS if kind == holds.PLACED else {"note": ""},
        }
    )
    return entries.read(body, entries.FIRST_PREV, entries.chain(entries.FIRST_PREV, body))


@given(st.lists(st.tuples(st.sampled_from([holds.PLACED, holds.RELEASED]), st.sampled_from("xy"))), st.data())
def test_the_order_in_which_entries_arrive_changes_nothing(
    told: list[tuple[str, str]], data: st.DataObject
) -> None:
    log = [_entry(at, *each) for at, each in enumerate(told, 1)]
    assert holds.fold(data.draw(st.permutations(log))) == holds.fold(log)
