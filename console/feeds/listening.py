"""The door for what others post: HTTP(S) on an address of the settings, a path per feed.

A post is answered when it is on disk, and never before; while the disk refuses
the answer is 503, so that the sender keeps it. Connections are bounded in
number, altogether and per sender's address.
"""

from __future__ import annotations

import hmac
import socket
import ssl
import threading
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotInTime
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import structlog

from console.clock import Clock
from console.errors import SettingsError, Unavailable
from console.feeds.ingest import Ingest
from console.feeds.posting import Asked, Posting, Reply
from console.feeds.posts import Delivered
from console.feeds.replies import WANTS_XML, reply_to
from console.feeds.session_keys import SessionKeys
from console.settings import Feed
from console.settings_tables import Listen
from console.worker import backoff

log = structlog.get_logger(__name__)

MOST, MOST_OF_ONE = 64, 32  # connections
_COMMIT_S = 20.0
_NOT_TAKEN = ("multipart/", "image/", "video/", "audio/", "font/", "text/html")


class Listening:
    """The server of one core. `start` and `stop` once each."""

    def __init__(
        self, listen: Listen, feeds: Mapping[str, Feed], ingest: Ingest, clock: Clock, base: Path
    ) -> None:
        self.clock, self.largest = clock, listen.largest_mib << 20
        self._listen, self._ingest, self._base = listen, ingest, base
        self._feeds = {name: feed for name, feed in feeds.items() if feed.via == "listen" and feed.listen}
        self._keys = SessionKeys(clock)
        self._lock = threading.Lock()
        self._open: dict[socket.socket, threading.Thread] = {}
        self._of: Counter[str] = Counter()
        self._stop = threading.Event()
        self._socket: socket.socket | None = None
        self.is_up = threading.Event()
        self._thread = threading.Thread(target=self._run, name="listen", daemon=True)

    @property
    def port(self) -> int:
        """The port that it listens on; 0 while it does not."""
        return int(self._socket.getsockname()[1]) if self._socket is not None else 0

    def start(self) -> None:
        """Begin, where a feed comes this way."""
        if self._feeds:
            self._thread.start()

    def stop(self, timeout: float = 10.0) -> None:
        """End; posts that were taken are answered or lose their connection. Twice is harmless."""
        self._stop.set()
        if self._socket is not None:
            _end(self._socket)
        with self._lock:
            threads = list(self._open.items())
        for connection, _ in threads:
            _end(connection)
        for _, thread in threads:
            thread.join(timeout)
        if self._thread.ident is not None:
            self._thread.join(timeout)

    # --- the accepting thread ---------------------------------------------------

    def _run(self) -> None:
        attempt = 0
        while not self._stop.is_set():
            try:
                context = tls(self._listen, self._base)
                with _bound(self._listen) as server:
                    self._socket = server
                    attempt = 0
                    for name in self._feeds:
                        self._ingest.proofs.ready(name)
                    self.is_up.set()
                    self._accept(server, context)
            except (OSError, SettingsError) as error:
                if self._stop.is_set():
                    return
                attempt += 1
                where = f"{self._listen.host}:{self._listen.port}"
                for name in self._feeds:
                    self._ingest.proofs.fails(
                        name, f"nothing can be posted: {where} cannot be used ({error})"
                    )
                self._stop.wait(backoff(attempt, first=1.0, most=30.0))
            except Exception as error:  # the outermost frame of the thread
                attempt += 1
                log.error("bug", worker="listen", exc_info=error)
                self._stop.wait(backoff(attempt, first=1.0, most=30.0))

    def _accept(self, server: socket.socket, context: ssl.SSLContext | None) -> None:
        while not self._stop.is_set():
            try:
                connection, address = server.accept()
            except TimeoutError:
                continue
            with self._lock:
                is_full = len(self._open) >= MOST or self._of[str(address[0])] >= MOST_OF_ONE
                if not is_full:
                    thread = threading.Thread(
                        target=self._serve, args=(connection, address, context), name="post", daemon=True
                    )
                    self._open[connection] = thread
                    self._of[str(address[0])] += 1
            if is_full:
                _turn_away(connection, is_plain=context is None)
            else:
                thread.start()

    # --- a thread per connection ------------------------------------------------

    def _serve(
        self, connection: socket.socket, address: tuple[Any, ...], context: ssl.SSLContext | None
    ) -> None:
        spoken = connection
        try:
            connection.settimeout(10.0)
            if context is not None:
                spoken = context.wrap_socket(connection, server_side=True)
                with self._lock:
                    self._open[spoken] = self._open.pop(connection)
            Posting(spoken, address, self)
        except OSError:
            pass  # the other side is gone, or does not speak TLS
        except Exception as error:  # the outermost frame of the thread
            log.error("bug", worker="post", exc_info=error)
        finally:
            with self._lock:
                self._open.pop(spoken, None)
                self._open.pop(connection, None)
                self._of[str(address[0])] -= 1
                self._of += Counter()  # drops those at zero
            spoken.close()

    def may_stay(self) -> bool:
        """Whether a connection may wait for its next request: not when others need its place."""
        with self._lock:
            return len(self._open) <= MOST // 2 and not self._stop.is_set()

    def examine(self, asked: Asked) -> Reply | None:
        """Whose path it is, whether the sender may, and whether the body can be read at all."""
        found = self._found(asked.path)
        if found is None:
            return Reply(404, b"Nobody reads what is posted to this address")
        name, feed, _ = found
        assert feed.listen is not None
        if feed.listen.token_file:
            try:
                known = shows_token(self._base / feed.listen.token_file, asked.header(feed.listen.header))
            except Unavailable as error:
                self._ingest.proofs.fails(name, str(error))
                return Reply(503, b"The token cannot be examined at present", headers=_LATER)
            if not known:
                return Reply(401, b"The token is missing or wrong", headers=(("WWW-Authenticate", "Bearer"),))
        media = asked.header("Content-Type").partition(";")[0].strip().lower()
        if asked.header("Content-Encoding").strip().lower() not in ("", "identity"):
            return Reply(415, b"The body is compressed, which is not read here")
        wrong = media.startswith(_NOT_TAKEN) or (feed.kind in WANTS_XML and media.endswith("json"))
        return Reply(415, f"{media[:80]} is not read here".encode()) if wrong else None

    def store(self, asked: Asked, body: bytes) -> Reply:
        """The answer to a post, after the commit."""
        found = self._found(asked.path)
        if found is None:
            return Reply(404, b"Nobody reads what is posted to this address")
        name, feed, topic = found
        if feed.kind == "platform" and feed.listen is not None:
            reply = self._keys.reply(name, feed.listen, asked, body)
            if reply is not None:
                return reply
        try:
            delivered = _wait(self._ingest.deliver(name, [(topic, body)]))
        except Unavailable as error:
            log.warning("post", feed=name, refused=str(error))
            return reply_to(feed.kind, None, asked)._replace(headers=_LATER)
        self._ingest.proofs.works(name)
        return reply_to(feed.kind, delivered, asked)

    def _found(self, path: str) -> tuple[str, Feed, str] | None:
        """The feed of a path, and the topic of its message; a path that ends with / takes all below it."""
        try:
            here = unquote(urlsplit(path).path, errors="strict")
        except ValueError:
            return None
        if not here.isprintable() or len(here) > 1000:
            return None
        for name, feed in self._feeds.items():
            own = feed.listen.path if feed.listen else ""
            if here == own or (own.endswith("/") and here.startswith(own)):
                return name, feed, here.strip("/") or name
        return None


