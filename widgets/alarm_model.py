"""The standing alarms as rows, worst and unhandled first, that stand still while read."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable
from typing import Any, Literal

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal

from db.alarm_records import Alarm, AlarmState

Index = QModelIndex | QPersistentModelIndex
SortKey = tuple[int, int, int, str]
_NOWHERE = QModelIndex()
_GROUPS = {
    AlarmState.UNACKNOWLEDGED: 0, AlarmState.RETURNED: 1, AlarmState.LATCHED: 2, AlarmState.ACKNOWLEDGED: 3,
}  # fmt: skip
_LAST = 9
_AT_ONCE = 100

View = Literal["standing", "shelved", "suppressed", "service"]
VIEWS: dict[View, frozenset[AlarmState]] = {
    "standing": frozenset(_GROUPS),
    "shelved": frozenset({AlarmState.SHELVED}),
    "suppressed": frozenset({AlarmState.SUPPRESSED}),
    "service": frozenset({AlarmState.OUT_OF_SERVICE}),
}
"""What each view of the list shows; together they show every alarm that is not simply normal, once."""


def sort_key(alarm: Alarm) -> SortKey:
    """What needs a hand first, by its state; then priority; then the newest."""
    return (_GROUPS.get(alarm.state, 4), alarm.priority, -alarm.raised_ms, alarm.id)


class AlarmModel(QAbstractListModel):
    """Rows are alarms in the order of `sort_key`.

    While `hold(True)`, no row changes its place: changed alarms are redrawn
    where they are, new ones wait at the end and are counted in `waiting`, and
    alarms that are over stay as such. `hold(False)` brings everything in order.
    What is shelved, suppressed or out of service has its row in a view of its own;
    `under` gives the alarms that another one explains.

    Signals:
        counted: numbers or order have changed.
    """

    RECORD = Qt.ItemDataRole.UserRole
    counted = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._keys: list[SortKey] = []
        self._rows: list[Alarm] = []
        self._key_of: dict[str, SortKey] = {}
        self._held = False
        self._arrivals = 0
        self._every: dict[str, Alarm] = {}
        self._counts: Counter[AlarmState] = Counter()
        self.view: View = "standing"
        self.waiting: list[Alarm] = []
        self._under: dict[str, dict[str, Alarm]] = {}
        self._cause_of: dict[str, str] = {}

    # --- what it holds

    def alarm(self, index: Index) -> Alarm:
        """The alarm in the row of `index`."""
        return self._rows[index.row()]

    def alarms(self) -> list[Alarm]:
        """All rows, as shown."""
        return list(self._rows)

    def under(self, alarm_id: str) -> list[Alarm]:
        """The alarms that this one explains, the oldest first."""
        found = self._under.get(alarm_id)
        return sorted(found.values(), key=lambda each: (each.raised_ms, each.id)) if found else []

    def every(self) -> list[Alarm]:
        """All alarms that are not simply normal, in whatever view."""
        return list(self._every.values())

    def find(self, alarm_id: str) -> Alarm | None:
        """This alarm, if it is not simply normal."""
        return self._every.get(alarm_id)

    def lists(self, alarm: Alarm) -> bool:
        """Whether it has a row in the present view."""
        return alarm.shown in VIEWS[self.view]

    def row_of(self, alarm_id: str) -> int | None:
        """The row of an alarm, if it has one."""
        key = self._key_of.get(alarm_id)
        return None if key is None else bisect_left(self._keys, key)

    def counts(self) -> dict[AlarmState, int]:
        """How many alarms are shown in each state, in all views."""
        return {state: self._counts[state] for state in AlarmState}

    @property
    def is_held(self) -> bool:
        """Whether the rows stand still."""
        return self._held

    def hold(self, held: bool) -> None:
        """Let the rows stand still, or bring them in order again."""
        if held == self._held:
            return
        self._held = held
        if not held:
            self.waiting = []
            self._drop([alarm.id for alarm in self._rows if not self.lists(alarm)])
            self._order_all()
        self.counted.emit()

    def replace(self, alarms: Iterable[Alarm]) -> None:
        """Hold just these alarms, those of them that are not simply normal."""
        self._every = {alarm.id: alarm for alarm in alarms if alarm.shown is not AlarmState.NORMAL}
        self._counts = Counter(alarm.shown for alarm in self._every.values())
        self._under, self._cause_of = {}, {}
        self._put_under(self._every.values())
        self._fill()

    def show_view(self, view: View) -> None:
        """List these alarms instead."""
        if view != self.view:
            self.view = view
            self._fill()

    def _fill(self) -> None:
        self.beginResetModel()
        self._rows = sorted((each for each in self._every.values() if self.lists(each)), key=sort_key)
        self._take_keys()
        self.waiting = []
        self.endResetModel()
        self.counted.emit()

    def apply(self, records: Iterable[Any]) -> None:
        """Bring the rows up to date; records that are no alarms are passed over."""
        newest = {record.id: record for record in records if isinstance(record, Alarm)}
        if not newest:
            return
        self._count(newest.values())
        moved_under = self._put_under(newest.values())
        new = [alarm for alarm in newest.values() if alarm.id not in self._key_of and self.lists(alarm)]
        known = [alarm for alarm in newest.values() if alarm.id in self._key_of]
        moved: list[Alarm] = []
        for alarm in known:
            row = self._row(alarm.id)
            self._rows[row] = alarm
            at = self.index(row)
            self.dataChanged.emit(at, at)
            if not self._held and sort_key(alarm) != self._keys[row]:
                moved.append(alarm)
        for cause in moved_under & self._key_of.keys():
            at = self.index(self._row(cause))
            self.dataChanged.emit(at, at)
        self._append(new)
        if self._held:
            self.waiting = [newest.get(alarm.id, alarm) for alarm in self.waiting] + new
        else:
            self._drop([alarm.id for alarm in known if not self.lists(alarm)])
            self._place(new + [alarm for alarm in moved if self.lists(alarm)])
        self.counted.emit()

    def _count(self, alarms: Iterable[Alarm]) -> None:
        for alarm in alarms:
            before = self._every.pop(alarm.id, None)
            if before is not None:
                self._counts[before.shown] -= 1
            if alarm.shown is not AlarmState.NORMAL:
                self._every[alarm.id] = alarm
                self._counts[alarm.shown] += 1

    def _put_under(self, alarms: Iterable[Alarm]) -> set[str]:
        """Keep alarms under what explains them; returns the causes that have others now."""
        changed = set()
        for alarm in alarms:
            cause = alarm.suppressed_by if alarm.is_standing else ""
            before = self._cause_of.pop(alarm.id, "")
            if before:
                self._under[before].pop(alarm.id, None)
            if cause:
                self._cause_of[alarm.id] = cause
                self._under.setdefault(cause, {})[alarm.id] = alarm
            changed |= {each for each in (before, cause) if each and before != cause}
        return changed

    # --- moving rows

    def _row(self, alarm_id: str) -> int:
        return bisect_left(self._keys, self._key_of[alarm_id])

    def _take_keys(self) -> None:
        self._keys = [sort_key(alarm) for alarm in self._rows]
        self._key_of = {alarm.id: key for alarm, key in zip(self._rows, self._keys, strict=True)}

    def _append(self, alarms: list[Alarm]) -> None:
        if not alarms:
            return
        first = len(self._rows)
        self.beginInsertRows(QModelIndex(), first, first + len(alarms) - 1)
        for alarm in alarms:
            self._arrivals += 1
            key = (_LAST, 0, self._arrivals, alarm.id)
            self._rows.append(alarm)
            self._keys.append(key)
            self._key_of[alarm.id] = key
        self.endInsertRows()

    def _drop(self, alarm_ids: list[str]) -> None:
        for row in sorted((self._row(each) for each in alarm_ids), reverse=True):
            self.beginRemoveRows(QModelIndex(), row, row)
            del self._key_of[self._rows[row].id]
            del self._rows[row], self._keys[row]
            self.endRemoveRows()

    def _place(self, alarms: list[Alarm]) -> None:
        if len(alarms) > _AT_ONCE:
            self._order_all()
            return
        for alarm in alarms:
            row = self._row(alarm.id)
            key = sort_key(alarm)
            to = bisect_left(self._keys, key)
            if to not in (row, row + 1):
                self.beginMoveRows(QModelIndex(), row, row, QModelIndex(), to)
            final = to - 1 if to > row else to
            del self._rows[row], self._keys[row]
            self._rows.insert(final, alarm)
            self._keys.insert(final, key)
            self._key_of[alarm.id] = key
            if to not in (row, row + 1):
                self.endMoveRows()

    def _order_all(self) -> None:
        self.layoutAboutToBeChanged.emit()
        held = self.persistentIndexList()
        ids = [self._rows[index.row()].id for index in held]
        self._rows.sort(key=sort_key)
        self._take_keys()
        self.changePersistentIndexList(held, [self.index(self._row(each)) for each in ids])
        self.layoutChanged.emit()

    # --- what Qt asks

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        alarm = self._rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return alarm.place or alarm.name or alarm.source
        return alarm if role == self.RECORD else None
