"""What a rule would have done: the alarm engine's own reducer over the stored past.

The past is played in the order in which it was received, with the starts of this console and the
jumps of its clock where they were. A rule's delays and windows are warm before the time that is
looked at begins. Alarms count as acknowledged at once, which moves no later one.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from sqlite_utils import Database

from console.alarms import transitions
from console.alarms.evaluate import SETTLE_MS
from console.alarms.force import is_always
from console.alarms.limits import is_beyond
from console.alarms.reducer import Reducer
from console.alarms.rulebook import NOTHING, Rulebook, is_of_events
from console.rules.outcome import Notebook
from db import alarms, annunciations, events, past
from db.alarm_records import Rule
from db.alarms import Mark
from db.asset_records import Asset
from db.events import StoredEvent
from db.history import Chunk
from db.past import Past
from db.readings import Series, StoredReading
from db.rule_records import Tried

BATCH = 4000
_MOST_EVENTS = 500
_HOUR_MS = 3_600_000
_AHEAD_MS = 60_000
"""How far ahead of ours the clock of a sender may be."""
_WARM_MOST_MS = 7 * 24 * _HOUR_MS

Told = Callable[[int, int], None]
"""Called with (done, of) between two bounded pieces of work; it may raise to end the whole."""


class Asked(NamedTuple):
    """What is tried, and beside what."""

    rule: Rule
    since_ms: int
    until_ms: int
    in_force: Sequence[Rule]
    assets: Sequence[Asset]
    zone: str = "Asia/Seoul"


class Run:
    """One rulebook on the past; `notes` is what its rule did."""

    def __init__(self, asked: Asked, rule: Rule) -> None:
        self.rules = [rule, *_companions(rule, asked.in_force)] if rule.enabled else []
        self.book = Rulebook(self.rules, asked.assets, asked.zone)
        self.reducer = Reducer(self.book)
        self.notes = Notebook(rule.id, asked.since_ms, asked.until_ms)
        self._is_plain = all(each.kind == "threshold" and is_always(each) for each in self.rules)

    def concerns(self, series: Series) -> bool:
        """Whether any of its rules looks at a series."""
        return self.book.plan(series.source, series.quantity, series.statistic) is not NOTHING

    def needs(self, series: Series, chunk: Chunk) -> bool:
        """Whether a sealed day can move anything; one whose numbers all lie within plain limits cannot."""
        plan = self.book.plan(series.source, series.quantity, series.statistic)
        if plan is NOTHING:
            return False
        if not self._is_plain or chunk.trusted != chunk.readings or chunk.low is None or chunk.high is None:
            return True
        for subject in plan.limits:
            watch = self.reducer.watches.get(subject.id)
            if watch is not None and (watch.active or watch.due is not None):
                return True
            if is_beyond(subject.rule, chunk.low) or is_beyond(subject.rule, chunk.high):
                return True
        return False

    def settle(self) -> None:
        """Take down what has happened, and acknowledge it."""
        reducer = self.reducer
        for transition in reducer.transitions:
            self.notes.take(transition)
            watch = reducer.watches.get(transition.alarm.id)
            if watch is not None:
                reducer.replace(transitions.acknowledge(watch, "", "", transition.at_ms).watch)
        reducer.transitions.clear()
        reducer.changed.clear()
        reducer.gathered_anew.clear()


def run(asked: Asked, feed_db: Database, ops_db: Database, told: Told) -> Tried:
    """Try a rule, and the one of its id that is in force; memory is bounded by the sources, not the time."""
    present = next((each for each in asked.in_force if each.id == asked.rule.id), None)
    tried = Run(asked, asked.rule)
    others = _others(ops_db, asked)
    runs = [tried] if present is None else [tried, Run(asked, present)]
    series = [each for each in past.numbered(feed_db) if any(one.concerns(each[1]) for one in runs)]
    stored = Past(feed_db, series)
    stored_ms = stored.begins_ms()
    marks = starts_and_jumps(ops_db)
    warm = max(warm_ms(each) for each in (asked.rule, present) if each is not None)
    begin_ms = listened_from(asked.since_ms - warm, stored_ms, marks, asked.since_ms)
    for one in runs:
        one.reducer.start(begin_ms)
    playing = _Playing(runs, _happenings(asked, feed_db, begin_ms, marks))
    slices = stored.slices(begin_ms, asked.until_ms)
    for at, (since_ms, until_ms) in enumerate(slices):
        told(at, len(slices))
        found = stored.between(
            since_ms, until_ms, lambda name, chunk: not any(one.needs(name, chunk) for one in runs)
        )
        for first in range(0, len(found), BATCH):
            playing.play(found[first : first + BATCH])
            told(at, len(slices))
    playing.end(asked.until_ms, lambda: told(len(slices), len(slices)))
    return Tried(
        asked.rule,
        asked.since_ms,
        asked.until_ms,
        tried.notes.outcome(others),
        runs[1].notes.outcome(others) if present is not None else None,
        stored_ms,
        len(series),
        playing.readings,
        playing.events,
    )


class _Playing:
    """Gives all runs the same log: readings, and between them what has a time of its own."""

    def __init__(self, runs: Sequence[Run], happenings: Iterator[tuple[int, Mark | StoredEvent]]) -> None:
        self._runs, self._happenings = runs, happenings
        self._next = next(happenings, None)
        self.readings = self.events = 0

    def play(self, batch: Sequence[StoredReading]) -> None:
        """Judge readings in the order received, with what happened before each."""
        times = [each.reading.received_ms for each in batch]
        at = 0
        while at < len(batch):
            cut = len(batch) if self._next is None else self._cut(times, at, *self._next)
            if cut > at:
                for run in self._runs:
                    run.reducer.readings(batch[at:cut])
            if cut < len(batch):
                self._happen()
            at = cut
        self.readings += len(batch)
        self._settle()

    def end(self, until_ms: int, told: Callable[[], None]) -> None:
        """Let happen what comes after the last reading, and every timer until the end."""
        while self._next is not None:
            self._happen()
            self._settle()
            told()
        self._tick(until_ms)
        self._settle()

    def _cut(self, times: list[int], at: int, at_ms: int, what: Mark | StoredEvent) -> int:
        """Where the first reading is that came after it; what came with a start or jump is after it."""
        find = bisect_right if isinstance(what, StoredEvent) else bisect_left
        return find(times, at_ms, lo=at)

    def _happen(self) -> None:
        if self._next is None:
            return
        at_ms, what = self._next
        self._next = next(self._happenings, None)
        self._tick(at_ms - 1 if isinstance(what, StoredEvent) else awake_ms(what))
        for run in self._runs:
            if isinstance(what, StoredEvent):
                run.reducer.events([what])
            else:
                run.reducer.jump(what.shift)
                if what.kind == "start":
                    run.reducer.start(what.at_ms)
        self.events += isinstance(what, StoredEvent)

    def _tick(self, at_ms: int) -> None:
        for run in self._runs:
            run.reducer.tick(at_ms)

    def _settle(self) -> None:
        for run in self._runs:
            run.settle()


def awake_ms(mark: Mark) -> int:
    """Until when timers fired before it: no later than the console's last look at the clock."""
    return mark.at_ms - mark.shift - SETTLE_MS if mark.kind == "start" else mark.at_ms


