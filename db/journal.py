"""What the journal keeps of ops.db: every entry, and the small rows that no entry can give back.

The writer's connection notes in temporary triggers which small rows a commit
has touched; after the commit their images are read. Replayed onto an older
state of the store, in their order, the images make it what it was: entries
are added, the other rows become what they were last.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlite_utils import Database

from db import alarms, entries
from db.records import Entry

MOST_ROWS = 2_000
"""Entries of one image at most, so that a long log is taken in pieces."""

_ENTRY = "device, epoch, seq, id, type, subject, at_ms, hlc, prev, hash, body"
_KEYED = {"alarm": "id"}
_WHOLE = {
    "identity": "SELECT * FROM identity",
    "own_log": "SELECT * FROM own_log",
    "incident_serial": "SELECT * FROM incident_serial ORDER BY day DESC LIMIT 40",
    "refusal": "SELECT * FROM refusal ORDER BY at_ms DESC LIMIT 1000",
    "maintenance": "SELECT * FROM maintenance ORDER BY until_ms DESC LIMIT 1000",
}
_NOTED = {  # which changes of a table are worth an image; the marks of sync alone are not
    "alarm": ("INSERT", "UPDATE", "DELETE"),
    "identity": ("UPDATE OF name, short, device, epoch",),
    "own_log": ("INSERT", "UPDATE OF upto"),
    "incident_serial": ("INSERT", "UPDATE"),
    "refusal": ("INSERT",),
    "maintenance": ("INSERT", "UPDATE"),
}


class Marks(msgspec.Struct, frozen=True, array_like=True):
    """How far the journal has come in the tables that only grow."""

    entry: int = 0
    fork: int = 0
    mark: int = 0
    command: int = 0


class Image(msgspec.Struct, frozen=True, array_like=True):
    """The rows that some commits have touched, as they stand after the last of these.

    `rows` are whole rows by table. `gone` names the alarm watches that are no
    more. `marks` is how far the journal is with this image. `is_whole` says
    that `rows` holds all watches: those it does not name are no more.
    """

    marks: Marks
    entries: list[Entry] = []
    forks: list[Entry] = []
    rows: dict[str, list[list[Any]]] = {}
    gone: list[str] = []
    is_whole: bool = False

    @property
    def is_empty(self) -> bool:
        """Nothing worth a frame."""
        return not (self.entries or self.forks or self.rows or self.gone or self.is_whole)


def watch(db: Database) -> None:
    """Note from now on, on this connection, which of the small rows change."""
    db.conn.execute(
        "CREATE TEMP TABLE journal_note (name TEXT, row TEXT, PRIMARY KEY (name, row)) WITHOUT ROWID"
    )
    for table, acts in _NOTED.items():
        for number, act in enumerate(acts):
            side = "old" if act == "DELETE" else "new"
            row = f"{side}.{_KEYED[table]}" if table in _KEYED else "''"
            db.conn.execute(
                f"CREATE TEMP TRIGGER journal_{table}_{number} AFTER {act} ON main.{table}"
                f" BEGIN INSERT OR IGNORE INTO journal_note VALUES ('{table}', {row}); END"
            )


def image(db: Database, since: Marks, *, whole: bool = False) -> Image:
    """What has changed since the last image; empty if nothing did. Outside of any transaction.

    `whole`: take all small rows, whatever was noted. More may be left when
    `entries` has `MOST_ROWS`. It counts as taken: what was noted is forgotten.
    """
    noted = db.conn.execute("SELECT name, row FROM journal_note").fetchall()
    new, forks = _after(db, "entry", since.entry), _after(db, "entry_fork", since.fork)
    rows: dict[str, list[list[Any]]] = {}
    tables = set(_WHOLE) if whole else {name for name, _ in noted if name in _WHOLE}
    for table in sorted(tables):
        rows[table] = _rows(db, _WHOLE[table])
    gone = _watches(db, rows, [row for name, row in noted if name == "alarm"], whole=whole)
    grown = {
        "alarm_mark": ("SELECT * FROM alarm_mark WHERE seq > ? ORDER BY seq", since.mark),
        "command": ("SELECT rowid, * FROM command WHERE rowid > ? ORDER BY rowid", since.command),
    }
    last = {"alarm_mark": since.mark, "command": since.command}
    for table, (asked, at) in grown.items():
        found = _rows(db, asked, at)
        if found:
            rows[table], last[table] = found, found[-1][0]
    if "alarm" in rows or gone or "alarm_mark" in rows:
        rows["alarm_cursor"] = _rows(db, "SELECT * FROM alarm_cursor")
    db.conn.execute("DELETE FROM journal_note")
    marks = Marks(
        new[-1][0] if new else since.entry,
        forks[-1][0] if forks else since.fork,
        last["alarm_mark"],
        last["command"],
    )
    return Image(
        marks, [Entry(*row[1:]) for row in new], [Entry(*row[1:]) for row in forks], rows, gone, whole
    )


def _after(db: Database, table: str, position: int) -> list[tuple[Any, ...]]:
    asked = f"SELECT position, {_ENTRY} FROM {table} WHERE position > ? ORDER BY position LIMIT ?"
    return db.conn.execute(asked, (position, MOST_ROWS)).fetchall()


def _rows(db: Database, asked: str, *args: Any) -> list[list[Any]]:
    return [list(row) for row in db.conn.execute(asked, args)]


def _watches(
    db: Database, rows: dict[str, list[list[Any]]], noted: Sequence[str], *, whole: bool
) -> list[str]:
    """Put the watches that changed into `rows`; returns those that are no more."""
    if whole:
        rows["alarm"] = _rows(db, "SELECT * FROM alarm")
        return []
    gone, found = [], []
    for key in noted:
        row = db.conn.execute("SELECT * FROM alarm WHERE id = ?", (key,)).fetchone()
        if row is None:
            gone.append(key)
        else:
            found.append(list(row))
    if found:
        rows["alarm"] = found
    return gone


def replay(db: Database, taken: Image) -> int:
    """Bring the store to what it was at this image; returns how many entries it did not have.

    The transaction is the caller's, and the images come in their order. An
    entry that does not verify, or whose place holds another one, is left out.
    """
    new = sum(_add(db, each, "entry") for each in taken.entries)
    new += sum(_add(db, each, "entry_fork") for each in taken.forks)
    alarms_too = not _is_past(db, taken)
    if alarms_too and taken.is_whole:
        db.conn.execute("DELETE FROM alarm")
    if alarms_too:
        db.conn.executemany("DELETE FROM alarm WHERE id = ?", [(each,) for each in taken.gone])
    for table, rows in taken.rows.items():
        if alarms_too or table not in ("alarm", "alarm_cursor"):
            _put(db, table, rows)
    return new


def _is_past(db: Database, taken: Image) -> bool:
    """Whether the store's alarms are newer than those of the image already."""
    here = alarms.cursor(db)
    for row in taken.rows.get("alarm_cursor", []):
        image_at = alarms.Cursor(*row[1:])
        return image_at.step < here.step or image_at.acts < here.acts
    return False


