"""Maps as the core tells them: real files, broken files, tiles that are not there."""

from __future__ import annotations

import contextlib
from pathlib import Path

import msgspec
import numpy as np
import pytest

from console.errors import ConsoleError, Refused, SettingsError
from console.maps import grid, shapes
from console.maps.atlas import OneTile
from console.maps.tables import MapFile
from console.settings import parse
from tests.console.maps.map_files import DISTRICT, atlas, layer, line, mbtiles, png, sql, square

SAMPLES = Path(__file__).resolve().parents[3].parent / "shared" / "samples"
TABLES = (
    "CREATE TABLE metadata (name text, value text)",
    "CREATE TABLE tiles (zoom_level integer, tile_column integer, tile_row integer, tile_data blob)",
)


def tiles_of(path: Path, map_id: str = "m") -> MapFile:
    return MapFile(id=map_id, file=path.name, kind="mbtiles")


def shapes_of(path: Path, **more: str) -> MapFile:
    return MapFile(id="m", file=path.name, kind="geojson", **more)  # type: ignore[arg-type]


def test_a_tile_is_found_by_its_row_from_the_north(tmp_path: Path) -> None:
    path = sql(tmp_path / "a.mbtiles", *TABLES, "INSERT INTO tiles VALUES (2, 1, 3, x'89504e470d0a1a0a00')")
    found = atlas(tmp_path, tiles_of(path))
    assert found.tile(OneTile("m", 2, 1, 0)) == {"data": bytes.fromhex("89504e470d0a1a0a00"), "form": "png"}
    assert found.tile(OneTile("m", 2, 1, 3)) is None


def test_a_map_tells_zooms_bounds_and_attribution(tmp_path: Path) -> None:
    sheet = atlas(tmp_path, tiles_of(mbtiles(tmp_path / "a.mbtiles"))).sheet("m")
    assert (sheet.error, sheet.form, sheet.zooms, sheet.attribution) == ("", "png", (10, 13), "nobody")
    assert sheet.bounds is not None
    assert sheet.bounds[0] <= DISTRICT[0] and sheet.bounds[3] >= DISTRICT[3]


def test_zooms_are_those_of_the_tiles_whatever_the_metadata_say(tmp_path: Path) -> None:
    path = mbtiles(tmp_path / "a.mbtiles", range(12, 13), minzoom="0", maxzoom="22", bounds="9,9,nan,1")
    sheet = atlas(tmp_path, tiles_of(path)).sheet("m")
    assert sheet.zooms == (12, 12)
    assert sheet.bounds is not None and abs(sheet.bounds[0] - 126.8) < 0.1


def test_tiles_may_be_a_view(tmp_path: Path) -> None:
    path = sql(
        tmp_path / "a.mbtiles",
        TABLES[0],
        "CREATE TABLE map (z integer, x integer, y integer, id text)",
        "CREATE TABLE images (id text, tile_data blob)",
        f"INSERT INTO images VALUES ('i', x'{png().hex()}')",
        "INSERT INTO map VALUES (3, 1, 1, 'i')",
        "CREATE VIEW tiles AS SELECT z AS zoom_level, x AS tile_column, y AS tile_row, tile_data"
        " FROM map JOIN images USING (id)",
    )
    found = atlas(tmp_path, tiles_of(path))
    assert found.sheet("m").error == ""
    assert found.tile(OneTile("m", 3, 1, 6)) == {"data": png(), "form": "png"}


@pytest.mark.parametrize(
    ("statements", "said"),
    [
        ([TABLES[0]], "no such table: tiles"),
        (list(TABLES), "holds no tiles"),
        ([*TABLES, "INSERT INTO tiles VALUES (1, 0, 0, 'a text')"], "are no pictures"),
        ([*TABLES, "INSERT INTO tiles VALUES (1, 0, 0, x'00112233')"], "are no pictures"),
        ([*TABLES, "INSERT INTO tiles VALUES (77, 0, 0, x'89504e470d0a1a0a')"], "holds no tiles"),
        ([*TABLES, "INSERT INTO tiles VALUES ('x', 'y', 'z', 1)"], "holds no tiles"),
        (
            [
                TABLES[0],
                "CREATE VIEW tiles AS WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t)"
                " SELECT n AS zoom_level, n AS tile_column, n AS tile_row, n AS tile_data FROM t",
            ],
            "is no MBTiles file",
        ),
    ],
)
def test_a_broken_file_is_told_and_no_more(tmp_path: Path, statements: list[str], said: str) -> None:
    sheet = atlas(tmp_path, tiles_of(sql(tmp_path / "a.mbtiles", *statements))).sheet("m")
    assert said in sheet.error


