"""What the centre has of our log and we of the centre's; every mark here only saves work."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from sqlite_utils import Database

from db import entries
from db.errors import MessageError
from db.records import Draft, Entry, Head


class OwnLog(NamedTuple):
    """One (device, epoch) that this store has written: `end` entries go to the centre, `sent` are there."""

    device: str
    epoch: int
    sent: int
    end: int


class Backlog(NamedTuple):
    """What the centre does not have yet; `oldest_ms` is when the oldest of it was written."""

    unsent: int
    oldest_ms: int | None


class Cursor(NamedTuple):
    """The centre we last spoke with, and the last row we took from it."""

    name: str
    position: int
    hash: str


class Row(NamedTuple):
    """One row of the centre; no body if it is our own, a reason if the centre refused it."""

    position: int
    device: str
    epoch: int
    seq: int
    prev: str
    hash: str
    body: str | None
    refused: str | None = None


class Refusal(NamedTuple):
    """An entry that one side would not take from the other, parked in sight."""

    device: str
    epoch: int
    seq: int
    way: str
    reason: str
    at_ms: int


class Blob(NamedTuple):
    """An attachment that is not yet known to be complete on both sides."""

    sha256: str
    size: int


def own_logs(db: Database) -> list[OwnLog]:
    """The logs this store has written, oldest first; a forked one ends where it left the common path."""
    rows = db.conn.execute(
        "SELECT o.device, o.epoch, o.sent, coalesce(o.upto, (SELECT max(e.seq) FROM entry e"
        " WHERE e.device = o.device AND e.epoch = o.epoch), 0) FROM own_log o ORDER BY o.epoch, o.device"
    )
    return [OwnLog(*row) for row in rows]


def backlog(db: Database) -> Backlog:
    """How much is unsent, and how old the oldest of it is."""
    unsent, oldest = 0, list[int]()
    for log in own_logs(db):
        if log.sent < log.end:
            unsent += log.end - log.sent
            first = entries.after(db, log.device, log.epoch, log.sent, 1)
            oldest += [each.at_ms for each in first]
    return Backlog(unsent, min(oldest, default=None))


def mark_sent(db: Database, device: str, epoch: int, seq: int) -> None:
    """Believe that the centre has this log up to `seq`; also downwards, since the centre decides."""
    db.conn.execute("UPDATE own_log SET sent = ? WHERE device = ? AND epoch = ?", (seq, device, epoch))


def fork(db: Database, device: str, epoch: int, common: int, at_least: int, at_ms: int) -> list[Entry]:
    """Leave a log of which the centre has another continuation after `common`.

    Takes a new epoch and carries our acts since then over to it under their
    own ids, so that none is lost and none of the other side's is overwritten.
    Returns the new entries, the last of which says what happened.
    """
    ours = entries.after(db, device, epoch, common, 1_000_000)
    db.conn.execute(
        "UPDATE own_log SET upto = ?, sent = min(sent, ?) WHERE device = ? AND epoch = ?",
        (common, common, device, epoch),
    )
    number = entries.identity(db).epoch
    if number == epoch or at_least > number:
        number = entries.new_epoch(db, at_least)
    moved = [entries.append(db, entries.draft_of(each), entry_id=each.id) for each in ours]
    told = {"device": device, "epoch": epoch, "common": common, "moved": len(moved), "new_epoch": number}
    draft = Draft(type="log.forked", subject=device, at_ms=at_ms, actor="system", payload=told)
    return [*moved, entries.append(db, draft)]


def cursor(db: Database) -> Cursor:
    """Where we stand in the centre's rows."""
    return Cursor(*db.conn.execute("SELECT name, position, hash FROM centre").fetchone())


def put_cursor(db: Database, name: str, position: int, digest: str) -> None:
    """Stand at `position` of the centre `name`."""
    db.conn.execute("UPDATE centre SET name = ?, position = ?, hash = ?", (name, position, digest))


def receive(db: Database, rows: Iterable[Row], at_ms: int) -> list[Entry]:
    """Take rows of the centre into our log; returns the entries that are new here.

    What is here already is left alone. An entry under a key of ours with
    another hash is kept beside ours. One that does not verify is parked.
    """
    new: list[Entry] = []
    for row in rows:
        here = entries.hash_at(db, row.device, row.epoch, row.seq)
        if here == row.hash:
            continue
        if row.body is None:
            reason = row.refused or "the centre keeps no text of it"
            park(db, Refusal(row.device, row.epoch, row.seq, "pull", reason, at_ms), row.hash)
            continue
        try:
            entry = entries.read(row.body, row.prev, row.hash)
            if entry.key != ("entry", row.device, str(row.epoch), str(row.seq)):
                raise MessageError("the text is of another place in the log")
        except MessageError as error:
            park(db, Refusal(row.device, row.epoch, row.seq, "pull", str(error), at_ms), row.hash)
            continue
        entries.insert(db, entry, "entry" if here is None else "entry_fork")
        entries.witness(db, entry.hlc)
        new.append(entry)
    return new


def park(db: Database, refusal: Refusal, digest: str) -> None:
    """Keep a refusal where people see it; the first reason stays."""
    db.conn.execute(
        "INSERT OR IGNORE INTO refusal (device, epoch, seq, way, hash, reason, at_ms)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (*refusal[:4], digest, *refusal[4:]),
    )


def refusals(db: Database, limit: int = 200) -> list[Refusal]:
    """What was refused, newest first."""
    rows = db.conn.execute(
        "SELECT device, epoch, seq, way, reason, at_ms FROM refusal ORDER BY at_ms DESC, seq DESC LIMIT ?",
        (limit,),
    )
    return [Refusal(*row) for row in rows]


def open_blobs(db: Database) -> list[Blob]:
    """Attachments not known to be complete on both sides, small ones first."""
    rows = db.conn.execute("SELECT sha256, size FROM attachment_blob WHERE settled = 0 ORDER BY size, sha256")
    return [Blob(*row) for row in rows]


def settle_blob(db: Database, sha256: str) -> None:
    """Note that an attachment is complete on both sides."""
    db.conn.execute("UPDATE attachment_blob SET settled = 1 WHERE sha256 = ?", (sha256,))


def is_prefix(db: Database, theirs: Head) -> bool:
    """Whether the centre's end of a log is a place in ours, so that we may go on from there."""
    return entries.hash_at(db, theirs.device, theirs.epoch, theirs.count) == theirs.hash


def begin_anew(db: Database, name: str) -> None:
    """Believe nothing of what was sent or taken: the centre is another one, or was restored."""
    db.conn.execute("UPDATE own_log SET sent = 0")
    db.conn.execute("UPDATE attachment_blob SET settled = 0")
    put_cursor(db, name, 0, "")


def is_left(db: Database, log: OwnLog) -> bool:
    """Whether this log was left at a fork, so that what comes after `log.end` there is not ours."""
    row = db.conn.execute(
        "SELECT upto FROM own_log WHERE device = ? AND epoch = ?", (log.device, log.epoch)
    ).fetchone()
    return row is not None and row[0] is not None


def leave(db: Database, head: Head) -> None:
    """Write no more to the log that ends with `head`; what the centre has beyond it comes back as news."""
    db.conn.execute("INSERT OR IGNORE INTO own_log (device, epoch) VALUES (?, ?)", (head.device, head.epoch))
    db.conn.execute(
        "UPDATE own_log SET upto = ? WHERE device = ? AND epoch = ? AND upto IS NULL",
        (head.count, head.device, head.epoch),
    )
