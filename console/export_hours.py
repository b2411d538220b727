"""Readings by the hour, for those who plan a place and need no single value: counts by place and hour.

Only numbers that were measured and are good or uncertain count; what was predicted does not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import NamedTuple

from db.records import Flag, Reading

HOUR_MS = 3_600_000
_USABLE = ("good", "uncertain")

HEADERS = {
    "ko": ("시각", "장치", "이름", "항목", "통계", "수", "평균", "최소", "최대", "합계", "단위"),
    "en": ("hour", "source", "name", "quantity", "statistic", "count", "mean", "least", "most", "sum",
           "unit"),
}  # fmt: skip


class Hour(NamedTuple):
    """One hour of a series, from `since_ms` on; its readings belong to it by the end of their period."""

    since_ms: int
    numbers: int
    total: float
    least: float
    most: float


def hours(readings: Iterable[Reading]) -> Iterator[Hour]:
    """The hours in which there was a number, of readings in the order of their time."""
    usable = ((each, float(each.value)) for each in readings if _counts(each))
    for hour, found in groupby(usable, key=lambda each: _hour(each[0])):
        numbers = [number for _, number in found]
        yield Hour(hour * HOUR_MS, len(numbers), sum(numbers), min(numbers), max(numbers))


def _counts(reading: Reading) -> bool:
    is_number = isinstance(reading.value, int | float) and not isinstance(reading.value, bool)
    return is_number and reading.quality in _USABLE and not reading.flags & Flag.FORECAST


def _hour(reading: Reading) -> int:
    return (reading.observed_ms - (1 if reading.period_s else 0)) // HOUR_MS
