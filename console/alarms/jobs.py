"""What operators do with alarms; jobs of the ops store, the transaction is the caller's."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec.structs import replace
from sqlite_utils import Database

from console.alarms import annunciations, transitions
from console.alarms.evaluate import entry_of
from console.errors import Refused
from db import alarms, entries
from db.alarm_records import Alarm
from db.alarms import Watch


def acknowledge(db: Database, alarm_ids: Iterable[str], actor: str, note: str, at_ms: int) -> list[Alarm]:
    """Take note of alarms; returns those that changed, in the order given.

    One that is acknowledged or normal already stays as it is and is not logged again.
    """
    moved = [
        after
        for alarm_id in dict.fromkeys(alarm_ids)
        if (after := transitions.acknowledge(_watch(db, alarm_id), actor, note, at_ms)).transition
    ]
    _keep(db, [each.watch for each in moved])
    changed = [each.transition for each in moved if each.transition is not None]
    for transition in changed:
        entries.append(db, entry_of(transition, actor))
    annunciations.note(db, changed, actor)
    return [transition.alarm for transition in changed]


def link_incident(db: Database, alarm_ids: Iterable[str], incident: str) -> list[Alarm]:
    """Note on alarms which incident handles them; an alarm that is not known is passed over."""
    found = [watch for key in dict.fromkeys(alarm_ids) if (watch := alarms.get_watch(db, key)) is not None]
    changed = [
        replace(watch, alarm=replace(watch.alarm, incident=incident))
        for watch in found
        if watch.alarm is not None and watch.alarm.incident != incident
    ]
    _keep(db, changed)
    return [watch.alarm for watch in changed if watch.alarm is not None]


def _watch(db: Database, alarm_id: str) -> Watch:
    watch = alarms.get_watch(db, alarm_id)
    if watch is None or watch.alarm is None:
        raise Refused(f"There is no alarm {alarm_id!r}")
    return watch


def _keep(db: Database, changed: Sequence[Watch]) -> None:
    if changed:
        alarms.put_watches(db, changed, alarms.next_act(db))
