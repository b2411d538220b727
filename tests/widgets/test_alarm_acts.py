"""What an operator does with chosen alarms, and where what is put aside goes."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace
from PySide6.QtWidgets import QMessageBox

from db.alarm_records import Alarm, AlarmState, OutOfService, Shelf
from tests.widgets.panel_fakes import NOW_MS, FakeBridge
from widgets.alarm_dialogs import AssignDialog, CommentDialog, ServiceDialog, ShelveDialog
from widgets.alarm_history import AlarmHistory
from widgets.alarm_panel import AlarmPanel
from widgets.words import Words

HOUR_MS = 3_600_000
SHELF = Shelf("kim", NOW_MS - 60_000, NOW_MS + HOUR_MS, "공사")


def alarm(name: str, state: AlarmState = AlarmState.UNACKNOWLEDGED, **more: Any) -> Alarm:
    return Alarm(
        id=name, activation=1, rule="pm", kind="threshold", source=name, quantity="pm10", priority=2,
        state=state, raised_ms=NOW_MS - 25_000, changed_ms=NOW_MS, value=156.0, unit="ug/m3", **more,
    )  # fmt: skip


@pytest.fixture
def bridge(qapp: object) -> FakeBridge:
    return FakeBridge(assets=[], rules=[], site={}, guidance={"ko": "현장 확인", "en": "Look"})


def opened(bridge: FakeBridge, qtbot: Any, *alarms: Alarm, language: str = "ko") -> AlarmPanel:
    bridge.answers["alarms"] = list(alarms)
    panel = AlarmPanel(bridge, Words(language))
    qtbot.addWidget(panel)
    panel.resize(360, 700)
    panel.show()
    bridge.linked.emit(True, "")
    return panel


def dialog(panel: AlarmPanel, kind: type) -> Any:
    return panel.findChild(kind)


def test_shelving_needs_a_reason_and_names_what_it_does(bridge: FakeBridge, qtbot: Any) -> None:
    panel = opened(bridge, qtbot, alarm("a"), alarm("b"))
    panel.list.selectAll()
    panel.acts.run("shelve")
    form = dialog(panel, ShelveDialog)
    assert "2건" in form.consequence.text()
    form.submit()
    assert form.message.text() == "사유를 적으세요"
    form.reason.setEditText("공사 중")
    form.span.setCurrentIndex(form.span.findData(30))
    form.submit()
    assert bridge.last("alarm.shelve") == {
        "alarms": ["a", "b"], "until_ms": NOW_MS + 30 * 60_000, "reason": "공사 중",
    }  # fmt: skip


def test_a_free_end_is_a_time_of_the_site_and_not_in_the_past(bridge: FakeBridge, qtbot: Any) -> None:
    panel = opened(bridge, qtbot, alarm("a"))
    panel.select("a")
    panel.acts.run("shelve")
    form = dialog(panel, ShelveDialog)
    form.reason.setEditText("x")
    form.span.setCurrentIndex(form.span.count() - 1)
    form.set_end(form.until, -10)
    form.submit()
    assert "지났습니다" in form.message.text()
    form.set_end(form.until, 90)
    form.submit()
    until_ms = bridge.last("alarm.shelve")["until_ms"]
    assert 0 <= NOW_MS + 90 * 60_000 - until_ms < 60_000


def test_work_needs_its_order_and_may_go_on_without_an_end(bridge: FakeBridge, qtbot: Any) -> None:
    panel = opened(bridge, qtbot, alarm("a"))
    panel.select("a")
    panel.acts.run("service")
    form = dialog(panel, ServiceDialog)
    form.submit()
    assert form.message.text() == "작업 번호를 적으세요"
    form.order.setEditText("W-2026-11")
    form.submit()
    assert bridge.last("alarm.out_of_service") == {
        "alarms": ["a"], "order": "W-2026-11", "reason": "", "until_ms": None,
    }  # fmt: skip


def test_those_on_duty_are_offered_and_a_comment_is_not_empty(bridge: FakeBridge, qtbot: Any) -> None:
    panel = opened(bridge, qtbot, alarm("a"))
    panel.acts.on_duty = ["관제요원 02"]
    panel.select("a")
    panel.acts.run("assign")
    form = dialog(panel, AssignDialog)
    assert form.assignee.itemText(0) == "관제요원 02"
    form.assignee.setEditText("현장조 2")
    form.submit()
    assert bridge.last("alarm.assign") == {"alarms": ["a"], "assignee": "현장조 2"}
    panel.acts.run("comment")
    note = dialog(panel, CommentDialog)
    note.submit()
    assert "alarm.comment" not in bridge.names()
    note.text.setPlainText("점포주 통화")
    note.submit()
    assert bridge.last("alarm.comment") == {"alarms": ["a"], "text": "점포주 통화"}


def test_an_act_goes_only_to_the_alarms_it_fits(bridge: FakeBridge, qtbot: Any) -> None:
    panel = opened(bridge, qtbot, alarm("new"), alarm("held", AlarmState.LATCHED))
    panel.list.selectAll()
    panel.acts.run("reset")
    assert bridge.last("alarm.reset") == {"alarms": ["held"]}
    panel.acts.run("unshelve")
    assert "alarm.unshelve" not in bridge.names()


def test_what_is_put_aside_has_a_view_and_says_until_when(bridge: FakeBridge, qtbot: Any) -> None:
    work = OutOfService("lee", NOW_MS, "W-7", "교체")
    panel = opened(
        bridge,
        qtbot,
        alarm("new"),
        replace(alarm("quiet", AlarmState.NORMAL), shelf=SHELF),
        alarm("work", out_of_service=work),
    )
    assert [panel.views.tabText(n) for n in range(4) if panel.views.isTabVisible(n)] == [
        "활성 1", "보류 1", "사용 중지 1",
    ]  # fmt: skip
    panel.views.setCurrentIndex(1)
    assert [each.id for each in panel.model.alarms()] == ["quiet"]
    assert panel.texts.state_and_age(panel.model.alarms()[0]) == "보류 ~12:01"
    panel.select("quiet")
    assert "kim · 공사" in panel.details.toPlainText()
    panel.acts.run("unshelve")
    assert bridge.last("alarm.unshelve") == {"alarms": ["quiet"]}
    panel.leave()
    assert [each.id for each in panel.model.alarms()] == ["new"]


def test_without_anything_put_aside_there_are_no_views(bridge: FakeBridge, qtbot: Any) -> None:
    panel = opened(bridge, qtbot, alarm("new"))
    assert not panel.views.isVisible()


def test_many_at_once_are_asked_about_with_the_consequence(
    bridge: FakeBridge, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def refuse(_parent: object, _title: str, question: str) -> QMessageBox.StandardButton:
        asked.append(question)
        return QMessageBox.StandardButton.No

    monkeypatch.setattr(QMessageBox, "question", refuse)
    panel = opened(bridge, qtbot, *(alarm(f"a{n}", shelf=SHELF) for n in range(30)))
    panel.views.setCurrentIndex(1)
    panel.list.selectAll()
    panel.acts.run("unshelve")
    assert "30건" in asked[0]
    assert "alarm.unshelve" not in bridge.names()


def test_a_look_takes_one_alarm_and_what_the_core_advises_is_shown(bridge: FakeBridge, qtbot: Any) -> None:
    panel = opened(bridge, qtbot, alarm("a"), alarm("b"), language="en")
    looked: list[tuple[str, str]] = []
    panel.look_wanted.connect(lambda what, about: looked.append((what, about.id)))
    panel.select("b")
    panel.acts.run("trend")
    assert looked == [("trend", "b")]
    assert "Guidance: Look" in panel.details.toPlainText()


def test_a_refused_act_says_why(bridge: FakeBridge, qtbot: Any) -> None:
    bridge.answers["alarm.reset"] = ValueError("Somebody else did")
    panel = opened(bridge, qtbot, alarm("held", AlarmState.LATCHED))
    panel.select("held")
    panel.acts.run("reset")
    assert "Somebody else did" in panel.hint.text()


def history(bridge: FakeBridge, qtbot: Any, **answers: Any) -> AlarmHistory:
    bridge.answers |= {name.replace("__", "."): value for name, value in answers.items()}
    made = AlarmHistory(bridge, Words("ko"), alarm("a"), "남문시장 · 누설", lambda key: f"번호 {key}")
    qtbot.addWidget(made)
    return made


def test_the_last_time_and_every_act_are_one_key_away(bridge: FakeBridge, qtbot: Any) -> None:
    last = {"alarm": "a", "raised_ms": NOW_MS - 86_400_000, "acknowledged_by": "kim", "note": "누수",
            "incident": "i7", "comment": "", "minutes": 12.4}  # fmt: skip
    entries = [
        {"at_ms": NOW_MS, "actor": "lee", "type": "alarm.shelved", "payload": {"reason": "<b>공사</b>"}},
        {"at_ms": NOW_MS - 1, "actor": "", "type": "alarm.unheard-of", "payload": None},
    ]
    page = history(bridge, qtbot, alarm__last_similar=last, alarm__history=entries)
    assert page.last.text().splitlines() == [
        "지난번: 2026-11-21 11:01:32 발생, 12분 지속, 확인 kim", "그때 메모: 누수", "그때 상황: 번호 i7",
    ]  # fmt: skip
    rows = [[page.model.index(row, n).data() for n in range(1, 4)] for row in range(2)]
    assert rows == [["보류", "lee", "<b>공사</b>"], ["unheard-of", "", ""]]


def test_an_alarm_without_a_past_says_so(bridge: FakeBridge, qtbot: Any) -> None:
    page = history(bridge, qtbot, alarm__last_similar=None, alarm__history=ValueError("busy"))
    assert "기록이 없습니다" in page.last.text()
    assert "busy" in page.message.text()


def test_an_alarm_that_nobody_took_in_time_says_so(bridge: FakeBridge, qtbot: Any) -> None:
    late = replace(alarm("a"), escalated_ms=NOW_MS)
    panel = opened(bridge, qtbot, late)
    assert panel.texts.state(late) == "미확인 · 상향"
    assert panel.texts.state(replace(late, state=AlarmState.ACKNOWLEDGED)) == "확인"
