"""Incidents as their entries make them: acts, the folded record, and the search over both."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import msgspec
from sqlite_utils import Database

from db.entries import draft_of
from db.records import Act, Entry, Incident

_ACTS = "entry_id, incident, type, at_ms, hlc, device, epoch, seq, actor, payload"
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Incident).decode


class Told(NamedTuple):
    """An act with its place among all others; the same on every console."""

    act: Act
    order: tuple[str, str, int, int]  # hlc, device, epoch, seq


def add_acts(db: Database, entries: Iterable[Entry]) -> list[str]:
    """Note the acts in `entries` that are about incidents; returns the incidents that have changed.

    An act that moved to a later epoch keeps its id and takes the later place.
    """
    changed: dict[str, None] = {}
    for entry in entries:
        if not entry.type.startswith("incident."):
            continue
        draft = draft_of(entry)
        row = (
            entry.id, entry.subject, entry.type, entry.at_ms, entry.hlc,
            entry.device, entry.epoch, entry.seq, draft.actor, json.dumps(draft.payload, ensure_ascii=False),
        )  # fmt: skip
        done = db.conn.execute(
            f"INSERT INTO incident_act ({_ACTS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (entry_id) DO UPDATE SET incident = excluded.incident, type = excluded.type,"
            " at_ms = excluded.at_ms, hlc = excluded.hlc, device = excluded.device, epoch = excluded.epoch,"
            " seq = excluded.seq, actor = excluded.actor, payload = excluded.payload"
            " WHERE (excluded.epoch, excluded.seq, excluded.hlc) > (epoch, seq, hlc)",
            row,
        )
        if done.rowcount:
            changed[entry.subject] = None
            _note_blob(db, entry.type, draft.payload)
    return list(changed)


def _note_blob(db: Database, kind: str, payload: dict[str, Any]) -> None:
    sha256, size = payload.get("sha256"), payload.get("size")
    if (
        kind == "incident.attached"
        and isinstance(sha256, str)
        and len(sha256) == 64
        and isinstance(size, int)
    ):
        db.conn.execute("INSERT OR IGNORE INTO attachment_blob (sha256, size) VALUES (?, ?)", (sha256, size))


def told(db: Database, incident: str) -> list[Told]:
    """The acts of an incident in their common order, the same on every console."""
    return [
        Told(_act(row, sent=bool(row[10])), (row[4], row[5], row[6], row[7]))
        for row in db.conn.execute(
            f"SELECT {_ACTS}, {_SENT} FROM incident_act a WHERE incident = ?"
            " ORDER BY hlc, device, epoch, seq",
            (incident,),
        )
    ]


_SENT = (
    "NOT EXISTS (SELECT 1 FROM own_log o WHERE o.device = a.device AND o.epoch = a.epoch"
    " AND o.sent < a.seq AND a.seq <= coalesce(o.upto, a.seq))"
)


def timeline(db: Database, incident: str) -> list[Act]:
    """The acts of an incident, oldest first; `sent` is whether the centre has them."""
    return [each.act for each in told(db, incident)]


def _act(row: tuple[Any, ...], *, sent: bool) -> Act:
    return Act(
        entry_id=row[0],
        incident=row[1],
        type=row[2],
        at_ms=row[3],
        device=row[5],
        actor=row[8],
        payload=json.loads(row[9]),
        sent=sent,
    )


def act_of(entry: Entry, *, sent: bool) -> Act:
    """The timeline's line for an entry about an incident."""
    draft = draft_of(entry)
    return Act(
        entry_id=entry.id,
        incident=entry.subject,
        type=entry.type,
        at_ms=entry.at_ms,
        actor=draft.actor,
        device=entry.device,
        payload=draft.payload,
        sent=sent,
    )


def put(db: Database, incident: Incident, texts: Iterable[str]) -> None:
    """Keep the folded incident, found from now on by what stands in `texts`."""
    row = db.conn.execute(
        "INSERT INTO incident (id, number, state, opened_ms, changed_ms, record) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (id) DO UPDATE SET number = excluded.number, state = excluded.state,"
        " opened_ms = excluded.opened_ms, changed_ms = excluded.changed_ms, record = excluded.record"
        " RETURNING row",
        (
            incident.id,
            incident.number,
            incident.state,
            incident.opened_ms,
            incident.changed_ms,
            _encode(incident),
        ),
    ).fetchone()[0]
    db.conn.execute("DELETE FROM incident_search WHERE rowid = ?", (row,))
    db.conn.execute("INSERT INTO incident_search (rowid, grams) VALUES (?, ?)", (row, grams(" ".join(texts))))


def get(db: Database, incident: str) -> Incident | None:
    """The incident as its entries make it; None if none opened it."""
    row = db.conn.execute("SELECT record FROM incident WHERE id = ?", (incident,)).fetchone()
    return _decode(row[0]) if row else None


def page(db: Database, *, search: str = "", state: str | None = None, limit: int = 200) -> list[Incident]:
    """Incidents, open ones first and of these the newest first, that hold every word of `search`."""
    wanted, args = ["1"], list[Any]()
    if search.strip():
        asked = query(search)
        if not asked:
            return []
        wanted.append("row IN (SELECT rowid FROM incident_search WHERE incident_search MATCH ?)")
        args.append(asked)
    if state is not None:
        wanted.append("state = ?")
        args.append(state)
    rows = db.conn.execute(
        f"SELECT record FROM incident WHERE {' AND '.join(wanted)}"
        " ORDER BY state = 'closed', opened_ms DESC, row DESC LIMIT ?",
        [*args, limit],
    )
    return [_decode(row[0]) for row in rows]


def next_serial(db: Database, day: str) -> int:
    """The next number of a local day, from 1; the transaction is the caller's."""
    row = db.conn.execute(
        "INSERT INTO incident_serial (day, last) VALUES (?, 1)"
        " ON CONFLICT (day) DO UPDATE SET last = last + 1 RETURNING last",
        (day,),
    ).fetchone()
    return int(row[0])


def clear(db: Database) -> None:
    """Forget the folds, so that they can be made again from the log."""
    for table in ("incident_search", "incident", "incident_act"):
        db.conn.execute(f"DELETE FROM {table}")


# --- words -------------------------------------------------------------------


def _words(text: str) -> Iterator[str]:
    word = ""
    for char in unicodedata.normalize("NFC", unicodedata.normalize("NFKC", text).casefold()):
        if char.isalnum():
            word += char
        elif word:
            yield word
            word = ""
    if word:
        yield word


def grams(text: str) -> str:
    """Every pair of neighbouring characters of every word, and each word's last character."""
    return " ".join(word[at : at + 2] for word in _words(text) for at in range(len(word)))


def query(text: str) -> str:
    """What to ask FTS5 so that every word of `text` is found, anywhere within a word; "" for none."""
    asked = []
    for word in _words(text):
        if len(word) == 1:
            asked.append(f'"{word}"*')
        else:
            asked.append('"' + " ".join(word[at : at + 2] for at in range(len(word) - 1)) + '"')
    return " AND ".join(asked)
