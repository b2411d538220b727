"""Many places as few cells: pure sums over arrays, no painting."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from db.asset_records import Condition
from widgets import theme

Floats = np.ndarray[tuple[int], np.dtype[np.float64]]
Ints = np.ndarray[tuple[int], np.dtype[np.int64]]

WELL, UNKNOWN, LOW, MEDIUM, HIGH, CRITICAL = range(6)
PRIORITY_OF = {LOW: 4, MEDIUM: 3, HIGH: 2, CRITICAL: 1}


@lru_cache(64)
def badness(condition: Condition, priority: int = 0) -> int:
    """How a place is drawn: by its worst standing alarm (1 to 4), else by its condition."""
    number = theme.condition_look(condition, priority)[2]
    return {1: CRITICAL, 2: HIGH, 3: MEDIUM, 4: LOW}.get(number, int(condition is Condition.UNKNOWN))


@dataclass(frozen=True, slots=True)
class Clusters:
    """Cells with something in them: middle (metres), how many, the worst, and one that is the worst."""

    x: Floats
    y: Floats
    count: Ints
    worst: Ints
    member: Ints


class Cells:
    """Places by the cells of a grid that is fixed to the ground; what is dear is done once per grid."""

    def __init__(self, x: Floats, y: Floats, cell_m: float) -> None:
        self._x, self._y = x, y
        self._count = 0
        self._cell: Ints = np.empty(0, dtype=np.int64)
        if x.size:
            column, row = np.floor(x / cell_m).astype(np.int64), np.floor(y / cell_m).astype(np.int64)
            column, row = column - column.min(), row - row.min()
            key = row * (int(column.max()) + 1) + column
            cells, cell = np.unique(key, return_inverse=True)
            self._count, self._cell = cells.size, cell.astype(np.int64)

    def clusters(self, bad: Ints) -> Clusters:
        """What stands in the cells now; those that are not well apart from those that are."""
        if not self._count:
            none, no = np.empty(0), np.empty(0, dtype=np.int64)
            return Clusters(none, none, no, no, no)
        group = self._cell * 2 + (bad > UNKNOWN)
        size = self._count * 2
        count = np.bincount(group, minlength=size)
        total = bad.size
        best = np.full(size, -1, dtype=np.int64)
        np.maximum.at(best, group, bad * total + np.arange(total - 1, -1, -1))  # the first of the worst
        filled = np.flatnonzero(count)
        worst, member = best[filled] // total, total - 1 - best[filled] % total
        x = np.bincount(group, self._x, size)[filled] / count[filled]
        y = np.bincount(group, self._y, size)[filled] / count[filled]
        drawn = np.argsort(worst, kind="stable")  # the worst last, so that nothing covers it
        return Clusters(x[drawn], y[drawn], count[filled][drawn], worst[drawn], member[drawn])


def clustered(x: Floats, y: Floats, bad: Ints, cell_m: float) -> Clusters:
    """Points by cells of `cell_m`."""
    return Cells(x, y, cell_m).clusters(bad)
