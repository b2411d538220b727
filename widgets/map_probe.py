"""Measures the frames of the map while it is panned: the screen's end of `gwanje bench B6`."""

from __future__ import annotations

import math
import time
from pathlib import Path

from PySide6.QtCore import QObject, Qt, QTimer, Slot

from console.clock import Clock, SystemClock
from widgets.bridge import Bridge
from widgets.map_panel import MapPanel
from widgets.words import Words

SIZE = (1600, 900)  # of the map itself
FRAMES = 400  # at each of the scales
_REST_MS = 16
_LOOK_MS = 50
_ZOOMS = (1.0, 2.5, 4.0)
_STEP_PX = 14


class MapProbe(QObject):
    """A map of 1600x900 that pans by itself once it knows what its file asks for.

    The file holds `<places>,<seconds to wait>`; one beside it (`.painted`) gets a line
    `<scale>,<ms>,<processor ms>` per frame: from the step of the pan, through whatever else the loop did
    and the painting, to the moment at which the picture has been handed to the screen.
    """

    def __init__(self, bridge: Bridge, words: Words, file: Path, clock: Clock | None = None) -> None:
        super().__init__()
        self._clock = clock or SystemClock()
        self._bridge = bridge
        self._file = file.with_suffix(".painted")
        places, wait = file.read_text(encoding="ascii").split(",")
        self._places, self._wait_s = int(places), float(wait)
        self._lines: list[str] = []
        self._began_s = self._worked_s = self._turn = 0.0
        self._left = 0
        self._waits_for_paint = False
        self._zooms = list(_ZOOMS)
        self.panel = MapPanel(bridge, words)
        self.panel.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
        self.panel.view.setFixedSize(*SIZE)
        self.panel.show()
        self.panel.view.painted.connect(self._on_painted)
        bridge.changed.connect(self.panel.apply)
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK_MS)
        self._timer.timeout.connect(self._look)
        self._timer.start()

    @Slot()
    def _look(self) -> None:
        """Wait until all is there and a while longer, while everything reports."""
        if len(self.panel.view) < self._places or self.panel.ground.is_waiting:
            return
        self._timer.stop()
        QTimer.singleShot(round(self._wait_s * 1000), self, self._next_scale)

    @Slot()
    def _next_scale(self) -> None:
        if not self._zooms:
            new = self._file.with_suffix(".new")
            new.write_text("\n".join(self._lines) + "\n", encoding="ascii")
            new.replace(self._file)
            return
        self.panel.view.zoom(self._zooms.pop(0))
        self._left = FRAMES
        QTimer.singleShot(1000, self, self._step)

    @Slot()
    def _step(self) -> None:
        self._turn += 0.02
        self._began_s, self._worked_s = self._clock.monotonic_s(), time.thread_time()
        self._waits_for_paint = True
        self.panel.view.pan(_STEP_PX * math.cos(self._turn), _STEP_PX * math.sin(self._turn))

    @Slot()
    def _on_painted(self) -> None:
        if self._waits_for_paint:
            self._waits_for_paint = False
            QTimer.singleShot(0, self, self._note)

    @Slot()
    def _note(self) -> None:
        spent_ms = (self._clock.monotonic_s() - self._began_s) * 1000
        worked_ms = (time.thread_time() - self._worked_s) * 1000
        self._lines.append(f"{self.panel.view.frame.scale:.2f},{spent_ms:.2f},{worked_ms:.2f}")
        self._left -= 1
        if self._left:
            rest = max(0, round(_REST_MS - spent_ms))
            QTimer.singleShot(rest, self, self._step)
        else:
            self._next_scale()

    def stop(self) -> None:
        """Close the map."""
        self._timer.stop()
        self.panel.close()
