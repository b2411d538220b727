"""The fold that turns the log of readings, ticks and jumps into alarms.

No clock, no randomness, no database: the same rules and the same log give the
same transitions, whatever the batches and wherever it was stopped and resumed
from its watches, seen times and `Place`.

Time is what the events say. `steady` time is received time less `shift`; a
jump of the clock, or an hour in which the console did not run, goes into
`shift`, so that delays and silences count only time in which we listened and
a clock set forward raises no storm. Steady time never runs back. Before a
reading received at T is judged, every timer due at or before T has fired, in
the order of (due, watch id); so it does not matter when the reading is judged.
Events come from another store than readings, and the log says between which
readings they were judged. Since readings from before an event may still be
unjudged, an event moves no time on: it lets only the timer of its own watch fire.
Transition times are those of the readings, or the times at which timers were
due, put back on the wall clock.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable

from msgspec.structs import replace

from console.alarms import aside, force, statements
from console.alarms import transitions as rule
from console.alarms.causes import Causes
from console.alarms.gather import Figure
from console.alarms.kept import Kept
from console.alarms.limits import is_beyond
from console.alarms.rulebook import NOTHING, Plan, Rulebook, Subject, is_of_events
from console.alarms.timed import Timed, is_window
from console.alarms.transitions import Moved, Transition
from db.alarm_records import Rule
from db.alarms import Gathered, Watch
from db.events import StoredEvent
from db.readings import StoredReading
from db.records import Event, Flag, Reading

_NEVER = 1 << 62


class Reducer:
    """All watches, and the fold's place in the log.

    `changed` collects the watches that moved and `transitions` what their
    alarms did; the caller takes both and empties them. `seen` is per silence
    watch the steady time its source was last heard, `gathered` what rules keep
    of readings; both are complete only with the readings since they were kept (`recall`).
    `gathered_anew` names what of it has changed; the caller empties it.
    """

    def __init__(self, rulebook: Rulebook, *, steady: int = 0, shift: int = 0) -> None:
        self.rulebook = rulebook
        self.steady = steady
        self.shift = shift
        self.watches: dict[str, Watch] = {}
        self.seen: dict[str, int] = {}
        self.changed: dict[str, Watch] = {}
        self.transitions: list[Transition] = []
        self._kept = Kept(rulebook)
        self.gathered, self.gathered_anew = self._kept.gathered, self._kept.anew
        self._opened: dict[tuple[str, str], str] = {}
        self._causes = Causes(rulebook)
        self.timed = Timed(rulebook, self._set_timer)
        self._silences: dict[str, tuple[Subject, int]] = {}
        self._timers: list[tuple[int, str]] = []
        self._next_due = _NEVER

    # --- resuming ---------------------------------------------------------------

    def resume(
        self, watches: Iterable[Watch], seen: dict[str, int], gathered: dict[str, Gathered] | None = None
    ) -> list[Watch]:
        """Take up what was kept; returns the watches that no rule makes any more."""
        orphans = []
        self._kept.resume(gathered or {})
        for watch in watches:
            self.watches[watch.id] = watch
            subject = self.rulebook.subject(watch.id)
            if subject is None:
                orphans.append(watch)
                continue
            for due in (watch.due, watch.release):
                if due is not None:
                    self._set_timer(due, watch.id)
            for event, _ in watch.opens:
                self._opened[subject.rule.id, event] = watch.id
            self._causes.follow(subject, Watch(watch.id), watch)
            self.timed.remember(watch)
            self.timed.arm(watch, subject, self.shift)
        for key, at in sorted(seen.items()):
            subject = self.rulebook.subject(key)
            if subject is not None:
                self._listen(subject, at)
        return orphans

    def replace(self, watch: Watch) -> None:
        """Take over a watch that an operator's act has changed in the store."""
        self.watches[watch.id] = watch
        self.timed.remember(watch)
        self._arm(watch)

    def recall(self, reading: Reading) -> None:
        """Note again what a reading said that was already judged: who was heard, and what rules gather."""
        plan = self.rulebook.plan(reading.source, reading.quantity, reading.statistic)
        if plan is NOTHING:
            return
        if not reading.flags:
            for subject in plan.silences:
                self._listen(subject, reading.received_ms - self.shift)
        for subject in _gathering(plan, reading):
            self._kept.gather(subject, reading)
        if plan.noted and not reading.flags:
            self._kept.note(reading)

    # --- events --------------------------------------------------------------------

    def readings(self, batch: Iterable[StoredReading]) -> None:
        """Judge readings in the order of their ids."""
        plan_of, nothing = self.rulebook.plan, NOTHING
        for _, reading in batch:
            steady = reading.received_ms - self.shift
            if steady > self.steady:
                if steady >= self._next_due:
                    self._fire(steady)
                self.steady = steady
            plan = plan_of(reading.source, reading.quantity, reading.statistic)
            if plan is not nothing:
                if not reading.flags:
                    self._judge(plan, reading, steady)
                if plan.is_more:
                    self._weigh(plan, reading)

    def events(self, batch: Iterable[StoredEvent]) -> None:
        """Judge events in the order of their ids."""
        for _, event in batch:
            if statements.is_judged(event):
                for each in self.rulebook.of_events:
                    self._state(each, event, event.received_ms - self.shift)

    def tick(self, at_ms: int) -> bool:
        """Let timers due at or before `at_ms` fire; False, and no trace, if none was due."""
        steady = at_ms - self.shift
        if steady < self._next_due or steady <= self.steady:
            return False
        fired = self._fire(steady)
        if fired:
            self.steady = steady
        return fired

    def jump(self, by_ms: int) -> None:
        """The wall clock went on by `by_ms` in which no time passed for us; negative: it went back."""
        self.shift += by_ms
        for watch in self.watches.values():
            if watch.alarm is not None and watch.alarm.shown is not watch.alarm.state:
                self._arm(watch)
        self.timed.take_windows(self.timed.windows.values(), self.shift)

    def start(self, at_ms: int) -> None:
        """The console began to listen: sources of the asset tree may be silent from now on."""
        if self.steady == 0:
            self.steady = at_ms - self.shift
        for subject in self.rulebook.expected_silences():
            if subject.id not in self.seen:
                self._listen(subject, self.steady)

    def withdraw(self, watch: Watch, at_ms: int) -> None:
        """The rule of a watch is gone: its condition counts as over, and nothing puts it aside any more."""
        self._move(watch, rule.settle_return(replace(watch, release=None), at_ms))
        watch = self.watches.get(watch.id, watch)
        self._move(watch, aside.put_back(watch, at_ms, loud=False))
        watch = self.watches.get(watch.id, watch)
        self._move(watch, aside.end_shelf(watch, at_ms, loud=False))
        for child in [each for each in self.watches.values() if _is_under(each, watch.id)]:
            self._move(child, rule.suppress(child, "", at_ms))

    # --- inside ----------------------------------------------------------------------

    def _judge(self, plan: Plan, reading: Reading, heard: int) -> None:
        for subject in plan.silences:
            self._hear(subject, heard, reading)
        at_ms = self.steady + self.shift
        for subject in plan.limits:
            watch = self.watches.get(subject.id)
            if watch is None:
                value = rule.number(reading)
                if value is None or not is_beyond(subject.rule, value):
                    continue
                watch = Watch(subject.id)
            moved = rule.judge(watch, subject, reading, self.steady, at_ms)
            if moved.watch is not watch:
                self._move(watch, moved)

    def _weigh(self, plan: Plan, reading: Reading) -> None:
        """Judge what needs more than the value itself."""
        at_ms = self.steady + self.shift
        for subject in _gathering(plan, reading):
            figure = self._kept.gather(subject, reading)
            if figure is None:
                continue
            watch = self.watches.get(subject.id)
            if watch is None:
                if not figure.beyond:
                    continue
                watch = Watch(subject.id)
            if not self._kept.is_in_force(subject, reading.observed_ms):
                figure = Figure(figure.value, beyond=False, back=True, observed_ms=figure.observed_ms)
            self._move(watch, rule.weigh(watch, subject, figure, reading.unit, self.steady, at_ms))
        if plan.noted and not reading.flags:
            self._kept.note(reading)

    def _state(self, about: Rule, event: Event, steady: int) -> None:
        """What an event's statement at this steady time means for one rule."""
        key = statements.key_of(event)
        fits = statements.fits(about, event)
        if about.kind == "count":
            if not fits or statements.is_over(event):
                return
            act = statements.counted
        elif statements.is_over(event) or not fits:
            act = statements.ends
        else:
            act = statements.goes_on
        opened = self._opened.get((about.id, key))
        if opened is None and not fits:
            return
        subject = self.rulebook.of_event(about, statements.source_of(event), key)
        if opened is not None and opened != subject.id:
            subject = self.rulebook.subject(opened) or subject
        is_opening = act is not statements.ends and opened is None
        if is_opening and not force.in_time(about, event.observed_ms, self.rulebook.zone):
            return
        watch = self.watches.get(subject.id)
        if watch is not None and watch.due is not None and watch.due <= steady:
            self._move(watch, self._expire(watch, subject, watch.due))
            watch = self.watches.get(subject.id)
        watch = watch or Watch(subject.id)
        self._move(watch, act(watch, subject, event, steady, steady + self.shift))

    def _hear(self, subject: Subject, heard: int, reading: Reading) -> None:
        key = subject.id
        before = self.seen.get(key)
        if before is None:
            self._listen(subject, heard)
            return
        if heard > before:
            self.seen[key] = heard
        watch = self.watches.get(key)
        if watch is not None and watch.active:
            self._move(watch, rule.heard(watch, subject, self.steady, self.steady + self.shift))

    def _listen(self, subject: Subject, at: int) -> None:
        """Note that a source was heard at steady time `at`, and watch it from now on."""
        key = subject.id
        self.seen[key] = max(at, self.seen.get(key, at))
        if key not in self._silences:
            most = round((subject.rule.silent_s + subject.rule.on_delay_s) * 1000)
            self._silences[key] = (subject, most)
            watch = self.watches.get(key)
            if watch is None or not watch.active:
                self._set_timer(self.seen[key] + most, key)

    def _fire(self, steady: int) -> bool:
        """Let every timer due at or before `steady` fire, the earliest first."""
        fired = False
        while self._timers and self._timers[0][0] <= steady:
            due, key = heapq.heappop(self._timers)
            if is_window(key):
                fired = self._begin_window(key, due) or fired
                continue
            watch = self.watches.get(key)
            subject = self.rulebook.subject(key) if watch is not None else None
            if watch is not None and subject is not None and watch.release == due:
                cause = self._causes.cause_of(subject)
                self._move(watch, rule.suppress(watch, cause, due + self.shift))
                fired = True
            elif watch is not None and subject is not None and watch.due == due:
                self._move(watch, self._expire(watch, subject, due))
                fired = True
            elif watch is not None and subject is not None and self._come(watch, subject, due):
                fired = True
            elif key in self._silences and (watch is None or not watch.active):
                fired = self._silent(key, due) or fired
        self._next_due = self._timers[0][0] if self._timers else _NEVER
        return fired

    def _come(self, watch: Watch, subject: Subject, due: int) -> bool:
        """Let come what time alone brings to a watch."""
        moved = self.timed.act(watch, subject, due, self.shift)
        if moved is not None:
            self._move(watch, moved)
        return moved is not None

    def _begin_window(self, key: str, due: int) -> bool:
        watches = [self.watches[each] for each in sorted(self.watches)]
        for watch, moved in self.timed.begin(key, watches, due, self.shift):
            self._move(watch, moved)
        return bool(self.timed.begun)

    def _arm(self, watch: Watch) -> None:
        subject = self.rulebook.subject(watch.id)
        if subject is not None:
            self.timed.arm(watch, subject, self.shift)

    def _expire(self, watch: Watch, subject: Subject, due: int) -> Moved:
        if is_of_events(subject.rule):
            return statements.expire(watch, subject, due, due + self.shift)
        return rule.expire(watch, subject, due + self.shift)

    def _silent(self, key: str, due: int) -> bool:
        """A silence timer came up: put it off to what was heard since, or raise."""
        subject, most = self._silences[key]
        really = self.seen[key] + most
        if really > due:
            self._set_timer(really, key)
            return False
        watch = self.watches.get(key) or Watch(key)
        cause = self._causes.cause_of(subject)
        self._move(watch, rule.raise_alarm(watch, subject, due + self.shift, cause))
        return True

    def _move(self, before: Watch, moved: Moved) -> None:
        if moved.watch is before:
            return
        key = moved.watch.id
        subject = self.rulebook.subject(key)
        if subject is not None:
            moved = self.timed.follow(moved, subject, self.shift)
            self.timed.arm(moved.watch, subject, self.shift)
        after = moved.watch
        if after.is_idle:
            self.watches.pop(key, None)
        else:
            self.watches[key] = after
        self.changed[key] = after
        if moved.transition is not None:
            self.transitions.append(moved.transition)
        if after.due is not None and after.due != before.due:
            self._set_timer(after.due, key)
        if after.release is not None and after.release != before.release:
            self._set_timer(after.release, key)
        if before.active and not after.active and key in self._silences:
            self._set_timer(self.seen[key] + self._silences[key][1], key)
        if before.opens != after.opens:
            self._index(before, after)
        if before.active != after.active:
            self._explain(before, after)

    def _index(self, before: Watch, after: Watch) -> None:
        """Find a watch by its events that go on."""
        rule_id = after.id.partition("|")[0]
        for event, _ in before.opens:
            self._opened.pop((rule_id, event), None)
        for event, _ in after.opens:
            self._opened[rule_id, event] = after.id

    def _explain(self, before: Watch, after: Watch) -> None:
        """A cause came or went: what it explains is suppressed, or gets the time to speak again."""
        subject = self.rulebook.subject(after.id)
        if subject is None or not self._causes.follow(subject, before, after) or after.alarm is None:
            return
        at_ms = after.alarm.changed_ms
        for key in self._causes.explained_by(subject, after.alarm.asset):
            child, about = self.watches.get(key), self.rulebook.subject(key)
            if child is None or about is None or child.alarm is None:
                continue
            cause = self._causes.cause_of(about)
            if cause:
                self._move(child, rule.suppress(child, cause, at_ms))
            elif child.alarm.suppressed_by == after.id:
                patience = round(about.rule.silent_s * 1000)
                self._move(child, Moved(replace(child, release=at_ms - self.shift + patience)))

    def _set_timer(self, due: int, key: str) -> None:
        heapq.heappush(self._timers, (due, key))
        if due < self._next_due:
            self._next_due = due


def _gathering(plan: Plan, reading: Reading) -> tuple[Subject, ...]:
    """The rules that gather this reading: a prediction is only for those of predictions."""
    if not reading.flags:
        return plan.gathers + plan.forecasts if plan.forecasts else plan.gathers
    return plan.forecasts if reading.flags == Flag.FORECAST else ()


def _is_under(watch: Watch, cause: str) -> bool:
    return watch.alarm is not None and watch.alarm.suppressed_by == cause
