"""What puts an alarm aside, and how it comes back. Pure functions over watches.

Shelving, work and maintenance windows keep an alarm from being announced while
its own state goes on underneath (ISA-18.2 / IEC 62682). Back it comes

* unshelved by hand: acknowledged, since somebody has just looked at it;
* by the end of its shelf, or of its work: unacknowledged, if its condition holds;
* very many at once: `MANY` in `SPAN_MS` are announced, the others are `quiet` and a summary tells of them.

The end of a shelf is a time of the wall clock. It has come at that time, or
when as much time has passed for us: a clock that is set back shelves nothing for ever.
"""

from __future__ import annotations

from msgspec.structs import replace

from console.alarms.transitions import Moved, Transition, Verb
from db.alarm_records import Alarm, AlarmState, Maintenance, OutOfService, Shelf
from db.alarms import Watch

MANY, SPAN_MS = 10, 60_000
"""How many that come back are announced in how long, each by itself. Source: more than 10 in 10 minutes
is a flood (ISA-18.2); a minute's worth of ends must not make one."""
_STANDING = (AlarmState.UNACKNOWLEDGED, AlarmState.ACKNOWLEDGED)


def shelve(watch: Watch, shelf: Shelf, steady: int) -> Moved:
    """Nobody is called by this alarm until the shelf ends; a second shelf replaces the first."""
    if watch.alarm is None:
        return Moved(watch)
    after = replace(watch.alarm, shelf=shelf, changed_ms=shelf.at_ms, quiet=False)
    due = steady + shelf.until_ms - shelf.at_ms
    return _moved(replace(watch, shelf_due=due, called=None), after, "shelved", shelf.at_ms)


def unshelve(watch: Watch, actor: str, at_ms: int) -> Moved:
    """Somebody takes it off its shelf, and has seen it by that."""
    if watch.alarm is None or watch.alarm.shelf is None:
        return Moved(watch)
    after = replace(watch.alarm, shelf=None, changed_ms=at_ms)
    if after.state is AlarmState.UNACKNOWLEDGED and after.shown is after.state:
        after = replace(after, state=AlarmState.ACKNOWLEDGED, acknowledged_by=actor, acknowledged_ms=at_ms)
    return _moved(replace(watch, shelf_due=None), after, "unshelved", at_ms)


def take_out(watch: Watch, work: OutOfService, steady: int) -> Moved:
    """Out of service for work; a second order replaces the first."""
    if watch.alarm is None:
        return Moved(watch)
    due = None if work.until_ms is None else steady + work.until_ms - work.at_ms
    after = replace(watch.alarm, out_of_service=work, changed_ms=work.at_ms, quiet=False)
    return _moved(replace(watch, service_due=due, called=None), after, "out_of_service", work.at_ms)


def put_back(watch: Watch, at_ms: int, *, loud: bool) -> Moved:
    """Its work is over: what holds is new again; with `loud` false a summary tells of it."""
    if watch.alarm is None or watch.alarm.out_of_service is None:
        return Moved(watch)
    after = replace(watch.alarm, out_of_service=None, changed_ms=at_ms)
    return _come_back(replace(watch, service_due=None), after, "in_service", at_ms, loud=loud)


def end_shelf(watch: Watch, at_ms: int, *, loud: bool) -> Moved:
    """Its time on the shelf is over: what holds is new again; with `loud` false a summary tells of it."""
    if watch.alarm is None or watch.alarm.shelf is None:
        return Moved(watch)
    after = replace(watch.alarm, shelf=None, changed_ms=at_ms)
    return _come_back(replace(watch, shelf_due=None), after, "unshelved", at_ms, loud=loud)


def _come_back(watch: Watch, after: Alarm, verb: Verb, at_ms: int, *, loud: bool) -> Moved:
    if after.state in _STANDING and after.shown is after.state:
        after = replace(
            after, state=AlarmState.UNACKNOWLEDGED, quiet=not loud, acknowledged_by="", acknowledged_ms=None
        )
    return _moved(watch, after, verb, at_ms)


def calls(watch: Watch) -> bool:
    """Whether it would ask for somebody if what puts it aside ended."""
    return watch.alarm is not None and watch.alarm.state in _STANDING


def is_calling(watch: Watch) -> bool:
    """Whether it asks for somebody now."""
    alarm = watch.alarm
    return alarm is not None and alarm.state is AlarmState.UNACKNOWLEDGED and alarm.is_announced


def called(moved: Moved, steady: int) -> Moved:
    """An act by hand that calls somebody: from now on its times run, and it counts as come back."""
    told = moved.transition
    if told is None:
        return moved
    after = replace(told.alarm, annunciated_ms=told.at_ms)
    watch = replace(moved.watch, alarm=after, called=steady, rung=steady, back=steady)
    return Moved(watch, Transition(told.verb, after, told.at_ms))


def comment(watch: Watch, text: str, at_ms: int) -> Moved:
    """Something was written about it; its state stays."""
    if watch.alarm is None:
        return Moved(watch)
    after = replace(watch.alarm, comments=watch.alarm.comments + 1, comment=text)
    return _moved(watch, after, "commented", at_ms)


def assign(watch: Watch, assignee: str, at_ms: int) -> Moved:
    """Somebody looks after it; the same again changes nothing."""
    if watch.alarm is None or watch.alarm.assignee == assignee:
        return Moved(watch)
    return _moved(watch, replace(watch.alarm, assignee=assignee), "assigned", at_ms)


def within(window: Maintenance, at_ms: int) -> bool:
    """Whether a window holds at this time."""
    return window.ended_ms is None and window.since_ms <= at_ms < window.until_ms


def work_of(window: Maintenance, at_ms: int) -> OutOfService:
    """What a maintenance window does to an alarm."""
    return OutOfService(window.by, at_ms, window.order, window.reason, window.until_ms, window.id)


def _moved(watch: Watch, after: Alarm, verb: Verb, at_ms: int) -> Moved:
    return Moved(replace(watch, alarm=after), Transition(verb, after, at_ms))
