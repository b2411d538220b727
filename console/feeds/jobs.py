"""Work on feed.db that others hand in: run in the ingest thread, a transaction each."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from sqlite_utils import Database

from console.errors import Unavailable
from db.connection import SqlError, unavailable

Job = Callable[[Database], Any]


class Jobs:
    """A row of them; `add` from any thread, the rest is the ingest's."""

    def __init__(self) -> None:
        self._row: deque[tuple[Job, Future[Any]]] = deque()

    def __len__(self) -> int:
        return len(self._row)

    def add(self, job: Job) -> Future[Any]:
        """Put it up; the future has its result after its commit."""
        future: Future[Any] = Future()
        self._row.append((job, future))
        return future

    def run(
        self, writer: Callable[[], Database], undo: Callable[[], None], tell: Callable[[list[Any]], None]
    ) -> None:
        """Run what is there now; `undo` after a transaction that did not hold."""
        for _ in range(len(self._row)):
            job, future = self._row.popleft()
            if not future.set_running_or_notify_cancel():
                continue
            try:
                db = writer()
                with db.atomic():
                    result = job(db)
            except SqlError as error:
                undo()
                shown = Unavailable(f"feed.db cannot be written ({error})") if unavailable(error) else error
                future.set_exception(shown)
            except Exception as error:  # noqa: BLE001 - a job's error goes back to its submitter
                undo()
                future.set_exception(error)
            else:
                if isinstance(result, list):
                    tell(result)
                future.set_result(result)

    def refuse(self) -> None:
        """Tell all who wait that nothing will be done any more."""
        while self._row:
            _, future = self._row.popleft()
            if future.set_running_or_notify_cancel():
                future.set_exception(Unavailable("The ingest has ended"))
