"""The door between the core and its screens: messages, and both ends of the socket.

The core listens on a local socket that only its user can open; both sides
prove that they know the key of the data folder's `link.json` (0600). Each
message is one msgpack value of the types below; nothing is pickled.
"""

from __future__ import annotations

from typing import Any

import msgspec

from db.records import Shown

PROTOCOL = 1


class Hello(msgspec.Struct, tag=True, frozen=True):
    """First message of a client. `role` is `ui` or `cli`; `seat` names the screen."""

    role: str
    seat: str
    actor: str = ""
    follow: bool = False  # wants Push messages
    protocol: int = PROTOCOL


class Query(msgspec.Struct, tag=True, frozen=True):
    """A question; answered from a short read-only connection, in any order."""

    id: int
    name: str
    args: dict[str, Any] = {}


class Command(msgspec.Struct, tag=True, frozen=True):
    """An act; answered after its commit. The same `id` again gives the same answer, once done."""

    id: str
    name: str
    args: dict[str, Any] = {}
    actor: str = ""


class Answer(msgspec.Struct, tag=True, frozen=True):
    """The answer to a Query or Command; `error` is a sentence for the operator, `refused` its kind."""

    id: int | str
    value: Any = None
    error: str = ""
    refused: bool = False


class Push(msgspec.Struct, tag=True, frozen=True):
    """Newest records, at most one per key; `all` when it is the whole state."""

    records: list[Shown]


class Bye(msgspec.Struct, tag=True, frozen=True):
    """The core ends; `reason` for the operator."""

    reason: str


ToCore = Hello | Query | Command
ToClient = Answer | Push | Bye
