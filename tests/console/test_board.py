"""The board's part of a core, spoken to as a screen does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from console.clock import SystemClock
from console.core import Core
from console.errors import Refused
from console.link_client import LinkClient
from console.settings import load
from db.asset_records import Crisis, Facilities, Facility

ASSETS = """
[[asset]]
id = "d"
kind = "district"
name = "가상구"
[[asset]]
id = "f"
kind = "facility"
name = "남문시장"
parent = "d"
domain = "electric"
inspect_by = "2020-01-01"
grade = "B"
documents = ["도면.pdf"]
[[asset]]
id = "v"
kind = "device"
name = "분전반"
parent = "f"
source = "v"
silent_after_s = 10
"""
SETTINGS = '[site]\ndistrict = "가상구"\ndevice = "board-test"\nassets = "assets.toml"\n'


@pytest.fixture
def core(tmp_path: Path) -> Iterator[Core]:
    (tmp_path / "assets.toml").write_text(ASSETS, encoding="utf-8")
    (tmp_path / "settings.toml").write_text(SETTINGS, encoding="utf-8")
    origin = tmp_path / "settings.toml"
    core = Core(tmp_path / "data", load(origin), SystemClock(), origin=origin)
    core.start()
    yield core
    core.stop()


@pytest.fixture
def client(core: Core) -> Iterator[LinkClient]:
    client = LinkClient(core.folder, role="ui", seat="02", actor="김관제")
    client.start()
    assert client.wait_linked(10)
    yield client
    client.stop()


def test_a_facility_that_was_never_heard_has_no_availability_and_its_inspection_is_overdue(
    client: LinkClient,
) -> None:
    for span in ("shift", "week", "month"):
        found = msgspec.convert(client.ask("facilities", {"span": span}), Facilities)
        (row,) = found.rows
        assert (row.id, row.availability, row.devices, row.is_overdue) == ("f", None, 1, True)
    now_ms = found.until_ms
    one = msgspec.convert(
        client.ask("facility", {"asset": "f", "since_ms": now_ms - 1000, "until_ms": now_ms}), Facility
    )
    assert [(each.id, each.fitness) for each in one.devices] == [("v", "unknown")]
    device = msgspec.convert(
        client.ask("facility", {"asset": "v", "since_ms": now_ms - 1000, "until_ms": now_ms}), Facility
    )
    assert device.devices == one.devices


def test_a_facility_that_is_not_there_is_refused(client: LinkClient) -> None:
    with pytest.raises(Refused, match="no facility"):
        client.ask("facility", {"asset": "x", "since_ms": 0, "until_ms": 1})


def test_a_declared_warning_is_told_to_screens_and_outlives_the_core(
    core: Core, client: LinkClient, tmp_path: Path
) -> None:
    client.act("crisis.declare", {"kind": "flood", "level": 3, "text": "하천 범람"})
    (found,) = msgspec.convert(client.ask("crises", {}), list[Crisis])
    assert (found.kind, found.level, found.by) == ("flood", 3, "김관제")
    assert core.newest.of(Crisis) == [found]
    client.stop()
    core.stop()
    again = Core(tmp_path / "data", core.settings, SystemClock(), origin=tmp_path / "settings.toml")
    again.start()
    try:
        again._board.crises.step()
        assert again.newest.of(Crisis) == [found]
    finally:
        again.stop()
