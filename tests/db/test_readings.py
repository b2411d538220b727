"""Readings: stored once whatever the repetition, found by arrival, newest and time."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

from db import readings
from db.readings import StoredReading
from db.records import Event, PlateRead, Reading, SetAside

SHARED = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)

some_readings = st.builds(
    Reading,
    source=st.sampled_from(["a", "나"]),
    quantity=st.sampled_from(["t", "h"]),
    value=st.one_of(st.floats(allow_nan=False, allow_infinity=False), st.booleans(), st.text(max_size=3)),
    observed_ms=st.integers(0, 5),
    received_ms=st.integers(0, 2**40),
    statistic=st.sampled_from(["inst", "avg"]),
    revision=st.integers(1, 3),
    quality=st.sampled_from(readings.QUALITIES),
    flags=st.integers(0, 7),
    lon=st.none() | st.floats(-180, 180),
)
batches = st.lists(st.lists(some_readings, max_size=8), max_size=6)


def identity(reading: Reading) -> tuple[object, ...]:
    return (reading.source, reading.quantity, reading.statistic, reading.unit, reading.observed_ms)


def at(observed_ms: int, value: float | bool | str = 1.0, **fields: object) -> Reading:
    return Reading("s", "q", value, observed_ms, 10, **fields)  # type: ignore[arg-type]


def put(db: Database, *records: Reading | Event | PlateRead | SetAside) -> readings.Stored:
    with db.atomic():
        return readings.add(db, "f", records)


@SHARED
@given(batches=batches)
def test_the_highest_revision_stands_once_and_the_rest_are_duplicates(
    memory_feed: Callable[[], Database], batches: list[list[Reading]]
) -> None:
    db = memory_feed()
    model: dict[tuple[object, ...], StoredReading] = {}
    next_id, duplicates = 1, 0
    for batch in batches:
        new: list[StoredReading] = []
        for reading in batch:
            standing = model.get(identity(reading))
            if standing is not None and standing.reading.revision >= reading.revision:
                duplicates += 1
                continue
            new.append(StoredReading(next_id, reading))
            model[identity(reading)] = new[-1]
            next_id += 1
        before = len(batch) - len(new)
        stored = put(db, *batch)
        assert stored.new == new
        assert (stored.stored, stored.duplicate) == (len(new), before)
    assert readings.after(db, 0, 1000) == sorted(model.values())
    assert readings.last_id(db) == next_id - 1
    db.close()


@SHARED
@given(batches=batches)
def test_sending_everything_again_changes_nothing(
    memory_feed: Callable[[], Database], batches: list[list[Reading]]
) -> None:
    db = memory_feed()
    everything = [reading for batch in batches for reading in batch]
    put(db, *everything)
    before = readings.after(db, 0, 1000), readings.latest(db)
    again = put(db, *everything)
    assert (again.stored, again.duplicate) == (0, len(everything))
    assert (readings.after(db, 0, 1000), readings.latest(db)) == before
    db.close()


def test_a_value_comes_back_as_what_it_was(feed_db: Database) -> None:
    values = [0.0, 1.0, -0.5, 1e300, True, False, "", "열림", "a\0b"]
    put(feed_db, *[at(n, value) for n, value in enumerate(values)])
    back = [stored.reading.value for stored in readings.after(feed_db, 0, 99)]
    assert [(type(value), value) for value in back] == [(type(value), value) for value in values]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 10**400])
def test_what_is_no_number_is_refused_and_its_neighbours_stay(feed_db: Database, value: float) -> None:
    stored = put(feed_db, at(1), at(2, value), at(3))
    assert [each.reading.observed_ms for each in stored.new] == [1, 3]
    assert [each.reason for each in stored.refused] == ["number"]


def test_a_time_beyond_all_calendars_is_refused(feed_db: Database) -> None:
    assert [each.reason for each in put(feed_db, at(2**63)).refused] == ["time"]


def test_broken_text_is_stored_with_the_break_visible(feed_db: Database) -> None:
    stored = put(feed_db, Reading("\ud800", "q\udfff", "\udc80", 1, 1))
    assert [stored.new[0]] == readings.after(feed_db, 0, 9)
    assert (stored.new[0].reading.source, stored.new[0].reading.value) == ("\ufffd", "\ufffd")


def test_a_rolled_back_series_is_not_remembered(feed_db: Database) -> None:
    feed_db.begin()
    readings.add(feed_db, "f", [Reading("lost", "q", 1.0, 1, 1)])
    feed_db.rollback()
    put(feed_db, Reading("other", "q", 2.0, 1, 1))
    put(feed_db, Reading("lost", "q", 3.0, 1, 1))
    assert [(each.id, each.reading.source) for each in readings.after(feed_db, 0, 9)] == [
        (1, "other"),
        (2, "lost"),
    ]


def test_numbers_have_no_gaps_after_duplicates(feed_db: Database) -> None:
    put(feed_db, at(1), at(1), at(1))
    put(feed_db, at(1), at(2))
    assert [each.id for each in readings.after(feed_db, 0, 9)] == [1, 2]


def test_latest_is_the_newest_by_the_senders_clock(feed_db: Database) -> None:
    put(feed_db, at(5, 5.0), at(9, 9.0))
    put(feed_db, at(7, 7.0))
    assert [(each.observed_ms, each.value) for each in readings.latest(feed_db)] == [(9, 9.0)]
    put(feed_db, at(9, 9.5, revision=2))
    assert [each.value for each in readings.latest(feed_db)] == [9.5]


def test_a_trend_takes_since_and_leaves_until(feed_db: Database) -> None:
    put(feed_db, *[at(n, float(n)) for n in range(100, 200)])
    found = readings.trend(feed_db, "s", "q", 110, 120, 10)
    assert (found.times, found.mean, found.count) == (
        list(range(110, 120)),
        [float(n) for n in range(110, 120)],
        10,
    )


def test_a_trend_keeps_peaks_and_gaps(feed_db: Database) -> None:
    put(feed_db, *[at(n, 1.0) for n in range(300)], at(450, 2.0), at(451, 99.0), at(999, 3.0))
    found = readings.trend(feed_db, "s", "q", 0, 1000, 10)
    assert found.times == [0, 100, 200, 450, 999]
    assert (found.low[3], found.high[3], found.mean[3]) == (2.0, 99.0, 50.5)
    assert found.count == 303


def test_a_trend_shows_only_numbers_one_can_trust(feed_db: Database) -> None:
    put(
        feed_db,
        at(1, 1.0),
        at(2, 2.0, quality="uncertain"),
        at(3, 99.0, quality="bad"),
        at(4, "열림"),
        at(5, True),
        at(6, 99.0, quality="stuck"),
    )
    assert readings.trend(feed_db, "s", "q", 0, 10, 100).mean == [1.0, 2.0]


def test_a_trend_mixes_neither_statistics_nor_units(feed_db: Database) -> None:
    put(
        feed_db,
        at(1, 1.0, statistic="max"),
        at(1, 2.0, statistic="avg"),
        at(2, 35.0, statistic="avg", unit="[degF]"),
    )
    found = readings.trend(feed_db, "s", "q", 0, 10, 100)
    assert (found.unit, found.mean) == ("[degF]", [35.0])
    assert readings.trend(feed_db, "s", "q", 0, 10, 100, "max").mean == [1.0]


@pytest.mark.parametrize(
    ("since_ms", "until_ms", "points"), [(0, 0, 10), (10, 0, 10), (0, 10, 0), (-5, 5, 1)]
)
def test_a_trend_of_nothing_is_empty_and_not_an_error(
    feed_db: Database, since_ms: int, until_ms: int, points: int
) -> None:
    found = readings.trend(feed_db, "nobody", "q", since_ms, until_ms, points)
    assert (found.times, found.count) == ([], 0)


@SHARED
@given(
    times=st.sets(st.integers(0, 500), max_size=60),
    since_ms=st.integers(0, 500),
    length=st.integers(1, 600),
    points=st.integers(1, 40),
)
def test_a_trend_counts_everything_once_in_no_more_points_than_asked(
    memory_feed: Callable[[], Database], times: set[int], since_ms: int, length: int, points: int
) -> None:
    db = memory_feed()
    put(db, *[at(time, float(time)) for time in times])
    found = readings.trend(db, "s", "q", since_ms, since_ms + length, points)
    inside = [time for time in times if since_ms <= time < since_ms + length]
    assert found.count == len(inside)
    assert len(found.times) <= points
    assert found.times == sorted(found.times)
    assert (min(found.low, default=None), max(found.high, default=None)) == (
        min(inside, default=None),
        max(inside, default=None),
    )
    db.close()


def test_all_kinds_together_are_counted(feed_db: Database) -> None:
    event = Event("hub", "E1", "fire", "occurred", 1, 2)
    plate = PlateRead("p1", "cam", "12가3456", 1, 2)
    first = put(feed_db, at(1), event, plate, SetAside("x", "y"))
    second = put(feed_db, at(1), event, plate)
    assert (first.stored, first.duplicate, len(first.events), len(first.plates)) == (3, 0, 1, 1)
    assert (second.stored, second.duplicate) == (0, 3)
    assert readings.series(feed_db) == [("s", "q", "inst", "1")]
