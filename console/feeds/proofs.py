"""What is proved of the feeds that no broker brings: when they last answered, and why they do not."""

from __future__ import annotations

import threading
from typing import Literal, NamedTuple

from console.clock import Clock
from console.settings import Feed

_TWICE = 2.5  # of a feed's own rhythm may go by before its last answer is old


class Proof(NamedTuple):
    """When a way last worked, by both clocks, and what is wrong with it, "" for nothing."""

    at_ms: int | None = None
    mono_s: float | None = None
    trouble: str = ""
    note: str = ""


class Proofs:
    """The last proof of each feed; any thread may call."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[str, Proof] = {}

    def works(self, feed: str, note: str = "") -> None:
        """It answered, or could be looked at, right now; `note` is what a person should still know."""
        with self._lock:
            self._known[feed] = Proof(self._clock.now_ms(), self._clock.monotonic_s(), "", note)

    def ready(self, feed: str) -> None:
        """Nothing is wrong with it any more, though nothing came yet."""
        with self._lock:
            self._known[feed] = self._known.get(feed, Proof())._replace(trouble="", note="")

    def fails(self, feed: str, why: str) -> None:
        """It does not work now; when it last did is kept."""
        with self._lock:
            self._known[feed] = self._known.get(feed, Proof())._replace(trouble=why, note="")

    def of(self, feed: str) -> Proof:
        """What is known."""
        with self._lock:
            return self._known.get(feed, Proof())


def by_proof(
    feed: Feed, proof: Proof, now_s: float, waited_s: float
) -> tuple[Literal["ok", "warn", "bad", "unknown"], str, float | None, int | None]:
    """State, detail, age and time of a way that we go ourselves: the last answer, the last look."""
    every_s = (
        feed.poll.every_s if feed.poll and feed.via == "poll" else feed.folder.every_s if feed.folder else 0.0
    )
    limit_s = max(feed.silent_s if feed.via == "poll" else 0.0, _TWICE * every_s)
    if proof.mono_s is None:
        if proof.trouble:
            return "bad", proof.trouble, None, None
        state: Literal["bad", "unknown"] = "bad" if waited_s >= limit_s else "unknown"
        return (
            state,
            "has not answered yet" if feed.via == "poll" else "has not been looked at yet",
            None,
            None,
        )
    age_s = round(now_s - proof.mono_s, 1)
    if age_s >= limit_s:
        return "bad", proof.trouble or f"no answer for longer than {limit_s:.0f} s", age_s, proof.at_ms
    if proof.trouble:
        return ("bad" if feed.via == "folder" else "warn"), proof.trouble, age_s, proof.at_ms
    return ("warn" if proof.note else "ok"), proof.note, age_s, proof.at_ms
