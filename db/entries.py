"""The event log: entries are appended, chained by hash, and never changed."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import msgspec
import uuid_utils
from sqlite_utils import Database

from db.errors import MessageError, Refused
from db.records import Draft, Entry, Head
from db.text import storable

FIRST_PREV = "0" * 64
LONGEST_BODY = 1024 * 1024
"""Bytes of UTF-8; the centre sets aside what is longer."""

_COLUMNS = "device, epoch, seq, id, type, subject, at_ms, hlc, prev, hash, body"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)


class Identity(NamedTuple):
    """Who this store writes as; `device` is the name of the settings with this store's own suffix."""

    name: str
    short: str
    device: str
    epoch: int


class Broken(NamedTuple):
    """The first entry of a chain that is not as it was written, and in what."""

    device: str
    epoch: int
    seq: int
    what: str


class Cloud(msgspec.Struct, frozen=True):
    """The body of an entry: CloudEvents 1.0 with our place in the log as extension attributes."""

    specversion: str
    id: str
    source: str
    type: str
    time: str
    subject: str
    device: str
    epoch: int
    seq: int
    hlc: str
    actor: str
    data: dict[str, Any]


_cloud = msgspec.json.Decoder(Cloud)


def identity(db: Database) -> Identity:
    """Who this store writes as."""
    row = db.conn.execute("SELECT name, short, device, epoch FROM identity").fetchone()
    return Identity(*row)


def set_identity(db: Database, name: str) -> Identity:
    """Write under `name` from now on; entries written before keep the device they were written by."""
    now = identity(db)
    if now.name != name:
        db.conn.execute("UPDATE identity SET name = ?, device = ?", (name, f"{name}-{now.short}"))
    return identity(db)


def new_epoch(db: Database, at_least: int = 1) -> int:
    """Begin a new chain of this device, after a restore or a copy; returns its epoch."""
    who = identity(db)
    known = db.conn.execute("SELECT max(epoch) FROM entry WHERE device = ?", (who.device,)).fetchone()[0]
    epoch = max(who.epoch + 1, (known or 0) + 1, at_least)
    db.conn.execute("UPDATE identity SET epoch = ?", (epoch,))
    return epoch


def append(db: Database, draft: Draft, *, entry_id: str = "") -> Entry:
    """Give `draft` its place at the end of our log; the transaction is the caller's.

    `entry_id` is given only when an act moves to a new epoch and keeps its id.
    Raises Refused if it cannot be written down as CloudEvents JSON of bounded size.
    """
    who = identity(db)
    last = _last(db, who.device, who.epoch)
    if last.count == 0:
        db.conn.execute(
            "INSERT OR IGNORE INTO own_log (device, epoch) VALUES (?, ?)", (who.device, who.epoch)
        )
    entry = _entry(db, draft, who, last, entry_id or str(uuid_utils.uuid7()))
    insert(db, entry)
    db.conn.execute("UPDATE identity SET hlc = ?", (entry.hlc,))
    return entry


def _entry(db: Database, draft: Draft, who: Identity, last: Head, entry_id: str) -> Entry:
    hlc = next_hlc(db.conn.execute("SELECT hlc FROM identity").fetchone()[0], draft.at_ms)
    subject, seq = storable(draft.subject), last.count + 1
    try:
        time = (_EPOCH + draft.at_ms * _MS).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    except OverflowError as error:
        raise Refused(f"The time {draft.at_ms} ms is outside the calendar") from error
    body = canonical(
        {
            "specversion": "1.0",
            "id": entry_id,
            "source": f"/gwanje/{who.device}",
            "type": draft.type,
            "subject": subject,
            "time": time,
            "datacontenttype": "application/json",
            "device": who.device,
            "epoch": who.epoch,
            "seq": seq,
            "hlc": hlc,
            "actor": storable(draft.actor),
            "data": draft.payload,
        }
    )
    if len(body.encode()) > LONGEST_BODY:
        raise Refused(f"An entry may be {LONGEST_BODY // 1024} KiB long at most")
    digest = chain(last.hash, body)
    return Entry(
        device=who.device,
        epoch=who.epoch,
        seq=seq,
        id=entry_id,
        type=draft.type,
        subject=subject,
        at_ms=draft.at_ms,
        hlc=hlc,
        prev=last.hash,
        hash=digest,
        body=body,
    )


def insert(db: Database, entry: Entry, table: str = "entry") -> None:
    """Write an entry that has its place already; in table `entry_fork` it may be there before."""
    db.conn.execute(
        f"INSERT {'OR IGNORE ' if table == 'entry_fork' else ''}INTO {table} ({_COLUMNS})"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        msgspec.structs.astuple(entry),
    )