def marks(db: Database) -> Marks:
    """The marks of a journal that has all of this store."""

    def last(asked: str) -> int:
        return int(db.conn.execute(asked).fetchone()[0] or 0)

    return Marks(
        last("SELECT max(position) FROM entry"),
        last("SELECT max(position) FROM entry_fork"),
        last("SELECT max(seq) FROM alarm_mark"),
        last("SELECT max(rowid) FROM command"),
    )


def whole(db: Database) -> Image:
    """All small rows of a store, with the marks of a journal that has its entries already."""
    rows = {table: _rows(db, asked) for table, asked in _WHOLE.items()}
    rows["alarm"] = _rows(db, "SELECT * FROM alarm")
    rows["alarm_cursor"] = _rows(db, "SELECT * FROM alarm_cursor")
    return Image(marks(db), rows=rows, is_whole=True)


def lacks(db: Database, taken: Image) -> bool:
    """Whether the image holds an entry that the store does not have."""
    return any(entries.hash_at(db, each.device, each.epoch, each.seq) is None for each in taken.entries)


def _add(db: Database, entry: Entry, table: str) -> int:
    if entries.read(entry.body, entry.prev, entry.hash) != entry:
        return 0
    here = db.conn.execute(
        "SELECT hash FROM entry WHERE device = ? AND epoch = ? AND seq = ?",
        (entry.device, entry.epoch, entry.seq),
    ).fetchone()
    if here is not None and (table == "entry" or here[0] == entry.hash):
        return 0
    if table == "entry_fork":
        before = db.conn.total_changes
        entries.insert(db, entry, table)
        return int(db.conn.total_changes > before)
    entries.insert(db, entry)
    db.conn.execute("UPDATE identity SET hlc = max(hlc, ?)", (entry.hlc,))
    return 1


def _put(db: Database, table: str, rows: list[list[Any]]) -> None:
    if table == "identity":
        db.conn.executemany(
            "UPDATE identity SET name = ?2, short = ?3, device = ?4, epoch = ?5, hlc = max(hlc, ?6)"
            " WHERE ?1 = id AND (epoch <= ?5 OR short <> ?3)",
            rows,
        )
    elif table == "own_log":
        db.conn.executemany(
            "INSERT INTO own_log (device, epoch, sent, upto) VALUES (?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET upto = excluded.upto",
            rows,
        )
    elif table == "command":
        db.conn.executemany("INSERT OR REPLACE INTO command VALUES (?2, ?3, ?4)", rows)
    elif rows and table == "alarm_cursor":
        names = ("id", *alarms.Cursor.__struct_fields__)[: len(rows[0])]  # an older journal knows fewer
        places = ", ".join("?" * len(names))
        db.conn.executemany(
            f"INSERT OR REPLACE INTO alarm_cursor ({', '.join(names)}) VALUES ({places})", rows
        )
    elif rows and table in ("alarm", "alarm_mark", "incident_serial", "refusal"):
        places = ", ".join("?" * len(rows[0]))
        db.conn.executemany(f"INSERT OR REPLACE INTO {table} VALUES ({places})", rows)
