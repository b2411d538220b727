"""The incident panel on a real core, through the real link."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from console.clock import SystemClock
from console.core import Core
from console.link_client import LinkClient
from console.settings import parse
from db import blobs
from widgets.bridge import Bridge
from widgets.incident_panel import IncidentPanel
from widgets.words import Words


@pytest.fixture
def core(tmp_path: Path) -> Iterator[Core]:
    core = Core(
        tmp_path / "data", parse('[site]\ndistrict = "가상구"\ndevice = "test"', "test"), SystemClock()
    )
    core.start()
    yield core
    core.stop()


@pytest.fixture
def panel(core: Core, qtbot: QtBot) -> Iterator[IncidentPanel]:
    bridge = Bridge()
    client = LinkClient(
        core.folder, role="ui", seat="1", actor="김관제", on_push=bridge.post, on_state=bridge.post_state
    )
    bridge.use(client)
    panel = IncidentPanel(bridge, Words("ko"))
    qtbot.addWidget(panel)
    panel.resize(900, 700)
    bridge.changed.connect(panel.apply)
    panel.show()
    client.start()
    qtbot.waitUntil(lambda: bridge.is_linked, timeout=10_000)
    yield panel
    client.stop()


def opened(panel: IncidentPanel, qtbot: QtBot, title: str = "남문시장 전기화재 의심") -> IncidentPanel:
    panel.open_dialog()
    assert panel.dialog is not None
    panel.dialog.title.setText(title)
    panel.dialog.submit()
    qtbot.waitUntil(lambda: panel.detail.incident is not None)
    qtbot.waitUntil(lambda: panel.detail.acts.rowCount() >= 1)
    return panel


def kinds(panel: IncidentPanel) -> list[str]:
    return [act.type.removeprefix("incident.") for act in panel.detail.acts.records()]


def test_a_note_stands_in_the_timeline_once(panel: IncidentPanel, qtbot: QtBot) -> None:
    opened(panel, qtbot)
    panel.detail.note.setPlainText("119 전파")
    panel.detail.add_note()
    qtbot.waitUntil(lambda: kinds(panel) == ["opened", "noted"])
    qtbot.waitUntil(lambda: panel.detail.note.toPlainText() == "")


def test_an_attached_file_arrives_whole(
    panel: IncidentPanel, core: Core, qtbot: QtBot, tmp_path: Path
) -> None:
    data = bytes(range(256)) * 3000
    (tmp_path / "현장.bin").write_bytes(data)
    opened(panel, qtbot)
    panel.detail.attach_file(tmp_path / "현장.bin")
    qtbot.waitUntil(lambda: bool(panel.detail.incident and panel.detail.incident.attachments))
    assert panel.detail.incident is not None
    file = panel.detail.incident.attachments[0]
    assert blobs.path(core.blobs, file.sha256).read_bytes() == data


def test_it_is_closed_with_a_result_and_reopened(panel: IncidentPanel, qtbot: QtBot) -> None:
    opened(panel, qtbot)
    for state in ("closed", "open"):
        panel.detail.do("close")
        assert panel.detail.dialog is not None
        panel.detail.dialog.submit()
        qtbot.waitUntil(
            lambda state=state: panel.detail.incident is not None and panel.detail.incident.state == state
        )
    qtbot.waitUntil(lambda: kinds(panel) == ["opened", "closed", "reopened"])


def test_a_refusal_of_the_core_is_shown(panel: IncidentPanel, qtbot: QtBot) -> None:
    opened(panel, qtbot)
    panel.detail._choose("level", 9)
    qtbot.waitUntil(lambda: panel.detail.message.text().startswith("바뀌지 않음"))


def test_two_syllables_find_a_title(panel: IncidentPanel, qtbot: QtBot) -> None:
    opened(panel, qtbot, "첫째 상황")
    opened(panel, qtbot, "둘째 상황")
    panel.search.setText("첫째")
    qtbot.waitUntil(lambda: [each.title for each in panel.model.records()] == ["첫째 상황"])
