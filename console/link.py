"""The door between the core and its screens: the messages and where to knock.

The core listens on a local socket that only its user can open; both sides
prove that they know the key in the data folder's `link.json` (0600). Each
message is one msgpack value of the types below; nothing is pickled.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import secrets
import socket
import sys
import tempfile
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import msgspec

from console.errors import Unavailable
from db.shown import Shown

PROTOCOL = 1
LARGEST = 64 * 1024 * 1024
"""Bytes of the largest message; a longer one ends the connection."""

_UNIX_PATH_MOST = 100  # the kernel's limit is 108 on Linux, 104 on macOS


class Hello(msgspec.Struct, tag=True, frozen=True):
    """First message of a client. `role` is `ui` or `cli`; `seat` names the screen."""

    role: str
    seat: str
    actor: str = ""
    follow: bool = False  # wants Push messages
    pid: int = 0
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
    """The answer to a Query or Command.

    `error` is a sentence for the operator; `refused` tells a definite no
    from a failure that may pass.
    """

    id: int | str
    value: Any = None
    error: str = ""
    refused: bool = False


class Push(msgspec.Struct, tag=True, frozen=True):
    """Newest records, at most one per key; an empty one only proves that the core lives."""

    records: list[Shown]


class Bye(msgspec.Struct, tag=True, frozen=True):
    """The core ends this connection; `reason` for the operator."""

    reason: str


ToCore = Hello | Query | Command
ToClient = Answer | Push | Bye

encode = msgspec.msgpack.Encoder().encode
to_core = msgspec.msgpack.Decoder(ToCore)
to_client = msgspec.msgpack.Decoder(ToClient)


class Address(msgspec.Struct, frozen=True):
    """Where a core listens; `link.json` of its data folder."""

    address: str
    family: str
    secret: str
    pid: int

    @property
    def secret_bytes(self) -> bytes:
        return bytes.fromhex(self.secret)


def new_address(folder: Path) -> Address:
    """A fresh address and secret for the core of this data folder."""
    secret = secrets.token_hex(32)
    if sys.platform == "win32":
        name = rf"\\.\pipe\gwanje-{secrets.token_hex(8)}"
        return Address(name, "AF_PIPE", secret, os.getpid())
    path = folder / "core.sock"
    if len(os.fsencode(path)) > _UNIX_PATH_MOST:
        path = Path(tempfile.mkdtemp(prefix="gwanje-")) / "core.sock"
    path.unlink(missing_ok=True)
    return Address(str(path), "AF_UNIX", secret, os.getpid())


def write_address(folder: Path, address: Address) -> None:
    """Tell clients where to knock, in one step and for this user only."""
    temporary = folder / "link.json.new"
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.encode(address))
    temporary.replace(folder / "link.json")


def read_address(folder: Path) -> Address:
    """Where the folder's core listens; raises Unavailable when none has said so."""
    try:
        return msgspec.json.decode((folder / "link.json").read_bytes(), type=Address)
    except (OSError, msgspec.DecodeError) as error:
        raise Unavailable(f"No core runs on {folder}") from error


def prove(connection: Connection, secret: bytes, *, server: bool, timeout: float = 5.0) -> None:
    """Both sides show that they know the secret without sending it.

    Each sends 32 random bytes and answers the other's with an HMAC-SHA-256
    that names its own role, so that an answer cannot be reflected. Raises
    Unavailable when the other side is silent for `timeout` s or wrong.
    """
    mine = secrets.token_bytes(32)
    connection.send_bytes(mine)
    theirs = _receive(connection, timeout)
    connection.send_bytes(_answer(secret, theirs, server=server))
    if not hmac.compare_digest(_receive(connection, timeout), _answer(secret, mine, server=not server)):
        raise Unavailable("The other side of the link does not know this data folder's key")


def hang_up(connection: Connection) -> None:
    """End a connection that other threads read or write; they get EOFError or OSError.

    Closing it under them would neither wake them nor keep its number from
    being given to another file; its reader closes it afterwards.
    """
    if sys.platform == "win32":
        connection.close()
        return
    with contextlib.suppress(OSError, ValueError), socket.socket(fileno=os.dup(connection.fileno())) as end:
        end.shutdown(socket.SHUT_RDWR)


def _answer(secret: bytes, challenge: bytes, *, server: bool) -> bytes:
    role = b"core" if server else b"client"
    return hmac.new(secret, role + challenge, hashlib.sha256).digest()


def _receive(connection: Connection, timeout: float) -> bytes:
    if not connection.poll(timeout):
        raise Unavailable("The other side of the link is silent")
    return connection.recv_bytes(64)
