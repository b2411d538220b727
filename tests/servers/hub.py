"""A small data hub on loopback: keeps entities and subscriptions, notifies, and fails as it is told."""

from __future__ import annotations

import json
import threading
import urllib.request
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit


class Hub:
    """`faults` are taken one for each request: a status, `hang`, `cut` (dies in mid answer)
    or `lost` (does its work and dies before it answers)."""

    def __init__(self) -> None:
        self.entities: dict[str, dict[str, Any]] = {}
        self.subscriptions: dict[str, dict[str, Any]] = {}
        self.asked: list[tuple[str, str, Any, dict[str, str]]] = []
        self.faults: list[int | str] = []
        self.always: int | None = None
        self.refuses: Callable[[dict[str, Any]], bool] = lambda _: False
        self.whole = False  # refuses a batch with a bad entity as a whole (400) and not in part (207)
        self.changed = threading.Condition()
        self.release = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _serve(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                text = self.rfile.read(length)
                outer.serve(self, json.loads(text) if text else None)

            do_GET = do_POST = do_PATCH = do_DELETE = _serve

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Hub:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.release.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)

    def wait(self, test: Callable[[Hub], bool], timeout: float = 30.0) -> None:
        """Until the test holds, looked at after each request."""
        with self.changed:
            assert self.changed.wait_for(lambda: test(self), timeout), (list(self.entities), self.asked[-3:])

    def serve(self, request: BaseHTTPRequestHandler, body: Any) -> None:
        path = urlsplit(request.path).path
        with self.changed:
            self.asked.append((request.command, request.path, body, dict(request.headers.items())))
            fault = self.faults.pop(0) if self.faults else self.always
        request.close_connection = True
        if fault == "hang":
            self.release.wait(60)
            return
        if fault == "cut":
            request.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
            return
        if isinstance(fault, int):
            self._say(request, fault, {"title": "told to fail"})
        else:
            status, said = self._do(request.command, path, body)
            if fault != "lost":
                self._say(request, status, said)
        with self.changed:
            self.changed.notify_all()

    @staticmethod
    def _say(request: BaseHTTPRequestHandler, status: int, body: Any) -> None:
        text = json.dumps(body).encode() if body is not None and status != 204 else b""
        request.send_response(status)
        request.send_header("Content-Length", str(len(text)))
        request.send_header("Connection", "close")
        request.end_headers()
        request.wfile.write(text)

    def _do(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        with self.changed:
            if path == "/entityOperations/upsert":
                return self._upsert(body["entities"] if isinstance(body, dict) else body)
            if path == "/subscriptions" and method == "POST":
                if body["id"] in self.subscriptions:
                    return 409, {"title": "already there"}
                self.subscriptions[body["id"]] = body | {"status": "active"}
                return 201, None
            identity = unquote(path.removeprefix("/subscriptions/"))
            if identity not in self.subscriptions:
                return 404, {"title": "not found"}
            if method == "GET":
                return 200, self.subscriptions[identity]
            if method == "DELETE":
                del self.subscriptions[identity]
            else:
                self.subscriptions[identity] |= body
            return 204, None

    def _upsert(self, entities: list[dict[str, Any]]) -> tuple[int, Any]:
        bad = [each["id"] for each in entities if self.refuses(each)]
        if bad and self.whole:
            return 400, {"title": "BadRequestData", "detail": "an entity does not fit"}
        good = [each for each in entities if each["id"] not in bad]
        for each in good:
            self.entities[each["id"]] = self.entities.get(each["id"], {}) | each
        self._notify(good)
        if bad:
            errors = [{"entityId": each, "error": {"status": 400, "title": "does not fit"}} for each in bad]
            return 207, {"success": [each["id"] for each in good], "errors": errors}
        return 204, None

    def _notify(self, entities: list[dict[str, Any]]) -> None:
        for identity, each in self.subscriptions.items():
            wanted = {part["type"] for part in each["entities"]}
            data = [entity for entity in entities if entity["type"] in wanted]
            uri = each["notification"]["endpoint"]["uri"]
            if data and uri.startswith("http"):
                said = {"id": "urn:n:1", "type": "Notification", "subscriptionId": identity,
                        "notifiedAt": "2026-11-22T10:00:00Z", "data": data}  # fmt: skip
                asked = urllib.request.Request(uri, json.dumps(said).encode(), method="POST")
                urllib.request.urlopen(asked, timeout=10).close()
