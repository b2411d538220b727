"""Samples wait while the alarm engine is behind, so that an event does not wait there instead."""

from __future__ import annotations

from collections.abc import Callable

from console.clock import Clock

UNJUDGED = 30_000  # readings; less than what is handed over, so that none need be read again
BRAKED_S = 0.02  # the longest sleep while it is on
_PATIENCE_S = 2.0  # an alarm engine that stands still holds up no recording


class Brake:
    """On while much is unjudged and getting less; off at the latest when judging stands still."""

    def __init__(self, unjudged: Callable[[], int], clock: Clock) -> None:
        self.on = False
        self._unjudged, self._clock = unjudged, clock
        self._least = 0
        self._moved_s = float("-inf")

    def is_on(self) -> bool:
        """Look again."""
        left, now_s = self._unjudged(), self._clock.monotonic_s()
        if left <= UNJUDGED:
            self.on, self._moved_s = False, float("-inf")
            return False
        if self._moved_s == float("-inf") or left < self._least:
            self._moved_s, self._least = now_s, left
        self.on = now_s - self._moved_s < _PATIENCE_S
        return self.on
