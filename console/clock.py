"""The only place that asks for the time; a test keeps it so."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol
from zoneinfo import ZoneInfo

SEOUL = ZoneInfo("Asia/Seoul")


class Clock(Protocol):
    """Two clocks: one that people set, and one that only goes forward."""

    def now_ms(self) -> int:
        """Milliseconds since 1970-01-01 UTC by the machine's clock; it may jump."""

    def monotonic_s(self) -> float:
        """Seconds since some start; for ages, watchdogs and silence."""


class SystemClock:
    """The machine's own clocks."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def monotonic_s(self) -> float:
        return time.monotonic()


class ManualClock:
    """A clock that moves when told to, for tests and replays."""

    def __init__(self, now_ms: int = 1_800_000_000_000) -> None:
        self._now_ms = now_ms
        self._monotonic_s = 0.0

    def now_ms(self) -> int:
        return self._now_ms

    def monotonic_s(self) -> float:
        return self._monotonic_s

    def advance(self, seconds: float) -> None:
        """Let both clocks go on together."""
        self._now_ms += round(seconds * 1000)
        self._monotonic_s += seconds

    def set_wall(self, now_ms: int) -> None:
        """Set the wall clock, as an operator or a time server would; the other goes on."""
        self._now_ms = now_ms


def local_text(at_ms: int, zone: ZoneInfo = SEOUL) -> str:
    """`at_ms` as `2026-11-22 10:01:32` in `zone`; a time outside the calendar as its number."""
    try:
        return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")
    except (OverflowError, ValueError, OSError):
        return f"{at_ms} ms"
