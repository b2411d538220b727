"""What an event's statement does to a watch of an event rule. Pure functions.

Another system's event and our alarm are two things: the event goes on or has
ended, the alarm stands until it has returned and somebody has acknowledged it.
A statement observed at or before the end of its event does not open it again,
so an event whose end comes first raises nothing.
"""

from __future__ import annotations

from msgspec.structs import replace

from console.alarms import transitions
from console.alarms.rulebook import Subject, matches
from console.alarms.transitions import Moved, Transition
from db.alarm_records import AlarmState, Rule
from db.alarms import Said, Watch
from db.records import Event, Flag

FORGET_MS = 7 * 86_400_000
"""How long an ended event is remembered, against statements that come late."""
_OPENS, _ENDED = 256, 64
_OVER = frozenset({"cleared", "ended", "cancelled"})


def key_of(event: Event) -> str:
    """The identity of an event in a watch."""
    return f"{event.origin_system}|{event.origin_key}"


def is_over(event: Event) -> bool:
    """Whether it says that the event is over."""
    return event.status in _OVER


def is_judged(event: Event) -> bool:
    """Whether it counts at all: no exercise, no prediction, and of what is old only an end."""
    if event.exercise or event.flags & Flag.FORECAST:
        return False
    return not event.flags or is_over(event)


def fits(rule: Rule, event: Event) -> bool:
    """Whether the rule is about such events."""
    return (
        matches(rule.source, source_of(event))
        and _one_of(rule.origins, event.origin_system)
        and _one_of(rule.types, event.type)
        and _one_of(rule.grades, event.grade)
    )


def source_of(event: Event) -> str:
    """Who the event is about; the system itself where it names nobody."""
    return event.source or event.origin_system


def when(event: Event) -> int:
    """When it was said, by the sender; a sender whose clock is ahead says it when we hear it."""
    return min(event.observed_ms, event.received_ms)


def goes_on(watch: Watch, subject: Subject, event: Event, steady: int, at_ms: int) -> Moved:
    """The event happens: a new activation, or one more statement about it."""
    rule, key = subject.rule, key_of(event)
    ended = dict(watch.ended).get(key)
    if ended is not None and when(event) <= ended:
        return Moved(watch)
    opens = dict(watch.opens)
    is_new = key not in opens
    if is_new:
        opens[key] = when(event)
        watch = replace(
            watch,
            opens=tuple(opens.items())[-_OPENS:],
            ended=tuple(each for each in watch.ended if each[0] != key),
            due=None if not watch.active else watch.due,
        )
    if watch.active:
        return _updated(_held(watch, rule, steady), event, at_ms)
    if watch.due is not None:
        return Moved(replace(watch, said=said(event)))
    watch = replace(watch, said=said(event))
    wait = transitions.quiet_ms(watch, rule, at_ms)
    if wait:
        return Moved(replace(watch, due=steady + wait))
    moved = transitions.raise_alarm(watch, subject, at_ms)
    return Moved(_held(moved.watch, rule, steady), moved.transition)


def _updated(watch: Watch, event: Event, at_ms: int) -> Moved:
    """What goes on is told anew: where it is now, and what is said of it."""
    alarm, told = watch.alarm, said(event)
    if alarm is None or alarm.kind != "event":
        return Moved(watch)
    after = replace(
        alarm,
        value=told.value,
        text=told.text,
        place=told.place or alarm.place,
        lon=alarm.lon if told.lon is None else told.lon,
        lat=alarm.lat if told.lat is None else told.lat,
    )
    if after == alarm:
        return Moved(watch)
    after = replace(after, observed_ms=told.observed_ms, changed_ms=at_ms)
    return Moved(replace(watch, alarm=after, said=told), Transition("updated", after, at_ms))


def ends(watch: Watch, subject: Subject, event: Event, steady: int, at_ms: int) -> Moved:
    """The event is over, for this rule: the alarm returns when none of its events goes on."""
    key, opens = key_of(event), dict(watch.opens)
    opened = opens.pop(key, None)
    if opened is not None and when(event) < opened:
        return Moved(watch)
    ended = dict(watch.ended)
    if opened is None and ended.get(key, when(event) - 1) >= when(event):
        return Moved(watch)
    ended.pop(key, None)
    ended[key] = when(event)
    watch = replace(watch, opens=tuple(opens.items()), ended=tuple(ended.items())[-_ENDED:])
    if opens:
        return Moved(watch)
    if not watch.active:
        return Moved(replace(watch, due=steady + FORGET_MS, said=None))
    moved = transitions.settle_return(watch, at_ms)
    return Moved(replace(moved.watch, due=steady + FORGET_MS, said=None), moved.transition)


def counted(watch: Watch, subject: Subject, event: Event, steady: int, at_ms: int) -> Moved:
    """One more event for a rule that counts them; it returns by time."""
    rule, key = subject.rule, key_of(event)
    length = round(rule.window_s * 1000)
    if key in dict(watch.opens):
        return Moved(watch)
    recent = [each for each in watch.opens if each[1] > when(event) - length]
    recent = [*recent, (key, when(event))][-rule.least :]
    watch = replace(watch, opens=tuple(recent), said=said(event))
    if watch.active:
        return Moved(replace(watch, due=steady + length) if len(recent) >= rule.least else watch)
    if len(recent) < rule.least or transitions.quiet_ms(watch, rule, at_ms):
        return Moved(replace(watch, due=steady + length))
    moved = transitions.raise_alarm(watch, subject, at_ms)
    return Moved(replace(moved.watch, due=steady + length), moved.transition)


def expire(watch: Watch, subject: Subject, steady: int, at_ms: int) -> Moved:
    """A time of the watch ran out: the end of an alarm without an end, of a cool-down, of our memory."""
    if watch.active:
        moved = transitions.settle_return(watch, at_ms)
        calm = replace(moved.watch, opens=(), said=None, due=steady + FORGET_MS)
        return Moved(calm, moved.transition)
    if subject.rule.kind == "count":
        return Moved(_forgotten(watch, steady))
    if watch.opens and watch.said is not None:
        moved = transitions.raise_alarm(watch, subject, at_ms)
        return Moved(_held(moved.watch, subject.rule, steady), moved.transition)
    return Moved(_forgotten(watch, steady))


def _forgotten(watch: Watch, steady: int) -> Watch:
    """Nothing to remember, unless somebody still has to acknowledge the alarm."""
    if watch.alarm is not None and watch.alarm.shown is not AlarmState.NORMAL:
        return replace(watch, opens=(), ended=(), due=steady + FORGET_MS)
    return Watch(watch.id)


def _held(watch: Watch, rule: Rule, steady: int) -> Watch:
    return replace(watch, due=steady + round(rule.hold_s * 1000)) if rule.hold_s else watch


def said(event: Event) -> Said:
    """What the alarm tells of the event."""
    return Said(
        source_of(event),
        event.observed_ms,
        event.text or event.type,
        event.grade or None,
        event.place,
        event.lon,
        event.lat,
    )


def _one_of(patterns: tuple[str, ...], text: str) -> bool:
    return not patterns or any(matches(pattern, text) for pattern in patterns)
