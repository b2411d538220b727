"""The four-level crisis warning: declared and ended by people or by other systems' events.

Each is an entry of the log, and what is in force is their fold (`db/crises.py`). A warning
that names its end needs no entry to end: its declaration has said when.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal, Protocol

import msgspec
from sqlite_utils import Database

from console.alarms.rulebook import matches
from console.alarms.statements import is_judged, is_over, key_of, when
from console.clock import Clock
from console.engine import Engine
from console.errors import Refused
from console.settings_tables import CrisisBy
from db import crises, entries, events
from db.asset_records import Crisis
from db.crises import Ending, Terms
from db.records import Draft, Event

MOST_EVENTS = 2000
_LONGEST_TEXT = 500
_SYSTEM = "system"


class Context(Protocol):
    """Who acts when."""

    @property
    def at_ms(self) -> int: ...
    @property
    def actor(self) -> str: ...


def declare(
    db: Database,
    context: Context,
    *,
    kind: str,
    level: Literal[1, 2, 3, 4],
    text: str = "",
    until_ms: int | None = None,
    exercise: bool = False,
) -> list[Crisis]:
    """Put a warning in force, or change the level of the operator's own of this kind."""
    if not kind.strip():
        raise Refused("A crisis warning says of what it warns")
    if until_ms is not None and until_ms <= context.at_ms:
        raise Refused("The end of the crisis warning has passed already")
    terms = Terms(level, text.strip(), until_ms, exercise)
    _append(db, crises.DECLARED, kind.strip(), context.at_ms, context.actor, terms)
    return crises.in_force(db, context.at_ms)


def end(db: Database, context: Context, *, kind: str, note: str = "", exercise: bool = False) -> list[Crisis]:
    """Lift a warning whoever declared it; only one that is in force."""
    before = crises.in_force(db, context.at_ms)
    if not any((each.kind, each.exercise) == (kind, exercise) for each in before):
        raise Refused(f"No crisis warning of {kind!r} is in force")
    _append(db, crises.ENDED, kind, context.at_ms, context.actor, Ending(note.strip(), exercise))
    return changes(before, crises.in_force(db, context.at_ms))


def changes(before: Iterable[Crisis], after: Sequence[Crisis]) -> list[Crisis]:
    """What a screen must hear: all that is in force, and with level 0 what no longer is."""
    keys = {each.key for each in after}
    gone = [msgspec.structs.replace(each, level=0) for each in before if each.key not in keys]
    return [*gone, *after]


def of_event(rules: Sequence[CrisisBy], event: Event) -> tuple[str, Terms] | None:
    """The kind and terms of the warning that an event declares, if it does."""
    rule = next((each for each in rules if _fits(each, event)), None)
    if rule is None:
        return None
    until_ms = event.end_ms if event.end_ms is not None else when(event) + round(rule.hours * 3_600_000)
    said = " · ".join(dict.fromkeys(each for each in (event.text or event.type, event.place) if each))
    return (
        rule.kind,
        Terms(
            rule.level,  # type: ignore[arg-type]  # 1 to 4, by its settings
            said[:_LONGEST_TEXT],
            until_ms,
            event.exercise,
            origin=event.origin_system,
            event=key_of(event),
        ),
    )


def _fits(rule: CrisisBy, event: Event) -> bool:
    pairs = ((rule.types, event.type), (rule.origins, event.origin_system), (rule.grades, event.grade))
    return all(not patterns or any(matches(each, text) for each in patterns) for patterns, text in pairs)


class Crises:
    """Follows the events of other systems and publishes what is in force; one thread at a time."""

    def __init__(
        self,
        rules: Sequence[CrisisBy],
        engine: Engine,
        open_ops_reader: Callable[[], Database],
        open_feed_reader: Callable[[], Database],
        publish: Callable[[list[Any]], None],
        clock: Clock,
    ) -> None:
        self._rules = list(rules)
        self._engine, self._clock, self._publish = engine, clock, publish
        self._open_ops_reader, self._open_feed_reader = open_ops_reader, open_feed_reader
        self._shown: list[Crisis] = []

    def step(self) -> None:
        """Take what other systems have said since, and tell what has changed or expired."""
        if self._rules:
            self._follow_events()
        db = self._open_ops_reader()
        try:
            now = crises.in_force(db, self._clock.now_ms())
        finally:
            db.close()
        if now != self._shown:
            before, self._shown = self._shown, now
            self._publish(changes(before, now))

    def _follow_events(self) -> None:
        ops_db, feed_db = self._open_ops_reader(), self._open_feed_reader()
        try:
            at, newest = crises.cursor(ops_db), events.last_id(feed_db)
            at = at if at <= newest else 0  # feed.db was made anew
            batch = events.after(feed_db, at, MOST_EVENTS) if newest > at else []
            said = [each.event for each in batch if not self._is_past(feed_db, each.event)]
        finally:
            ops_db.close()
            feed_db.close()
        if batch:
            self._engine.submit(lambda db: self._take(db, said, batch[-1].id)).result(30)

    def _is_past(self, feed_db: Database, event: Event) -> bool:
        """Whether the end of the event was said for a later time and only came earlier."""
        if is_over(event) or of_event(self._rules, event) is None:
            return False
        said = events.said_of(feed_db, event.origin_system, event.origin_key)
        return any(is_over(each) and when(each) >= when(event) for each in said)

    def _take(self, db: Database, said: Sequence[Event], upto: int) -> list[Any]:
        """Enter what these events declare and end; in the transaction of the cursor, so exactly once."""
        now_ms, standing = self._clock.now_ms(), crises.by_events(db)
        for event in said:
            if not (is_judged(event) or (event.exercise and not event.flags)):
                continue
            key = key_of(event)
            before = standing.get(key)
            declared = None if is_over(event) else of_event(self._rules, event)
            if declared == before:
                continue
            if before is not None and (declared is None or declared[0] != before[0]):
                ending = Ending(exercise=before[1].exercise, event=key)
                _append(db, crises.ENDED, before[0], now_ms, _SYSTEM, ending)
                del standing[key]
            if declared is not None and (declared[1].until_ms or 0) > now_ms:
                _append(db, crises.DECLARED, declared[0], now_ms, _SYSTEM, declared[1])
                standing[key] = declared
        crises.put_cursor(db, upto)
        return []


def _append(db: Database, kind: str, subject: str, at_ms: int, actor: str, told: msgspec.Struct) -> None:
    entries.append(db, Draft(kind, subject, at_ms, actor, msgspec.to_builtins(told)))
