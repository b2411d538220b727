"""Maintenance windows by asset: planned, begun by time, ended by time or by hand."""

from __future__ import annotations

from typing import Any

import uuid_utils
from msgspec.structs import replace
from sqlite_utils import Database

from console.alarms import aside, jobs
from console.alarms.rulebook import Rulebook
from console.errors import Refused
from db import alarms, entries, maintenance
from db.alarm_records import Alarm, Maintenance
from db.records import Draft

LONGEST_MS = 30 * 86_400_000
"""How long one window may last; longer work is planned again."""


def plan(
    db: Database,
    actor: str,
    at_ms: int,
    tree: Rulebook,
    *,
    asset: str,
    since_ms: int,
    until_ms: int,
    order: str,
    reason: str = "",
) -> list[Maintenance]:
    """Plan work at an asset: from `since_ms` (now at the earliest) its alarms call nobody."""
    if not tree.knows(asset):
        raise Refused(f"There is no asset {asset!r}")
    if not order.strip():
        raise Refused("A maintenance window needs a work order")
    since_ms = max(since_ms, at_ms)
    if until_ms <= since_ms:
        raise Refused("The maintenance window would end before it begins")
    if until_ms - since_ms > LONGEST_MS:
        raise Refused("A maintenance window lasts 30 days at most; plan the rest again")
    window = Maintenance(
        str(uuid_utils.uuid7()), asset, since_ms, until_ms, order.strip(), reason.strip(), actor, at_ms
    )
    maintenance.put(db, window)
    alarms.next_act(db)  # so that the engine looks at the windows again
    payload: dict[str, Any] = {
        "asset": asset, "since_ms": since_ms, "until_ms": until_ms, "order": order, "reason": reason,
    }  # fmt: skip
    entries.append(db, Draft("maintenance.planned", window.id, at_ms, actor, payload))
    return [window]


def end(
    db: Database, actor: str, at_ms: int, tree: Rulebook, *, window_id: str, note: str = ""
) -> tuple[Maintenance, list[Alarm]]:
    """End a window before its time: what it took out is back, unless another window holds there."""
    found = maintenance.get(db, window_id)
    if found is None:
        raise Refused(f"There is no maintenance window {window_id}")
    if found.ended_ms is not None or found.until_ms <= at_ms:
        raise Refused("This maintenance window is over already")
    ended = replace(found, ended_ms=at_ms, ended_by=actor)
    maintenance.put(db, ended)
    alarms.next_act(db)
    entries.append(db, Draft("maintenance.ended", window_id, at_ms, actor, {"note": note}))
    out = [
        alarm
        for alarm in alarms.standing(db)
        if alarm.out_of_service is not None and alarm.out_of_service.window == window_id
    ]
    holding = [each for each in maintenance.standing(db, at_ms) if aside.within(each, at_ms)]
    kept = {
        alarm.id: window
        for alarm in out
        for window in holding
        if window.asset in (alarm.asset, *tree.above(alarm.asset))
    }
    back = [alarm.id for alarm in out if alarm.id not in kept]
    return ended, [*jobs.hand_over(db, kept, actor, at_ms), *jobs.put_back(db, back, actor, at_ms)]
