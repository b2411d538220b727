"""The table of records."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QModelIndex, Qt

from db.records import FeedCount
from widgets.table import Column, RecordTable
from widgets.words import Words

COLUMNS = (
    Column("app.name", lambda count: count.feed),
    Column("app.name", lambda count: str(count.received), sort=lambda count: count.received, right=True),
)


def count(feed: str, received: int = 0) -> FeedCount:
    return FeedCount(feed=feed, received=received, stored=0, quarantined=0, duplicate=0)


@pytest.fixture
def table(qapp: object) -> RecordTable:
    return RecordTable(COLUMNS, Words("ko"), keep=lambda each: each.received >= 0)


def feeds(table: RecordTable) -> list[str]:
    return [table.data(table.index(row, 0)) for row in range(table.rowCount())]


def test_the_table_obeys_qt(table: RecordTable, qtmodeltester: object) -> None:
    table.apply([count("a"), count("b", 3)])
    qtmodeltester.check(table)  # type: ignore[attr-defined]


def test_a_newer_record_replaces_its_row_only(table: RecordTable, qtbot: object) -> None:
    table.apply([count("a"), count("b")])
    with qtbot.waitSignal(table.dataChanged) as signal:  # type: ignore[attr-defined]
        table.apply([count("b", 9)])
    assert [signal.args[0].row(), signal.args[1].row()] == [1, 1]
    assert table.data(table.index(1, 1)) == "9"


def test_a_record_that_stops_belonging_loses_its_row(table: RecordTable) -> None:
    table.apply([count(name) for name in "abcdef"])
    table.apply([count("b", -1), count("c", -1), count("e", -1)])
    assert feeds(table) == ["a", "d", "f"]
    assert table.row_of(("feed_count", "f")) == 2


def test_a_chosen_order_is_kept_and_a_selection_stays_with_its_record(table: RecordTable) -> None:
    from PySide6.QtCore import QPersistentModelIndex

    table.apply([count("a", 1), count("b", 5)])
    table.sort(1, Qt.SortOrder.DescendingOrder)
    held = QPersistentModelIndex(table.index(1, 0))
    table.apply([count("c", 3), count("a", 9)])
    assert feeds(table) == ["a", "b", "c"]
    assert held.data() == "a"


def test_ten_thousand_records_arrive_in_one_insertion(table: RecordTable) -> None:
    insertions: list[int] = []
    table.rowsInserted.connect(lambda _parent, first, last: insertions.append(last - first + 1))
    table.apply([count(f"f{n}", n) for n in range(10_000)])
    assert insertions == [10_000]
    assert table.rowCount(QModelIndex()) == 10_000
