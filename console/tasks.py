"""Long work that a person started: beside the rest, with progress, and with an end that can be asked for."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from typing import Any, Literal

import structlog
from msgspec.structs import replace

from console.clock import Clock
from console.errors import ConsoleError, Refused
from db.workings import Progress

Kind = Literal["export", "backup", "retry", "doctor", "backfill", "import", "forecast", "package"]

log = structlog.get_logger(__name__)

_TOLD_EVERY_S = 0.25


class Cancelled(ConsoleError):
    """Somebody asked the task to end."""


class Task:
    """What a task's function uses to say where it is; for the task's own thread."""

    def __init__(self, progress: Progress, publish: Callable[[list[Any]], None], clock: Clock) -> None:
        self._progress, self._publish, self._clock = progress, publish, clock
        self._cancel = threading.Event()
        self._told_s = float("-inf")

    @property
    def progress(self) -> Progress:
        """Where it is, any thread."""
        return self._progress

    def cancel(self) -> None:
        """Ask it to end; any thread. It ends at its next `at`."""
        self._cancel.set()

    @property
    def is_cancelled(self) -> bool:
        """Whether somebody asked it to end."""
        return self._cancel.is_set()

    def at(self, done: int, total: int, text: str = "") -> None:
        """It has come this far; told at most four times a second. Raises Cancelled when it shall end."""
        if self._cancel.is_set():
            raise Cancelled("cancelled")
        now_s = self._clock.monotonic_s()
        self._progress = replace(
            self._progress, done=done, total=total, text=text, at_ms=self._clock.now_ms()
        )
        if now_s - self._told_s >= _TOLD_EVERY_S:
            self._told_s = now_s
            self._publish([self._progress])

    def end(self, state: Literal["done", "failed", "cancelled"], text: str, path: str = "") -> None:
        """It has ended; once only."""
        self._progress = replace(
            self._progress,
            state=state,
            text=text or self._progress.text,
            path=path,
            at_ms=self._clock.now_ms(),
        )
        self._publish([self._progress])


class Tasks:
    """The long tasks of one core; at most one of each kind at a time. Any thread may call."""

    def __init__(self, publish: Callable[[list[Any]], None], clock: Clock) -> None:
        self._publish, self._clock = publish, clock
        self._lock = threading.Lock()
        self._running: dict[str, tuple[Task, threading.Thread]] = {}

    def start(self, kind: Kind, run: Callable[[Task], str]) -> Progress:
        """Begin `run(task)` in a thread of its own; what it returns is the path of what it made, or "".

        Raises Refused while one of the same kind runs.
        """
        now_ms = self._clock.now_ms()
        progress = Progress(uuid.uuid4().hex, kind, "running", now_ms, now_ms)
        task = Task(progress, self._publish, self._clock)
        thread = threading.Thread(target=self._run, args=(task, run), name=f"task-{kind}", daemon=True)
        with self._lock:
            self._running = {key: each for key, each in self._running.items() if each[1].is_alive()}
            if any(each.progress.kind == kind for each, _ in self._running.values()):
                raise Refused(f"One {kind} is running already; wait for it or cancel it")
            self._running[progress.id] = (task, thread)
            self._publish([progress])  # before it runs: its end must be told last, or nobody hears of it
            thread.start()
        return progress

    @property
    def running(self) -> list[Progress]:
        """The tasks that have not ended."""
        with self._lock:
            return [task.progress for task, thread in self._running.values() if thread.is_alive()]

    def cancel(self, task_id: str) -> bool:
        """Ask a task to end; False if it is not running (any more)."""
        with self._lock:
            found = self._running.get(task_id)
        if found is None or not found[1].is_alive():
            return False
        found[0].cancel()
        return True

    def stop(self, timeout: float = 10.0) -> None:
        """Cancel all and wait for them. Twice is harmless."""
        with self._lock:
            running = list(self._running.values())
        for task, _ in running:
            task.cancel()
        for _, thread in running:
            thread.join(timeout)

    def _run(self, task: Task, run: Callable[[Task], str]) -> None:
        try:
            path = run(task)
        except Cancelled:
            task.end("cancelled", "")
        except ConsoleError as error:
            task.end("failed", str(error))
        except Exception as error:  # the outermost frame of the thread: the person is told, the log has it
            log.error("bug", worker=task.progress.kind, exc_info=error)
            task.end("failed", f"{type(error).__name__}: {error}")
        else:
            task.end("done", "", path)
