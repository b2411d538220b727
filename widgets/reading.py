"""Whether somebody reads a list, so that its rows must stand still."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QTimer, Signal, Slot
from PySide6.QtWidgets import QAbstractItemView

READING_S = 30
_TICK_MS = 1000


class Reading(QObject):
    """Follows pointer, wheel and selection over a list.

    A list is read while the pointer is over it or something in it is selected,
    until nothing has moved for 30 s.

    Signals:
        changed: whether it is read now.
    """

    changed = Signal(bool)

    def __init__(self, view: QAbstractItemView) -> None:
        super().__init__(view)
        self._view = view
        self._hovered = self.is_read = False
        self._quiet_ticks = 0
        view.viewport().installEventFilter(self)
        view.selectionModel().selectionChanged.connect(self._moved)
        self._ticker = QTimer(self)
        self._ticker.setInterval(_TICK_MS)
        self._ticker.timeout.connect(self.tick)
        self._ticker.start()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Enter, QEvent.Type.MouseMove):
            self._hovered = True
            self._moved()
        elif event.type() == QEvent.Type.Leave:
            self._hovered = False
            self._settle()
        elif event.type() in (QEvent.Type.Wheel, QEvent.Type.MouseButtonPress):
            self._moved()
        return super().eventFilter(watched, event)

    @Slot()
    def tick(self) -> None:
        """A second has gone by."""
        self._quiet_ticks += 1
        self._settle()

    @Slot()
    def _moved(self) -> None:
        self._quiet_ticks = 0
        self._settle()

    def _settle(self) -> None:
        reads = self._hovered or self._view.selectionModel().hasSelection()
        is_read = reads and self._quiet_ticks < READING_S
        if is_read != self.is_read:
            self.is_read = is_read
            self.changed.emit(is_read)
