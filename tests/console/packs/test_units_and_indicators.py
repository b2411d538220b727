"""UCUM units and the formulas of indicators."""

from __future__ import annotations

import pytest

from console.packs import indicators
from console.packs.units import is_unit


@pytest.mark.parametrize(
    "unit",
    ["1", "%", "ug/m3", "mg/m3", "Cel", "m/s", "km/h", "mm/s", "dB", "dB[SPL]", "lx", "deg", "mA", "[ppm]",
     "m3/s", "{person}", "{person}/m2", "{count}", "kW.h", "/s", "Mbit/s", "min", "hPa", "V", "cm"],
)  # fmt: skip
def test_units_of_a_city_are_known(unit: str) -> None:
    assert is_unit(unit)


@pytest.mark.parametrize(
    "unit", ["", "celsius", "℃", "ug/m^3", "μg/m³", "kph", "milliamp", "m//s", "dBA", "{", "x" * 80]
)
def test_what_ucum_does_not_have_is_not_taken(unit: str) -> None:
    assert not is_unit(unit)


def test_a_formula_counts_with_the_consoles_figures() -> None:
    assert indicators.value("100 * feeds_well / feeds", {"feeds": 8, "feeds_well": 6}) == 75.0


@pytest.mark.parametrize("figures", [{"feeds": 0, "feeds_well": 0}, {"feeds": None, "feeds_well": 1}, {}])
def test_what_cannot_be_computed_has_no_value(figures: dict[str, float | None]) -> None:
    assert indicators.value("100 * feeds_well / feeds", figures) is None


@pytest.mark.parametrize(
    "formula", ["__import__('os')", "feeds ** 9", "feeds.real", "lambda: 1", "feeds if 1 else 2",
                "x", "'a' * 9", "(", "1" * 400]
)  # fmt: skip
def test_nothing_but_sums_and_quotients_of_known_figures_is_a_formula(formula: str) -> None:
    assert indicators.fault(formula)
