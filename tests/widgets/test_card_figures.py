"""What a card says by its pack: grades in words, the worst first, a forecast apart from what is."""

from __future__ import annotations

from typing import Any

import pytest

from console.packs import load
from console.packs.tables import Pack
from db.records import Flag, Latest
from widgets.card_figures import Line, grade_of, lines, ungraded
from widgets.words import Words


def pack(name: str) -> Pack:
    return load.load(load.SHIPPED / f"{name}.toml")


def value(source: str, quantity: str, number: Any, unit: str = "1", flags: int = 0, **more: Any) -> Latest:
    return Latest(source, quantity, "inst", number, unit, 1_795_309_292_000, 0, flags=flags, **more)


def told(name: str, *latest: Latest, language: str = "ko") -> list[Line]:
    values: dict[str, dict[str, Latest]] = {}
    for each in latest:
        values.setdefault(each.quantity, {})[each.source] = each
    return lines(pack(name), values, Words(language))


def test_the_worst_value_comes_with_its_grade_in_words_and_its_look(qapp: object) -> None:
    found = told("air", value("a", "pm10", 156.0), value("b", "pm10", 20.0))
    assert found[0] == Line("PM10 156 µg/m³ 매우나쁨", 2)
    assert told("air", value("a", "pm10", 20.0), language="en")[0] == Line("PM10 20 µg/m³ good", 0)


def test_of_a_speed_the_lowest_is_the_worst(qapp: object) -> None:
    found = told("traffic", value("a", "speed", 6.0), value("b", "speed", 50.0))
    assert found[0] == Line("최저 6.0 km/h 정체", 3)


def test_grades_are_counted_the_worst_first(qapp: object) -> None:
    found = told("structure", *(value(f"s{n}", "safety_grade", grade) for n, grade in enumerate("BBCDB")))
    assert found[0] == Line("D 미흡 1 · B 양호 3 · C 보통 1", 3)


def test_a_sum_stands_before_what_it_is_of(qapp: object) -> None:
    found = told("parking", value("a", "parked", 60.0), value("b", "parked", 40.0),
                 value("a", "spaces", 120.0), value("b", "spaces", 80.0))  # fmt: skip
    assert found[0].text == "주차 100/200"


def test_trap_23_the_bays_of_a_car_park_that_is_not_linked_are_not_counted_as_free(qapp: object) -> None:
    found = told("parking", value("a", "parked", 60.0), value("a", "spaces", 120.0),
                 value("b", "parked", "미연계중", quality="missing"), value("b", "spaces", 40.0))  # fmt: skip
    assert found[0].text == "주차 60/120"


def test_trap_23_what_is_not_linked_is_not_zero_free(qapp: object) -> None:
    assert told("parking", value("a", "parked", "미연계중", quality="missing")) == []


def test_trap_24_a_forecast_is_said_to_be_one_and_stands_last(qapp: object) -> None:
    found = told(
        "people",
        value("a", "congestion_level", 2.0),
        value("a", "congestion_forecast_level", 4.0, flags=int(Flag.FORECAST)),
    )
    assert found[0] == Line("보통", 0)
    assert found[-1] == Line("예측 10:01 붐빔", 4, forecast=True)


@pytest.mark.parametrize("flag", [Flag.RETAINED, Flag.HISTORICAL, Flag.BACKFILL, Flag.FORECAST])
def test_what_is_not_of_now_is_no_figure(qapp: object, flag: Flag) -> None:
    assert told("air", value("a", "pm10", 400.0, flags=int(flag))) == []


def test_bad_quality_is_no_figure(qapp: object) -> None:
    assert told("air", value("a", "pm10", 4000.0, quality="out_of_range")) == []


def test_a_value_on_a_step_belongs_to_it() -> None:
    air = pack("air")
    words = [grade_of(air, value("a", "pm10", number)) for number in (30.0, 31.0, 80.0, 150.0, 151.0)]
    assert [each.ko for each in words if each] == ["좋음", "보통", "보통", "나쁨", "매우나쁨"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("PM10 156 µg/m³ 매우나쁨", "PM10 156 µg/m³"),
        ("PM10 156 µg/m³", "PM10 156 µg/m³"),
        ("PM10 매우나쁨", "PM10 매우나쁨"),
        ("매우나쁨", "매우나쁨"),
    ],
)
def test_where_room_is_short_the_grade_goes_and_value_and_unit_stay(
    qapp: object, text: str, expected: str
) -> None:
    assert ungraded(pack("air"), text, Words("ko")) == expected
    assert ungraded(None, text, Words("ko")) == text
