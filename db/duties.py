"""Who sits at which seat, folded from the newest entries of the event log about it."""

from __future__ import annotations

from sqlite_utils import Database

from db import entries
from db.asset_records import OnDuty
from db.records import Entry

BEGAN, LEFT = "duty.began", "duty.left"
_COLUMNS = "device, epoch, seq, id, type, subject, at_ms, hlc, prev, hash, body"


def duty_entries(db: Database) -> None:
    """Find the entries about seats among very many others."""
    db.conn.execute(f"CREATE INDEX entry_duty ON entry (hlc) WHERE type IN ('{BEGAN}', '{LEFT}')")


def last(db: Database, device: str, limit: int = 200) -> list[OnDuty]:
    """The newest duty of each seat of one console, among its `limit` newest entries about seats."""
    rows = db.conn.execute(
        f"SELECT {_COLUMNS} FROM entry WHERE type IN ('{BEGAN}', '{LEFT}') AND device = ?"
        " ORDER BY hlc DESC LIMIT ?",
        (device, limit),
    )
    found: dict[str, OnDuty] = {}
    for entry in reversed([Entry(*row) for row in rows]):
        found[entry.subject] = _duty(entry, found.get(entry.subject))
    return list(found.values())


def _duty(entry: Entry, before: OnDuty | None) -> OnDuty:
    draft = entries.draft_of(entry)
    if entry.type == BEGAN:
        return OnDuty(entry.subject, draft.actor, entry.at_ms)
    since_ms = before.since_ms if before is not None else int(draft.payload.get("since_ms", entry.at_ms))
    return OnDuty(entry.subject, draft.actor, since_ms, left_ms=entry.at_ms)


def spans(db: Database, device: str, since_ms: int) -> list[OnDuty]:
    """Who was on duty at or after a time at one console, in the order of coming."""
    found: list[OnDuty] = []
    on: dict[str, OnDuty] = {}
    rows = db.conn.execute(
        f"SELECT {_COLUMNS} FROM entry WHERE type IN ('{BEGAN}', '{LEFT}') AND device = ? ORDER BY hlc",
        (device,),
    )
    for entry in [Entry(*row) for row in rows]:
        duty = _duty(entry, on.get(entry.subject))
        if duty.left_ms is None:
            on[entry.subject] = duty
        else:
            on.pop(entry.subject, None)
            found.append(duty)
    present = [*found, *on.values()]
    return sorted(
        (each for each in present if each.left_ms is None or each.left_ms >= since_ms),
        key=lambda each: (each.since_ms, each.seat),
    )
