"""Edits of rules and of guidance, folded from this console's own log each time they are asked for.

There is no table of them: what the log says is in force, also after a restore. Entries of other
consoles do not count: they have rules of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from sqlite_utils import Database

from db import entries
from db.alarm_records import Rule
from db.records import Draft, Entry
from db.rule_records import EditAct, GuidanceText, RuleEdit

PUT, REMOVED, RESTORED = "rule.put", "rule.removed", "rule.restored"
GUIDANCE = "rule.guidance"
_ACTS: dict[str, EditAct] = {PUT: "put", REMOVED: "removed", RESTORED: "restored"}
_TYPES = f"('{PUT}', '{REMOVED}', '{RESTORED}', '{GUIDANCE}')"
_COLUMNS = "device, epoch, seq, id, type, subject, at_ms, hlc, prev, hash, body"


class Terms(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the entry of an edit says; its subject is the rule's id."""

    rule: Rule
    version: int
    why: str
    restored: int = 0


def rule_entries(db: Database) -> None:
    """Find the few entries about rules among very many others; by what the engine has judged last."""
    db.conn.execute(f"CREATE INDEX entry_rule ON entry (position) WHERE type IN {_TYPES}")
    db.conn.execute(
        "CREATE TABLE rule_judged (rule TEXT PRIMARY KEY, digest TEXT NOT NULL) STRICT, WITHOUT ROWID"
    )


def last(db: Database) -> int:
    """The place in the log of the newest entry about rules; 0 if there is none."""
    found = db.conn.execute(f"SELECT max(position) FROM entry WHERE type IN {_TYPES}").fetchone()[0]
    return int(found or 0)


def edits(db: Database) -> list[RuleEdit]:
    """Every edit of a rule, oldest first."""
    return list(fold(told(db)))


def told(db: Database) -> list[Entry]:
    """This console's entries about rules and guidance, oldest first."""
    rows = db.conn.execute(
        f"SELECT {', '.join(f'e.{each}' for each in _COLUMNS.split(', '))} FROM entry e"
        f" JOIN own_log o ON o.device = e.device AND o.epoch = e.epoch"
        f" WHERE e.type IN {_TYPES} ORDER BY e.position"
    )
    return [Entry(*row) for row in rows]


def fold(told: Iterable[Entry]) -> Iterator[RuleEdit]:
    """The edits that entries tell of; one of a newer program that cannot be understood is passed over."""
    for entry in told:
        act = _ACTS.get(entry.type)
        if act is None:
            continue
        draft = entries.draft_of(entry)
        try:
            terms = msgspec.convert(draft.payload, Terms)
        except msgspec.ValidationError:
            continue
        yield RuleEdit(terms.rule, terms.version, act, entry.at_ms, draft.actor, terms.why, terms.restored)


def judged(db: Database) -> dict[str, str]:
    """A digest of each rule as the engine judged by it last."""
    return dict(db.conn.execute("SELECT rule, digest FROM rule_judged").fetchall())


def put_judged(db: Database, digests: dict[str, str]) -> None:
    """Keep by what the engine judges from now on."""
    db.conn.execute("DELETE FROM rule_judged")
    db.conn.executemany("INSERT INTO rule_judged (rule, digest) VALUES (?, ?)", sorted(digests.items()))


def guidance(db: Database) -> Iterator[GuidanceText]:
    """Every text of guidance that was given, oldest first; an empty one takes the one before away."""
    for entry in told(db):
        level, _, of = entry.subject.partition("|")
        if entry.type != GUIDANCE or level not in ("asset", "domain"):
            continue
        draft = entries.draft_of(entry)
        ko, en, why = (str(draft.payload.get(key, "")) for key in ("ko", "en", "why"))
        yield GuidanceText(level, of, ko, en, entry.at_ms, draft.actor, why)  # type: ignore[arg-type]


def append(db: Database, edit: RuleEdit) -> None:
    """Write an edit down in the log."""
    kind = next(kind for kind, act in _ACTS.items() if act == edit.act)
    payload: dict[str, Any] = msgspec.to_builtins(Terms(edit.rule, edit.version, edit.why, edit.restored))
    entries.append(db, Draft(kind, edit.rule.id, edit.at_ms, edit.by, payload))
