"""A screen's end of the door: finds the core, stays with it, finds it again."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from multiprocessing.connection import Client, Connection
from pathlib import Path
from typing import Any

import msgspec
import structlog
import uuid_utils

from console import link
from console.errors import ConsoleError, Refused, Unavailable
from console.link import Answer, Bye, Command, Hello, Push, Query
from console.worker import Worker

log = structlog.get_logger(__name__)

_SILENT_S = 3.0  # three heartbeats of the core
_QUERY_SENT = "The link to the core broke before the answer came; ask again"

Done = Callable[[Any, str], None]
"""Gets (value, "") or (None, sentence for the operator), in the reader thread."""


class LinkClient:
    """One client of a data folder's core.

    A query that was not answered when the link broke fails. A command is
    sent again with the same id until it is answered, so that it is done once
    even if the core was killed in between. All callbacks come in the reader
    thread; all methods may be called from any thread.
    """

    def __init__(
        self,
        folder: Path,
        *,
        role: str,
        seat: str,
        actor: str = "",
        on_push: Callable[[Sequence[Any]], None] | None = None,
        on_state: Callable[[bool, str], None] | None = None,
    ) -> None:
        self._folder = folder
        self._hello = Hello(role, seat, actor, follow=on_push is not None, pid=os.getpid())
        self._on_push = on_push or _ignore
        self._on_state = on_state or _ignore
        self._lock = threading.Lock()
        self._connection: Connection | None = None
        self._next_query = 0
        self._queries: dict[int, Done] = {}
        self._commands: dict[str, tuple[Command, Done]] = {}
        self._linked = threading.Event()
        self._told: tuple[bool, str] | None = None
        self._worker = Worker("link-reader", self._session, delay=lambda attempt: min(1.0, 0.1 * attempt))

    def start(self) -> None:
        """Begin looking for the core."""
        self._worker.start()

    def stop(self) -> None:
        """Leave; unanswered commands are given up. Twice is harmless."""
        with self._lock:
            connection = self._connection
        if connection is not None:
            link.hang_up(connection)
        self._worker.stop(5)

    def query(self, name: str, args: dict[str, Any], done: Done) -> None:
        """Ask; `done` is called once, with the answer or why there is none."""
        with self._lock:
            self._next_query += 1
            query = Query(self._next_query, name, args)
            self._queries[query.id] = done
        if not self._send(query):
            self._fail_query(query.id)

    def command(self, name: str, args: dict[str, Any], done: Done | None = None, command_id: str = "") -> str:
        """Act; returns the command's id. The same `command_id` again does nothing new."""
        command = Command(command_id or str(uuid_utils.uuid7()), name, args, self._hello.actor)
        with self._lock:
            self._commands[command.id] = (command, done or _ignore)
        self._send(command)
        return command.id

    def ask(self, name: str, args: dict[str, Any] | None = None, timeout: float = 10.0) -> Any:
        """Ask and wait; raises Unavailable or Refused."""
        return self._wait(lambda done: self.query(name, args or {}, done), timeout)

    def act(self, name: str, args: dict[str, Any] | None = None, timeout: float = 30.0) -> Any:
        """Act and wait for the commit; raises Unavailable or Refused."""
        return self._wait(lambda done: self.command(name, args or {}, done), timeout)

    def wait_linked(self, timeout: float) -> bool:
        """Wait until the core answers; False after `timeout` seconds without it."""
        return self._linked.wait(timeout)

    def _wait(self, begin: Callable[[Done], object], timeout: float) -> Any:
        future: Future[Any] = Future()

        def done(value: Any, error: str) -> None:
            if error:
                future.set_exception(Refused(error))
            else:
                future.set_result(value)

        begin(done)
        try:
            return future.result(timeout)
        except TimeoutError as error:
            raise Unavailable("The core did not answer in time") from error

    def _session(self, wait: Callable[[float], bool]) -> None:
        """One connection from its beginning to its end."""
        try:
            connection = self._connect()
        except (OSError, EOFError, ConsoleError) as error:
            reason = str(error) if isinstance(error, ConsoleError) else "No core answers on this data folder"
            self._tell(False, reason)
            raise Unavailable(reason) from error
        try:
            self._tell(True, "")
            self._resend()
            self._read(connection, wait)
        finally:
            with self._lock:
                self._connection = None
                lost = list(self._queries)
            with contextlib.suppress(OSError):
                connection.close()
            for each in lost:
                self._fail_query(each)

    def _connect(self) -> Connection:
        address = link.read_address(self._folder)
        connection = Client(address.address, address.family)
        try:
            link.prove(connection, address.secret_bytes, server=False)
            connection.send_bytes(link.encode(self._hello))
        except BaseException:
            connection.close()
            raise
        with self._lock:
            self._connection = connection
        return connection

    def _read(self, connection: Connection, wait: Callable[[float], bool]) -> None:
        while not wait(0):
            try:
                if self._hello.follow and not connection.poll(_SILENT_S):
                    self._tell(False, "The core does not answer")
                    continue
                message = link.to_client.decode(connection.recv_bytes(link.LARGEST))
            except (OSError, EOFError) as error:
                log.info("link.broke", error=str(error))
                self._tell(False, "The link to the core broke")
                return  # look for it again at once
            except msgspec.DecodeError as error:
                raise Unavailable(f"The core said something unreadable: {error}") from error
            self._tell(True, "")
            self._take(message)

    def _take(self, message: Answer | Push | Bye) -> None:
        if isinstance(message, Push):
            if message.records:
                self._on_push(message.records)
        elif isinstance(message, Answer):
            done = self._pending(message.id)
            if done is not None:
                done(message.value, message.error)
        else:
            self._tell(False, message.reason)

    def _pending(self, asked: int | str) -> Done | None:
        with self._lock:
            if isinstance(asked, int):
                return self._queries.pop(asked, None)
            command = self._commands.pop(asked, None)
            return command[1] if command else None

    def _resend(self) -> None:
        with self._lock:
            waiting = [command for command, _ in self._commands.values()]
        for command in waiting:
            self._send(command)

    def _send(self, message: Query | Command) -> bool:
        with self._lock:
            if self._connection is None:
                return False
            try:
                self._connection.send_bytes(link.encode(message))
            except (OSError, ValueError) as error:
                log.info("link.send", error=str(error))
                return False
        return True

    def _fail_query(self, asked: int) -> None:
        done = self._pending(asked)
        if done is not None:
            done(None, _QUERY_SENT)

    def _tell(self, linked: bool, reason: str) -> None:
        if (linked, reason) != self._told:
            self._told = (linked, reason)
            (self._linked.set if linked else self._linked.clear)()
            self._on_state(linked, reason)


def _ignore(*_: Any) -> None:
    return None
