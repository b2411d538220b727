"""Messages that were set aside, read again by the feeds' present forms.

What can be read now is stored as of the past (`Flag.HISTORICAL`), under the
time it first came in, and its row leaves the quarantine in the same
transaction: a kill in between does it again or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import Any, NamedTuple

from msgspec.structs import replace
from sqlite_utils import Database

from console.feeds.batch import UNCLAIMED, FeedReader, classify_bytes
from console.tasks import Task
from db import counts, quarantine, readings
from db.records import Decoded, Event, Flag, Quarantined, Reading, SetAside

STEP = 50  # messages of one transaction, so that ingest never waits long
_ANSWER_S = 60.0


class Wanted(NamedTuple):
    """Which messages: of one feed, with one reason, of these numbers; None means all."""

    feed: str | None = None
    reason: str | None = None
    ids: frozenset[int] | None = None


class _Seen(NamedTuple):
    """What became of one step's messages; `last` is the number to go on after, 0 at the end."""

    stored: int
    left: int
    partial: int
    last: int


def retry(
    task: Task,
    wanted: Wanted,
    readers: Mapping[str, FeedReader],
    submit: Callable[[Callable[[Database], Any]], Future[Any]],
) -> str:
    """Read them again, a step at a time; the task's last text is `stored left partial`, three numbers.

    `left` could not be read this time either, `partial` were kept only by their
    beginning. Messages that are set aside meanwhile wait for the next time.
    """
    last_id, total = submit(_bounds).result(_ANSWER_S)
    at, stored, left, partial = 0, 0, 0, 0
    while True:
        task.at(stored + left + partial, max(total, 1), f"{stored} {left} {partial}")
        seen: _Seen = submit(_step_of(at, last_id, wanted, readers)).result(_ANSWER_S)
        stored, left, partial = stored + seen.stored, left + seen.left, partial + seen.partial
        if not seen.last:
            break
        at = seen.last
    task.at(total, max(total, 1), f"{stored} {left} {partial}")
    return ""


def _bounds(db: Database) -> tuple[int, int]:
    return quarantine.last_id(db), quarantine.total(db)


def _step_of(
    at: int, last_id: int, wanted: Wanted, readers: Mapping[str, FeedReader]
) -> Callable[[Database], _Seen]:
    def step(db: Database) -> _Seen:
        rows = quarantine.after(db, at, last_id, feed=wanted.feed, reason=wanted.reason, limit=STEP)
        stored = left = partial = 0
        for row in rows:
            if wanted.ids is not None and row.id not in wanted.ids:
                continue
            if row.size > len(row.payload):
                partial += 1
            elif _read(db, row, readers):
                stored += 1
            else:
                left += 1
        return _Seen(stored, left, partial, rows[-1].id if len(rows) == STEP else 0)

    return step


def _read(db: Database, row: Quarantined, readers: Mapping[str, FeedReader]) -> bool:
    """Read one message again; whether all of it could be read."""
    fitting = _fitting(row, readers)
    if not fitting:
        return False
    faults: list[SetAside] = []
    for reader in fitting:
        decoded = classify_bytes(reader.decoder, row.topic, row.payload, row.received_ms)
        done = readings.add(db, reader.name, [_of_the_past(each) for each in decoded])
        bad = [each for each in decoded if isinstance(each, SetAside)] + list(done.refused)
        faults += bad
        if not bad:
            _count(db, row, reader.name, is_new=bool(done.stored))
    if faults:
        quarantine.explain(db, row.id, faults[0].reason, faults[0].detail)
        return False
    return quarantine.remove(db, row.id)


def _fitting(row: Quarantined, readers: Mapping[str, FeedReader]) -> Sequence[FeedReader]:
    if row.feed == UNCLAIMED:
        return [reader for reader in readers.values() if reader.fits(row.topic)][:1]
    return [readers[row.feed]] if row.feed in readers else []


def _count(db: Database, row: Quarantined, feed: str, *, is_new: bool) -> None:
    moved = 1 if row.feed == UNCLAIMED else 0
    counts.bump(db, row.feed, quarantined=-1, received=-moved)
    counts.bump(db, feed, received=moved, stored=int(is_new), duplicate=int(not is_new))


def _of_the_past(record: Decoded) -> Decoded:
    if isinstance(record, Reading | Event):
        return replace(record, flags=record.flags | int(Flag.HISTORICAL))
    return record
