"""The gap ledger: what a sender has counted to, and the stretches that did not arrive."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

from sqlite_utils import Database

from db.text import storable
from db.workings import Gap

Ranges = list[tuple[int, int]]
State = Literal["open", "asking", "filled", "lost"]
STANDING: tuple[State, ...] = ("open", "asking")

_COLUMNS = (
    "id, feed, source, epoch, run, since_ms, until_ms, first_seq, last_seq, unfilled, why, state, found_ms,"
    " asked, got, closed_ms, closed_by, detail"
)


def gap_tables(db: Database) -> None:
    """Gaps, the runs of numbers they were found by, and brokers that forgot us.

    `gap.unfilled` is what of it is still missing, as JSON: number ranges where
    the sender counts, else stretches of its time.
    """
    db.conn.execute("""
        CREATE TABLE gap (
            id INTEGER PRIMARY KEY AUTOINCREMENT, feed TEXT NOT NULL, source TEXT NOT NULL,
            epoch TEXT NOT NULL, run INTEGER NOT NULL, since_ms INTEGER NOT NULL,
            until_ms INTEGER NOT NULL, first_seq INTEGER, last_seq INTEGER, unfilled TEXT NOT NULL,
            why TEXT NOT NULL, state TEXT NOT NULL, found_ms INTEGER NOT NULL, asked INTEGER NOT NULL,
            got INTEGER NOT NULL, closed_ms INTEGER, closed_by TEXT NOT NULL, detail TEXT NOT NULL) STRICT""")
    db.conn.execute("CREATE INDEX gap_source ON gap (source, feed) WHERE state <> 'filled'")
    db.conn.execute("CREATE INDEX gap_state ON gap (state, until_ms)")
    db.conn.execute("""
        CREATE TABLE sequence_run (
            feed TEXT NOT NULL, source TEXT NOT NULL, epoch TEXT NOT NULL, run INTEGER NOT NULL,
            low INTEGER NOT NULL, top INTEGER NOT NULL, low_ms INTEGER NOT NULL, top_ms INTEGER NOT NULL,
            PRIMARY KEY (feed, source, epoch)) STRICT, WITHOUT ROWID""")
    db.conn.execute(
        "CREATE TABLE session_loss (feed TEXT PRIMARY KEY, at_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID"
    )


class Hole(NamedTuple):
    """A row of the ledger, with what of it is still missing."""

    id: int
    feed: str
    source: str
    epoch: str
    run: int
    since_ms: int
    until_ms: int
    first_seq: int | None
    last_seq: int | None
    unfilled: Ranges
    why: Literal["silence", "sequence", "session", "file"]
    state: State
    found_ms: int
    asked: int = 0
    got: int = 0
    closed_ms: int | None = None
    closed_by: str = ""
    detail: str = ""

    def shown(self) -> Gap:
        """The record for screens."""
        counts = self.first_seq is not None
        return Gap(
            id=self.id, feed=self.feed, source=self.source, since_ms=self.since_ms, until_ms=self.until_ms,
            why=self.why, state=self.state, found_ms=self.found_ms, epoch=self.epoch,
            first_seq=self.first_seq, last_seq=self.last_seq, asked=self.asked, got=self.got,
            closed_ms=self.closed_ms, closed_by=self.closed_by, detail=self.detail,
            missing=sum(high - low + 1 for low, high in self.unfilled) if counts else None,
        )  # fmt: skip


def _hole(row: Sequence[Any]) -> Hole:
    return Hole._make((*row[:9], [(low, high) for low, high in json.loads(row[9])], *row[10:]))


def _row(hole: Hole) -> tuple[Any, ...]:
    kept = hole._replace(detail=storable(hole.detail), closed_by=storable(hole.closed_by))
    return (*kept[1:9], json.dumps(kept.unfilled), *kept[10:])


def open_one(db: Database, hole: Hole) -> Hole:
    """Enter a gap; its `id` is given here."""
    marks = ", ".join("?" * 17)
    cursor = db.conn.execute(f"INSERT INTO gap ({_COLUMNS[4:]}) VALUES ({marks})", _row(hole))
    return hole._replace(id=int(cursor.lastrowid or 0))


def put(db: Database, hole: Hole) -> None:
    """Bring a row up to date."""
    names = [name.strip() for name in _COLUMNS[4:].split(",")]
    changes = ", ".join(f"{name} = ?" for name in names)
    db.conn.execute(f"UPDATE gap SET {changes} WHERE id = ?", (*_row(hole), hole.id))


def get(db: Database, gap_id: int) -> Hole | None:
    """The row, or None."""
    row = db.conn.execute(f"SELECT {_COLUMNS} FROM gap WHERE id = ?", (gap_id,)).fetchone()
    return _hole(row) if row else None


def unfilled_of(db: Database, feed: str, source: str) -> list[Hole]:
    """The gaps of a source that something could still fill, lost ones too, newest first."""
    rows = db.conn.execute(
        f"SELECT {_COLUMNS} FROM gap WHERE feed = ? AND source = ? AND state <> 'filled' ORDER BY id DESC",
        (feed, source),
    )
    return [_hole(row) for row in rows]


def reaches(db: Database) -> dict[tuple[str, str], int]:
    """Until when, by (feed, source), there are gaps that something could fill."""
    rows = db.conn.execute(
        "SELECT feed, source, max(until_ms) FROM gap WHERE state <> 'filled' GROUP BY feed, source"
    )
    return {(feed, source): until_ms for feed, source, until_ms in rows}


def to_ask(db: Database, feeds: Sequence[str]) -> list[tuple[int, str]]:
    """(id, feed) of the gaps of these feeds that stand, the newest first."""
    marks = ", ".join("?" * len(feeds))
    rows = db.conn.execute(
        f"SELECT id, feed FROM gap WHERE state IN ('open', 'asking') AND feed IN ({marks})"
        " ORDER BY until_ms DESC, id DESC",
        tuple(feeds),
    )
    return [(gap_id, feed) for gap_id, feed in rows]


def page(
    db: Database,
    *,
    states: Sequence[str] = (),
    source: str | None = None,
    before_id: int | None = None,
    limit: int = 200,
) -> list[Gap]:
    """Gaps, the one found last first; of these states and this source if given."""
    marks = ", ".join("?" * len(states))
    rows = db.conn.execute(
        f"SELECT {_COLUMNS} FROM gap WHERE (? = 0 OR state IN ({marks})) AND (? IS NULL OR source = ?)"
        " AND (? IS NULL OR id < ?) ORDER BY id DESC LIMIT ?",
        (len(states), *states, source, source, before_id, before_id, limit),
    )
    return [_hole(row).shown() for row in rows]


def counts(db: Database) -> dict[str, int]:
    """How many gaps there are by state."""
    found = dict.fromkeys(("open", "asking", "filled", "lost"), 0)
    found.update(db.conn.execute("SELECT state, count(*) FROM gap GROUP BY state").fetchall())
    return found


# --- what they are found by ----------------------------------------------------


def run_of(db: Database, feed: str, source: str, epoch: str) -> tuple[int, int, int, int, int] | None:
    """(run, low, top, low_ms, top_ms) of a sender's numbers, or None."""
    row: tuple[int, int, int, int, int] | None = db.conn.execute(
        "SELECT run, low, top, low_ms, top_ms FROM sequence_run WHERE feed = ? AND source = ? AND epoch = ?",
        (feed, source, epoch),
    ).fetchone()
    return row


