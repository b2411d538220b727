"""What sync promises whatever is lost on the way, on a centre in memory."""

from __future__ import annotations

import secrets
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from console.errors import SettingsError, Unavailable
from console.sync.file_central import FileCentral
from console.sync.opening import open_central
from console.sync.ports import Greeting
from db import blobs, entries, incidents
from db.records import Draft, Lamp
from tests.console.sync.conftest import NewDesk
from tests.console.sync.desks import Desk
from tests.console.sync.memory_central import MemoryCentral

FAULTS = st.lists(st.sampled_from(["request lost", "answer lost", "none", "crash before settle"]), max_size=8)
SLOW = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@SLOW
@given(notes=st.lists(st.sampled_from(["text", "unwanted"]), max_size=12), faults=FAULTS)
def test_every_entry_arrives_once_in_order_or_is_parked(
    tmp_path: Path, notes: list[str], faults: list[str]
) -> None:
    central = MemoryCentral()
    central.refusing = {"incident.closed"}
    folder = tmp_path / secrets.token_hex(8)
    desk = Desk(folder, central)
    try:
        incident = desk.open()
        for each in notes:
            if each == "text":
                desk.note(incident.id, each)
            else:
                draft = Draft(
                    type="incident.closed", subject="-", at_ms=1, actor="a", payload={"result": "x"}
                )
                desk.engine.call(lambda db, draft=draft: entries.append(db, draft) and [])
        for fault in [*faults, "none", "none"]:
            central.faults = [fault] if "lost" in fault else []
            try:
                desk.meet()
            except Unavailable:
                pass
            if fault == "crash before settle":
                desk.engine.stop()
                desk = Desk(folder, central, key=desk.key)
        desk.meet()
        kept = [row for row in central.ledger.rows if row.body is not None]
        assert [row.seq for row in central.ledger.rows] == list(range(1, len(notes) + 2))
        assert len(kept) == 1 + notes.count("text")
        assert desk.proof().equal and desk.unsent() == 0
        with desk.reading() as db:
            assert entries.verify(db) is None
    finally:
        desk.close()


def test_it_works_offline_and_says_how_much_waits_and_how_old_it_is(new_desk: NewDesk) -> None:
    central = MemoryCentral()
    desk = new_desk(central)
    incident = desk.open()
    for number in range(30):
        desk.note(incident.id, f"메모 {number}")
    central.faults = ["request lost"]
    desk.sync.step(lambda seconds: False)
    backlog = desk.lamp("backlog")
    assert (backlog.number, backlog.since_ms, backlog.state) == (31, incident.opened_ms, "warn")
    assert (desk.lamp("central").state, desk.lamp("central").detail) == ("bad", "request lost")
    desk.clock.advance(60)
    desk.sync.step(lambda seconds: False)
    assert (desk.lamp("backlog").number, desk.lamp("central").state) == (0, "ok")
    assert desk.lamp("proof").state == "ok"


def test_acts_are_shown_as_sent_once_the_centre_has_them(new_desk: NewDesk) -> None:
    desk = new_desk(MemoryCentral())
    incident = desk.open()
    with desk.reading() as db:
        assert [act.sent for act in incidents.timeline(db, incident.id)] == [False]
        desk.meet()
        assert [act.sent for act in incidents.timeline(db, incident.id)] == [True]
    assert [each.sent for each in desk.published if getattr(each, "entry_id", "")] == [False, True]


def test_a_copied_data_folder_takes_a_new_epoch_and_loses_nothing(tmp_path: Path) -> None:
    central = MemoryCentral()
    one = Desk(tmp_path / "one", central)
    incident = one.open()
    one.meet()
    two = one.copy(tmp_path / "two", central)
    one = Desk(tmp_path / "one", central, key=two.key)
    try:
        one.note(incident.id, "첫째 콘솔")
        two.note(incident.id, "둘째 콘솔")
        one.meet()
        two.meet()
        one.meet()
        assert one.head().epoch == 1 and two.head().epoch == 2
        assert two.proof().equal and one.proof().equal
        for desk in (one, two):
            texts = {each.body for each in desk.log() if each.type == "incident.noted"}
            assert any("첫째" in text for text in texts) and any("둘째" in text for text in texts)
        with one.reading() as db, two.reading() as other:
            timelines = [
                [(act.entry_id, act.at_ms, act.payload) for act in incidents.timeline(each, incident.id)]
                for each in (db, other)
            ]
            assert timelines[0] == timelines[1] and len(timelines[0]) == 3
        forked = [each for each in two.log() if each.type == "log.forked"]
        assert len(forked) == 1 and '"moved":1' in forked[0].body
        two.note(incident.id, "그 뒤")
        two.meet()
        assert two.proof().equal and two.unsent() == 0
    finally:
        one.close()
        two.close()


