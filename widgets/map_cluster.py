"""Many places as few cells: pure sums over arrays, no painting."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from db.asset_records import Condition
from widgets import theme

Floats = np.ndarray[tuple[int], np.dtype[np.float64]]
Ints = np.ndarray[tuple[int], np.dtype[np.int64]]

WELL, UNKNOWN, LOW, MEDIUM, HIGH, CRITICAL = range(6)
PRIORITY_OF = {LOW: 4, MEDIUM: 3, HIGH: 2, CRITICAL: 1}


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


def clustered(x: Floats, y: Floats, bad: Ints, cell_m: float) -> Clusters:
    """Points by cells of `cell_m`; those that are not well apart from those that are."""
    if x.size == 0:
        none, no = np.empty(0), np.empty(0, dtype=np.int64)
        return Clusters(none, none, no, no, no)
    column, row = np.floor(x / cell_m).astype(np.int64), np.floor(y / cell_m).astype(np.int64)
    column, row = column - column.min(), row - row.min()
    cell = (row * (int(column.max()) + 1) + column) * 2 + (bad > UNKNOWN)
    order = np.lexsort((-bad, cell))
    cells, first, count = np.unique(cell[order], return_index=True, return_counts=True)
    member = order[first]
    middle_x = np.add.reduceat(x[order], first) / count
    middle_y = np.add.reduceat(y[order], first) / count
    drawn = np.argsort(bad[member], kind="stable")  # the worst last, so that nothing covers it
    assert cells.size == member.size
    return Clusters(middle_x[drawn], middle_y[drawn], count[drawn], bad[member][drawn], member[drawn])
