"""The curves of the cards: each domain's telling series over the last hours, as the core keeps it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from statistics import median
from typing import Any

import msgspec
from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QWidget

from db.records import Latest, Trend
from widgets.bridge import Bridge

SPAN_MS = 3 * 3_600_000
POINTS = 60
STEP_MS = SPAN_MS // POINTS
_AGAIN_MS = 60_000
_LIVE_MS = 2000
_USABLE = ("good", "uncertain")
Series = tuple[str, str]
Point = tuple[int, float]


class CardTrends(QObject):
    """Asks for a series once a minute as long as a card wants it, and goes on with what comes live.

    Signals:
        changed: a curve is another than before.
    """

    changed = Signal()

    def __init__(self, bridge: Bridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._wanted: set[Series] = set()
        self._points: dict[Series, list[Point]] = {}
        self._live: dict[Series, list[Point]] = {}
        self._timer = QTimer(self, interval=_AGAIN_MS)
        self._timer.timeout.connect(self.read)
        self._timer.start()

    def want(self, wanted: Iterable[Series]) -> None:
        """These series are drawn from now on; one not known yet is asked for at once."""
        fresh = set(wanted)
        new = fresh - self._wanted
        self._wanted = fresh
        for kept in (self._points, self._live):
            for series in set(kept) - fresh:
                del kept[series]
        for series in new:
            self._ask(series)

    def points(self, series: Series) -> list[Point]:
        """(ms, value) oldest first; what came live after what the core keeps."""
        stored = self._points.get(series, [])
        last_ms = stored[-1][0] if stored else 0
        return [*stored, *(each for each in self._live.get(series, ()) if each[0] > last_ms)]

    def apply(self, records: Iterable[Any]) -> None:
        """Take newer values of the wanted series."""
        for record in records:
            if not isinstance(record, Latest) or (record.source, record.quantity) not in self._wanted:
                continue
            if record.flags or record.quality not in _USABLE or not _is_number(record.value):
                continue
            live = self._live.setdefault((record.source, record.quantity), [])
            if not live or record.received_ms - live[-1][0] >= _LIVE_MS:
                live.append((record.received_ms, float(record.value)))
                del live[: -SPAN_MS // _LIVE_MS]

    def read(self) -> None:
        """Ask anew for every wanted series, if anybody sees the cards."""
        parent = self.parent()
        if isinstance(parent, QWidget) and not parent.isVisible():
            return
        for series in self._wanted:
            self._ask(series)

    def _ask(self, series: Series) -> None:
        now_ms = self._bridge.now_ms()
        args = {
            "source": series[0], "quantity": series[1], "since_ms": now_ms - SPAN_MS, "until_ms": now_ms,
            "points": POINTS,
        }  # fmt: skip
        self._bridge.query("trend", args, lambda value, error: self._take(series, value, error))

    def _take(self, series: Series, value: Any, error: str) -> None:
        if error or series not in self._wanted:
            return
        trend = msgspec.convert(value, Trend)
        self._points[series] = list(zip(trend.times, trend.mean, strict=True))
        last_ms = trend.times[-1] if trend.times else 0
        self._live[series] = [each for each in self._live.get(series, ()) if each[0] > last_ms]
        self.changed.emit()


def runs(points: Sequence[Point]) -> list[list[Point]]:
    """The stretches without a gap: a line is drawn within each and none between.

    A gap is longer than three of the usual steps, so that an hourly series is no row of dots.
    """
    steps = [after[0] - before[0] for before, after in pairwise(points)]
    gap_ms = 3 * max(STEP_MS, round(median(steps))) if steps else 0
    found: list[list[Point]] = []
    for point in points:
        if not found or point[0] - found[-1][-1][0] > gap_ms:
            found.append([])
        found[-1].append(point)
    return found


def _is_number(value: object) -> bool:
    return isinstance(value, float | int) and not isinstance(value, bool)
