"""One loop for every background thread, and patience in one place."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable

import structlog

from console.errors import Unavailable

log = structlog.get_logger(__name__)


def backoff(attempt: int, *, first: float = 1.0, most: float = 60.0) -> float:
    """Seconds to wait before try number `attempt` (1, 2, ...): doubling, capped, jittered down."""
    return min(most, first * 2.0 ** min(attempt - 1, 16)) * random.uniform(0.5, 1.0)


class Worker:
    """Runs `step(wait)` over and over until stopped, resting after Unavailable.

    `step` does one bounded piece of work and returns; it rests with `wait`
    (seconds to bool: whether it shall stop) so that `stop` is prompt. An
    error that is not Unavailable is a bug: `report` gets it, and the loop
    goes on after a rest, since a feed or a sync that died in silence would lie.
    """

    def __init__(
        self,
        name: str,
        step: Callable[[Callable[[float], bool]], None],
        *,
        delay: Callable[[int], float] = backoff,
        report: Callable[[str, BaseException], None] | None = None,
    ) -> None:
        self._step = step
        self._delay = delay
        self._report = report or _log_bug
        self._stop = threading.Event()
        self._kick = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin; once only."""
        self._thread.start()

    def kick(self) -> None:
        """End a rest early; callable from any thread."""
        self._kick.set()

    def stop(self, timeout: float = 10.0) -> bool:
        """Ask the loop to end and wait for it; False if it took too long. Twice is harmless."""
        self._stop.set()
        self._kick.set()
        if self._thread.ident is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout)
        return not self._thread.is_alive()

    def wait(self, seconds: float) -> bool:
        """Rest for at most `seconds`; True when the loop shall end."""
        if not self._stop.is_set():
            self._kick.wait(seconds)
            self._kick.clear()
        return self._stop.is_set()

    def _run(self) -> None:
        attempt = 0
        while not self._stop.is_set():
            try:
                self._step(self.wait)
                attempt = 0
            except Unavailable as error:
                attempt += 1
                log.info("unavailable", worker=self._thread.name, error=str(error), attempt=attempt)
                self.wait(self._delay(attempt))
            except Exception as error:  # noqa: BLE001 - the outermost frame of a thread
                attempt += 1
                self._report(self._thread.name, error)
                self.wait(self._delay(attempt))


def _log_bug(name: str, error: BaseException) -> None:
    log.error("bug", worker=name, exc_info=error)
