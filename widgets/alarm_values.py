"""The newest values of the series that standing alarms are about."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from db.alarm_records import Alarm
from db.records import Latest

SeriesKey = tuple[str, str]
_OF_THE_VALUE = ("threshold", "average", "stuck")
"""The kinds whose figure is a value of the series itself, so that the two can be compared."""


def series_of(alarm: Alarm) -> SeriesKey | None:
    """The series whose newest value tells how it is now; None where there is none."""
    return (alarm.source, alarm.quantity) if alarm.kind in _OF_THE_VALUE else None


def take(now: dict[SeriesKey, Latest], alarms: Iterable[Alarm], records: Iterable[Any]) -> bool:
    """Keep the newest values of what these alarms are about; whether one of them changed."""
    found = {key for alarm in alarms if (key := series_of(alarm)) is not None}
    for gone in now.keys() - found:
        del now[gone]
    if not found:
        return False
    has_changed = False
    for record in records:
        if isinstance(record, Latest):
            is_plain = record.statistic in ("inst", "avg")
            key = (record.source, record.quantity if is_plain else f"{record.quantity}/{record.statistic}")
            if key in found and not record.flags:
                before = now.get(key)
                if before is None or record.observed_ms >= before.observed_ms:
                    now[key] = record
                    has_changed = True
    return has_changed
