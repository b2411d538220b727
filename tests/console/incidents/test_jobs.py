"""What people do with incidents, through the log."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlite_utils import Database

from console.errors import Refused
from console.incidents import folding, jobs
from db import blobs, entries, incidents
from db.records import Incident

ActOn = Callable[..., Incident]


def test_the_whole_life_of_an_incident_is_in_its_timeline(
    act: ActOn, ops_db: Database, tmp_path: Path
) -> None:
    incident = act(jobs.open_incident, title="왕십리역 연기", type="fire", level=2, alarms=["smoke|a|b"])
    number = incident.number.split("-")
    assert number[0] == "성동구" and number[1:3] == ["20270115", "001"] and len(number[3]) == 6
    act(jobs.assign, incident=incident.id, assignee="이주무관")
    act(jobs.note, incident=incident.id, text="119 신고 완료")
    sha256 = blobs.store(tmp_path / "blobs", b"jpeg")
    act(jobs.attach, incident=incident.id, name="cam.jpg", media_type="image/jpeg", sha256=sha256)
    act(jobs.change, incident=incident.id, fields={"level": 1, "place": "왕십리역 2번 출구"})
    closed = act(jobs.close, incident=incident.id, result="진화", text="인명 피해 없음")
    assert (closed.state, closed.result, closed.closed_by) == ("closed", "진화", "김관제")
    assert (closed.level, closed.place, closed.assignee) == (1, "왕십리역 2번 출구", "이주무관")
    assert [each.sha256 for each in closed.attachments] == [sha256]
    again = act(jobs.reopen, incident=incident.id, text="재발화")
    assert (again.state, again.result, again.closed_ms, again.conflicts) == ("open", "", None, {})
    kinds = [each.type.removeprefix("incident.") for each in incidents.timeline(ops_db, incident.id)]
    assert kinds == ["opened", "assigned", "noted", "attached", "changed", "closed", "reopened"]
    assert entries.verify(ops_db) is None


def test_numbers_count_per_local_day(act: ActOn) -> None:
    numbers = [act(jobs.open_incident, title="가", type="etc").number for _ in range(3)]
    assert [each.split("-")[2] for each in numbers] == ["001", "002", "003"]


@pytest.mark.parametrize(
    ("job", "args", "why"),
    [
        (jobs.note, {"text": "  "}, "needs a text"),
        (jobs.change, {"fields": {"number": "x"}}, "no field"),
        (jobs.change, {"fields": {"level": 9}}, "level cannot be"),
        (jobs.change, {"fields": {"title": " "}}, "needs a title"),
        (jobs.change, {"fields": {"result": "x"}}, "when it is closed"),
        (jobs.close, {"result": ""}, "with a result"),
        (jobs.reopen, {}, "is open"),
        (
            jobs.attach,
            {"name": "a", "media_type": "b", "sha256": "0" * 64},
            "has not arrived completely",
        ),
    ],
)
def test_what_is_not_possible_is_refused_and_leaves_nothing(
    act: ActOn, ops_db: Database, job: object, args: dict[str, object], why: str
) -> None:
    incident = act(jobs.open_incident, title="가", type="etc")
    with pytest.raises(Refused, match=why):
        act(job, incident=incident.id, **args)
    assert entries.head(ops_db).count == 1


def test_a_closed_incident_takes_notes_but_no_changes(act: ActOn) -> None:
    incident = act(jobs.open_incident, title="가", type="etc")
    act(jobs.close, incident=incident.id, result="끝")
    act(jobs.note, incident=incident.id, text="뒷일")
    with pytest.raises(Refused, match="reopen it"):
        act(jobs.change, incident=incident.id, fields={"title": "나"})
    with pytest.raises(Refused, match="reopen it first"):
        act(jobs.assign, incident=incident.id, assignee="나")


@pytest.mark.parametrize(
    "search",
    [
        "화재",
        "재",
        "왕십",
        "십리역",
        "PM10",
        "pm",
        "119",
        "ＰＭ１０",
        "김관제",
        "화재 pm10",
        "20270115",
        "경보기",
    ],
)
def test_search_finds_words_and_parts_of_words(act: ActOn, ops_db: Database, search: str) -> None:
    incident = act(jobs.open_incident, title="왕십리역 화재경보기", type="fire")
    act(jobs.open_incident, title="침수", type="flood", place="성수동")
    act(jobs.note, incident=incident.id, text="PM10 급상승, 119 신고")
    found = incidents.page(ops_db, search=search)
    assert incident.id in [each.id for each in found]
    assert len(found) == (2 if search in ("김관제", "20270115") else 1)


@pytest.mark.parametrize("search", ["없는말", "화경", '"', "*", "NOT", "a OR b", "화재 침수", "-", "()"])
def test_search_finds_nothing_else_and_takes_any_text(act: ActOn, ops_db: Database, search: str) -> None:
    act(jobs.open_incident, title="왕십리역 화재", type="fire")
    act(jobs.open_incident, title="침수", type="flood")
    assert incidents.page(ops_db, search=search) == []


def test_decomposed_hangul_is_found(act: ActOn, ops_db: Database) -> None:
    import unicodedata

    act(jobs.open_incident, title=unicodedata.normalize("NFD", "화재"), type="fire")
    assert len(incidents.page(ops_db, search="화재")) == 1


def test_open_ones_come_first_then_the_newest(act: ActOn, ops_db: Database) -> None:
    one, two, three = (act(jobs.open_incident, title=each, type="etc") for each in "가나다")
    act(jobs.close, incident=three.id, result="끝")
    assert [each.id for each in incidents.page(ops_db)] == [two.id, one.id, three.id]
    assert [each.id for each in incidents.page(ops_db, state="closed")] == [three.id]
    assert len(incidents.page(ops_db, limit=2)) == 2


def test_everything_can_be_made_again_from_the_log(act: ActOn, ops_db: Database) -> None:
    incident = act(jobs.open_incident, title="화재", type="fire")
    act(jobs.note, incident=incident.id, text="연기")
    before = incidents.page(ops_db), incidents.timeline(ops_db, incident.id)
    with ops_db.atomic():
        assert folding.rebuild(ops_db) == 1
    assert (incidents.page(ops_db), incidents.timeline(ops_db, incident.id)) == before
    assert len(incidents.page(ops_db, search="연기")) == 1
