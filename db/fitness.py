"""When devices could serve and when not: every change, the times we were there to see it, and days.

Times by our clock. A change names what was before it, so that the state at any earlier
time follows from the changes after it and nothing else has to be read.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlite_utils import Database


class Fitness(enum.IntEnum):
    """Whether a device could serve, as far as the console knows."""

    UP = 0
    DOWN = 1
    UNKNOWN = 2


class Move(NamedTuple):
    """A device's change; `before` is what it was until then."""

    asset: str
    at_ms: int
    before: Fitness
    fitness: Fitness


class Share(NamedTuple):
    """How device time was spent, in ms summed over devices, and how often a device failed."""

    up_ms: int = 0
    down_ms: int = 0
    unknown_ms: int = 0
    failures: int = 0


_TABLES = (
    """CREATE TABLE device_fitness (
           asset TEXT PRIMARY KEY, fitness INTEGER NOT NULL, since_ms INTEGER NOT NULL
       ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE fitness_move (
           position INTEGER PRIMARY KEY,
           asset TEXT NOT NULL,
           at_ms INTEGER NOT NULL,
           before INTEGER NOT NULL,
           fitness INTEGER NOT NULL
       ) STRICT""",
    "CREATE INDEX fitness_move_at ON fitness_move (at_ms)",
    "CREATE INDEX fitness_move_asset ON fitness_move (asset, at_ms)",
    "CREATE TABLE awake (since_ms INTEGER PRIMARY KEY, until_ms INTEGER NOT NULL) STRICT",
    """CREATE TABLE fitness_day (
           day TEXT NOT NULL,
           facility TEXT NOT NULL,
           up_ms INTEGER NOT NULL,
           down_ms INTEGER NOT NULL,
           unknown_ms INTEGER NOT NULL,
           failures INTEGER NOT NULL,
           PRIMARY KEY (day, facility)
       ) STRICT, WITHOUT ROWID""",
)


def fitness_tables(db: Database) -> None:
    """What each device is, its changes, when the console was awake, and the sums of past days."""
    for statement in _TABLES:
        db.conn.execute(statement)


def now(db: Database, assets: Sequence[str] | None = None) -> dict[str, tuple[Fitness, int]]:
    """What each device, or each of these, was when it was last written down, and since when."""
    query = "SELECT asset, fitness, since_ms FROM device_fitness"
    if assets is None:
        rows = db.conn.execute(query).fetchall()
    else:
        found = (db.conn.execute(f"{query} WHERE asset = ?", (asset,)).fetchone() for asset in assets)
        rows = [row for row in found if row is not None]
    return {asset: (Fitness(fitness), since_ms) for asset, fitness, since_ms in rows}


def add(db: Database, moves: Sequence[Move]) -> None:
    """Write changes down, in their order."""
    db.conn.executemany(
        "INSERT INTO fitness_move (asset, at_ms, before, fitness) VALUES (?, ?, ?, ?)",
        [(each.asset, each.at_ms, int(each.before), int(each.fitness)) for each in moves],
    )
    db.conn.executemany(
        "INSERT OR REPLACE INTO device_fitness (asset, fitness, since_ms) VALUES (?, ?, ?)",
        [(each.asset, int(each.fitness), each.at_ms) for each in moves],
    )


def moves(db: Database, since_ms: int, assets: Sequence[str] | None = None) -> list[Move]:
    """The changes at or after a time, in their order; of some devices only, if they are named."""
    if assets is None:
        rows = db.conn.execute(
            "SELECT asset, at_ms, before, fitness FROM fitness_move WHERE at_ms >= ? ORDER BY position",
            (since_ms,),
        ).fetchall()
    else:
        rows = [
            row
            for asset in assets
            for row in db.conn.execute(
                "SELECT asset, at_ms, before, fitness FROM fitness_move"
                " WHERE asset = ? AND at_ms >= ? ORDER BY position",
                (asset, since_ms),
            )
        ]
    return [Move(asset, at_ms, Fitness(before), Fitness(after)) for asset, at_ms, before, after in rows]


def stay_awake(db: Database, since_ms: int, until_ms: int) -> None:
    """The console that began at `since_ms` has seen everything until `until_ms`."""
    db.conn.execute(
        "INSERT INTO awake (since_ms, until_ms) VALUES (?, ?)"
        " ON CONFLICT (since_ms) DO UPDATE SET until_ms = max(until_ms, excluded.until_ms)",
        (since_ms, until_ms),
    )


def awake(db: Database, since_ms: int) -> list[tuple[int, int]]:
    """The spans (from, until) in which a console was there, that end after a time; oldest first."""
    rows = db.conn.execute(
        "SELECT since_ms, until_ms FROM awake WHERE until_ms > ? ORDER BY since_ms", (since_ms,)
    )
    return [(since, until) for since, until in rows]


def put_day(db: Database, day: str, shares: Iterable[tuple[str, Share]]) -> None:
    """Keep the sums of a local day, YYYY-MM-DD, per facility."""
    db.conn.executemany(
        "INSERT OR REPLACE INTO fitness_day (day, facility, up_ms, down_ms, unknown_ms, failures)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        [(day, facility, *share) for facility, share in shares],
    )


def days(db: Database) -> set[str]:
    """The days that are summed up."""
    return {day for (day,) in db.conn.execute("SELECT DISTINCT day FROM fitness_day")}


def summed(db: Database, since_day: str, until_day: str) -> dict[str, Share]:
    """The sums per facility of the days since_day <= day < until_day."""
    rows = db.conn.execute(
        "SELECT facility, sum(up_ms), sum(down_ms), sum(unknown_ms), sum(failures) FROM fitness_day"
        " WHERE day >= ? AND day < ? GROUP BY facility",
        (since_day, until_day),
    )
    return {facility: Share(*numbers) for facility, *numbers in rows}


def forget_before(db: Database, at_ms: int, day: str) -> None:
    """Let go of changes before a time and of sums before a day; what each device is now stays."""
    db.conn.execute("DELETE FROM fitness_move WHERE at_ms < ?", (at_ms,))
    db.conn.execute("DELETE FROM awake WHERE until_ms < ?", (at_ms,))
    db.conn.execute("DELETE FROM fitness_day WHERE day < ?", (day,))
