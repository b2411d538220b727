"""Maps through the door of a real core, as a screen and a crew's package see them."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from console.cli_export import fetch
from console.cli_task import TaskClient
from console.clock import SystemClock
from console.core import Core
from console.errors import Refused
from console.link_client import LinkClient
from console.settings import parse
from db import entries
from db.records import Flag, Latest
from tests.console.maps.map_files import DISTRICT, layer, line, mbtiles

SETTINGS = """
[site]
district = "가상구"
device = "core-test"
assets = "assets.toml"

[[maps]]
id = "base"
file = "base.mbtiles"
kind = "mbtiles"

[[maps]]
id = "lines"
file = "lines.geojson"
kind = "geojson"
order = 1
"""
ASSETS = """
[[asset]]
id = "d"
kind = "district"
name = "가상구"
[[asset]]
id = "f"
kind = "facility"
name = "대기"
parent = "d"
lon = 126.9
lat = 37.5
[[asset]]
id = "s1"
kind = "device"
name = "센서 1"
parent = "f"
source = "s1"
silent_after_s = 60
[[asset]]
id = "s2"
kind = "device"
name = "센서 2"
parent = "f"
source = "s2"
lon = 126.91
lat = 37.51
"""


@pytest.fixture
def core(tmp_path: Path) -> Iterator[Core]:
    mbtiles(tmp_path / "base.mbtiles", range(10, 12))
    layer(tmp_path / "lines.geojson", line((126.8, 37.47), (127.0, 37.47)))
    (tmp_path / "assets.toml").write_text(ASSETS, encoding="utf-8")
    origin = tmp_path / "settings.toml"
    origin.write_text(SETTINGS, encoding="utf-8")
    core = Core(tmp_path / "data", parse(SETTINGS, "test"), SystemClock(), origin=origin)
    core.start()
    yield core
    core.stop()


@pytest.fixture
def client(core: Core) -> Iterator[LinkClient]:
    client = LinkClient(core.folder, role="ui", seat="1", actor="김관제")
    client.start()
    assert client.wait_linked(10)
    yield client
    client.stop()


def newest(core: Core, source: str, value: float, age_s: float = 1.0, **more: object) -> Latest:
    at_ms = core.clock.now_ms() - round(age_s * 1000)
    return Latest(source, "pm10", "inst", value, "ug/m3", at_ms, at_ms, **more)  # type: ignore[arg-type]


def test_a_screen_gets_maps_tiles_and_layers(client: LinkClient) -> None:
    assert [sheet["id"] for sheet in client.ask("maps")] == ["base", "lines"]
    tile = client.ask("map.tile", {"map": "base", "z": 10, "x": 872, "y": 396})
    assert tile["form"] == "png" and tile["data"].startswith(b"\x89PNG")
    assert client.ask("map.tile", {"map": "base", "z": 10, "x": 0, "y": 0}) is None
    assert client.ask("map.layer", {"map": "lines"})["lengths"] == [2]
    with pytest.raises(Refused):
        client.ask("map.layer", {"map": "base"})
    with pytest.raises(Refused):
        client.ask("map.tile", {"map": "base", "z": 10, "x": -1, "y": 0})


def test_a_package_is_made_by_the_core_and_fetched(core: Core, tmp_path: Path) -> None:
    wanted = {"bounds": list(DISTRICT), "min_zoom": 10, "max_zoom": 11}
    with TaskClient(core.folder, "test") as tasks:
        measured = tasks.client.ask("map.measure", wanted)
        progress = tasks.run("map.package", wanted)
        assert progress.state == "done", progress.text
        fetch(tasks.client, progress.path, tmp_path / "crew.zip")
    with zipfile.ZipFile(tmp_path / "crew.zip") as packed:
        assert sorted(packed.namelist()) == ["base.mbtiles", "lines.geojson", "manifest.json"]
    assert measured["tiles"] > 1
    assert list((core.folder / "exports").iterdir()) == []
    db = core.open_ops_reader()
    try:
        assert [entry.type for entry in entries.newest(db, 3)] == ["map.packaged"]
    finally:
        db.close()


def test_values_are_told_with_place_age_and_how_long_they_are_fresh(core: Core, client: LinkClient) -> None:
    forecast = newest(core, "s2", 90.0, flags=int(Flag.FORECAST))
    core.newest.publish([newest(core, "s1", 40.0, 30.0), newest(core, "elsewhere", 1.0), forecast])
    assert client.ask("map.quantities") == [["pm10", "ug/m3", 1]]
    found = client.ask("map.values", {"quantity": "pm10"})
    read = {name: np.frombuffer(found[name], "<f8").tolist() for name in ("lon", "lat", "value", "fresh_s")}
    assert read == {"lon": [126.9], "lat": [37.5], "value": [40.0], "fresh_s": [60.0]}
    assert 30 <= np.frombuffer(found["age_s"], "<f8")[0] < 60


def test_values_of_another_unit_are_not_mixed_in(core: Core, client: LinkClient) -> None:
    other = Latest("s2", "pm10", "inst", 0.04, "mg/m3", core.clock.now_ms(), core.clock.now_ms())
    core.newest.publish([newest(core, "s1", 40.0), other])
    found = client.ask("map.values", {"quantity": "pm10"})
    assert len(found["value"]) == 8
    assert found["other_unit"] == 1


def test_a_quantity_that_nobody_reports_is_empty(client: LinkClient) -> None:
    found = client.ask("map.values", {"quantity": "nothing"})
    assert (found["value"], found["fresh_s"]) == (b"", b"")
