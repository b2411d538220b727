"""The page of the rules: found in Korean, tried before it is saved, said why, and brought back."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from msgspec.structs import replace
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit

from console.alarms.checks import _COMMON, _KEYS, check
from console.errors import SettingsError
from console.packs import installed
from console.packs.joining import joined
from console.rules import overlay
from console.settings import parse
from db.alarm_records import Alarm, AlarmState, Rule
from db.asset_records import Asset
from db.rule_records import Activation, Outcome, RuleEdit, RuleSeen, Tried
from db.workings import Progress
from tests.widgets.panel_fakes import NOW_MS, FakeBridge
from widgets import rule_sheet
from widgets.rule_editor import RuleEditor
from widgets.rule_form import KINDS, groups_of
from widgets.words import Words

SETTINGS = joined(parse('packs = ["air", "pole"]', "x"), None)
BASE = overlay.base(SETTINGS, None)
PM10 = next(rule for rule in BASE.rules if rule.id == "pm10-advisory")
EDITS = [RuleEdit(replace(PM10, above=120.0), 2, "put", NOW_MS - 1000, "김관제", "황사")]
ALARM = Alarm(
    "pm10-advisory|n|pm10", 1, "pm10-advisory", "average", "n", "pm10", 3, AlarmState.ACKNOWLEDGED, 0, 0
)


class Desk(FakeBridge):
    """A core that has the rules of two packs and one edit."""

    def __init__(self) -> None:
        seen = overlay.seen(BASE, EDITS)
        tried = Tried(
            PM10,
            NOW_MS - 10,
            NOW_MS,
            Outcome(1, (Activation("a", "n1", "pm10", NOW_MS - 5),), (1,)),
            series=1,
        )
        super().__init__(
            packs=installed.in_use(SETTINGS, None),
            assets=[],
            alarms=[ALARM],
            rulebook=seen,
            rules__try=Progress("t1", "forecast", "running", NOW_MS, NOW_MS),
            rules__tried=tried,
            rule__put=lambda args: _answer(args["rule"]),
            rule__remove=seen[0],
            rule__restore=seen[0],
            task__cancel=True,
        )
        self.tree = [Asset(f"c{n}", "channel", f"{n}", source=f"n{n}", quantity="pm10") for n in range(3)]

    def assets(self, done: Any) -> None:
        done(self.tree, "")

    def finish(self, task: str = "t1") -> None:
        """The forecast is done."""
        self.changed.emit((Progress(task, "forecast", "done", NOW_MS, NOW_MS),))


def _answer(rule: dict[str, Any]) -> RuleSeen:
    edit = RuleEdit(msgspec.convert(rule, Rule), 3, "put", NOW_MS, "김관제", "x")
    return next(each for each in overlay.seen(BASE, [*EDITS, edit]) if each.rule.id == rule["id"])


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def page(qtbot: Any, desk: Desk) -> RuleEditor:
    page = RuleEditor(desk, Words("ko"))
    qtbot.addWidget(page, before_close_func=lambda page: setattr(page.sheet, "is_dirty", False))
    page.open_rule("pm10-advisory")
    return page


def field(page: RuleEditor, key: str) -> QLineEdit:
    found = page.sheet.form.fields[key].widget
    return found if isinstance(found, QLineEdit) else found.findChild(QLineEdit)


def write(qtbot: Any, page: RuleEditor, key: str, text: str) -> None:
    edit = field(page, key)
    edit.selectAll()
    qtbot.keyClicks(edit, text)


def click(qtbot: Any, page: RuleEditor, key: str) -> None:
    qtbot.mouseClick(page.sheet.buttons[key], Qt.MouseButton.LeftButton)


@pytest.mark.parametrize("kind", KINDS)
def test_the_form_has_just_the_fields_that_the_engine_knows_of_a_kind(kind: str) -> None:
    shown = {key for keys in groups_of(kind).values() for key in keys} | {"id", "kind", "version"}
    assert shown == _COMMON | _KEYS[kind]
    assert set(KINDS) == set(_KEYS)


@pytest.mark.parametrize(
    "rule", [*BASE.rules, Rule("x", "cross", others=("a", "b"), above=1.5, if_quantity="q", if_below=2.0)]
)
def test_the_form_gives_back_the_rule_it_was_shown(page: RuleEditor, rule: Rule) -> None:
    page.sheet.form.show_rule(rule, is_new=False)
    assert page.sheet.form.draft() == rule


def test_the_rule_is_said_and_counted_as_it_is_typed(qtbot: Any, page: RuleEditor) -> None:
    assert "120 µg/m³ 이상인 상태가 2회 연속(2시간)" in page.sheet.says.text()
    write(qtbot, page, "above", "99.5")
    qtbot.waitUntil(lambda: "99.50 µg/m³ 이상" in page.sheet.says.text())
    assert "측정점 3곳" in page.sheet.says.text()


def test_a_rule_is_tried_before_it_is_saved_and_needs_a_reason(
    qtbot: Any, page: RuleEditor, desk: Desk
) -> None:
    write(qtbot, page, "above", "130")
    click(qtbot, page, "save")
    assert "사유" in page.sheet.message.text() and "rules.try" not in desk.names()
    page.sheet.why.setText("민원이 많음")
    click(qtbot, page, "save")
    assert desk.last("rules.try")["rule"]["above"] == 130.0
    assert "rule.put" not in desk.names()
    desk.finish()
    assert "알람 1회" in page.sheet.forecast.head.text()
    assert page.sheet.forecast.table.rowCount() == 1
    click(qtbot, page, "save")
    put = desk.last("rule.put")
    assert (put["rule"]["above"], put["why"], put["based_on"]) == (130.0, "민원이 많음", 2)
    assert "v3" in page.sheet.message.text()


def test_a_change_after_the_forecast_asks_for_another(qtbot: Any, page: RuleEditor, desk: Desk) -> None:
    page.sheet.why.setText("x")
    write(qtbot, page, "above", "130")
    click(qtbot, page, "save")
    desk.finish()
    write(qtbot, page, "above", "140")
    assert "고치기 전" in page.sheet.forecast.head.text()
    click(qtbot, page, "save")
    assert desk.names().count("rules.try") == 2 and "rule.put" not in desk.names()


def test_a_forecast_can_be_ended(qtbot: Any, page: RuleEditor, desk: Desk) -> None:
    qtbot.mouseClick(page.sheet.forecast.begin, Qt.MouseButton.LeftButton)
    qtbot.mouseClick(page.sheet.forecast.cancel, Qt.MouseButton.LeftButton)
    assert desk.last("task.cancel") == {"id": "t1"}
    desk.finish()
    assert page.sheet.forecast.tried is None


def test_what_the_core_refuses_is_said_at_its_field(qtbot: Any, page: RuleEditor, desk: Desk) -> None:
    desk.answers["rule.put"] = Exception("rule 'pm10-advisory': key deadband: found -1; 0 or more")
    page.sheet.why.setText("x")
    write(qtbot, page, "deadband", "-1")
    click(qtbot, page, "save")
    desk.finish()
    click(qtbot, page, "save")
    assert "0 이상" in page.sheet.message.text() and "복귀 여유" in page.sheet.message.text()
    assert "border" in field(page, "deadband").styleSheet()
    assert page.sheet.is_dirty


def test_a_rule_that_cannot_be_tried_is_said_at_its_field(qtbot: Any, page: RuleEditor, desk: Desk) -> None:
    desk.answers["rules.try"] = Exception("rule 'x': key least: found 0; 1 to 1000")
    page.sheet.why.setText("x")
    write(qtbot, page, "above", "9")
    click(qtbot, page, "save")
    assert "횟수" in page.sheet.message.text() and "1에서 1000까지" in page.sheet.message.text()
    assert page.sheet.buttons["save"].text().startswith("저장") and not page.sheet.forecast.is_running


BAD = [
    Rule("x", "threshold"),
    Rule("x", "threshold", above=1.0, deadband=-1.0),
    Rule("x", "threshold", above=3.0, below=1.0, deadband=5.0),
    Rule("x", "threshold", above=3.0, below=1.0, clear=2.0),
    Rule("x", "threshold", above=3.0, clear=4.0),
    Rule("x", "threshold", below=3.0, clear=2.0),
    Rule("x", "threshold", above=3.0, deadband=1.0, clear=2.0),
    Rule("x", "threshold", above=1.0, hours="5-5"),
    Rule("x", "threshold", above=1.0, if_quantity="q"),
    Rule("x", "silent"),
    Rule("x", "silent", silent_s=1.0, group=True, quantity="q"),
    Rule("x", "average", above=1.0),
    Rule("x", "average", above=1.0, hourly=True, hold=0),
    Rule("x", "rate", above=1.0),
    Rule("x", "change", above=1.0),
    Rule("x", "stuck"),
    Rule("x", "count", above=1.0, window_s=1.0),
    Rule("x", "cross", above=1.0),
    Rule("x", "forecast", above=1.0, priority=2),
    Rule("x", "event", types=("a*b",)),
    Rule("x", "event", quiet_s=1.0),
    Rule("a|b", "threshold", above=1.0),
]


@pytest.mark.parametrize("rule", BAD)
def test_every_fault_is_said_in_korean(page: RuleEditor, desk: Desk, rule: Rule) -> None:
    with pytest.raises(SettingsError) as fault:
        check(rule)
    page.sheet.forecast.refused.emit(Words("ko").sentence(str(fault.value)))
    said = page.sheet.message.text()
    assert "칸 — " in said and "found" not in said and "key" not in said, said


def test_a_number_that_is_none_is_not_sent(qtbot: Any, page: RuleEditor, desk: Desk) -> None:
    page.sheet.why.setText("x")
    write(qtbot, page, "above", "12o")
    click(qtbot, page, "save")
    assert "상한" in page.sheet.message.text() and "rules.try" not in desk.names()


def test_removing_names_what_it_does(qtbot: Any, page: RuleEditor, desk: Desk, monkeypatch: Any) -> None:
    asked: list[str] = []
    monkeypatch.setattr(rule_sheet, "ask", lambda parent, words, text, yes: asked.append(text) or True)
    page.sheet.why.setText("철거")
    click(qtbot, page, "remove")
    assert "알람 1건이 복귀" in asked[0]
    assert desk.last("rule.remove") == {"rule": "pm10-advisory", "why": "철거"}


def test_versions_say_who_and_what_and_bring_back(qtbot: Any, page: RuleEditor, desk: Desk) -> None:
    table = page.sheet.versions.table
    cells = [[table.item(row, column).text() for column in (0, 3, 4, 5)] for row in range(table.rowCount())]
    assert cells == [["v2", "김관제", "황사", "상한 150 → 120"], ["v1", "", "", ""]]
    page.sheet.why.setText("황사 끝")
    table.selectRow(1)
    page.sheet.versions.restore.click()
    assert desk.last("rule.restore") == {"rule": "pm10-advisory", "version": 1, "why": "황사 끝"}


def test_rules_are_found_by_korean_words(qtbot: Any, page: RuleEditor) -> None:
    page.list.search.setText("미세먼지 주의보 수준")
    found = {row.seen.rule.id for row in page.list.model.records()}
    assert {"pm10-advisory", "pm25-advisory"} <= found and "heat" not in found
    page.list.search.setText("무응답")
    assert {row.seen.rule.kind for row in page.list.model.records()} == {"silent"}


def test_another_kind_keeps_what_both_have(qtbot: Any, page: RuleEditor) -> None:
    page.sheet.form.fields["kind"].show_value("rate")
    page.sheet.form.fields["kind"].changed.emit()
    rule = page.sheet.form.draft()
    assert (rule.kind, rule.above, rule.quantity, rule.hourly) == ("rate", 120.0, "pm10", False)


def test_a_copy_has_a_name_of_its_own_and_begins_anew(qtbot: Any, page: RuleEditor, desk: Desk) -> None:
    click(qtbot, page, "copy")
    assert page.sheet.form.draft().id == "pm10-advisory-2"
    assert page.sheet.seen is None and page.sheet.is_dirty


def test_what_is_not_saved_is_not_dropped_unasked(qtbot: Any, page: RuleEditor, monkeypatch: Any) -> None:
    asked: list[str] = []
    monkeypatch.setattr(rule_sheet, "ask", lambda parent, words, text, yes: bool(asked.append(text)))
    write(qtbot, page, "above", "1")
    page.list.show_rule("heat")
    assert asked and page.sheet.seen is not None and page.sheet.seen.rule.id == "pm10-advisory"
