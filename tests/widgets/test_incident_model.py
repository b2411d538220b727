"""Incidents and acts as rows, and the words for what people did."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPersistentModelIndex
from pytestqt.modeltest import ModelTester

from db.records import Incident
from tests.widgets.panel_fakes import act, incident
from widgets.incident_model import RecordList, act_list, act_text, incident_list
from widgets.words import Words


@pytest.fixture
def rows(qapp: object) -> RecordList[Incident]:
    return incident_list(Words("ko"))


def ids(rows: RecordList[Incident]) -> list[str]:
    return [row.id for row in rows.records()]


def test_the_list_obeys_qt(rows: RecordList[Incident], qtmodeltester: ModelTester) -> None:
    rows.replace([incident(1), incident(2)])
    rows.apply([incident(1, level=1), incident(2, state="closed"), incident(3)])
    qtmodeltester.check(rows)


def test_open_ones_come_first_the_severest_on_top(rows: RecordList[Incident]) -> None:
    rows.replace([incident(1, state="closed", level=1), incident(2, level=3), incident(3, level=1)])
    assert ids(rows) == ["i3", "i2", "i1"]


def test_of_equal_level_the_newest_is_on_top(rows: RecordList[Incident]) -> None:
    rows.replace([incident(9), incident(1)])
    assert ids(rows) == ["i1", "i9"]


def test_a_row_that_moves_stays_chosen(rows: RecordList[Incident]) -> None:
    rows.replace([incident(1), incident(2), incident(3)])
    held = QPersistentModelIndex(rows.index(0))
    rows.apply([incident(1, state="closed")])
    assert (held.row(), ids(rows)) == (2, ["i2", "i3", "i1"])


def test_the_same_answer_again_resets_nothing(rows: RecordList[Incident]) -> None:
    rows.replace([incident(1), incident(2)])
    resets: list[int] = []
    rows.modelReset.connect(lambda: resets.append(1))
    rows.replace([incident(2), incident(1, title="새 제목")])
    assert resets == []
    assert rows.records()[0].title == "새 제목"


def test_ten_thousand_rows_are_replaced_at_once(rows: RecordList[Incident]) -> None:
    rows.replace([incident(n) for n in range(10_000)])
    assert rows.rowCount() == 10_000


def test_acts_stand_in_the_order_of_their_times(qapp: object) -> None:
    acts = act_list(Words("ko"))
    acts.apply([act(2), act(1)])
    assert [each.entry_id for each in acts.records()] == ["e0001", "e0002"]


@pytest.mark.parametrize(
    ("kind", "payload", "text"),
    [
        ("opened", {"type": "화재", "title": "남문시장"}, "opened · Fire · 남문시장"),
        ("noted", {"text": "첫 줄\n둘째 줄"}, "note: 첫 줄\n둘째 줄"),
        ("assigned", {"assignee": "주간조"}, "assigned to 주간조"),
        ("assigned", {"assignee": ""}, "assignment removed"),
        ("changed", {"fields": {"level": 1, "place": "시청"}}, "changed: Level → 1 critical, Place → 시청"),
        ("attached", {"name": "a.jpg", "size": 2048}, "attached: a.jpg (2.0 KB)"),
        ("closed", {"result": "오탐", "text": "이상 없음"}, "closed: False alarm 이상 없음"),
        ("reopened", {"text": ""}, "reopened"),
        ("weighed", {"kg": 1}, "incident.weighed: {'kg': 1}"),
    ],
)
def test_every_act_has_words(qapp: object, kind: str, payload: dict[str, object], text: str) -> None:
    assert act_text(Words("en"), act(1, kind, payload=payload)) == text
