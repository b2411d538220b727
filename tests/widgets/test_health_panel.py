"""The health panel: the tree above, the trend of the chosen channel below."""

from __future__ import annotations

from typing import Any

from pytestqt.qtbot import QtBot

from db.alarm_records import Rule
from db.asset_records import Asset, Condition
from db.records import Trend
from tests.widgets.panel_fakes import NOW_MS, FakeBridge, district, latest, state
from widgets.health_panel import HealthPanel
from widgets.trend_panel import limits_for
from widgets.words import Words


def trend(args: dict[str, Any]) -> Trend:
    times = [args["until_ms"] - 60_000 * n for n in range(5, 0, -1)]
    return Trend(
        source=args["source"], quantity=args["quantity"], unit="Cel", since_ms=args["since_ms"],
        until_ms=args["until_ms"], times=times, low=[1.0] * 5, high=[3.0] * 5, mean=[2.0] * 5, count=5,
    )  # fmt: skip


def shown(qtbot: QtBot, bridge: FakeBridge, language: str = "ko") -> HealthPanel:
    panel = HealthPanel(bridge, Words(language))
    qtbot.addWidget(panel)
    panel.resize(900, 700)
    panel.show()
    return panel


_NAMED = [
    Asset("x", "facility", "시장", name_en="Market"),
    Asset("x:t", "channel", "온도", parent="x", name_en="Temperature", source="x", quantity="temperature"),
]


def test_choosing_a_channel_shows_its_trend(qtbot: QtBot) -> None:
    bridge = FakeBridge(assets=district(), trend=trend, rules=[])
    panel = shown(qtbot, bridge)
    with qtbot.waitSignal(panel.trend_wanted) as signal:
        panel.show_asset("f1d0:t")
    assert signal.args == ["f1d0", "temperature"]
    assert list(panel.trend.plot.curve.mean) == [2.0] * 5


def test_the_periods_are_an_hour_a_day_and_a_week(qtbot: QtBot) -> None:
    bridge = FakeBridge(assets=district(), trend=trend, rules=[])
    panel = shown(qtbot, bridge)
    panel.show_series("f1d0", "temperature")
    spans = []
    for span in ("hour", "day", "week"):
        panel.trend.set_span(span)
        asked = bridge.last("trend")
        spans.append(asked["until_ms"] - asked["since_ms"] - 1)
    assert spans == [3_600_000, 86_400_000, 604_800_000]


def test_a_new_reading_extends_the_right_edge(qtbot: QtBot) -> None:
    panel = shown(qtbot, FakeBridge(assets=district(), trend=trend, rules=[]))
    panel.show_series("f1d0", "temperature")
    panel.apply([latest("f1d0", value=9.0, observed_ms=NOW_MS)])
    assert panel.trend.plot.curve.mean[-1] == 9.0


def test_an_old_right_edge_says_how_old_it_is(qtbot: QtBot) -> None:
    bridge = FakeBridge(assets=district(), trend=trend, rules=[])
    panel = shown(qtbot, bridge)
    panel.show_series("f1d0", "temperature")
    bridge.now += 250_000
    panel.trend._follow()
    assert "5분 동안 자료 없음" in panel.trend.facts.text()


def test_an_empty_period_says_what_to_do(qtbot: QtBot) -> None:
    empty = Trend(
        source="s",
        quantity="q",
        unit="1",
        since_ms=0,
        until_ms=1,
        times=[],
        low=[],
        high=[],
        mean=[],
        count=0,
    )
    panel = shown(qtbot, FakeBridge(assets=district(), trend=empty, rules=[]))
    panel.show_series("s", "q")
    assert panel.trend.message.text().startswith("아직 자료 없음")


def test_a_trend_that_cannot_be_read_says_why(qtbot: QtBot) -> None:
    panel = shown(qtbot, FakeBridge(assets=district(), trend=ValueError("the core is away"), rules=[]))
    panel.show_series("s", "q")
    assert "the core is away" in panel.trend.message.text()


def test_limits_are_those_of_the_rules_that_fit() -> None:
    rules = [
        Rule(id="a", kind="threshold", source="f1*", quantity="temperature", above=60.0, below=-20.0),
        Rule(id="b", kind="threshold", source="g*", above=1.0),
        Rule(id="c", kind="silent", silent_s=60),
    ]
    assert [limit for limit, _ in limits_for(rules, "f1d0", "temperature")] == [60.0, -20.0]


def test_a_hidden_panel_does_no_work_and_shows_the_newest_when_seen(qtbot: QtBot) -> None:
    panel = shown(qtbot, FakeBridge(assets=district(), trend=trend, rules=[]))
    panel.hide()
    panel.apply([latest("f0d0", value=1.0)])
    panel.apply([latest("f0d0", value=2.0)])
    assert panel.model.node(panel.model.find("f0d0:t")).latest is None  # type: ignore[union-attr]
    panel.show()
    assert panel.model.find("f0d0:t").siblingAtColumn(3).data() == "2 °C"


def test_the_way_to_what_is_abnormal_opens(qtbot: QtBot) -> None:
    panel = shown(qtbot, FakeBridge(assets=district()))
    panel.apply([state(each, Condition.BAD) for each in ("guro", "f2", "f2d1", "f2d1:i")])
    panel.show_abnormal()
    assert panel.tree.isExpanded(panel.model.find("f2d1"))
    assert not panel.tree.isExpanded(panel.model.find("f1"))


def test_without_assets_the_panel_says_what_to_do(qtbot: QtBot) -> None:
    panel = shown(qtbot, FakeBridge(assets=[]), "en")
    assert "name an asset file" in panel.empty.text()


def test_the_language_switches_at_once(qtbot: QtBot) -> None:
    words = Words("ko")
    panel = HealthPanel(FakeBridge(assets=district()), words)
    qtbot.addWidget(panel)
    words.set_language("en")
    assert (panel.title.text(), panel.trend.message.text()[:16]) == ("Facility health", "Choose a channel")


def test_the_trend_s_heading_follows_the_language_and_names_the_quantity_once(qtbot: QtBot) -> None:
    words = Words("ko")
    panel = HealthPanel(FakeBridge(assets=[*district(), *_NAMED], trend=trend, rules=[]), words)
    qtbot.addWidget(panel)
    panel.show()
    panel.show_asset("x:t")
    assert panel.trend.title.text() == "시장 › 온도"
    words.set_language("en")
    assert panel.trend.title.text() == "Market › Temperature"


def test_until_a_channel_is_chosen_the_worst_one_is_shown(qtbot: QtBot) -> None:
    panel = shown(qtbot, FakeBridge(assets=district(), trend=trend, rules=[]))
    panel.apply([state("guro", Condition.BAD, worst="f2d1:i"), latest("f0d0")])
    assert panel.trend.series == ("f2d1", "leakage_current")


def test_a_chosen_channel_stays_when_another_gets_worse(qtbot: QtBot) -> None:
    panel = shown(qtbot, FakeBridge(assets=district(), trend=trend, rules=[]))
    panel.show_asset("f1d0:t")
    panel.apply([state("guro", Condition.BAD, worst="f2d1:i")])
    assert panel.trend.series == ("f1d0", "temperature")
