"""Which shift a time belongs to, by the settings' table of when each begins."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, Protocol
from zoneinfo import ZoneInfo


class Begins(Protocol):
    """A shift as the settings have it."""

    @property
    def name(self) -> str: ...
    @property
    def name_en(self) -> str: ...
    @property
    def begins(self) -> str: ...


class Span(NamedTuple):
    """One shift of one day: since_ms <= time < until_ms."""

    name: str
    name_en: str
    since_ms: int
    until_ms: int


def shift_at(shifts: Sequence[Begins], at_ms: int, zone: ZoneInfo) -> Span:
    """The shift at a time; there is at least one, and each lasts until the next one begins."""
    day = datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(zone).date()
    begun = sorted(
        (_at(day + timedelta(days=days), each.begins, zone), each.name, each.name_en)
        for each in shifts
        for days in (-1, 0, 1)
    )
    place = max(n for n, each in enumerate(begun) if each[0] <= at_ms)
    since_ms, name, name_en = begun[place]
    return Span(name, name_en, since_ms, begun[place + 1][0])


def day_begins(at_ms: int, zone: ZoneInfo, *, days: int = 0) -> int:
    """The local midnight before a time, or that many days from there."""
    day = datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(zone).date()
    return _at(day + timedelta(days=days), "00:00", zone)


def day_name(at_ms: int, zone: ZoneInfo) -> str:
    """The local day of a time, YYYY-MM-DD."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(zone).date().isoformat()


def _at(day: object, clock: str, zone: ZoneInfo) -> int:
    return round(datetime.fromisoformat(f"{day} {clock}").replace(tzinfo=zone).timestamp() * 1000)
