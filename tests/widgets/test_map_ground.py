"""The ground of the map: tiles, layers and plans as they come, late, never, or broken."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from PySide6.QtCore import QPoint, QRectF, Qt
from PySide6.QtGui import QColor
from pytestqt.qtbot import QtBot

from console.errors import ConsoleError
from console.maps import grid
from console.maps.atlas import Atlas
from console.maps.tables import MapFile
from db import connection, tiles
from db.alarm_records import Alarm, AlarmState
from db.asset_records import Asset, Condition
from db.records import Camera
from db.workings import Progress
from tests.console.maps import vector_files
from tests.console.maps.map_files import DISTRICT, atlas, layer, mbtiles, png, square
from tests.widgets.panel_fakes import NOW_MS, FakeBridge, district, state
from widgets.map_frame import Datum, Frame
from widgets.map_heat import HeatLayer
from widgets.map_package import PackageDialog
from widgets.map_panel import MapPanel
from widgets.map_tiles import decoded, toned
from widgets.words import Words


def asked(maps: Atlas, **more: Any) -> dict[str, Callable[[dict[str, Any]], Any]]:
    """The answers of a core with these maps."""

    def answer(kind: type[msgspec.Struct], ask: Callable[[Any], Any]) -> Callable[[dict[str, Any]], Any]:
        def answered(args: dict[str, Any]) -> Any:
            try:
                return ask(msgspec.convert(args, kind))
            except ConsoleError as error:
                return error

        return answered

    answers = {name.replace(".", "__"): answer(*known) for name, known in maps.questions().items()}
    return {**answers, **more}


def panel_on(qtbot: QtBot, maps: Atlas, assets: list[Asset] | None = None, **more: Any) -> MapPanel:
    bridge = FakeBridge(assets=[] if assets is None else assets, **{"cameras": [], **asked(maps, **more)})
    panel = MapPanel(bridge, Words("ko"))
    qtbot.addWidget(panel)
    panel.resize(600, 500)
    panel.show()
    settle(qtbot, panel)
    return panel


def settle(qtbot: QtBot, panel: MapPanel) -> None:
    """Wait until all that is seen has been drawn."""

    def drawn() -> bool:
        panel.view.grab()
        return not panel.ground.is_waiting

    qtbot.waitUntil(drawn)


def shade(panel: MapPanel, x: int, y: int) -> QColor:
    return panel.view.grab().toImage().pixelColor(x, y)


def base(folder: Path, **more: Any) -> Atlas:
    mbtiles(folder / "a.mbtiles", range(10, 13))
    return atlas(folder, MapFile(id="m", file="a.mbtiles", kind="mbtiles", tone="colour", **more))


def test_without_assets_the_map_itself_is_shown(qtbot: QtBot, tmp_path: Path) -> None:
    panel = panel_on(qtbot, base(tmp_path))
    assert panel.pages.currentIndex() == 0
    assert shade(panel, 300, 200).red() in (100, 110, 120)


def test_zooming_in_beyond_the_last_tiles_shows_them_larger(qtbot: QtBot, tmp_path: Path) -> None:
    panel = panel_on(qtbot, base(tmp_path))
    panel.view.zoom(60)
    settle(qtbot, panel)
    assert shade(panel, 300, 200).red() == 120


def test_a_missing_tile_is_covered_by_the_one_above_it(qtbot: QtBot, tmp_path: Path) -> None:
    maps = base(tmp_path)
    box = grid.box(DISTRICT, 12)
    change(
        tmp_path / "a.mbtiles",
        f"DELETE FROM tiles WHERE zoom_level = 12 AND tile_column NOT IN ({box.west}, {box.east})",
    )
    panel = panel_on(qtbot, maps)
    panel.view.zoom(3)
    settle(qtbot, panel)
    assert shade(panel, 300, 200).red() == 110


def change(path: Path, statement: str) -> None:
    """Alter a map's file."""
    db = connection.driver.connect(str(path))
    db.execute(statement)
    db.commit()
    db.close()


def test_panning_back_asks_for_nothing_again(qtbot: QtBot, tmp_path: Path) -> None:
    panel = panel_on(qtbot, base(tmp_path))
    bridge = panel._bridge
    assert isinstance(bridge, FakeBridge)
    panel.view.pan(100, 0)
    settle(qtbot, panel)
    panel.view.grab()
    before = len(bridge.asked)
    panel.view.pan(-100, 0)
    panel.view.grab()
    assert len(bridge.asked) == before


