"""The socket under an MQTT client: whole bursts in one call, both ways.

paho reads a packet in three small receives and sends each acknowledgement by
itself. This stands between it and the socket: bytes come in 64 KiB at a time,
and what is to be sent waits for `flush`, so that the acknowledgements of a
batch leave together, after its commit.
"""

from __future__ import annotations

import socket
import ssl

import paho.mqtt.client as mqtt

_READ = 1 << 16
_MOST_WAITING = 1 << 20  # bytes that a slow broker has not taken yet


class Wire:
    """A non-blocking socket with a buffer on each side. One thread only."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._in = b""
        self._at = 0
        self._out = bytearray()
        self.ended = False

    def fill(self) -> bool:
        """Take what the network has brought; True if bytes are waiting to be read."""
        if self._at < len(self._in):
            return True
        try:
            self._in = self._sock.recv(_READ)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return False
        self._at = 0
        self.ended = not self._in
        return True  # an ended stream counts, so that the reader meets its end

    def waiting(self) -> bool:
        """Whether something came in that `select` cannot see any more."""
        if self._at < len(self._in):
            return True
        return isinstance(self._sock, ssl.SSLSocket) and self._sock.pending() > 0

    def recv(self, size: int) -> bytes:
        """Up to `size` bytes; b"" at the end of the stream; BlockingIOError when there are none."""
        if self._at >= len(self._in):
            if self.ended:
                return b""
            if not self.fill():
                raise BlockingIOError
        at = self._at
        piece = self._in[at : at + size]
        self._at = at + len(piece)
        return piece

    def send(self, piece: bytes | bytearray) -> int:
        """Put `piece` up for `flush`."""
        if len(self._out) >= _MOST_WAITING:
            raise BlockingIOError
        self._out += piece
        return len(piece)

    def flush(self) -> bool:
        """Send what waits; False if the network took only a part. Raises OSError when it is gone."""
        while self._out:
            try:
                sent = self._sock.send(self._out)
            except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                return False
            del self._out[:sent]
        return True

    def unsent(self) -> bool:
        """Whether something waits to be sent."""
        return bool(self._out)

    def close(self) -> None:
        """Send what can be sent at once, and close."""
        try:
            self.flush()
        except OSError:
            pass  # the other side is gone, which is why we close
        self._sock.close()

    def fileno(self) -> int:
        return self._sock.fileno()

    def setblocking(self, flag: bool) -> None:
        self._sock.setblocking(flag)


class WiredClient(mqtt.Client):
    """paho's client on a Wire. It overrides the one place where paho makes its socket."""

    wire: Wire | None = None
    context: ssl.SSLContext | None = None
    _half_open: socket.socket | None = None

    def _create_socket(self) -> Wire:
        """Connect and, with a `context`, shake hands; leaves nothing open when either fails."""
        sock = socket.create_connection((self.host, self.port), self.connect_timeout)
        try:
            if self.context is not None:
                sock = self.context.wrap_socket(
                    sock, server_hostname=self.host, do_handshake_on_connect=False
                )
                self._half_open = sock
                sock.do_handshake()
        except BaseException:
            sock.close()
            raise
        finally:
            self._half_open = None
        self.wire = Wire(sock)
        return self.wire

    def abandon(self) -> None:
        """Let a hand-shake that another thread waits for fail at once."""
        sock = self._half_open
        if sock is not None:
            try:
                socket.socket.shutdown(sock, socket.SHUT_RDWR)
            except OSError:
                pass  # it ended in this moment
