"""What comes to a standing alarm by time alone: ends of shelves and work, escalation, another call.

Part of the fold of `console/alarms/reducer.py`, and as pure: what it keeps
besides the watches (who was announced lately) follows from them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from msgspec.structs import replace

from console.alarms import aside
from console.alarms.rulebook import Rulebook, Subject
from console.alarms.transitions import Moved, Transition
from db.alarm_records import AlarmState, Maintenance
from db.alarms import Watch

_CALLS = frozenset({"raised", "released", "unshelved", "in_service", "realarmed"})
_WINDOW = "#"
"""Before the id of a window where timers are kept; no rule's name begins so."""


class Timed:
    """The times of watches that are put aside or wait for somebody, and the maintenance windows.

    `begun` collects the ids of windows that have begun; the caller takes and empties it.
    """

    def __init__(self, rulebook: Rulebook, set_timer: Callable[[int, str], None]) -> None:
        self._rulebook, self._set_timer = rulebook, set_timer
        self.windows: dict[str, Maintenance] = {}
        self.begun: list[str] = []
        self._back: dict[str, int] = {}  # by watch, since each keeps but its own newest time

    def arm(self, watch: Watch, subject: Subject, shift: int) -> None:
        """Set a timer for what comes next to this watch."""
        due = min((due for due, _ in self._pending(watch, subject, shift)), default=None)
        if due is not None:
            self._set_timer(due, watch.id)

    def take_windows(self, windows: Iterable[Maintenance], shift: int) -> None:
        """The windows that stand or are planned, in place of those before."""
        self.windows = {each.id: each for each in windows if each.ended_ms is None}
        for each in self.windows.values():
            if not each.begun:
                self._set_timer(each.since_ms - shift, f"{_WINDOW}{each.id}")

    def remember(self, watch: Watch) -> None:
        """Take up when this watch was announced after it had been put aside."""
        if watch.back is not None:
            self._back[watch.id] = watch.back

    # --- what is due -----------------------------------------------------------------

    def _pending(self, watch: Watch, subject: Subject, shift: int) -> list[tuple[int, str]]:
        """(steady time, what) of everything that will come to it if nothing else does."""
        alarm, rule = watch.alarm, subject.rule
        if alarm is None:
            return []
        found = []
        if alarm.shelf is not None:
            ends = alarm.shelf.until_ms - shift
            found.append((ends if watch.shelf_due is None else min(ends, watch.shelf_due), "shelf"))
        work = alarm.out_of_service
        if work is not None and work.until_ms is not None:
            ends = work.until_ms - shift
            found.append((ends if watch.service_due is None else min(ends, watch.service_due), "service"))
        if watch.called is not None and alarm.is_announced and alarm.state is AlarmState.UNACKNOWLEDGED:
            if rule.escalate_s and alarm.escalated_ms is None:
                found.append((watch.called + round(rule.escalate_s * 1000), "escalate"))
            if rule.realarm_s and watch.rung is not None:
                found.append((watch.rung + round(rule.realarm_s * 1000), "realarm"))
        return found

    def act(self, watch: Watch, subject: Subject, due: int, shift: int) -> Moved | None:
        """Carry out the first thing that is due at `due`; None if nothing is."""
        pending = [each for each in self._pending(watch, subject, shift) if each[0] <= due]
        if not pending:
            return None
        at_ms = due + shift
        what = min(pending)[1]
        other = self._other_window(watch, subject, at_ms) if what == "service" else None
        if other is not None:
            return aside.take_out(watch, aside.work_of(other, at_ms), due)
        if what in ("shelf", "service"):
            loud = self._is_loud(watch, due, ends_shelf=what == "shelf")
            if loud:
                watch = replace(watch, back=due)
                self._back[watch.id] = due
            if what == "shelf":
                return aside.end_shelf(watch, at_ms, loud=loud)
            return aside.put_back(watch, at_ms, loud=loud)
        alarm = watch.alarm
        assert alarm is not None
        if what == "escalate":
            after = replace(alarm, escalated_ms=at_ms)
            return Moved(replace(watch, alarm=after), Transition("escalated", after, at_ms))
        after = replace(alarm, annunciated_ms=at_ms)
        return Moved(replace(watch, alarm=after), Transition("realarmed", after, at_ms))

    def _is_loud(self, watch: Watch, due: int, *, ends_shelf: bool) -> bool:
        """Whether one more that comes back may be announced by itself."""
        alarm = watch.alarm
        if alarm is None or not aside.calls(watch):
            return False
        still_aside = alarm.suppressed_by or (alarm.out_of_service if ends_shelf else alarm.shelf) is not None
        if still_aside:
            return False
        self._back = {key: at for key, at in self._back.items() if at > due - aside.SPAN_MS}
        return len(self._back) < aside.MANY

    # --- what follows from a move --------------------------------------------------------

    def follow(self, moved: Moved, subject: Subject, shift: int) -> Moved:
        """A move as it is with the windows that hold, and with the time from which it calls."""
        told = moved.transition
        if told is None:
            return moved
        if told.verb == "raised" and self.windows:
            moved = self._within_window(moved, subject, shift)
            told = moved.transition or told
        alarm = told.alarm
        if told.verb not in _CALLS or alarm.state is not AlarmState.UNACKNOWLEDGED or not alarm.is_announced:
            return moved
        steady = told.at_ms - shift
        after = replace(alarm, annunciated_ms=told.at_ms)
        called = moved.watch.called if told.verb == "realarmed" else steady
        return Moved(
            replace(moved.watch, alarm=after, called=called, rung=steady),
            Transition(told.verb, after, told.at_ms),
        )

    def _within_window(self, moved: Moved, subject: Subject, shift: int) -> Moved:
        watch, told = moved
        if told is None or told.alarm.out_of_service is not None:
            return moved
        window = self._window_at(told.alarm.asset or subject.place.asset, told.at_ms)
        if window is None:
            return moved
        after = replace(told.alarm, out_of_service=aside.work_of(window, told.at_ms))
        due = window.until_ms - shift
        return Moved(replace(watch, alarm=after, service_due=due), Transition(told.verb, after, told.at_ms))

    def _other_window(self, watch: Watch, subject: Subject, at_ms: int) -> Maintenance | None:
        """A window that goes on where the work that put the watch aside ends."""
        alarm = watch.alarm
        work = alarm.out_of_service if alarm is not None else None
        if alarm is None or work is None:
            return None
        return self._window_at(alarm.asset or subject.place.asset, at_ms, besides=work.window)

    def _window_at(self, asset: str, at_ms: int, besides: str = "") -> Maintenance | None:
        if not asset:
            return None
        places = {asset, *self._rulebook.above(asset)}
        holding = [
            each
            for each in self.windows.values()
            if each.asset in places and each.id != besides and aside.within(each, at_ms)
        ]
        return max(holding, key=lambda each: (each.until_ms, each.id), default=None)

    def begin(self, timer: str, watches: Iterable[Watch], due: int, shift: int) -> list[tuple[Watch, Moved]]:
        """A window begins: everything that stands at or below its asset is taken out of service."""
        window = self.windows.get(timer.removeprefix(_WINDOW))
        if window is None or window.begun or window.since_ms - shift > due:
            return []
        self.begun.append(window.id)
        self.windows[window.id] = replace(window, begun=True)
        at_ms = due + shift
        if not aside.within(window, at_ms):
            return []
        return [
            (watch, aside.take_out(watch, aside.work_of(window, at_ms), due))
            for watch in watches
            if self._is_below(watch, window)
        ]

    def _is_below(self, watch: Watch, window: Maintenance) -> bool:
        alarm = watch.alarm
        if alarm is None or alarm.shown is AlarmState.NORMAL or alarm.out_of_service is not None:
            return False
        return window.asset == alarm.asset or window.asset in self._rulebook.above(alarm.asset)


def is_window(timer: str) -> bool:
    """Whether a timer is that of a window."""
    return timer.startswith(_WINDOW)