def test_the_cache_of_tiles_stays_within_its_bytes(qtbot: QtBot, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("widgets.map_tiles.CACHE_BYTES", 6_000_000)
    panel = panel_on(qtbot, base(tmp_path))
    panel.view.zoom(4)
    panel.view.grab()
    qtbot.wait(50)
    assert panel.ground.tiles.held_bytes <= 6_000_000


def test_a_broken_tile_is_told_under_the_map(qtbot: QtBot, tmp_path: Path) -> None:
    maps = base(tmp_path)
    change(
        tmp_path / "a.mbtiles", "UPDATE tiles SET tile_data = substr(tile_data, 1, 20) WHERE zoom_level < 12"
    )
    panel = panel_on(qtbot, maps)
    panel.view.zoom(0.3)
    panel.view.grab()
    qtbot.waitUntil(lambda: bool(panel.ground.tiles.faults))
    qtbot.waitUntil(lambda: any("지도 오류" in note for note in panel.view.notes))


def test_what_failed_with_the_link_is_asked_for_again_with_the_next(qtbot: QtBot, tmp_path: Path) -> None:
    panel = panel_on(qtbot, base(tmp_path), map__tile=ConsoleError("the link broke"))
    assert "the link broke" in panel.view.notes[0]
    bridge = panel._bridge
    assert isinstance(bridge, FakeBridge)
    bridge.answers |= {name.replace("__", "."): each for name, each in asked(base(tmp_path)).items()}
    bridge.linked.emit(True, "")
    settle(qtbot, panel)
    assert not any("the link broke" in note for note in panel.view.notes)
    assert shade(panel, 300, 200).red() in (100, 110, 120)


def test_a_map_that_is_not_there_is_told_and_the_others_are_drawn(qtbot: QtBot, tmp_path: Path) -> None:
    layer(tmp_path / "l.geojson", square(126.8, 37.4, 0.2))
    maps = atlas(
        tmp_path,
        MapFile(id="gone", file="gone.mbtiles", kind="mbtiles"),
        MapFile(id="lines", file="l.geojson", kind="geojson", style="water", dated="2026-08"),
    )
    panel = panel_on(qtbot, maps)
    assert "gone.mbtiles" in panel.view.notes[0]
    assert "l.geojson · 2026-08" in panel.view.notes
    assert shade(panel, 300, 200).name() == "#2b3f52"


def test_a_vector_tile_is_drawn_with_its_islands_open(qtbot: QtBot, tmp_path: Path) -> None:
    ring = [(0, 0), (4096, 0), (4096, 4096), (0, 4096)]
    island = [(1500, 1500), (1500, 2600), (2600, 2600), (2600, 1500)]
    tile = vector_files.layer("water", (3, [ring, island]))
    box = grid.box(DISTRICT, 10)
    writer = tiles.Writer(tmp_path / "v.mbtiles", {"format": "pbf"})
    writer.put(10, [(box.west, box.north, gzip.compress(tile))])
    writer.close()
    panel = panel_on(qtbot, atlas(tmp_path, MapFile(id="v", file="v.mbtiles", kind="mbtiles")))
    assert panel.ground.sheets[0].form == "pbf"
    middle = panel.view.width() // 2, panel.view.height() // 2
    assert shade(panel, *middle).name() == "#20252b"
    assert shade(panel, middle[0], middle[1] - 130).name() == "#2b3f52"


def test_an_island_is_no_water(qtbot: QtBot, tmp_path: Path) -> None:
    lake = square(126.8, 37.4, 0.2)
    lake["coordinates"] += square(126.88, 37.48, 0.04)["coordinates"]
    layer(tmp_path / "l.geojson", lake)
    file = MapFile(id="lake", file="l.geojson", kind="geojson", style="water")
    panel = panel_on(qtbot, atlas(tmp_path, file))
    middle = panel.view.width() // 2, panel.view.height() // 2
    assert shade(panel, *middle).name() == "#20252b"
    assert shade(panel, middle[0] - 90, middle[1]).name() == "#2b3f52"


def test_a_picture_that_claims_to_be_huge_is_refused_unread() -> None:
    image, fault = decoded(png(side=2000), 1024)
    assert image is None
    assert "2000" in fault
    assert decoded(b"\x89PNG\r\n\x1a\n" + b"rubbish" * 40, 1024)[0] is None


def test_a_hidden_map_is_not_drawn(qtbot: QtBot, tmp_path: Path) -> None:
    panel = panel_on(qtbot, base(tmp_path))
    panel.menu._maps[0].setChecked(False)
    settle(qtbot, panel)
    assert shade(panel, 301, 201).red() < 60


def test_metres_and_degrees_are_inverse_and_true_at_the_middle() -> None:
    datum = Datum(126.9, 37.5)
    assert np.allclose(datum.degrees(*datum.one(127.3, 37.9)), (127.3, 37.9))
    east, _ = datum.one(126.9 + 0.001, 37.5)
    _, south = datum.one(126.9, 37.5 - 0.001)
    assert abs(east - 88.32) < 0.2  # metres of a thousandth of a degree at 37.5 N
    assert abs(south - 111.32) < 0.3


def test_tiles_of_a_zoom_meet_without_a_gap() -> None:
    datum = Datum(126.9, 37.5)
    one, other = datum.tile_rect(14, 13966, 6350), datum.tile_rect(14, 13967, 6351)
    assert abs(one.right() - other.left()) < 1e-6
    assert abs(one.bottom() - other.top()) < 1e-6
    columns, rows = datum.tile_range(14, one.adjusted(1, 1, -1, -1))
    assert (list(columns), list(rows)) == ([13966], [6350])


def test_a_light_map_becomes_a_dark_ground(qtbot: QtBot, tmp_path: Path) -> None:
    light, photograph = (decoded(png(250), 1024)[0] for _ in range(2))
    assert light is not None and photograph is not None
    assert toned(light, "night").pixelColor(9, 9).lightness() < 50
    assert toned(photograph, "grey").pixelColor(9, 9).lightness() > 120
    assert toned(light, "colour") is light


# --- plans, areas, values, packages ------------------------------------------------


def plans(folder: Path) -> Atlas:
    (folder / "plan.png").write_bytes(png(200))
    file = MapFile(id="b1", file="plan.png", kind="image", facility="f1", floor="B1", metres_per_pixel=0.25)
    assets = [asset for asset in district() if asset.id == "f1"]
    return Atlas([file], folder, assets)


def test_a_facility_opens_its_plan_and_esc_gives_the_district_back(qtbot: QtBot, tmp_path: Path) -> None:
    panel = panel_on(qtbot, plans(tmp_path), district())
    scale = panel.view.frame.scale
    assert panel.open_facility("f1d0:t")
    settle(qtbot, panel)
    assert panel.view.frame.scale < scale
    assert panel.title.text() == "지도 › 구로구 › 남문시장 1호 › 도면 B1"
    assert shade(panel, panel.view.width() // 2 + 90, panel.view.height() // 2 + 90).red() == 200
    qtbot.keyClick(panel.view, Qt.Key.Key_Escape)
    assert panel.title.text() == "지도 › 구로구"
    assert panel.view.frame.scale == scale


def test_what_is_chosen_offers_the_plan_of_its_facility(qtbot: QtBot, tmp_path: Path) -> None:
    panel = panel_on(qtbot, plans(tmp_path), district())
    panel.show_asset("f2d0")
    assert not panel.plan_button.isVisible()
    panel.show_asset("f1d1:t")
    assert panel.plan_button.isVisible()
    panel.plan_button.click()
    assert panel.title.text().endswith("도면 B1")


def test_a_facility_without_a_plan_says_so(qtbot: QtBot, tmp_path: Path) -> None:
    assert not panel_on(qtbot, plans(tmp_path), district()).open_facility("f2")


def drag(qtbot: QtBot, panel: MapPanel) -> None:
    """Choose nearly all of the map with Shift and the mouse."""
    view, shift, left = panel.view, Qt.KeyboardModifier.ShiftModifier, Qt.MouseButton.LeftButton
    qtbot.mousePress(view, left, shift, QPoint(2, 2))
    qtbot.mouseMove(view, QPoint(100, 100))
    qtbot.mouseMove(view, QPoint(view.width() - 2, view.height() - 2))
    qtbot.mouseRelease(view, left, shift, QPoint(view.width() - 2, view.height() - 2))


def test_an_area_lists_assets_alarms_and_cameras_worst_first(qtbot: QtBot, tmp_path: Path) -> None:
    camera = Camera(id="c1", name="정문", url="x", lon=126.851, lat=37.4702)
    away = Camera(id="c2", name="먼 곳", url="x", lon=127.851, lat=37.4702)
    panel = panel_on(qtbot, atlas(tmp_path), district(), cameras=[camera, away])
    panel.apply([state("f2d1", Condition.BAD), alarm("f1d0:t")])
    drag(qtbot, panel)
    area = panel.area
    assert area.isVisible()
    assert [area.lists[kind].count() for kind in ("alarms", "assets", "cameras")] == [1, 6, 1]
    assert area.lists["assets"].item(0).text() == "분전반 0"
    with qtbot.waitSignal(panel.cameras_wanted) as wanted:
        area.cameras_button.click()
    assert wanted.args == [("c1",)]
    with qtbot.waitSignal(panel.alarms_wanted) as alarms:
        area.alarms_button.click()
    assert alarms.args == [("a",)]
    qtbot.keyClick(panel.view, Qt.Key.Key_Escape)
    assert not area.isVisible()
    qtbot.keyClick(panel.view, Qt.Key.Key_A)
    assert area.isVisible()


def alarm(asset: str, **more: Any) -> Alarm:
    filled: dict[str, Any] = {"state": AlarmState.UNACKNOWLEDGED, "activation": 1} | more
    return Alarm(
        id="a", rule="r", kind="threshold", source="s", quantity="q", priority=1,
        raised_ms=NOW_MS, changed_ms=NOW_MS, asset=asset, **filled,
    )  # fmt: skip


def values(age_s: float) -> dict[str, Any]:
    columns = {"lon": [126.85, 126.852], "lat": [37.47, 37.471], "value": [10.0, 90.0]}
    columns |= {"age_s": [10.0, age_s], "fresh_s": [900.0, 900.0]}
    packed = {name: np.array(each, dtype="<f8").tobytes() for name, each in columns.items()}
    return {"quantity": "pm10", "unit": "ug/m3", "other_unit": 0, **packed}


def heat(age_s: float) -> HeatLayer:
    bridge = FakeBridge(map__values=lambda args: values(age_s))
    layer_ = HeatLayer(bridge, Words("ko"))
    layer_._frame = Frame(Datum(126.851, 37.4705), 0, 0, 2.0, 600, 500)
    layer_.choose("pm10")
    layer_._work_out()
    return layer_


def test_values_are_shaded_and_old_ones_left_out(qtbot: QtBot) -> None:
    fresh, old = heat(10.0), heat(9 * 3600.0)
    assert (fresh.counts, old.counts) == ((2, 0), (1, 1))
    assert fresh._image is not None and old._image is not None
    high = fresh._datum.one(126.852, 37.471) if fresh._datum else (0.0, 0.0)
    cell = [int((high[n] - (fresh._covers.left(), fresh._covers.top())[n]) / 16) for n in (0, 1)]
    assert fresh._image.pixelColor(*cell).alpha() > 50
    assert old._image.pixelColor(*cell).alpha() < fresh._image.pixelColor(*cell).alpha()


def test_what_is_shelved_or_suppressed_neither_colours_nor_pulses(qtbot: QtBot, tmp_path: Path) -> None:
    panel = panel_on(qtbot, atlas(tmp_path), district())
    panel.apply([state("f1d0"), alarm("f1d0:t", suppressed_by="pole")])
    assert panel.view.abnormal == 0
    assert panel.view._pulses == {}


def dialog_on(qtbot: QtBot, tmp_path: Path, **answers: Any) -> tuple[PackageDialog, FakeBridge]:
    bridge = FakeBridge(**answers)
    sheets = base(tmp_path).sheets()
    dialog = PackageDialog(bridge, Words("ko"), sheets, (126.8, 37.4, 126.9, 37.5), None)  # type: ignore[arg-type]
    qtbot.addWidget(dialog)
    return dialog, bridge


def test_the_size_of_a_package_is_told_before_it_is_made(qtbot: QtBot, tmp_path: Path) -> None:
    measured = {"tiles": 1234, "bytes": 5 << 20, "shares": [], "why_not": ""}
    dialog, bridge = dialog_on(qtbot, tmp_path, map__measure=measured)
    assert dialog.amount.text() == "타일 1,234장 · 5.0 MB"
    dialog.first.setValue(11)
    qtbot.waitUntil(lambda: bridge.last("map.measure")["min_zoom"] == 11)


def test_an_empty_package_cannot_be_made(qtbot: QtBot, tmp_path: Path) -> None:
    measured = {"tiles": 0, "bytes": 0, "shares": [], "why_not": "nothing here"}
    dialog, _ = dialog_on(qtbot, tmp_path, map__measure=measured)
    assert not dialog.begin.isEnabled()
    assert "nothing here" in dialog.amount.text()


def test_a_finished_package_is_fetched_and_put_where_it_is_wanted(qtbot: QtBot, tmp_path: Path) -> None:
    started = Progress("t", "package", "running", 1, 1)
    dialog, bridge = dialog_on(
        qtbot, tmp_path, map__measure={"tiles": 1, "bytes": 1}, map__package=started,
        export__read=lambda args: {"data": b"PKpkg"[args["offset"] :], "size": 5}, export__drop=True,
    )  # fmt: skip
    dialog.write_to(tmp_path / "crew")
    bridge.changed.emit((Progress("t", "package", "done", 1, 2, path="gwanje-map-1.zip"),))
    assert (tmp_path / "crew.zip").read_bytes() == b"PKpkg"
    assert bridge.last("export.drop") == {"name": "gwanje-map-1.zip"}
    assert "crew.zip" in dialog.message.text()


def test_an_area_of_metres_is_that_of_its_degrees(qtbot: QtBot, tmp_path: Path) -> None:
    panel = panel_on(qtbot, atlas(tmp_path), district())
    area = QRectF(-100, -50, 300, 200)
    west, south, east, north = panel.view.degrees_of(area)
    assert west < east and south < north
    frame = panel.view.frame
    assert (frame.place(west, north) - frame.point(-100, -50)).manhattanLength() < 0.01
