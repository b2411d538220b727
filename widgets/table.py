"""A Qt table made of records: rows are records, columns are functions of one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QBrush, QColor, QIcon

from widgets.words import Words

Index = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()


def _everything(_record: Any) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `sort` gives what it is ordered by (one type throughout), its text otherwise."""

    title_key: str
    text: Callable[[Any], str]
    sort: Callable[[Any], Any] | None = None
    icon: Callable[[Any], QIcon | None] | None = None
    colour: Callable[[Any], str | None] | None = None
    tip: Callable[[Any], str] | None = None
    right: bool = False

    def order(self, record: Any) -> Any:
        """What this column sorts the record by."""
        return self.sort(record) if self.sort is not None else self.text(record)


class RecordTable(QAbstractTableModel):
    """Rows are immutable records, found by their `key`; columns are functions.

    `keep` says which records belong in the table: a record that stops
    belonging loses its row. The table sorts itself (no proxy), and keeps the
    chosen order as records come.
    """

    RECORD = Qt.ItemDataRole.UserRole

    def __init__(
        self,
        columns: Sequence[Column],
        words: Words,
        keep: Callable[[Any], bool] = _everything,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._columns = tuple(columns)
        self._words = words
        self._keep = keep
        self._rows: list[Any] = []
        self._at: dict[Any, int] = {}
        self._sorted_by: tuple[int, bool] | None = None
        words.changed.connect(self._translate)

    # --- what it holds

    def record(self, index: Index) -> Any:
        """The record in the row of `index`."""
        return self._rows[index.row()]

    def records(self) -> list[Any]:
        """All records, in the order of the rows."""
        return list(self._rows)

    def row_of(self, key: Any) -> int | None:
        """The row of the record with this key."""
        return self._at.get(key)

    def replace(self, records: Iterable[Any]) -> None:
        """Hold just these records."""
        self.beginResetModel()
        newest = {record.key: record for record in records if self._keep(record)}
        self._rows = list(newest.values())
        if self._sorted_by is not None:
            self._rows.sort(key=self._order, reverse=self._sorted_by[1])
        self._renumber()
        self.endResetModel()

    def apply(self, records: Iterable[Any]) -> None:
        """Bring the rows up to date with newer versions of some records."""
        new: dict[Any, Any] = {}
        gone: set[Any] = set()
        changed: list[int] = []
        moved = False
        for record in records:
            key = record.key
            at = self._at.get(key)
            if not self._keep(record):
                new.pop(key, None)
                if at is not None:
                    gone.add(key)
                continue
            gone.discard(key)
            if at is None:
                new[key] = record
                continue
            if self._sorted_by is not None:
                moved = moved or self._order(record) != self._order(self._rows[at])
            self._rows[at] = record
            changed.append(at)
        self._tell_changed(changed)
        self._remove(gone)
        self._append(list(new.values()))
        if self._sorted_by is not None and (new or moved):
            self._sort_again()

    def refresh(self) -> None:
        """Read every text anew, as for ages that have grown."""
        if self._rows:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._rows) - 1, len(self._columns) - 1))

    def _tell_changed(self, rows: list[int]) -> None:
        last = len(self._columns) - 1
        if len(rows) > 200:
            self.dataChanged.emit(self.index(min(rows), 0), self.index(max(rows), last))
            return
        for row in rows:
            self.dataChanged.emit(self.index(row, 0), self.index(row, last))

    def _remove(self, keys: set[Any]) -> None:
        if not keys:
            return
        rows = sorted((self._at[key] for key in keys), reverse=True)
        while rows:
            last = first = rows.pop(0)
            while rows and rows[0] == first - 1:
                first = rows.pop(0)
            self.beginRemoveRows(QModelIndex(), first, last)
            del self._rows[first : last + 1]
            self.endRemoveRows()
        self._renumber()

    def _append(self, records: list[Any]) -> None:
        if not records:
            return
        first = len(self._rows)
        self.beginInsertRows(QModelIndex(), first, first + len(records) - 1)
        self._rows.extend(records)
        for row in range(first, len(self._rows)):
            self._at[self._rows[row].key] = row
        self.endInsertRows()

    def _renumber(self) -> None:
        self._at = {record.key: row for row, record in enumerate(self._rows)}

    # --- order

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Order by a column from now on; -1 for the order of arrival from now on."""
        if not 0 <= column < len(self._columns):
            self._sorted_by = None
            return
        self._sorted_by = (column, order is Qt.SortOrder.DescendingOrder)
        self._sort_again()

    def _order(self, record: Any) -> Any:
        assert self._sorted_by is not None
        return self._columns[self._sorted_by[0]].order(record)

    def _sort_again(self) -> None:
        assert self._sorted_by is not None
        self.layoutAboutToBeChanged.emit()
        held = self.persistentIndexList()
        keys = [self._rows[index.row()].key for index in held]
        self._rows.sort(key=self._order, reverse=self._sorted_by[1])
        self._renumber()
        self.changePersistentIndexList(
            held, [self.index(self._at[key], index.column()) for key, index in zip(keys, held, strict=True)]
        )
        self.layoutChanged.emit()

    # --- what Qt asks

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(self._columns)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation is not Qt.Orientation.Horizontal or not 0 <= section < len(self._columns):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self._words.text(self._columns[section].title_key)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(self._columns[section])
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        record, column = self._rows[index.row()], self._columns[index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.text(record)
        if role == self.RECORD:
            return record
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(column)
        if role == Qt.ItemDataRole.DecorationRole and column.icon is not None:
            return column.icon(record)
        if role == Qt.ItemDataRole.ForegroundRole and column.colour is not None:
            colour = column.colour(record)
            return QBrush(QColor(colour)) if colour else None
        if role == Qt.ItemDataRole.ToolTipRole and column.tip is not None:
            return column.tip(record)
        return None

    def _translate(self) -> None:
        if self._columns:
            self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, len(self._columns) - 1)
        self.refresh()


def _alignment(column: Column) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column.right else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter
