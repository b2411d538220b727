"""Takes down what a rule does while it is tried, and sums it up. Pure; the times are handed in."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable

from msgspec.structs import replace

from console.alarms.transitions import Transition
from db.alarm_records import Alarm, AlarmState
from db.rule_records import Activation, Outcome, Tally

MOST_ACTIVATIONS = 2000
BINS = 240
FLOOD_MS = 600_000
"""Annunciations are counted per 10 minutes: ISA-18.2, EEMUA 191."""
_MOST_NAMED = 50
_OVER = frozenset({AlarmState.NORMAL, AlarmState.RETURNED, AlarmState.LATCHED})


class Notebook:
    """What one rule did with since_ms <= raised < until_ms."""

    def __init__(self, rule: str, since_ms: int, until_ms: int) -> None:
        self._rule, self._since_ms, self._until_ms = rule, since_ms, until_ms
        self._bins = [0] * BINS
        self._sources: Counter[str] = Counter()
        self._announced = array("q")
        self._activations: list[Activation] = []
        self._open: dict[str, tuple[int, int]] = {}
        self._count = self._suppressed = self._standing_ms = self._longest_ms = 0

    def take(self, transition: Transition) -> None:
        """Note a transition of any rule."""
        alarm = transition.alarm
        if alarm.rule != self._rule:
            return
        if transition.verb == "raised":
            if self._since_ms <= transition.at_ms < self._until_ms:
                self._raised(alarm, transition.at_ms)
        elif alarm.state in _OVER and alarm.id in self._open:
            self._returned(*self._open.pop(alarm.id), transition.at_ms)

    def _raised(self, alarm: Alarm, at_ms: int) -> None:
        self._open[alarm.id] = (at_ms, self._count)
        if self._count < MOST_ACTIVATIONS:
            self._activations.append(
                Activation(
                    alarm.id,
                    alarm.source,
                    alarm.quantity,
                    at_ms,
                    value=alarm.value,
                    unit=alarm.unit,
                    place=alarm.place,
                    is_silent=bool(alarm.suppressed_by),
                )
            )
        self._count += 1
        self._sources[alarm.source] += 1
        self._bins[(at_ms - self._since_ms) * BINS // (self._until_ms - self._since_ms)] += 1
        if alarm.suppressed_by:
            self._suppressed += 1
        else:
            self._announced.append(at_ms)

    def _returned(self, raised_ms: int, number: int, at_ms: int) -> None:
        at_ms = min(at_ms, self._until_ms)
        self._standing_ms += at_ms - raised_ms
        self._longest_ms = max(self._longest_ms, at_ms - raised_ms)
        if number < len(self._activations):
            self._activations[number] = replace(self._activations[number], returned_ms=at_ms)

    def outcome(self, others: Iterable[tuple[int, str]]) -> Outcome:
        """The sum; `others` are (time, rule) of the alarms that other rules raised, by time."""
        for raised_ms, _ in self._open.values():
            lasted = self._until_ms - raised_ms
            self._standing_ms += lasted
            self._longest_ms = max(self._longest_ms, lasted)
        own, peak_ms, beside = _peak(sorted(self._announced), others)
        return Outcome(
            count=self._count,
            activations=tuple(self._activations),
            bins=tuple(self._bins),
            sources=_tallies(self._sources),
            source_count=len(self._sources),
            standing_ms=self._standing_ms,
            longest_ms=self._longest_ms,
            standing=len(self._open),
            suppressed=self._suppressed,
            peak=own,
            peak_ms=peak_ms,
            beside=_tallies(beside),
            beside_count=beside.total(),
        )


def _peak(own: list[int], others: Iterable[tuple[int, str]]) -> tuple[int, int, Counter[str]]:
    """The ten minutes with most annunciations of which one at least is ours: (ours, begin, the others)."""
    merged = sorted([(at_ms, "") for at_ms in own] + list(others))
    inside: Counter[str] = Counter()
    best: tuple[int, int, int] = (0, 0, 0)
    first = 0
    for last, (at_ms, rule) in enumerate(merged):
        inside[rule] += 1
        while merged[first][0] <= at_ms - FLOOD_MS:
            inside[merged[first][1]] -= 1
            first += 1
        if inside[""] and last + 1 - first > best[0]:
            best = (last + 1 - first, first, last + 1)
    found = merged[best[1] : best[2]]
    beside = Counter(rule for _, rule in found if rule)
    return len(found) - beside.total(), found[0][0] if found else 0, beside


def _tallies(counts: Counter[str]) -> tuple[Tally, ...]:
    return tuple(Tally(name, count) for name, count in counts.most_common(_MOST_NAMED) if count)
