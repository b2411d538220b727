"""The way down from the board and back, the pages on it, and the line that sums the district up."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from pytestqt.qtbot import QtBot

from db.alarm_records import Alarm, AlarmState
from db.asset_records import (
    Asset,
    AssetState,
    Condition,
    DeviceHealth,
    Downtime,
    Facilities,
    Facility,
    FacilityHealth,
)
from db.records import Camera, Incident, Latest
from tests.widgets.panel_fakes import NOW_MS, FakeBridge
from widgets.air_line import Told
from widgets.board_line import BoardLine
from widgets.domain_model import Domains
from widgets.facility_lists import FacilityLists
from widgets.facility_page import FacilityPage
from widgets.levels import Levels, Step
from widgets.raw_panel import RawPanel
from widgets.words import Words

TREE = [
    Asset("d", "district", "구"),
    Asset("f", "facility", "=남문시장", parent="d", domain="electric", grade="B", inspect_by="2026-11-01"),
    Asset("g", "facility", "하천", parent="d", domain="river"),
    Asset("v", "device", "분전반", parent="f", source="v", lon=127.0, lat=37.5),
    Asset("v/q", "channel", "누설전류", parent="v", name_en="Leakage", source="v", quantity="leakage"),
]
LIST = Facilities(
    NOW_MS - 3_600_000,
    NOW_MS,
    (
        FacilityHealth(
            "f", Condition.BAD, 1, 2, 1, 0.5, 1.0, 1000, 3, 60_000.0, 0, 1, "B", "2026-11-01", True
        ),
        FacilityHealth("g", Condition.WELL, devices=1, availability=1.0, known=0.5),
    ),
)
ONE = Facility(
    NOW_MS - 1000,
    NOW_MS,
    LIST.rows[0],
    (DeviceHealth("v", "down", NOW_MS - 500, 0.5, 1.0, 500, 1),),
    (Downtime("v", NOW_MS - 500, None), Downtime("v", NOW_MS - 900, NOW_MS - 800)),
)
ALARM = Alarm(
    "r|v|q",
    1,
    "r",
    "threshold",
    "v",
    "leakage",
    1,
    AlarmState.UNACKNOWLEDGED,
    NOW_MS,
    NOW_MS,
    asset="v/q",
    name="누설",
)

LATEST = Latest("v", "leakage", "inst", 3.0, "mA", NOW_MS - 1000, NOW_MS - 900)
CAMERA = Camera("c1", "정문", "x", asset="v")


def bridge() -> FakeBridge:
    return FakeBridge(
        facilities=LIST, facility=ONE, alarms=[ALARM], cameras=[CAMERA], site={},
        incidents=[Incident("i", "1", "화재", 1, "화재", NOW_MS, "kim", NOW_MS, alarms=("r|v|q",))],
        raw=[], trend=Exception("none"), rules=[], gaps=[],
    )  # fmt: skip


class Walk:
    def __init__(self, qtbot: QtBot) -> None:
        self.words, self.bridge, self.domains = Words("ko"), bridge(), Domains()
        self.domains.set_assets(TREE, NOW_MS)
        self.page = FacilityPage(self.bridge, self.words, self.domains)
        self.raw = RawPanel(self.bridge, self.words)
        self.line = BoardLine(self.bridge, self.words, self.domains, lambda now_ms: Told("PM10 60", 3))
        for widget in (self.page, self.raw, self.line):
            qtbot.addWidget(widget)
        self.levels = Levels(self.line, self.line.crumbs, self.page, self.raw, self.domains, self.words)
        self.panels: list[str] = []
        self.levels.panel_wanted.connect(self.panels.append)
        self.page.show()
        self.bridge.linked.emit(True, "")


@pytest.fixture
def walk(qtbot: QtBot) -> Walk:
    return Walk(qtbot)


def test_the_way_down_and_back_is_written_in_crumbs(walk: Walk) -> None:
    levels, crumbs = walk.levels, walk.line.crumbs
    assert crumbs.names == ("상황판",)
    levels.show_domain("electric")
    assert crumbs.names == ("상황판", "전기화재")
    levels.show_asset("f")
    levels.show_asset("v/q")  # a channel is shown with its device
    assert crumbs.names == ("상황판", "전기화재", "=남문시장", "분전반")
    levels.show_raw("v")
    assert crumbs.names[-1] == "원본 v"
    assert crumbs.names[:-1] == ("상황판", "전기화재", "=남문시장", "분전반")
    assert walk.raw.source.text() == "v"
    assert walk.panels == ["facility", "facility", "facility", "raw"]
    for _ in range(4):
        levels.back()
    assert (levels.at, walk.panels[-1], crumbs.back.isEnabled()) == (Step("board"), "map", False)
    levels.back()  # nothing is left, nothing happens


def test_a_crumb_leads_up_and_the_way_back_leads_down_again(walk: Walk) -> None:
    walk.levels.show_asset("v")
    walk.line.crumbs.chosen.emit(1)
    assert walk.levels.at == Step("domain", "electric")
    walk.levels.back()
    assert walk.levels.at == Step("asset", "v")


def test_the_map_brought_to_the_front_by_hand_is_the_board(walk: Walk) -> None:
    walk.levels.show_asset("v")
    walk.levels.note_panel("map")
    assert walk.line.crumbs.names == ("상황판",)
    walk.levels.back()
    assert walk.levels.at == Step("asset", "v")


def test_the_list_shows_a_domains_facilities_the_worst_first(walk: Walk) -> None:
    walk.levels.show_facilities()
    assert [row.id for row in walk.page.list.model.records()] == ["f", "g"]
    walk.levels.show_domain("river")
    assert [row.id for row in walk.page.list.model.records()] == ["g"]


def test_the_csv_is_what_is_shown_and_no_cell_is_a_formula(walk: Walk, tmp_path: Path) -> None:
    walk.levels.show_facilities()
    walk.page.list.write_csv(tmp_path / "a.csv")
    rows = list(csv.reader(io.StringIO((tmp_path / "a.csv").read_text(encoding="utf-8-sig"))))
    assert rows[1][:6] == ["'=남문시장", "전기화재", "이상", "50.0 %", "3", "1분"]
    assert rows[1][-1] == "■ 2026-11-01 지남"
    assert rows[2][3] == "100 % (확인 50%)"
    assert "<td>=남문시장</td>" in walk.page.list.html()


def test_a_list_that_cannot_be_written_says_so(walk: Walk, tmp_path: Path) -> None:
    walk.page.list.write_csv(tmp_path / "no" / "a.csv")
    assert "저장하지 못함" in walk.page.list.note.text()


def test_a_facility_tells_its_figures_devices_and_what_belongs_to_it(walk: Walk) -> None:
    walk.levels.show_asset("f")
    detail = walk.page.detail
    assert "가용률 50.0 %" in detail.figures.text()
    assert "고장 3회" in detail.figures.text()
    assert "점검기한 지남 2026-11-01" in detail.facts.text()
    assert [row.id for row in detail.devices.records()] == ["v"]
    tabs = [detail.lists.tabText(at) for at in range(detail.lists.count())]
    assert tabs == ["알람 1", "상황 1", "고장 이력 2", "카메라 1", "문서", "작업"]
    detail.apply((replace(ALARM, state=AlarmState.NORMAL),))
    assert detail.lists.tabText(0) == "알람"


def test_a_device_shows_its_channels_and_says_that_nothing_came(walk: Walk) -> None:
    walk.levels.show_asset("v")
    detail = walk.page.detail
    assert detail.tables.currentWidget() is detail.channel_table
    assert detail.channels.data(detail.channels.index(0, 1)) == "아직 수신 없음"
    wanted: list[str] = []
    detail.raw_wanted.connect(wanted.append)
    detail.raw.click()
    assert wanted == ["v"]


def test_a_document_is_opened_only_if_it_is_one(
    walk: Walk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Any] = []
    monkeypatch.setattr("widgets.facility_lists.QDesktopServices.openUrl", opened.append)
    lists: FacilityLists = walk.page.detail.lists
    lists.documents_folder = str(tmp_path)
    said: list[str] = []
    lists.said.connect(said.append)
    for name in ("도면.pdf", "run.sh"):
        (tmp_path / name).write_text("x", encoding="utf-8")
        lists._open_document(name)
    lists._open_document("없음.pdf")
    assert [url.fileName() for url in opened] == ["도면.pdf"]
    assert len(said) == 2


def test_the_line_counts_what_stands_by_priority_without_what_is_aside(walk: Walk) -> None:
    line = walk.line
    suppressed = replace(ALARM, id="s", suppressed_by="x")
    line.follow([ALARM, suppressed])
    line.apply((Incident("i", "1", "화재", 1, "화재", NOW_MS, "kim", NOW_MS),))
    walk.domains.apply(
        [AssetState("f", Condition.BAD, 0, 1, priority=1), AssetState("g", Condition.WELL, 1, 1)], NOW_MS
    )
    line.write()
    assert [line.priorities[n].text() for n in (1, 2, 3, 4)] == ["1", "0", "0", "0"]
    assert line.incidents.text() == "진행 상황 1"
    assert line.facilities.text() == "시설 1/2"
    assert line.air.text() == "PM10 60"
    line.update_alarms([replace(ALARM, state=AlarmState.NORMAL)])
    line.write()
    assert line.priorities[1].text() == "0"


def test_what_has_not_come_is_said(qtbot: QtBot) -> None:
    line = BoardLine(bridge(), Words("ko"), Domains(), lambda now_ms: None)
    qtbot.addWidget(line)
    assert line.facilities.text() == "시설 아직 수신 없음"
    assert line.air.text() == "대기·기상 아직 수신 없음"


def test_a_device_page_that_comes_back_has_the_newest_value_and_speaks_the_present_language(
    walk: Walk,
) -> None:
    walk.domains.apply([LATEST], NOW_MS)
    walk.levels.show_asset("v")
    detail = walk.page.detail
    assert "누설" in detail.trend._heading()
    walk.page.hide()
    walk.domains.apply([replace(LATEST, value=9.0, observed_ms=NOW_MS)], NOW_MS)
    walk.page.show()
    assert detail.trend._newest is not None
    assert detail.trend._newest.value == 9.0
    walk.words.set_language("en")
    assert "Leakage" in detail.trend._heading()
