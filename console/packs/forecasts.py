"""How far predictions were off: each predicted value against what was measured at its time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from sqlite_utils import Database

from console.packs import installed
from console.running import Running
from db import history, readings
from db.readings import Series

NEAR_MS = 900_000
"""A measured value this near in time is what the prediction was about."""
_PAGE = 5_000
_DAY_MS = 86_400_000


class Missed(NamedTuple):
    """One predicted series: how often it could be compared, and by how much it was above what came."""

    source: str
    quantity: str
    actual: str
    statistic: str
    unit: str
    compared: int
    mean: float | None
    absolute: float | None
    largest: float | None


def report(core: Running, days: float) -> dict[str, Any]:
    """The predictions for the last `days` of all packs in use; a series without a pair is told with 0."""
    until_ms = core.clock.now_ms()
    since_ms = until_ms - round(days * _DAY_MS)
    pairs = {
        each.name: each.predicts
        for seen in installed.in_use(core.settings, core.packs_base)
        for each in seen.pack.quantities
        if each.predicts
    }
    db = core.open_feed_reader()
    try:
        rows = [
            _missed(db, series, pairs[series.quantity], since_ms, until_ms)
            for series in readings.series(db)
            if series.quantity in pairs
        ]
    finally:
        db.close()
    return {"at_ms": until_ms, "rows": [each._asdict() for each in rows]}


def _missed(db: Database, series: Series, actual: str, since_ms: int, until_ms: int) -> Missed:
    said = list(_numbers(db, series, series.quantity, since_ms, until_ms + 1))
    came = list(_numbers(db, series, actual, since_ms - NEAR_MS, until_ms + 1))
    head = (series.source, series.quantity, actual, series.statistic, series.unit)
    errors = _errors(said, came)
    if not len(errors):
        return Missed(*head, 0, None, None, None)
    size = np.abs(errors)
    return Missed(*head, len(errors), float(errors.mean()), float(size.mean()), float(size.max()))


def _errors(said: list[tuple[int, float]], came: list[tuple[int, float]]) -> np.ndarray[Any, Any]:
    """Predicted less measured, where something was measured near enough."""
    if not said or not came:
        return np.empty(0)
    at, value = np.array([each[0] for each in came]), np.array([each[1] for each in came])
    times, wanted = np.array([each[0] for each in said]), np.array([each[1] for each in said])
    right = np.searchsorted(at, times).clip(0, len(at) - 1)
    left = (right - 1).clip(0)
    near = np.where(np.abs(at[left] - times) <= np.abs(at[right] - times), left, right)
    fits = np.abs(at[near] - times) <= NEAR_MS
    found: np.ndarray[Any, Any] = (wanted - value[near])[fits]
    return found


def _numbers(
    db: Database, series: Series, quantity: str, since_ms: int, until_ms: int
) -> Iterator[tuple[int, float]]:
    """The values of a quantity of the series' source in its statistic and unit, page by page."""
    after = None
    while True:
        page = history.rows(
            db, series.source, quantity, since_ms, until_ms,
            statistic=series.statistic, unit=series.unit, after=after, limit=_PAGE,
        )  # fmt: skip
        for each in page:
            if each.quality in ("good", "uncertain") and isinstance(each.value, int | float):
                yield each.observed_ms, float(each.value)
        if len(page) < _PAGE:
            return
        after = page[-1]
