"""What needs a hand at once is said over the whole window, wherever one works, and lets one go back.

A new alarm of the highest priority brings the window forward. It never takes
the keyboard from somebody who is writing: F2 goes to the alarm, and when
nothing urgent is left, focus and window are as they were.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QApplication, QFrame, QHBoxLayout, QLabel, QMainWindow, QPushButton, QWidget

from db.alarm_records import Alarm, AlarmState
from widgets import theme
from widgets.words import Words

URGENT = 1
"""The priority that comes to the front; without a sound device every priority is said in the line."""
_BLINK_MS = 700


class AttentionLine(QFrame):
    """The worst unacknowledged alarm in a line over the window; empty, it takes no room.

    Signals:
        wanted: the operator wants to go to it.
        told: whether it says something now.
    """

    wanted = Signal()
    told = Signal(bool)

    def __init__(self, words: Words) -> None:
        super().__init__()
        self._words = words
        self._priority = 0
        self.shape, self.said, self.mute, self.go = QLabel(), QLabel(), QLabel(), QPushButton()
        self.mute.setObjectName("dim")
        self.said.setTextFormat(Qt.TextFormat.PlainText)
        self.said.setFont(theme.font(15, bold=True))
        self.said.setMinimumWidth(1)
        self.go.clicked.connect(self.wanted)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 3, 12, 3)
        layout.addWidget(self.shape)
        layout.addWidget(self.said, 1)
        layout.addWidget(self.mute)
        layout.addWidget(self.go)
        self._blink = QTimer(self)
        self._blink.setInterval(_BLINK_MS)
        self._blink.timeout.connect(self._turn)
        self._is_bright = True
        self.setVisible(False)

    def say(self, priority: int, text: str, more: int, *, blinks: bool) -> None:
        """Show an alarm, and how many others wait; priority 0: nothing. It blinks where no tone is heard."""
        if self.isHidden() == bool(priority):
            self.setVisible(bool(priority))
            self.told.emit(bool(priority))
        if not priority:
            self._priority = 0
            self._blink.stop()
            return
        self.said.setText(f"{text}  (+{more})" if more else text)
        self.go.setText(self._words.text("attention.go"))
        self.mute.setText(self._words.text("attention.mute") if blinks else "")
        if priority != self._priority:
            self._priority = priority
            self.shape.setPixmap(
                theme.shape_pixmap(theme.SHAPES[priority], theme.priority_colour(priority), priority, 22)
            )
            self._is_bright = True
            self._dress()
        if blinks != self._blink.isActive():
            self._blink.start() if blinks else self._blink.stop()

    @Slot()
    def _turn(self) -> None:
        self._is_bright = not self._is_bright
        self._dress()

    def _dress(self) -> None:
        colour = theme.priority_colour(self._priority)
        ground, edge = (theme.RAISED, colour) if self._is_bright else (theme.GROUND, theme.LINE)
        self.setStyleSheet(f"AttentionLine {{ background: {ground}; border: 2px solid {edge}; }}")


class Attention(QObject):
    """Follows all alarms and decides what is said in the line and when the window comes forward.

    Signals:
        alarm_wanted: the id of the alarm to go to.
    """

    alarm_wanted = Signal(str)

    def __init__(
        self,
        window: QMainWindow,
        line: AttentionLine,
        write: Callable[[Alarm], str],
        has_sound: Callable[[], bool],
    ) -> None:
        super().__init__(window)
        self._window, self._line, self._write, self._has_sound = window, line, write, has_sound
        self._waiting: dict[str, Alarm] = {}
        self._seen: dict[str, int] = {}
        self._was: QWidget | None = None
        self._has_gone = self._was_minimised = self._came_forward = False
        line.wanted.connect(self.go)
        self.key = QShortcut(QKeySequence("F2"), window)
        self.key.activated.connect(self.go)

    @Slot(object)
    def follow(self, standing: Iterable[Alarm]) -> None:
        """Take all standing alarms."""
        self._waiting = {}
        self.update(standing)

    @Slot(object)
    def update(self, changed: Iterable[Alarm]) -> None:
        """Take newer versions of some alarms."""
        new = False
        for alarm in changed:
            self._waiting.pop(alarm.id, None)
            if not (alarm.is_announced and alarm.state is AlarmState.UNACKNOWLEDGED):
                continue
            if alarm.priority > URGENT and self._has_sound():
                continue
            self._waiting[alarm.id] = alarm
            if alarm.priority <= URGENT and self._seen.get(alarm.id) != alarm.activation:
                self._seen[alarm.id] = alarm.activation
                new = True
        if new:
            self._come_forward()
        self.show()
        if not self._waiting:
            self._give_back()

    @Slot()
    def show(self) -> None:
        """Write the line anew, as after a change of the language."""
        worst = self.worst
        if worst is None:
            self._line.say(0, "", 0, blinks=False)
        else:
            priority = min(4, max(1, worst.priority))
            self._line.say(priority, self._write(worst), len(self._waiting) - 1, blinks=not self._has_sound())

    @property
    def worst(self) -> Alarm | None:
        """The alarm the line is about: the worst, of these the first to come."""
        return min(
            self._waiting.values(), key=lambda each: (each.priority, each.raised_ms, each.id), default=None
        )

    @Slot()
    def go(self) -> None:
        """Go to the alarm; where the keyboard was is remembered once, until nothing waits."""
        worst = self.worst
        if worst is None:
            return
        if not self._has_gone:
            self._has_gone, self._was = True, QApplication.focusWidget() or self._window.focusWidget()
            if self._was is not None:
                self._was.destroyed.connect(self._lose)
        self.alarm_wanted.emit(worst.id)

    @Slot()
    def _lose(self) -> None:
        """Where the keyboard was is gone, as with a dialog that was closed meanwhile."""
        self._was = None

    def _come_forward(self) -> None:
        window = self._window
        if not window.isVisible() or (window.isActiveWindow() and not window.isMinimized()):
            return
        self._came_forward = True
        if window.isMinimized():
            self._was_minimised = True
            window.setWindowState(window.windowState() & ~Qt.WindowState.WindowMinimized)
        window.raise_()
        QApplication.alert(window)

    def _give_back(self) -> None:
        """Put focus and window back as they were; a window that somebody works in by now stays."""
        was, has_gone = self._was, self._has_gone
        self._was, self._has_gone = None, False
        if was is not None:
            was.destroyed.disconnect(self._lose)
        if has_gone and was is not None and was.isVisible():
            was.setFocus(Qt.FocusReason.OtherFocusReason)
        if self._was_minimised:
            self._window.showMinimized()
        elif self._came_forward and not self._window.isActiveWindow():
            self._window.lower()
        self._came_forward = self._was_minimised = False
