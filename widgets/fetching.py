"""A finished file of the core, fetched in parts and put where the person wants it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from widgets.bridge import Bridge


class Fetch(QObject):
    """Fetches one file, whole or not at all; the core's copy is let go.

    Signals:
        ended: what went wrong, empty when the file is there.
    """

    ended = Signal(str)

    def __init__(self, bridge: Bridge, name: str, to: Path, parent: QObject) -> None:
        super().__init__(parent)
        self._bridge, self._name, self._to = bridge, name, to
        self._part = to.with_name(to.name + ".part")
        self._fetched = 0

    def start(self) -> None:
        """Ask for the next part; the first call asks for the first."""
        args = {"name": self._name, "offset": self._fetched}
        self._bridge.query("export.read", args, self._take)

    def _take(self, value: Any, error: str) -> None:
        if error or not isinstance(value, dict):
            self._part.unlink(missing_ok=True)
            self.ended.emit(error or "?")
            return
        try:
            with self._part.open("ab" if self._fetched else "wb") as file:
                file.write(value["data"])
            self._fetched += len(value["data"])
            if self._fetched < value["size"]:
                self.start()
                return
            self._part.replace(self._to)
        except OSError as problem:
            self._part.unlink(missing_ok=True)
            self.ended.emit(problem.strerror or str(problem))
            return
        self._bridge.command("export.drop", {"name": self._name})
        self.ended.emit("")
