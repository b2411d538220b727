"""An HTTP server on loopback that a test tells what to answer, and that remembers what it was asked."""

from __future__ import annotations

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import unquote


class Request(NamedTuple):
    """What was asked."""

    path: str
    headers: dict[str, str]
    body: bytes = b""


class Answer(NamedTuple):
    """What is answered."""

    body: bytes = b""
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    length: int | None = None  # said instead of the true one


class HttpServer:
    """Answers with `answer(request)`; `with` starts and stops it."""

    def __init__(self, answer: Callable[[Request], Answer | bytes]) -> None:
        self.answer = answer
        self.asked: list[Request] = []
        self.changed = threading.Condition()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                request = Request(unquote(self.path), dict(self.headers.items()), body)
                found = outer.answer(request)
                reply = found if isinstance(found, Answer) else Answer(found)
                with outer.changed:
                    outer.asked.append(request)
                    outer.changed.notify_all()
                self.send_response(reply.status)
                for name, value in reply.headers:
                    self.send_header(name, value)
                self.send_header(
                    "Content-Length", str(len(reply.body) if reply.length is None else reply.length)
                )
                self.end_headers()
                self.wfile.write(reply.body)
                self.close_connection = True

            do_POST = do_GET

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> HttpServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)

    def wait_asked(self, count: int, timeout: float = 20.0) -> list[Request]:
        """The questions, once there are so many."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.asked) >= count, timeout), self.asked
            return list(self.asked)
