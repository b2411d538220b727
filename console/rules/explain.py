"""Why an alarm came: the engine's reducer over the stored values around it, and what it did with each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from msgspec.structs import replace
from sqlite_utils import Database

from console.alarms import statements
from console.alarms.gather import Figure, Values, gather, note
from console.alarms.limits import limit_of
from console.alarms.reducer import Reducer
from console.alarms.rulebook import Rulebook, is_of_events, matches
from console.alarms.transitions import number
from console.errors import Refused
from console.rules.forecast import awake_ms, listened_from, placed, starts_and_jumps, warm_ms
from db import alarms, annunciations, events, past
from db.alarm_records import Rule
from db.alarms import Gathered, Mark, Watch
from db.annunciations import Annunciation
from db.asset_records import Asset
from db.past import Past
from db.readings import Series, StoredReading
from db.records import Event, Reading
from db.rule_records import Explained, Neighbour, Point, RuleSeen, RuleVersion, Statement, Step, Turn

_AFTER_MS = 600_000
_BEFORE_MS = 1_800_000
_MOST_POINTS = 600
_MOST_STATEMENTS = 50
_MOST_READINGS = 200_000
_OVER = frozenset({"returned", "normal"})


class Activation(NamedTuple):
    """Which activation is explained."""

    alarm: str
    number: int
    raised_ms: int
    returned_ms: int | None
    steps: tuple[Step, ...]


def explain(
    alarm: str,
    activation: int,
    seen: Sequence[RuleSeen],
    assets: Sequence[Asset],
    zone: str,
    ops_db: Database,
    feed_db: Database,
    now_ms: int,
) -> Explained:
    """Explain an activation, 0 for the newest; raises Refused where there is no such alarm."""
    found = _activation(ops_db, alarm, activation)
    kept = alarms.get(ops_db, alarm)
    rule_id, _, series = alarm.partition("|")
    source, _, quantity = series.rpartition("|")
    known = next((each for each in seen if each.rule.id == rule_id), None)
    version = version_at(known, found.raised_ms)
    is_newest = kept is not None and kept.activation == found.number
    told = Explained(
        alarm=alarm,
        activation=found.number,
        raised_ms=found.raised_ms,
        returned_ms=found.returned_ms,
        source=kept.source if kept is not None else source,
        quantity=quantity,
        unit=kept.unit if kept is not None else "",
        rule=version,
        is_present=known is not None and not known.is_removed and version == known.versions[0],
        figure=kept.value if kept is not None and is_newest and isinstance(kept.value, float) else None,
        limit=kept.limit if kept is not None and is_newest else None,
        cause=alarms.get(ops_db, kept.suppressed_by) if kept is not None and kept.suppressed_by else None,
        steps=found.steps,
    )
    if version is None:
        return told
    rule = version.rule
    if is_of_events(rule):
        return _by_events(told, rule, alarm, feed_db)
    return _by_readings(told, rule, source, Rulebook([rule], assets, zone), ops_db, feed_db, now_ms)


def version_at(seen: RuleSeen | None, at_ms: int) -> RuleVersion | None:
    """The version of a rule that was in force at a time; edits are known by their times."""
    if seen is None:
        return None
    return next((each for each in seen.versions if each.at_ms is None or each.at_ms <= at_ms), None)


def _activation(ops_db: Database, alarm: str, activation: int) -> Activation:
    rows = annunciations.of_alarm(ops_db, alarm)
    kept = alarms.get(ops_db, alarm)
    wanted = activation or (
        kept.activation if kept is not None else max((r.activation for r in rows), default=0)
    )
    mine = [row for row in rows if row.activation == wanted]
    raised = next((row.at_ms for row in mine if row.verb == "raised"), None)
    if raised is None and kept is not None and kept.activation == wanted:
        raised = kept.raised_ms
    if raised is None:
        raise Refused(f"There is no activation {wanted} of alarm {alarm!r}")
    returned = next((row.at_ms for row in mine if row.verb in _OVER), None)
    return Activation(alarm, wanted, raised, returned, tuple(_step(row) for row in mine))


def _step(row: Annunciation) -> Step:
    return Step(row.at_ms, row.verb, row.shown, row.actor)


# --- readings --------------------------------------------------------------------


def _by_readings(
    told: Explained,
    rule: Rule,
    source: str,
    book: Rulebook,
    ops_db: Database,
    feed_db: Database,
    now_ms: int,
) -> Explained:
    """Play what the rule looked at, and watch what it does."""
    until_ms = min(now_ms, (told.returned_ms or told.raised_ms + 6 * _AFTER_MS) + _AFTER_MS) + 1
    wanted = [each for each in past.numbered(feed_db) if _concerns(rule, told, source, each[1])]
    stored = Past(feed_db, wanted, _MOST_READINGS)
    marks = starts_and_jumps(ops_db)
    since_ms = listened_from(told.raised_ms - warm_ms(rule), stored.begins_ms(), marks, told.raised_ms)
    play = _Play(rule, told, book, since_ms, placed(marks, since_ms, until_ms))
    for begin, end in stored.slices(since_ms, until_ms):
        for each in stored.between(begin, end, past.nothing_needless):
            play.take(each)
    play.end(until_ms)
    return play.explained(since_ms=told.raised_ms - min(warm_ms(rule), 12 * _BEFORE_MS) - _BEFORE_MS)


def _concerns(rule: Rule, told: Explained, source: str, series: Series) -> bool:
    """Whether the alarm was judged by this series."""
    if rule.group:
        return matches(rule.source, series.source)
    plain = told.quantity.partition("/")[0]
    if rule.kind == "cross" and series.source in rule.others:
        return series.quantity == plain
    if series.source != source:
        return False
    return not plain or series.quantity in (plain, rule.if_quantity)


class _Play:
    """One alarm's rule over its readings, in the order received."""

    def __init__(
        self, rule: Rule, told: Explained, book: Rulebook, since_ms: int, marks: list[tuple[int, Mark]]
    ) -> None:
        self._rule, self._told = rule, told
        self._marks = marks[::-1]
        self._reducer = Reducer(book)
        self._reducer.start(since_ms)
        self._state = Gathered()
        self._known: Values = {}
        self._values: list[Point] = []
        self._figures: list[Point] = []
        self._neighbours: tuple[Neighbour, ...] = ()
        self._turn: Turn | None = None
        self._began: Turn | None = None
        self._back: Turn | None = None
        self._heard: int | None = None
        self._is_raised = self._is_shown = self._is_over = False
        self._unit = told.unit

    def take(self, stored: StoredReading) -> None:
        """Let the reducer judge one reading, and note what became of it."""
        reading = stored.reading
        while self._marks and self._marks[-1][0] <= reading.received_ms:
            self._happen(self._marks.pop()[1])
        self._wait(reading.received_ms)
        before = self._watch()
        self._reducer.readings([stored])
        self._follow(before, reading)
        value = number(reading)
        name = (
            reading.quantity
            if reading.statistic in ("inst", "avg")
            else f"{reading.quantity}/{reading.statistic}"
        )
        is_own = not self._told.quantity or (
            name == self._told.quantity and reading.source == self._told.source
        )
        if is_own and not reading.flags and reading.received_ms <= self._told.raised_ms:
            self._heard = reading.received_ms
        if value is None and not is_own:
            return
        if is_own and self._told.quantity:
            self._own(reading, value)
        if value is not None and not reading.flags:
            state = self._known.setdefault((reading.source, reading.quantity), Gathered())
            note(state, value, reading.observed_ms)

    def _own(self, reading: Reading, value: float | None) -> None:
        self._unit = reading.unit
        is_forecast = self._rule.kind == "forecast"
        is_judged = value is not None and (bool(reading.flags) == is_forecast)
        shown = value if value is not None else reading.value
        if isinstance(shown, (int, float)):
            self._values.append(Point(reading.observed_ms, float(shown), is_judged))
        if is_judged and value is not None and self._rule.kind != "threshold":
            figure = gather(self._rule, self._state, reading, value, self._known)
            if figure is not None:
                self._note_figure(figure)

    def _note_figure(self, figure: Figure) -> None:
        self._figures.append(Point(figure.observed_ms, figure.value))

    def _watch(self) -> Watch:
        return self._reducer.watches.get(self._told.alarm) or Watch(self._told.alarm)

    def _follow(self, before: Watch, reading: Reading | None) -> None:
        """What the watch did with a reading, or by time alone."""
        after = self._watch()
        for transition in self._reducer.transitions:
            if transition.alarm.id == self._told.alarm and transition.verb == "raised":
                self._raise(transition.at_ms, before, reading)
        self._reducer.transitions.clear()
        if self._is_raised and before.active and not after.active:
            self._is_over, self._is_raised = True, False
        if reading is None or before.due == after.due:
            return
        turn = Turn(reading.observed_ms, reading.received_ms, number(reading))
        if after.due is not None and before.due is None:
            self._turn = turn
            if after.active and self._is_raised and self._rule.kind != "count":
                self._back = turn
        elif after.due is None and not after.active:
            self._turn = None

    def _raise(self, at_ms: int, before: Watch, reading: Reading | None) -> None:
        if self._is_shown or at_ms > self._told.raised_ms:
            return
        self._is_raised = self._is_shown = at_ms == self._told.raised_ms
        if not self._is_shown:
            return
        self._began = self._turn if before.due is not None else None
        if self._began is None and reading is not None and self._rule.kind != "silent":
            self._began = Turn(reading.observed_ms, reading.received_ms, number(reading))
        self._neighbours = tuple(
            Neighbour(source, quantity, state.value, state.at_ms)
            for (source, quantity), state in sorted(self._known.items())
            if state.value is not None and self._is_neighbour(source, quantity)
        )[:_MOST_STATEMENTS]

    def _is_neighbour(self, source: str, quantity: str) -> bool:
        rule = self._rule
        return (source in rule.others and source != self._told.source) or (
            bool(rule.if_quantity) and quantity == rule.if_quantity
        )

    def end(self, at_ms: int) -> None:
        """Let what is due by time happen."""
        while self._marks:
            self._happen(self._marks.pop()[1])
        self._wait(at_ms)

    def _wait(self, at_ms: int) -> None:
        before = self._watch()
        self._reducer.tick(at_ms)
        self._follow(before, None)

    def _happen(self, mark: Mark) -> None:
        awake, raised = awake_ms(mark), self._told.raised_ms
        is_last_moment = mark.kind == "start" and awake < raised <= mark.at_ms - mark.shift
        self._wait(raised if is_last_moment else awake)
        self._reducer.jump(mark.shift)
        if mark.kind == "start":
            self._reducer.start(mark.at_ms)

    def explained(self, since_ms: int) -> Explained:
        """What was found, with the values from `since_ms` on."""
        told = self._told
        return replace(
            told,
            unit=told.unit or self._unit,
            is_shown=self._is_shown,
            began=self._began,
            back=self._back,
            heard_ms=self._heard,
            figure=told.figure if told.figure is not None else self._figure_at(told.raised_ms),
            limit=told.limit if told.limit is not None else limit_of(self._rule, told.figure),
            values=thinned([each for each in self._values if each.at_ms >= since_ms]),
            figures=thinned([each for each in self._figures if each.at_ms >= since_ms]),
            neighbours=self._neighbours,
        )

    def _figure_at(self, at_ms: int) -> float | None:
        points = self._figures or self._values
        return next((each.value for each in reversed(points) if each.at_ms <= at_ms and each.is_judged), None)


