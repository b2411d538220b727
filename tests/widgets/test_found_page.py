"""The start-up report says what happened, in the operator's words, and makes backups."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from db.workings import Backup, Progress
from tests.widgets.panel_fakes import NOW_MS, FakeBridge
from widgets.found_page import FoundPage, StartupReport
from widgets.preferences import Preferences
from widgets.words import Words

DAMAGED = {
    "store": "ops.db", "what": "damaged", "at_ms": NOW_MS, "text": "english", "kind": "found",
    "kept_as": "ops.db.damaged-1", "fields": {"faults": "page 3 <b>", "file": "ops.db.damaged-1"},
}  # fmt: skip
RESTORED = {
    "store": "ops.db", "what": "restored", "at_ms": NOW_MS, "text": "english", "kind": "restored",
    "fields": {"backup": "ops-1.db", "entries": 1234, "at_ms": NOW_MS},
}  # fmt: skip
MADE = Backup("ops-1.db", NOW_MS, 163_840, NOW_MS + 1000, 1234, "ab" * 32)


def about(*backups: Backup, **more: Any) -> dict[str, Any]:
    journal = {"fault": "", "waiting": 0, "since_ms": None}
    return {"folder": "/d/backups", "every_hours": 6.0, "skipped": "", "journal": journal,
            "backups": list(backups), **more}  # fmt: skip


def shown(qtbot: QtBot, bridge: FakeBridge, language: str = "ko") -> FoundPage:
    page = FoundPage(bridge, Words(language))
    qtbot.addWidget(page)
    page.show()
    return page


def test_it_says_what_was_found_and_restored(qtbot: QtBot) -> None:
    page = shown(qtbot, FakeBridge(found=[DAMAGED, RESTORED], backups=about(MADE)))
    text = page.report.toPlainText()
    assert "파일이 손상되어 따로 보관했습니다 (page 3 <b>)." in text
    assert "보관한 파일: ops.db.damaged-1" in text
    assert "기록 1,234건을 되살렸습니다" in text
    assert text.index("발견") < text.index("복구")
    assert page.table.item(0, 4).text() == "ops-1.db"


def test_a_clean_start_and_no_backup_are_said(qtbot: QtBot) -> None:
    page = shown(qtbot, FakeBridge(found=[], backups=about()), "en")
    assert "ended cleanly" in page.report.toPlainText()
    assert "There is no backup yet" in page.notice.text()


def test_a_finding_without_words_says_what_the_core_wrote(qtbot: QtBot) -> None:
    page = shown(qtbot, FakeBridge(found=[{**DAMAGED, "what": "brand-new"}], backups=about()))
    assert "english" in page.report.toPlainText()


def test_back_up_now_starts_one_follows_it_and_can_stop_it(qtbot: QtBot) -> None:
    running = Progress("t", "backup", "running", NOW_MS, NOW_MS, done=1, total=4)
    bridge = FakeBridge(found=[], backups=about(), backup__start=running)
    page = shown(qtbot, bridge)
    page.button.click()
    assert ("backup.start", {}) in bridge.asked
    page.apply([running])
    assert (page.bar.isVisible(), page.bar.value(), "25%" in page.notice.text()) == (True, 25, True)
    page.button.click()
    assert bridge.asked[-1] == ("task.cancel", {"id": "t"})
    bridge.answers["backups"] = about(MADE)
    page.apply([Progress("t", "backup", "done", NOW_MS, NOW_MS, path="/d/backups/ops-1.db")])
    assert (page.bar.isVisible(), page.table.rowCount()) == (False, 1)


def test_a_backup_that_does_not_hold_says_why(qtbot: QtBot) -> None:
    bad = Backup("ops-2.db", NOW_MS, 1, None, detail="page 7")
    page = shown(qtbot, FakeBridge(found=[], backups=about(bad, skipped="short")), "en")
    assert page.table.item(0, 1).text() == "does not hold: page 7"
    assert "Automatic backups wait" in page.notice.text()


def test_it_opens_by_itself_once_after_a_start_that_found_something(qtbot: QtBot, tmp_path: Path) -> None:
    bridge = FakeBridge(found=[DAMAGED], backups=about())
    window = QWidget()
    qtbot.addWidget(window)
    preferences = Preferences(tmp_path / "seat.json")
    report = StartupReport(bridge, Words("ko"), window, preferences)
    bridge.linked.emit(True, "")
    assert report.page is not None and report.page.isVisible()
    again = StartupReport(bridge, Words("ko"), window, preferences)
    bridge.linked.emit(True, "")
    assert again.page is None


def test_a_clean_start_opens_nothing(qtbot: QtBot, tmp_path: Path) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    bridge = FakeBridge(found=[{**DAMAGED, "what": "whole"}], backups=about())
    report = StartupReport(bridge, Words("ko"), window, Preferences(tmp_path / "seat.json"))
    bridge.linked.emit(True, "")
    assert report.page is None
