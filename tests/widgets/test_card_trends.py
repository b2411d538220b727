"""The curves of the cards come from the core's history and go on live."""

from __future__ import annotations

from typing import Any

from pytestqt.qtbot import QtBot

from db.records import Latest, Trend
from tests.widgets.panel_fakes import NOW_MS, FakeBridge
from widgets.card_trends import STEP_MS, CardTrends, runs

SERIES = ("s1", "pm10")


def trend(args: dict[str, Any]) -> Trend:
    times = [NOW_MS - 2 * STEP_MS, NOW_MS - STEP_MS]
    return Trend(args["source"], args["quantity"], "1", 0, 1, times, [1, 2], [3, 4], [2.0, 3.0], 9)


def live(at_ms: int, value: Any = 5.0, **more: Any) -> Latest:
    return Latest(*SERIES, "inst", value, "1", at_ms, at_ms, **more)


def test_a_wanted_series_is_asked_for_once_and_goes_on_live(qtbot: QtBot) -> None:
    bridge = FakeBridge(trend=trend)
    trends = CardTrends(bridge)
    trends.want([SERIES])
    trends.want([SERIES])
    assert bridge.names() == ["trend"]
    trends.apply([live(NOW_MS), live(NOW_MS + 500), live(NOW_MS + 2500), live(NOW_MS + 9000, "off")])
    assert [at_ms - NOW_MS for at_ms, _ in trends.points(SERIES)] == [-2 * STEP_MS, -STEP_MS, 0, 2500]


def test_what_is_old_or_predicted_is_no_part_of_the_curve(qtbot: QtBot) -> None:
    trends = CardTrends(FakeBridge(trend=trend))
    trends.want([SERIES])
    trends.apply([live(NOW_MS, flags=1), live(NOW_MS, quality="bad"), live(NOW_MS, True)])
    assert len(trends.points(SERIES)) == 2


def test_a_series_no_card_wants_is_forgotten(qtbot: QtBot) -> None:
    trends = CardTrends(FakeBridge(trend=trend))
    trends.want([SERIES])
    trends.want([])
    trends.apply([live(NOW_MS)])
    assert trends.points(SERIES) == []


def test_a_gap_stays_a_gap_and_an_hourly_series_is_one_line() -> None:
    a, b, c = (0, 1.0), (STEP_MS, 1.0), (STEP_MS * 2, 1.0)
    assert runs([a, b, c, (STEP_MS * 30, 1.0)]) == [[a, b, c], [(STEP_MS * 30, 1.0)]]
    hourly = [(n * 3_600_000, 1.0) for n in range(4)]
    assert runs(hourly) == [hourly]
    assert runs([]) == []
