"""Records about the console's own work: catching up, gaps, holds, backups, long tasks, raw messages."""

from __future__ import annotations

from typing import Literal

from db.records import Key, Record


class CatchUp(Record, frozen=True):
    """How far behind the present the reading of one broker is, while it is behind.

    `behind_ms` is the age, by the senders' clocks, of what is read now; `speed`
    how many milliseconds of the past are read per millisecond (above 1 it
    comes nearer), `left_s` the time that takes at this speed. `unjudged` counts
    readings on disk that the alarm engine has not judged yet. With `active`
    False the present is reached; `messages` is then what the catching up read.
    """

    name: str
    active: bool
    since_ms: int
    at_ms: int
    behind_ms: int | None = None
    speed: float | None = None
    per_s: float = 0.0
    left_s: float | None = None
    messages: int = 0
    unjudged: int = 0

    @property
    def key(self) -> Key:
        return ("catch_up", self.name)


class Gap(Record, frozen=True):
    """A stretch of a source that did not arrive: since_ms < observed < until_ms, by the sender's clock.

    `epoch` tells one run of the sender's numbering from the next ("" where it
    has none); `first_seq` and `last_seq` are the missing numbers where the sender counts.
    `until_ms` None: it is still open. `asked` counts the attempts to have it filled,
    `got` what came of it, `missing` the numbers that are not there yet.
    """

    id: int
    feed: str
    source: str
    since_ms: int
    until_ms: int | None
    why: Literal["silence", "sequence", "session", "file"]
    state: Literal["open", "asking", "filled", "lost"]
    found_ms: int
    epoch: str = ""
    first_seq: int | None = None
    last_seq: int | None = None
    asked: int = 0
    got: int = 0
    closed_ms: int | None = None
    closed_by: str = ""
    detail: str = ""
    missing: int | None = None

    @property
    def key(self) -> Key:
        return ("gap", str(self.id))


class Hold(Record, frozen=True):
    """Readings that retention must keep: since_ms <= observed < until_ms of the named series.

    `source` and `quantity` are exact or a trailing-* pattern. It ends when it is released.
    """

    id: str
    source: str
    quantity: str
    since_ms: int
    until_ms: int
    reason: str
    placed_by: str
    placed_ms: int
    incident: str = ""
    released_by: str = ""
    released_ms: int | None = None

    @property
    def key(self) -> Key:
        return ("hold", self.id)


class Backup(Record, frozen=True):
    """One backup; `verified_ms` is when it was last restored and checked, None if it never held.

    `entries` and `head` are the count and the last hash of our own log in it.
    """

    name: str
    at_ms: int
    size: int
    verified_ms: int | None = None
    entries: int = 0
    head: str = ""
    detail: str = ""

    @property
    def key(self) -> Key:
        return ("backup", self.name)


class Progress(Record, frozen=True):
    """Where a long task is; `total` 0 while nobody knows. `path` is what it made, where it makes a file."""

    id: str
    kind: Literal["export", "backup", "retry", "doctor", "backfill", "import", "forecast", "package"]
    state: Literal["running", "done", "failed", "cancelled"]
    started_ms: int
    at_ms: int
    done: int = 0
    total: int = 0
    text: str = ""
    path: str = ""

    @property
    def key(self) -> Key:
        return ("progress", self.id)


class RawMessage(Record, frozen=True):
    """A message as it came; `payload` is its beginning, `size` the bytes it had.

    `state` is `read`, or the reason why it was set aside. `source` is the first
    source that the message told of, "" where it told of none.
    """

    id: int
    feed: str
    topic: str
    received_ms: int
    payload: bytes
    size: int
    state: str
    source: str = ""

    @property
    def key(self) -> Key:
        return ("raw", str(self.id))
