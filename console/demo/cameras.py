"""The role `demo-cameras`: drawn cameras over HTTP MJPEG, so that the wall has something real to read.

Each client of `/cam/N.mjpg` gets camera N's scene as multipart JPEG; nothing
is drawn while nobody looks. One camera freezes for a part of every period:
it goes on sending the identical picture, as worn-out encoders do.
"""

from __future__ import annotations

import argparse
import re
import socket
import sys
import threading
from collections.abc import Callable, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from console.clock import Clock, SystemClock
from console.demo.scenes import Scene

RATE = 8.0
BOUNDARY = "gwanje-picture"
_PATH = re.compile(r"^/cam/(\d{1,3})\.(mjpg|jpg)$")


class Freeze:
    """When a camera sends the same picture: `length_s` of every `period_s`, after `first_s`."""

    def __init__(
        self, number: int, period_s: float = 150.0, length_s: float = 60.0, first_s: float = 40.0
    ) -> None:
        self.number, self._period_s, self._length_s, self._first_s = number, period_s, length_s, first_s

    def holds(self, number: int, at_s: float) -> bool:
        """Whether camera `number` stands still `at_s` seconds after the start."""
        since = at_s - self._first_s
        return number == self.number and since >= 0 and since % self._period_s < self._length_s


class CameraServer(ThreadingHTTPServer):
    """Serves `count` cameras on one loopback port until closed."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, port: int, count: int, clock: Clock, freeze: Freeze, host: str = "127.0.0.1") -> None:
        self.clock, self.count, self.freeze = clock, count, freeze
        self.start_s = clock.monotonic_s()
        self.ending, self.pause = threading.Event(), threading.Event()  # paused: clients wait for nothing
        self.scenes = {number: Scene(number) for number in range(1, count + 1)}
        super().__init__((host, port), _Client)

    def close(self) -> None:
        """End all clients and let the port go."""
        self.ending.set()
        self.shutdown()
        self.server_close()

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away in the middle is the usual case."""


class _Client(BaseHTTPRequestHandler):
    server: CameraServer
    protocol_version = "HTTP/1.0"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing: stderr belongs to faults."""

    def do_GET(self) -> None:
        """Answer a stream, a single picture, or 404."""
        match = _PATH.match(self.path)
        number = int(match[1]) if match else 0
        if match is None or number not in self.server.scenes:
            self.send_error(404)
        elif match[2] == "jpg":
            self._send_one(number)
        else:
            self._send_stream(number, self.server.ending.wait)

    def _send_one(self, number: int) -> None:
        picture = self._picture(number)
        self.send_response(200)
        self.send_header("Content-Type", "image/jpeg")
        self.send_header("Content-Length", str(len(picture)))
        self.end_headers()
        self.wfile.write(picture)

    def _send_stream(self, number: int, wait: Callable[[float], bool]) -> None:
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.send_response(200)
        self.send_header("Content-Type", f"multipart/x-mixed-replace; boundary={BOUNDARY}")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        clock = self.server.clock
        due = clock.monotonic_s()
        frozen = b""
        while True:
            still = self.server.freeze.holds(number, clock.monotonic_s() - self.server.start_s)
            picture = frozen if still and frozen else self._picture(number)
            frozen = picture if still else b""
            head = f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(picture)}\r\n\r\n"
            if not self.server.pause.is_set():
                self.wfile.write(head.encode() + picture + b"\r\n")
            due = max(due + 1.0 / RATE, clock.monotonic_s())
            if wait(max(0.0, due - clock.monotonic_s())):
                return

    def _picture(self, number: int) -> bytes:
        clock = self.server.clock
        return self.server.scenes[number].jpeg(clock.monotonic_s() - self.server.start_s, clock.now_ms())


def main(args: Sequence[str] = ()) -> int:
    """The process: prints `ready PORT` and serves until its stdin ends."""
    parser = argparse.ArgumentParser(prog="gwanje demo-cameras", description="Drawn cameras over HTTP MJPEG.")
    parser.add_argument("--port", type=int, default=0, help="loopback port, 0 for any")
    parser.add_argument("--count", type=int, default=9, help="how many cameras")
    parser.add_argument("--freeze", type=int, default=5, help="the camera that freezes at times, 0 for none")
    chosen = parser.parse_args(args)
    server = CameraServer(chosen.port, chosen.count, SystemClock(), Freeze(chosen.freeze))
    serving = threading.Thread(target=server.serve_forever, args=(0.2,), name="demo cameras")
    serving.start()
    print(f"ready {server.server_address[1]}", flush=True)  # noqa: T201 - the caller waits for it
    try:
        while sys.stdin.buffer.readline():
            pass
    except KeyboardInterrupt:
        pass
    server.close()
    serving.join()
    return 0
