"""The newest reading per series, for the screens; of a prediction what it says of the time next to come."""

from __future__ import annotations

from collections.abc import Sequence

from sqlite_utils import Database

from db import readings
from db.readings import StoredReading
from db.records import Flag, Latest, Reading

_Series = tuple[str, str, str]
_Rank = tuple[int, int]


class NewestPerSeries:
    """Remembers how new each series is, so that a late arrival replaces nothing newer."""

    def __init__(self) -> None:
        self._ranks: dict[_Series, _Rank] = {}

    def start(self, db: Database) -> None:
        """Take over what the store knows."""
        for each in readings.latest(db):
            if not each.flags & Flag.FORECAST:  # the store keeps the farthest
                self._ranks[each.source, each.quantity, each.statistic] = each.observed_ms, 0

    def of(self, new: Sequence[StoredReading]) -> list[Latest]:
        """One record per series that these readings made newer."""
        ranks, changed = self._ranks, dict[_Series, StoredReading]()
        for stored in new:
            reading = stored.reading
            series = (reading.source, reading.quantity, reading.statistic)
            rank = _rank(reading)
            if rank >= ranks.get(series, (-1, 0)):
                ranks[series] = rank
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


def _rank(reading: Reading) -> _Rank:
    """The higher the newer; a prediction for a time that has passed is none any more."""
    if not reading.flags & Flag.FORECAST:
        return reading.observed_ms, 0
    is_ahead = reading.observed_ms >= reading.received_ms
    return reading.received_ms if is_ahead else 0, -reading.observed_ms
