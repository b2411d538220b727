"""Maintenance windows on the screen."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtWidgets import QMessageBox

from db.alarm_records import Maintenance
from tests.widgets.panel_fakes import NOW_MS, FakeBridge, district
from widgets.maintenance_page import MaintenancePage, PlanDialog
from widgets.words import Words

HOUR_MS = 3_600_000
HOLDS = Maintenance("w1", "f0", NOW_MS - HOUR_MS, NOW_MS + HOUR_MS, "W-1", "교체", "kim", NOW_MS, begun=True)
OVER = Maintenance("w2", "f1", NOW_MS - 2 * HOUR_MS, NOW_MS - HOUR_MS, "W-0", "", "lee", NOW_MS)
LATER = Maintenance("w3", "gone", NOW_MS + HOUR_MS, NOW_MS + 2 * HOUR_MS, "W-2", "", "lee", NOW_MS)


@pytest.fixture
def bridge(qapp: object) -> FakeBridge:
    return FakeBridge(assets=district(), maintenance=[HOLDS, OVER, LATER])


@pytest.fixture
def page(bridge: FakeBridge, qtbot: Any) -> MaintenancePage:
    made = MaintenancePage(bridge, Words("ko"))
    qtbot.addWidget(made)
    made.show()
    return made


def rows(page: MaintenancePage) -> list[tuple[str, str]]:
    return [(page.model.index(n, 0).data(), page.model.index(n, 1).data()) for n in range(3)]


def test_each_window_says_whether_it_holds_and_where(page: MaintenancePage) -> None:
    assert rows(page) == [("작업 중", "남문시장 0호 (f0)"), ("끝남", "남문시장 1호 (f1)"), ("예약", "gone")]


def test_planning_names_how_many_devices_fall_silent(page: MaintenancePage, bridge: FakeBridge) -> None:
    page.plan_for("f1")
    form = page.findChild(PlanDialog)
    assert isinstance(form, PlanDialog)
    assert "장치 2대" in form.consequence.text()
    form.submit()
    assert form.message.text() == "작업 번호를 적으세요"
    form.order.setText("W-9")
    form.span.setCurrentIndex(form.span.findData(120))
    form.submit()
    assert bridge.last("maintenance.plan") == {
        "asset": "f1", "since_ms": NOW_MS, "until_ms": NOW_MS + 2 * HOUR_MS, "order": "W-9", "reason": "",
    }  # fmt: skip


def test_what_names_no_asset_plans_nothing(page: MaintenancePage, bridge: FakeBridge) -> None:
    page.plan_for("")
    form = page.findChild(PlanDialog)
    assert isinstance(form, PlanDialog)
    form.asset.setEditText("없는 시설")
    form.order.setText("W-9")
    form.submit()
    assert form.message.text() == "시설이나 장치를 고르세요"
    assert "maintenance.plan" not in bridge.names()


@pytest.mark.parametrize("agreed", [True, False])
def test_a_window_is_ended_only_when_it_is_meant(
    page: MaintenancePage, bridge: FakeBridge, monkeypatch: pytest.MonkeyPatch, agreed: bool
) -> None:
    button = QMessageBox.StandardButton.Yes if agreed else QMessageBox.StandardButton.No
    monkeypatch.setattr(QMessageBox, "question", lambda *_: button)
    page.table.selectRow(0)
    page.end_button.click()
    assert ("maintenance.end" in bridge.names()) is agreed
    page.table.selectRow(1)
    assert not page.end_button.isEnabled()


def test_without_any_it_says_what_to_do(qtbot: Any, qapp: object) -> None:
    made = MaintenancePage(FakeBridge(assets=district(), maintenance=[]), Words("en"))
    qtbot.addWidget(made)
    assert made.pages.currentWidget() is made.empty
    assert "Plan some" in made.empty.text()
