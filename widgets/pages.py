"""A long list, newest first, asked for a page at a time."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QObject, Signal

from widgets.bridge import Bridge

PAGE = 200


class Pages(QObject):
    """Asks the query `name` with `before_id` and `limit`; only the answer to the newest question counts.

    Signals:
        arrived: the page as the core gave it, and an error sentence, empty when it went well.
    """

    arrived = Signal(object, str)

    def __init__(self, bridge: Bridge, name: str, parent: QObject) -> None:
        super().__init__(parent)
        self._bridge, self._name = bridge, name
        self._asked = 0
        self._before: list[int] = []  # the before_id of each page that was left for an older one

    @property
    def is_newest(self) -> bool:
        """Whether the page is the first one."""
        return not self._before

    def newest(self, args: dict[str, Any]) -> None:
        """Ask for the first page."""
        self._before = []
        self._ask(args)

    def older(self, last_id: int, args: dict[str, Any]) -> None:
        """Ask for the page after the one that ended with `last_id`."""
        self._before.append(last_id)
        self._ask({**args, "before_id": last_id})

    def _ask(self, args: dict[str, Any]) -> None:
        self._asked += 1
        asked = self._asked
        question = {**args, "limit": PAGE}
        self._bridge.query(self._name, question, lambda value, error: self._take(asked, value, error))

    def _take(self, asked: int, value: Any, error: str) -> None:
        if asked == self._asked:
            self.arrived.emit(value, error)
