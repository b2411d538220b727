"""Reading set-aside messages again, after the settings' mappings were mended."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from PySide6.QtCore import QObject, Signal

from db.workings import Progress
from widgets import figures
from widgets.bridge import Bridge
from widgets.words import Words


class Retry(QObject):
    """First the core reads the mappings anew, then the messages; settings with a fault change nothing.

    Signals:
        said: one line for the operator.
        ended: it is over, with or without messages read.
    """

    said = Signal(str)
    ended = Signal()

    def __init__(self, bridge: Bridge, words: Words, parent: QObject) -> None:
        super().__init__(parent)
        self._bridge, self._words = bridge, words
        self._feed = ""
        self._task = ""
        self.is_running = False

    def start(self, feed: str) -> None:
        """Read the messages of a feed again, of all with ""; nothing while it runs already."""
        if self.is_running:
            return
        self.is_running, self._feed = True, feed
        self.said.emit(self._words.text("quarantine.retry_reload"))
        self._bridge.command("feeds.reload", {}, self._on_reloaded)

    def cancel(self) -> None:
        """End it; what was read stays read."""
        if self._task:
            self._bridge.command("task.cancel", {"id": self._task})

    def apply(self, records: Iterable[Any]) -> None:
        """Follow the progress of our task."""
        for record in records:
            if isinstance(record, Progress) and record.id == self._task:
                self._follow(record)

    def _on_reloaded(self, _value: Any, error: str) -> None:
        if error:
            self._end("quarantine.retry_settings", error=figures.plain(error))
            return
        args = {"feed": self._feed} if self._feed else {}
        self._bridge.command("quarantine.retry", args, self._on_started)

    def _on_started(self, value: Any, error: str) -> None:
        if error:
            self._end("quarantine.retry_failed", error=figures.plain(error))
            return
        self._task = msgspec.convert(value, Progress).id

    def _follow(self, progress: Progress) -> None:
        if progress.state == "running":
            text = self._words.text("quarantine.retry_working", done=progress.done, total=progress.total)
            self.said.emit(text)
        elif progress.state == "failed":
            self._end("quarantine.retry_failed", error=figures.plain(progress.text))
        else:
            counts = progress.text.split() if progress.text.count(" ") == 2 else ["?"] * 3
            names = ("stored", "left", "partial")
            self._end(f"quarantine.retry_{progress.state}", **dict(zip(names, counts, strict=True)))

    def _end(self, key: str, **fields: object) -> None:
        self.is_running, self._task = False, ""
        self.said.emit(self._words.text(key, **fields))
        self.ended.emit()
