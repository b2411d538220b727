"""The wall and its tiles, with a pool that does as the test says."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from pytestqt.qtbot import QtBot

from console.cameras import Frame
from console.clock import ManualClock
from db.records import Camera, CameraState
from widgets.bridge import Bridge, Done
from widgets.camera_tile import CameraTile
from widgets.camera_wall import CameraWall
from widgets.words import Words

CAMERAS = [Camera(f"CAM-{n:03d}", f"이름 {n}", f"http://camera/{n}") for n in range(1, 12)]


class ScriptedPool:
    """A pool whose pictures and states the test writes."""

    def __init__(self, cameras: Sequence[Camera]) -> None:
        self.cameras = cameras
        self.wanted: dict[str, tuple[int, int]] = {}
        self.main: Collection[str] = ()
        self.frames: dict[str, Frame] = {}
        self.known = {camera.id: CameraState(camera.id, "live", 100, 0) for camera in cameras}
        self.stopped = False

    def want(self, sizes: Mapping[str, tuple[int, int]], main: Collection[str] = ()) -> None:
        self.wanted, self.main = dict(sizes), main

    def frame(self, camera_id: str) -> Frame | None:
        return self.frames.get(camera_id)

    def states(self) -> list[CameraState]:
        return list(self.known.values())

    def snapshot(self, camera_id: str) -> bytes | None:
        return b"jpeg of " + camera_id.encode()

    def processes(self) -> list[int]:
        return [4711]

    def stop(self) -> None:
        self.stopped = True

    def picture(self, camera_id: str, level: int = 200, number: int = 1) -> None:
        self.frames[camera_id] = Frame(np.full((90, 160, 3), level, np.uint8), 0.0, number, 1, 0.0, None)


class CameraDoor:
    """A core that knows cameras and takes reports."""

    def __init__(self) -> None:
        self.reports: list[dict[str, Any]] = []

    def query(self, name: str, args: dict[str, Any], done: Done, /) -> None:
        known = [{"id": c.id, "name": c.name, "url": c.url} for c in CAMERAS]
        done(known if name == "cameras" else {}, "")

    def command(self, name: str, args: dict[str, Any], done: Done, command_id: str, /) -> None:
        self.reports.append({"name": name, **args})


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def door() -> CameraDoor:
    return CameraDoor()


@pytest.fixture
def wall(qtbot: QtBot, clock: ManualClock, door: CameraDoor) -> Iterator[CameraWall]:
    bridge = Bridge(door, clock)
    made = CameraWall(bridge, Words("ko"), ScriptedPool)
    qtbot.addWidget(made)
    made.resize(900, 620)
    bridge.post_state(True, "")
    qtbot.waitUntil(lambda: bridge.is_linked and made._pool is not None)
    made.show()
    qtbot.waitExposed(made)
    yield made
    made.stop()


def pool(wall: CameraWall) -> ScriptedPool:
    assert isinstance(wall._pool, ScriptedPool)
    return wall._pool


def names(wall: CameraWall) -> list[str]:
    return [tile.camera.id for tile in wall.tiles if tile.camera is not None]


def test_it_asks_the_core_for_the_cameras_and_wants_the_first_page_in_tile_size(
    qtbot: QtBot, wall: CameraWall
) -> None:
    qtbot.waitUntil(lambda: list(pool(wall).wanted) == [camera.id for camera in CAMERAS[:9]])
    assert pool(wall).wanted["CAM-001"] == wall.tiles[0].picture_size
    assert wall.tiles[0].picture_size[0] >= wall.tiles[0].width() - 18


@pytest.mark.parametrize(("key", "count"), [("1", 1), ("2", 4), ("3", 9), ("4", 16), ("5", 25)])
def test_the_keys_1_to_5_choose_how_many_tiles(qtbot: QtBot, wall: CameraWall, key: str, count: int) -> None:
    qtbot.keyClick(wall, key)
    assert len(wall.tiles) == count
    assert len(names(wall)) == min(count, 11)
    qtbot.waitUntil(lambda: list(pool(wall).wanted) == names(wall))


def test_pages_turn_round_and_the_round_turns_them(qtbot: QtBot, wall: CameraWall) -> None:
    qtbot.keyClick(wall, Qt.Key.Key_PageDown)
    assert names(wall) == ["CAM-010", "CAM-011"]
    assert wall.chosen == "CAM-010"
    qtbot.keyClick(wall, Qt.Key.Key_PageDown)
    assert names(wall)[0] == "CAM-001"
    qtbot.keyClick(wall, "r")
    assert wall._round_timer.isActive()
    wall._round_timer.timeout.emit()
    assert names(wall)[0] == "CAM-010"


def test_double_click_focuses_by_the_main_stream_and_escape_goes_back(qtbot: QtBot, wall: CameraWall) -> None:
    qtbot.mouseDClick(wall.tiles[3], Qt.MouseButton.LeftButton)
    assert names(wall) == ["CAM-004"]
    qtbot.waitUntil(lambda: list(pool(wall).wanted) == ["CAM-004"])
    assert tuple(pool(wall).main) == ("CAM-004",)
    qtbot.keyClick(wall, Qt.Key.Key_Escape)
    assert len(names(wall)) == 9
    qtbot.waitUntil(lambda: len(pool(wall).wanted) == 9 and not pool(wall).main)


def test_enter_focuses_the_camera_that_the_arrows_chose(qtbot: QtBot, wall: CameraWall) -> None:
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Down, Qt.Key.Key_Return):
        qtbot.keyClick(wall, key)
    assert names(wall) == ["CAM-005"]


def test_only_tiles_with_something_new_are_painted(wall: CameraWall) -> None:
    wall.refresh_states()
    pool(wall).picture("CAM-001")
    pool(wall).picture("CAM-002")
    wall.refresh()
    assert wall.refresh() == 0
    pool(wall).picture("CAM-002", number=2)
    assert wall.refresh() == 1


def test_hidden_it_wants_nothing_and_paints_nothing_but_goes_on_reporting(
    qtbot: QtBot, wall: CameraWall, door: CameraDoor, clock: ManualClock
) -> None:
    wall.hide()
    qtbot.waitUntil(lambda: not pool(wall).wanted)
    pool(wall).picture("CAM-001")
    assert wall.refresh() == 0
    assert not wall._paint_timer.isActive()
    count = len(door.reports)
    clock.advance(2.5)
    wall.report()
    assert len(door.reports) == count + 1


def test_states_are_reported_when_they_change_or_every_2_s(
    wall: CameraWall, door: CameraDoor, clock: ManualClock
) -> None:
    clock.advance(5)
    wall.refresh_states()
    wall.report()
    door.reports.clear()
    wall.report()
    assert door.reports == []
    pool(wall).known["CAM-003"] = CameraState("CAM-003", "offline", 9000, 0, 4, "no answer in time")
    wall.refresh_states()
    wall.report()
    assert [report["name"] for report in door.reports] == ["camera.report"]
    assert door.reports[0]["states"][2]["state"] == "offline"
    assert door.reports[0]["workers"] == [4711]
    clock.advance(2.1)
    wall.report()
    assert len(door.reports) == 2


def test_the_same_list_again_keeps_the_pool_and_another_replaces_it(wall: CameraWall) -> None:
    first = pool(wall)
    wall.set_cameras(list(CAMERAS))
    assert pool(wall) is first
    wall.set_cameras(CAMERAS[:2])
    assert first.stopped
    assert names(wall) == ["CAM-001", "CAM-002"]


def test_snapshot_and_incident_name_the_chosen_camera(qtbot: QtBot, wall: CameraWall) -> None:
    qtbot.mouseClick(wall.tiles[1], Qt.MouseButton.LeftButton)
    with qtbot.waitSignal(wall.snapshot_taken) as taken:
        qtbot.keyClick(wall, "s")
    assert taken.args == ["CAM-002", b"jpeg of CAM-002"]
    with qtbot.waitSignal(wall.incident_wanted) as wanted:
        qtbot.keyClick(wall, "e")
    assert wanted.args == ["CAM-002"]


# --- one tile


@pytest.fixture
def tile(qtbot: QtBot) -> CameraTile:
    made = CameraTile(Words("ko"))
    qtbot.addWidget(made)
    made.resize(320, 206)
    made.assign(CAMERAS[0])
    return made


def white() -> Frame:
    return Frame(np.full((180, 320, 3), 255, np.uint8), 0.0, 1, 1, 0.0, None)


def brightest(tile: CameraTile) -> int:
    """The brightest point of the picture's upper quarter, where no words are."""
    picture = tile.grab().toImage()
    return max(QColor(picture.pixel(x, y)).lightness() for x in range(10, 310, 5) for y in range(5, 40, 3))


