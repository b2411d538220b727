"""The page of a shift's alarm figures, and a report on paper."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt

from console.alarms.kpis import kpis
from console.alarms.report_sheets import of_kpis
from console.clock import SEOUL
from console.errors import Refused
from console.report_forms import written
from db.kpi_records import FloodSpan, Kpis
from tests.console.alarms.test_kpis import BEGIN, HOUR, row
from tests.widgets.panel_fakes import NOW_MS, FakeBridge
from widgets.kpi_page import KpiPage
from widgets.report_view import ReportView
from widgets.words import Words


def found() -> Kpis:
    rows = [row("loud|a", n * 10) for n in range(60)] + [row("calm|b", 5), row("calm|b", 20, "returned")]
    return kpis(sorted(rows, key=lambda e: e.at_ms), BEGIN, BEGIN + HOUR, [], lambda at: 1, {})


def report(args: dict[str, Any]) -> bytes:
    return written(args["form"], "구로구 <1>", of_kpis(found(), SEOUL, args["language"]), args["language"])


@pytest.fixture
def bridge() -> FakeBridge:
    return FakeBridge(
        alarm__shifts=[
            ["주간조", "Day", NOW_MS - HOUR, NOW_MS + HOUR],
            ["야간조", "Night", 0, NOW_MS - HOUR],
        ],
        alarm__kpis=lambda args: found(),
        floods=[FloodSpan(NOW_MS - HOUR, NOW_MS - HOUR, NOW_MS, 60, 1, 61)],
        alarm__report=report,
    )


@pytest.fixture
def page(bridge: FakeBridge, qtbot: Any) -> KpiPage:
    page = KpiPage(bridge, Words("ko"))
    qtbot.addWidget(page)
    return page


def test_it_opens_with_the_shift_that_goes_on(page: KpiPage, bridge: FakeBridge) -> None:
    assert page.choice.currentText().endswith("진행 중")
    assert bridge.last("alarm.kpis") == {"since_ms": NOW_MS - HOUR, "until_ms": NOW_MS + HOUR}
    page.choice.setCurrentIndex(1)
    assert bridge.last("floods")["since_ms"] == 0
    page.choice.setCurrentIndex(2)
    assert bridge.last("alarm.kpis")["since_ms"] == NOW_MS - 86_400_000


def test_a_bad_actor_is_one_step_from_its_rule(page: KpiPage, qtbot: Any) -> None:
    first = page.actors.record(page.actors.index(0, 0))
    assert (first.why, first.rule) == ("chattering", "loud")
    page.actor_list.selectRow(0)
    with qtbot.waitSignal(page.rule_wanted) as signal:
        qtbot.mouseClick(page.open_rule_button, Qt.MouseButton.LeftButton)
    assert signal.args == ["loud"]


def test_a_missed_target_is_marked_by_shape_and_the_target_is_named(page: KpiPage) -> None:
    labels = {name.text(): (value.text(), target.text()) for name, value, _, target in page.grid._labels}
    assert labels["10분당 최대(1인)"][0].startswith("61")
    assert labels["낮음 / 보통 / 높음"] == ("0 / 100 / 0 %", "목표 80 / 15 / 5")


def test_a_flood_leads_to_its_report(page: KpiPage, bridge: FakeBridge) -> None:
    page.show_floods()
    page.flood_list.selectRow(0)
    page.open_flood()
    assert bridge.last("alarm.report")["flood"] is True
    view = page.findChild(ReportView)
    assert view is not None
    assert view.windowTitle() == "구로구 <1>"


def test_a_report_is_saved_as_page_table_and_paper(bridge: FakeBridge, qtbot: Any, tmp_path: Path) -> None:
    view = ReportView(bridge, Words("en"), {"since_ms": 0, "until_ms": 1})
    qtbot.addWidget(view)
    for form, begin in (("html", b"<!DOCTYPE"), ("csv", b"\xef\xbb\xbf"), ("xlsx", b"PK"), ("pdf", b"%PDF")):
        view.put(tmp_path / f"r.{form}")
        assert (tmp_path / f"r.{form}").read_bytes().startswith(begin)
        assert view.note.text() == f"r.{form} saved"
    view.put(tmp_path / "no" / "r.csv")
    assert "Not saved" in view.note.text()


def test_a_refusal_is_said(bridge: FakeBridge, qtbot: Any) -> None:
    bridge.answers["alarm.kpis"] = Refused("no")
    page = KpiPage(bridge, Words("ko"))
    qtbot.addWidget(page)
    assert page.note.text() == "지표를 받지 못함: no"
