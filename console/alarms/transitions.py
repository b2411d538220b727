"""How one watch and its alarm move. Pure functions; the times are handed in.

The states are those of ISA-18.2 / IEC 62682 without latch and shelving:

    normal --raise--> unacknowledged --acknowledge--> acknowledged --return--> normal
                      unacknowledged --return--> returned --acknowledge--> normal
                      returned --raise--> unacknowledged, a new activation

A limit is crossed when the value is beyond it; a value on the limit is not.
It is back when the value is inside by the deadband, the deadband's edge
included. A delay runs from the reading that began it by the time we received
it, and any reading that contradicts it ends it.
"""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

from msgspec.structs import replace

from console.alarms.rulebook import Subject
from db.alarms import Watch
from db.records import Alarm, AlarmState, Reading, Rule

Verb = Literal["raised", "acknowledged", "returned", "normal"]

JUDGED = frozenset({"good", "uncertain"})
"""Qualities whose values are judged; another one says that the sensor itself doubts the value."""


class Transition(NamedTuple):
    """An alarm moved: the alarm after it, and by what. `normal` is a return already acknowledged."""

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
    if watch.active:
        if not is_back(subject.rule, value):
            return Moved(watch if watch.due is None else replace(watch, due=None))
        return _begin_return(watch, subject.rule, steady, at_ms)
    if not is_beyond(subject.rule, value):
        if watch.due is None:
            return Moved(watch)
        return Moved(replace(watch, due=None, peak=None, peak_observed_ms=None))
    if watch.due is not None and not _is_worse(subject.rule, value, watch.peak):
        return Moved(watch)
    watch = replace(watch, peak=value, peak_observed_ms=reading.observed_ms, unit=reading.unit)
    if watch.due is not None:
        return Moved(watch)
    delay = round(subject.rule.on_delay_s * 1000)
    if delay:
        return Moved(replace(watch, due=steady + delay))
    return raise_alarm(watch, subject, at_ms)


def expire(watch: Watch, subject: Subject, at_ms: int) -> Moved:
    """The watch after its delay ran out."""
    return settle_return(watch, at_ms) if watch.active else raise_alarm(watch, subject, at_ms)


def heard(watch: Watch, subject: Subject, steady: int, at_ms: int) -> Moved:
    """A silence watch after its source spoke again."""
    return _begin_return(watch, subject.rule, steady, at_ms) if watch.active else Moved(watch)


def raise_alarm(watch: Watch, subject: Subject, at_ms: int) -> Moved:
    """The condition holds: a new activation, unacknowledged."""
    before = watch.alarm or subject.alarm()
    alarm = replace(
        subject.alarm(),
        activation=before.activation + 1,
        state=AlarmState.UNACKNOWLEDGED,
        raised_ms=at_ms,
        changed_ms=at_ms,
        value=watch.peak,
        unit=watch.unit,
        limit=_limit(subject.rule, watch.peak),
        observed_ms=watch.peak_observed_ms,
        incident=before.incident if before.is_standing else "",
    )
    moved = Watch(watch.id, active=True, alarm=alarm)
    return Moved(moved, Transition("raised", alarm, at_ms))


def settle_return(watch: Watch, at_ms: int) -> Moved:
    """The condition is gone for good: normal if somebody has acknowledged it, else returned."""
    alarm = watch.alarm
    calm = Watch(watch.id, alarm=alarm)
    if alarm is None or alarm.state not in (AlarmState.UNACKNOWLEDGED, AlarmState.ACKNOWLEDGED):
        return Moved(calm)
    acknowledged = alarm.state is AlarmState.ACKNOWLEDGED
    state = AlarmState.NORMAL if acknowledged else AlarmState.RETURNED
    after = replace(alarm, state=state, changed_ms=at_ms, returned_ms=at_ms)
    return Moved(
        replace(calm, alarm=after), Transition("normal" if acknowledged else "returned", after, at_ms)
    )


def acknowledge(watch: Watch, actor: str, note: str, at_ms: int) -> Moved:
    """Somebody took note; a second time changes nothing."""
    alarm = watch.alarm
    if alarm is None or alarm.state not in (AlarmState.UNACKNOWLEDGED, AlarmState.RETURNED):
        return Moved(watch)
    returned = alarm.state is AlarmState.RETURNED
    after = replace(
        alarm,
        state=AlarmState.NORMAL if returned else AlarmState.ACKNOWLEDGED,
        changed_ms=at_ms,
        acknowledged_by=actor,
        acknowledged_ms=at_ms,
        note=note,
    )
    return Moved(replace(watch, alarm=after), Transition("acknowledged", after, at_ms))


def number(reading: Reading) -> float | None:
    """The reading's value if it can be compared with a limit; true is 1."""
    if reading.quality not in JUDGED or isinstance(reading.value, str):
        return None
    value = float(reading.value)
    return value if math.isfinite(value) else None


def is_beyond(rule: Rule, value: float) -> bool:
    """Whether the value is past a limit of the rule."""
    return (rule.above is not None and value > rule.above) or (rule.below is not None and value < rule.below)


def is_back(rule: Rule, value: float) -> bool:
    """Whether the value is inside every limit by the deadband."""
    return (rule.above is None or value <= rule.above - rule.deadband) and (
        rule.below is None or value >= rule.below + rule.deadband
    )


def _begin_return(watch: Watch, rule: Rule, steady: int, at_ms: int) -> Moved:
    if watch.due is not None:
        return Moved(watch)
    delay = round(rule.off_delay_s * 1000)
    return Moved(replace(watch, due=steady + delay)) if delay else settle_return(watch, at_ms)


def _is_worse(rule: Rule, value: float, peak: object) -> bool:
    """Whether the value lies further beyond the limit than the worst one before it."""
    if not isinstance(peak, (int, float)):
        return True
    if rule.above is not None and value > rule.above:
        return value > peak
    return value < peak


def _limit(rule: Rule, peak: object) -> float | None:
    if rule.kind == "silent":
        return rule.silent_s
    if rule.above is not None and isinstance(peak, (int, float)) and peak > rule.above:
        return rule.above
    return rule.below
