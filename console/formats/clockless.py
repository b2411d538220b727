"""Times for values whose sender names none."""

from __future__ import annotations

KEPT = 100_000  # sources remembered


class Arrivals:
    """Our own time of arrival, so that no two values of a series look like one."""

    def __init__(self) -> None:
        self._last_ms: dict[str, int] = {}

    def at(self, series: str, received_ms: int) -> int:
        """The time of this value: later than that of the one before."""
        last = self._last_ms.get(series, -1)
        at_ms = received_ms if received_ms > last else last + 1
        if len(self._last_ms) >= KEPT:
            self._last_ms.clear()
        self._last_ms[series] = at_ms
        return at_ms
