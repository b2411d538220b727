"""The doctor's page: bad things first, in the language of the screen, and a file for support."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt

from console.doctor.finding import tell, words
from db.workings import Progress
from tests.widgets.panel_fakes import NOW_MS, FakeBridge
from widgets.doctor_page import DoctorPage, Row, said
from widgets.words import Words

FOUND = [
    tell("fonts", "ok", "fonts"),
    tell(
        "queue main",
        "bad",
        "queue-loses",
        published=3000,
        delivered=1000,
        lost=2000,
        doubled=0,
        in_order=True,
    ),
    tell("keyring", "warn", "keyring-none"),
]


def progress(state: Any, **more: Any) -> Progress:
    return Progress("t1", "doctor", state, NOW_MS, NOW_MS, **more)


@pytest.fixture
def bridge() -> FakeBridge:
    return FakeBridge(
        findings={"at_ms": NOW_MS, "findings": FOUND},
        doctor__start=progress("running", total=100),
        support={"name": "s.zip", "data": b"PK"},
        task__cancel=True,
    )


@pytest.fixture
def page(qtbot: Any, bridge: FakeBridge) -> DoctorPage:
    page = DoctorPage(bridge, Words("ko"))
    qtbot.addWidget(page)
    return page


def test_what_is_bad_stands_first_and_is_said_in_korean(page: DoctorPage) -> None:
    texts = [page.model.index(0, column).data() for column in range(4)]
    assert texts[:2] == ["고장", "대기열 main"]
    assert texts[2].startswith("받았다고 확인한 3000건 가운데 1000건만")
    assert "max_queued_messages" in texts[3]
    assert [row.name for row in page.model.records()][:2] == ["queue main", "keyring"]


def test_the_findings_of_this_screen_are_added(page: DoctorPage) -> None:
    assert {"screen", "renderer"} <= {row.name for row in page.model.records()}


def test_an_examination_is_followed_and_can_be_cancelled(
    qtbot: Any, page: DoctorPage, bridge: FakeBridge
) -> None:
    qtbot.mouseClick(page.begin, Qt.MouseButton.LeftButton)
    page.apply((progress("running", done=40, total=100, text="main"),))
    assert (page.bar.value(), page.begin.isEnabled(), "main" in page.note.text()) == (40, False, True)
    qtbot.mouseClick(page.cancel, Qt.MouseButton.LeftButton)
    assert bridge.last("task.cancel") == {"id": "t1"}
    page.apply((progress("cancelled"),))
    assert (page.begin.isEnabled(), page.cancel.isEnabled()) == (True, False)


def test_the_support_file_is_written_where_the_person_wants_it(page: DoctorPage, tmp_path: Path) -> None:
    page.save_to(tmp_path / "s.zip")
    assert (tmp_path / "s.zip").read_bytes() == b"PK"
    page.save_to(tmp_path / "not there" / "s.zip")
    assert page.note.text().startswith("저장하지 못했습니다")


def test_every_finding_can_be_said_in_both_languages(qapp: object) -> None:
    for code, texts in words().items():
        assert {"ko", "en"} == set(texts["found"]), code
        assert Words("ko").has(f"finding.{code}.found"), code


def test_a_finding_of_a_newer_core_is_shown_as_it_told_it(qapp: object) -> None:
    row = Row("new", "warn", "not-known-here", {}, "as told", "do this")
    assert (said(row, "found", Words("ko")), said(row, "remedy", Words("ko"))) == ("as told", "do this")
