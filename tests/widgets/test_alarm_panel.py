"""The alarm column and the hand on it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from msgspec.structs import replace
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QInputDialog

from console.clock import ManualClock
from db.alarm_records import Alarm, AlarmState, Flood, Rule
from db.records import Flag, Latest
from widgets import reading, theme
from widgets.alarm_delegate import AlarmDelegate, AlarmTexts
from widgets.alarm_panel import AlarmPanel
from widgets.bridge import Bridge
from widgets.words import Words

NOW = 1_795_309_292_000


class Door:
    """Answers at once and keeps the commands."""

    def __init__(self) -> None:
        self.alarms: list[Alarm] = []
        self.rules: list[Rule] = []
        self.commands: list[tuple[str, dict[str, Any]]] = []
        self.refusal = ""

    def query(self, name: str, args: dict[str, Any], done: Any) -> None:
        if name == "site":
            done(None, "not told")
            return
        answers = {"alarms": self.alarms, "rules": self.rules, "assets": []}
        if name in answers:
            done(msgspec.to_builtins(answers[name]), "")
        else:
            done(None, f"no {name}")

    def command(self, name: str, args: dict[str, Any], done: Any, command_id: str) -> None:
        self.commands.append((name, args))
        done(None, self.refusal)


def alarm(name: str, priority: int = 2, state: AlarmState = AlarmState.UNACKNOWLEDGED, **more: Any) -> Alarm:
    return Alarm(
        id=name, activation=1, rule="pm", kind="threshold", source=name, quantity="pm10", priority=priority,
        state=state, raised_ms=NOW - 25_000, changed_ms=NOW, value=156.0, unit="ug/m3", limit=150.0, **more,
    )  # fmt: skip


@pytest.fixture
def door() -> Door:
    return Door()


@pytest.fixture
def bridge(door: Door, qapp: object) -> Bridge:
    return Bridge(door, ManualClock(NOW))


@pytest.fixture
def panel(bridge: Bridge, qtbot: Any) -> AlarmPanel:
    made = AlarmPanel(bridge, Words("ko"))
    qtbot.addWidget(made)
    made.resize(400, 700)
    made.show()
    return made


def link(bridge: Bridge, panel: AlarmPanel, qtbot: Any) -> None:
    bridge.post_state(True, "")
    qtbot.waitUntil(lambda: panel._arrived_ms is not None)


def test_before_anything_arrived_it_says_so_and_counts_nothing(panel: AlarmPanel) -> None:
    assert panel.counts.text() == "아직 도착하지 않음"
    assert "기다리는 중" in panel.empty.text()


def test_without_alarms_it_says_since_when(panel: AlarmPanel, bridge: Bridge, qtbot: Any) -> None:
    link(bridge, panel, qtbot)
    assert panel.empty.text() == "알람 없음 · 10:01:32부터"
    assert panel.counts.text() == "미확인 0 · 확인 0 · 복귀 0"


def test_the_button_acknowledges_just_the_selected(
    panel: AlarmPanel, bridge: Bridge, door: Door, qtbot: Any
) -> None:
    door.alarms = [alarm("a"), alarm("b", 1)]
    link(bridge, panel, qtbot)
    panel.select("b")
    qtbot.mouseClick(panel.acknowledge_button, Qt.MouseButton.LeftButton)
    assert door.commands == [("alarm.acknowledge", {"alarms": ["b"], "note": ""})]


def test_space_first_selects_the_worst_and_then_acknowledges_it(
    panel: AlarmPanel, bridge: Bridge, door: Door, qtbot: Any
) -> None:
    door.alarms = [alarm("a", 3), alarm("b", 1)]
    link(bridge, panel, qtbot)
    panel.acknowledge()
    assert [each.id for each in panel.selected()] == ["b"]
    assert door.commands == []
    panel.acknowledge()
    assert door.commands[0][1]["alarms"] == ["b"]


def test_many_are_acknowledged_at_once_with_a_note(
    panel: AlarmPanel, bridge: Bridge, door: Door, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    door.alarms = [alarm("a"), alarm("b"), alarm("c", state=AlarmState.ACKNOWLEDGED)]
    link(bridge, panel, qtbot)
    panel.list.selectAll()
    monkeypatch.setattr(QInputDialog, "getMultiLineText", lambda *_: ("순찰 요청 ", True))
    panel.acts.acknowledge_with_note()
    assert door.commands == [("alarm.acknowledge", {"alarms": ["a", "b"], "note": "순찰 요청"})]


def test_a_refusal_is_shown_and_the_alarm_stays_as_it_was(
    panel: AlarmPanel, bridge: Bridge, door: Door, qtbot: Any
) -> None:
    door.alarms, door.refusal = [alarm("a")], "Your role may not"
    link(bridge, panel, qtbot)
    panel.select("a")
    panel.acknowledge()
    qtbot.waitUntil(lambda: "Your role may not" in panel.hint.text())
    assert panel.selected()[0].state is AlarmState.UNACKNOWLEDGED


def test_the_details_name_value_limit_rule_basis_and_guidance(
    panel: AlarmPanel, bridge: Bridge, door: Door, qtbot: Any
) -> None:
    rule = Rule(id="pm", kind="threshold", name="미세먼지", basis="예시 한계", guidance="현장을 본다")
    door.alarms, door.rules = [alarm("a", note="<b>메모</b>")], [rule]
    link(bridge, panel, qtbot)
    panel.select("a")
    qtbot.waitUntil(lambda: "현장을 본다" in panel.details.toPlainText())
    text = panel.details.toPlainText()
    for part in (
        "156 µg/m³",
        "150 µg/m³",
        "미세먼지 [pm]",
        "예시 한계",
        "<b>메모</b>",
        "2026-11-22 10:01:07",
    ):
        assert part in text


def test_e_asks_for_an_incident_from_the_selected(
    panel: AlarmPanel, bridge: Bridge, door: Door, qtbot: Any
) -> None:
    door.alarms = [alarm("a")]
    link(bridge, panel, qtbot)
    panel.select("a")
    with qtbot.waitSignal(panel.incident_wanted) as signal:
        panel.incident_button.click()
    assert signal.args[0].id == "a"


def test_alarms_that_come_while_one_reads_are_announced_and_move_nothing(
    panel: AlarmPanel, bridge: Bridge, door: Door, qtbot: Any
) -> None:
    door.alarms = [alarm("a", 3)]
    link(bridge, panel, qtbot)
    panel.select("a")
    panel.apply((alarm("b", 1),))
    assert [each.id for each in panel.model.alarms()] == ["a", "b"]
    assert panel.waiting.isVisible()
    assert "1건" in panel.waiting.text()
    panel.leave()
    assert [each.id for each in panel.model.alarms()] == ["b", "a"]
    assert not panel.waiting.isVisible()


def test_after_a_while_without_a_touch_the_rows_come_in_order(
    panel: AlarmPanel, bridge: Bridge, door: Door, qtbot: Any
) -> None:
    door.alarms = [alarm("a", 3)]
    link(bridge, panel, qtbot)
    panel.select("a")
    panel.apply((alarm("b", 1),))
    for _ in range(reading.READING_S):
        panel.reading.tick()
    assert [each.id for each in panel.model.alarms()] == ["b", "a"]


def test_after_a_broken_link_alarms_that_are_over_are_gone(
    panel: AlarmPanel, bridge: Bridge, door: Door, qtbot: Any
) -> None:
    door.alarms = [alarm("a"), alarm("b")]
    link(bridge, panel, qtbot)
    bridge.post_state(False, "broken")
    door.alarms = [alarm("b")]
    bridge.post_state(True, "")
    qtbot.waitUntil(lambda: [each.id for each in panel.model.alarms()] == ["b"])


def test_the_language_switches_live(panel: AlarmPanel, bridge: Bridge, door: Door, qtbot: Any) -> None:
    door.alarms = [alarm("a")]
    link(bridge, panel, qtbot)
    panel._words.set_language("en")
    assert panel.counts.text() == "New 1 · ack. 0 · returned 0"


def test_every_row_can_be_painted_in_every_state(
    panel: AlarmPanel, bridge: Bridge, door: Door, qtbot: Any
) -> None:
    door.alarms = [alarm(str(state), number + 1, state) for number, state in enumerate(AlarmState)]
    door.alarms.append(alarm("silent").__class__(**{**msgspec.structs.asdict(alarm("s")), "kind": "silent"}))
    link(bridge, panel, qtbot)
    panel.list.selectAll()
    assert not panel.grab().isNull()


@pytest.mark.parametrize("width", [200, 240, 280])
def test_a_narrow_row_keeps_value_and_limit(bridge: Bridge, width: int) -> None:
    delegate = AlarmDelegate(AlarmTexts(bridge, Words("ko")))
    leak = msgspec.structs.replace(alarm("panel"), name="분전반 누설전류 주의가 아주 긴 이름으로")
    what, said = delegate.fitting(width, leak, theme.font(13, bold=True))
    assert what.endswith("156 µg/m³ (한계 150)")
    assert said == "미확인"


def test_a_wide_row_says_everything(bridge: Bridge) -> None:
    delegate = AlarmDelegate(AlarmTexts(bridge, Words("ko")))
    leak = msgspec.structs.replace(alarm("panel"), name="누설전류 주의")
    what, said = delegate.fitting(600, leak, theme.font(13, bold=True))
    assert (what, said) == ("누설전류 주의 · 156 µg/m³ (한계 150)", "미확인 · 25초")


def test_a_row_shows_the_value_now_beside_the_one_that_raised_it(
    panel: AlarmPanel, bridge: Bridge, door: Door, qtbot: Any
) -> None:
    door.alarms = [alarm("a"), alarm("b")]
    link(bridge, panel, qtbot)
    newest = [
        Latest("a", "pm10", "inst", 99.0, "ug/m3", NOW, NOW),
        Latest("b", "pm10", "inst", 10.0, "ug/m3", NOW, NOW, flags=int(Flag.RETAINED)),
        Latest("a", "pm25", "inst", 5.0, "ug/m3", NOW, NOW),
    ]
    panel.apply(tuple(newest))
    measured = {each.id: panel.texts.measured(each) for each in panel.model.alarms()}
    assert measured["a"] == "156 → 지금 99 µg/m³ (한계 150)"
    assert measured["b"] == "156 µg/m³ (한계 150)"
    assert list(panel.texts.now) == [("a", "pm10")]
    panel.select("a")
    assert "현재값: 99 µg/m³" in panel.details.toPlainText()


def test_trap_24_a_forecast_says_so_and_has_a_shape_of_its_own(
    panel: AlarmPanel, bridge: Bridge, door: Door, qtbot: Any
) -> None:
    actual = replace(alarm("a", 4), name="혼잡")
    door.alarms = [actual, replace(actual, id="f", kind="forecast", look="forecast")]
    link(bridge, panel, qtbot)
    said = {each.id: panel.texts.line(each) for each in panel.model.alarms()}
    assert "[예측] 혼잡" in said["f"]
    assert "예측" not in said["a"]
    row = panel.model.row_of("f")
    assert row is not None
    shots = [
        panel.list.visualRect(panel.model.index(each)).adjusted(0, 0, -(panel.list.width() - 44), 0)
        for each in (row, 1 - row)
    ]
    one, other = (panel.list.viewport().grab(shot).toImage() for shot in shots)
    assert one != other


def test_trap_21_the_row_of_an_outage_counts_what_it_explains(
    panel: AlarmPanel, bridge: Bridge, door: Door, qtbot: Any
) -> None:
    heard: list[Alarm] = []
    panel.altered.connect(heard.extend)
    below = [alarm(f"lamp-{n}", 3, suppressed_by="pole") for n in range(30)]
    door.alarms = [alarm("pole", 2), *below]
    link(bridge, panel, qtbot)
    assert [each.id for each in panel.model.alarms()] == ["pole"]
    assert "하위 미수신 30건" in panel.texts.line(panel.model.alarms()[0])
    assert panel.counts.text() == "미확인 1 · 확인 0 · 복귀 0"
    assert (panel.views.isVisible(), panel.views.tabText(2)) == (True, "억제 30")
    panel.select("pole")
    assert "lamp-0, lamp-1" in panel.details.toPlainText()


def test_an_event_shows_what_the_other_system_says(
    panel: AlarmPanel, bridge: Bridge, door: Door, qtbot: Any
) -> None:
    door.alarms = [replace(alarm("bell", 1), look="event", text="<b>눌림</b>", name="비상벨")]
    link(bridge, panel, qtbot)
    assert panel.texts.what(panel.model.alarms()[0]) == "비상벨 · <b>눌림</b>"


def test_in_a_flood_the_column_lists_causes_and_an_act_takes_the_whole_group(
    panel: AlarmPanel, bridge: Bridge, door: Door, qtbot: Any
) -> None:
    door.alarms = [alarm(f"p{n}", 2) for n in range(40)] + [alarm("fire", 1)]
    link(bridge, panel, qtbot)
    panel.show_flood(Flood(on=True, annunciated=41, first_out="p0"))
    panel.show_groups(True)
    assert [type(row).__name__ for row in panel.groups.model.rows()] == ["Alarm", "Group"]
    panel.groups.show_group(("pm", ""))
    panel.acknowledge()
    name, args = door.commands[-1]
    assert (name, len(args["alarms"])) == ("alarm.acknowledge", 40)
    panel.show_flood(Flood(on=False, annunciated=3))
    assert panel.lists.currentWidget() is panel.list
    assert panel.selected() == []
