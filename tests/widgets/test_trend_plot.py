"""Curves: gaps stay gaps, and the right edge is honest."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytestqt.qtbot import QtBot

from db.records import Trend
from widgets.trend_plot import TrendPlot, curve_of, joined, no_curve
from widgets.words import Words

SECOND = 1000


def trend(times_s: list[int], mean: list[float] | None = None) -> Trend:
    values = mean or [float(n) for n in range(len(times_s))]
    return Trend(
        source="s", quantity="q", unit="Cel", since_ms=0, until_ms=3_600_000,
        times=[t * SECOND for t in times_s], low=[v - 1 for v in values], high=[v + 1 for v in values],
        mean=values, count=len(values),
    )  # fmt: skip


def test_a_gap_in_the_times_is_a_gap_in_the_line() -> None:
    curve = curve_of(trend([0, 60, 120, 1800, 1860]), 60)
    assert np.isnan(curve.mean).tolist() == [False, False, False, True, False, False]


def test_regular_steps_have_no_gap() -> None:
    assert not np.isnan(curve_of(trend(list(range(0, 3600, 60))), 60).mean).any()


def test_sparse_but_regular_values_are_one_line() -> None:
    assert not np.isnan(curve_of(trend(list(range(0, 3600, 300))), 600).mean).any()


def test_a_live_value_after_silence_leaves_a_gap() -> None:
    curve = joined(curve_of(trend([0, 60, 120]), 60), 900.0, 5.0, 150.0)
    assert np.isnan(curve.mean[-2])
    assert curve.last_s == 900.0


def test_a_repeated_live_value_changes_nothing() -> None:
    curve = curve_of(trend([0, 60, 120]), 60)
    assert joined(curve, 120.0, 5.0, 150.0) is curve


@given(st.lists(st.integers(0, 3600), unique=True, max_size=60))
def test_no_value_is_lost_by_drawing_gaps(times: list[int]) -> None:
    curve = curve_of(trend(sorted(times)), 60)
    assert (~np.isnan(curve.mean)).sum() == len(times)
    assert (np.diff(curve.times) > 0).all()


@given(st.lists(st.floats(0, 1e6), max_size=40))
def test_the_newest_live_value_is_the_last(times: list[float]) -> None:
    curve = no_curve()
    for at in times:
        curve = joined(curve, at, 1.0, 60.0)
    assert curve.last_s == (max(times) if times else None)


@pytest.fixture
def plot(qtbot: QtBot) -> TrendPlot:
    plot = TrendPlot(Words("ko"))
    qtbot.addWidget(plot)
    return plot


def test_the_axis_is_in_local_time(plot: TrendPlot) -> None:
    ticks = plot._axis.tickValues(1_795_312_800, 1_795_316_400, 600)
    assert plot._axis.tickStrings(ticks[0][1], 1.0, ticks[0][0])[0] == "11:00"


def test_silence_at_the_right_edge_is_measured(plot: TrendPlot) -> None:
    plot.show_trend(trend([3400, 3460, 3520]), 60)
    assert plot.silent_s(4_120_000) == 600.0
    assert plot.silent_s(3_550_000) is None


def test_the_pointer_reads_the_nearest_value(plot: TrendPlot) -> None:
    plot.show_trend(trend([0, 60, 120], [1.0, 2.0, 3.0]), 60)
    assert "평균 2 °C · 최소 1 °C · 최대 3 °C" in plot.reading_at(65.0)


def test_the_pointer_over_a_gap_says_that_there_is_nothing(plot: TrendPlot) -> None:
    plot.show_trend(trend([0, 60, 120, 1800, 1860]), 60)
    assert "자료 없음" in plot.reading_at(900.0)
