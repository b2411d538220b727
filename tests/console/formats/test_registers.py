"""Municipal registers (DOMAIN.md, 1.2 A) and the other files that are no messages."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from console.decode import decode_files
from console.errors import SettingsError
from console.formats.registers import RegisterDecoder
from console.health import tree
from console.register_import import read, write
from console.settings import Feed, load
from db.records import Decoded, Flag, Reading, SetAside
from tests.console.formats import register_files as files

ROOT = Path(__file__).resolve().parents[3]
SAMPLES = ROOT.parent / "shared" / "samples"
SETTINGS = load(ROOT / "resources" / "settings" / "register.toml")
needs_samples = pytest.mark.skipif(
    not SAMPLES.is_dir(), reason="the sample folder is not beside the checkout"
)


def described(path: Path) -> list[dict[str, Any]]:
    return list(decode_files("register", SETTINGS, "", [path]))


def written(folder: Path, text: str, encoding: str = "utf-8", name: str = "register.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def decode(text: str) -> list[Decoded]:
    decoder = RegisterDecoder("r", Feed(kind="register"), ("utf-8", "cp949"))
    return decoder.decode("t", text.encode(), 1_795_305_600_000, False)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949", "utf-16"])
def test_a_register_of_cameras_is_described_row_by_row(tmp_path: Path, encoding: str) -> None:
    *rows, whole = described(written(tmp_path, files.CCTV, encoding))
    assert [each["kind"] for each in rows] == ["asset", "asset", "asset", "set_aside", "set_aside"]
    first = rows[0]
    assert (first["form"], first["purpose"], first["amount"], first["retention_days"]) == (
        "cctv",
        "생활방범",
        3,
        30,
    )
    assert (first["lon"], first["lat"]) == (127.0165, 37.5745)
    assert "lon" not in rows[2]
    assert rows[3]["reason"] == "outside-korea"
    assert "look exchanged" in rows[3]["detail"]
    assert (rows[4]["reason"], rows[4]["row"]) == ("register-twice", 6)
    assert (whole["rows"], whole["assets"], whole["without_position"]) == (5, 3, 1)
    assert whole["refused"] == {"outside-korea": 1, "register-twice": 1}
    assert whole["bounds"] == [126.969, 37.5703, 127.0165, 37.5745]


def test_a_register_of_bells_has_their_link_and_their_last_check(tmp_path: Path) -> None:
    bell, whole = described(written(tmp_path, files.BELLS, "cp949"))
    assert (bell["form"], bell["number"], bell["linked"]) == ("bell", "20260001", "양방향 Y")
    assert (bell["inspected"], bell["purpose"]) == ("2026-05-02", "약자보호 / 공중화장실")
    assert whole["form"] == "bell"


def test_a_register_of_parking_lots_is_read_in_its_variants(tmp_path: Path) -> None:
    lot, far, nowhere, whole = described(written(tmp_path, files.PARKING))
    assert (lot["name"], lot["amount"], lot["id"]) == ("구로역 공영주차장", 1120, "parking-171-1-000001")
    assert (far["reason"], nowhere["reason"]) == ("outside-korea", "no-place")
    assert whole["assets"] == 1


def test_the_order_of_the_columns_does_not_matter(tmp_path: Path) -> None:
    lines = [line.split(",") for line in files.CCTV.splitlines()[:3]]
    turned = "\n".join(",".join(reversed(cells)) for cells in lines) + "\n"
    ids = [each["id"] for each in described(written(tmp_path, turned)) if each["kind"] == "asset"]
    assert ids == ["cctv-서울특별시-종로구청-1", "cctv-서울특별시-종로구청-2"]


def test_as_a_feed_a_register_counts_what_its_rows_have_and_never_alarms() -> None:
    found = decode(files.CCTV)
    readings = [each for each in found if isinstance(each, Reading)]
    assert [(each.quantity, each.value) for each in readings] == [
        ("cameras", 3.0),
        ("cameras", 1.0),
        ("cameras", 1.0),
    ]
    assert {each.flags for each in readings} == {int(Flag.HISTORICAL)}
    assert readings[0].observed_ms == 1_788_188_400_000  # 2026-09-01 00:00 in Seoul
    assert [each.reason for each in found if isinstance(each, SetAside)] == [
        "outside-korea",
        "register-twice",
    ]


@pytest.mark.parametrize(
    ("text", "reason"), [("a,b\n1,2\n", "register-shape"), ("", "empty"), ("x", "not-csv")]
)
def test_what_is_no_register_says_why(text: str, reason: str) -> None:
    (aside,) = decode(text)
    assert isinstance(aside, SetAside)
    assert aside.reason == reason


# --- import ----------------------------------------------------------------------


def test_an_import_makes_a_tree_that_loads(tmp_path: Path) -> None:
    to = tmp_path / "assets.toml"
    write(to, read(written(tmp_path, files.CCTV, "cp949"), ("utf-8", "cp949")).assets)
    assets = {each.id: each for each in tree.load(to)}
    assert assets["district"].name == "서울특별시 종로구청"
    camera = assets["cctv-서울특별시-종로구청-1"]
    assert (camera.parent, camera.domain, camera.purpose) == ("cctvs-생활방범", "camera", "생활방범")
    assert (camera.retention_days, camera.lon, camera.lat) == (30, 127.0165, 37.5745)
    assert camera.address == "서울특별시 종로구 숭인동2길 30"


def test_a_second_import_adds_only_what_is_new_and_keeps_the_text(tmp_path: Path) -> None:
    to = tmp_path / "assets.toml"
    to.write_text('# ours\n[[asset]]\nid = "gu"\nkind = "district"\nname = "한빛구"\n', encoding="utf-8")
    path = written(tmp_path, files.CCTV)
    write(to, read(path, ("utf-8",), tree.load(to)).assets)
    once = to.read_text(encoding="utf-8")
    assert once.startswith("# ours\n")
    again = read(path, ("utf-8",), tree.load(to))
    assert (again.assets, again.known, again.devices) == ([], 3, 0)
    more = read(written(tmp_path, files.BELLS, name="bells.csv"), ("utf-8",), tree.load(to))
    assert [each.parent for each in more.assets] == ["gu", "bells"]


def test_a_file_that_cannot_be_written_is_left_as_it_was(tmp_path: Path) -> None:
    to = tmp_path / "assets.toml"
    to.write_text("nonsense = 1\n", encoding="utf-8")
    found = read(written(tmp_path, files.CCTV), ("utf-8",))
    with pytest.raises(SettingsError):
        write(to, found.assets)
    assert to.read_text(encoding="utf-8") == "nonsense = 1\n"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["assets.toml", "register.csv"]


def test_the_command_shows_first_and_writes_when_told(tmp_path: Path) -> None:
    path, to = written(tmp_path, files.CCTV, "cp949"), tmp_path / "assets.toml"
    command = [sys.executable, "-m", "console", "import", "register", str(path)]
    shown = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT, timeout=60)
    assert "rows 5 · new 3 · already there 0 · refused 2" in shown.stdout
    assert not to.exists()
    subprocess.run([*command, "--to", str(to)], check=True, capture_output=True, cwd=ROOT, timeout=60)
    assert len(tree.load(to)) == 6


@needs_samples
def test_every_known_position_of_s_dot_becomes_an_asset_of_its_source() -> None:
    found = read(SAMPLES / "sdot" / "sensor_longitude_latitude.csv", ("utf-8",))
    devices = [each for each in found.assets if each.kind == "device"]
    assert (found.rows, len(devices), found.refused.total()) == (851, 851, 0)
    assert (devices[0].source, devices[0].lat, devices[0].lon) == ("V02Q1940612", 37.57807617, 126.8951928)


# --- layers, tiles, clips --------------------------------------------------------


@needs_samples
def test_the_districts_of_seoul_are_described_with_their_bounds() -> None:
    *features, whole = described(SAMPLES / "geo" / "seoul_municipalities.geojson")
    assert (whole["kind"], whole["features"], whole["refused"]) == ("layer", 25, 0)
    assert len(features) == 25
    assert features[0]["properties"]["name"] == "강동구"
    west, south, east, north = whole["bounds"]
    assert 126.7 < west < 126.8 < 127.1 < east < 127.2
    assert 37.4 < south < 37.5 < 37.6 < north < 37.8


@needs_samples
def test_map_tiles_are_described_with_zooms_and_bounds() -> None:
    *levels, whole = described(SAMPLES / "mbtiles" / "one_tile.mbtiles")
    assert (whole["format"], whole["zooms"], whole["tiles"]) == ("png", [0, 1], 2)
    assert whole["bounds"] == [-139.9219, 53.3309, -75.2344, 76.6798]
    assert [each["zoom"] for each in levels] == [0, 1]
    assert levels[0]["bounds"] == pytest.approx([-180, -85.051129, 180, 85.051129])


@needs_samples
@pytest.mark.parametrize(
    ("name", "frames"), [("car-detection.mp4", 377), ("one-by-one-person-detection.mp4", 1394)]
)
def test_clips_are_described_with_frames_and_size(name: str, frames: int) -> None:
    (clip,) = described(SAMPLES / "clips" / name)
    assert (clip["kind"], clip["frames"], clip["width"], clip["height"]) == ("clip", frames, 768, 432)
    assert clip["duration_s"] == pytest.approx(frames / clip["rate"], abs=0.01)


def test_a_packed_archive_of_tiles_is_described_by_its_header(tmp_path: Path) -> None:
    box = [round(each * 1e7) for each in (126.7, 37.4, 127.2, 37.7)]
    rest = struct.pack("<QQQBBBBBBiiiiBii", 9, 9, 9, 1, 2, 2, 1, 0, 14, *box, 10, 0, 0)
    path = tmp_path / "map.pmtiles"
    path.write_bytes(b"PMTiles\x03" + bytes(64) + rest)
    (whole,) = described(path)
    assert (whole["format"], whole["zooms"], whole["bounds"]) == ("pbf", (0, 14), (126.7, 37.4, 127.2, 37.7))


def test_a_layer_in_another_coordinate_system_is_refused_with_the_reason(tmp_path: Path) -> None:
    point = {"type": "Point", "coordinates": [206076.7, 446245.7]}
    path = tmp_path / "tm.geojson"
    path.write_text(json.dumps({"type": "Feature", "geometry": point, "properties": {}}), encoding="utf-8")
    aside, whole = described(path)
    assert "another coordinate system" in aside["detail"]
    assert (whole["features"], whole["refused"]) == (0, 1)


def test_exchanged_coordinates_of_a_layer_are_named(tmp_path: Path) -> None:
    path = tmp_path / "turned.geojson"
    path.write_text(json.dumps({"type": "Point", "coordinates": [37.5, 80.0]}), encoding="utf-8")
    feature, whole = described(path)
    assert (feature["outside_korea"], whole["outside_korea"]) == (1, True)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.geojson", b"{", "layer-shape"),
        ("a.geojson", b'{"type":"Topology"}', "layer-shape"),
        (
            "a.geojson",
            b'{"type":"Feature","geometry":{"type":"Polygon","coordinates":[[[1,"x"]]]}}',
            "position",
        ),
        ("a.mbtiles", b"SQLite format 3\0" + bytes(200), "tiles-shape"),
        ("a.pmtiles", b"PMTiles\x02", "tiles-shape"),
        ("a.mp4", b"\0\0\0\x20ftypisom" + bytes(400), "clip-shape"),
    ],
)
def test_a_file_that_only_looks_like_one_is_refused(
    tmp_path: Path, name: str, content: bytes, reason: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert described(path)[0]["reason"] == reason