def test_a_live_picture_is_bright_and_says_its_age(tile: CameraTile) -> None:
    tile.show_picture(white(), CameraState("CAM-001", "live", 230, 0), 0)
    assert (tile.age_text, tile.over) == ("0.2초", ("", ""))
    assert brightest(tile) == 255


@pytest.mark.parametrize(
    ("state", "over"),
    [
        (CameraState("CAM-001", "stale", 3000, 0), "지연된 화면 3초"),
        (CameraState("CAM-001", "frozen", 100, 1000), "화면 정지 41초"),
    ],
)
def test_an_old_or_standing_picture_is_dimmed_and_named(
    tile: CameraTile, state: CameraState, over: str
) -> None:
    tile.show_picture(white(), state, 42_000)
    assert tile.over[0] == over
    assert brightest(tile) < 200


def test_an_offline_camera_shows_no_picture_even_if_there_is_one(tile: CameraTile) -> None:
    tile.show_picture(white(), CameraState("CAM-001", "live", 0, 0), 0)
    at_ms = 1_795_309_221_000
    tile.show_picture(white(), CameraState("CAM-001", "offline", 61_000, at_ms - 61_000, 3), at_ms)
    assert tile.over == ("영상 없음", "마지막 화면 09:59:20 · 재접속 3회")
    assert tile.age_text == "오프라인 1분"
    assert brightest(tile) < 60


