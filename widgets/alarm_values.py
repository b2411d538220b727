"""The newest values of the series that standing alarms are about."""

from __future__ import annotations

from collections import Counter
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


class NewestValues:
    """Keeps in `now` the newest value of each series that a standing alarm is about, once one has come."""

    def __init__(self, now: dict[SeriesKey, Latest]) -> None:
        self.now = now
        self._series: dict[str, SeriesKey] = {}
        self._alarms: Counter[SeriesKey] = Counter()

    def renew(self, alarms: Iterable[Alarm]) -> None:
        """These alarms stand, and no others."""
        self._series, self._alarms = {}, Counter()
        self.follow(alarms)
        for gone in self.now.keys() - self._alarms.keys():
            del self.now[gone]

    def follow(self, alarms: Iterable[Alarm]) -> None:
        """These alarms have changed."""
        for alarm in alarms:
            before = self._series.pop(alarm.id, None)
            after = series_of(alarm) if alarm.is_standing else None
            if after is not None:
                self._series[alarm.id] = after
                self._alarms[after] += 1
            if before is not None:
                self._leave(before)

    def take(self, records: Iterable[Any]) -> bool:
        """Keep the newest values among these records; whether one of them changed."""
        has_changed = False
        for record in records:
            if not isinstance(record, Latest) or record.flags:
                continue
            is_plain = record.statistic in ("inst", "avg")
            key = (record.source, record.quantity if is_plain else f"{record.quantity}/{record.statistic}")
            if key in self._alarms:
                before = self.now.get(key)
                if before is None or record.observed_ms >= before.observed_ms:
                    self.now[key] = record
                    has_changed = True
        return has_changed

    def _leave(self, key: SeriesKey) -> None:
        self._alarms[key] -= 1
        if not self._alarms[key]:
            del self._alarms[key]
            self.now.pop(key, None)
