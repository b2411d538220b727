"""The incident panel: search, one incident, acts, and what happens when the core says no."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QBuffer, QIODevice, Qt, QThreadPool
from PySide6.QtGui import QInputMethodEvent, QPixmap
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from db.alarm_records import Alarm, AlarmState
from db.records import Attachment, Camera, Incident
from tests.widgets.panel_fakes import NOW_MS, FakeBridge, act, incident
from widgets.incident_dialogs import CloseDialog, OpenDialog
from widgets.incident_files import safe_name
from widgets.incident_panel import IncidentPanel
from widgets.words import Words

ALARM = Alarm(
    id="a1", activation=1, rule="leak", kind="threshold", source="s", quantity="leakage_current", priority=1,
    state=AlarmState.UNACKNOWLEDGED, raised_ms=NOW_MS, changed_ms=NOW_MS, place="남문시장 12호",
    name="누설전류 높음",
)  # fmt: skip


def core(**answers: Any) -> FakeBridge:
    """A core with two open incidents and one closed."""
    kept = {each.id: each for each in (incident(7), incident(8), incident(9, state="closed"))}

    def page(args: dict[str, Any]) -> list[Incident]:
        fits = [each for each in kept.values() if args["search"] in each.title]
        return [each for each in fits if args["state"] in (None, each.state)]

    def one(args: dict[str, Any]) -> dict[str, Any]:
        return {"incident": kept[args["id"]], "acts": [act(1, sent=True), act(2)]}

    return FakeBridge(**({"incidents": page, "incident": one} | answers))


def shown(qtbot: QtBot, bridge: FakeBridge, width: int = 900, height: int = 700) -> IncidentPanel:
    panel = IncidentPanel(bridge, Words("ko"))
    qtbot.addWidget(panel)
    panel.resize(width, height)
    panel.show()
    return panel


def titles(panel: IncidentPanel) -> list[str]:
    return [each.id for each in panel.model.records()]


def settle() -> None:
    """Let the thread pool finish and its signals arrive."""
    for _ in range(12):
        QThreadPool.globalInstance().waitForDone()
        QApplication.processEvents()


def test_the_open_ones_are_listed_first(qtbot: QtBot) -> None:
    assert titles(shown(qtbot, core())) == ["i7", "i8"]


def test_the_core_searches_when_typing_rests(qtbot: QtBot) -> None:
    bridge = core()
    panel = shown(qtbot, bridge)
    panel.search.setText("8호")
    qtbot.waitUntil(lambda: titles(panel) == ["i8"])
    assert bridge.last("incidents")["search"] == "8호"


def test_a_syllable_being_composed_is_not_searched(qtbot: QtBot) -> None:
    panel = shown(qtbot, core())
    panel.search.setFocus()
    QApplication.sendEvent(panel.search, QInputMethodEvent("시", []))
    assert not panel._search_timer.isActive()


def test_an_incident_shows_its_acts_and_whether_the_centre_has_them(qtbot: QtBot) -> None:
    panel = shown(qtbot, core())
    panel.show_incident("i7")
    assert panel.detail.acts.rowCount() == 2
    assert panel.detail.sent.text().startswith("중앙 미전송 1건")


def test_control_and_enter_record_the_note(qtbot: QtBot) -> None:
    bridge = core(incident__note=[])
    panel = shown(qtbot, bridge)
    panel.show_incident("i7")
    panel.detail.note.setPlainText("119 전파")
    panel.detail.note.setFocus()
    with qtbot.waitActive(panel):
        panel.activateWindow()
    QTest.keyClick(panel.detail.note, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert bridge.last("incident.note") == {"incident": "i7", "text": "119 전파"}
    assert panel.detail.note.toPlainText() == ""


def test_a_note_that_is_not_recorded_stays_in_its_field(qtbot: QtBot) -> None:
    panel = shown(qtbot, core(incident__note=ValueError("the disk is full")))
    panel.show_incident("i7")
    panel.detail.note.setPlainText("119 전파")
    panel.detail.add_note()
    assert panel.detail.note.toPlainText() == "119 전파"
    assert "the disk is full" in panel.detail.message.text()


def test_a_pushed_act_appears_in_the_timeline(qtbot: QtBot) -> None:
    panel = shown(qtbot, core())
    panel.show_incident("i7")
    panel.apply([act(3), act(4, incident_id="i8")])
    assert panel.detail.acts.rowCount() == 3


def test_a_pushed_closing_takes_it_off_the_open_list(qtbot: QtBot) -> None:
    panel = shown(qtbot, core())
    panel.apply([incident(7, state="closed")])
    assert titles(panel) == ["i8"]


def test_a_hidden_panel_asks_only_when_it_is_seen_again(qtbot: QtBot) -> None:
    bridge = core()
    panel = shown(qtbot, bridge)
    panel.hide()
    asked = len(bridge.asked)
    panel.apply([incident(5)])
    assert len(bridge.asked) == asked
    panel.show()
    assert len(bridge.asked) > asked


def test_both_values_of_a_conflict_can_be_chosen(qtbot: QtBot) -> None:
    bridge = core(incident__change=[])
    panel = shown(qtbot, bridge)
    panel.show_incident("i7")
    panel.apply([incident(7, conflicts={"assignee": ("주간조", "야간조")})])
    assert panel.detail.conflicts.isVisible()
    panel.detail._choose("assignee", "야간조")
    assert bridge.last("incident.change") == {"incident": "i7", "fields": {"assignee": "야간조"}}


def test_an_alarm_fills_the_opening_dialog(qtbot: QtBot) -> None:
    bridge = core(alarms=[ALARM], cameras=[Camera(id="c1", name="정문", url="x")], incident__open=incident(8))
    panel = shown(qtbot, bridge)
    panel.open_dialog(ALARM, "c1")
    assert isinstance(panel.dialog, OpenDialog)
    panel.dialog.submit()
    sent = bridge.last("incident.open")
    assert (sent["type"], sent["level"], sent["place"]) == ("화재", 1, "남문시장 12호")
    assert (sent["alarms"], sent["cameras"]) == (["a1"], ["c1"])
    assert panel.detail.incident is not None


def test_a_refused_opening_keeps_the_dialog_and_its_text(qtbot: QtBot) -> None:
    panel = shown(qtbot, core(alarms=[], cameras=[], incident__open=ValueError("no district")))
    panel.open_dialog()
    assert panel.dialog is not None
    panel.dialog.title.setText("쓰러진 사람")
    panel.dialog.submit()
    assert panel.dialog.isVisible()
    assert panel.dialog.title.text() == "쓰러진 사람"
    assert "no district" in panel.dialog.message.text()


def test_an_incident_without_a_title_is_not_sent(qtbot: QtBot) -> None:
    bridge = core(alarms=[], cameras=[])
    panel = shown(qtbot, bridge)
    panel.open_dialog()
    assert panel.dialog is not None
    panel.dialog.submit()
    assert "incident.open" not in bridge.names()


def test_closing_names_its_consequence_and_sends_the_result(qtbot: QtBot) -> None:
    bridge = core(incident__close=[])
    panel = shown(qtbot, bridge)
    panel.show_incident("i7")
    panel.detail.do("close")
    dialog = panel.detail.dialog
    assert isinstance(dialog, CloseDialog)
    assert "재개할 수 있습니다" in dialog.consequence.text()
    dialog.outcome.setCurrentIndex(1)
    dialog.text.setPlainText("이상 없음")
    dialog.submit()
    assert bridge.last("incident.close") == {"incident": "i7", "result": "오탐", "text": "이상 없음"}


def test_a_closed_incident_offers_to_be_reopened(qtbot: QtBot) -> None:
    bridge = core(incident__reopen=[])
    panel = shown(qtbot, bridge)
    panel.show_incident("i9")
    panel.detail.do("close")
    assert panel.detail.dialog is not None
    panel.detail.dialog.submit()
    assert bridge.last("incident.reopen") == {"incident": "i9", "text": ""}


def test_only_what_was_changed_is_sent(qtbot: QtBot) -> None:
    bridge = core(incident__change=[])
    panel = shown(qtbot, bridge)
    panel.show_incident("i7")
    panel.detail.do("change")
    dialog: Any = panel.detail.dialog
    dialog.place.setText("시청 앞")
    dialog.submit()
    assert bridge.last("incident.change")["fields"] == {"place": "시청 앞"}


def blob_store(have: bytearray) -> Any:
    def put(args: dict[str, Any]) -> dict[str, int]:
        assert len(args["chunk"]) <= 256 * 1024
        have[args["offset"] :] = args["chunk"]
        return {"have": len(have)}

    return put


def test_a_file_is_sent_in_chunks_and_attached(qtbot: QtBot, tmp_path: Path) -> None:
    data = bytes(range(256)) * 2500
    (tmp_path / "현장.bin").write_bytes(data)
    have = bytearray()
    bridge = core(blob__put=blob_store(have), incident__attach=[])
    panel = shown(qtbot, bridge)
    panel.show_incident("i7")
    panel.detail.attach_file(tmp_path / "현장.bin")
    qtbot.waitUntil(lambda: "incident.attach" in bridge.names())
    assert bytes(have) == data
    assert [args["last"] for name, args in bridge.asked if name == "blob.put"] == [False, False, True]
    assert bridge.last("incident.attach")["name"] == "현장.bin"


def test_a_failed_upload_goes_on_where_it_stopped(qtbot: QtBot, tmp_path: Path) -> None:
    data = b"x" * (600 * 1024)
    (tmp_path / "a.bin").write_bytes(data)
    have = bytearray()
    store = blob_store(have)
    bridge = core(incident__attach=[])
    bridge.answers["blob.put"] = lambda args: ConnectionError("away") if args["offset"] else store(args)
    panel = shown(qtbot, bridge)
    panel.show_incident("i7")
    panel.detail.attach_file(tmp_path / "a.bin")
    uploads = panel.detail.uploads
    qtbot.waitUntil(uploads.retry.isVisible)
    bridge.answers["blob.put"] = store
    offsets = len(bridge.asked)
    uploads.again()
    qtbot.waitUntil(lambda: "incident.attach" in bridge.names())
    assert next(args["offset"] for name, args in bridge.asked[offsets:] if name == "blob.put") == 256 * 1024


def test_an_upload_goes_back_to_what_the_core_has(qtbot: QtBot) -> None:
    data = bytes(range(256)) * 2500
    have = bytearray()
    store = blob_store(have)
    lost: list[int] = []

    def forgets_once(args: dict[str, Any]) -> dict[str, int]:
        if args["offset"] and not lost:
            lost.append(args["offset"])
            have.clear()
            return {"have": 0}
        return dict(store(args))

    bridge = core(blob__put=forgets_once, incident__attach=[])
    panel = shown(qtbot, bridge)
    panel.attach_bytes("i7", "a.bin", "application/octet-stream", data)
    qtbot.waitUntil(lambda: "incident.attach" in bridge.names())
    assert bytes(have) == data


def test_a_note_written_without_a_link_says_that_it_waits(qtbot: QtBot) -> None:
    bridge = core()
    panel = shown(qtbot, bridge)
    panel.show_incident("i7")
    bridge.is_linked = False
    bridge.command = lambda *args: None  # type: ignore[method-assign]
    panel.detail.note.setPlainText("119 전파")
    panel.detail.add_note()
    assert "연결되면 기록됩니다" in panel.detail.message.text()


def test_a_cancelled_upload_attaches_nothing(qtbot: QtBot) -> None:
    bridge = core(blob__put=blob_store(bytearray()))
    panel = shown(qtbot, bridge)
    panel.attach_bytes("i7", "a.jpg", "image/jpeg", b"x" * 400_000, "c1")
    panel.detail.uploads.cancel()
    settle()
    assert "incident.attach" not in bridge.names()
    assert not panel.detail.uploads.isVisible()


def test_a_snapshot_is_attached_with_its_camera(qtbot: QtBot) -> None:
    bridge = core(blob__put=blob_store(bytearray()), incident__attach=[])
    panel = shown(qtbot, bridge)
    panel.attach_bytes("i8", "CAM-031.jpg", "image/jpeg", b"jpeg", "CAM-031")
    qtbot.waitUntil(lambda: "incident.attach" in bridge.names())
    sent = bridge.last("incident.attach")
    assert (sent["incident"], sent["camera"], sent["media_type"]) == ("i8", "CAM-031", "image/jpeg")


def test_the_snapshot_key_asks_for_a_picture(qtbot: QtBot) -> None:
    panel = shown(qtbot, core())
    panel.show_incident("i7")
    with qtbot.waitSignal(panel.snapshot_wanted) as signal:
        panel.detail.do("snapshot")
    assert signal.args == ["i7"]


def picture() -> bytes:
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    made = QPixmap(64, 48)
    made.fill(Qt.GlobalColor.gray)
    made.save(buffer, "PNG")
    return bytes(buffer.data().data())


def attached(sha256: str = "ab" * 32, **fields: Any) -> Incident:
    filled: dict[str, Any] = {"name": "사진.png", "media_type": "image/png", "size": 99} | fields
    return incident(7, attachments=(Attachment(sha256=sha256, **filled),))


def test_a_picture_is_previewed(qtbot: QtBot) -> None:
    panel = shown(qtbot, core(blob=picture()))
    panel.show_incident("i7")
    panel.apply([attached()])
    qtbot.waitUntil(lambda: not panel.detail.attachments.preview.pixmap().isNull())


def test_bytes_that_are_no_picture_say_so(qtbot: QtBot) -> None:
    panel = shown(qtbot, core(blob=b"<svg xmlns='http://www.w3.org/2000/svg'/>"))
    panel.show_incident("i7")
    panel.apply([attached()])
    qtbot.waitUntil(lambda: "그림을 열지 못함" in panel.detail.attachments.preview.text())


def test_an_attachment_is_saved_whole(qtbot: QtBot, tmp_path: Path) -> None:
    panel = shown(qtbot, core(blob=picture()))
    panel.detail.attachments.save_to(attached().attachments[0], tmp_path / "a.png")
    qtbot.waitUntil((tmp_path / "a.png").exists)
    assert (tmp_path / "a.png").read_bytes() == picture()


@pytest.mark.parametrize(
    ("name", "safe"), [("../../etc/passwd", "_.._etc_passwd"), ("a:b?.jpg", "a_b_.jpg"), ("", "attachment")]
)
def test_a_name_from_outside_cannot_leave_its_folder(name: str, safe: str) -> None:
    assert safe_name(name) == safe


def test_in_a_narrow_panel_escape_leads_back_to_the_list(qtbot: QtBot) -> None:
    panel = shown(qtbot, core(), 620, 420)
    panel.show_incident("i7")
    assert panel.right.isVisible()
    assert not panel.left.isVisible()
    panel._escape()
    assert panel.left.isVisible()
    assert not panel.right.isVisible()


def test_an_empty_list_says_what_to_do(qtbot: QtBot) -> None:
    panel = shown(qtbot, core(incidents=[]))
    assert "Ctrl+N" in panel.empty.text()


def test_an_unreadable_list_keeps_the_last_one(qtbot: QtBot) -> None:
    bridge = core()
    panel = shown(qtbot, bridge)
    bridge.answers["incidents"] = ConnectionError("the core is away")
    panel.read()
    assert titles(panel) == ["i7", "i8"]
    assert "the core is away" in panel.notice.text()


def test_the_language_switches_at_once(qtbot: QtBot) -> None:
    words = Words("ko")
    panel = IncidentPanel(core(), words)
    qtbot.addWidget(panel)
    panel.show()
    panel.show_incident("i7")
    words.set_language("en")
    assert panel.detail.buttons["close"].text() == "Close (F9)"
    assert panel.detail.facts.text().startswith("Fire")


def test_a_flood_of_incidents_is_asked_for_once(qtbot: QtBot) -> None:
    bridge = core()
    panel = shown(qtbot, bridge)
    asked = bridge.names().count("incidents")
    panel.apply([incident(n) for n in range(5000)])
    qtbot.waitUntil(lambda: bridge.names().count("incidents") == asked + 1)
    assert titles(panel) == ["i7", "i8"]


def test_an_unfinished_note_stays_with_its_incident(qtbot: QtBot) -> None:
    panel = shown(qtbot, core())
    panel.show_incident("i7")
    panel.detail.note.setPlainText("일곱째의 메모")
    panel.show_incident("i8")
    assert panel.detail.note.toPlainText() == ""
    panel.show_incident("i7")
    assert panel.detail.note.toPlainText() == "일곱째의 메모"


def test_a_note_recorded_late_leaves_the_next_one_alone(qtbot: QtBot) -> None:
    answers: list[Any] = []
    bridge = core()
    bridge.command = lambda name, args, done=None, command_id="": answers.append(done)  # type: ignore[method-assign]
    panel = shown(qtbot, bridge)
    panel.show_incident("i7")
    panel.detail.note.setPlainText("일곱째의 메모")
    panel.detail.add_note()
    panel.show_incident("i8")
    panel.detail.note.setPlainText("여덟째의 메모")
    answers[0]([], "")
    assert panel.detail.note.toPlainText() == "여덟째의 메모"
    panel.show_incident("i7")
    assert panel.detail.note.toPlainText() == ""


@pytest.mark.parametrize("width", [300, 420, 620, 900])
def test_no_button_is_cut(qtbot: QtBot, width: int) -> None:
    words = Words("en")
    panel = IncidentPanel(core(), words)
    qtbot.addWidget(panel)
    panel.resize(width, 420)
    panel.show()
    panel.show_incident("i7")
    QApplication.processEvents()
    for button in panel.detail.buttons.values():
        assert button.width() >= button.sizeHint().width()
