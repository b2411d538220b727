"""The one writer of a store: jobs in, one transaction, then tell, then confirm.

A batch that the disk refuses (full, locked, lost) is kept and tried again, so a
job may run more than once before its commit; it must change nothing but the
database it is given.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, Literal, NamedTuple

from sqlite_utils import Database

from console.clock import Clock
from console.errors import ConsoleError, StoreError, Unavailable
from db.connection import SqlError, damaged, unavailable
from db.records import Record

log = logging.getLogger(__name__)

Job = Callable[[Database], Iterable[Record]]
MOST_JOBS = 256
FIRST_REST_S, LONGEST_REST_S = 0.05, 5.0


class EngineState(NamedTuple):
    """How the writer is; `waiting` means that the disk refuses and nothing is lost."""

    word: Literal["starting", "ok", "waiting", "damaged", "stopped"]
    detail: str
    since_ms: int


class _Task(NamedTuple):
    job: Job
    done: Future[list[Any]]


class Engine:
    """One thread that owns one write connection.

    `publish` is called in that thread after each commit with the records of
    its jobs; the futures resolve after that. `committed` is called before, with the connection.
    """

    def __init__(
        self,
        name: str,
        open_db: Callable[[], Database],
        publish: Callable[[list[Any]], None],
        clock: Clock,
        *,
        committed: Callable[[Database], None] | None = None,
    ) -> None:
        self._open_db, self._publish, self._clock = open_db, publish, clock
        self._committed = committed
        self._tasks: queue.SimpleQueue[_Task | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=f"engine-{name}", daemon=True)
        self._opened: Future[None] = Future()
        self._stopping = threading.Event()
        self._give_up = threading.Event()
        self._gate = threading.Lock()
        self._db: Database | None = None
        self._state = EngineState("starting", "", clock.now_ms())

    @property
    def state(self) -> EngineState:
        """How the writer is now; readable from any thread."""
        return self._state

    def start(self) -> None:
        """Begin; raises StoreError if the store cannot be used, but not if the disk is only away."""
        self._thread.start()
        self._opened.result()

    def stop(self, timeout: float = 10.0) -> bool:
        """Finish what is queued and end; False if the disk refused the rest for `timeout` seconds.

        What could not be written is refused to its callers with Unavailable.
        """
        with self._gate:
            if not self._stopping.is_set():
                self._stopping.set()
                self._tasks.put(None)
        if not self._thread.is_alive():
            return True
        self._thread.join(timeout)
        in_time = not self._thread.is_alive()
        self._give_up.set()
        self._thread.join(timeout)
        return in_time

    def submit(self, job: Job) -> Future[list[Any]]:
        """Queue a job from any thread; the future gives its records once they are on disk.

        A ConsoleError of the job undoes that job alone and comes out of the future.
        """
        task = _Task(job, Future())
        with self._gate:
            if not self._stopping.is_set():
                self._tasks.put(task)
                return task.done
        task.done.set_exception(Unavailable("The console is stopping"))
        return task.done

    def call(self, job: Job, timeout: float = 10.0) -> list[Any]:
        """Submit and wait; raises Unavailable if it is not on disk in time (it may still get there)."""
        done = self.submit(job)
        try:
            return done.result(timeout)
        except TimeoutError as error:
            if done.done():
                raise
            raise Unavailable(f"Not yet on disk: {self._state.detail or 'the writer is busy'}") from error

    # --- the thread ----------------------------------------------------------

    def _run(self) -> None:
        try:
            self._open_first()
            while (batch := self._take()) is not None:
                self._settle(batch)
        except StoreError as error:
            self._note("damaged", str(error))
        except BaseException as error:
            log.exception("the writer %s ended", self._thread.name)
            self._note("damaged", repr(error))
            self._opened_with(error)
        finally:
            self._end()

    def _open_first(self) -> None:
        try:
            self._open()
        except StoreError as error:
            self._opened_with(error)
            raise
        except (Unavailable, SqlError) as error:
            if not isinstance(error, Unavailable) and not unavailable(error):
                self._opened_with(error)
                raise
            self._note("waiting", str(error))
        else:
            self._note("ok", "")
        self._opened_with(None)

    def _opened_with(self, error: BaseException | None) -> None:
        if self._opened.done():
            return
        if error is None:
            self._opened.set_result(None)
        else:
            self._opened.set_exception(error)

    def _take(self) -> list[_Task] | None:
        """Everything that is waiting, at least one job; None at the end."""
        first = self._tasks.get()
        if first is None:
            return None
        batch = [first]
        while len(batch) < MOST_JOBS:
            try:
                task = self._tasks.get_nowait()
            except queue.Empty:
                break
            if task is None:
                self._tasks.put(None)  # nothing comes after it
                break
            batch.append(task)
        return batch

    def _settle(self, batch: list[_Task]) -> None:
        """Bring a batch to its end: on disk, or given back to its callers with the reason."""
        waiting = [task for task in batch if task.done.set_running_or_notify_cancel()]
        rest_s = FIRST_REST_S
        while True:
            try:
                results = self._commit(self._open(), waiting)
            except (ConsoleError, SqlError) as error:
                if not isinstance(error, Unavailable) and not unavailable(error):
                    self._fail(waiting, error)
                    return
                self._note("waiting", str(error))
                self._close()
                if self._give_up.wait(rest_s):
                    self._fail(waiting, error)
                    return
                rest_s = min(LONGEST_REST_S, rest_s * 2)
            except BaseException as error:
                self._fail(waiting, error)
                raise
            else:
                break
        self._note("ok", "")
        self._pass_on()
        self._tell(waiting, results)

    def _pass_on(self) -> None:
        """Let the journal have what was committed; a fault of it changes nothing about the commit."""
        if self._committed is None or self._db is None:
            return
        try:
            self._committed(self._db)
        except Exception:  # another part's callback; what is on disk stays on disk
            log.exception("a commit could not be passed on")

    def _commit(self, db: Database, batch: list[_Task]) -> list[list[Any] | Exception]:
        results: list[list[Any] | Exception] = []
        connection = db.conn
        connection.execute("BEGIN IMMEDIATE")
        try:
            for task in batch:
                connection.execute("SAVEPOINT job")
                try:
                    results.append(list(task.job(db)))
                except Exception as error:  # the submitter's: one bad job must not undo its neighbours
                    if unavailable(error) or damaged(error) or not connection.in_transaction:
                        raise
                    if not isinstance(error, ConsoleError):
                        log.exception("a job failed")
                    connection.execute("ROLLBACK TO job")
                    results.append(error)
                connection.execute("RELEASE job")
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                with suppress(SqlError):
                    connection.execute("ROLLBACK")
            raise
        return results

    def _tell(self, batch: list[_Task], results: list[list[Any] | Exception]) -> None:
        changed = [record for result in results if isinstance(result, list) for record in result]
        if changed:
            try:
                self._publish(changed)
            except Exception:  # another part's callback; what is on disk stays on disk
                log.exception("the records of a commit could not be passed on")
        for task, result in zip(batch, results, strict=True):
            if isinstance(result, Exception):
                task.done.set_exception(result)
            else:
                task.done.set_result(result)

    def _fail(self, batch: list[_Task], error: BaseException) -> None:
        reason = error
        if damaged(error) or isinstance(error, StoreError):
            self._note("damaged", str(error))
            reason = StoreError(f"The store is damaged: {error}")
            self._close()
        elif unavailable(error):
            reason = Unavailable(f"The disk refuses: {error}")
        else:
            log.error("a batch failed", exc_info=error)
        for task in batch:
            task.done.set_exception(reason)

    def _open(self) -> Database:
        if self._db is None:
            self._db = self._open_db()
        return self._db

    def _close(self) -> None:
        if self._db is not None:
            with suppress(SqlError):
                self._db.close()
            self._db = None

    def _note(self, word: Literal["ok", "waiting", "damaged", "stopped"], detail: str) -> None:
        if (word, detail) != self._state[:2]:
            if word == "waiting":
                log.warning("the disk refuses; what was said is kept and tried again: %s", detail)
            self._state = EngineState(word, detail, self._clock.now_ms())

    def _end(self) -> None:
        with self._gate:
            self._stopping.set()
        while True:
            try:
                task = self._tasks.get_nowait()
            except queue.Empty:
                break
            if task is not None and task.done.set_running_or_notify_cancel():
                task.done.set_exception(Unavailable("The console is stopping"))
        self._close()
        if self._state.word != "damaged":
            self._note("stopped", "")
