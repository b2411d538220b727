"""What support may know of a store: the steps of its layout, and who must not be named."""

from __future__ import annotations

from sqlite_utils import Database

_LATELY = 5000


def steps(db: Database) -> list[str]:
    """The migrations that the store has gone through, `store m0001_name`, in order."""
    rows = db.execute("SELECT migration_set, name FROM _sqlite_migrations ORDER BY migration_set, name")
    return [f"{store} {name}" for store, name in rows.fetchall()]


def people(db: Database) -> list[str]:
    """Who has acted here, on incidents ever and on all else lately; for ops.db only."""
    rows = db.execute(
        """SELECT actor FROM incident_act
           UNION SELECT json_extract(body, '$.actor')
                 FROM (SELECT body FROM entry ORDER BY position DESC LIMIT ?)""",
        [_LATELY],
    )
    return [str(row[0]) for row in rows.fetchall() if row[0]]
