"""The whole screen: composed on a fake door, and as a process of its own without any core."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from PySide6.QtCore import Qt

from console.clock import ManualClock
from db.alarm_records import Alarm, AlarmState
from db.asset_records import Asset, AssetState, Condition
from db.records import Incident, Lamp
from widgets import theme
from widgets.app import Screen
from widgets.bridge import Bridge
from widgets.layouts import BOARD, CREW
from widgets.preferences import Preferences
from widgets.words import Words

NOW = 1_795_309_292_000
ROOT = Path(__file__).parents[2]


class Door:
    """A core with one alarm, one incident and a small district."""

    def __init__(self) -> None:
        alarm = Alarm(
            id="a1", activation=1, rule="r", kind="threshold", source="s", quantity="pm10", priority=1,
            state=AlarmState.UNACKNOWLEDGED, raised_ms=NOW, changed_ms=NOW, asset="p1",
        )  # fmt: skip
        incident = Incident(
            id="i1", number="N-1", type="fire", level=1, title="전기화재 의심", opened_ms=NOW,
            opened_by="kim", changed_ms=NOW,
        )  # fmt: skip
        assets = [
            Asset(id="d", kind="district", name="한빛구"),
            Asset(
                id="p1", kind="facility", name="남문시장", parent="d", domain="electric", lon=126.9, lat=37.5
            ),
        ]
        site = {"district": "한빛구", "district_en": "Hanbit", "language": "ko", "timezone": "Asia/Seoul"}
        self.answers: dict[str, Any] = {
            "alarms": [alarm], "assets": assets, "rules": [], "cameras": [], "incidents": [incident],
            "site": {**site, "clock_ms": NOW}, "quarantine": [], "series": [],
        }  # fmt: skip

    def query(self, name: str, args: dict[str, Any], done: Any) -> None:
        if name in self.answers:
            done(msgspec.msgpack.decode(msgspec.msgpack.encode(self.answers[name])), "")
        else:
            done(None, "not asked for here")

    def command(self, name: str, args: dict[str, Any], done: Any, command_id: str) -> None:
        done(None, "not here")


@pytest.fixture
def bridge(qapp: object) -> Bridge:
    return Bridge(Door(), ManualClock(NOW))


@pytest.fixture
def screen(bridge: Bridge, tmp_path: Path, qtbot: Any) -> Iterator[Screen]:
    theme.load_fonts()
    made = Screen(bridge, Words("ko"), Preferences(tmp_path / "p.json"), tmp_path / "l.json")
    qtbot.addWidget(made.window)
    yield made
    made.cameras.stop()


def link(screen: Screen, bridge: Bridge, qtbot: Any) -> None:
    bridge.post_state(True, "")
    bridge.post(
        [
            AssetState(id="p1", condition=Condition.BAD, well=0, total=1),
            Lamp(kind="broker", name="m", state="ok"),
        ]
    )
    qtbot.waitUntil(lambda: screen.alarms.model.rowCount() == 1)


@pytest.mark.parametrize(("preset", "width", "height"), [(BOARD, 1920, 1080), (CREW, 1366, 768)])
@pytest.mark.parametrize("language", ["ko", "en"])
def test_each_preset_fits_its_screen_in_both_languages(
    screen: Screen, bridge: Bridge, qtbot: Any, preset: str, width: int, height: int, language: str
) -> None:
    screen.window.resize(width, height)
    screen.window.show()
    screen.window.docks.arrange(preset)
    screen.window.truth._words.set_language(language)
    link(screen, bridge, qtbot)
    assert (screen.window.width(), screen.window.height()) == (width, height)
    for key in ("alarms", "map", "cameras"):
        panel = screen.window.docks.panel(key)
        qtbot.waitUntil(panel.isVisible)
        corner = panel.mapTo(screen.window, panel.rect().bottomRight())
        assert corner.x() <= width and corner.y() <= height, key
    assert screen.alarms.width() >= screen.alarms.minimumSizeHint().width()


def test_a_broken_link_cannot_be_overlooked(screen: Screen, bridge: Bridge, qtbot: Any) -> None:
    screen.window.show()
    assert "아직 아무 값도" in screen.window.link_banner.text()
    link(screen, bridge, qtbot)
    assert not screen.window.link_banner.isVisible()
    bridge.post_state(False, "broken")
    qtbot.waitUntil(lambda: screen.window.link_banner.isVisible())
    assert screen.window.link_banner.text().startswith("관제 서버와 연결 끊김 · 마지막 갱신 10:01:32")
    assert theme.PRIORITY[1] in screen.window.frame.styleSheet()


def test_the_title_names_the_district_in_the_language(screen: Screen, bridge: Bridge, qtbot: Any) -> None:
    link(screen, bridge, qtbot)
    qtbot.waitUntil(lambda: "한빛구" in screen.window.windowTitle())
    screen.window.truth._words.set_language("en")
    assert screen.window.windowTitle() == "Gwanje — Hanbit"


def test_a_named_layout_comes_back(screen: Screen, tmp_path: Path) -> None:
    docks = screen.window.docks
    screen.window.resize(1920, 1080)
    screen.window.show()
    docks.arrange(BOARD)
    docks.save("주간조")
    docks.arrange(CREW)
    assert docks.names() == ["주간조"]
    assert docks.restore("주간조")
    assert docks.panel("time").isVisible()
    assert not docks.restore("없는 이름")
    assert (tmp_path / "l.json").exists()


def test_an_alarm_chosen_marks_its_place_and_an_incident_pressed_opens(
    screen: Screen, bridge: Bridge, qtbot: Any
) -> None:
    screen.window.resize(1920, 1080)
    screen.window.show()
    screen.window.docks.arrange(BOARD)
    link(screen, bridge, qtbot)
    qtbot.waitUntil(lambda: screen.open_incidents.model.rowCount() == 1)
    screen.alarms.select("a1")
    screen.open_incidents.list.clicked.emit(screen.open_incidents.model.index(0, 0))
    qtbot.waitUntil(screen.incidents.isVisible)


def test_the_cards_sum_up_a_domain(screen: Screen, bridge: Bridge, qtbot: Any) -> None:
    link(screen, bridge, qtbot)
    qtbot.waitUntil(lambda: bool(screen.domains.domains) and screen.domains.domains[0].known)
    card = screen.domains.domains[0]
    assert (card.name, card.well, card.total, card.condition) == ("electric", 0, 1, Condition.BAD)


def test_without_a_core_the_screen_starts_says_so_writes_pictures_and_ends(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from widgets.app import run_ui;"
        "sys.exit(run_ui(Path(sys.argv[1]), screenshots=Path(sys.argv[1]) / 'p', seconds=6, language='ko'))"
    )
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", script, str(tmp_path)],
        cwd=ROOT,
        env=os.environ | {"QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert (tmp_path / "p" / "board.png").stat().st_size > 10_000


@pytest.mark.parametrize("panel", ["alarms", "incidents", "map"])
def test_control_n_opens_one_new_incident_wherever_the_keyboard_is(
    screen: Screen, bridge: Bridge, qtbot: Any, panel: str
) -> None:
    screen.window.resize(1920, 1080)
    screen.window.show()
    screen.window.docks.arrange(BOARD)
    link(screen, bridge, qtbot)
    screen.window.activateWindow()
    screen.window.docks.raise_panel(panel)
    target = screen.window.docks.panel(panel)
    qtbot.waitUntil(target.isVisible)
    qtbot.keyClick(target, Qt.Key.Key_N, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: screen.incidents.dialog is not None)
    assert screen.incidents.dialog is not None
    screen.incidents.dialog.close()
