"""Measures how soon a trend is painted: the screen's end of `gwanje bench B4`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Slot

from console.clock import Clock, SystemClock
from widgets.bridge import Bridge
from widgets.trend_panel import TrendPanel
from widgets.words import Words

_REST_MS = 60


class TrendProbe(QObject):
    """Opens one series over one span after another and notes when each was painted.

    The file has a line `<span>,<source>,<quantity>` for each; one beside it
    (`.painted`) gets a line `<span>,<ms>`: from the moment at which the
    panel asks the core to the end of the first painting of what was answered.

    Each series is opened in a panel that shows another one.
    """

    def __init__(self, bridge: Bridge, words: Words, file: Path, clock: Clock | None = None) -> None:
        super().__init__()
        self._clock = clock or SystemClock()
        self._file = file.with_suffix(".painted")
        self._wanted = [line.split(",") for line in file.read_text(encoding="utf-8").splitlines()]
        self._lines: list[str] = []
        self._began_s = 0.0
        self._is_answered = False
        self._bridge = bridge
        self._ask = bridge.query
        bridge.query = self._query  # type: ignore[method-assign]
        self.panel = TrendPanel(bridge, words)
        self.panel.resize(900, 420)
        self.panel.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
        self.panel.show()
        self.panel.plot.viewport().installEventFilter(self)
        bridge.linked.connect(self._on_linked)

    @Slot(bool, str)
    def _on_linked(self, up: bool, _reason: str) -> None:
        if up:
            QTimer.singleShot(1000, self, self._next)

    @Slot()
    def _next(self) -> None:
        if not self._wanted:
            new = self._file.with_suffix(".new")
            new.write_text("\n".join(self._lines) + "\n", encoding="ascii")
            new.replace(self._file)
            return
        span, source, quantity = self._wanted[0]
        self.panel._span = span  # the button would read the series shown before once more
        self.panel.show_series(source, quantity, quantity)

    def _query(self, name: str, args: dict[str, Any] | None, done: Any) -> None:
        if name != "trend":
            self._ask(name, args, done)
            return
        self._began_s = self._clock.monotonic_s()

        def answered(value: Any, error: str) -> None:
            done(value, error)
            self._is_answered = not error and bool(value)
            self.panel.plot.viewport().update()

        self._ask(name, args, answered)

    def stop(self) -> None:
        """Close the panel."""
        self.panel.close()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint and self._is_answered:
            self._is_answered = False
            QTimer.singleShot(0, self, self._note)
        return False

    @Slot()
    def _note(self) -> None:
        span = self._wanted.pop(0)[0]
        self._lines.append(f"{span},{(self._clock.monotonic_s() - self._began_s) * 1000:.2f}")
        QTimer.singleShot(_REST_MS, self, self._next)
