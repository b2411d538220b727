"""One connection of the door for posts: a request is read within bounds, stored, and only then answered.

Bounded are the bytes of the head, the bytes of the body and the seconds of
both, however slowly they trickle; what does not fit is refused in a sentence.
"""

from __future__ import annotations

import io
import re
import socket
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import NamedTuple, Protocol

from console.clock import Clock

HEAD_BYTES = 32 << 10
HEAD_S, BODY_S, IDLE_S = 10.0, 30.0, 5.0
_LINGER_BYTES, _LINGER_S = 256 << 10, 0.5
_LENGTH = re.compile(r"[0-9]{1,15}").fullmatch
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]*)?\r?\n").fullmatch


class Reply(NamedTuple):
    """What is answered; `body` is a sentence unless `media` says otherwise."""

    status: int
    body: bytes = b""
    media: str = "text/plain; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = ()


class Asked(NamedTuple):
    """A request without its body; `header` gives a header's value, "" for none."""

    path: str
    header: Callable[[str], str]


class Door(Protocol):
    """What a connection asks of the server behind it."""

    clock: Clock
    largest: int

    def examine(self, asked: Asked) -> Reply | None:
        """The refusal of a request before its body is read, None to go on."""

    def store(self, asked: Asked, body: bytes) -> Reply:
        """Store the body; the answer to it."""

    def may_stay(self) -> bool:
        """Whether a connection may wait for its next request."""


class TooSlow(OSError):
    """The other side took longer than it has."""


class TooLong(Exception):
    """More bytes than are read."""


class Malformed(Exception):
    """The request contradicts itself; the text is a sentence."""


class Bounded(io.RawIOBase):
    """A socket to read from until a moment, and no more than so many bytes."""

    def __init__(self, connection: socket.socket, clock: Clock) -> None:
        self._connection, self._clock = connection, clock
        self._until_s, self._left = 0.0, 0

    def allow(self, seconds: float, size: int) -> None:
        """From now on so long and so much."""
        self._until_s, self._left = self._clock.monotonic_s() + seconds, size

    def more(self, size: int) -> None:
        """So many bytes more."""
        self._left += size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        left_s = self._until_s - self._clock.monotonic_s()
        if left_s <= 0:
            raise TooSlow("the request took too long")
        if self._left <= 0:
            raise TooLong
        self._connection.settimeout(left_s)
        try:
            count = self._connection.recv_into(buffer[: self._left])
        except TimeoutError as error:
            raise TooSlow("the request took too long") from error
        self._left -= count
        return count


class Posting(BaseHTTPRequestHandler):
    """Reads the requests of one connection; made per connection and gone with it."""

    protocol_version = "HTTP/1.1"
    server_version, sys_version = "gwanje", ""

    def __init__(self, connection: socket.socket, address: object, door: Door) -> None:
        self._door = door
        self._bounds = Bounded(connection, door.clock)
        self._is_answered = False
        super().__init__(connection, address, door)  # type: ignore[arg-type]

    def setup(self) -> None:
        """Read through the bounds and write with a time limit."""
        super().setup()
        self.rfile.close()
        self.rfile = io.BufferedReader(self._bounds, 16 << 10)

    def handle(self) -> None:
        """One request after another, as long as the other side and the door want it."""
        self.close_connection = True
        wait_s = HEAD_S
        try:
            while True:
                self._bounds.allow(wait_s, HEAD_BYTES)
                self.handle_one_request()
                if self.close_connection or not self._door.may_stay():
                    return
                wait_s = IDLE_S
        except TooLong:
            self._say(Reply(431, b"The head of the request is too long"))
        except (TooSlow, OSError):
            return

    def do_POST(self) -> None:
        """Store what is posted."""
        asked = Asked(self.path, lambda name: str(self.headers.get(name, "")))
        refusal = self._door.examine(asked)
        if refusal is None:
            try:
                body = self._body()
            except Malformed as error:
                refusal = Reply(400, str(error).encode())
            except TooLong:
                refusal = Reply(413, f"The body is larger than {self._door.largest >> 20} MiB".encode())
            except TooSlow:
                refusal = Reply(408, b"The body came too slowly")
        if refusal is not None:
            self._refuse(refusal)
            return
        self._say(self._door.store(asked, body))

    def _other(self) -> None:
        self._refuse(Reply(405, b"Only POST is taken here", headers=(("Allow", "POST"),)))

    do_GET = do_HEAD = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = _other

    def _body(self) -> bytes:
        lengths = {each.strip() for each in self.headers.get_all("Content-Length", [])}
        coding = self.headers.get("Transfer-Encoding", "").strip().lower()
        if coding:
            if lengths or coding != "chunked":
                raise Malformed("The body's length is said in two ways, or in a way not known here")
            return self._chunked()
        if not lengths:
            raise Malformed("The length of the body is missing")
        text = lengths.pop()
        if lengths or not _LENGTH(text):
            raise Malformed("The length of the body is no number")
        size = int(text)
        if size > self._door.largest:
            raise TooLong
        self._bounds.allow(BODY_S, size)
        return self._exactly(size)

    def _exactly(self, size: int) -> bytes:
        body = self.rfile.read(size)
        if len(body) != size:
            raise Malformed("The body is shorter than its length says")
        return body

    def _chunked(self) -> bytes:
        self._bounds.allow(BODY_S, 2 * self._door.largest + HEAD_BYTES)
        body = bytearray()
        while True:
            found = _CHUNK(self.rfile.readline(200))
            if found is None:
                raise Malformed("A chunk of the body has no length")
            size = int(found[1], 16)
            if len(body) + size > self._door.largest:
                raise TooLong
            if not size:
                break
            body += self._exactly(size)
            if self.rfile.readline(3) not in (b"\r\n", b"\n"):
                raise Malformed("A chunk of the body is longer than its length says")
        for _ in range(20):  # trailers, which are not looked at
            if self.rfile.readline(4096) in (b"\r\n", b"\n", b""):
                return bytes(body)
        raise Malformed("The body has no end")

    def _refuse(self, reply: Reply) -> None:
        """Answer without having read the body: the connection ends, after the answer has arrived."""
        self.close_connection = True
        self._say(reply)
        try:
            self.connection.shutdown(socket.SHUT_WR)
            self._bounds.allow(_LINGER_S, _LINGER_BYTES)
            while self.rfile.read1(16 << 10):
                pass
        except (OSError, TooLong):
            pass  # it has been told

    def _say(self, reply: Reply) -> None:
        self.connection.settimeout(HEAD_S)
        self.send_response(reply.status)
        for name, value in reply.headers:
            self.send_header(name, value)
        if reply.status != 204:
            self.send_header("Content-Type", reply.media)
            self.send_header("Content-Length", str(len(reply.body)))
        if reply.status >= 400 or self.close_connection:
            self.close_connection = True
            self.send_header("Connection", "close")
        self.end_headers()
        if reply.body and reply.status != 204 and self.command != "HEAD":
            self.wfile.write(reply.body)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What the parser refuses, in the same form as all else."""
        self.command = self.command or ""
        self.requestline, self.request_version = "", "HTTP/1.1"
        self.close_connection = True
        self._say(Reply(code, (message or "The request cannot be read").encode("utf-8", "replace")))

    def version_string(self) -> str:
        """No word of versions."""
        return "gwanje"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        """Say nothing: an address may hold what nobody should read."""
