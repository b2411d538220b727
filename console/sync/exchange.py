"""Entries out and entries in.

The centre's end of our log decides where sending goes on. If it is no place
in our log, somebody else wrote under our name (the data folder was copied, or
an older state of it came back): we leave that log for a new epoch, carry our
own acts over, and say so in the log. Nothing is overwritten on either side.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any, Protocol

from sqlite_utils import Database

from console.clock import Clock
from console.errors import ConsoleError, Unavailable
from console.incidents import folding
from console.sync.ports import BATCH, Central, Fork, Gap
from db import entries, incidents, sync
from db.records import Entry, Record
from db.sync import Cursor, OwnLog, Refusal, Row

MOST = 20 * BATCH
"""Entries of one log that are sent before somebody looks at anything else."""

HEAVIEST = 8 * 1024 * 1024


class Overtaken(ConsoleError):
    """The centre has entries in our present log that we do not have; the log must be left first."""


class Writer(Protocol):
    """What an exchange needs of the ops engine."""

    def submit(self, job: Callable[[Database], Any]) -> Future[list[Any]]: ...
    def call(self, job: Callable[[Database], Any], timeout: float = 10.0) -> list[Any]: ...


def push(db: Database, central: Central, engine: Writer, clock: Clock) -> int:
    """Send what the centre lacks of every log of ours; returns how many entries it took.

    The present log is looked at even if nothing waits, since the centre may
    have been restored. `db` only reads. Raises Refused if it will not have a
    chain at all, Unavailable.
    """
    taken, present = 0, entries.head(db)
    for log in sync.own_logs(db):
        if log.sent < log.end or (log.device, log.epoch) == (present.device, present.epoch):
            try:
                taken += _push_log(db, central, engine, clock, log)
            except Fork:
                _leave(db, central, engine, clock, log)
                return taken + push(db, central, engine, clock)
            except Gap as error:
                raise Unavailable("The central platform has lost entries meanwhile") from error
    return taken


def _push_log(db: Database, central: Central, engine: Writer, clock: Clock, log: OwnLog) -> int:
    theirs = central.head(log.device, log.epoch)
    if theirs.count > log.end or not sync.is_prefix(db, theirs):
        if central.hash_at(log.device, log.epoch, log.end) == _hash(db, log, log.end) and _is_left(db, log):
            engine.call(_settled(log, log.end, [], [], clock))
            return 0
        raise Fork("The centre has another continuation of our log")
    at, waiting = theirs.count, list[Future[list[Any]]]()
    if at != log.sent:
        engine.call(_settled(log, at, [], [], clock))
    until = min(log.end, at + MOST)
    while at < until:
        batch = _light(entries.after(db, log.device, log.epoch, at, min(BATCH, until - at)))
        answer = central.put_entries(batch)
        at = batch[-1].seq
        waiting.append(engine.submit(_settled(log, at, batch, answer.refused, clock)))
        if answer.head.count < at:
            raise Gap("The centre took less than it was sent")
    for each in waiting:
        each.result(60)
    return at - theirs.count


def _light(batch: list[Entry]) -> list[Entry]:
    """As many of the first entries as make 8 MiB of text, but at least one."""
    room = HEAVIEST
    for at, entry in enumerate(batch):
        room -= len(entry.body)
        if room < 0:
            return batch[: max(at, 1)]
    return batch


def _settled(
    log: OwnLog, seq: int, batch: Sequence[Entry], refused: Sequence[tuple[int, str]], clock: Clock
) -> Callable[[Database], list[Record]]:
    """The job that notes what the centre has taken and set aside; gives the acts that are now sent."""

    def job(db: Database) -> list[Record]:
        sync.mark_sent(db, log.device, log.epoch, seq)
        for number, why in refused:
            parked = Refusal(log.device, log.epoch, number, "push", why, clock.now_ms())
            sync.park(db, parked, entries.hash_at(db, log.device, log.epoch, number) or "")
        return [incidents.act_of(each, sent=True) for each in batch if each.type.startswith("incident.")]

    return job


def _is_left(db: Database, log: OwnLog) -> bool:
    present = entries.identity(db)
    return (log.device, log.epoch) != (present.device, present.epoch) and sync.is_left(db, log)


def _hash(db: Database, log: OwnLog, seq: int) -> str | None:
    return entries.hash_at(db, log.device, log.epoch, seq)


def _leave(db: Database, central: Central, engine: Writer, clock: Clock, log: OwnLog) -> None:
    """Take a new epoch; our acts after the last common entry go with us."""
    common = _common(db, central, log)
    at_least = central.last_epoch(log.device) + 1

    def job(writer: Database) -> list[Record]:
        return folding.apply(
            writer, sync.fork(writer, log.device, log.epoch, common, at_least, clock.now_ms())
        )

    engine.call(job, 60)


def _common(db: Database, central: Central, log: OwnLog) -> int:
    """The last number under which both have the same entry, by halving."""
    low, high = 0, log.end
    while low < high:
        middle = (low + high + 1) // 2
        if central.hash_at(log.device, log.epoch, middle) == _hash(db, log, middle):
            low = middle
        else:
            high = middle - 1
    return low


def pull(db: Database, central: Central, engine: Writer, clock: Clock) -> int:
    """Take the rows that the centre has and we have not seen; returns how many rows there were.

    Rows and mark are written in one transaction, so each counts once whatever
    happens in between. Raises Moved, Overtaken, Unavailable.
    """
    seen, who, at = 0, entries.identity(db), sync.cursor(db)
    noted = at
    while rows := central.entries_after(at.position, at.hash, who.device, who.epoch, BATCH):
        if any(_is_news(db, row) for row in rows):
            raise Overtaken("The centre has entries under our name that we do not have")
        seen, at = seen + len(rows), Cursor(at.name, rows[-1].position, rows[-1].hash)
        if any((row.device, row.epoch) != (who.device, who.epoch) for row in rows):
            engine.call(_received(rows, at, clock), 60)
            noted = at
    if at != noted:  # only our own came back
        engine.call(_received([], at, clock), 60)
    return seen


def _is_news(db: Database, row: Row) -> bool:
    """Whether a row of our present log, which comes without text, is not from here."""
    if row.body is not None or row.refused is not None:
        return False
    return entries.hash_at(db, row.device, row.epoch, row.seq) != row.hash


def _received(rows: Sequence[Row], at: Cursor, clock: Clock) -> Callable[[Database], list[Record]]:
    def job(db: Database) -> list[Record]:
        new = sync.receive(db, rows, clock.now_ms())
        sync.put_cursor(db, *at)
        return folding.apply(db, new, sent=True)

    return job
