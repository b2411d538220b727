"""Guidance is given to an asset, what it belongs to, or its domain, with a reason."""

from __future__ import annotations

from typing import Any

from db.alarm_records import Alarm, AlarmState
from db.rule_records import GuidanceText
from tests.widgets.panel_fakes import FakeBridge, district
from widgets.guidance_dialog import GuidanceDialog
from widgets.words import Words

ALARM = Alarm(
    "hot|f0d0|t", 1, "hot", "threshold", "f0d0", "t", 3, AlarmState.ACKNOWLEDGED, 0, 0, asset="f0d0:t"
)
GIVEN = GuidanceText("asset", "f0", "시장 관리소에 전화", "Call the market", 0, "kim", "why")


def open_dialog(qtbot: Any, alarm: Alarm = ALARM) -> tuple[GuidanceDialog, FakeBridge]:
    bridge = FakeBridge(
        assets=None,
        guidance__texts=[GIVEN],
        guidance={"level": "asset", "name": "남문시장 0호"},
        guidance__put=GIVEN,
    )
    bridge.assets = lambda done: done(district(), "")  # type: ignore[method-assign]
    dialog = GuidanceDialog(bridge, Words("ko"), None, alarm)
    qtbot.addWidget(dialog)
    return dialog, bridge


def test_it_offers_the_asset_and_what_it_belongs_to(qtbot: Any) -> None:
    dialog, _ = open_dialog(qtbot)
    offered = [dialog.of.itemText(at) for at in range(dialog.of.count())]
    assert offered == ["측정점 · 온도", "장치 · 분전반 0", "시설 · 남문시장 0호", "구 전체 · 구로구"]
    assert "남문시장 0호" in dialog.consequence.text()


def test_what_is_given_is_shown_and_changed_with_a_reason(qtbot: Any) -> None:
    dialog, bridge = open_dialog(qtbot)
    dialog.of.setCurrentIndex(2)
    dialog.of.activated.emit(2)
    assert dialog.ko.toPlainText() == "시장 관리소에 전화"
    dialog.ko.setPlainText("소방서에 먼저")
    dialog.submit()
    assert "guidance.put" not in bridge.names() and "사유" in dialog.message.text()
    dialog.why.setText("훈련 결과")
    dialog.submit()
    put = bridge.last("guidance.put")
    assert put == {
        "level": "asset", "of": "f0", "ko": "소방서에 먼저", "en": "Call the market", "why": "훈련 결과",
    }  # fmt: skip


def test_an_alarm_of_no_asset_can_only_have_its_rules_guidance(qtbot: Any) -> None:
    dialog, _ = open_dialog(qtbot, Alarm("x|y|z", 1, "x", "event", "y", "", 3, AlarmState.RETURNED, 0, 0))
    assert not dialog.act.isEnabled()