_LATER = (("Retry-After", "5"),)


def shows_token(path: Path, shown: str) -> bool:
    """Whether `shown`, with or without `Bearer `, is the file's token; takes as long either way.

    Raises Unavailable where the file cannot be read or is empty.
    """
    try:
        token = path.expanduser().read_bytes().strip()
    except OSError as error:
        raise Unavailable(f"token_file {path.name}: cannot be read ({error.strerror})") from error
    if not token:
        raise Unavailable(f"token_file {path.name}: is empty")
    given = shown.strip().encode("utf-8", "surrogateescape")
    if given[:7].lower() == b"bearer ":
        given = given[7:].strip()
    return hmac.compare_digest(given, token)


def tls(listen: Listen, base: Path) -> ssl.SSLContext | None:
    """TLS by the settings' certificate, None where they name none; raises SettingsError."""
    if not listen.cert_file:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    key = base / Path(listen.key_file).expanduser() if listen.key_file else None
    try:
        context.load_cert_chain(base / Path(listen.cert_file).expanduser(), key)
    except (OSError, ValueError) as error:
        raise SettingsError(f"listen.cert_file {listen.cert_file}: cannot be used ({error})") from error
    return context


def _bound(listen: Listen) -> socket.socket:
    family = socket.AF_INET6 if ":" in listen.host else socket.AF_INET
    server = socket.create_server((listen.host, listen.port), family=family, backlog=64)
    server.settimeout(0.5)
    return server


def _wait(future: Future[Delivered]) -> Delivered:
    try:
        return future.result(_COMMIT_S)
    except NotInTime as error:
        future.cancel()
        raise Unavailable("the store is busy") from error


def _turn_away(connection: socket.socket, *, is_plain: bool) -> None:
    """There is no place: say so, without waiting for anything."""
    try:
        connection.setblocking(False)
        if is_plain:
            connection.send(
                b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nContent-Length: 0\r\n"
                b"Connection: close\r\n\r\n"
            )
    except OSError:
        pass  # it is gone already
    finally:
        connection.close()


def _end(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass  # it has ended