def put_runs(db: Database, rows: Sequence[tuple[str, str, str, int, int, int, int, int]]) -> None:
    """Keep runs of numbers, in the transaction of the readings they came with."""
    db.conn.executemany("INSERT OR REPLACE INTO sequence_run VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)


def newest_of(db: Database, source: str, before_ms: int) -> int | None:
    """When the source was observed last, leaving out what lies at or after `before_ms`."""
    row = db.conn.execute(
        "SELECT max(latest.observed_ms) FROM series JOIN latest ON latest.series_id = series.id"
        " WHERE series.source = ? AND latest.observed_ms < ?",
        (source, before_ms),
    ).fetchone()
    return None if row is None else row[0]


def lose_session(db: Database, feed: str, at_ms: int) -> None:
    """Note that the broker no longer knew us when we came back."""
    db.conn.execute("INSERT OR REPLACE INTO session_loss VALUES (?, ?)", (feed, at_ms))


def end_loss(db: Database, feed: str) -> None:
    """Every source has been heard again since the broker forgot us."""
    db.conn.execute("DELETE FROM session_loss WHERE feed = ?", (feed,))


def losses(db: Database) -> dict[str, int]:
    """Feeds whose broker forgot us, and when we saw that."""
    return dict(db.conn.execute("SELECT feed, at_ms FROM session_loss").fetchall())


def heard_before(db: Database, feed: str, at_ms: int) -> dict[str, int]:
    """When each source of the feed that was received last before `at_ms` was observed last."""
    rows = db.conn.execute(
        "SELECT series.source, max(latest.observed_ms), max(latest.received_ms)"
        " FROM series JOIN latest ON latest.series_id = series.id WHERE series.feed = ?"
        " GROUP BY series.source",
        (feed,),
    )
    return {source: observed_ms for source, observed_ms, received_ms in rows if received_ms < at_ms}
