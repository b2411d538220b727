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
Transition times are those of the readings, or the times at which timers were
due, put back on the wall clock.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable

from console.alarms import transitions as rule
from console.alarms.rulebook import NOTHING, Plan, Rulebook, Subject
from console.alarms.transitions import Moved, Transition
from db.alarms import Watch
from db.readings import StoredReading
from db.records import Reading

_NEVER = 1 << 62


class Reducer:
    """All watches, and the fold's place in the log.

    `changed` collects the watches that moved and `transitions` what their
    alarms did; the caller takes both and empties them. `seen` is per silence
    watch the steady time its source was last heard.
    """

    def __init__(self, rulebook: Rulebook, *, steady: int = 0, shift: int = 0) -> None:
        self.rulebook = rulebook
        self.steady = steady
        self.shift = shift
        self.watches: dict[str, Watch] = {}
        self.seen: dict[str, int] = {}
        self.changed: dict[str, Watch] = {}
        self.transitions: list[Transition] = []
        self._silences: dict[str, tuple[Subject, int]] = {}
        self._timers: list[tuple[int, str]] = []
        self._next_due = _NEVER

    # --- resuming ---------------------------------------------------------------

    def resume(self, watches: Iterable[Watch], seen: dict[str, int]) -> list[Watch]:
        """Take up kept watches and seen times; returns the watches that no rule makes any more."""
        orphans = []
        for watch in watches:
            self.watches[watch.id] = watch
            if self.rulebook.subject(watch.id) is None:
                orphans.append(watch)
            elif watch.due is not None:
                self._set_timer(watch.due, watch.id)
        for key, at in sorted(seen.items()):
            subject = self.rulebook.subject(key)
            if subject is not None:
                self._listen(subject, at)
        return orphans

    def replace(self, watch: Watch) -> None:
        """Take over a watch that an operator's act has changed in the store."""
        self.watches[watch.id] = watch

    def recall(self, reading: Reading) -> None:
        """Note again that a source was heard, for a reading that was already judged."""
        plan = self.rulebook.plan(reading.source, reading.quantity, reading.statistic)
        if plan.silences and not reading.flags:
            for subject in plan.silences:
                self._listen(subject, reading.received_ms - self.shift)

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
            if plan is not nothing and not reading.flags:
                self._judge(plan, reading, steady)

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

    def start(self, at_ms: int) -> None:
        """The console began to listen: sources of the asset tree may be silent from now on."""
        if self.steady == 0:
            self.steady = at_ms - self.shift
        for subject in self.rulebook.expected_silences():
            if subject.id not in self.seen:
                self._listen(subject, self.steady)

    def withdraw(self, watch: Watch, at_ms: int) -> None:
        """The rule of a watch is gone: its condition counts as over."""
        self._move(watch, rule.settle_return(watch, at_ms))

    # --- inside ----------------------------------------------------------------------

    def _judge(self, plan: Plan, reading: Reading, heard: int) -> None:
        for subject in plan.silences:
            self._hear(subject, heard, reading)
        at_ms = self.steady + self.shift
        for subject in plan.limits:
            watch = self.watches.get(subject.id)
            if watch is None:
                value = rule.number(reading)
                if value is None or not rule.is_beyond(subject.rule, value):
                    continue
                watch = Watch(subject.id)
            moved = rule.judge(watch, subject, reading, self.steady, at_ms)
            if moved.watch is not watch:
                self._move(watch, moved)

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
            watch = self.watches.get(key)
            if watch is not None and watch.due == due:
                subject = self.rulebook.subject(key)
                if subject is not None:
                    self._move(watch, rule.expire(watch, subject, due + self.shift))
                    fired = True
            elif key in self._silences and (watch is None or not watch.active):
                fired = self._silent(key, due) or fired
        self._next_due = self._timers[0][0] if self._timers else _NEVER
        return fired

    def _silent(self, key: str, due: int) -> bool:
        """A silence timer came up: put it off to what was heard since, or raise."""
        subject, most = self._silences[key]
        really = self.seen[key] + most
        if really > due:
            self._set_timer(really, key)
            return False
        watch = self.watches.get(key) or Watch(key)
        self._move(watch, rule.raise_alarm(watch, subject, due + self.shift))
        return True

    def _move(self, before: Watch, moved: Moved) -> None:
        after = moved.watch
        if after is before:
            return
        key = after.id
        if after.is_idle:
            self.watches.pop(key, None)
        else:
            self.watches[key] = after
        self.changed[key] = after
        if moved.transition is not None:
            self.transitions.append(moved.transition)
        if after.due is not None and after.due != before.due:
            self._set_timer(after.due, key)
        if before.active and not after.active and key in self._silences:
            self._set_timer(self.seen[key] + self._silences[key][1], key)

    def _set_timer(self, due: int, key: str) -> None:
        heapq.heappush(self._timers, (due, key))
        if due < self._next_due:
            self._next_due = due
