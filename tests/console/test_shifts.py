"""The shift of a time: also past midnight, and at the very minute it begins."""

from __future__ import annotations

from datetime import datetime

import pytest

from console.clock import SEOUL
from console.settings import SHIFTS
from console.shifts import day_begins, day_name, shift_at


def ms(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=SEOUL).timestamp() * 1000)


@pytest.mark.parametrize(
    ("at", "name", "since", "until"),
    [
        ("2026-11-22 09:00", "주간조", "2026-11-22 09:00", "2026-11-22 18:00"),
        ("2026-11-22 08:59", "야간조", "2026-11-21 18:00", "2026-11-22 09:00"),
        ("2026-11-22 23:30", "야간조", "2026-11-22 18:00", "2026-11-23 09:00"),
    ],
)
def test_a_shift_lasts_until_the_next_begins(at: str, name: str, since: str, until: str) -> None:
    assert shift_at(SHIFTS, ms(at), SEOUL)[::2] == (name, ms(since))
    assert shift_at(SHIFTS, ms(at), SEOUL).until_ms == ms(until)


def test_one_shift_lasts_a_day() -> None:
    span = shift_at(SHIFTS[:1], ms("2026-11-22 03:00"), SEOUL)
    assert (span.since_ms, span.until_ms) == (ms("2026-11-21 09:00"), ms("2026-11-22 09:00"))


def test_a_day_is_a_local_one() -> None:
    assert day_begins(ms("2026-11-22 00:10"), SEOUL, days=-1) == ms("2026-11-21 00:00")
    assert day_name(ms("2026-11-22 00:10"), SEOUL) == "2026-11-22"
