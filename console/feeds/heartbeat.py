"""The proof that a broker works: what we send it comes back.

`is_connected()` only says what a library believes; a message that made the
round trip through the broker and through our own thread says that all of it works.
"""

from __future__ import annotations

from typing import Literal

MISSED = 3  # heartbeats without an echo until the link counts as broken


class Heartbeat:
    """Sends a number every `every_s` and waits to see it again. One thread only."""

    def __init__(self, topic: str, every_s: float, process: str) -> None:
        self.topic = topic
        self.every_s = every_s
        self.proved_ms: int | None = None
        self.proved_s: float | None = None
        self.since_s: float | None = None  # when it was last begun anew
        self._first = 1
        self._mark = f"{process} ".encode()
        self._count = 0
        self._due_s = 0.0

    def restart(self, now_s: float) -> None:
        """Send the next one at once: the connection or what it reads is new, and nothing of it is proved."""
        self._due_s, self.since_s, self.proved_s = 0.0, now_s, None
        self._first = self._count + 1

    def is_due(self, now_s: float) -> bool:
        """Whether the next one is to be sent."""
        return now_s >= self._due_s

    def next(self, now_s: float) -> bytes:
        """What to send now."""
        self._due_s = now_s + self.every_s
        self._count += 1
        return self._mark + str(self._count).encode()

    def take(self, payload: bytes, now_s: float, now_ms: int) -> bool:
        """Note an echo; always True for what looks like a heartbeat, also another process's.

        Only an echo of this process, of one of its last few beats since the last restart, is a proof.
        """
        process, _, count = payload.partition(b" ")
        if not count.isdigit() or len(payload) > 80:
            return False
        if process + b" " == self._mark and self._is_recent(int(count)):
            self.proved_s, self.proved_ms = now_s, now_ms
        return True

    def _is_recent(self, count: int) -> bool:
        return max(self._first, self._count - MISSED + 1) <= count <= self._count

    def state(self, now_s: float) -> Literal["ok", "warn", "bad"]:
        """ok with a proof younger than MISSED beats, warn up to twice that, then bad."""
        if self.proved_s is None:
            return "bad"
        missed = (now_s - self.proved_s) / self.every_s
        return "ok" if missed < MISSED else "warn" if missed < 2 * MISSED else "bad"
