"""The air in one line: real values only, with the grades of the pack."""

from __future__ import annotations

import pytest

from console.packs.load import load
from db.records import Flag, Latest
from tests.widgets.panel_fakes import NOW_MS
from widgets.air_line import air_line, weather_of
from widgets.domain_model import Domain
from widgets.resource import resource
from widgets.words import Words

PACK = load(resource("packs") / "air.toml")


@pytest.fixture
def words(qapp: object) -> Words:
    return Words("ko")


def latest(source: str, quantity: str, value: float, age_s: float = 1, flags: int = 0) -> Latest:
    at_ms = NOW_MS - round(age_s * 1000)
    unit = {"temperature": "Cel"}.get(quantity, "ug/m3")
    return Latest(source, quantity, "avg", value, unit, at_ms, at_ms, flags=flags)


def domain(*values: Latest) -> Domain:
    made = Domain("air")
    for each in values:
        made.figures.setdefault(each.quantity, {})[each.source] = each
    return made


def test_nothing_came_and_nothing_is_told(words: Words) -> None:
    assert air_line(PACK, domain(), words, NOW_MS) is None
    old = latest("a", "pm10", 60, flags=int(Flag.RETAINED))
    assert air_line(PACK, domain(old), words, NOW_MS) is None


def test_the_worst_dust_and_the_middle_temperature_are_told(words: Words) -> None:
    told = air_line(
        PACK,
        domain(
            latest("a", "pm10", 40), latest("b", "pm10", 156),
            latest("a", "temperature", 10), latest("b", "temperature", 11), latest("c", "temperature", 40),
        ),
        words,
        NOW_MS,
    )  # fmt: skip
    assert told is not None
    assert "156" in told.text
    assert "11 °C" in told.text
    assert (told.look > 0, told.age_s, told.stations) == (True, None, 3)


def test_what_is_old_says_its_age(words: Words) -> None:
    told = air_line(PACK, domain(latest("a", "pm10", 40, age_s=7200)), words, NOW_MS)
    assert told is not None
    assert told.age_s == 7200


def test_the_air_pack_knows_weather() -> None:
    assert "temperature" in weather_of(PACK)
