"""An integrated platform gets each of our events and each of their changes once, whatever it answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from console.formats import platform_out
from console.formats.platform import PlatformDecoder
from console.hub.outlet import OutletWork
from console.hub.platform_outlet import PlatformOutlet
from console.settings import Feed, Settings, parse
from console.settings_outlets import Platform
from db.records import Event
from tests.console.hub.outlets import AT, Desk
from tests.servers.web import Answer, HttpServer, Request

READER = PlatformDecoder("city", Feed(kind="platform", via="listen"), ("utf-8",))


class Peer:
    """A platform that answers as it is told: codes or statuses, one for each event, then OK."""

    def __init__(self) -> None:
        self.faults: list[str | int] = []
        self.key = ""
        self.keys_given = 0
        self.server = HttpServer(self._answer)

    def _answer(self, request: Request) -> Answer:
        if request.path == "/auth":
            assert request.headers["X-Scsns-svcTy"] == "AUTH"
            self.keys_given += 1
            self.key = f"key-{self.keys_given}"
            return Answer(platform_out.answer("2000", self.key))
        if self.key and request.headers["X-Scsns-Secret"] != self.key:
            return Answer(platform_out.answer("4101"))
        fault = self.faults.pop(0) if self.faults else "2000"
        if isinstance(fault, int):
            return Answer(b"", fault)
        if fault == "cut":
            return Answer(platform_out.answer(), length=1000)
        return Answer(platform_out.answer(fault) if fault != "odd" else b"<html>hello</html>")

    @property
    def events(self) -> list[Request]:
        return [each for each in self.server.asked if each.path == "/events"]

    def heard(self) -> list[Event]:
        """What was said, as our own receiver reads it, each statement once."""
        found: dict[Any, Event] = {}
        for each in self.events:
            (event,) = READER.decode("city", each.body, AT, False)
            assert isinstance(event, Event)
            found.setdefault((event.origin_key, event.status, event.text), event)
        return list(found.values())

    def statuses(self) -> list[str]:
        return [each.status for each in self.heard()]


@pytest.fixture
def peer() -> Iterator[Peer]:
    made = Peer()
    with made.server:
        yield made


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.close()


def outlet(desk: Desk, peer: Peer, **more: Any) -> OutletWork:
    given = {"alarms": ("*",), "timeout_s": 10.0, **more}
    settings = Platform(url=f"{peer.server.url}/events", send_cd="B1111", rcv_cd="B4113", **given)
    return desk.work(PlatformOutlet("city", settings, desk.clock, desk.folder))


@pytest.mark.parametrize("form", ["json", "form"])
def test_an_incident_is_an_event_from_its_opening_to_its_closing(form: str, desk: Desk, peer: Peer) -> None:
    work = outlet(desk, peer, form=form, codes={"침수": "FLD001"})
    one = desk.opened()
    assert desk.step(work).state == "ok"
    desk.incident("change", incident=one.id, fields={"level": 1})
    desk.incident("note", incident=one.id, text="우리만 아는 것")
    desk.incident("close", incident=one.id, result="현장 조치")
    desk.step(work, 2)
    first, changed, ended = peer.heard()
    assert [each.status for each in (first, changed, ended)] == ["occurred", "changed", "ended"]
    assert len({each.origin_key for each in (first, changed, ended)}) == 1
    assert first.origin_key == f"B1111|FLD001|{platform_out.number(one.opened_ms)}"
    assert (first.grade, first.place, first.text.split("\n")[0]) == ("2", "종로 1가", "물이 차오름")
    assert (first.observed_ms, changed.grade, ended.extra["status_word"]) == (AT, "1", "완료")
    assert "우리만 아는 것" not in b"".join(each.body for each in peer.events).decode()
    wants = "application/json" if form == "json" else "application/x-www-form-urlencoded"
    assert peer.events[0].headers["Content-Type"].startswith(wants)
    if form == "form":
        assert json.loads(parse_qs(peer.events[0].body.decode())["Body"][0])["ocrSts"] == "10"


def test_an_alarm_is_an_event_until_its_cause_is_gone(desk: Desk, peer: Peer) -> None:
    work = outlet(desk, peer)
    desk.alarm("raised")
    desk.alarm("acknowledged", state="acknowledged")
    desk.alarm("returned", state="returned")
    desk.alarm("acknowledged", state="normal")
    desk.step(work, 2)
    assert peer.statuses() == ["occurred", "changed", "cleared"]
    first = peer.heard()[0]
    assert (first.lon, first.lat) == (126.98, 37.57)
    assert "181" in first.text


def test_an_incident_is_where_its_first_alarm_with_a_position_is(desk: Desk, peer: Peer) -> None:
    work = outlet(desk, peer)
    desk.alarm("raised")
    desk.step(work)
    desk.opened(alarms=["unknown|x|y", "dust|a1|pm10"])
    desk.opened("위치 없음")
    desk.step(work)
    _, placed, nowhere = peer.heard()
    assert (placed.lon, placed.lat) == (126.98, 37.57)
    assert (nowhere.lon, nowhere.lat) == (None, None)


def test_what_was_not_chosen_does_not_go_out(desk: Desk, peer: Peer) -> None:
    work = outlet(desk, peer, incidents=("화재*",), alarms=("smoke",), level=2)
    desk.opened()
    desk.alarm("raised")
    desk.opened(type="화재 의심", level=3)
    low = desk.opened(type="화재", level=4)
    desk.step(work)
    assert peer.events == []
    desk.incident("change", incident=low.id, fields={"level": 1})
    desk.step(work)
    assert peer.statuses() == ["occurred"], "it has become what is chosen"


def test_alarms_of_others_and_explained_ones_stay_here_unless_wanted(desk: Desk, peer: Peer) -> None:
    work = outlet(desk, peer)
    desk.alarm("raised", "told", kind="event")
    desk.alarm("raised", "child", suppressed_by="pole")
    desk.step(work)
    assert peer.events == []
    desk.alarm("released", "child")
    desk.step(work)
    (event,) = peer.heard()
    assert "181" in event.text
    assert event.place == "종로 1가"


def test_a_false_incident_is_cancelled_and_a_reopened_one_is_another_event(desk: Desk, peer: Peer) -> None:
    work = outlet(desk, peer)
    one = desk.opened()
    desk.incident("close", incident=one.id, result="오신고")
    desk.clock.advance(10)
    desk.incident("reopen", incident=one.id)
    desk.incident("close", incident=one.id, result="현장 조치")
    desk.step(work, 2)
    heard = peer.heard()
    assert [each.status for each in heard] == ["occurred", "cancelled", "occurred", "ended"]
    assert [len({each.origin_key for each in pair}) for pair in (heard[:2], heard[2:], heard)] == [1, 1, 2]


def test_an_incident_of_ours_that_another_console_closes_is_over_and_one_of_theirs_is_not_ours_to_tell(
    desk: Desk, peer: Peer
) -> None:
    work = outlet(desk, peer, grades={"2": "20"})
    ours = desk.opened()
    desk.elsewhere(lambda: desk.incident("close", incident=ours.id, result="현장 조치"))
    theirs = desk.elsewhere(lambda: desk.opened("남의 일"))
    desk.incident("change", incident=theirs.id, fields={"level": 1})
    desk.incident("close", incident=theirs.id, result="현장 조치")
    desk.step(work, 2)
    assert [(each.status, each.grade) for each in peer.heard()] == [("occurred", "20"), ("ended", "")]


def test_two_incidents_of_one_moment_have_two_numbers(desk: Desk, peer: Peer) -> None:
    work = outlet(desk, peer)
    desk.opened("하나")
    desk.opened("둘")
    desk.step(work)
    assert len({each.origin_key for each in peer.heard()}) == 2


@pytest.mark.parametrize("fault", [500, 503, 404, 429, 302, "5000", "5100", "odd", "cut"])
def test_what_was_not_answered_for_is_sent_again_as_the_same_bytes(
    fault: str | int, desk: Desk, peer: Peer
) -> None:
    work = outlet(desk, peer, timeout_s=1.0)
    one = desk.opened()
    desk.incident("close", incident=one.id, result="현장 조치")
    peer.faults = [fault]
    lamp = desk.step(work)
    assert (lamp.state, desk.counts()) == ("bad", (2, 0))
    assert "2 entries unsent" in lamp.detail
    again = outlet(desk, peer)  # as after a kill
    desk.clock.advance(3600)
    assert desk.step(again).state == "ok"
    assert peer.events[0].body == peer.events[1].body
    assert (peer.statuses(), desk.counts()) == (["occurred", "ended"], (0, 0))


def test_a_refused_event_is_parked_in_sight_until_a_later_statement_is_taken(desk: Desk, peer: Peer) -> None:
    work = outlet(desk, peer)
    one = desk.opened()
    desk.opened("둘")
    peer.faults = ["4000"]
    lamp = desk.step(work)
    assert (lamp.state, desk.counts()) == ("warn", (0, 1))
    assert "1 refused: 4000 Bad Request" in lamp.detail
    assert len(peer.events) == 2, "the rest went on"
    desk.incident("change", incident=one.id, fields={"title": "셋"})
    assert desk.step(work).state == "ok"
    assert desk.counts() == (0, 0)


def test_a_session_key_is_asked_for_once_and_again_when_it_is_not_accepted_any_more(
    desk: Desk, peer: Peer
) -> None:
    work = outlet(desk, peer, auth_url=f"{peer.server.url}/auth")
    desk.opened()
    desk.opened("둘")
    desk.step(work)
    assert (peer.keys_given, len(peer.events)) == (1, 2)
    peer.key = "another"  # it has forgotten ours
    desk.opened("셋")
    lamp = desk.step(work)
    assert (lamp.state, lamp.detail) == ("ok", "answers")
    assert peer.keys_given == 2
    assert [each.headers["X-Scsns-Secret"] for each in peer.events] == ["key-1", "key-1", "key-1", "key-2"]
    assert len(peer.heard()) == 3


def test_an_idle_platform_is_asked_for_a_key_and_its_lamp_follows_the_answer(desk: Desk, peer: Peer) -> None:
    work = outlet(desk, peer, auth_url=f"{peer.server.url}/auth")
    assert desk.step(work).state == "ok"
    desk.step(work, 2)
    assert (peer.keys_given, peer.events) == (1, []), "once in five minutes"
    desk.clock.advance(600)
    assert desk.step(work).state == "ok"
    assert peer.keys_given == 2


def test_a_platform_that_cannot_be_asked_is_unknown_until_and_unless_it_answers(
    desk: Desk, peer: Peer
) -> None:
    work = outlet(desk, peer)
    assert desk.step(work).state == "unknown"
    desk.opened()
    assert desk.step(work).state == "ok"
    desk.clock.advance(600)
    assert desk.step(work).state == "unknown"


def test_the_session_key_lies_in_no_store(desk: Desk, peer: Peer) -> None:
    work = outlet(desk, peer, auth_url=f"{peer.server.url}/auth")
    desk.opened()
    peer.faults = [503]
    desk.step(work)
    db = desk.reader()
    try:
        rows = db.conn.execute("SELECT body FROM hub_message").fetchall()
    finally:
        db.close()
    assert rows
    assert b"key-1" not in b"".join(bytes(row[0]) for row in rows)


def test_a_platform_that_gives_no_key_gets_nothing_and_loses_nothing(desk: Desk, peer: Peer) -> None:
    work = outlet(desk, peer, auth_url=f"{peer.server.url}/nothing")
    peer.faults = ["4000"]
    desk.opened()
    lamp = desk.step(work)
    assert lamp.state == "bad"
    assert "gives no session key" in lamp.detail
    assert (peer.events, desk.counts()) == ([], (1, 0))


def test_a_new_platform_is_told_of_what_stands_and_not_of_what_has_been(tmp_path: Path, peer: Peer) -> None:
    desk = Desk(tmp_path, is_new=True)
    old = desk.opened("옛일")
    desk.incident("close", incident=old.id, result="현장 조치")
    desk.alarm("raised", "gone")
    desk.alarm("normal", "gone", state="normal")
    desk.opened("지금 일")
    desk.alarm("raised", "now")
    desk.clock.advance(3600)
    work = outlet(desk, peer)
    desk.step(work, 2)
    assert [each.text.split("\n")[0] for each in peer.heard()] == ["지금 일", "미세먼지 높음"]
    desk.incident("close", incident=desk.opened("다음").id, result="현장 조치")
    desk.step(work)
    assert peer.statuses()[2:] == ["occurred", "ended"]
    desk.close()


def test_the_tables_are_settings() -> None:
    text = """
        [platforms.city]
        url = "http://127.0.0.1:8080/linkHttp/recvEvent.json"
        send_cd = "B1111000000"
        rcv_cd = "B4113000000"
    """
    settings: Settings = parse(text, "test")
    assert settings.platforms["city"].form == "json"
