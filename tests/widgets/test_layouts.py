"""Layouts: panels are fitted and given back their height, and an older layout still shows a newer panel."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import PySide6QtAds as Ads
import pytest
from PySide6.QtWidgets import QLabel, QMainWindow
from pytestqt.qtbot import QtBot

from widgets.layouts import BOARD, Docks

KEYS = (
    "alarms", "map", "cameras", "incidents", "facility", "health", "quarantine", "raw", "domains", "open",
    "time", "gaps",
)  # fmt: skip
Make = Callable[..., Docks]


@pytest.fixture
def make(qtbot: QtBot, tmp_path: Path) -> Make:
    def made(keys: tuple[str, ...] = KEYS) -> Docks:
        window = QMainWindow()
        window.resize(1600, 900)
        docks = Docks(window, tmp_path / "layouts.json")
        window.setCentralWidget(docks.widget)
        for key in keys:
            docks.add(key, QLabel(key))
        qtbot.addWidget(window)
        window.show()
        docks.window = window  # type: ignore[attr-defined]
        return docks

    return made


def test_a_panel_is_fitted_and_given_back_what_it_had(make: Make) -> None:
    docks = make()
    docks.arrange(BOARD)
    area = docks._docks["domains"].dockAreaWidget()
    before = docks.area.splitterSizes(area)
    docks.fit_height("domains", 74)
    fitted = docks.area.splitterSizes(area)
    assert fitted[1] < before[1]
    assert sum(fitted) == sum(before)
    docks.fit_height("domains", 0)
    assert docks.area.splitterSizes(area) == before


def test_a_layout_from_before_a_panel_existed_has_it_behind_the_map(make: Make) -> None:
    older = make(("map", "raw"))
    area = older.area.addDockWidget(Ads.CenterDockWidgetArea, older._docks["map"])
    older.area.addDockWidgetTabToArea(older._docks["raw"], area)
    older.raise_panel("raw")
    older.keep_last()
    later = make(("map", "raw", "facility"))
    assert later.restore_last()
    assert later._docks["facility"].dockAreaWidget() is later._docks["map"].dockAreaWidget()
    assert later._docks["raw"].isCurrentTab()
    later.raise_panel("facility")
    assert later._docks["facility"].isCurrentTab()


def test_a_window_comes_back_as_it_was_left(make: Make) -> None:
    docks = make()
    docks.arrange(BOARD)
    docks.raise_panel("raw")
    docks._docks["gaps"].toggleView(False)
    docks.keep_last()
    later = make()
    assert later.restore_last()
    assert all(each.dockAreaWidget() is not None for each in later._docks.values())
    assert later._docks["raw"].isCurrentTab()
    assert later._docks["gaps"].isClosed()
