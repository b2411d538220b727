"""What the screens hold of each series: the newest, and of a prediction the time next to come."""

from __future__ import annotations

from typing import Any

from console.feeds.newest import NewestPerSeries
from db.readings import StoredReading
from db.records import Flag, Latest, Reading

HOUR = 3_600_000
NOW = 1_000 * HOUR


def told(newest: NewestPerSeries, *readings: Reading) -> list[Any]:
    found: list[Latest] = newest.of([StoredReading(n, each) for n, each in enumerate(readings)])
    return [each.value for each in found]


def predicted(value: int, hours: float, received_ms: int = NOW) -> Reading:
    at_ms = NOW + round(hours * HOUR)
    return Reading("s", "q", value, at_ms, received_ms, flags=int(Flag.FORECAST))


def test_a_late_arrival_replaces_nothing_newer() -> None:
    newest = NewestPerSeries()
    assert told(newest, Reading("s", "q", 2, NOW, NOW)) == [2]
    assert told(newest, Reading("s", "q", 1, NOW - 1, NOW)) == []
    assert told(newest, Reading("s", "q", 3, NOW, NOW)) == [3]


def test_of_a_prediction_the_time_next_to_come_is_told_in_whatever_order_it_comes() -> None:
    ahead = [predicted(4, 1), predicted(2, 2), predicted(1, 12)]
    assert told(NewestPerSeries(), *ahead) == told(NewestPerSeries(), *reversed(ahead)) == [4]
    assert told(NewestPerSeries(), predicted(9, -0.5), predicted(4, 1)) == [4]


def test_a_newer_prediction_replaces_an_older_one_of_a_sooner_time() -> None:
    newest = NewestPerSeries()
    told(newest, predicted(4, 1))
    assert told(newest, predicted(3, 2, NOW + HOUR)) == [3]
    assert told(newest, predicted(1, 5, NOW)) == []
