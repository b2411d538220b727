"""What alarms did and whether an operator was told: one small row per transition, by time.

The event log has the same with more words; these rows are what floods and
figures over weeks are made from. Each is written in the transaction of its transition.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from sqlite_utils import Database


class Annunciation(NamedTuple):
    """An alarm moved, by our clock.

    `verb` is what it did, `shown` the state that an operator saw after it. `cause` is
    the rule of the alarm that explains it, else its own rule. `announced`: somebody was
    called by it. `asset` is empty where the alarm is about none, or the row is older than this table.
    """

    at_ms: int
    alarm: str
    activation: int
    verb: str
    rule: str
    cause: str
    source: str
    asset: str
    priority: int
    shown: str
    announced: bool
    actor: str


_COLUMNS = ", ".join(Annunciation._fields)
_MARKS = ", ".join("?" * len(Annunciation._fields))

_VERBS = ("raised", "acknowledged", "returned", "normal", "suppressed", "released")
_TYPES = ", ".join(f"'alarm.{verb}'" for verb in _VERBS)
_BACK_FILL = f"""
    INSERT INTO annunciation ({_COLUMNS})
    SELECT at_ms, subject, coalesce(activation, 0), verb, rule,
           CASE WHEN instr(suppressor, '|') THEN substr(suppressor, 1, instr(suppressor, '|') - 1)
                ELSE rule END,
           coalesce(source, ''), '', coalesce(priority, 3),
           CASE WHEN suppressor <> '' AND state <> 'normal' THEN 'suppressed' ELSE coalesce(state, '') END,
           verb IN ('raised', 'released') AND suppressor = '' AND coalesce(state, '') = 'unacknowledged',
           coalesce(actor, '')
    FROM (
        SELECT position, at_ms, subject, substr(type, 7) AS verb,
               coalesce(json_extract(body, '$.data.rule'), '') AS rule,
               coalesce(json_extract(body, '$.data.suppressed_by'), '') AS suppressor,
               json_extract(body, '$.data.activation') AS activation,
               json_extract(body, '$.data.source') AS source,
               json_extract(body, '$.data.priority') AS priority,
               json_extract(body, '$.data.state') AS state,
               json_extract(body, '$.actor') AS actor
        FROM entry
        WHERE type IN ({_TYPES}) AND device IN (SELECT device FROM own_log)
    )
    ORDER BY position
"""


def annunciation_rows(db: Database) -> None:
    """The rows of what alarms did, with what the log of an older store has of it."""
    db.conn.execute(
        """CREATE TABLE annunciation (
               seq INTEGER PRIMARY KEY,
               at_ms INTEGER NOT NULL,
               alarm TEXT NOT NULL,
               activation INTEGER NOT NULL,
               verb TEXT NOT NULL,
               rule TEXT NOT NULL,
               cause TEXT NOT NULL,
               source TEXT NOT NULL,
               asset TEXT NOT NULL,
               priority INTEGER NOT NULL,
               shown TEXT NOT NULL,
               announced INTEGER NOT NULL,
               actor TEXT NOT NULL
           ) STRICT"""
    )
    db.conn.execute("CREATE INDEX annunciation_at ON annunciation (at_ms)")
    db.conn.execute("CREATE INDEX annunciation_alarm ON annunciation (alarm)")
    db.conn.execute(_BACK_FILL)


def add(db: Database, rows: Iterable[Annunciation]) -> None:
    """Write down what alarms did; the transaction is the caller's."""
    db.conn.executemany(f"INSERT INTO annunciation ({_COLUMNS}) VALUES ({_MARKS})", list(rows))


def between(db: Database, since_ms: int, until_ms: int) -> list[Annunciation]:
    """What alarms did at since_ms <= time < until_ms, oldest first."""
    found = db.conn.execute(
        f"SELECT {_COLUMNS} FROM annunciation WHERE at_ms >= ? AND at_ms < ? ORDER BY at_ms, seq",
        (since_ms, until_ms),
    )
    return [_row(each) for each in found]


def after(db: Database, seq: int, limit: int) -> tuple[int, list[Annunciation]]:
    """What was written after number `seq`, in order, and the number of the last of it."""
    found = db.conn.execute(
        f"SELECT seq, {_COLUMNS} FROM annunciation WHERE seq > ? ORDER BY seq LIMIT ?", (seq, limit)
    ).fetchall()
    return (found[-1][0] if found else seq), [_row(each[1:]) for each in found]


def last(db: Database) -> int:
    """The number of the row that was written last; 0 for none."""
    return int(db.conn.execute("SELECT coalesce(max(seq), 0) FROM annunciation").fetchone()[0])


def calls(db: Database, since_ms: int, until_ms: int) -> list[int]:
    """The times at which an operator was called, oldest first."""
    found = db.conn.execute(
        "SELECT at_ms FROM annunciation WHERE announced AND at_ms >= ? AND at_ms < ? ORDER BY at_ms",
        (since_ms, until_ms),
    )
    return [at_ms for (at_ms,) in found]


def callers(db: Database, since_ms: int, until_ms: int) -> list[tuple[int, str]]:
    """The times at which an operator was called, each with the rule that did it, oldest first."""
    found = db.conn.execute(
        "SELECT at_ms, rule FROM annunciation WHERE announced AND at_ms >= ? AND at_ms < ? ORDER BY at_ms",
        (since_ms, until_ms),
    )
    return [(at_ms, rule) for at_ms, rule in found]


def of_alarm(db: Database, alarm: str, limit: int = 1000) -> list[Annunciation]:
    """What one alarm did last, oldest first."""
    found = db.conn.execute(
        f"SELECT {_COLUMNS} FROM annunciation WHERE alarm = ? ORDER BY seq DESC LIMIT ?", (alarm, limit)
    )
    return [_row(each) for each in found][::-1]


def standing_at(db: Database, at_ms: int) -> list[Annunciation]:
    """The rows that raised what stood at a time: raised before it, and not returned by then."""
    found = db.conn.execute(
        f"SELECT {_COLUMNS}, max(seq) FROM annunciation"
        " WHERE at_ms < ? AND verb IN ('raised', 'returned', 'normal') GROUP BY alarm HAVING verb = 'raised'",
        (at_ms,),
    )
    return [_row(each[:-1]) for each in found]


def _row(columns: tuple[object, ...]) -> Annunciation:
    row = Annunciation(*columns)  # type: ignore[arg-type]
    return row._replace(announced=bool(row.announced))
