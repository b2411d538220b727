"""Packages: what was measured is what is packed, what is packed is what is installed."""

from __future__ import annotations

import zipfile
from pathlib import Path

import msgspec
import pytest

from console.errors import Refused
from console.maps import cli, clipping, grid, package
from console.maps.atlas import Atlas, OneTile
from console.maps.package import Wanted
from console.maps.tables import MapFile
from console.settings import load
from console.tasks import Cancelled
from tests.console.maps.map_files import atlas, layer, line, mbtiles, png, square

AREA = (126.85, 37.45, 126.9, 37.5)


def site(folder: Path) -> Atlas:
    mbtiles(folder / "base.mbtiles")
    layer(folder / "lines.geojson", line((126.8, 37.47), (127.0, 37.47)), line((127.2, 37.4), (127.3, 37.5)))
    (folder / "plan.png").write_bytes(png())
    corners = ((126.86, 37.46), (126.861, 37.46), (126.86, 37.459))
    return atlas(
        folder,
        MapFile(id="base", file="base.mbtiles", kind="mbtiles", opacity=0.5),
        MapFile(id="lines", file="lines.geojson", kind="geojson"),
        MapFile(id="plan", file="plan.png", kind="image", corners=corners),
    )


def silent(done: int, total: int, text: str) -> None:
    return None


def packed(folder: Path, wanted: Wanted | None = None) -> Path:
    to = folder / "crew.zip"
    package.make(site(folder), wanted or Wanted(AREA, 10, 12), to, district="구로구", now_ms=1, told=silent)
    return to


def test_what_is_measured_is_what_is_packed(tmp_path: Path) -> None:
    measured = package.measure(site(tmp_path), Wanted(AREA, 10, 12))
    manifest = package.read(packed(tmp_path))
    assert sum(each.tiles for each in manifest.maps) == measured.tiles > 0
    boxes = [grid.box(AREA, zoom) for zoom in (10, 11, 12)]
    assert measured.tiles == sum((b.east - b.west + 1) * (b.south - b.north + 1) for b in boxes)


def test_an_installed_package_shows_the_same_tiles(tmp_path: Path) -> None:
    path, there = packed(tmp_path), tmp_path / "there"
    files = package.unpack(path, there)
    found, original = atlas(there, *files), site(tmp_path)
    assert [sheet.error for sheet in found.sheets()] == ["", "", ""]
    assert found.sheet("base").zooms == (10, 12)
    box = grid.box(AREA, 12)
    at = OneTile("base", 12, box.west, box.north)
    assert found.tile(at) == original.tile(at) is not None
    assert found.tile(OneTile("base", 12, box.west - 1, box.north)) is None
    assert found.layer("lines").lengths == [2]
    assert found.file("base").opacity == 0.5


def test_the_command_line_names_the_maps_in_the_settings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, crew = packed(tmp_path), tmp_path / "crew"
    crew.mkdir()
    settings = crew / "settings.toml"
    settings.write_text('# ours\n[site]\ndistrict = "구로구"\n', encoding="utf-8")
    for _ in range(2):  # a second time replaces the first
        assert cli.print_added(settings, path) == 0
    assert settings.read_text(encoding="utf-8").startswith("# ours\n")
    assert [each.id for each in load(settings).maps] == ["base", "lines", "plan"]
    assert cli.print_check(settings, as_json=False) == 0
    assert "WRONG" not in capsys.readouterr().out


def test_nothing_is_left_of_a_cancelled_package(tmp_path: Path) -> None:
    def cancelled(done: int, total: int, text: str) -> None:
        if done:
            raise Cancelled("cancelled")

    found, to = site(tmp_path), tmp_path / "crew.zip"
    before = sorted(tmp_path.iterdir())
    with pytest.raises(Cancelled):
        package.make(found, Wanted(AREA, 10, 13), to, district="", now_ms=1, told=cancelled)
    assert sorted(tmp_path.iterdir()) == before


def test_an_empty_area_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    found = site(tmp_path)
    with pytest.raises(Refused, match="No installed map"):
        package.make(
            found, Wanted((1, 1, 2, 2), 10, 12), tmp_path / "a.zip", district="", now_ms=1, told=silent
        )
    assert not (tmp_path / "a.zip").exists()


@pytest.mark.parametrize("bounds", [(2, 1, 1, 2), (0, 0, 0, 1), (-999, 0, 1, 1), (float("nan"), 0, 1, 1)])
def test_impossible_bounds_are_refused(bounds: tuple[float, ...]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"bounds": bounds}, Wanted)


def test_a_changed_byte_in_a_package_is_found(tmp_path: Path) -> None:
    path = packed(tmp_path)
    content = bytearray(path.read_bytes())
    at = content.find(b"SQLite format 3")
    content[at + 5000] ^= 1
    path.write_bytes(content)
    with pytest.raises(Refused, match=r"base\.mbtiles"):
        package.unpack(path, tmp_path / "there")
    assert list((tmp_path / "there").iterdir()) == []


def test_a_package_cannot_write_outside_its_folder(tmp_path: Path) -> None:
    manifest = package.read(packed(tmp_path))
    first = manifest.maps[0]
    bad = msgspec.structs.replace(
        first, settings=msgspec.structs.replace(first.settings, file="../evil.mbtiles")
    )
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as file:
        file.writestr("manifest.json", msgspec.json.encode(msgspec.structs.replace(manifest, maps=[bad])))
        file.writestr("../evil.mbtiles", b"x")
    with pytest.raises(Refused, match="outside"):
        package.unpack(tmp_path / "bad.zip", tmp_path / "there")
    assert not (tmp_path / "evil.mbtiles").exists()


@pytest.mark.parametrize("content", [b"", b"PK", b"text", b"PK\x05\x06" + bytes(18)])
def test_what_is_no_package_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(Refused, match="is no map package"):
        package.read(tmp_path / "a.zip")


def test_areas_are_cut_at_the_edge_of_the_package() -> None:
    cut = clipping.clipped([{"type": "Feature", "geometry": square(126.8, 37.4, 0.2)}], AREA)
    ring = cut[0]["geometry"]["coordinates"][0]
    assert {(round(x, 6), round(y, 6)) for x, y in ring} == {
        (126.85, 37.45), (126.9, 37.45), (126.9, 37.5), (126.85, 37.5)
    }  # fmt: skip
    assert ring[0] == ring[-1]


def test_lines_lose_what_is_far_from_the_package() -> None:
    far = line((126.0, 37.47), (126.86, 37.47), (126.87, 37.47), (127.5, 37.47), (127.6, 37.47))
    cut = clipping.clipped(
        [{"type": "Feature", "geometry": far}, {"type": "Feature", "geometry": None}, 7], AREA
    )
    assert [each["geometry"]["coordinates"] for each in cut] == [
        [[(126.0, 37.47), (126.86, 37.47), (126.87, 37.47), (127.5, 37.47)]]
    ]
