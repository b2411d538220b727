"""Notices a centre that has taken a question and does not answer, while the thread that asked waits."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any, cast

from console.clock import Clock
from console.sync.ports import Central


class Patience:
    """Wraps a centre as `central`; knows since when a question is open."""

    def __init__(self, central: Central, clock: Clock) -> None:
        self.central = cast(Central, _Asked(central, self))
        self._clock = clock
        self._since_s: float | None = None

    def silent_s(self) -> float:
        """Seconds that the present question has been open, 0 if none is; any thread may ask."""
        since = self._since_s
        return self._clock.monotonic_s() - since if since is not None else 0.0

    @contextlib.contextmanager
    def question(self) -> Iterator[None]:
        self._since_s = self._clock.monotonic_s()
        try:
            yield
        finally:
            self._since_s = None

    @contextlib.contextmanager
    def watched(self, limit_s: float, tell: Callable[[float], None]) -> Iterator[None]:
        """Within it, `tell(seconds)` from another thread whenever a question is open for so long."""
        over = threading.Event()

        def look() -> None:
            while not over.wait(limit_s / 2):
                silent = self.silent_s()
                if silent >= limit_s:
                    tell(silent)

        thread = threading.Thread(target=look, name="sync-patience", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()


class _Asked:
    """A centre of which every method is a question that is watched."""

    def __init__(self, central: Central, patience: Patience) -> None:
        self._central, self._patience = central, patience

    def __getattr__(self, name: str) -> Any:
        ask = getattr(self._central, name)

        def asked(*args: Any) -> Any:
            with self._patience.question():
                return ask(*args)

        return asked
