"""The page of the packs, and the words that the packs teach the screen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from PySide6.QtWidgets import QApplication

from console.packs import installed, load
from console.settings import parse
from widgets.bridge import Bridge
from widgets.packs import Packs
from widgets.packs_page import PacksPage
from widgets.words import Words

SETTINGS = 'packs = ["air"]\n[brokers.main]\n[feeds.s]\nkind = "sdot"\ntopics = ["s"]'


class Door:
    def __init__(self, base: Path | None = None, error: str = "") -> None:
        self.base, self.error = base, error

    def query(self, name: str, args: dict[str, Any], done: Any, /) -> None:
        if self.error:
            done(None, self.error)
            return
        asked = installed.every if args.get("every") else installed.in_use
        done(msgspec.to_builtins(asked(parse(SETTINGS, "x"), self.base)), "")

    def command(self, name: str, args: dict[str, Any], done: Any, command_id: str, /) -> None:
        raise AssertionError(name)


def bridge_to(door: Door) -> Bridge:
    bridge = Bridge()
    bridge.use(door)
    return bridge


def cell(page: PacksPage, row: int, column: int) -> str:
    item = page.table.item(row, column)
    assert item is not None
    return item.text()


@pytest.mark.parametrize(("language", "state", "there"), [("ko", "사용", "있음"), ("en", "in use", "there")])
def test_the_page_lists_every_pack_and_whether_its_need_is_met(
    qtbot: Any, language: str, state: str, there: str
) -> None:
    page = PacksPage(bridge_to(Door()), Words(language))
    qtbot.addWidget(page)
    qtbot.waitUntil(lambda: page.table.rowCount() == len(load.files(None)))
    assert cell(page, 0, 0) == state
    assert there in cell(page, 0, 3)
    assert page.detail.toPlainText()


def test_a_faulty_pack_is_shown_with_its_fault_as_plain_text(qtbot: Any, tmp_path: Path) -> None:
    (tmp_path / "packs").mkdir()
    (tmp_path / "packs" / "mine.toml").write_text('[pack]\nid = "<img src=x>"', encoding="utf-8")
    page = PacksPage(bridge_to(Door(tmp_path)), Words("ko"))
    qtbot.addWidget(page)
    qtbot.waitUntil(lambda: page.table.rowCount() == len(load.files(tmp_path)))
    row = next(at for at in range(page.table.rowCount()) if cell(page, at, 1) == "mine")
    page.table.selectRow(row)
    assert cell(page, row, 0) == "잘못됨"
    assert "<img" in page.detail.toPlainText()


def test_a_question_that_fails_is_said(qtbot: Any) -> None:
    page = PacksPage(bridge_to(Door(error="gone")), Words("en"))
    qtbot.addWidget(page)
    qtbot.waitUntil(lambda: "gone" in page.about.text())


def test_packs_teach_the_screen_their_words(qtbot: Any, qapp: QApplication) -> None:
    words = Words("ko")
    packs = Packs(bridge_to(Door()), words)
    assert words.quantity("globe_temperature") == "globe_temperature"
    with qtbot.waitSignal(packs.changed):
        packs.use([load.load(load.SHIPPED / "air.toml")])
    assert words.quantity("globe_temperature") == "흑구온도"
    assert packs.of_domain("air") is not None and packs.of_domain("river") is None
