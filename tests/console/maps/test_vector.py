"""Vector tiles and PMTiles: written by the book, read back, broken in every place."""

from __future__ import annotations

import contextlib
import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.errors import ConsoleError, StoreError
from console.maps import grid, package, vector
from console.maps.atlas import OneTile
from console.maps.package import Wanted
from console.maps.pmtiles import PmTiles, tile_id
from console.maps.tables import MapFile
from db.tiles import Box
from tests.console.maps.map_files import DISTRICT, atlas, png
from tests.console.maps.vector_files import layer, number, pmtiles, span

ROAD = [[(0, 0), (2048, 2048), (4096, 100)]]
LAKE = [[(100, 100), (3000, 100), (3000, 3000)], [(500, 300), (900, 300), (900, 600)]]
TILE = layer("transportation", (2, ROAD)) + layer("water", (3, LAKE)) + layer("poi", (1, [[(5, 5)]]))


def archive(folder: Path, **more: int) -> Path:
    found = {}
    for zoom in (10, 11, 12, 13):
        box = grid.box(DISTRICT, zoom)
        for x in range(box.west, box.east + 1):
            found |= {(zoom, x, y): png(zoom * 10) for y in range(box.north, box.south + 1)}
    return pmtiles(folder / "a.pmtiles", found, 2, **{"way": 1, **more})


def test_roads_and_water_are_read_and_points_of_interest_passed_over() -> None:
    found = vector.read(gzip.compress(TILE))
    assert found["styles"] == ["road", "water", "water"]
    assert found["areas"] == [False, True, True]
    assert found["lengths"] == [3, 4, 4]
    assert found["features"] == [0, 1, 1]
    at = np.frombuffer(found["at"], "<i4").reshape(-1, 2)
    assert at[:3].tolist() == [[0, 0], [2048, 2048], [4096, 100]]
    assert at[3].tolist() == at[6].tolist() == [100, 100]


def test_another_extent_is_brought_to_ours() -> None:
    found = vector.read(layer("roads", (2, [[(0, 0), (512, 256)]]), extent=512))
    assert np.frombuffer(found["at"], "<i4").tolist() == [0, 0, 4096, 2048]


def test_lines_of_an_unknown_layer_are_outlines() -> None:
    found = vector.read(layer("districts", (2, ROAD), (3, LAKE)))
    assert found["styles"] == ["outline"]


def test_an_empty_tile_is_an_empty_picture() -> None:
    assert vector.read(b"")["lengths"] == []


@given(st.binary(max_size=400))
def test_any_bytes_are_a_tile_or_refused(packed: bytes) -> None:
    with contextlib.suppress(StoreError):
        vector.read(packed)


@given(st.integers(0, len(TILE) - 1), st.integers(0, 255))
def test_a_damaged_tile_is_read_or_refused(at: int, byte: int) -> None:
    with contextlib.suppress(StoreError):
        vector.read(TILE[:at] + bytes([byte]) + TILE[at + 1 :])


@pytest.mark.parametrize(
    "commands", [number(1 << 3 | 1), number((1 << 28) << 3 | 2) + b"\0\0", number(1 << 3 | 5), b"\x80"]
)
def test_a_geometry_that_promises_more_than_it_has_is_refused(commands: bytes) -> None:
    body = span(1, b"road") + span(2, number(3 << 3) + number(2) + span(4, commands))
    with pytest.raises(StoreError):
        vector.read(span(3, body))


def test_a_tile_that_unpacks_to_too_much_is_refused() -> None:
    with pytest.raises(StoreError, match="8 MiB"):
        vector.read(gzip.compress(bytes(20 << 20)))


@given(st.integers(0, 12), st.data())
def test_the_curve_has_one_place_for_each_tile(zoom: int, data: st.DataObject) -> None:
    side = st.integers(0, (1 << zoom) - 1)
    at = [(data.draw(side), data.draw(side)) for _ in range(2)]
    ids = [tile_id(zoom, *each) for each in at]
    assert (ids[0] == ids[1]) == (at[0] == at[1])
    first = ((1 << 2 * zoom) - 1) // 3
    assert all(first <= each < first + (1 << 2 * zoom) for each in ids)


