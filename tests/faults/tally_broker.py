"""A broker that knows exactly what it was told: numbered messages out, acknowledged numbers in.

MQTT 3.1.1, one client, one persistent session. What was not acknowledged is
sent again, marked as a repetition, when the client comes back, as a broker does.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Self

_CONNECT, _PUBLISH, _PUBACK, _SUBSCRIBE, _PINGREQ = 1, 3, 4, 8, 12


class TallyBroker:
    """Sends {"at": first_ms + n, "n": n} on t/s0 … t/s4; `most` in all, `window` unacknowledged at a time."""

    def __init__(self, first_ms: int, *, window: int = 40, most: int | None = None) -> None:
        self.acknowledged: set[int] = set()
        self.published = self.clients = 0
        self._first_ms, self._window, self._most = first_ms, window, most
        self._all = threading.Event()
        self._waiting: dict[int, int] = {}  # packet id -> number
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._server.getsockname()[1])
        self._client: socket.socket | None = None
        self._ended = False
        self._more = threading.Event()
        self._idle = threading.Event()
        self._idle.set()
        self._thread = threading.Thread(target=self._run, name="tally-broker", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended = True
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        client = self._client
        if client is not None:
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)
        self._thread.join()

    def wait_for_more(self, timeout: float) -> bool:
        """Wait until something more is acknowledged than now."""
        self._more.clear()
        return self._more.wait(timeout)

    def wait_for_all(self, timeout: float) -> bool:
        """Wait until the last one is acknowledged; False if that takes longer."""
        return self._all.wait(timeout)

    def wait_for_end(self) -> None:
        """Wait until everything that a client said that is gone was heard."""
        self._idle.wait(10.0)

    def _run(self) -> None:
        while not self._ended:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            with client:
                self._client = client
                self.clients += 1
                self._idle.clear()
                with contextlib.suppress(OSError, EOFError):
                    self._serve(client)
                self._client = None
                self._idle.set()

    def _serve(self, client: socket.socket) -> None:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with client.makefile("rb") as stream:
            while True:
                first, body = _packet(stream)
                kind = first >> 4
                if kind == _CONNECT:
                    client.sendall(b"\x20\x02\x01\x00")
                elif kind == _SUBSCRIBE:
                    client.sendall(bytes([0x90, 2 + _filters(body)]) + body[:2] + b"\x01" * _filters(body))
                    self._send(client, again=True)
                elif kind == _PUBACK:
                    number = self._waiting.pop(int.from_bytes(body[:2], "big"), None)
                    if number is not None:
                        self.acknowledged.add(number)
                        self._more.set()
                        if len(self.acknowledged) == self._most:
                            self._all.set()
                    self._send(client)
                elif kind == _PUBLISH:
                    client.sendall(bytes([first]) + _length(len(body)) + body)  # a heartbeat comes back
                elif kind == _PINGREQ:
                    client.sendall(b"\xd0\x00")

    def _send(self, client: socket.socket, *, again: bool = False) -> None:
        burst = b""
        if again:
            burst = b"".join(self._message(mid, n, dup=True) for mid, n in sorted(self._waiting.items()))
        while len(self._waiting) < self._window and self.published != self._most:
            number = self.published
            self.published += 1
            mid = number % 65_535 + 1
            self._waiting[mid] = number
            burst += self._message(mid, number)
        if burst:
            client.sendall(burst)

    def _message(self, mid: int, number: int, *, dup: bool = False) -> bytes:
        topic = b"t/s%d" % (number % 5)
        body = len(topic).to_bytes(2, "big") + topic + mid.to_bytes(2, "big")
        body += b'{"at":%d,"n":%d}' % (self._first_ms + number, number)
        return bytes([0x3A if dup else 0x32]) + _length(len(body)) + body


def _packet(stream: object) -> tuple[int, bytes]:
    read = stream.read  # type: ignore[attr-defined]
    first, size, shift = _all(read(1))[0], 0, 0
    while True:
        byte = _all(read(1))[0]
        size |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return first, read(size)


def _all(piece: bytes) -> bytes:
    if not piece:
        raise EOFError
    return piece


def _length(size: int) -> bytes:
    out = bytearray()
    while True:
        size, byte = divmod(size, 128)
        out.append(byte | (0x80 if size else 0))
        if not size:
            return bytes(out)


def _filters(body: bytes) -> int:
    """How many topic filters a SUBSCRIBE names."""
    at, count = 2, 0
    while at < len(body):
        at += 2 + int.from_bytes(body[at : at + 2], "big") + 1
        count += 1
    return count
