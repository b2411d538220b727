"""The map: clusters, selection, pulses."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from db.alarm_records import Alarm, AlarmState
from db.asset_records import Asset, Condition
from db.records import Camera, CameraState
from tests.widgets.panel_fakes import NOW_MS, FakeBridge, district, state
from widgets.map_cluster import CRITICAL, LOW, MEDIUM, UNKNOWN, WELL, badness, clustered
from widgets.map_panel import MapPanel
from widgets.map_places import Places
from widgets.words import Words

places = st.lists(
    st.tuples(st.floats(-5000, 5000), st.floats(-5000, 5000), st.integers(WELL, CRITICAL)), max_size=200
)


def alarm(
    asset: str = "f1d0:t", activation: int = 1, status: AlarmState = AlarmState.UNACKNOWLEDGED
) -> Alarm:
    return Alarm(
        id="a", activation=activation, rule="r", kind="threshold", source="s", quantity="q", priority=1,
        state=status, raised_ms=NOW_MS, changed_ms=NOW_MS, asset="f1d0:t",
    )  # fmt: skip


def shown(qtbot: QtBot, assets: list[Asset] | None = None) -> MapPanel:
    panel = MapPanel(FakeBridge(assets=district() if assets is None else assets, cameras=[]), Words("ko"))
    qtbot.addWidget(panel)
    panel.resize(900, 700)
    panel.show()
    return panel


def bad(panel: MapPanel, place: str) -> int:
    return int(panel.view._bad[panel.view._at[place]])


@given(places, st.floats(1, 5000))
def test_no_place_is_lost_by_clustering(points: list[tuple[float, float, int]], cell_m: float) -> None:
    x, y = np.array([p[0] for p in points]), np.array([p[1] for p in points])
    found = clustered(x, y, np.array([p[2] for p in points], dtype=np.int64), cell_m)
    assert found.count.sum() == len(points)


@given(places)
def test_what_is_abnormal_is_never_counted_among_the_well(points: list[tuple[float, float, int]]) -> None:
    x, y = np.array([p[0] for p in points]), np.array([p[1] for p in points])
    found = clustered(x, y, np.array([p[2] for p in points], dtype=np.int64), 1000.0)
    abnormal = sum(p[2] > UNKNOWN for p in points)
    assert found.count[found.worst > UNKNOWN].sum() == abnormal


@given(places)
def test_the_worst_is_drawn_last(points: list[tuple[float, float, int]]) -> None:
    x, y = np.array([p[0] for p in points]), np.array([p[1] for p in points])
    found = clustered(x, y, np.array([p[2] for p in points], dtype=np.int64), 700.0)
    assert (np.diff(found.worst) >= 0).all()


def test_a_standing_alarm_outweighs_the_condition() -> None:
    assert badness(Condition.CAUTION, 1) == CRITICAL
    assert badness(Condition.CAUTION) == MEDIUM
    assert badness(Condition.SILENT) == LOW
    assert badness(Condition.UNKNOWN) == UNKNOWN


def test_places_are_the_lowest_assets_that_have_a_position(qtbot: QtBot) -> None:
    assert len(shown(qtbot).view) == 6


def test_an_alarm_of_a_channel_is_drawn_where_its_device_is(qtbot: QtBot) -> None:
    panel = shown(qtbot)
    panel.apply([state("f1d0"), alarm()])
    assert bad(panel, "f1d0") == CRITICAL


def test_an_alarm_that_is_normal_again_leaves_the_map(qtbot: QtBot) -> None:
    panel = shown(qtbot)
    panel.apply([state("f1d0"), alarm()])
    panel.apply([alarm(status=AlarmState.NORMAL)])
    assert bad(panel, "f1d0") == WELL


def test_an_alarm_pulses_once_per_activation(qtbot: QtBot) -> None:
    panel = shown(qtbot)
    panel.apply([alarm()])
    panel.view._pulses.clear()
    panel.apply([alarm(), alarm()])
    assert panel.view._pulses == {}
    panel.apply([alarm(activation=2)])
    assert list(panel.view._pulses) == ["f1d0"]


def test_a_click_chooses_the_asset_under_it(qtbot: QtBot) -> None:
    panel = shown(qtbot)
    panel.apply([state("f2d1", Condition.BAD)])
    panel.show_asset("f2d1")
    panel.view.selected = ""
    middle = QPoint(panel.view.width() // 2, panel.view.height() // 2)
    with qtbot.waitSignal(panel.asset_selected) as signal:
        qtbot.mouseClick(panel.view, Qt.MouseButton.LeftButton, pos=middle)
    assert signal.args == ["f2d1"]


def test_a_place_that_is_chosen_and_seen_does_not_move_under_the_hand(qtbot: QtBot) -> None:
    panel = shown(qtbot)
    panel.apply([alarm()])
    panel.view.select("f1d0")
    before = panel.view.frame
    assert panel.show_asset("f1d0:t")
    assert panel.view.frame == before
    assert panel.alarms_at("f1d0:i") == ["a"]


def test_each_asset_belongs_to_the_placed_one_at_or_above_it() -> None:
    places = Places(district(5, 100))
    assert len(places.placed) == 500
    assert (places.of["f3d7:t"], places.of["f3d7"], places.of["f3"], places.of["guro"]) == (
        "f3d7", "f3d7", "", ""
    )  # fmt: skip


def test_showing_a_channel_moves_to_its_device(qtbot: QtBot) -> None:
    panel = shown(qtbot)
    assert panel.show_asset("f1d1:i")
    assert panel.view.selected == "f1d1"


def test_panning_does_not_cluster_anew(qtbot: QtBot) -> None:
    panel = shown(qtbot)
    before = panel.view.clusters()
    panel.view.pan(50, 20)
    assert panel.view.clusters() is before


def test_zooming_keeps_the_ground_under_the_pointer(qtbot: QtBot) -> None:
    panel = shown(qtbot)
    before = panel.view.frame.place(126.851, 37.471)
    panel.view.zoom(1.5, before)
    after = panel.view.frame.place(126.851, 37.471)
    assert (before - after).manhattanLength() < 0.01


def test_a_hidden_panel_keeps_the_newest_for_later(qtbot: QtBot) -> None:
    panel = shown(qtbot)
    panel.apply([state("f1d0")])
    panel.hide()
    panel.apply([state("f1d0", Condition.BAD)])
    assert bad(panel, "f1d0") == WELL
    panel.show()
    assert bad(panel, "f1d0") > MEDIUM


def test_a_camera_is_drawn_with_its_state(qtbot: QtBot) -> None:
    cameras = [Camera(id="c1", name="정문", url="x", lon=126.85, lat=37.47)]
    panel = MapPanel(FakeBridge(assets=district(), cameras=cameras), Words("ko"))
    qtbot.addWidget(panel)
    panel.show()
    panel.apply([CameraState(id="c1", state="offline", age_ms=None, since_ms=0)])
    assert panel.view.cameras.states == ["offline"]


def test_without_positions_the_panel_says_what_to_do(qtbot: QtBot) -> None:
    panel = shown(qtbot, [Asset(id="a", kind="device", name="a")])
    assert "lon" in panel.empty.text()
