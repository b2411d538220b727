"""The dialog that imports a file: a preview first, then progress, then the report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from db.workings import Progress
from tests.widgets.panel_fakes import NOW_MS, FakeBridge
from widgets.import_dialog import ImportDialog
from widgets.words import Words

REPORT: dict[str, Any] = {
    "path": "/x/측정.csv",
    "feed": "sdot",
    "whole": False,
    "rows": 53,
    "messages": 4,
    "records": {"Reading": 51, "Event": 2},
    "reasons": {"time": 2},
    "examples": [
        {"source": "A-17", "quantity": "pm10", "value": 31.0, "unit": "ug/m3", "observed_ms": NOW_MS}
    ],
    "faults": [{"reason": "time", "detail": "'x' is <b>no time</b>"}],
    "stored": 51,
    "known": 3,
    "set_aside": 2,
}


def progress(state: Any = "running", text: str = "53 51 3 2") -> Progress:
    return Progress("t1", "import", state, NOW_MS, NOW_MS, done=2048, total=4096, text=text)


@pytest.fixture
def bridge() -> FakeBridge:
    answers: dict[str, Any] = {"site": {"feeds": ["sdot", "cap"]}, "import.preview": REPORT}
    answers |= {"import.start": progress(), "import.report": {**REPORT, "whole": True}, "task.cancel": True}
    return FakeBridge(**answers)


@pytest.fixture
def dialog(qtbot: QtBot, bridge: FakeBridge) -> ImportDialog:
    dialog = ImportDialog(bridge, Words("ko"))
    dialog.show()
    return dialog


def test_a_file_is_previewed_before_it_can_be_imported(dialog: ImportDialog, bridge: FakeBridge) -> None:
    assert not dialog.begin.isEnabled()
    dialog.look_into(Path("/x/측정.csv"))
    assert bridge.last("import.preview") == {"path": "/x/측정.csv", "feed": "sdot"}
    assert "앞부분 미리보기 · 53행에서 이벤트 2건, 측정값 51건" in dialog.head.text()
    assert "시각 오류" in dialog.lines.toPlainText()
    assert "<b>no time</b>" in dialog.lines.toPlainText()
    assert "A-17 · pm10 · 31.0" in dialog.lines.toPlainText()
    assert dialog.begin.isEnabled()
    dialog.close()


def test_an_import_shows_its_progress_and_its_report(dialog: ImportDialog, bridge: FakeBridge) -> None:
    dialog.look_into(Path("/x/측정.csv"))
    dialog.begin.click()
    bridge.changed.emit((progress(),))
    assert "가져오는 중 · 53행" in dialog.head.text()
    assert (dialog.bar.value(), dialog.bar.maximum()) == (2, 4)
    bridge.changed.emit((progress("done"),))
    assert "새 메시지 51 · 이미 있던 것 3" in dialog.head.text()
    assert bridge.last("import.report") == {"id": "t1"}
    assert not dialog.begin.isVisible()
    dialog.close()


def test_closing_the_dialog_ends_the_import(dialog: ImportDialog, bridge: FakeBridge) -> None:
    dialog.look_into(Path("/x/측정.csv"))
    dialog.begin.click()
    dialog.reject()
    assert bridge.last("task.cancel") == {"id": "t1"}


def test_a_file_of_which_nothing_can_be_read_cannot_be_imported(
    dialog: ImportDialog, bridge: FakeBridge
) -> None:
    bridge.answers["import.preview"] = {**REPORT, "records": {}, "examples": []}
    dialog.look_into(Path("/x/a.csv"))
    assert "읽을 수 있는 것이 없습니다" in dialog.head.text()
    assert not dialog.begin.isEnabled()
    dialog.close()


def test_a_failure_says_why(dialog: ImportDialog, bridge: FakeBridge) -> None:
    dialog.look_into(Path("/x/측정.csv"))
    dialog.begin.click()
    bridge.changed.emit((progress("failed", "the store is busy"),))
    assert "the store is busy" in dialog.head.text()
    assert dialog.file.isEnabled()
    dialog.close()
