"""The ledger of gaps on the screen: pages, filters, what people do."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace
from pytestqt.qtbot import QtBot

from console.errors import Unavailable
from db.workings import Gap
from tests.widgets.panel_fakes import NOW_MS, FakeBridge
from widgets import gap_model
from widgets.gap_panel import GapPanel
from widgets.trend_panel import TrendPanel
from widgets.words import Words

KO = Words("ko")


def gap(number: int, **changes: Any) -> Gap:
    since_ms = NOW_MS - 3_600_000 * number
    known = Gap(number, "level", f"river-{number % 7}", since_ms, since_ms + 600_000, "sequence", "open",
                NOW_MS - 1000 * number, first_seq=4, last_seq=6, missing=3)  # fmt: skip
    return replace(known, **changes)


EVERY = [gap(n, state=("open", "asking", "filled", "lost")[n % 4]) for n in range(10_000, 0, -1)]


def page(args: dict[str, Any]) -> list[Gap]:
    fits = [
        each
        for each in EVERY
        if gap_model.fits(each, args.get("state", ""), args.get("source", ""))
        and each.id < args.get("before_id", 99_999)
    ]
    return fits[: args["limit"]]


def shown(qtbot: QtBot, bridge: FakeBridge, language: str = "ko") -> GapPanel:
    panel = GapPanel(bridge, Words(language))
    qtbot.addWidget(panel)
    panel.resize(1000, 500)
    panel.show()
    return panel


def ids(panel: GapPanel) -> list[int]:
    return [record.id for record in panel.model.records()]


def test_what_is_not_settled_comes_first_a_page_at_a_time(qtbot: QtBot) -> None:
    panel = shown(qtbot, FakeBridge(gaps=page))
    assert {record.state for record in panel.model.records()} == {"open", "asking"}
    first = ids(panel)
    panel.read_older()
    assert (len(first), first[-1] > ids(panel)[0], panel.newer.isEnabled()) == (200, True, True)


def test_it_can_be_narrowed_to_a_state_and_a_source(qtbot: QtBot) -> None:
    panel = shown(qtbot, FakeBridge(gaps=page))
    panel.state.setCurrentIndex(gap_model.FILTERS.index("lost"))
    panel.source.setText("river-3")
    panel.read_newest()
    assert {(record.state, record.source) for record in panel.model.records()} == {("lost", "river-3")}


def test_a_gap_that_is_filled_leaves_the_list_and_a_new_one_joins_at_the_top(qtbot: QtBot) -> None:
    panel = shown(qtbot, FakeBridge(gaps=page))
    oldest = panel.model.records()[-1]
    panel.table.selectRow(1)
    chosen = panel.chosen
    panel.apply([replace(oldest, state="filled"), gap(10_001)])
    assert (ids(panel)[0], oldest.id in ids(panel), panel.chosen) == (10_001, False, chosen)


def test_confirming_asks_with_the_note_and_says_what_was_refused(qtbot: QtBot) -> None:
    bridge = FakeBridge(gaps=page, gap__confirm=Unavailable("The store is busy"))
    panel = shown(qtbot, bridge)
    panel.table.selectRow(0)
    assert panel.chosen is not None
    panel.confirm_lost(panel.chosen, " 정전 ")
    assert bridge.last("gap.confirm") == {"gap": panel.chosen.id, "note": "정전"}
    assert "The store is busy" in panel.notice.text()


def test_a_settled_gap_can_be_neither_asked_for_nor_confirmed(qtbot: QtBot) -> None:
    panel = shown(qtbot, FakeBridge(gaps=page))
    panel.state.setCurrentIndex(gap_model.FILTERS.index("filled"))
    panel.table.selectRow(0)
    assert (panel.ask.isEnabled(), panel.lose.isEnabled()) == (False, False)


@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize("state", gap_model.FILTERS)
def test_an_empty_list_says_what_that_means(qtbot: QtBot, language: str, state: str) -> None:
    panel = shown(qtbot, FakeBridge(gaps=[]), language)
    panel.state.setCurrentIndex(gap_model.FILTERS.index(state))
    assert panel.pages.currentWidget() is panel.empty
    assert len(panel.empty.text()) > 10


def test_every_state_and_reason_has_words() -> None:
    for why in ("silence", "sequence", "session", "file"):
        for state in ("open", "asking", "filled", "lost"):
            said = gap_model.sentence(
                gap(1, why=why, state=state, closed_by="김관제", closed_ms=NOW_MS, asked=2, got=3), KO
            )
            assert "gaps." not in said


def test_what_is_left_is_said_of_what_was_missing() -> None:
    assert gap_model.missing(gap(1, missing=1), KO) == "3 중 1"
    assert gap_model.missing(gap(1, first_seq=None, last_seq=None, missing=None), KO) == "–"


def test_the_trend_shades_what_has_not_arrived(qtbot: QtBot) -> None:
    trend = {
        "record": "Trend", "source": "river-1", "quantity": "v", "unit": "m", "since_ms": NOW_MS - 3_600_000,
        "until_ms": NOW_MS, "times": [NOW_MS - 9000], "low": [1.0], "high": [1.0], "mean": [1.0], "count": 1,
    }  # fmt: skip
    found = [gap(1), gap(8, state="lost"), gap(15, state="filled")]
    bridge = FakeBridge(trend=trend, rules=[], gaps=found)
    panel = TrendPanel(bridge, KO)
    qtbot.addWidget(panel)
    panel.show()
    panel.show_series("river-1", "v")
    assert [shade.getRegion()[0] * 1000 for shade in panel.plot.shades] == [
        found[0].since_ms,
        found[1].since_ms,
    ]
    bridge.answers["gaps"] = []
    panel.apply([replace(found[0], state="filled")])
    panel._follow()
    assert panel.plot.shades == []
