"""How a sender's own count moves. Pure: no clock, no store.

The first number of a source opens nothing. A number above the next one leaves
a hole; a lower one is late, a repetition, or the sender has begun anew.
"""

from __future__ import annotations

from typing import NamedTuple

Range = tuple[int, int]
"""Missing numbers or an empty stretch of time; both ends belong to it (of time: neither)."""

LEAP = 10_000_000  # a larger step is a fault or a new count, and no hole


class Run(NamedTuple):
    """One run of a sender's numbers: the lowest and the highest seen, and when those were observed.

    `number` counts the times the sender began anew within one epoch.
    """

    number: int
    low: int
    top: int
    low_ms: int
    top_ms: int


def first(seq: int, at_ms: int, number: int = 0) -> Run:
    """A run of which only this is known."""
    return Run(number, seq, seq, at_ms, at_ms)


def advance(run: Run, seq: int, at_ms: int, *, clocked: bool = True) -> tuple[Run, Range | None]:
    """The run after a number that fills no known hole, and the hole that it shows.

    `clocked` False: `at_ms` is only when we received it, so that a lower
    number can be late as well as new.
    """
    if seq == run.top + 1:
        return run._replace(top=seq, top_ms=max(run.top_ms, at_ms), low_ms=min(run.low_ms, at_ms)), None
    if seq > run.top:
        if seq - run.top > LEAP:
            return first(seq, at_ms, run.number + 1), None
        if clocked and at_ms < run.low_ms:
            return run, None  # late, of an earlier run
        return run._replace(top=seq, top_ms=max(run.top_ms, at_ms)), (run.top + 1, seq - 1)
    if seq < run.low and clocked and at_ms <= run.low_ms and run.low - seq <= LEAP:
        hole = (seq + 1, run.low - 1) if seq + 1 < run.low else None
        return run._replace(low=seq, low_ms=at_ms), hole
    begins_anew = at_ms > run.top_ms and seq < run.top if clocked else seq < run.low
    return (first(seq, at_ms, run.number + 1), None) if begins_anew else (run, None)


def without_number(left: list[Range], seq: int) -> list[Range]:
    """The missing numbers without this one."""
    out: list[Range] = []
    for low, high in left:
        if not low <= seq <= high:
            out.append((low, high))
            continue
        if low < seq:
            out.append((low, seq - 1))
        if seq < high:
            out.append((seq + 1, high))
    return out


def without_time(left: list[Range], at_ms: int, most_ms: int) -> list[Range]:
    """The empty stretches with a reading at `at_ms` in them; none longer than `most_ms` stays."""
    out: list[Range] = []
    for low, high in left:
        if not low < at_ms < high:
            out.append((low, high))
            continue
        out += [part for part in ((low, at_ms), (at_ms, high)) if part[1] - part[0] > most_ms]
    return out


def missing(left: list[Range]) -> int:
    """How many numbers these are."""
    return sum(high - low + 1 for low, high in left)
