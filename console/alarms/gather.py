"""What the reading kinds make of one more reading: a figure to judge, or nothing yet.

Everything here goes by the sender's time (`observed_ms`) and by the readings
alone, so that a restart can gather again what it had. Windows of an average
lie one behind the other and begin at whole multiples of their length; a
reading with an averaging period belongs to the window in which that period
ended. A window is judged when a reading of a later one comes; a missing one
breaks a run. What is late for its window is not judged.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from typing import NamedTuple

from console.alarms.limits import is_back, is_beyond
from db.alarm_records import Rule
from db.alarms import Gathered
from db.records import Reading

_SAMPLES = 32
"""Into how many steps the window of a rate is cut."""

Values = dict[tuple[str, str], Gathered]
"""The newest value of other series, by source and quantity: what conditions and comparisons need."""


class Figure(NamedTuple):
    """What is judged: the number to show, and how it lies to the limits of the rule.

    `pulse_ms` above 0: nothing ends it but time, so long after the last one.
    """

    value: float
    beyond: bool
    back: bool
    observed_ms: int
    pulse_ms: int = 0


def gather(rule: Rule, state: Gathered, reading: Reading, value: float, known: Values) -> Figure | None:
    """Take a reading into `state`; returns the figure to judge, None if there is none yet."""
    if rule.kind == "cross":
        return _cross(rule, reading, value, known)
    take = _KINDS.get(rule.kind)
    return _figure(rule, value, reading.observed_ms) if take is None else take(rule, state, reading, value)


def note(state: Gathered, value: float, observed_ms: int) -> None:
    """Take a value that a condition or a comparison needs."""
    if observed_ms >= state.at_ms:
        state.at_ms, state.value = observed_ms, value


def _figure(rule: Rule, value: float, observed_ms: int) -> Figure:
    return Figure(value, is_beyond(rule, value), is_back(rule, value), observed_ms)


# --- average: `since_ms` is the number of the open window, `at_ms` that of the one judged last ---


def _average(rule: Rule, state: Gathered, reading: Reading, value: float) -> Figure | None:
    length = 3_600_000 if rule.hourly else round(rule.window_s * 1000)
    place = (reading.observed_ms - (1 if reading.period_s else 0)) // length
    if reading.period_s * 1000 >= length:
        return _window(rule, state, place, value, reading.observed_ms)
    if not state.count:
        state.since_ms, state.total, state.count = place, value, 1
        return None
    if place < state.since_ms:
        return None
    if place == state.since_ms:
        state.total += value
        state.count += 1
        return None
    mean = state.total / state.count
    done = _window(rule, state, state.since_ms, mean, (state.since_ms + 1) * length)
    state.since_ms, state.total, state.count = place, value, 1
    return done


def _window(rule: Rule, state: Gathered, place: int, mean: float, observed_ms: int) -> Figure | None:
    if place <= state.at_ms and state.at_ms:
        return None
    follows = place == state.at_ms + 1
    state.at_ms = place
    state.run = (state.run if follows else 0) + 1 if is_beyond(rule, mean) else 0
    return Figure(mean, state.run >= rule.hold, is_back(rule, mean), observed_ms)


# --- rate: `samples` are thinned values of one window ---


def _rate(rule: Rule, state: Gathered, reading: Reading, value: float) -> Figure | None:
    length, now = round(rule.window_s * 1000), reading.observed_ms
    if now <= state.at_ms:
        return None
    state.at_ms = now
    samples = state.samples
    while len(samples) > 1 and samples[1][0] <= now - length:
        del samples[0]
    if samples and now - samples[0][0] > 2 * length:
        samples.clear()
    then = samples[0] if samples else None
    if not samples or now - samples[-1][0] >= length / _SAMPLES:
        samples.append((now, value))
    if then is None or now - then[0] < length / 2:
        return None
    return _figure(rule, (value - then[1]) / (now - then[0]) * rule.per_s * 1000, now)


# --- change: `since_ms`, `total` and `count` are those of the first hours ---


def _change(rule: Rule, state: Gathered, reading: Reading, value: float) -> Figure | None:
    baseline = rule.baseline if rule.baseline is not None else state.baseline
    if baseline is None:
        if not state.count:
            state.since_ms = reading.observed_ms
        elif reading.observed_ms - state.since_ms >= rule.baseline_hours * 3_600_000:
            state.baseline = baseline = state.total / state.count
        if baseline is None:
            state.total += value
            state.count += 1
            return None
    return _figure(rule, value - baseline, reading.observed_ms)


# --- stuck: `value` since `since_ms`, `count` times ---


def _stuck(rule: Rule, state: Gathered, reading: Reading, value: float) -> Figure | None:
    now = reading.observed_ms
    if now < state.at_ms:
        return None
    state.at_ms = now
    if state.value is None or abs(value - state.value) > rule.deadband:
        state.value, state.since_ms, state.count = value, now, 1
        return Figure(value, beyond=False, back=True, observed_ms=now)
    state.count += 1
    if rule.ends and not any(abs(value - end) <= rule.deadband for end in rule.ends):
        return Figure(value, beyond=False, back=True, observed_ms=now)
    stuck = state.count > 2 and now - state.since_ms >= rule.window_s * 1000
    return Figure(value, stuck, False, now)


# --- count: `run` is 1 while the value is beyond, `samples` are the last crossings ---


def _count(rule: Rule, state: Gathered, reading: Reading, value: float) -> Figure | None:
    now = reading.observed_ms
    if now < state.at_ms:
        return None
    state.at_ms = now
    was_beyond, state.run = state.run, int(is_beyond(rule, value))
    if was_beyond or not state.run:
        return None
    length = round(rule.window_s * 1000)
    recent = [each for each in state.samples if each[0] > now - length]
    state.samples = [*recent, (now, value)][-rule.least :]
    found = len(state.samples)
    return Figure(float(found), found >= rule.least, False, now, length) if found >= rule.least else None


# --- forecast: `at_ms` is when the newest forecast was received, `run` whether all of it is back ---


def _forecast(rule: Rule, state: Gathered, reading: Reading, value: float) -> Figure | None:
    ahead = reading.observed_ms - reading.received_ms
    if ahead <= 0 or (rule.horizon_s and ahead > rule.horizon_s * 1000):
        return None
    is_new = reading.received_ms != state.at_ms
    was_back = bool(state.count) and state.run == 0
    if is_new:
        state.at_ms, state.run, state.count = reading.received_ms, 0, 0
    state.count += 1
    if not is_back(rule, value):
        state.run = 1
    if is_beyond(rule, value):
        return Figure(value, beyond=True, back=False, observed_ms=reading.observed_ms)
    if is_new and was_back:
        return Figure(value, beyond=False, back=True, observed_ms=reading.observed_ms)
    return None


def _cross(rule: Rule, reading: Reading, value: float, known: Values) -> Figure | None:
    found = [
        other.value
        for source in rule.others
        if source != reading.source
        and (other := known.get((source, reading.quantity))) is not None
        and other.value is not None
        and (not rule.window_s or abs(reading.observed_ms - other.at_ms) <= rule.window_s * 1000)
    ]
    if len(found) * 2 < len([each for each in rule.others if each != reading.source]) or not found:
        return None
    return _figure(rule, value - statistics.median(found), reading.observed_ms)


_KINDS: dict[str, Callable[[Rule, Gathered, Reading, float], Figure | None]] = {
    "average": _average,
    "rate": _rate,
    "change": _change,
    "stuck": _stuck,
    "count": _count,
    "forecast": _forecast,
}
