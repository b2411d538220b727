"""How one watch and its alarm move. Pure functions; the times are handed in.

The states are those of ISA-18.2 / IEC 62682; what puts an alarm aside is in `console/alarms/aside.py`:

    normal --raise--> unacknowledged --acknowledge--> acknowledged --return--> normal
                      unacknowledged --return--> returned --acknowledge--> normal
                      returned --raise--> unacknowledged, a new activation
    of an alarm that latches:
                      acknowledged --return--> latched --reset--> normal
                      returned --acknowledge--> latched
                      latched --raise--> unacknowledged, a new activation

A limit is crossed when the value is beyond it; a value on the limit is not.
It is back when the value is inside by the deadband, the deadband's edge
included. A delay runs from the reading that began it by the time we received
it, and any reading that contradicts it ends it.

One that is suppressed, shelved or out of service is normal (or latched) when it
returns: nobody was told of it.
"""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

from msgspec.structs import replace

from console.alarms.gather import Figure
from console.alarms.limits import is_back, is_beyond, is_worse, limit_of
from console.alarms.rulebook import Subject
from db.alarm_records import Alarm, AlarmState, Rule
from db.alarms import Watch
from db.records import Reading

Verb = Literal[
    "raised", "acknowledged", "returned", "normal", "latched", "suppressed", "released", "reset", "shelved",
    "unshelved", "out_of_service", "in_service", "commented", "assigned", "escalated", "realarmed", "updated",
]  # fmt: skip

JUDGED = frozenset({"good", "uncertain"})
"""Qualities whose values are judged; another one says that the sensor itself doubts the value."""


class Transition(NamedTuple):
    """An alarm moved: the alarm after it, and by what. `normal` is a return that needs no acknowledgement."""

    verb: Verb
    alarm: Alarm
    at_ms: int


class Moved(NamedTuple):
    """A watch after an event, with the transition if its alarm moved."""

    watch: Watch
    transition: Transition | None = None


def judge(watch: Watch, subject: Subject, reading: Reading, steady: int, at_ms: int) -> Moved:
    """The watch after a value came; the same watch object if nothing changed."""
    value = number(reading)
    if value is None:
        return Moved(watch)
    rule = subject.rule
    figure = Figure(value, is_beyond(rule, value), is_back(rule, value), reading.observed_ms)
    return weigh(watch, subject, figure, reading.unit, steady, at_ms)


def weigh(watch: Watch, subject: Subject, figure: Figure, unit: str, steady: int, at_ms: int) -> Moved:
    """The watch after a figure of its rule came; the same watch object if nothing changed."""
    rule = subject.rule
    if figure.pulse_ms:
        return _pulse(watch, subject, figure, unit, steady, at_ms)
    if watch.active:
        if not figure.back:
            return Moved(watch if watch.due is None else replace(watch, due=None))
        return _begin_return(watch, rule, steady, at_ms)
    if not figure.beyond:
        if watch.due is None:
            return Moved(watch)
        return Moved(replace(watch, due=None, peak=None, peak_observed_ms=None))
    if watch.due is not None and not is_worse(rule, figure.value, watch.peak):
        return Moved(watch)
    watch = replace(watch, peak=figure.value, peak_observed_ms=figure.observed_ms, unit=unit)
    if watch.due is not None:
        return Moved(watch)
    delay = max(round(rule.on_delay_s * 1000), quiet_ms(watch, rule, at_ms))
    if delay:
        return Moved(replace(watch, due=steady + delay))
    return raise_alarm(watch, subject, at_ms)


def quiet_ms(watch: Watch, rule: Rule, at_ms: int) -> int:
    """How much of the pause between two activations is left."""
    if not rule.quiet_s or watch.alarm is None:
        return 0
    quiet = round(rule.quiet_s * 1000)
    return min(quiet, max(0, watch.alarm.raised_ms + quiet - at_ms))


def _pulse(watch: Watch, subject: Subject, figure: Figure, unit: str, steady: int, at_ms: int) -> Moved:
    """Raise, or go on, until nothing of the kind came for the pulse's time."""
    if watch.active:
        return Moved(replace(watch, due=steady + figure.pulse_ms))
    if quiet_ms(watch, subject.rule, at_ms):
        return Moved(watch)
    watch = replace(watch, peak=figure.value, peak_observed_ms=figure.observed_ms, unit=unit)
    moved = raise_alarm(watch, subject, at_ms)
    return Moved(replace(moved.watch, due=steady + figure.pulse_ms), moved.transition)


def expire(watch: Watch, subject: Subject, at_ms: int) -> Moved:
    """The watch after its delay ran out."""
    if watch.active:
        return settle_return(watch, at_ms)
    return raise_alarm(watch, subject, at_ms)


def heard(watch: Watch, subject: Subject, steady: int, at_ms: int) -> Moved:
    """A silence watch after its source spoke again."""
    return _begin_return(watch, subject.rule, steady, at_ms) if watch.active else Moved(watch)