def test_the_curve_is_that_of_the_specification() -> None:
    known = [tile_id(0, 0, 0), tile_id(1, 0, 0), tile_id(1, 0, 1), tile_id(1, 1, 1), tile_id(1, 1, 0)]
    assert known == [0, 1, 2, 3, 4]
    assert tile_id(2, 0, 0) == 5
    assert tile_id(12, 3423, 1763) == 19078479


@pytest.mark.parametrize("leaf", [0, 7])
def test_every_tile_of_an_archive_is_found(tmp_path: Path, leaf: int) -> None:
    path = archive(tmp_path, leaf=leaf)
    found = atlas(tmp_path, MapFile(id="m", file=path.name, kind="pmtiles"))
    sheet = found.sheet("m")
    assert (sheet.error, sheet.form, sheet.zooms, sheet.attribution) == ("", "png", (10, 13), "nobody")
    box = grid.box(DISTRICT, 13)
    for x in (box.west, box.east):
        for y in (box.north, box.south):
            assert found.tile(OneTile("m", 13, x, y)) == {"data": png(130), "form": "png"}
    assert found.tile(OneTile("m", 13, box.west - 1, box.north)) is None
    assert found.tile(OneTile("m", 9, 436, 198)) is None


def test_a_package_is_cut_from_an_archive_too(tmp_path: Path) -> None:
    path = archive(tmp_path, leaf=5)
    found = atlas(tmp_path, MapFile(id="m", file=path.name, kind="pmtiles"))
    wanted = Wanted((126.85, 37.45, 126.9, 37.5), 10, 12)
    to = tmp_path / "crew.zip"
    package.make(found, wanted, to, district="", now_ms=1, told=lambda done, total, text: None)
    there = atlas(tmp_path / "there", *package.unpack(to, tmp_path / "there"))
    assert (there.file("m").kind, there.sheet("m").zooms) == ("mbtiles", (10, 12))
    box = grid.box(wanted.bounds, 12)
    at = OneTile("m", 12, box.west, box.south)
    assert there.tile(at) == found.tile(at) is not None
    assert package.measure(found, wanted).tiles == package.read(to).maps[0].tiles


def test_vector_tiles_of_an_archive_are_shapes(tmp_path: Path) -> None:
    path = pmtiles(tmp_path / "v.pmtiles", {(0, 0, 0): gzip.compress(TILE)}, 1)
    found = atlas(tmp_path, MapFile(id="m", file=path.name, kind="pmtiles"))
    tile = found.tile(OneTile("m", 0, 0, 0))
    assert tile is not None and tile["shapes"]["styles"] == ["road", "water", "water"]


def test_brotli_is_told_by_its_name(tmp_path: Path) -> None:
    path = archive(tmp_path, way=3)
    with pytest.raises(StoreError, match="brotli"):
        PmTiles(path).tile(10, 872, 396)


@given(st.integers(7, 400), st.integers(0, 255))
def test_a_damaged_archive_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, at: int, byte: int
) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    content = bytearray(
        pmtiles(folder / "a.pmtiles", {(1, 0, 0): png(9, 8), (1, 1, 1): png(8, 8)}, 2, way=1).read_bytes()
    )
    content[min(at, len(content) - 1)] = byte
    path = folder / "a.pmtiles"
    path.write_bytes(content)
    found = atlas(folder, MapFile(id="m", file=path.name, kind="pmtiles"))
    sheet = found.sheet("m")
    if not sheet.error:
        for x in (0, 1):
            with contextlib.suppress(ConsoleError):
                found.tile(OneTile("m", 1, x, x))


def test_a_truncated_archive_is_told(tmp_path: Path) -> None:
    whole = archive(tmp_path).read_bytes()
    for part in (0, 50, 127, 140):
        path = tmp_path / "part.pmtiles"
        path.write_bytes(whole[:part])
        assert atlas(tmp_path, MapFile(id="m", file=path.name, kind="pmtiles")).sheet("m").error


def test_an_area_of_millions_of_tiles_is_not_looked_up_for_ever(tmp_path: Path) -> None:
    path = pmtiles(tmp_path / "a.pmtiles", {(0, 0, 0): png(), (20, 5, 5): png()}, 2, way=1)
    with pytest.raises(StoreError, match="too many"):
        PmTiles(path).measure([Box(20, 0, 1 << 19, 0, 1 << 19)])
