"""The rows of a flood: critical alarms single, the others by cause and place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal

from db.alarm_records import Alarm, AlarmState
from widgets.alarm_model import sort_key

Index = QModelIndex | QPersistentModelIndex
GroupKey = tuple[str, str]
_NOWHERE = QModelIndex()
_UNHANDLED = (AlarmState.UNACKNOWLEDGED, AlarmState.RETURNED)
_SINGLE = 1
"""Alarms of this priority have rows of their own, outside of every group."""


class Group(NamedTuple):
    """Alarms of one cause in one place, the oldest first."""

    rule: str
    place: str
    alarms: tuple[Alarm, ...]
    priority: int
    unhandled: int

    @property
    def key(self) -> GroupKey:
        return (self.rule, self.place)


Row = Group | Alarm


def grouped(alarms: Iterable[Alarm], facility: Callable[[Alarm], str]) -> tuple[list[Alarm], list[Group]]:
    """The critical alarms in the order of the list, and the others by cause and place.

    A group with something unhandled comes first, then the worst and the largest. What another
    alarm explains belongs to that one's rule.
    """
    single: list[Alarm] = []
    found: dict[GroupKey, list[Alarm]] = {}
    for alarm in alarms:
        if alarm.priority <= _SINGLE:
            single.append(alarm)
        else:
            cause = alarm.suppressed_by.partition("|")[0] or alarm.rule
            found.setdefault((cause, facility(alarm)), []).append(alarm)
    groups = [_group(key, each) for key, each in found.items()]
    return sorted(single, key=sort_key), sorted(groups, key=_order)


def _group(key: GroupKey, alarms: list[Alarm]) -> Group:
    alarms.sort(key=lambda each: (each.raised_ms, each.id))
    unhandled = sum(each.shown in _UNHANDLED for each in alarms)
    return Group(*key, tuple(alarms), min(each.priority for each in alarms), unhandled)


def _order(group: Group) -> tuple[object, ...]:
    return (not group.unhandled, group.priority, -len(group.alarms), group.alarms[0].raised_ms, group.key)


class FloodRows(QAbstractListModel):
    """Rows are critical alarms, groups, and below an open group its alarms.

    While `hold(True)` no row changes its place: rows are redrawn where they are, and what is
    new comes at the end and is counted in `waiting`.

    Signals:
        counted: numbers or order have changed.
    """

    RECORD = Qt.ItemDataRole.UserRole
    counted = Signal()

    def __init__(self, facility: Callable[[Alarm], str], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._facility = facility
        self._rows: list[Row] = []
        self._at: dict[object, int] = {}
        self._open: set[GroupKey] = set()
        self._target: list[Row] = []
        self._held = False
        self.waiting = 0
        self.count = self.groups = self.single = 0

    def show_alarms(self, alarms: Sequence[Alarm]) -> None:
        """List these alarms."""
        single, groups = grouped(alarms, self._facility)
        self.count, self.groups, self.single = len(alarms), len(groups), len(single)
        self._target = [*single, *groups]
        self._settle()

    def hold(self, held: bool) -> None:
        """Let the rows stand still, or bring them in order again."""
        if held != self._held:
            self._held = held
            self._settle()

    def row(self, index: Index) -> Row:
        """What is in this row."""
        return self._rows[index.row()]

    def rows(self) -> list[Row]:
        """All rows, as shown."""
        return list(self._rows)

    def is_open(self, key: GroupKey) -> bool:
        """Whether a group lists its alarms."""
        return key in self._open

    def row_of(self, key: object) -> int | None:
        """The row of a group or of an alarm (by its id)."""
        return self._at.get(key)

    def open(self, key: GroupKey, is_open: bool) -> None:
        """List the alarms of a group below it, or not; the operator asked, so rows may move."""
        row = self._at.get(key)
        if row is None or is_open == (key in self._open):
            return
        group = self._rows[row]
        assert isinstance(group, Group)
        if is_open:
            self._open.add(key)
            self.beginInsertRows(QModelIndex(), row + 1, row + len(group.alarms))
            self._rows[row + 1 : row + 1] = group.alarms
        else:
            self._open.discard(key)
            last = row + 1
            while last < len(self._rows) and self._belongs(self._rows[last], key):
                last += 1
            if last == row + 1:
                return
            self.beginRemoveRows(QModelIndex(), row + 1, last - 1)
            del self._rows[row + 1 : last]
        self._take_places()
        self.endInsertRows() if is_open else self.endRemoveRows()
        self._redraw(row)

    def _belongs(self, row: Row, key: GroupKey) -> bool:
        if isinstance(row, Group) or row.priority <= _SINGLE:
            return False
        return (row.suppressed_by.partition("|")[0] or row.rule, self._facility(row)) == key

    def _settle(self) -> None:
        wanted = self._wanted()
        if self._held:
            self._follow(wanted)
        else:
            self.waiting = 0
            self._reorder(wanted)
        self.counted.emit()

    def _wanted(self) -> list[Row]:
        rows: list[Row] = []
        for each in self._target:
            rows.append(each)
            if isinstance(each, Group) and each.key in self._open:
                rows.extend(each.alarms)
        return rows

    def _follow(self, wanted: list[Row]) -> None:
        """Redraw rows where they are; append what is new and has no group to be counted in."""
        new: list[Row] = []
        known = {_key(each): each for each in self._target if isinstance(each, Group)}
        open_ids = {alarm.id for key in self._open if key in known for alarm in known[key].alarms}
        for each in wanted:
            row = self._at.get(_key(each))
            if row is None:
                if isinstance(each, Group) or each.id not in open_ids:
                    new.append(each)
            elif self._rows[row] != each:
                self._rows[row] = each
                self._redraw(row)
        if new:
            self.waiting += len(new)
            first = len(self._rows)
            self.beginInsertRows(QModelIndex(), first, first + len(new) - 1)
            self._rows.extend(new)
            self._take_places()
            self.endInsertRows()

    def _reorder(self, wanted: list[Row]) -> None:
        """Bring the rows in order; what was selected stays selected."""
        if [_key(each) for each in wanted] == [_key(each) for each in self._rows]:
            changed = [n for n, each in enumerate(wanted) if each != self._rows[n]]
            self._rows = wanted
            for row in changed:
                self._redraw(row)
            return
        self.layoutAboutToBeChanged.emit()
        held = self.persistentIndexList()
        keys = [_key(self._rows[index.row()]) for index in held]
        self._rows = wanted
        self._take_places()
        places = [self._at.get(key) for key in keys]
        self.changePersistentIndexList(
            held, [QModelIndex() if place is None else self.index(place) for place in places]
        )
        self.layoutChanged.emit()

    def _take_places(self) -> None:
        self._at = {_key(each): place for place, each in enumerate(self._rows)}

    def _redraw(self, row: int) -> None:
        at = self.index(row)
        self.dataChanged.emit(at, at)

    # --- what Qt asks

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        row = self._rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return f"{row.rule} {len(row.alarms)}" if isinstance(row, Group) else row.place or row.source
        return row if role == self.RECORD else None


def _key(row: Row) -> object:
    return row.key if isinstance(row, Group) else row.id
