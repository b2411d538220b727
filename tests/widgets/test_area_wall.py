"""The picture for the far wall."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from db.asset_records import Asset, AssetState, Condition
from tests.widgets.panel_fakes import FakeBridge, district, state
from tests.widgets.test_alarm_acts import alarm
from widgets.area_wall import MOST_TILES, AreaWall, badness, tiles
from widgets.words import Words


def facility(number: int) -> Asset:
    return Asset(id=f"f{number}", kind="facility", name=f"시설 {number:03d}")


CONDITIONS = st.builds(
    lambda condition, priority: (condition, priority), st.sampled_from(list(Condition)), st.integers(0, 4)
)


@given(st.lists(CONDITIONS, max_size=60), st.integers(2, 30))
def test_every_area_is_on_the_wall_or_counted_in_its_last_tile(kinds: list[Any], most: int) -> None:
    states = {
        f"f{n}": AssetState(id=f"f{n}", condition=condition, well=0, total=1, priority=priority)
        for n, (condition, priority) in enumerate(kinds)
    }
    made = tiles([facility(n) for n in range(len(kinds))], states, most)
    assert len(made) <= most
    assert sum(tile.count for tile in made) == len(kinds)
    assert [badness(tile.state) for tile in made] == sorted(badness(tile.state) for tile in made)
    bad = sum(bool(p) or c > Condition.UNKNOWN for c, p in kinds)
    seen = sum(
        tile.abnormal
        if tile.asset is None
        else bool(tile.state and (tile.state.priority or tile.state.condition > Condition.UNKNOWN))
        for tile in made
    )
    assert seen == bad


@pytest.fixture
def wall(qtbot: Any) -> AreaWall:
    made = AreaWall(FakeBridge(assets=district(facilities=30)), Words("ko"))
    qtbot.addWidget(made)
    made.resize(1280, 720)
    made.show()
    return made


def test_the_worst_area_comes_first_and_the_rest_is_counted(wall: AreaWall) -> None:
    wall.apply([state("f17", Condition.BAD, priority=1, alarms=2), state("f3", Condition.SILENT)])
    names = [tile.asset.id if tile.asset else None for tile in wall.tiles]
    assert (names[0], names[1], names[-1]) == ("f17", "f3", None)
    assert (len(names), wall.tiles[-1].count) == (MOST_TILES, 30 - MOST_TILES + 1)


def test_alarms_that_are_put_aside_do_not_count_on_the_wall(wall: AreaWall) -> None:
    wall.apply([alarm("a"), alarm("b", suppressed_by="a")])
    assert (wall.counts(2), wall.counts(1)) == ((1, 1), (0, 0))


def test_a_lost_link_cannot_be_overlooked(wall: AreaWall) -> None:
    before = wall.grab().toImage()
    wall._bridge.is_linked = False
    assert wall.grab().toImage() != before


def test_escape_closes_it(wall: AreaWall) -> None:
    QTest.keyClick(wall, Qt.Key.Key_Escape)
    assert not wall.isVisible()