def _companions(rule: Rule, in_force: Sequence[Rule]) -> list[Rule]:
    """The rules that can suppress its alarms: for a silence the other silences, and what is an outage."""
    if rule.kind != "silent":
        return []
    return [
        each
        for each in in_force
        if each.id != rule.id and each.enabled and (each.kind == "silent" or each.outage)
    ]


def warm_ms(rule: Rule) -> int:
    """How long before a time a rule must look on, to be as it would be there."""
    window_s = 3600.0 if rule.hourly else rule.window_s
    longest_s = max(
        window_s * (rule.hold + 1),
        rule.silent_s + rule.on_delay_s + rule.off_delay_s,
        rule.baseline_hours * 3600,
        rule.quiet_s,
        rule.hold_s,
    )
    return min(_WARM_MOST_MS, round(longest_s * 1000) + _HOUR_MS)


def starts_and_jumps(ops_db: Database) -> list[Mark]:
    """When this console began to listen, and when its clock was set."""
    return [each for each in alarms.marks(ops_db) if each.kind in ("start", "jump")]


def listened_from(begin_ms: int, stored_ms: int | None, marks: Sequence[Mark], latest_ms: int) -> int:
    """When to begin so as to be warm: not before this console was first started, or anything was stored."""
    if marks and marks[0].kind == "start" and not marks[0].shift:
        return max(begin_ms, marks[0].at_ms)
    return begin_ms if stored_ms is None else max(begin_ms, min(stored_ms - _AHEAD_MS, latest_ms))


def placed(marks: Sequence[Mark], begin_ms: int, until_ms: int) -> list[tuple[int, Mark]]:
    """Starts and jumps by the time from which they hold, begin and end exclusive.

    A jump is known by the last time before it at which something moved; what was received later, and
    not beyond the jump, was before it.
    """
    return [
        (each.at_ms + max(0, each.shift if each.kind == "jump" else 0), each)
        for each in marks
        if begin_ms + (each.kind == "start") <= each.at_ms < until_ms
    ]


def _happenings(
    asked: Asked, feed_db: Database, begin_ms: int, marks: Sequence[Mark]
) -> Iterator[tuple[int, Mark | StoredEvent]]:
    """Starts, jumps and events after the begin, by the time they were received."""
    timed: list[tuple[int, Mark | StoredEvent]] = [*placed(marks, begin_ms, asked.until_ms)]
    rules_looked_at = [asked.rule, *asked.in_force]
    if not any(is_of_events(each) for each in rules_looked_at):
        return iter(timed)
    heard = ((each.event.received_ms, each) for each in _events(feed_db, begin_ms, asked.until_ms))
    return _merged(timed, heard)


def _merged(
    timed: Sequence[tuple[int, Mark | StoredEvent]], heard: Iterator[tuple[int, StoredEvent]]
) -> Iterator[tuple[int, Mark | StoredEvent]]:
    at = 0
    for each in heard:
        while at < len(timed) and timed[at][0] <= each[0]:
            yield timed[at]
            at += 1
        yield each
    yield from timed[at:]


def _events(feed_db: Database, since_ms: int, until_ms: int) -> Iterator[StoredEvent]:
    cursor = 0
    while batch := events.received(feed_db, since_ms, until_ms, cursor, _MOST_EVENTS):
        yield from batch
        cursor = batch[-1].id


def _others(ops_db: Database, asked: Asked) -> list[tuple[int, str]]:
    """The times at which other rules called an operator."""
    called = annunciations.callers(ops_db, asked.since_ms, asked.until_ms)
    return [each for each in called if each[1] != asked.rule.id]
