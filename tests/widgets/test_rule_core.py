"""The page of the rules on a real core, through the real link."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from console.clock import SystemClock
from console.core import Core
from console.link_client import LinkClient
from console.settings import parse
from db import alarms
from db.alarm_records import Alarm
from widgets.alarm_explain import AlarmExplain
from widgets.bridge import Bridge
from widgets.rule_editor import RuleEditor
from widgets.words import Words

SETTINGS = """
[site]
device = "test"
[brokers.main]
port = 1
[feeds.levels]
topics = ["levels/#"]
[[feeds.levels.mappings]]
topic = "levels/{source}"
[[feeds.levels.mappings.values]]
quantity = "level"
value = "v"
unit = "m"
[[rules]]
id = "high"
kind = "threshold"
quantity = "level"
above = 5.0
name = "수위 높음"
"""


@pytest.fixture
def core(tmp_path: Path) -> Iterator[Core]:
    core = Core(tmp_path / "data", parse(SETTINGS, "test"), SystemClock())
    core.start()
    yield core
    core.stop()


@pytest.fixture
def bridge(core: Core, qtbot: QtBot) -> Iterator[Bridge]:
    bridge = Bridge()
    client = LinkClient(
        core.folder, role="ui", seat="1", actor="김관제", on_push=bridge.post, on_state=bridge.post_state
    )
    bridge.use(client)
    client.start()
    qtbot.waitUntil(lambda: bridge.is_linked, timeout=10_000)
    yield bridge
    client.stop()


def measure(core: Core, value: float) -> None:
    core.ingest.deliver("levels", [("levels/r1", json.dumps({"v": value}).encode())]).result(10)


def standing(core: Core) -> list[Alarm]:
    db = core.open_ops_reader()
    try:
        return alarms.standing(db)
    finally:
        db.close()


def test_a_rule_is_tried_saved_and_alarms_and_the_alarm_is_explained(
    core: Core, bridge: Bridge, qtbot: QtBot
) -> None:
    for value in (1.0, 3.0, 1.0):
        measure(core, value)
    page = RuleEditor(bridge, Words("ko"))
    qtbot.addWidget(page, before_close_func=lambda page: setattr(page.sheet, "is_dirty", False))
    sheet = page.sheet
    qtbot.waitUntil(lambda: sheet.seen is not None and sheet.seen.rule.id == "high", timeout=10_000)

    sheet.form.fields["above"].show_value(2.0)
    sheet.form.fields["above"].changed.emit()
    sheet.why.setText("홍수기 대비")
    sheet.buttons["save"].click()
    qtbot.waitUntil(lambda: sheet.forecast.tried is not None, timeout=10_000)
    tried = sheet.forecast.tried
    assert tried is not None and tried.present is not None
    assert (tried.outcome.count, tried.present.count) == (1, 0)

    sheet.buttons["save"].click()
    qtbot.waitUntil(lambda: sheet.seen is not None and sheet.seen.rule.version == 2, timeout=10_000)
    assert "v2" in sheet.message.text() and not sheet.is_dirty
    measure(core, 2.5)
    qtbot.waitUntil(lambda: bool(standing(core)), timeout=10_000)
    (alarm,) = standing(core)
    assert (alarm.rule, alarm.rule_version, alarm.limit) == ("high", 2, 2.0)

    explained = AlarmExplain(bridge, Words("ko"), alarm, "수위 높음")
    qtbot.addWidget(explained)
    qtbot.waitUntil(lambda: "홍수기 대비" in explained.says.text(), timeout=10_000)
    assert "값 2.50 m" in explained.says.text()
