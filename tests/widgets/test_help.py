"""The manual: its own pictures and pages, and nothing from outside."""

from __future__ import annotations

import re
from typing import Any

import pytest
from PySide6.QtCore import QUrl
from PySide6.QtGui import QImage, QTextDocument

from widgets.help import Manual
from widgets.resource import resource
from widgets.words import Words

_IMAGE = QTextDocument.ResourceType.ImageResource.value


@pytest.fixture
def manual(qtbot: Any) -> Manual:
    made = Manual(Words("ko"))
    qtbot.addWidget(made)
    return made


def test_a_picture_of_the_manual_is_made_to_fit(manual: Manual) -> None:
    picture = manual.pages.loadResource(_IMAGE, QUrl("board.png"))
    assert isinstance(picture, QImage)
    assert 0 < picture.width() <= 760


@pytest.mark.parametrize(
    "address",
    [
        "http://example.invalid/a.png",
        "file:///etc/passwd",
        "../words/alarms.toml",
        "../../README.md",
        "",
        "ko.md",
    ],
)
def test_nothing_else_is_loaded(manual: Manual, address: str) -> None:
    assert manual.pages.loadResource(_IMAGE, QUrl(address)) is None


def test_a_link_leads_to_another_page_of_the_manual_and_nowhere_else(manual: Manual) -> None:
    manual.pages.anchorClicked.emit(QUrl("systems-ko.md"))
    assert "S17" in manual.pages.toPlainText()
    manual.pages.anchorClicked.emit(QUrl("http://example.invalid/"))
    assert "S17" in manual.pages.toPlainText()


@pytest.mark.parametrize("page", sorted(resource("manual").glob("*.md")), ids=lambda page: page.name)
def test_whatever_a_page_names_is_there(page: Any) -> None:
    named = re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8"))
    assert [name for name in named if not (page.parent / name).is_file()] == []
