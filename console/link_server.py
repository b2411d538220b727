"""The core's end of the door.

Each client has a thread that reads and a thread that writes. What is pushed
waits per client, newest per key, so a screen that stands still costs the core
memory per key and never time.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Client, Connection, Listener
from pathlib import Path
from typing import Any

import msgspec
import structlog

from console import link
from console.errors import ConsoleError, Refused, Unavailable
from console.link import Answer, Bye, Command, Hello, Push, Query

log = structlog.get_logger(__name__)

_GATHER_S = 0.02  # between two pushes to one client
_HEARTBEAT_S = 1.0
_MOST_WAITING = 100_000  # keys; a client that is further behind starts anew

Answerer = Callable[[Any, "Hello"], Any]


class LinkServer:
    """Answers clients and keeps them up to date.

    `query(Query, Hello)` and `command(Command, Hello)` give the value of the
    answer or raise a ConsoleError; both are called in threads of this object.
    `state()` gives every record that a new follower must have.
    """

    def __init__(
        self,
        folder: Path,
        *,
        query: Callable[[Query, Hello], Any],
        command: Callable[[Command, Hello], Any],
        state: Callable[[], Sequence[Any]],
    ) -> None:
        self._folder = folder
        self._query = query
        self._command = command
        self._state = state
        self._address = link.new_address(folder)
        self._listener = Listener(self._address.address, self._address.family, backlog=16)
        self._clients: set[_Seat] = set()
        self._lock = threading.Lock()
        self._closing = False
        self._pool = ThreadPoolExecutor(4, thread_name_prefix="link-answer")
        self._thread = threading.Thread(target=self._accept, name="link-accept", daemon=True)

    def start(self) -> None:
        """Listen, and tell clients where."""
        self._thread.start()
        link.write_address(self._folder, self._address)

    def publish(self, records: Iterable[Any]) -> None:
        """Hand records to every follower; callable from any thread, returns at once."""
        batch = [(record.key, record) for record in records]
        if batch:
            with self._lock:
                clients = tuple(self._clients)
            for client in clients:
                client.post(batch)

    def seats(self) -> list[Hello]:
        """Who is connected now."""
        with self._lock:
            return [client.hello for client in self._clients]

    def stop(self) -> None:
        """Say goodbye to all and close. Twice is harmless."""
        if self._closing:
            return
        self._closing = True
        if self._thread.ident is None:  # it was never started
            self._listener.close()
            self._pool.shutdown()
            return
        with contextlib.suppress(OSError, EOFError, ValueError):
            Client(self._address.address, self._address.family).close()  # wakes accept()
        self._thread.join(5)
        with self._lock:
            clients = tuple(self._clients)
        for client in clients:
            client.end("The core was stopped")
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._listener.close()
        with contextlib.suppress(OSError):
            if link.read_address(self._folder) == self._address:
                (self._folder / "link.json").unlink(missing_ok=True)
        if (
            self._address.family == "AF_UNIX"
            and (place := Path(self._address.address).parent) != self._folder
        ):
            with contextlib.suppress(OSError):
                place.rmdir()  # made for this socket alone: the folder's own path is too long for one

    def _accept(self) -> None:
        while True:
            try:
                connection = self._listener.accept()
            except (OSError, EOFError) as error:
                log.info("link.accept", error=str(error))
                continue
            if self._closing:
                connection.close()
                return
            threading.Thread(target=self._serve, args=(connection,), name="link-client", daemon=True).start()

    def _serve(self, connection: Any) -> None:
        with connection:
            try:
                link.prove(connection, self._address.secret_bytes, server=True)
                hello = link.to_core.decode(connection.recv_bytes(link.LARGEST))
            except (OSError, EOFError, Unavailable, msgspec.DecodeError) as error:
                log.info("link.refused", error=str(error))
                return
            if not isinstance(hello, Hello) or hello.protocol != link.PROTOCOL:
                with contextlib.suppress(OSError):
                    connection.send_bytes(link.encode(Bye("This screen is of another version")))
                return
            self._attend(_Seat(connection, hello))

    def _attend(self, seat: _Seat) -> None:
        with self._lock:
            if self._closing:
                return
            self._clients.add(seat)
        try:
            seat.start()
            if seat.hello.follow:
                seat.post([(record.key, record) for record in self._state()], first=True)
            self._read(seat)
        finally:
            with self._lock:
                self._clients.discard(seat)
            seat.end("")

    def _read(self, seat: _Seat) -> None:
        while not self._closing:
            try:
                message = link.to_core.decode(seat.connection.recv_bytes(link.LARGEST))
            except (OSError, EOFError):
                return
            except msgspec.DecodeError as error:
                log.warning("link.unreadable", error=str(error))
                return
            if isinstance(message, Query | Command):
                with contextlib.suppress(RuntimeError):  # the pool is closed while we end
                    self._pool.submit(self._answer, seat, message)

    def _answer(self, seat: _Seat, message: Query | Command) -> None:
        try:
            if isinstance(message, Query):
                value = self._query(message, seat.hello)
            else:
                value = self._command(message, seat.hello)
            seat.answer(Answer(message.id, value))
        except ConsoleError as error:
            seat.answer(Answer(message.id, error=str(error), refused=isinstance(error, Refused)))
        except Exception as error:  # the outermost frame of a request: one bad act must not end the link
            log.error("bug", request=message.name, exc_info=error)
            seat.answer(Answer(message.id, error=f"Internal fault in {message.name}: {error!r}"))


class _Seat:
    """One connected client: what waits for it, and the thread that sends it."""

    def __init__(self, connection: Connection, hello: Hello) -> None:
        self.connection = connection
        self.hello = hello
        self._newest: dict[Any, Any] = {}
        self._answers: list[Answer] = []
        self._wake = threading.Condition()
        self._ended = False
        self._reason = ""
        self._thread = threading.Thread(target=self._write, name="link-writer", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def post(self, batch: Sequence[tuple[Any, Any]], *, first: bool = False) -> None:
        """Keep the newest record per key; `first` gives way to what was pushed since."""
        if not self.hello.follow:
            return
        with self._wake:
            if first:
                self._newest = {**dict(batch), **self._newest}
            else:
                self._newest.update(batch)
            if len(self._newest) > _MOST_WAITING and not first:
                self._end("This screen fell too far behind")
            self._wake.notify()

    def answer(self, answer: Answer) -> None:
        with self._wake:
            self._answers.append(answer)
            self._wake.notify()

    def end(self, reason: str) -> None:
        """Close; twice is harmless."""
        with self._wake:
            self._end(reason)
            self._wake.notify()
        if self._thread.ident is not None and self._thread is not threading.current_thread():
            self._thread.join(1.0)
        link.hang_up(self.connection)

    def _end(self, reason: str) -> None:
        self._ended = True
        self._reason = self._reason or reason
        self._newest.clear()

    def _take(self) -> tuple[list[Answer], list[Any], bool]:
        with self._wake:
            if not (self._newest or self._answers or self._ended):
                self._wake.wait(_HEARTBEAT_S)
            answers, self._answers = self._answers, []
            newest, self._newest = list(self._newest.values()), {}
            return answers, newest, self._ended

    def _gather(self) -> None:
        """Let records gather for a moment; an answer does not wait for them."""
        with self._wake:
            self._wake.wait_for(lambda: bool(self._answers) or self._ended, _GATHER_S)

    def _write(self) -> None:
        try:
            while True:
                answers, records, ended = self._take()
                for answer in answers:
                    self.connection.send_bytes(_encode_answer(answer))
                if ended:
                    if self._reason:
                        self.connection.send_bytes(link.encode(Bye(self._reason)))
                    return
                if self.hello.follow and (records or not answers):
                    self.connection.send_bytes(link.encode(Push(records)))
                    self._gather()
        except (OSError, ValueError) as error:
            log.info("link.closed", seat=self.hello.seat, error=str(error))
            link.hang_up(self.connection)


def _encode_answer(answer: Answer) -> bytes:
    try:
        return link.encode(answer)
    except (TypeError, ValueError, OverflowError) as error:
        return link.encode(Answer(answer.id, error=f"The answer cannot be sent: {error}"))
