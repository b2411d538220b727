"""Notes when the board can be used: the screen's end of `gwanje bench B9`."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Slot

from console.clock import Clock, SystemClock
from widgets.bridge import Bridge
from widgets.domain_cards import DomainCards
from widgets.main_window import MainWindow

_LOOK_MS = 5


class BoardProbe(QObject):
    """Writes `<what>,<ns>` by the machine's clock: `window`, `linked`, `values`, `board`.

    The board can be used when its link stands, the newest values and the lamps
    came, every domain's card is known, and all of it has then been painted once.
    """

    def __init__(
        self,
        bridge: Bridge,
        window: MainWindow,
        domains: DomainCards,
        file: Path,
        clock: Clock | None = None,
    ) -> None:
        super().__init__()
        self._clock = clock or SystemClock()
        self._window, self._domains = window, domains
        self._file = file
        self._lines: list[str] = []
        self._note("window")
        bridge.linked.connect(self._on_linked)
        bridge.changed.connect(self._on_changed)
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK_MS)
        self._timer.timeout.connect(self._look)
        self._has_values = False

    @Slot(bool, str)
    def _on_linked(self, up: bool, _reason: str) -> None:
        if up:
            self._note("linked")
            self._timer.start()

    def stop(self) -> None:
        """Look no more."""
        self._timer.stop()

    @Slot(object)
    def _on_changed(self, _records: object) -> None:
        if not self._has_values:
            self._has_values = True
            self._note("values")

    @Slot()
    def _look(self) -> None:
        domains = self._domains.domains
        if not (self._has_values and domains and all(each.known for each in domains)):
            return
        self._timer.stop()
        self._window.grab()
        self._note("board")
        new = self._file.with_suffix(".new")
        new.write_text("\n".join(self._lines) + "\n", encoding="ascii")
        new.replace(self._file)

    def _note(self, what: str) -> None:
        self._lines.append(f"{what},{round(self._clock.monotonic_s() * 1e9)}")
