"""What was done with an alarm, and what happened the last time it stood; read from the event log."""

from __future__ import annotations

from typing import Any

from sqlite_utils import Database

from db import alarms, entries
from db.records import Draft

_LOOKED_AT = 500


def history(db: Database, alarm_id: str, limit: int) -> list[dict[str, Any]]:
    """Every entry about the alarm, newest first: at_ms, actor, type, payload."""
    return [
        {"at_ms": each.at_ms, "actor": each.actor, "type": each.type, "payload": each.payload}
        for each in _drafts(db, alarm_id, limit)
    ]


def last_similar(db: Database, alarm_id: str) -> dict[str, Any] | None:
    """The activation before the present one: when, how long, who took note and what was said then.

    None where the alarm has no earlier activation that the log still tells of. `minutes` is None
    where its return is not told.
    """
    now = alarms.get(db, alarm_id)
    before = (now.activation - 1) if now is not None else 0
    told = [each for each in _drafts(db, alarm_id, _LOOKED_AT) if each.payload.get("activation") == before]
    raised = next((each for each in told if each.type == "alarm.raised"), None)
    if raised is None:
        return None
    over = next((e for e in told if e.type in ("alarm.returned", "alarm.normal", "alarm.latched")), None)
    seen = next((each for each in told if each.type == "alarm.acknowledged"), None)
    commented = next((each for each in told if each.type == "alarm.commented"), None)
    return {
        "alarm": alarm_id,
        "raised_ms": raised.at_ms,
        "minutes": None if over is None else (over.at_ms - raised.at_ms) / 60_000,
        "acknowledged_by": seen.actor if seen is not None else "",
        "note": str(seen.payload.get("note", "")) if seen is not None else "",
        "comment": str(commented.payload.get("text", "")) if commented is not None else "",
    }


def _drafts(db: Database, alarm_id: str, limit: int) -> list[Draft]:
    return [entries.draft_of(each) for each in entries.of_alarm(db, alarm_id, limit)]
