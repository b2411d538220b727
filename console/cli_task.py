"""A long task of a running core, started and waited for from the command line."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import click
import msgspec

from console.errors import Unavailable
from console.link_client import LinkClient
from db.workings import Progress


class TaskClient:
    """A link to the folder's core; raises Unavailable where none runs."""

    def __init__(self, folder: Path, seat: str) -> None:
        self._folder = folder
        self._ended: queue.SimpleQueue[Progress] = queue.SimpleQueue()
        self.client = LinkClient(
            folder,
            role="cli",
            seat=seat,
            on_push=lambda records: _pass_ended(records, self._ended.put),
            on_state=lambda up, reason: None if up else self._ended.put(_lost(reason)),
        )

    def __enter__(self) -> Self:
        self.client.start()
        if not self.client.wait_linked(2.0):
            self.client.stop()
            raise Unavailable(f"No core runs on {self._folder}; start one with `gwanje core`")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.client.stop()

    def run(self, act: str, args: dict[str, Any]) -> Progress:
        """Start the task and wait for its end; Ctrl-C cancels it."""
        started = msgspec.convert(self.client.act(act, args), Progress)
        try:
            return next(each for each in iter(self._ended.get, None) if each.id in (started.id, ""))
        except KeyboardInterrupt:
            self.client.act("task.cancel", {"id": started.id})
            raise


def reload_feeds(folder: Path) -> int:
    """Let the core take its feeds' forms from the settings file."""
    with TaskClient(folder, "reload") as tasks:
        names = tasks.client.act("feeds.reload")
    click.echo(f"reloaded {', '.join(names)}")
    return 0


def retry_quarantine(folder: Path, feed: str | None) -> int:
    """Let the core read set-aside messages again; 1 if that was not finished."""
    with TaskClient(folder, "retry") as tasks:
        progress = tasks.run("quarantine.retry", {"feed": feed} if feed else {})
    if progress.state != "done":
        click.echo(f"gwanje: {progress.text or progress.state}", err=True)
        return 1
    stored, left, partial = progress.text.split()
    click.echo(f"{stored} stored, {left} still unreadable, {partial} kept only in part")
    return 0


def _pass_ended(records: Iterable[Any], put: Callable[[Progress], None]) -> None:
    for record in records:
        if isinstance(record, Progress) and record.state != "running":
            put(record)


def _lost(reason: str) -> Progress:
    return Progress("", "export", "failed", 0, 0, text=f"The core has gone ({reason}); the task with it")
