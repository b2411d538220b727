"""Looking closer at the past, and what can be done with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from db.records import Trend
from db.workings import Progress
from tests.widgets.panel_fakes import NOW_MS, FakeBridge
from widgets.history_dialogs import ExportDialog, HoldDialog
from widgets.trend_panel import SPANS_MS, TrendPanel
from widgets.trend_zoom import LONGEST_MS, SHORTEST_MS, moved, zoomed
from widgets.words import Words

NOWS = st.integers(0, 10**13)
STRETCHES = st.tuples(st.integers(0, 10**12), st.integers(SHORTEST_MS, LONGEST_MS))


def trend(args: dict[str, Any]) -> Trend:
    times = list(
        range(args["since_ms"], args["until_ms"], max(1, (args["until_ms"] - args["since_ms"]) // 100))
    )
    flat = [2.0] * len(times)
    return Trend("s", "q", "Cel", args["since_ms"], args["until_ms"], times, flat, flat, flat, len(times))


@pytest.fixture
def bridge() -> FakeBridge:
    return FakeBridge(trend=trend, rules=[])


@pytest.fixture
def panel(qtbot: QtBot, bridge: FakeBridge) -> TrendPanel:
    panel = TrendPanel(bridge, Words("ko"))
    qtbot.addWidget(panel)
    panel.resize(800, 400)
    panel.show()
    panel.show_series("s", "q")
    return panel


def turn(panel: TrendPanel, notches: int) -> None:
    surface = panel.plot.viewport()
    middle = QPointF(surface.width() / 2, surface.height() / 2)
    event = QWheelEvent(
        middle, surface.mapToGlobal(middle), QPoint(), QPoint(0, 120 * notches), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(surface, event)


@given(STRETCHES, st.floats(0, 1), st.floats(0.01, 100), st.integers(10**12, 10**13))
def test_a_zoom_stays_within_what_can_be_shown(
    stretch: tuple[int, int], share: float, factor: float, now_ms: int
) -> None:
    since, length = stretch
    since = min(since, now_ms - length)
    first, last = zoomed(since, since + length, since + round(length * share), factor, now_ms)
    assert last <= now_ms
    assert SHORTEST_MS <= last - first <= LONGEST_MS


@given(STRETCHES, st.integers(-(10**11), 10**11))
def test_a_move_keeps_the_length(stretch: tuple[int, int], by: int) -> None:
    since, length = stretch
    first, last = moved(since, since + length, by, 10**12)
    assert last - first == length
    assert last <= 10**12


def test_a_turn_of_the_wheel_asks_for_a_sharper_stretch(
    qtbot: QtBot, panel: TrendPanel, bridge: FakeBridge
) -> None:
    panel.set_span("year")
    before = bridge.names().count("trend")
    turn(panel, 3)
    turn(panel, 3)
    qtbot.waitUntil(lambda: bridge.names().count("trend") == before + 1)
    asked = bridge.last("trend")
    assert asked["until_ms"] - asked["since_ms"] < SPANS_MS["year"] * 0.3
    assert asked["since_ms"] > NOW_MS - SPANS_MS["year"]
    assert "과거 구간" in panel.facts.text()
    assert panel.live.isVisible()
    panel.go_live()
    assert bridge.last("trend")["until_ms"] == NOW_MS + 1
    assert not panel.live.isVisible()


def test_an_empty_stretch_of_the_past_can_be_left_again(
    qtbot: QtBot, panel: TrendPanel, bridge: FakeBridge
) -> None:
    bridge.answers["trend"] = Trend("s", "q", "Cel", 0, 1, [], [], [], [], 0)
    turn(panel, 5)
    qtbot.waitUntil(lambda: bridge.last("trend")["until_ms"] != NOW_MS + 1)
    assert panel.pages.currentIndex() == 1
    assert panel.live.isVisible()


def test_a_hold_says_what_and_why(qtbot: QtBot, bridge: FakeBridge) -> None:
    bridge.answers["hold.place"] = {}
    dialog = HoldDialog(bridge, Words("ko"), None, "s", "pm25", 1000, 2000)
    dialog.submit()
    assert "보존 사유" in dialog.message.text()
    dialog.reason.setText("수사 협조 2026-11")
    dialog.all.setChecked(True)
    with qtbot.waitSignal(dialog.recorded):
        dialog.submit()
    assert bridge.last("hold.place") == {
        "source": "s", "quantity": "*", "since_ms": 1000, "until_ms": 2000, "reason": "수사 협조 2026-11",
    }  # fmt: skip


def progress(state: Any = "running", **more: Any) -> Progress:
    return Progress("t1", "export", state, NOW_MS, NOW_MS, **more)


@pytest.fixture
def dialog(qtbot: QtBot, bridge: FakeBridge) -> ExportDialog:
    bridge.answers |= {"export.start": progress(), "export.drop": True, "task.cancel": True}
    dialog = ExportDialog(bridge, Words("ko"), None, "s", "pm25", 1000, 2000)
    dialog.show()
    return dialog


def test_an_export_is_fetched_in_parts_and_then_dropped(
    dialog: ExportDialog, bridge: FakeBridge, tmp_path: Path
) -> None:
    content = b"0123456789"
    bridge.answers["export.read"] = lambda args: {
        "data": content[args["offset"] : args["offset"] + 4],
        "size": len(content),
    }
    dialog.write_to(tmp_path / "측정값")
    bridge.changed.emit((progress(done=1, total=4, text="1,000"),))
    assert (dialog.bar.value(), dialog.bar.maximum(), "1,000" in dialog.message.text()) == (1, 4, True)
    bridge.changed.emit((progress("done", done=4, total=4, text="4,000", path="gwanje-s.csv"),))
    assert (tmp_path / "측정값.csv").read_bytes() == content
    assert bridge.last("export.drop") == {"name": "gwanje-s.csv"}
    assert "4,000행을 저장했습니다" in dialog.message.text()
    assert bridge.last("export.start")["quantities"] == ["pm25"]
    dialog.close()


def test_closing_the_dialog_ends_the_export(dialog: ExportDialog, bridge: FakeBridge, tmp_path: Path) -> None:
    dialog.write_to(tmp_path / "a.csv")
    dialog.reject()
    assert bridge.last("task.cancel") == {"id": "t1"}


def test_an_export_that_failed_says_why_and_can_be_tried_again(
    dialog: ExportDialog, bridge: FakeBridge, tmp_path: Path
) -> None:
    dialog.write_to(tmp_path / "a.csv")
    bridge.changed.emit((progress("failed", text="Only 3 MiB are free on the disk"),))
    assert "Only 3 MiB" in dialog.message.text()
    assert dialog.begin.isEnabled()
    assert list(tmp_path.iterdir()) == []
    dialog.close()


def test_a_place_that_cannot_be_written_is_told(
    dialog: ExportDialog, bridge: FakeBridge, tmp_path: Path
) -> None:
    bridge.answers["export.read"] = {"data": b"1", "size": 1}
    dialog.write_to(tmp_path / "gone" / "a.csv")
    bridge.changed.emit((progress("done", path="gwanje-s.csv"),))
    assert "내보내지 못했습니다" in dialog.message.text()
    dialog.close()
