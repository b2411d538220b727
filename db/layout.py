"""What support may know of a store: the steps of its layout, and who must not be named."""

from __future__ import annotations

from sqlite_utils import Database


def steps(db: Database) -> list[str]:
    """The migrations that the store has gone through, `store m0001_name`, in order."""
    rows = db.execute("SELECT migration_set, name FROM _sqlite_migrations ORDER BY migration_set, name")
    return [f"{store} {name}" for store, name in rows.fetchall()]


def people(db: Database) -> list[str]:
    """The names under which somebody has acted here; ops.db only."""
    return [str(row[0]) for row in db.execute("SELECT DISTINCT actor FROM entry LIMIT 10000").fetchall()]
