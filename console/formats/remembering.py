"""What a decoder must still know after a new start, as rows that are stored with the messages they came in.

A key's value of None means that it is to be forgotten.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar, runtime_checkable

import msgspec

T = TypeVar("T")
Rows = Iterable[tuple[str, bytes]]
Changes = dict[str, bytes | None]
encode = msgspec.msgpack.Encoder().encode


@runtime_checkable
class Remembers(Protocol):
    """A decoder whose reading of a message depends on those before it."""

    def take_changes(self) -> Changes:
        """What has changed since the last call; it is stored in the transaction of the messages."""

    def recall(self, rows: Rows) -> None:
        """Know this, the oldest first, and nothing else."""


def read(rows: Rows, decoder: msgspec.msgpack.Decoder[T]) -> Iterator[tuple[str, T]]:
    """The rows as they were; one that an older version wrote in another form is left out."""
    for key, value in rows:
        try:
            yield key, decoder.decode(value)
        except msgspec.DecodeError:
            continue
