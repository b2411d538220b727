"""The list of holds, and releasing one."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace
from pytestqt.qtbot import QtBot

from db.workings import Hold
from tests.widgets.panel_fakes import NOW_MS, FakeBridge
from widgets.holds_page import HoldsPage
from widgets.words import Words

HOLD = Hold("h1", "OC3CL200011", "*", NOW_MS - 9_000_000, NOW_MS, "수사 협조 2026-11", "이감독", NOW_MS)


def shown(qtbot: QtBot, *holds: Hold, **answers: Any) -> tuple[HoldsPage, FakeBridge]:
    bridge = FakeBridge(holds=list(holds))
    bridge.answers |= answers
    page = HoldsPage(bridge, Words("ko"))
    page.show()
    return page, bridge


def test_only_holds_that_stand_are_listed(qtbot: QtBot) -> None:
    page, bridge = shown(qtbot, HOLD, replace(HOLD, id="h0", released_ms=NOW_MS))
    assert [page.model.index(0, column).data() for column in (1, 2, 5, 6)] == [
        "OC3CL200011", "모든 항목", "이감독", "수사 협조 2026-11",
    ]  # fmt: skip
    assert page.model.rowCount() == 1
    bridge.changed.emit((replace(HOLD, id="h2"), replace(HOLD, released_ms=NOW_MS)))
    assert [hold.id for hold in page.model.records()] == ["h2"]
    page.close()


def test_a_hold_is_released_with_a_reason(qtbot: QtBot) -> None:
    page, bridge = shown(qtbot, HOLD, **{"hold.release": {}})
    assert not page.release.isEnabled()
    page.table.selectRow(0)
    assert page.release.isEnabled()
    page.let_go(HOLD, "회신 끝")
    assert bridge.last("hold.release") == {"hold": "h1", "note": "회신 끝"}
    assert "해제했습니다" in page.message.text()
    page.close()


def test_a_refusal_is_told(qtbot: QtBot) -> None:
    page, _ = shown(qtbot, HOLD, **{"hold.release": ValueError("이감독 has released this hold already")})
    page.let_go(HOLD, "")
    assert "released this hold already" in page.message.text()
    page.close()


def test_an_empty_list_says_how_to_place_one(qtbot: QtBot) -> None:
    page, _ = shown(qtbot)
    assert page.empty.text().startswith("보존 중인 자료 없음")
    assert page.pages.currentIndex() == 1
    page.close()