def test_a_truncated_file_is_told(tmp_path: Path) -> None:
    whole = mbtiles(tmp_path / "a.mbtiles").read_bytes()
    for part in (0, 10, 100, 5000, len(whole) // 2):
        path = tmp_path / f"{part}.mbtiles"
        path.write_bytes(whole[:part])
        found = atlas(tmp_path, tiles_of(path))
        sheet = found.sheet("m")
        for x, y in ((872, 396), (873, 396)):
            if sheet.error:
                continue
            with contextlib.suppress(ConsoleError):  # anything else is a bug
                found.tile(OneTile("m", 10, x, y))


def test_a_tile_that_is_text_or_huge_is_refused_by_name(tmp_path: Path) -> None:
    path = sql(
        tmp_path / "a.mbtiles",
        *TABLES,
        f"INSERT INTO tiles VALUES (1, 0, 1, x'{png().hex()}')",
        "INSERT INTO tiles VALUES (1, 1, 1, 'a text'), (1, 1, 0, zeroblob(50000000)), (1, 0, 0, NULL)",
    )
    found = atlas(tmp_path, tiles_of(path))
    with pytest.raises(ConsoleError, match=r"1/1/0 holds text"):
        found.tile(OneTile("m", 1, 1, 0))
    with pytest.raises(ConsoleError, match="50,000,000 bytes"):
        found.tile(OneTile("m", 1, 1, 1))
    assert found.tile(OneTile("m", 1, 0, 1)) is None


def test_a_tile_outside_the_world_is_refused(tmp_path: Path) -> None:
    found = atlas(tmp_path, tiles_of(mbtiles(tmp_path / "a.mbtiles")))
    with pytest.raises(Refused):
        found.tile(OneTile("m", 3, 8, 0))


def test_a_file_that_is_replaced_is_learnt_anew(tmp_path: Path) -> None:
    path = tmp_path / "a.mbtiles"
    found = atlas(tmp_path, tiles_of(path))
    assert "does not exist" in found.sheet("m").error
    mbtiles(path, range(10, 11))
    before = found.sheet("m")
    path.unlink()
    mbtiles(path, range(10, 13))
    after = found.sheet("m")
    assert (before.zooms, after.zooms) == ((10, 10), (10, 12))
    assert before.version != after.version


def test_a_layer_has_lines_areas_and_labels(tmp_path: Path) -> None:
    named = {
        "type": "Feature",
        "geometry": square(126.9, 37.5, 0.1),
        "properties": {"name": "구로구", "class": "water"},
    }
    path = layer(tmp_path / "a.geojson", line((126.8, 37.4), (126.9, 37.5)), named)
    found = atlas(tmp_path, shapes_of(path)).layer("m")
    assert found.lengths == [2, 5]
    assert found.closed == [False, True]
    assert [found.styles[part] for part in found.parts] == ["outline", "water"]
    assert found.labels == (("구로구", "", pytest.approx(126.95), pytest.approx(37.55)),)


@pytest.mark.parametrize(
    "geometry",
    [
        {"type": "LineString", "coordinates": [[1, "2"], {"a": 1}]},
        {"type": "LineString", "coordinates": "text"},
        {"type": "Point"},
        {"type": "Circle", "coordinates": [1, 2]},
        {"type": "LineString", "coordinates": [[206076.7, 446245.6], [206077.0, 446246.0]]},
        {"type": "Polygon", "coordinates": [[]]},
        None,
        7,
    ],
)
def test_a_broken_feature_is_counted_and_the_rest_drawn(tmp_path: Path, geometry: object) -> None:
    path = layer(
        tmp_path / "a.geojson", line((126.8, 37.4), (126.9, 37.5)), {"type": "Feature", "geometry": geometry}
    )
    found = atlas(tmp_path, shapes_of(path)).layer("m")
    assert (found.features, found.left, found.lengths) == (2, 1, [2])
    assert found.why_left.startswith("feature 2")


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"type": "Topology"}', '{"a":' * 5000])
def test_what_is_no_geojson_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.geojson").write_text(text, encoding="utf-8")
    assert "a.geojson" in atlas(tmp_path, shapes_of(tmp_path / "a.geojson")).sheet("m").error


def test_a_layer_in_plane_coordinates_is_told(tmp_path: Path) -> None:
    path = layer(tmp_path / "a.geojson", line((206076.7, 446245.6), (206077.0, 446246.0)))
    assert "another coordinate system" in atlas(tmp_path, shapes_of(path)).sheet("m").error


def test_ten_thousand_features_become_what_can_be_drawn(tmp_path: Path) -> None:
    chance = np.random.default_rng(2)
    lines = []
    for lon, lat in chance.uniform((126.7, 37.4), (127.2, 37.7), (10_000, 2)):
        steps = np.cumsum(chance.normal(0, 0.0002, (40, 2)), axis=0)
        lines.append(line(*((float(lon + x), float(lat + y)) for x, y in steps)))
    found = atlas(tmp_path, shapes_of(layer(tmp_path / "a.geojson", *lines))).layer("m")
    assert found.features == 10_000
    assert sum(found.lengths) <= shapes.MOST_POSITIONS
    assert 0 < found.step_deg < 0.5 / 100  # still finer than what a wide screen shows


def test_neighbours_keep_their_common_line_when_simplified(tmp_path: Path) -> None:
    steps = np.linspace(0, 1, 60_001)
    border = [(float(126.9 + 0.001 * np.sin(40 * at)), float(37.4 + 0.2 * at)) for at in steps]
    path = layer(tmp_path / "a.geojson", line(*border), line(*reversed(border)))
    found = atlas(tmp_path, shapes_of(path)).layer("m")
    at = np.frombuffer(found.at, "<f8").reshape(-1, 2)
    one, other = at[: found.lengths[0]], at[found.lengths[0] :]
    assert {tuple(each) for each in one.tolist()} == {tuple(each) for each in other.tolist()}


def test_a_picture_needs_a_place_and_must_be_one(tmp_path: Path) -> None:
    (tmp_path / "plan.png").write_bytes(png())
    (tmp_path / "fake.png").write_bytes(b"<svg/>")
    corners = ((126.9, 37.5), (126.901, 37.5), (126.9, 37.499))
    files = [MapFile(id=name, file=f"{name}.png", kind="image", corners=corners) for name in ("plan", "fake")]
    files.append(MapFile(id="lost", file="plan.png", kind="image", facility="nowhere", metres_per_pixel=0.1))
    found = {sheet.id: sheet.error for sheet in atlas(tmp_path, *files).sheets()}
    assert found["plan"] == ""
    assert "is no picture" in found["fake"]
    assert "has no position" in found["lost"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("id = 'a'\nfile = 'x'\nkind = 'tiff'", "mbtiles, pmtiles, geojson, image"),
        ("id = 'a'\nfile = 'x'\nkind = 'image'", "needs corners"),
        ("id = 'a'\nfile = 'x'\nkind = 'mbtiles'\nopacity = 2", "opacity"),
        ("id = 'a'\nfile = 'x'\nkind = 'mbtiles'\nmin_zoom = 9\nmax_zoom = 3", "min_zoom is above"),
        ("id = 'a b'\nfile = 'x'\nkind = 'mbtiles'", "maps[0].id"),
        ("id = 'a'\nfile = 'x'\nkind = 'mbtiles'\n[[maps]]\nid = 'a'\nfile = 'y'\nkind = 'mbtiles'", "twice"),
    ],
)
def test_a_wrong_table_is_told_by_its_key(text: str, said: str) -> None:
    with pytest.raises(SettingsError) as error:
        parse(f"[[maps]]\n{text}\n", "settings.toml")
    assert said in str(error.value)


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the shared samples are not here")
def test_the_samples_are_maps() -> None:
    geo = MapFile(id="geo", file="geo/seoul_municipalities.geojson", kind="geojson", label_en="name_eng")
    one = MapFile(id="one", file="mbtiles/one_tile.mbtiles", kind="mbtiles")
    found = atlas(SAMPLES, geo, one)
    assert [sheet.error for sheet in found.sheets()] == ["", ""]
    assert ("구로구", "Guro-gu") in {label[:2] for label in found.layer("geo").labels}
    tile = found.tile(OneTile("one", 0, 0, 0))
    assert tile is not None and tile["data"].startswith(b"\x89PNG")


def test_the_grid_is_that_of_the_web() -> None:
    assert grid.box((-180, -85.06, 180, 85.06), 1)[1:] == (0, 1, 0, 1)
    assert grid.box((126.9, 37.5, 126.9, 37.5), 10)[1:] == (872, 872, 396, 396)


def test_answers_travel_as_plain_records(tmp_path: Path) -> None:
    found = atlas(tmp_path, tiles_of(mbtiles(tmp_path / "a.mbtiles", range(10, 11))))
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(found.sheets()))[0]["record"] == "MapSheet"
