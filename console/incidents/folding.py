"""Keeps the stored incidents in step with the log."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlite_utils import Database

from console.incidents import fold
from db import entries, incidents
from db.records import Entry, Record


def apply(db: Database, new: Sequence[Entry], *, sent: bool = False) -> list[Record]:
    """Bring the incidents up to date with entries just written; returns them and their new acts.

    In the caller's transaction, so that log and fold are never apart.
    """
    changed: list[Record] = list(_refold(db, incidents.add_acts(db, new)))
    acts = (incidents.act_of(each, sent=sent) for each in new if each.type.startswith("incident."))
    return [*changed, *acts]


def rebuild(db: Database) -> int:
    """Make all incidents again from the log; returns how many there are."""
    incidents.clear(db)
    ids: dict[str, None] = {}
    for entry in list(entries.every(db, "incident.")):
        ids.update(dict.fromkeys(incidents.add_acts(db, [entry])))
    return len(_refold(db, ids))


def _refold(db: Database, ids: Iterable[str]) -> list[Record]:
    folded: list[Record] = []
    for each in ids:
        told = incidents.told(db, each)
        incident = fold.fold(told)
        if incident is not None:
            incidents.put(db, incident, fold.texts(incident, told))
            folded.append(incident)
    return folded
