"""Reports asked of a running core, as a screen and the command line do, before and after a restart."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from console.__main__ import gwanje
from console.clock import SystemClock
from console.core import Core
from console.errors import Refused
from console.link_client import LinkClient
from console.settings import parse
from db import annunciations
from tests.console.alarms.test_kpis import row

SETTINGS = """
[site]
district = "가상구"
device = "report-test"

[[rules]]
id = "wet"
kind = "threshold"
above = 1
name = "침수"
name_en = "Flooded <b>"
"""


class Room:
    """A core with a flood in its store, and a client of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.start()
        now = self.core.clock.now_ms()
        self.begin_ms = now - 3_600_000
        by = self.begin_ms - row("wet|a", 0).at_ms
        rows = [row(f"wet|{n}", n) for n in range(15)]
        rows += [row("fire|x", 20, priority=1), row("fire|x", 32, "acknowledged", actor="kim")]
        rows = [each._replace(at_ms=each.at_ms + by) for each in rows]
        self.core.engine.submit(lambda db: annunciations.add(db, rows) or []).result(10)

    def start(self) -> None:
        self.core = Core(self.folder, parse(SETTINGS, "test"), SystemClock())
        self.core.start()
        self.client = LinkClient(self.folder, role="ui", seat="1", actor="kim")
        self.client.start()
        assert self.client.wait_linked(10)

    def stop(self) -> None:
        self.client.stop()
        self.core.stop()

    def span(self) -> dict[str, Any]:
        return {"since_ms": self.begin_ms - 1000, "until_ms": self.begin_ms + 3_000_000}


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    room = Room(tmp_path / "data")
    yield room
    room.stop()


def test_figures_and_the_flood_are_the_same_after_a_restart(room: Room) -> None:
    before = [room.client.ask("alarm.kpis", room.span()), room.client.ask("floods", room.span())]
    room.stop()
    room.start()
    assert [room.client.ask("alarm.kpis", room.span()), room.client.ask("floods", room.span())] == before
    found, (flood,) = before
    assert (found["calls"], found["floods"], found["rules"][0]["name"]) == (16, 1, "침수")
    assert (flood["since_ms"], flood["peak"], flood["calls"]) == (room.begin_ms + 10_000, 16, 16)
    report = room.client.ask("flood.report", {"since_ms": flood["since_ms"]})
    assert (report["first_out"], report["acknowledged"]) == ("wet|0", {"kim": 1})
    assert report["critical"][0]["acknowledged_ms"] - report["critical"][0]["at_ms"] == 12_000


def test_a_report_is_a_page_a_table_or_a_workbook_and_no_name_is_read_as_markup(room: Room) -> None:
    asked = {**room.span(), "language": "en"}
    page = room.client.ask("alarm.report", {**asked, "form": "html"}).decode()
    assert "Flooded &lt;b&gt;" in page
    assert "http" not in page and "src=" not in page
    table = room.client.ask("alarm.report", {**asked, "form": "csv"}).decode("utf-8-sig")
    assert "Annunciations,16" in table
    book = zipfile.ZipFile(io.BytesIO(room.client.ask("alarm.report", {**asked, "form": "xlsx"})))
    assert len([name for name in book.namelist() if name.startswith("xl/worksheets/sheet")]) == 7
    flood = {"since_ms": room.begin_ms + 10_000, "flood": True, "form": "text"}
    assert "최초 알람" in room.client.ask("alarm.report", flood).decode()


def test_shifts_follow_each_other_and_the_first_goes_on(room: Room) -> None:
    shifts = room.client.ask("alarm.shifts", {"count": 4})
    assert shifts[0][2] <= room.core.clock.now_ms() < shifts[0][3]
    assert [each[3] for each in shifts[1:]] == [each[2] for each in shifts[:-1]]


def test_a_time_that_ends_before_it_begins_is_refused(room: Room) -> None:
    with pytest.raises(Refused, match="begin before it ends"):
        room.client.ask("alarm.kpis", {"since_ms": 10, "until_ms": 5})
    with pytest.raises(Refused, match="No flood began"):
        room.client.ask("flood.report", {"since_ms": room.begin_ms})


def test_the_command_line_prints_and_saves(room: Room, tmp_path: Path) -> None:
    def run(*words: str) -> str:
        done = CliRunner().invoke(gwanje, ["report", *words, "--data", str(room.folder)])
        assert done.exit_code == 0, done.output
        return done.output

    assert "알람 발생(경보 기준) · 16" in run("alarms", "--since", "2h")
    assert "calls, peak 16" in run("flood")
    file = tmp_path / "flood.html"
    run("flood", "--number", "1", "--to", str(file), "--language", "en")
    assert "Alarm flood report" in file.read_text(encoding="utf-8")
    assert "알람 운영 지표" in run("alarms", "--shift", "1")
