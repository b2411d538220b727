"""The tables of the event log, of its folds and of sync; `db/ops.py` registers these steps.

Each function is one migration step: once released it is never edited again.
"""

from __future__ import annotations

import secrets

from sqlite_utils import Database

_ENTRY_COLUMNS = """
    device TEXT NOT NULL CHECK (device <> ''),
    epoch INTEGER NOT NULL CHECK (epoch >= 1),
    seq INTEGER NOT NULL CHECK (seq >= 1),
    id TEXT NOT NULL,
    type TEXT NOT NULL,
    subject TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    hlc TEXT NOT NULL,
    prev TEXT NOT NULL CHECK (length(prev) = 64),
    hash TEXT NOT NULL CHECK (length(hash) = 64),
    body TEXT NOT NULL
"""


def entry_log(db: Database) -> None:
    """The event log, who we are in it, and the triggers that keep it as it was written.

    `identity.short` is drawn once per store, so that two consoles with one
    name in their settings never write under one device name. `own_log` lists
    every (device, epoch) this store has written: `sent` is what the centre
    has of it, `upto` where it left the common path (a fork), NULL while whole.
    `entry_fork` keeps entries that came back under a key of ours with another
    hash: they count in the folds, and no entry of ours was overwritten.
    """
    _run(
        db,
        """CREATE TABLE identity (
               id INTEGER PRIMARY KEY CHECK (id = 1),
               name TEXT NOT NULL,
               short TEXT NOT NULL,
               device TEXT NOT NULL,
               epoch INTEGER NOT NULL,
               hlc TEXT NOT NULL
           ) STRICT""",
        """CREATE TABLE own_log (
               device TEXT NOT NULL,
               epoch INTEGER NOT NULL,
               sent INTEGER NOT NULL DEFAULT 0,
               upto INTEGER,
               PRIMARY KEY (device, epoch)
           ) STRICT, WITHOUT ROWID""",
        f"""CREATE TABLE entry (
               position INTEGER PRIMARY KEY AUTOINCREMENT,
               {_ENTRY_COLUMNS},
               UNIQUE (device, epoch, seq)
           ) STRICT""",
        "CREATE INDEX entry_id ON entry (id)",
        f"""CREATE TABLE entry_fork (
               position INTEGER PRIMARY KEY AUTOINCREMENT,
               {_ENTRY_COLUMNS},
               UNIQUE (device, epoch, seq, hash)
           ) STRICT""",
    )
    for table in ("entry", "entry_fork"):
        for act in ("UPDATE", "DELETE"):
            _run(
                db,
                f"""CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table}
                    BEGIN SELECT RAISE(ABORT, 'an entry of the log is never changed'); END""",
            )
    short = secrets.token_hex(3)
    db.conn.execute(
        "INSERT INTO identity (id, name, short, device, epoch, hlc) VALUES (1, ?, ?, ?, 1, '')",
        ("console", short, f"console-{short}"),
    )


def incident_fold(db: Database) -> None:
    """What the entries say about incidents; all of it can be made again from the log.

    `incident_search` holds an application-made column of character pairs (the
    tokenizers that FTS5 brings find no two-syllable Korean word).
    `incident_serial` is the last number given on a local day.
    """
    _run(
        db,
        """CREATE TABLE incident (
               row INTEGER PRIMARY KEY,
               id TEXT NOT NULL UNIQUE,
               number TEXT NOT NULL,
               state TEXT NOT NULL,
               opened_ms INTEGER NOT NULL,
               changed_ms INTEGER NOT NULL,
               record BLOB NOT NULL
           ) STRICT""",
        "CREATE INDEX incident_order ON incident (state, opened_ms)",
        """CREATE TABLE incident_act (
               entry_id TEXT PRIMARY KEY,
               incident TEXT NOT NULL,
               type TEXT NOT NULL,
               at_ms INTEGER NOT NULL,
               hlc TEXT NOT NULL,
               device TEXT NOT NULL,
               epoch INTEGER NOT NULL,
               seq INTEGER NOT NULL,
               actor TEXT NOT NULL,
               payload TEXT NOT NULL
           ) STRICT, WITHOUT ROWID""",
        "CREATE INDEX incident_act_order ON incident_act (incident, hlc, device, epoch, seq)",
        """CREATE TABLE incident_serial (
               day TEXT PRIMARY KEY,
               last INTEGER NOT NULL
           ) STRICT, WITHOUT ROWID""",
        """CREATE VIRTUAL TABLE incident_search USING fts5 (
               grams, content='', contentless_delete=1, tokenize='unicode61 remove_diacritics 0')""",
    )


def sync_marks(db: Database) -> None:
    """How far the centre and we have come with each other; marks only save work.

    `centre` names the one we last spoke with and the last row we took from it.
    `refusal` parks, in sight, what one side would not take from the other.
    `attachment_blob` lists every attachment the log names; `settled` once it is
    complete on both sides.
    """
    _run(
        db,
        """CREATE TABLE centre (
               id INTEGER PRIMARY KEY CHECK (id = 1),
               name TEXT NOT NULL,
               position INTEGER NOT NULL,
               hash TEXT NOT NULL
           ) STRICT""",
        "INSERT INTO centre (id, name, position, hash) VALUES (1, '', 0, '')",
        """CREATE TABLE refusal (
               device TEXT NOT NULL,
               epoch INTEGER NOT NULL,
               seq INTEGER NOT NULL,
               way TEXT NOT NULL CHECK (way IN ('push', 'pull')),
               hash TEXT NOT NULL,
               reason TEXT NOT NULL,
               at_ms INTEGER NOT NULL,
               PRIMARY KEY (device, epoch, seq, way)
           ) STRICT, WITHOUT ROWID""",
        """CREATE TABLE attachment_blob (
               sha256 TEXT PRIMARY KEY CHECK (length(sha256) = 64),
               size INTEGER NOT NULL,
               settled INTEGER NOT NULL DEFAULT 0
           ) STRICT, WITHOUT ROWID""",
        "CREATE INDEX attachment_blob_open ON attachment_blob (size) WHERE settled = 0",
    )


def _run(db: Database, *statements: str) -> None:
    for statement in statements:
        db.conn.execute(statement)
