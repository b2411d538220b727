"""The cards of the board: a press goes to the domain, and a calm district needs little room."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QFont, QFontMetrics, QPainter, QPixmap
from pytestqt.qtbot import QtBot

from db.asset_records import Asset, AssetState, Condition
from db.records import Latest
from tests.widgets.panel_fakes import NOW_MS, FakeBridge
from widgets.domain_cards import QUIET_MS, DomainCards, _whole, with_value
from widgets.words import Words

TREE = [
    Asset("d", "district", "구"),
    Asset("f", "facility", "시장", parent="d", domain="electric"),
    Asset("g", "facility", "하천", parent="d", domain="river"),
    Asset("v", "device", "분전반", parent="f", source="v"),
    Asset("v/q", "channel", "누설", parent="v", source="v", quantity="leakage"),
]


def states(condition: Condition = Condition.WELL) -> tuple[AssetState, ...]:
    return AssetState("f", condition, 1, 1), AssetState("g", Condition.WELL, 1, 1)


@pytest.fixture
def bridge() -> FakeBridge:
    return FakeBridge(assets=TREE, packs=[], trend=Exception("none"))


@pytest.fixture
def cards(qtbot: QtBot, bridge: FakeBridge) -> Iterator[DomainCards]:
    made = DomainCards(bridge, Words("ko"))
    qtbot.addWidget(made)
    made.resize(700, 160)
    made.show()
    bridge.linked.emit(True, "")
    yield made
    made.hide()


def test_a_press_on_a_card_asks_for_its_domain(qtbot: QtBot, cards: DomainCards) -> None:
    wanted: list[str] = []
    cards.domain_wanted.connect(wanted.append)
    for place, _ in cards._places():
        qtbot.mouseClick(cards, Qt.MouseButton.LeftButton, pos=place.center())
    assert wanted == ["electric", "river"]


def test_a_calm_district_folds_after_a_while_and_unfolds_at_once(
    cards: DomainCards, bridge: FakeBridge
) -> None:
    told: list[int] = []
    cards.quiet_changed.connect(told.append)
    cards.apply(states())
    bridge.now = NOW_MS + QUIET_MS - 1
    cards.apply(states())
    assert told == []
    bridge.now = NOW_MS + QUIET_MS
    cards.apply(states())
    assert 0 < told[-1] < 60
    cards.apply(states(Condition.BAD))
    assert told[-1] == 0
    cards.apply(states())
    assert len(told) == 2  # and waits again


def test_the_curve_is_asked_of_the_core_for_what_the_card_tells(
    cards: DomainCards, bridge: FakeBridge
) -> None:
    cards.apply((*states(), Latest("v", "leakage", "inst", 1.0, "mA", NOW_MS, NOW_MS)))
    assert bridge.last("trend")["source"] == "v"
    cards.grab()  # draws without a fault while nothing has been answered


def test_a_figure_is_drawn_whole_or_not_at_all_but_a_name_may_be_cut(qapp: object) -> None:
    picture = QPixmap(200, 40)
    painter = QPainter(picture)
    wide = QFontMetrics(painter.font()).horizontalAdvance
    two = "균열폭 1.22 mm · 기울기 0.1"
    assert _whole(painter, two, wide(two), is_figure=True) == two
    assert _whole(painter, two, wide(two) - 1, is_figure=True) == "균열폭 1.22 mm"
    assert _whole(painter, two, 10, is_figure=True) == ""
    assert _whole(painter, "한빛대로 84번 폴", 10, is_figure=False) == "한빛대로 84번 폴"
    painter.end()


def test_where_room_is_short_the_name_is_cut_and_never_the_value(qapp: object) -> None:
    metrics = QFontMetrics(QFont())
    wide = metrics.horizontalAdvance
    text = "Leakage current 45.26 mA"
    assert with_value(text, wide(text) + 1, metrics) == text
    cut = with_value(text, wide(text) - 20, metrics)
    assert cut.endswith("… 45.26 mA")
    assert wide(cut) <= wide(text) - 20
    assert with_value(text, 10, metrics) == "45.26 mA"
