"""The newest reading per series, for the screens."""

from __future__ import annotations

from collections.abc import Sequence

from sqlite_utils import Database

from db import readings
from db.readings import StoredReading
from db.records import Latest

_Series = tuple[str, str, str]


class NewestPerSeries:
    """Remembers how new each series is, so that a late arrival replaces nothing newer."""

    def __init__(self) -> None:
        self._observed: dict[_Series, int] = {}

    def start(self, db: Database) -> None:
        """Take over what the store knows."""
        for each in readings.latest(db):
            self._observed[each.source, each.quantity, each.statistic] = each.observed_ms

    def of(self, new: Sequence[StoredReading]) -> list[Latest]:
        """One record per series that these readings made newer."""
        observed, changed = self._observed, dict[_Series, StoredReading]()
        for stored in new:
            reading = stored.reading
            series = (reading.source, reading.quantity, reading.statistic)
            if reading.observed_ms >= observed.get(series, -1):
                observed[series] = reading.observed_ms
                changed[series] = stored
        return [
            Latest(
                source=stored.reading.source,
                quantity=stored.reading.quantity,
                statistic=stored.reading.statistic,
                value=stored.reading.value,
                unit=stored.reading.unit,
                observed_ms=stored.reading.observed_ms,
                received_ms=stored.reading.received_ms,
                quality=stored.reading.quality,
                flags=stored.reading.flags,
            )
            for stored in changed.values()
        ]
