"""The port to a central platform."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from console.errors import ConsoleError, Refused
from db.records import Entry, Head
from db.sync import Row

BATCH = 500
CHUNK = 256 * 1024


class Fork(Refused):
    """The centre has another entry under a key of ours; nothing was overwritten."""


class Gap(Refused):
    """The centre lacks entries before those it was sent; ask for its head again."""


class Moved(ConsoleError):
    """The centre's rows are not those our mark speaks of: it was restored, or is another one."""


class Greeting(NamedTuple):
    """Who the centre is and how its clock stands; `last` is its newest row's position."""

    name: str
    version: int
    clock_ms: int
    last: int


class Put(NamedTuple):
    """The centre's end of the log after a batch, and what of the batch it set aside, with why."""

    head: Head
    refused: list[tuple[int, str]]


class BlobState(NamedTuple):
    """How much of an attachment the centre has."""

    size: int
    have: int
    complete: bool


class Central(Protocol):
    """A central platform. Every method raises Unavailable when no answer came: then the act

    may or may not have happened, and doing it again is harmless. One thread uses it.
    """

    def hello(self) -> Greeting:
        """Proof of life, end to end."""

    def head(self, device: str, epoch: int) -> Head:
        """The centre's end of a log; count 0 and 64 zeros if it has none of it."""

    def last_epoch(self, device: str) -> int:
        """The highest epoch of the device that the centre knows, 0 for none."""

    def hash_at(self, device: str, epoch: int, seq: int) -> str | None:
        """The hash under a key, None if the centre has nothing there."""

    def put_entries(self, entries: Sequence[Entry]) -> Put:
        """Store entries of one log in their order, keeping those it already has.

        An entry that it will not keep is set aside by its hash alone, so that
        the chain goes on. Raises Fork, Gap, or Refused for a chain that does
        not verify; then it has stored nothing of the batch.
        """

    def proof(self, device: str, epoch: int) -> Head:
        """Number of entries and hash of the last, counted anew from what is stored."""

    def entries_after(self, position: int, digest: str, device: str, epoch: int, limit: int) -> list[Row]:
        """Rows after `position` in the order of their commit, those of (device, epoch) without text.

        Raises Moved if the row at `position` has not the hash `digest`.
        """

    def blob_state(self, sha256: str) -> BlobState | None:
        """How much of an attachment is there, None for nothing."""

    def put_blob(self, sha256: str, size: int, at: int, chunk: bytes) -> int:
        """Append a chunk; returns the bytes that are there, -1 if the whole was not what it says."""

    def get_blob(self, sha256: str, at: int) -> bytes:
        """A piece of a complete attachment from byte `at` on, empty if there is none."""

    def close(self) -> None:
        """End the connection; the next call opens it again."""
