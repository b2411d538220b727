"""What the reading kinds make of series: the legal dust rule, stuck sensors, changes and bursts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from console.alarms import force
from console.alarms.reducer import Reducer
from console.alarms.rulebook import Rulebook
from db.alarm_records import Rule
from db.readings import StoredReading
from db.records import Flag, Reading

HOUR = 3_600_000
T0 = 1000 * HOUR
PM10 = Rule("pm10", "average", hourly=True, hold=2, above=150.0, clear=100.0, at_limit=True)
PM25 = Rule("pm25", "average", hourly=True, hold=2, above=75.0, clear=35.0, at_limit=True)


def engine(*rules: Rule) -> Reducer:
    reducer = Reducer(Rulebook(rules))
    reducer.start(T0)
    return reducer


def feed(reducer: Reducer, *values: tuple[int, float], **fields: Any) -> list[str]:
    given = {"source": "s", "quantity": "q"} | fields
    reducer.readings(
        StoredReading(n, Reading(value=value, observed_ms=T0 + at, received_ms=T0 + at, **given))
        for n, (at, value) in enumerate(values)
    )
    return [each.verb for each in reducer.transitions]


def hourly(rule: Rule, *means: float) -> list[str]:
    """The verbs after hourly means as a station reports them."""
    values = [(n * HOUR, mean) for n, mean in enumerate(means, 1)]
    return feed(engine(rule), *values, period_s=3600, statistic="avg")


@pytest.mark.parametrize(
    ("rule", "means", "verbs"),
    [
        (PM10, (151, 149, 152), []),
        (PM10, (151, 151), ["raised"]),
        (PM10, (150, 150), ["raised"]),
        (PM10, (151, 151, 120), ["raised"]),
        (PM10, (151, 151, 100), ["raised"]),
        (PM10, (151, 151, 120, 99), ["raised", "returned"]),
        (PM25, (76, 76), ["raised"]),
        (PM25, (76, 76, 40), ["raised"]),
        (PM25, (76, 76, 40, 34), ["raised", "returned"]),
    ],
)
def test_trap_12_the_legal_dust_rule(rule: Rule, means: tuple[float, ...], verbs: list[str]) -> None:
    assert hourly(rule, *means) == verbs


def test_trap_12_two_steps_are_two_rules() -> None:
    severe = Rule("severe", "average", hourly=True, hold=2, above=300.0, clear=150.0, at_limit=True)
    reducer = engine(PM10, severe)
    means = (310, 305, 200, 149, 99)
    feed(reducer, *((n * HOUR, mean) for n, mean in enumerate(means, 1)), period_s=3600)
    assert [(each.alarm.rule, each.verb) for each in reducer.transitions] == [
        ("pm10", "raised"),
        ("severe", "raised"),
        ("severe", "returned"),
        ("pm10", "returned"),
    ]


def test_trap_12_the_mean_of_an_hour_is_made_of_its_samples() -> None:
    samples = [(minute * 60_000, 160.0 if minute % 4 else 140.0) for minute in range(0, 120, 2)]
    reducer = engine(PM10)
    assert feed(reducer, *samples) == []
    assert feed(reducer, (2 * HOUR, 10.0)) == ["raised"]
    assert reducer.transitions[0].alarm.value == pytest.approx(150.0)


def test_trap_12_an_hour_that_is_missing_breaks_the_run() -> None:
    assert feed(engine(PM10), (HOUR, 160.0), (3 * HOUR, 160.0), period_s=3600) == []


def test_an_hour_that_is_sent_twice_counts_once() -> None:
    assert feed(engine(PM10), (HOUR, 160.0), (HOUR, 160.0), period_s=3600) == []


def test_trap_13_the_same_value_for_a_day_is_a_stuck_sensor() -> None:
    rule = Rule("stuck", "stuck", window_s=86400.0)
    day = [(n * HOUR, 31.0) for n in range(25)]
    assert feed(engine(rule), *day[:24]) == []
    reducer = engine(rule)
    assert feed(reducer, *day) == ["raised"]
    assert reducer.transitions[0].alarm.value == 31.0
    assert feed(reducer, (26 * HOUR, 32.0)) == ["raised", "returned"]


@pytest.mark.parametrize(("value", "verbs"), [(35.0, ["raised"]), (85.0, ["raised"]), (60.0, [])])
def test_trap_13_a_value_at_the_end_of_the_range_is_saturated(value: float, verbs: list[str]) -> None:
    rule = Rule("saturated", "stuck", window_s=3600.0, ends=(35.0, 85.0))
    assert feed(engine(rule), *((n * 600_000, value) for n in range(8))) == verbs


def test_a_structure_is_judged_by_its_change_since_the_first_hours() -> None:
    rule = Rule("tilt", "change", baseline_hours=24.0, above=0.1, below=-0.1)
    first = [(n * HOUR, 2.0 + (0.02 if n % 2 else -0.02)) for n in range(24)]
    reducer = engine(rule)
    assert feed(reducer, *first, (24 * HOUR, 2.05)) == []
    assert feed(reducer, (25 * HOUR, 1.8)) == ["raised"]
    assert reducer.transitions[0].alarm.value == pytest.approx(-0.2)
    assert reducer.transitions[0].alarm.limit == -0.1


def test_a_baseline_of_the_settings_is_in_force_at_once() -> None:
    assert feed(engine(Rule("gap", "change", baseline=10.0, above=0.3)), (0, 10.4)) == ["raised"]


def test_the_rate_is_the_change_per_time_over_the_window() -> None:
    rule = Rule("rate", "rate", window_s=3600.0, per_s=3600.0, below=-20.0)
    slow = [(n * 600_000, 60.0 - n) for n in range(12)]
    reducer = engine(rule)
    assert feed(reducer, *slow) == []
    assert feed(reducer, *((12 * 600_000 + n * 600_000, 48.0 - 8 * n) for n in range(6))) == ["raised"]


def test_a_rate_is_not_taken_across_a_long_gap() -> None:
    rule = Rule("rate", "rate", window_s=60.0, per_s=1.0, above=0.1)
    assert feed(engine(rule), (0, 0.0), (HOUR, 1000.0)) == []


def test_so_many_crossings_in_a_window_are_an_alarm_that_ends_by_time() -> None:
    rule = Rule("burst", "count", above=10.0, least=3, window_s=60.0)
    reducer = engine(rule)
    assert feed(reducer, *((n * 5000, 20.0 if n % 2 else 1.0) for n in range(6))) == ["raised"]
    reducer.tick(T0 + 25_000 + 60_000)
    assert [each.verb for each in reducer.transitions] == ["raised", "returned"]


def test_one_sensor_against_the_median_of_its_neighbours() -> None:
    reducer = engine(Rule("odd", "cross", source="s", others=("a", "b", "c"), above=50.0, window_s=600.0))
    assert feed(reducer, (0, 120.0)) == []
    for source, value in (("a", 30.0), ("b", 40.0), ("c", 900.0)):
        feed(reducer, (1000, value), source=source)
    assert feed(reducer, (2000, 80.0)) == []
    assert feed(reducer, (3000, 95.0)) == ["raised"]
    assert reducer.transitions[0].alarm.value == pytest.approx(55.0)


def test_a_lamp_that_is_out_alarms_only_at_night() -> None:
    rule = Rule("out", "threshold", quantity="power", below=5.0, when="night")
    began = datetime.fromtimestamp(T0 / 1000, UTC).hour
    noon, midnight = ((3 - began) % 24) * HOUR, ((15 - began) % 24) * HOUR
    reducer = engine(rule)
    for at in sorted((noon, midnight)):
        feed(reducer, (at, 0.0), quantity="power")
    assert [each.at_ms - T0 for each in reducer.transitions if each.verb == "raised"] == [midnight]


def test_the_sun_over_seoul_rises_and_sets_when_it_does() -> None:
    def at(text: str) -> bool:
        return force.is_day(round(datetime.fromisoformat(f"{text}+09:00").timestamp() * 1000))

    assert not at("2026-06-21T05:00:00")
    assert at("2026-06-21T05:25:00")
    assert at("2026-06-21T19:45:00")
    assert not at("2026-06-21T20:10:00")
    assert not at("2026-12-22T07:30:00")
    assert at("2026-12-22T08:00:00")
    assert at("2026-12-22T17:05:00")
    assert not at("2026-12-22T17:30:00")


def test_a_condition_on_another_quantity_of_the_source() -> None:
    rule = Rule("on-in-the-day", "threshold", quantity="power", above=5.0, if_quantity="lux", if_above=1000.0)
    reducer = engine(rule)
    feed(reducer, (0, 40.0), quantity="power")
    feed(reducer, (1000, 20.0), quantity="lux")
    assert feed(reducer, (2000, 40.0), quantity="power") == []
    feed(reducer, (3000, 5000.0), quantity="lux")
    assert feed(reducer, (4000, 40.0), quantity="power") == ["raised"]
    feed(reducer, (5000, 20.0), quantity="lux")
    assert feed(reducer, (6000, 40.0), quantity="power") == ["raised", "returned"]


def test_the_pause_between_two_activations_is_kept() -> None:
    reducer = engine(Rule("r", "threshold", above=10.0, quiet_s=60.0))
    assert feed(reducer, (0, 20.0), (1000, 1.0), (2000, 20.0), (3000, 1.0)) == ["raised", "returned"]
    assert feed(reducer, (50_000, 20.0), (70_000, 20.0)) == ["raised", "returned", "raised"]
    assert reducer.transitions[-1].at_ms == T0 + 60_000


def test_one_reading_from_the_future_does_not_end_a_rule() -> None:
    reducer = engine(PM10)
    reading = Reading("s", "q", 160.0, T0 + 900_000 * HOUR, T0, period_s=60)
    reducer.readings([StoredReading(0, reading)])
    samples = [(minute * 600_000, 160.0) for minute in range(1, 14)]
    assert feed(reducer, *samples, period_s=60) == ["raised"]


def test_trap_16_a_forecast_that_the_broker_kept_raises_nothing() -> None:
    reducer = engine(Rule("soon", "forecast", above=10.0, priority=4))
    for flags in (Flag.FORECAST | Flag.RETAINED, Flag.FORECAST | Flag.BACKFILL):
        reading = Reading("s", "q", 99.0, T0 + HOUR, T0, flags=int(flags))
        reducer.readings([StoredReading(0, reading)])
    assert reducer.transitions == []