def thinned(points: Sequence[Point], most: int = _MOST_POINTS) -> tuple[Point, ...]:
    """At most about `most` of them; of each part of the time the lowest and the highest stay."""
    if len(points) <= most:
        return tuple(points)
    size = -(-2 * len(points) // most)
    kept: list[Point] = []
    for first in range(0, len(points), size):
        part = points[first : first + size]
        low, high = (pick(part, key=lambda each: each.value) for pick in (min, max))
        kept += sorted({low.at_ms: low, high.at_ms: high}.values(), key=lambda each: each.at_ms)
    return tuple(kept)


# --- events ----------------------------------------------------------------------


def _by_events(told: Explained, rule: Rule, alarm: str, feed_db: Database) -> Explained:
    """What other systems said that the rule took."""
    _, _, rest = alarm.partition("|")
    if rule.kind == "event" and rule.by == "event":
        origin, _, key = rest.partition("|")
        said = events.said_of(feed_db, origin, key)
    else:
        source = rest.rpartition("|")[0]
        since_ms = told.raised_ms - round(rule.window_s * 1000) - _BEFORE_MS
        until_ms = (told.returned_ms or told.raised_ms) + _AFTER_MS
        heard = events.received(feed_db, since_ms, until_ms, 0, 10_000)
        said = [
            each.event
            for each in heard
            if statements.fits(rule, each.event) and statements.source_of(each.event) == source
        ]
    listed = tuple(_statement(each) for each in said[-_MOST_STATEMENTS:])
    first = next((each for each in said if not statements.is_over(each)), None)
    began = Turn(first.observed_ms, first.received_ms) if first is not None else None
    return replace(told, statements=listed, began=began, is_shown=bool(listed), limit=limit_of(rule, None))


def _statement(event: Event) -> Statement:
    return Statement(
        event.observed_ms, event.status, event.text or event.type, event.grade, event.origin_system
    )