def test_a_restored_data_folder_gets_back_what_it_had_sent(tmp_path: Path) -> None:
    central = MemoryCentral()
    desk = Desk(tmp_path / "now", central)
    incident = desk.open()
    desk.meet()
    backup = desk.copy(tmp_path / "backup", central)
    desk = Desk(tmp_path / "now", central, key=backup.key)
    desk.note(incident.id, "백업 뒤")
    desk.meet()
    desk.close()
    try:
        backup.meet()
        assert backup.head().epoch == 2 and backup.proof().equal
        with backup.reading() as db:
            acts = incidents.timeline(db, incident.id)
        assert [act.type for act in acts] == ["incident.opened", "incident.noted"]
        assert all(act.sent for act in acts)
    finally:
        backup.close()


def test_an_attachment_goes_on_where_it_stopped(new_desk: NewDesk) -> None:
    central = MemoryCentral()
    desk, other = new_desk(central), new_desk(central)
    content = secrets.token_bytes(900_000)
    sha256 = desk.attach(desk.open().id, content)
    central.faults = ["none"]
    desk.sync._greet()
    for _ in range(8):
        central.faults = ["none", "answer lost"]
        try:
            desk.meet()
        except Unavailable:
            continue
    central.faults = []
    desk.meet()
    other.meet()
    assert central.whole[sha256] == content
    assert blobs.path(other.blobs, sha256).read_bytes() == content


def test_another_centre_gets_everything_from_the_beginning(new_desk: NewDesk) -> None:
    desk = new_desk(MemoryCentral())
    desk.open()
    desk.meet()
    fresh = MemoryCentral()
    fresh.name = "another"
    desk.sync._central = fresh
    desk.meet()
    assert len(fresh.ledger.rows) == 1 and desk.proof().equal


def test_an_entry_that_was_tampered_with_at_the_centre_is_parked(new_desk: NewDesk) -> None:
    central = MemoryCentral()
    one, other = new_desk(central), new_desk(central)
    one.open()
    one.meet()
    row = central.ledger.rows[0]
    assert row.body is not None
    central.ledger.rows[0] = row._replace(body=row.body.replace("공원", "시장"))
    other.meet()
    assert other.log() == []
    assert "hash does not belong" in other.lamp("backlog").detail


def test_two_consoles_share_a_folder_as_their_centre(new_desk: NewDesk, tmp_path: Path) -> None:
    url = f"file:{tmp_path / 'centre'}"
    one, other = new_desk(open_central(url)), new_desk(open_central(url))
    incident = one.open()
    sha256 = one.attach(incident.id, b"x" * 600_000)
    one.meet()
    other.open("다른 사건")
    other.meet()
    one.meet()
    assert other.get(incident.id) == one.get(incident.id)
    assert blobs.size(other.blobs, sha256) == 600_000
    assert len(one.log()) == 3 and one.proof().equal and other.proof().equal


def test_a_line_cut_off_by_a_crash_is_written_again(new_desk: NewDesk, tmp_path: Path) -> None:
    folder = tmp_path / "centre"
    desk = new_desk(FileCentral(folder))
    desk.open()
    desk.meet()
    desk.open("둘째")
    with (folder / "entries.ndjson").open("ab") as file:
        file.write(b'[2,"console-1-')
    desk.meet()
    assert desk.proof().equal and desk.proof().ours.count == 2
    assert FileCentral(folder).head(desk.head().device, 1) == desk.head()


@pytest.mark.parametrize("url", ["http://x", "file:", "nothing"])
def test_a_url_that_names_no_centre_is_explained(url: str) -> None:

    with pytest.raises(SettingsError, match=r"central\.url"):
        open_central(url)


def test_a_centre_that_takes_a_question_and_is_silent_is_shown_meanwhile(new_desk: NewDesk) -> None:
    central = MemoryCentral()
    desk = new_desk(central)
    shown = threading.Event()
    greet = central.hello

    def silent() -> Greeting:
        desk.clock.advance(60)
        assert shown.wait(20)
        return greet()

    def publish(records: list[object]) -> None:
        desk.published.extend(records)
        if any(isinstance(each, Lamp) and each.detail == "has not answered for 60 s" for each in records):
            shown.set()

    central.hello = silent  # type: ignore[method-assign]
    desk.sync._publish = publish
    desk.sync.step(lambda seconds: False)
    assert shown.is_set() and desk.lamp("central").state == "ok"