def canonical(value: dict[str, Any]) -> str:
    """JSON with sorted keys and no spaces; what JSON or UTF-8 cannot write becomes text that says so."""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))
        text.encode("utf-8")
    except ValueError:  # not a number, or a lone surrogate
        text = json.dumps(_clean(value), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {storable(str(key)): _clean(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(each) for each in value]
    return value


def chain(prev: str, body: str) -> str:
    """The hash of an entry: SHA-256 over the bytes of `prev`, then the body in UTF-8."""
    return hashlib.sha256(bytes.fromhex(prev) + body.encode("utf-8")).hexdigest()


def next_hlc(last: str, now_ms: int) -> str:
    """The next hybrid logical time: our clock, but never before anything we have seen.

    Milliseconds and a counter, so written that text order is time order.
    """
    last_ms, _, count = last.partition(".")
    ms, counter = max(now_ms, 0), 0
    if last and int(last_ms) >= ms:
        ms, counter = int(last_ms), int(count) + 1
        if counter > 999_999:
            ms, counter = ms + 1, 0
    return f"{ms:015d}.{counter:06d}"


def witness(db: Database, hlc: str) -> None:
    """Remember the time of an entry from elsewhere, so that what we write now comes after it."""
    db.conn.execute("UPDATE identity SET hlc = ? WHERE hlc < ?", (hlc, hlc))


def read(body: str, prev: str, digest: str) -> Entry:
    """An entry as its body says; raises MessageError if body and hash do not belong together."""
    try:
        cloud = _cloud.decode(body)
        at_ms = (datetime.fromisoformat(cloud.time) - _EPOCH) // _MS
        ms, _, count = cloud.hlc.partition(".")
        fits = (len(ms), len(count), (ms + count).isdigit(), len(prev)) == (15, 6, True, 64)
        fits = fits and cloud.epoch >= 1 and cloud.seq >= 1 and chain(prev, body) == digest
    except (msgspec.DecodeError, ValueError, TypeError) as error:
        raise MessageError(f"not an entry: {error}") from error
    if not fits:
        raise MessageError("the hash does not belong to the text")
    return Entry(
        device=cloud.device,
        epoch=cloud.epoch,
        seq=cloud.seq,
        id=cloud.id,
        type=cloud.type,
        subject=cloud.subject,
        at_ms=at_ms,
        hlc=cloud.hlc,
        prev=prev,
        hash=digest,
        body=body,
    )


def draft_of(entry: Entry) -> Draft:
    """What the entry says, without its place."""
    cloud = _cloud.decode(entry.body)
    return Draft(
        type=entry.type, subject=entry.subject, at_ms=entry.at_ms, actor=cloud.actor, payload=cloud.data
    )


def head(db: Database, device: str = "", epoch: int = 0) -> Head:
    """The end of a log; without arguments of our own present one."""
    who = identity(db)
    return _last(db, device or who.device, epoch or who.epoch)


def _last(db: Database, device: str, epoch: int) -> Head:
    row = db.conn.execute(
        "SELECT seq, hash FROM entry WHERE device = ? AND epoch = ? ORDER BY seq DESC LIMIT 1",
        (device, epoch),
    ).fetchone()
    return Head(device=device, epoch=epoch, count=row[0] if row else 0, hash=row[1] if row else FIRST_PREV)


def hash_at(db: Database, device: str, epoch: int, seq: int) -> str | None:
    """The hash of the entry under this key, FIRST_PREV for seq 0, None if we do not have it."""
    if seq == 0:
        return FIRST_PREV
    row = db.conn.execute(
        "SELECT hash FROM entry WHERE device = ? AND epoch = ? AND seq = ?", (device, epoch, seq)
    ).fetchone()
    return row[0] if row else None


def after(db: Database, device: str, epoch: int, seq: int, limit: int) -> list[Entry]:
    """Entries of one log with a higher number than `seq`, in order."""
    rows = db.conn.execute(
        f"SELECT {_COLUMNS} FROM entry WHERE device = ? AND epoch = ? AND seq > ? ORDER BY seq LIMIT ?",
        (device, epoch, seq, limit),
    )
    return [Entry(*row) for row in rows]


def newest(db: Database, limit: int) -> list[Entry]:
    """The entries that came last to this store, newest first."""
    rows = db.conn.execute(f"SELECT {_COLUMNS} FROM entry ORDER BY position DESC LIMIT ?", (limit,))
    return [Entry(*row) for row in rows]


def of_alarm(db: Database, alarm_id: str, limit: int) -> list[Entry]:
    """What was done with one alarm here, newest first."""
    rows = db.conn.execute(
        f"SELECT {_COLUMNS} FROM entry WHERE subject = ? AND type >= 'alarm.' AND type < 'alarm/'"
        " ORDER BY position DESC LIMIT ?",
        (alarm_id, limit),
    )
    return [Entry(*row) for row in rows]


def every(db: Database, prefix: str = "") -> Iterator[Entry]:
    """All entries whose type begins with `prefix`, forked ones too; for rebuilding folds."""
    for table in ("entry", "entry_fork"):
        rows = db.conn.execute(
            f"SELECT {_COLUMNS} FROM {table} WHERE substr(type, 1, length(?1)) = ?1 ORDER BY position",
            (prefix,),
        )
        for row in rows:
            yield Entry(*row)


def verify(db: Database) -> Broken | None:
    """The first entry, by device, epoch and number, that is not as it was written; None if all are.

    An entry that the centre refused to pass on leaves a named hole; its hash stands in for it.
    """
    holes = {
        (device, epoch, seq): digest
        for device, epoch, seq, digest in db.conn.execute(
            "SELECT device, epoch, seq, hash FROM refusal WHERE way = 'pull'"
        )
    }
    log: tuple[str, int] = ("", 0)
    seq, last = 0, FIRST_PREV
    for row in db.conn.execute(f"SELECT {_COLUMNS} FROM entry ORDER BY device, epoch, seq"):
        entry = Entry(*row)
        if (entry.device, entry.epoch) != log:
            log, seq, last = (entry.device, entry.epoch), 0, FIRST_PREV
        while seq + 1 < entry.seq and (*log, seq + 1) in holes:
            seq, last = seq + 1, holes[(*log, seq + 1)]
        what = _fault(entry, seq, last)
        if what:
            return Broken(*log, entry.seq, what)
        seq, last = entry.seq, entry.hash
    return None


def _fault(entry: Entry, seq: int, last: str) -> str:
    if entry.seq != seq + 1:
        return f"entry {seq + 1} is missing before it"
    if entry.prev != last:
        return "it does not follow the entry before it"
    try:
        if read(entry.body, entry.prev, entry.hash) != entry:
            return "its columns are not what its text says"
    except MessageError as error:
        return str(error)
    return ""
