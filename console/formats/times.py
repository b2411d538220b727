"""The times that messages carry, as integer milliseconds UTC."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from console.errors import SettingsError
from console.formats.json_text import Unreadable

ReadTime = Callable[[Any], int]

LAST_MS = 7_258_118_400_000  # 2200-01-01: a later time is a fault, not a time

_EPOCH_MS = {"epoch_s": 1000.0, "epoch_ms": 1.0, "epoch_us": 0.001, "epoch_ns": 0.000001}
_DIGITS = re.compile(r"%Y(.?)%m(.?)%d(.?)%H(.?)%M(?:(.?)%S)?", re.DOTALL)
_KEPT = 4096  # texts remembered: the sensors of a site report in the same minutes


def reader(form: str, zone_name: str, where: str) -> ReadTime:
    """A function from a JSON value to milliseconds UTC; raises Unreadable on what is no time.

    `form` is `iso`, `epoch` (s, ms, us or ns by size), `epoch_s` ... `epoch_ns`,
    or a strptime pattern. `zone_name` counts where the text names no offset.
    """
    try:
        zone = ZoneInfo(zone_name)
    except (OSError, ValueError, KeyError) as error:
        raise SettingsError(
            f"{where}.time_zone: found {zone_name!r}, no zone; allowed: names such as Asia/Seoul"
        ) from error
    if form == "epoch" or form in _EPOCH_MS:
        return _epoch(_EPOCH_MS.get(form))
    if form == "iso":
        return _text(datetime.fromisoformat, zone, form)
    if "%" not in form:
        allowed = f"iso, epoch, {', '.join(_EPOCH_MS)} or a strptime pattern"
        raise SettingsError(f"{where}.time_format: found {form!r}; allowed: {allowed}")
    try:
        _by_pattern(datetime(2026, 11, 22, tzinfo=UTC).strftime(form), form)
    except ValueError as error:
        raise SettingsError(f"{where}.time_format: found {form!r}, which cannot be read back") from error
    return _text(_fixed(form) or (lambda text: _by_pattern(text, form)), zone, form)


def _by_pattern(text: str, form: str) -> datetime:
    return datetime.strptime(text, form)  # noqa: DTZ007 - the zone follows, if the text has none


def _text(parse: Callable[[str], datetime], zone: ZoneInfo, form: str) -> ReadTime:
    @lru_cache(maxsize=_KEPT)
    def of_text(text: str) -> int:
        try:
            when = parse(text.strip())
            if when.tzinfo is None:
                when = when.replace(tzinfo=zone)
            return _within(round(when.timestamp() * 1000))
        except (ValueError, OverflowError) as error:
            raise Unreadable("time", f"{text[:60]!r} is no time of the form {form}") from error

    def read(value: Any) -> int:
        if type(value) is int and form != "iso":
            value = str(value)
        if type(value) is not str or len(value) > 64:
            raise Unreadable("time", f"{_shown(value)} is no time of the form {form}")
        return of_text(value)

    return read


def _fixed(form: str) -> Callable[[str], datetime] | None:
    """A reader by position for year-to-minute (or -second) patterns, five times strptime's speed."""
    match = _DIGITS.fullmatch(form)
    if not match or any(
        mark and (mark.isdigit() or mark in "% \t\n") and mark != " " for mark in match.groups()
    ):
        return None
    marks = [re.escape(mark or "") for mark in match.groups()]
    two = "([0-9]{2})"
    shape = f"([0-9]{{4}}){marks[0]}{two}{marks[1]}{two}{marks[2]}{two}{marks[3]}{two}"
    if form.endswith("%S"):
        shape += f"{marks[4]}{two}"
    full = re.compile(shape).fullmatch

    def parse(text: str) -> datetime:
        found = full(text)
        if found is None:
            raise ValueError(text)
        year, month, day, hour, minute, second = (int(each) for each in (*found.groups(), "0")[:6])
        return datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 - the zone follows

    return parse


def _epoch(factor: float | None) -> ReadTime:
    def read(found: Any) -> int:
        value = found
        if type(value) is str:
            try:
                value = float(value) if len(value) <= 32 else None
            except ValueError:
                value = None
        if type(value) not in (int, float) or value != value or abs(value) > 1e20:
            raise Unreadable("time", f"{_shown(found)} is no time since 1970")
        return _within(round(value * (factor or _by_size(value))))

    return read


def _by_size(value: float) -> float:
    """Milliseconds per unit, by the number of digits; holds for the years 1973 to 5138."""
    if value < 1e11:
        return 1000.0
    if value < 1e14:
        return 1.0
    return 0.001 if value < 1e17 else 0.000001


def _within(at_ms: int) -> int:
    if not 0 <= at_ms < LAST_MS:
        raise Unreadable("time", f"{at_ms} ms since 1970 lies outside the years 1970 to 2199")
    return at_ms


def _shown(value: Any) -> str:
    text = repr(value) if isinstance(value, (str, int, float, bool, type(None))) else type(value).__name__
    return text if len(text) <= 60 else text[:57] + "..."
