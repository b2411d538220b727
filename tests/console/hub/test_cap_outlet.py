"""Our warnings go out as CAP 1.2: one valid document for each change, the same bytes if it goes again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from console.errors import SettingsError
from console.formats import cap_alert, xml_text
from console.formats.cap_alert import Alert
from console.hub.cap_outlet import CapOutlet
from console.hub.outlet import OutletWork
from console.settings import parse
from console.settings_outlets import CapOut
from tests.console.formats.test_cap_out import VALID
from tests.console.hub.outlets import AT, Desk
from tests.servers.web import Answer, HttpServer, Request


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    (tmp_path / "out").mkdir()
    made = Desk(tmp_path)
    yield made
    made.close()


def outlet(desk: Desk, **more: Any) -> OutletWork:
    given = {"alarms": ("*",), "folder": "out", "areas": ("1111000000",), **more}
    settings = CapOut(name="own", sender="gwanje@jongno.example", **given)
    return desk.work(CapOutlet(settings, desk.clock, desk.folder))


def documents(desk: Desk) -> list[bytes]:
    return [path.read_bytes() for path in sorted((desk.folder / "out").glob("*.xml"))]


def alerts(written: list[bytes]) -> list[Alert]:
    for each in written:
        VALID.assertValid(etree.fromstring(each))
    return [cap_alert.read(xml_text.read(each)) for each in written]


def test_an_incident_is_an_alert_then_updates_then_a_cancel_each_with_all_before_it(desk: Desk) -> None:
    work = outlet(desk)
    one = desk.opened()
    desk.step(work)
    desk.incident("change", incident=one.id, fields={"level": 1})
    desk.step(work)
    desk.incident("close", incident=one.id, result="현장 조치")
    assert desk.step(work).state == "ok"
    first, update, cancel = found = alerts(documents(desk))
    assert [each.msg_type for each in found] == ["Alert", "Update", "Cancel"]
    assert [each.infos[0].severity for each in found] == ["Severe", "Extreme", "Extreme"]
    assert (first.references, update.references) == ((), (first.identity,))
    assert cancel.references == (first.identity, update.identity)
    assert {each.sender for each in found} == {"gwanje@jongno.example"}
    info = first.infos[0]
    assert (info.event, info.headline, info.areas[0].description) == ("침수", "물이 차오름", "종로 1가")
    assert info.areas[0].geocodes == (("행정구역코드", "1111000000"),)
    assert info.expires_ms == AT + 120_000 + 24 * 3_600_000
    assert cancel.infos[0].headline == "물이 차오름"
    assert cancel.infos[0].expires_ms is None


def test_an_alarm_is_cancelled_when_its_cause_is_gone(desk: Desk) -> None:
    work = outlet(desk)
    desk.alarm("raised")
    desk.step(work)
    desk.alarm("returned", state="returned")
    desk.step(work)
    first, cancel = alerts(documents(desk))
    assert (first.msg_type, cancel.msg_type) == ("Alert", "Cancel")
    assert first.infos[0].areas[0].circles[0].lon == 126.98
    assert "181" in first.infos[0].description


@pytest.mark.parametrize("status", ["Exercise", "Test"])
def test_an_exercise_is_never_actual(status: str, desk: Desk) -> None:
    desk.opened()
    desk.step(outlet(desk, status=status))
    assert alerts(documents(desk))[0].status == status


def test_a_folder_that_is_away_gets_all_when_it_is_back_and_nothing_twice(desk: Desk) -> None:
    work = outlet(desk)
    (desk.folder / "out").rmdir()
    one = desk.opened()
    desk.incident("close", incident=one.id, result="현장 조치")
    lamp = desk.step(work)
    assert (lamp.state, desk.counts()) == ("bad", (2, 0))
    (desk.folder / "out").mkdir()
    desk.step(outlet(desk))  # as after a kill
    assert [each.msg_type for each in alerts(documents(desk))] == ["Alert", "Cancel"]
    for path in (desk.folder / "out").iterdir():
        path.unlink()  # a reader took them
    desk.step(outlet(desk), 2)
    assert list((desk.folder / "out").iterdir()) == []


def test_a_document_that_was_written_before_a_kill_stays_as_it_is(desk: Desk) -> None:
    work = outlet(desk)
    desk.opened()
    desk.step(work)
    before = documents(desk)
    again = CapOutlet(CapOut(name="own", sender="x", folder="out"), desk.clock, desk.folder)
    again.send("folder", before[0])
    assert documents(desk) == before
    again.close()


def test_an_address_that_does_not_answer_holds_up_no_folder(desk: Desk) -> None:
    got: list[bytes] = []
    status = [503]

    def answer(request: Request) -> Answer:
        got.append(request.body)
        assert request.headers["Content-Type"].startswith("application/cap+xml")
        assert request.headers["Authorization"] == "s3cret"
        return Answer(b"", status[0])

    (desk.folder / "token").write_text("s3cret\n", encoding="ascii")
    with HttpServer(answer) as server:
        work = outlet(desk, url=f"{server.url}/cap", token_file="token")
        desk.opened()
        assert desk.step(work).state == "bad"
        desk.opened("둘")
        desk.step(work)
        assert len(documents(desk)) == 2
        assert set(got) == {documents(desk)[0]}
        status[0] = 200
        assert desk.step(work).state == "ok"
        assert got[-2:] == documents(desk)
        assert desk.counts() == (0, 0)


def test_a_refused_warning_is_parked_in_sight(desk: Desk) -> None:
    with HttpServer(lambda _: Answer(b"unknown sender", 422)) as server:
        work = outlet(desk, folder="", url=f"{server.url}/cap")
        desk.opened()
        lamp = desk.step(work)
    assert (lamp.state, desk.counts()) == ("warn", (0, 1))
    assert "422 unknown sender" in lamp.detail


@pytest.mark.parametrize(
    ("line", "says"),
    [('identifier = "same"', "number"), ('sender = "a b"', "sender"), ("folder = ''", "folder")],
)
def test_a_table_that_cannot_work_is_a_fault_of_the_settings(line: str, says: str) -> None:
    given = {"name": '"own"', "sender": '"a"', "folder": '"out"', "identifier": '"{number}-{n}"'}
    key, _, value = line.partition(" = ")
    text = "\n".join(f"{name} = {each}" for name, each in (given | {key: value}).items())
    with pytest.raises(SettingsError, match=says):
        parse(f"[[cap_out]]\n{text}", "test")


def test_two_tables_of_one_name_are_a_fault_of_the_settings() -> None:
    table = '[[cap_out]]\nname = "own"\nsender = "a"\nfolder = "out"\n'
    with pytest.raises(SettingsError, match="twice"):
        parse(table + table, "test")
