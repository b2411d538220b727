"""The doctor within a running core: a long task, its last result, and the file for support."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from msgspec.structs import replace

from console.doctor import support
from console.doctor.finding import Finding
from console.doctor.report import report
from console.feeds.sessions import placed
from console.running import Running
from console.settings import Settings
from console.status import status
from console.tasks import Task
from db.workings import Progress


class SupportAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What only the screen knows, to be put among the findings."""

    screen: Annotated[list[Finding], Meta(max_length=20)] = []


class Examinations:
    """The examinations of one core; any thread may call. `base` is the folder of the settings file."""

    def __init__(self, core: Running, base: Path) -> None:
        self._core, self._base = core, base
        self._lock = threading.Lock()
        self._last: list[Finding] = []
        self._at_ms: int | None = None

    def start(self) -> Progress:
        """Begin one; raises Refused while one runs."""
        return self._core.tasks.start("doctor", self._run)

    def _run(self, task: Task) -> str:
        core = self._core
        found = report(self._settings(), core.folder, core.clock, base=self._base, told=task.at)
        with self._lock:
            self._last, self._at_ms = found, core.clock.now_ms()
        return ""

    def _settings(self) -> Settings:
        settings = self._core.settings
        brokers = {name: placed(broker, self._base) for name, broker in settings.brokers.items()}
        return replace(settings, brokers=brokers)

    def last(self) -> dict[str, Any]:
        """{"at_ms": when the last one ended, None if there was none, "findings": what it found}."""
        with self._lock:
            return {"at_ms": self._at_ms, "findings": list(self._last)}

    def support(self, asked: SupportAsked) -> dict[str, Any]:
        """{"name": ..., "data": the support file} with what the last examination found."""
        core = self._core
        content = support.contents(
            core.settings,
            core.folder,
            core.clock,
            [*self.last()["findings"], *asked.screen],
            state=status(core),
            stores={"ops.db": core.open_ops_reader, "feed.db": core.open_feed_reader},
        )
        return {"name": f"gwanje-support-{core.clock.now_ms() // 1000}.zip", "data": content}