def test_another_camera_in_the_tile_takes_the_old_picture_away(tile: CameraTile) -> None:
    tile.show_picture(white(), CameraState("CAM-001", "live", 0, 0), 0)
    tile.assign(CAMERAS[1])
    assert brightest(tile) < 60


def test_without_a_state_nothing_is_shown_as_live(tile: CameraTile) -> None:
    tile.show_picture(white(), None, 0)
    assert brightest(tile) < 60


def placed(count: int) -> list[Camera]:
    """Cameras in a row to the east, the last nearest to 127 degrees."""
    return [
        Camera(f"P-{n:02d}", f"P {n}", f"http://p/{n}", lon=126.0 + n / 100, lat=37.5) for n in range(count)
    ]


def test_around_a_place_are_its_nine_nearest_cameras_and_escape_gives_back_what_was_there(
    qtbot: QtBot, wall: CameraWall
) -> None:
    wall.set_cameras([*placed(12), Camera("X", "no position", "http://x")])
    wall.set_count(4)
    wall.next_page()
    before = names(wall), wall.chosen
    wall.surround("시장", 127.0, 37.5)
    assert (names(wall), wall.chosen) == (["P-11", "P-10", "P-09", "P-08"], "P-11")
    assert wall.bar._title.text() == "투망감시: 시장 주변 9대"
    assert wall.pages == 3
    wall.surround("하천", 126.0, 37.5)
    assert names(wall)[0] == "P-00"
    qtbot.keyClick(wall, Qt.Key.Key_Escape)
    assert (names(wall), wall.chosen) == before
    assert wall.bar._title.text() == "카메라"


def test_a_focus_within_the_surroundings_is_left_first(qtbot: QtBot, wall: CameraWall) -> None:
    wall.set_cameras(placed(12))
    wall.surround("시장", 127.0, 37.5)
    wall.focus("P-10")
    qtbot.keyClick(wall, Qt.Key.Key_Escape)
    assert (names(wall)[0], wall.around) == ("P-11", "시장")


def test_without_placed_cameras_the_wall_stays(wall: CameraWall) -> None:
    before = names(wall)
    wall.surround("시장", 127.0, 37.5)
    assert (names(wall), wall.around) == (before, "")
