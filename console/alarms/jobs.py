"""What operators do with alarms; jobs of the ops store, the transaction is the caller's.

Each returns the alarms that changed, in the order given. An act that an alarm's
state leaves nothing to do for changes and logs nothing; an alarm that is not
known is refused, and nothing of the act is done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from msgspec.structs import replace
from sqlite_utils import Database

from console.alarms import annunciations, aside, transitions
from console.alarms.lines import entry_of
from console.alarms.transitions import Moved
from console.errors import Refused
from db import alarms, entries
from db.alarm_records import Alarm, Maintenance, OutOfService, Shelf
from db.alarms import Watch

LONGEST_SHELF_MS = 24 * 3_600_000
"""How long an alarm may be shelved at most; longer work takes it out of service."""


def acknowledge(db: Database, alarm_ids: Iterable[str], actor: str, note: str, at_ms: int) -> list[Alarm]:
    """Take note of alarms."""
    return _act(db, alarm_ids, actor, lambda watch: transitions.acknowledge(watch, actor, note, at_ms))


def reset(db: Database, alarm_ids: Iterable[str], actor: str, note: str, at_ms: int) -> list[Alarm]:
    """Let latched alarms go."""
    return _act(db, alarm_ids, actor, lambda watch: transitions.reset(watch, note, at_ms))


def shelve(
    db: Database, alarm_ids: Iterable[str], actor: str, until_ms: int, reason: str, at_ms: int
) -> list[Alarm]:
    """Put alarms aside until a time of our clock; a second time sets another end."""
    if not reason.strip():
        raise Refused("Shelving needs a reason")
    if until_ms <= at_ms:
        raise Refused("The shelf would end before it begins")
    if until_ms - at_ms > LONGEST_SHELF_MS:
        raise Refused("An alarm is shelved for 24 hours at most; take it out of service for longer work")
    shelf, steady = Shelf(actor, at_ms, until_ms, reason.strip()), _steady(db, at_ms)
    return _act(db, alarm_ids, actor, lambda watch: aside.shelve(watch, shelf, steady))


def unshelve(db: Database, alarm_ids: Iterable[str], actor: str, at_ms: int) -> list[Alarm]:
    """Take alarms off their shelves; those that call are acknowledged by it."""
    return _act(db, alarm_ids, actor, lambda watch: aside.unshelve(watch, actor, at_ms))


def comment(db: Database, alarm_ids: Iterable[str], actor: str, text: str, at_ms: int) -> list[Alarm]:
    """Write something down about alarms."""
    if not text.strip():
        raise Refused("A comment needs a text")
    return _act(db, alarm_ids, actor, lambda watch: aside.comment(watch, text.strip(), at_ms))


def assign(db: Database, alarm_ids: Iterable[str], actor: str, assignee: str, at_ms: int) -> list[Alarm]:
    """Say who looks after alarms; empty for nobody."""
    return _act(db, alarm_ids, actor, lambda watch: aside.assign(watch, assignee.strip(), at_ms))


def take_out(
    db: Database,
    alarm_ids: Iterable[str],
    actor: str,
    order: str,
    reason: str,
    until_ms: int | None,
    at_ms: int,
) -> list[Alarm]:
    """Take alarms out of service for work; without `until_ms` until somebody puts them back."""
    if not order.strip():
        raise Refused("Taking an alarm out of service needs a work order")
    if until_ms is not None and until_ms <= at_ms:
        raise Refused("The work would end before it begins")
    work, steady = OutOfService(actor, at_ms, order.strip(), reason.strip(), until_ms), _steady(db, at_ms)
    return _act(db, alarm_ids, actor, lambda watch: aside.take_out(watch, work, steady))


def put_back(db: Database, alarm_ids: Iterable[str], actor: str, at_ms: int) -> list[Alarm]:
    """Work is over. Of very many whose condition holds, only the first are announced one by one.

    Those that came back within the last minute count, whatever brought them back.
    """
    steady = _steady(db, at_ms)
    since = steady - aside.SPAN_MS
    lately = sum(watch.back is not None and watch.back > since for watch in alarms.watches(db))

    def back(watch: Watch) -> Moved:
        nonlocal lately
        moved = aside.put_back(watch, at_ms, loud=lately < aside.MANY)
        if moved.transition is None or not aside.is_calling(moved.watch):
            return moved
        lately += 1
        return aside.called(moved, steady)

    return _act(db, alarm_ids, actor, back)


def hand_over(db: Database, windows: Mapping[str, Maintenance], actor: str, at_ms: int) -> list[Alarm]:
    """Let alarms (by id) go on under another maintenance window."""
    works, steady = {key: aside.work_of(each, at_ms) for key, each in windows.items()}, _steady(db, at_ms)
    return _act(db, works, actor, lambda watch: aside.take_out(watch, works[watch.id], steady))


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


def _act(db: Database, alarm_ids: Iterable[str], actor: str, act: Callable[[Watch], Moved]) -> list[Alarm]:
    """Do one act with each alarm, and write it down."""
    moved = [after for key in dict.fromkeys(alarm_ids) if (after := act(_watch(db, key))).transition]
    _keep(db, [each.watch for each in moved])
    changed = [each.transition for each in moved if each.transition is not None]
    for transition in changed:
        entries.append(db, entry_of(transition, actor))
    annunciations.note(db, changed, actor)
    return [transition.alarm for transition in changed]


def _watch(db: Database, alarm_id: str) -> Watch:
    watch = alarms.get_watch(db, alarm_id)
    if watch is None or watch.alarm is None:
        raise Refused(f"There is no alarm {alarm_id!r}")
    return watch


def _steady(db: Database, at_ms: int) -> int:
    return at_ms - alarms.cursor(db).shift


def _keep(db: Database, changed: Sequence[Watch]) -> None:
    if changed:
        alarms.put_watches(db, changed, alarms.next_act(db))
