"""Who is on shift, for the top line: the shift, the seat, and the small list behind them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from PySide6.QtCore import QObject, Signal, Slot

from console.settings import SHIFTS, Shift
from console.shifts import shift_at
from db.asset_records import OnDuty
from widgets.bridge import Bridge
from widgets.figures import plain
from widgets.words import Words


class DutyLine(QObject):
    """What the top line says of the people; the core's settings name the shifts.

    Signals:
        changed: somebody came or left, or the shifts are others.
    """

    changed = Signal()

    def __init__(self, bridge: Bridge, words: Words, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bridge, self._words = bridge, words
        self._shifts: Sequence[Shift] = SHIFTS
        self._on: dict[str, OnDuty] = {}
        self.seat = ""
        bridge.linked.connect(self._on_linked)

    def apply(self, records: Iterable[Any]) -> None:
        """Take who came and who left."""
        touched = False
        for record in records:
            if isinstance(record, OnDuty):
                touched = True
                if record.left_ms is None:
                    self._on[record.seat] = record
                else:
                    self._on.pop(record.seat, None)
        if touched:
            self.changed.emit()

    @property
    def people(self) -> list[OnDuty]:
        """Who is on duty, by seat."""
        return [self._on[seat] for seat in sorted(self._on)]

    def text(self, now_ms: int) -> str:
        """`주간조 · 관제요원 02`: the shift, and this seat; of a seat not yet known how many are there."""
        shift = shift_at(self._shifts, now_ms, self._words.zone)
        name = plain(self._words.pick(shift.name, shift.name_en), 24)
        if self.seat in self._on or not self._on:
            return f"{name} · {self.seat_name(self.seat)}" if self.seat else name
        return f"{name} · {self._words.text('duty.count', n=len(self._on))}"

    def seat_name(self, seat: str) -> str:
        """`관제요원 02`."""
        return self._words.text("duty.seat", seat=plain(seat.zfill(2) if seat.isdigit() else seat, 24))

    def lines(self, now_ms: int) -> list[str]:
        """One line per person: seat, name, since when."""
        words = self._words
        return [
            words.text(
                "duty.line",
                seat=self.seat_name(each.seat),
                who=plain(each.actor or "—", 40),
                since=words.when(each.since_ms)[5:16],
                age=words.age((now_ms - each.since_ms) / 1000),
            )
            for each in self.people
        ] or [words.text("duty.nobody")]

    @Slot(bool, str)
    def _on_linked(self, up: bool, _reason: str) -> None:
        if up:
            self._bridge.query("site", {}, self._take)

    def _take(self, value: Any, error: str) -> None:
        if error or not isinstance(value, dict) or not value.get("shifts"):
            return
        try:
            self._shifts = msgspec.convert(value["shifts"], list[Shift])
        except msgspec.ValidationError:
            return
        self.changed.emit()
