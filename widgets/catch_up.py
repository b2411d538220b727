"""One line over the window while the console is behind the present: how far, how fast, how long still."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QLabel

from db.workings import CatchUp
from widgets import figures, theme
from widgets.words import Words


class CatchUpLine(QLabel):
    """Says it per broker that is behind; empty, it takes no room."""

    def __init__(self, words: Words) -> None:
        super().__init__()
        self._words = words
        self._behind: dict[str, CatchUp] = {}
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setFont(theme.font(14, bold=True))
        self.setStyleSheet(f"background: {theme.PANEL}; color: {theme.PRIORITY[4]}; padding: 3px 12px;")
        self.setMinimumWidth(1)
        self.setVisible(False)
        words.changed.connect(self._say)

    def apply(self, records: Iterable[Any]) -> None:
        """Take how far behind the brokers are."""
        changed = False
        for record in records:
            if isinstance(record, CatchUp):
                changed = True
                if record.active:
                    self._behind[record.name] = record
                else:
                    self._behind.pop(record.name, None)
        if changed:
            self._say()

    @Slot()
    def _say(self) -> None:
        lines = [self._line(each) for _, each in sorted(self._behind.items())]
        self.setText("\n".join(lines))
        self.setVisible(bool(lines))

    def _line(self, now: CatchUp) -> str:
        words = self._words
        parts = [words.text("catch_up.name", name=figures.plain(now.name, 40))]
        if now.behind_ms is None:
            parts.append(words.text("catch_up.unknown"))
        else:
            parts.append(words.text("catch_up.behind", age=words.age(now.behind_ms / 1000)))
        parts.append(words.text("catch_up.rate", n=f"{now.per_s:,.0f}"))
        if now.speed is not None and now.speed > 1:
            parts.append(words.text("catch_up.speed", n=f"{now.speed:,.0f}"))
        elif now.speed is not None:
            parts.append(words.text("catch_up.falling"))
        if now.left_s is not None:
            parts.append(words.text("catch_up.left", age=words.age(now.left_s)))
        if now.unjudged:
            parts.append(words.text("catch_up.unjudged", n=f"{now.unjudged:,}"))
        return " · ".join(parts)
