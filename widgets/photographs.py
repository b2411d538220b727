"""Writes pictures of the window and of every panel, in both languages, again and again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Slot
from PySide6.QtGui import QPixmap

from widgets.main_window import MainWindow
from widgets.words import LANGUAGES, Words

FIRST_MS = 4_000
STEP_MS = 350
PAUSE_MS = 5_000


class Photographs(QObject):
    """Goes round: the board in each language, then each panel in front.

    Files are `board-ko.png`, `alarms-en.png` and so on, and `board.png` in
    the language of the seat. A picture replaces its forerunner in one step.
    `pose` is told what comes next, so that the panel has something to show.
    """

    def __init__(self, window: MainWindow, words: Words, folder: Path, pose: Callable[[str], None]) -> None:
        super().__init__(window)
        self._pose = pose
        self._window, self._words, self._folder = window, words, folder
        self._home = words.language
        self._steps: list[tuple[str, str]] = []
        self._ready: tuple[str, str] | None = None
        folder.mkdir(parents=True, exist_ok=True)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._step)
        self._timer.start(FIRST_MS)

    @Slot()
    def _step(self) -> None:
        if self._ready is not None:
            self._take(*self._ready)
            self._ready = None
        if not self._steps and self._words.language != self._home:
            self._words.set_language(self._home)
        elif not self._steps:
            self._steps = self._round()
        if self._steps:
            self._ready = language, key = self._steps.pop(0)
            self._words.set_language(language)
            self._window.docks.raise_panel("map" if key == "board" else key)
            self._pose(key)
        last = self._ready is None
        self._timer.start(PAUSE_MS if last else STEP_MS)

    def _round(self) -> list[tuple[str, str]]:
        keys = self._window.docks.keys()
        return [(language, key) for language in LANGUAGES for key in ("board", *keys, "board")]

    def _take(self, language: str, key: str) -> None:
        panel = self._window if key == "board" else self._window.docks.panel(key)
        picture = panel.grab()
        self._write(picture, f"{key}-{language}.png")
        if key == "board" and language == self._home:
            self._write(picture, "board.png")

    def _write(self, picture: QPixmap, name: str) -> None:
        fresh = self._folder / f"{name}.part"
        if picture.save(str(fresh), "PNG"):
            fresh.replace(self._folder / name)
