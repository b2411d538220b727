"""What counts as behind, by a clock in hand: one look a second at what was read since."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from console.feeds.brake import UNJUDGED, Brake
from console.feeds.catch_up import Pace
from db.workings import CatchUp

DAY_MS = 86_400_000
NOW_MS = 1_800_000_000_000
SOURCES = [f"s{n}" for n in range(20)]


class Second:
    """Seconds that go by with what was read in each."""

    def __init__(self) -> None:
        self.pace = Pace("main")
        self.at_s = 0.0

    def go(
        self, messages: int, ages: Iterable[tuple[str, int]] = (), *, full: bool = False, **more: Any
    ) -> CatchUp | None:
        """One second: so many messages, of sources with these ages in ms."""
        self.at_s += 1.0
        now_ms = NOW_MS + round(self.at_s * 1000)
        self.pace.read(messages, full=full)
        self.pace.heard({source: now_ms - age for source, age in ages}, now_ms, self.at_s)
        return self.pace.look(self.at_s, now_ms, **more)


def all_at(age_ms: int) -> list[tuple[str, int]]:
    return [(source, age_ms) for source in SOURCES]


def behind_by_an_hour() -> Second:
    second = Second()
    for age_s in (3600, 3500, 3400):
        second.go(5000, all_at(age_s * 1000), full=True)
    return second


def test_a_queue_that_is_read_is_told_with_its_age_speed_rate_and_the_time_left() -> None:
    second = behind_by_an_hour()
    told = second.go(5000, all_at(3_300_000), full=True, unjudged=7)
    assert told is not None
    assert (told.active, told.behind_ms, told.per_s, told.unjudged) == (True, 3_300_000, 5000.0, 7)
    assert told.speed == 101.0
    assert told.left_s == 33.0
    assert told.messages == 20_000


def test_the_present_ends_it_with_the_number_of_messages_read() -> None:
    second = behind_by_an_hour()
    told = [second.go(100, all_at(500)) for _ in range(3)]
    ended = next(each for each in told if each is not None and not each.active)
    assert ended.messages == 15_200
    assert second.go(100, all_at(500)) is None


def test_a_lagging_gateway_is_not_catching_up() -> None:
    second = Second()
    assert [second.go(400, all_at(120_000)) for _ in range(30)] == [None] * 30


def test_senders_with_lying_clocks_decide_nothing() -> None:
    second = Second()
    for n in range(30):
        lies = [(f"liar{at}", DAY_MS - n * 1_000_000) for at in range(9)]
        assert second.go(400, all_at(300) + lies) is None


def test_a_source_that_fills_a_burst_with_its_past_is_one_source() -> None:
    second = Second()
    for n in range(10):
        assert second.go(5000, [*all_at(300), ("logger", 3_600_000 - n * 60_000)]) is None


def test_full_bursts_without_any_time_are_a_backlog_of_unknown_age() -> None:
    second = Second()
    told = [second.go(5000, full=True) for _ in range(3)][-1]
    assert told is not None
    assert (told.active, told.behind_ms, told.speed, told.left_s) == (True, None, None, None)


def test_full_bursts_of_the_present_are_no_backlog() -> None:
    second = Second()
    assert [second.go(5000, all_at(200), full=True) for _ in range(10)] == [None] * 10


def test_a_lost_link_is_not_the_present() -> None:
    second = behind_by_an_hour()
    told = [second.go(0, halted=True) for _ in range(30)][-1]
    assert told is not None
    assert (told.active, told.per_s, told.left_s) == (True, 0.0, None)


def test_a_queue_that_ends_while_all_sources_lag_is_over_after_five_seconds() -> None:
    second = behind_by_an_hour()
    told = [second.go(10, all_at(60_000)) for _ in range(12)]
    assert told[2] is not None
    assert told[2].active
    assert told[-1] is None


def test_the_ages_of_a_city_are_bounded_in_number() -> None:
    pace = Pace("main")
    for n in range(20):
        pace.heard({f"s{n}-{at}": 0 for at in range(1000)}, NOW_MS, 1.0)
    assert len(pace._ages) == 5000


class _Clock:
    def __init__(self) -> None:
        self.at_s = 0.0

    def now_ms(self) -> int:
        return 0

    def monotonic_s(self) -> float:
        return self.at_s


def test_the_brake_holds_samples_while_judging_goes_on_and_lets_go_when_it_stands_still() -> None:
    clock, left = _Clock(), [0]
    brake = Brake(lambda: left[0], clock)
    assert not brake.is_on()
    left[0] = UNJUDGED + 10_000
    assert brake.is_on()
    clock.at_s += 1.5
    left[0] -= 1
    assert brake.is_on()
    clock.at_s += 1.9
    assert brake.is_on()
    clock.at_s += 0.2
    assert not brake.is_on()
    left[0] -= 1000
    assert brake.is_on()
    left[0] = UNJUDGED
    assert not brake.is_on()
