"""Alarms sound until they are handled, or until somebody silences them for now."""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from typing import Any, Protocol

from PySide6.QtCore import QLoggingCategory, QObject, QTimer, QUrl, Signal, Slot
from PySide6.QtGui import QGuiApplication

from db.alarm_records import Alarm, AlarmState
from widgets.resource import resource

PAUSE_MS = {1: 2_000, 2: 4_000, 3: 8_000, 4: 16_000}
_CRITICAL = 1
_Call = tuple[int, int | None]
"""An activation of an alarm, and when it last called: one that calls again is heard again."""


class Speaker(Protocol):
    """Something that can play the tone of a priority."""

    @property
    def is_present(self) -> bool:
        """Whether anybody can hear it."""

    def play(self, priority: int) -> None:
        """Play the tone of this priority once."""


class QtSpeaker:
    """The machine's sound device through QtMultimedia, if it has either."""

    def __init__(self) -> None:
        self._effects: dict[int, Any] = {}
        if QGuiApplication.platformName() in ("offscreen", "minimal"):
            return
        QLoggingCategory.setFilterRules("qt.multimedia.*=false")
        try:
            multimedia = importlib.import_module("PySide6.QtMultimedia")
        except ImportError:  # a bare machine without libpulse
            return
        if multimedia.QMediaDevices.defaultAudioOutput().isNull():
            return
        for priority in PAUSE_MS:
            effect = multimedia.QSoundEffect()
            effect.setSource(QUrl.fromLocalFile(str(resource("sounds", f"alarm{priority}.wav"))))
            self._effects[priority] = effect

    @property
    def is_present(self) -> bool:
        return bool(self._effects)

    def play(self, priority: int) -> None:
        effect = self._effects.get(priority)
        if effect is not None:
            effect.play()


class AlarmSound(QObject):
    """Repeats the tone of the worst unacknowledged alarm.

    Silenced, it is quiet until an alarm comes that had not been heard. In a
    flood one tone tells of it, and after that only critical alarms sound.

    Signals:
        changed: whether it is silenced, or whether it sounds, has changed.
    """

    changed = Signal()

    def __init__(self, speaker: Speaker, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._speaker = speaker
        self._new: dict[str, tuple[_Call, int]] = {}
        self._worst: int | None = None
        self._is_flood = False
        self.is_silenced = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._sound)

    @property
    def is_present(self) -> bool:
        """Whether there is a sound device."""
        return self._speaker.is_present

    @property
    def is_sounding(self) -> bool:
        """Whether a tone repeats now."""
        return self._timer.isActive()

    @Slot(object)
    def follow(self, standing: Iterable[Alarm]) -> None:
        """Take all standing alarms; sound for those that nobody has acknowledged."""
        before, self._new = self._new, {}
        self._take(standing)
        heard = {(name, call) for name, (call, _) in before.items()}
        now = {(name, call) for name, (call, _) in self._new.items()}
        self._settle(unheard=bool(now - heard))

    @Slot(object)
    def update(self, changed: Iterable[Alarm]) -> None:
        """Take newer versions of some alarms."""
        self._settle(unheard=self._take(changed))

    def set_flood(self, on: bool) -> None:
        """A flood has begun or is over; the same again changes nothing."""
        if on == self._is_flood:
            return
        self._is_flood = on
        if on and self._worst is not None and not self.is_silenced:
            self._speaker.play(self._worst)
        self._settle(unheard=False)

    def _take(self, alarms: Iterable[Alarm]) -> bool:
        """Whether one of them had not been heard before."""
        unheard = False
        for alarm in alarms:
            heard = self._new.pop(alarm.id, None)
            if alarm.is_announced and alarm.state is AlarmState.UNACKNOWLEDGED:
                call = (alarm.activation, alarm.annunciated_ms)
                self._new[alarm.id] = (call, min(4, max(1, alarm.priority)))
                unheard = unheard or heard is None or heard[0] != call
        return unheard

    def _settle(self, *, unheard: bool) -> None:
        priorities = [priority for _, priority in self._new.values()]
        if self._is_flood:
            priorities = [priority for priority in priorities if priority <= _CRITICAL]
        worst = min(priorities, default=None)
        louder = worst is not None and (self._worst is None or worst < self._worst)
        self._worst = worst
        if unheard or worst is None:
            self.is_silenced = False
        if worst is None:
            self._timer.stop()
        elif not self.is_silenced and (louder or not self._timer.isActive()):
            self._sound()
        self.changed.emit()

    @Slot()
    def silence(self) -> None:
        """Be quiet until a new alarm comes."""
        self.is_silenced = self._worst is not None
        self._timer.stop()
        self.changed.emit()

    @Slot()
    def _sound(self) -> None:
        if self._worst is not None and not self.is_silenced:
            self._speaker.play(self._worst)
            self._timer.start(PAUSE_MS[self._worst])
