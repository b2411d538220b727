"""What the core shows now: the newest record per key, for screens that join."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Any

from db.alarm_records import Alarm, AlarmState, Maintenance, Summary
from db.asset_records import Crisis, OnDuty
from db.records import Act, Incident, Quarantined
from db.workings import CatchUp, Gap, Hold, Progress


class Newest:
    """Keeps the newest record per key and passes each on.

    Lines of logs (acts, quarantined messages, summaries of alarms) are passed on and not kept,
    nor are alarms that are normal again and incidents that are closed: a
    screen that joins asks for those as it needs them. Any thread may call.
    """

    def __init__(self) -> None:
        self._records: dict[tuple[str, ...], Any] = {}
        self._lock = threading.Lock()
        self._pass_on: Callable[[list[Any]], None] = lambda records: None

    def pass_on_to(self, publish: Callable[[list[Any]], None]) -> None:
        """From now on also tell `publish`."""
        self._pass_on = publish

    def publish(self, records: Iterable[Any]) -> None:
        batch = list(records)
        with self._lock:
            for record in batch:
                if _is_kept(record):
                    self._records[record.key] = record
                else:
                    self._records.pop(record.key, None)
        if batch:
            self._pass_on(batch)

    def all(self) -> list[Any]:
        """Everything kept, oldest key first."""
        with self._lock:
            return list(self._records.values())

    def of(self, kind: type[Any]) -> list[Any]:
        """Everything kept of one record type."""
        return [record for record in self.all() if isinstance(record, kind)]


def _is_kept(record: Any) -> bool:
    if isinstance(record, Act | Quarantined | Gap | Summary):
        return False
    if isinstance(record, Alarm):
        return record.shown is not AlarmState.NORMAL
    if isinstance(record, Incident):
        return record.state == "open"
    if isinstance(record, Progress):
        return record.state == "running"
    if isinstance(record, CatchUp):
        return record.active
    if isinstance(record, Maintenance):
        return record.ended_ms is None
    if isinstance(record, Hold):
        return record.released_ms is None
    if isinstance(record, Crisis):
        return record.level > 0
    if isinstance(record, OnDuty):
        return record.left_ms is None
    return True
