"""Incidents and their timelines as Qt rows, and the words for what people did."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from db.records import Act, Incident
from widgets import figures, theme
from widgets.words import Words

Index = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()

TYPES = (
    "화재",
    "침수",
    "쓰러짐",
    "싸움",
    "배회",
    "침입",
    "비상벨",
    "실종",
    "교통사고",
    "시설물",
    "정전",
    "장애",
    "기타",
)
RESULTS = ("조치완료", "오탐", "이첩", "중복", "기타")
LEVELS = (1, 2, 3, 4)

Row = TypeVar("Row", Incident, Act)


def word(words: Words, group: str, name: str) -> str:
    """A control-room word in the language of the screen; one that is not on the list as it is."""
    key = f"incident_{group}.{name}"
    return words.text(key) if words.has(key) else figures.plain(name, 80)


def order(incident: Incident) -> tuple[bool, int, int]:
    """Open first, then the severer level, then the newest."""
    if incident.state == "open":
        return (False, incident.level, -incident.opened_ms)
    return (True, 0, -(incident.closed_ms or incident.changed_ms))


def act_text(words: Words, act: Act) -> str:
    """What somebody did, in a sentence; several lines only where they wrote several."""
    payload = act.payload
    kind = act.type.removeprefix("incident.")
    text = figures.plain
    if kind == "noted":
        return words.text("act.noted", text=_lines(payload.get("text")))
    if kind == "opened":
        found = word(words, "type", str(payload.get("type", "")))
        return words.text("act.opened", type=found, title=text(str(payload.get("title", ""))))
    if kind == "assigned":
        who = text(str(payload.get("assignee", "")))
        return words.text("act.assigned", assignee=who) if who else words.text("act.unassigned")
    if kind == "changed":
        return words.text("act.changed", fields=_changes(words, payload.get("fields")))
    if kind == "attached":
        return _attached(words, payload)
    if kind == "closed":
        result = word(words, "result", str(payload.get("result", "")))
        return words.text("act.closed", result=result, text=_lines(payload.get("text"))).strip()
    if kind == "reopened":
        return words.text("act.reopened", text=_lines(payload.get("text"))).rstrip(" :")
    return f"{text(act.type)}: {text(str(payload))}"


def _lines(text: Any) -> str:
    lines = str(text or "")[:4000].splitlines()
    return "\n".join(figures.plain(line, 1000) for line in lines)


def _attached(words: Words, payload: dict[str, Any]) -> str:
    fields = {
        "name": figures.plain(str(payload.get("name", "")), 120),
        "size": figures.size(int(payload.get("size") or 0)),
    }
    camera = figures.plain(str(payload.get("camera") or ""), 60)
    return (
        words.text("act.attached_camera", camera=camera, **fields)
        if camera
        else words.text("act.attached", **fields)
    )


def _changes(words: Words, fields: Any) -> str:
    if not isinstance(fields, dict):
        return figures.plain(str(fields))
    return ", ".join(
        f"{word(words, 'field', name)} → {field_text(words, name, value)}" for name, value in fields.items()
    )


def field_text(words: Words, name: str, value: Any) -> str:
    """The value of an incident's field, in words where there are some."""
    if name in ("type", "result", "level"):
        return word(words, name, str(value))
    if name == "state":
        return words.text("incidents.closed" if value == "closed" else "incidents.open")
    if isinstance(value, list | tuple):
        return figures.plain(", ".join(str(each) for each in value)) or "—"
    return figures.plain(str(value)) or "—"


class RecordList(QAbstractListModel, Generic[Row]):
    """Records as the rows of a list, kept in an order; a row stays itself when its record changes."""

    RECORD = Qt.ItemDataRole.UserRole

    def __init__(
        self,
        text: Callable[[Row], str],
        rank: Callable[[Row], Any],
        icon: Callable[[Row], Any] | None = None,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._text: Callable[[Row], str] = text
        self._rank: Callable[[Row], Any] = rank
        self._icon: Callable[[Row], Any] | None = icon
        self._rows: list[Row] = []

    def replace(self, records: Iterable[Row]) -> None:
        """Hold just these records; nothing moves when they are the same."""
        rows = sorted({record.key: record for record in records}.values(), key=self._rank)
        if [row.key for row in rows] == [row.key for row in self._rows]:
            self._update(rows)
            return
        self.beginResetModel()
        self._rows = rows
        self.endResetModel()

    def _update(self, rows: list[Row]) -> None:
        for at, (new, old) in enumerate(zip(rows, self._rows, strict=True)):
            if new != old:
                self._rows[at] = new
                self.dataChanged.emit(self.index(at), self.index(at))

    def apply(self, records: Iterable[Row]) -> None:
        """Take newer versions and new records, each at its place."""
        for record in records:
            at = self.row_of(record.key)
            if at is None:
                self._insert(record)
            elif self._rank(self._rows[at]) == self._rank(record):
                self._rows[at] = record
                self.dataChanged.emit(self.index(at), self.index(at))
            else:
                self._move(at, record)

    def _insert(self, record: Row) -> None:
        rank = self._rank(record)
        at = next((row for row, each in enumerate(self._rows) if self._rank(each) > rank), len(self._rows))
        self.beginInsertRows(QModelIndex(), at, at)
        self._rows.insert(at, record)
        self.endInsertRows()

    def _move(self, at: int, record: Row) -> None:
        rest = self._rows[:at] + self._rows[at + 1 :]
        rank = self._rank(record)
        to = next((row for row, each in enumerate(rest) if self._rank(each) > rank), len(rest))
        if to != at:
            self.beginMoveRows(QModelIndex(), at, at, QModelIndex(), to + 1 if to > at else to)
            self._rows = rest
            self._rows.insert(to, record)
            self.endMoveRows()
        self._rows[to] = record
        self.dataChanged.emit(self.index(to), self.index(to))

    def remove(self, key: tuple[str, ...]) -> None:
        """Let the record of this key go."""
        at = self.row_of(key)
        if at is not None:
            self.beginRemoveRows(QModelIndex(), at, at)
            del self._rows[at]
            self.endRemoveRows()

    def records(self) -> list[Row]:
        """All records in the order of the rows."""
        return list(self._rows)

    def row_of(self, key: tuple[str, ...]) -> int | None:
        """The row of the record with this key."""
        return next((row for row, each in enumerate(self._rows) if each.key == key), None)

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or not 0 <= index.row() < len(self._rows):
            return None
        record = self._rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(record)
        if role == Qt.ItemDataRole.DecorationRole and self._icon is not None:
            return self._icon(record)
        return record if role == self.RECORD else None


def incident_list(words: Words, parent: QObject | None = None) -> RecordList[Incident]:
    """Incidents, open first; the text of a row is what a screen reader says."""

    def text(incident: Incident) -> str:
        place = figures.plain(incident.place, 80)
        state = words.text(f"incidents.{incident.state}")
        return f"{figures.plain(incident.number, 60)} {figures.plain(incident.title)} · {state} · {place}"

    return RecordList(text, order, lambda each: theme.priority_icon(each.level), parent)


def act_list(words: Words, parent: QObject | None = None) -> RecordList[Act]:
    """The acts of one incident, oldest first."""
    return RecordList(lambda act: act_text(words, act), lambda act: (act.at_ms, act.entry_id), None, parent)
