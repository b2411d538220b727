"""Runs the reducer over feed.db, exactly once: what it did and where it is are one transaction.

The reducer knows only its log; here the clock comes in, as events of that log.
A tick lets timers fire when no reading comes. Ticks lie `SETTLE_MS` in the
past, so that a reading still on its way to disk is judged before them. A jump
of the wall clock shows as a change of its distance to the monotonic clock, and
an hour without a console as the distance between the last time we were awake
and our start; both go into the log as jumps, before the first reading received
after them, and cost no source its silence. Events are followed in the order
of their arrival by a cursor of their own; the log says after which reading they were judged.

The cursor is written with the first change after it, and else about once a
second: readings that moved nothing may be judged again after a kill, and move
nothing again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import structlog
from msgspec.structs import replace
from sqlite_utils import Database

from console.alarms import annunciations
from console.alarms.lines import entry_of
from console.alarms.reducer import Reducer
from console.alarms.rulebook import Rulebook, digest
from console.clock import Clock
from db import alarms, arrivals, entries, events, maintenance, readings, rules
from db.alarm_records import Alarm, Maintenance, Rule
from db.alarms import Cursor, Mark
from db.asset_records import Asset
from db.readings import StoredReading
from db.records import Reading

log = structlog.get_logger(__name__)

SETTLE_MS = 1000
JUMP_MS = 2000
MOST_READINGS = 20_000
MOST_EVENTS = 2000
_KEEP_CURSOR_S = 1.0
_KEEP_CURSOR_QUIET_S = 10.0
_KEEP_SEEN_S = 30.0

SYSTEM = "system"
"""The actor of what the engine does by itself."""


class Evaluator:
    """The alarm engine of one core; every call in the thread of the ops engine.

    `behind` says that the last step left readings for the next one.
    """

    def __init__(
        self, rules: Sequence[Rule], assets: Iterable[Asset], clock: Clock, zone: str = "Asia/Seoul"
    ) -> None:
        self._assets, self._zone = list(assets), zone
        self._rulebook = Rulebook(rules, self._assets, zone)
        self._clock = clock
        self._started_ms = self._withdrawn_ms = clock.now_ms()
        self._reducer = Reducer(self._rulebook)
        self._at = Cursor(step=-1)
        self._kept_seen: dict[str, int] = {}
        self._is_started = False
        self._offset_ms: int | None = None
        self._offset_before_write: int | None = None
        self._offsets: dict[int, int | None] = {}
        self._marks: list[Mark] = []
        self._cursor_kept_s = self._seen_kept_s = 0.0
        self._must_write = False
        self.behind = False

    def step(
        self, ops_db: Database, feed_db: Database, handed: Sequence[StoredReading] | None, now_ms: int
    ) -> list[Alarm | Maintenance]:
        """Judge what is new, let due timers fire, write it down; returns what changed.

        At most `MOST_READINGS` are taken at a time; `handed` is used where it
        continues the cursor. It may be run again after a rollback.
        """
        self._synchronise(ops_db, feed_db)
        batch = self._new(feed_db, handed or ())
        self.behind = len(batch) >= MOST_READINGS
        self._reduce(batch, self._jump())
        self._reduce_events(feed_db)
        if not self.behind:
            self._tick(now_ms)
        return self._write(ops_db, now_ms, self._patience_s(batch))

    def exchange(self, rulebook: Sequence[Rule]) -> None:
        """Judge by these rules from the next step on; the thread of `step`.

        What stands by a rule that is gone returns. One that judges otherwise than before begins
        anew: nothing it had gathered or begun to wait for counts, what stands by it stands.
        """
        self._rulebook = Rulebook(rulebook, self._assets, self._zone)
        self._withdrawn_ms = self._clock.now_ms()
        self._at = Cursor(step=-1)

    @property
    def judged(self) -> int:
        """The number of the reading judged last; any thread."""
        return self._at.reading

    # --- where we are ----------------------------------------------------------

    def _synchronise(self, ops_db: Database, feed_db: Database) -> None:
        """Make our memory equal to the store: after a start, a rollback, or an operator's act."""
        kept = alarms.cursor(ops_db)
        if kept.step != self._at.step:
            self._resume(ops_db, feed_db, kept)
        elif kept.acts != self._at.acts:
            for watch in alarms.changed_watches(ops_db, self._at.acts):
                self._reducer.replace(watch)
            self._reducer.timed.take_windows(maintenance.standing(ops_db, kept.wall_ms), kept.shift)
            self._at = replace(self._at, acts=kept.acts)
            self._must_write = True

    def _resume(self, ops_db: Database, feed_db: Database, kept: Cursor) -> None:
        newest = readings.last_id(feed_db)
        if newest < kept.reading:  # feed.db was made anew: what is in it was never judged
            kept = replace(kept, reading=0, seen_reading=0)
        newest_event = events.last_id(feed_db)
        if not 0 <= kept.event <= newest_event:
            kept = replace(kept, event=newest_event if kept.event < 0 else 0)
        self._at = kept
        self._reducer = Reducer(self._rulebook, steady=kept.steady, shift=kept.shift)
        self._kept_seen = alarms.seen(ops_db)
        has_forgotten = self._forget(ops_db)
        orphans = self._reducer.resume(alarms.watches(ops_db), self._kept_seen, alarms.gathered(ops_db))
        self._recall(feed_db, kept)
        self._marks, self._must_write = [], has_forgotten
        self._is_started = alarms.last_start(ops_db) == self._started_ms
        self._offset_ms = self._offsets.get(kept.step, self._offset_ms)
        self._reducer.timed.take_windows(maintenance.standing(ops_db, kept.wall_ms), kept.shift)
        for watch in orphans:
            self._reducer.withdraw(watch, self._withdrawn_ms)
        if self._is_started:  # a new rule may wait for sources that have been silent already
            self._reducer.start(self._withdrawn_ms)

    def _forget(self, ops_db: Database) -> bool:
        """Let go of what rules had gathered, or had begun to wait for, before they judged otherwise."""
        before = rules.judged(ops_db)
        now = {rule.id: digest(rule) for rule in self._rulebook.rules.values()}
        anew = {rule for rule, judged in before.items() if now.get(rule) != judged}
        if before == now:
            return False
        rules.put_judged(ops_db, now)
        alarms.forget_gathered(ops_db, anew)
        waiting = [
            replace(watch, due=None, peak=None, peak_observed_ms=None)
            for watch in alarms.watches(ops_db)
            if watch.id.partition("|")[0] in anew
            and not (watch.active or watch.due is None or watch.opens or watch.ended)
        ]
        alarms.put_watches(ops_db, waiting)
        return True

    def _recall(self, feed_db: Database, kept: Cursor) -> None:
        """Complete the times sources were last heard, from the readings since those were kept."""
        begins = arrivals.begins(feed_db)
        if kept.seen_reading < kept.reading and (begins is None or begins > kept.seen_reading + 1):
            self._recall_newest(feed_db, kept)
        if begins is not None and begins > kept.reading + 1:
            log.warning("not judged", since=kept.reading + 1, until=begins - 1)
        at = kept.seen_reading
        while at < kept.reading:
            batch = readings.after(feed_db, at, MOST_READINGS)
            for number, reading in batch:
                if number <= kept.reading:
                    self._reducer.recall(reading)
            at = batch[-1].id if batch else kept.reading

    def _recall_newest(self, feed_db: Database, kept: Cursor) -> None:
        """The order of arrival begins later (an older ops.db was restored): the newest readings tell."""
        for newest in readings.latest(feed_db):
            if newest.received_ms <= kept.wall_ms:
                reading = Reading(
                    newest.source,
                    newest.quantity,
                    newest.value,
                    newest.observed_ms,
                    newest.received_ms,
                    statistic=newest.statistic,  # type: ignore[arg-type]
                    flags=newest.flags,
                )
                self._reducer.recall(reading)

    def _new(self, feed_db: Database, handed: Sequence[StoredReading]) -> Sequence[StoredReading]:
        """The next readings in the order of arrival."""
        at = self._at.reading
        if handed and handed[0].id <= at:
            handed = [each for each in handed if each.id > at]
        if handed and handed[0].id == at + 1 and _is_whole(handed):
            return handed[:MOST_READINGS]
        return readings.after(feed_db, at, MOST_READINGS)

    # --- events ------------------------------------------------------------------

    def _jump(self) -> int:
        """By how much the wall clock has jumped since the last step; 0 for a drift.

        It looks after the batch was read, so that no reading is from behind a jump not yet seen.
        """
        offset = self._clock.now_ms() - round(self._clock.monotonic_s() * 1000)
        before, self._offset_ms = self._offset_ms, offset
        if before is None or abs(offset - before) < JUMP_MS:
            return 0
        return offset - before

    def _reduce(self, batch: Sequence[StoredReading], jump: int) -> None:
        """Judge a batch, cut where the console began to listen and where the clock jumped."""
        if not self._is_started:
            batch = self._take_until(batch, _first_since(batch, self._started_ms))
            if not batch and self.behind:
                self._leave(jump)
                return
            self._start()
        if jump:
            batch = self._take_until(batch, _first_beyond(batch, self._wall_ms(), jump))
            if not batch and self.behind:
                self._leave(jump)
                return
            self._mark("jump", self._wall_ms(), jump)
            self._reducer.jump(jump)
        self._take_until(batch, len(batch))

    def _reduce_events(self, feed_db: Database) -> None:
        """Judge the events that have arrived, once all readings of a jump before them are judged."""
        if not self._is_started:
            return
        batch = events.after(feed_db, self._at.event, MOST_EVENTS)
        if not batch:
            return
        self._reducer.events(batch)
        self._at = replace(self._at, event=batch[-1].id)
        self._marks.append(Mark(self._at.reading, "events", batch[-1].id, 0))
        self.behind = self.behind or len(batch) >= MOST_EVENTS

    def _leave(self, jump: int) -> None:
        """Leave a jump to the next step: not all readings before it are judged."""
        if jump and self._offset_ms is not None:
            self._offset_ms -= jump

    def _take_until(self, batch: Sequence[StoredReading], cut: int) -> Sequence[StoredReading]:
        """Judge the readings before place `cut`; returns the others."""
        if cut:
            self._reducer.readings(batch if cut == len(batch) else batch[:cut])
            self._at = replace(self._at, reading=batch[cut - 1].id)
        return batch[cut:]

    def _start(self) -> None:
        reducer = self._reducer
        awake = max(reducer.steady, self._at.wall_ms - reducer.shift) if reducer.steady else 0
        by_ms = self._started_ms - reducer.shift - awake if awake else 0
        self._mark("start", self._started_ms, by_ms)
        reducer.jump(by_ms)
        reducer.start(self._started_ms)
        self._is_started = True

    def _tick(self, now_ms: int) -> None:
        at_ms = now_ms - SETTLE_MS
        if self._reducer.tick(at_ms):
            self._mark("tick", at_ms, 0)

    def _mark(self, kind: str, at_ms: int, shift: int) -> None:
        self._marks.append(Mark(self._at.reading, kind, at_ms, shift))
        if kind != "tick":
            self._seen_kept_s = float("-inf")
        self._must_write = True

    def _wall_ms(self) -> int:
        return self._reducer.steady + self._reducer.shift

    # --- writing ---------------------------------------------------------------------

    def _patience_s(self, batch: Sequence[StoredReading]) -> float:
        """How old the written cursor may be; 0 after something moved."""
        if self._reducer.changed or self._marks or self._must_write:
            return 0.0
        return _KEEP_CURSOR_S if batch else _KEEP_CURSOR_QUIET_S

    def _write(self, ops_db: Database, now_ms: int, patience_s: float) -> list[Alarm | Maintenance]:
        reducer, now_s = self._reducer, self._clock.monotonic_s()
        if now_s - self._cursor_kept_s < patience_s:
            return []
        if now_s - self._seen_kept_s >= _KEEP_SEEN_S:
            self._write_seen(ops_db)
            self._seen_kept_s = now_s
        for mark in self._marks:
            alarms.add_mark(ops_db, mark)
        alarms.put_watches(ops_db, reducer.changed.values())
        for transition in reducer.transitions:
            entries.append(ops_db, entry_of(transition, SYSTEM))
        annunciations.note(ops_db, reducer.transitions, SYSTEM)
        begun = maintenance.begin(ops_db, reducer.timed.begun)
        changed = {transition.alarm.id: transition.alarm for transition in reducer.transitions}
        self._at = replace(
            self._at, steady=reducer.steady, shift=reducer.shift, wall_ms=now_ms, step=self._at.step + 1
        )
        alarms.put_cursor(ops_db, self._at)
        self._offsets = {self._at.step - 1: self._offset_before_write, self._at.step: self._offset_ms}
        self._offset_before_write = self._offset_ms
        self._cursor_kept_s, self._must_write = now_s, False
        self._marks.clear()
        reducer.changed.clear()
        reducer.transitions.clear()
        reducer.timed.begun.clear()
        return [*changed.values(), *begun]

    def _write_seen(self, ops_db: Database) -> None:
        seen = self._reducer.seen
        alarms.put_seen(ops_db, [(key, at) for key, at in seen.items() if self._kept_seen.get(key) != at])
        self._kept_seen = dict(seen)
        anew, gathered = self._reducer.gathered_anew, self._reducer.gathered
        alarms.put_gathered(ops_db, [(key, gathered[key]) for key in sorted(anew)])
        anew.clear()
        self._at = replace(self._at, seen_reading=self._at.reading)


def _is_whole(batch: Sequence[StoredReading]) -> bool:
    """Whether no number is missing between the first and the last; numbers only rise."""
    return batch[-1].id - batch[0].id == len(batch) - 1


def _first_since(batch: Sequence[StoredReading], at_ms: int) -> int:
    """Where the first reading received at or after `at_ms` is; the length if there is none."""
    return next((n for n, each in enumerate(batch) if each.reading.received_ms >= at_ms), len(batch))


def _first_beyond(batch: Sequence[StoredReading], last_ms: int, jump: int) -> int:
    """Where the first reading is that lies more than half the jump from the one before it."""
    for place, (_, reading) in enumerate(batch):
        leap = reading.received_ms - last_ms
        if abs(leap) > abs(jump) / 2 and (leap > 0) == (jump > 0):
            return place
        last_ms = reading.received_ms
    return len(batch)
