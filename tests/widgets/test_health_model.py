"""The asset tree as Qt rows."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QModelIndex, QPersistentModelIndex, Qt
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from db.asset_records import Asset, Condition
from tests.widgets.panel_fakes import NOW_MS, district, latest, state
from widgets.health_model import AssetTree
from widgets.words import Words


@pytest.fixture
def tree(qapp: object) -> AssetTree:
    tree = AssetTree(Words("ko"), lambda: NOW_MS)
    tree.set_assets(district())
    return tree


def names(tree: AssetTree, parent: QModelIndex | None = None) -> list[str]:
    above = parent or QModelIndex()
    return [str(tree.index(row, 0, above).data()) for row in range(tree.rowCount(above))]


def column(tree: AssetTree, asset: str, number: int) -> str:
    return str(tree.find(asset).siblingAtColumn(number).data())


def test_the_tree_obeys_qt(tree: AssetTree, qtmodeltester: ModelTester) -> None:
    tree.apply([state("f1", Condition.BAD), latest("f1d0")])
    tree.arrange()
    qtmodeltester.check(tree)


def test_the_worst_stands_first(tree: AssetTree) -> None:
    tree.apply([state("f2", Condition.BAD), state("f1", Condition.SILENT)])
    tree.arrange()
    assert names(tree, tree.find("guro")) == ["남문시장 2호", "남문시장 1호", "남문시장 0호"]


def test_a_chosen_row_stays_chosen_when_the_order_changes(tree: AssetTree) -> None:
    held = QPersistentModelIndex(tree.find("f2"))
    tree.apply([state("f2", Condition.BAD)])
    tree.arrange()
    assert (held.row(), held.data()) == (0, "남문시장 2호")


def test_a_new_state_touches_its_row_only(tree: AssetTree, qtbot: QtBot) -> None:
    names(tree, tree.index(0, 0))  # rows are made when they are looked at
    with qtbot.waitSignal(tree.dataChanged) as signal:
        tree.apply([state("f1", Condition.CAUTION)])
    assert signal.args is not None
    assert [index.row() for index in signal.args[:2]] == [1, 1]


def test_the_filter_keeps_what_is_above_and_below(tree: AssetTree) -> None:
    tree.set_filter("시장 1")
    assert names(tree, tree.find("guro")) == ["남문시장 1호"]
    assert names(tree, tree.find("f1d0")) == ["온도", "누설"]


def test_the_share_of_well_ones_is_a_count_and_per_cent(tree: AssetTree) -> None:
    tree.apply([state("guro", well=812, total=851)])
    assert column(tree, "guro", 2) == "812/851 · 95%"


def test_a_channel_shows_its_value_with_its_unit(tree: AssetTree) -> None:
    tree.apply([latest("f0d0", value=21.5)])
    assert column(tree, "f0d0:t", 3) == "21.50 °C"


def test_an_older_reading_does_not_replace_a_newer_one(tree: AssetTree) -> None:
    tree.apply([latest("f0d0", value=21.5), latest("f0d0", value=3.0, observed_ms=NOW_MS - 60_000)])
    assert column(tree, "f0d0:t", 3) == "21.50 °C"


def test_the_age_is_that_of_the_last_reading(tree: AssetTree) -> None:
    tree.apply([state("f0d0:t", last_seen_ms=NOW_MS - 180_000)])
    assert column(tree, "f0d0:t", 4) == "3분"


def test_what_never_reported_says_so(tree: AssetTree) -> None:
    assert column(tree, "f0d0:t", 1) == "수신 전"


def test_parents_in_a_circle_do_not_hang_the_tree(qapp: object) -> None:
    tree = AssetTree(Words("ko"), lambda: NOW_MS)
    tree.set_assets(
        [
            Asset(id="a", kind="device", name="a", parent="b"),
            Asset(id="b", kind="device", name="b", parent="a"),
        ]
    )
    assert names(tree) == ["a"]
    assert names(tree, tree.find("a")) == ["b"]


def test_names_follow_the_language(qapp: object) -> None:
    tree = AssetTree(Words("en"), lambda: NOW_MS)
    tree.set_assets(district())
    assert tree.path("f1d0:t") == "Nammun market 1 › Panel 0 › Heat"


def test_a_name_with_markup_is_text(qapp: object) -> None:
    tree = AssetTree(Words("ko"), lambda: NOW_MS)
    tree.set_assets([Asset(id="a", kind="device", name="<b>a</b>\n\u202eb")])
    assert tree.find("a").data(Qt.ItemDataRole.DisplayRole) == "<b>a</b> b"


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"flags": 1}, "21.50 °C (보관값)"),
        ({"flags": 4}, "21.50 °C (과거값)"),
        ({"quality": "stuck"}, "21.50 °C (불량)"),
        ({"quality": "uncertain"}, "21.50 °C (불확실)"),
    ],
)
def test_a_value_that_is_not_good_and_live_is_marked(
    tree: AssetTree, fields: dict[str, object], text: str
) -> None:
    tree.apply([latest("f0d0", **fields)])
    assert column(tree, "f0d0:t", 3) == text


def test_the_maximum_of_a_period_is_not_the_value(tree: AssetTree) -> None:
    tree.apply([latest("f0d0", value=21.5), latest("f0d0", value=99.0, statistic="max")])
    assert column(tree, "f0d0:t", 3) == "21.50 °C"


def test_only_what_is_looked_at_costs_a_row(qapp: object) -> None:
    tree = AssetTree(Words("ko"), lambda: NOW_MS)
    tree.set_assets(district(facilities=50, devices=20))
    assert len(tree._nodes) == 1
    names(tree)
    assert len(tree._nodes) == 2
    tree.apply([state("f7d3", Condition.BAD)])
    found = tree.find("f7d3:i")
    assert tree.data(found) == "누설"
    assert len(tree._nodes) < 80
    assert column(tree, "f7d3", 1) == "이상"