def raise_alarm(watch: Watch, subject: Subject, at_ms: int, suppressed_by: str = "") -> Moved:
    """The condition holds: a new activation, unacknowledged."""
    blank = subject.alarm()
    before, said = watch.alarm or blank, watch.said
    alarm = replace(
        blank,
        activation=before.activation + 1,
        state=AlarmState.UNACKNOWLEDGED,
        raised_ms=at_ms,
        changed_ms=at_ms,
        value=watch.peak,
        unit=watch.unit,
        limit=limit_of(subject.rule, watch.peak),
        observed_ms=watch.peak_observed_ms,
        incident=before.incident if before.is_standing else "",
        assignee=before.assignee if before.is_standing else "",
        suppressed_by=suppressed_by,
        shelf=before.shelf,
        out_of_service=before.out_of_service,
        comments=before.comments,
        comment=before.comment,
    )
    if said is not None:
        alarm = replace(
            alarm,
            source=said.source,
            value=said.value,
            observed_ms=said.observed_ms,
            text=said.text,
            place=said.place or alarm.place,
            lon=said.lon,
            lat=said.lat,
        )
    return Moved(replace(_calm(watch), active=True, alarm=alarm), Transition("raised", alarm, at_ms))


def settle_return(watch: Watch, at_ms: int) -> Moved:
    """The condition is gone for good: normal (or latched) if it asks for nobody, else returned."""
    alarm, calm = watch.alarm, _calm(watch)
    if alarm is None or alarm.state not in (AlarmState.UNACKNOWLEDGED, AlarmState.ACKNOWLEDGED):
        return Moved(calm)
    is_done = alarm.state is AlarmState.ACKNOWLEDGED or alarm.shown is not alarm.state
    state, verb = _rest(alarm) if is_done else (AlarmState.RETURNED, "returned")
    after = replace(alarm, state=state, changed_ms=at_ms, returned_ms=at_ms, suppressed_by="")
    return Moved(replace(calm, alarm=after), Transition(verb, after, at_ms))


def _rest(alarm: Alarm) -> tuple[AlarmState, Verb]:
    """Where an alarm comes to that has returned and asks for nobody."""
    return (AlarmState.LATCHED, "latched") if alarm.latching else (AlarmState.NORMAL, "normal")


def suppress(watch: Watch, cause: str, at_ms: int) -> Moved:
    """The alarm is explained by another one; with `cause` empty it is not, any more."""
    alarm = watch.alarm
    if alarm is None or not watch.active or alarm.suppressed_by == cause:
        return Moved(watch if watch.release is None else replace(watch, release=None))
    after = replace(alarm, suppressed_by=cause, changed_ms=at_ms)
    verb: Verb = "suppressed" if cause else "released"
    return Moved(replace(watch, alarm=after, release=None), Transition(verb, after, at_ms))


def _calm(watch: Watch) -> Watch:
    """Settled; what is known of events, and what puts the alarm aside, is kept."""
    return replace(
        watch, active=False, due=None, peak=None, peak_observed_ms=None, unit="", release=None, called=None
    )


def acknowledge(watch: Watch, actor: str, note: str, at_ms: int) -> Moved:
    """Somebody took note; a second time changes nothing."""
    alarm = watch.alarm
    if alarm is None or alarm.state not in (AlarmState.UNACKNOWLEDGED, AlarmState.RETURNED):
        return Moved(watch)
    after = replace(
        alarm,
        state=_rest(alarm)[0] if alarm.state is AlarmState.RETURNED else AlarmState.ACKNOWLEDGED,
        quiet=False,
        changed_ms=at_ms,
        acknowledged_by=actor,
        acknowledged_ms=at_ms,
        note=note,
    )
    return Moved(replace(watch, alarm=after, called=None), Transition("acknowledged", after, at_ms))


def reset(watch: Watch, note: str, at_ms: int) -> Moved:
    """Somebody lets a latched alarm go; any other stays as it is."""
    if watch.alarm is None or watch.alarm.state is not AlarmState.LATCHED:
        return Moved(watch)
    after = replace(watch.alarm, state=AlarmState.NORMAL, changed_ms=at_ms, note=note)
    return Moved(replace(watch, alarm=after), Transition("reset", after, at_ms))


def number(reading: Reading) -> float | None:
    """The reading's value if it can be compared with a limit; true is 1."""
    if reading.quality not in JUDGED or isinstance(reading.value, str):
        return None
    value = float(reading.value)
    return value if math.isfinite(value) else None


def _begin_return(watch: Watch, rule: Rule, steady: int, at_ms: int) -> Moved:
    if watch.due is not None:
        return Moved(watch)
    delay = round(rule.off_delay_s * 1000)
    return Moved(replace(watch, due=steady + delay)) if delay else settle_return(watch, at_ms)
