"""Where one is on the board, from the whole district down to raw messages, and the way back."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QToolButton, QWidget

from widgets import theme
from widgets.figures import plain
from widgets.words import Words

_LONGEST = 28
_FLAT = (
    f"QToolButton {{ border: 1px solid transparent; padding: 2px 4px; background: transparent;"
    f" color: {theme.DIM}; }}"
    f"QToolButton:hover, QToolButton:focus {{ border-color: {theme.DIM}; }}"
    f"QToolButton:disabled {{ color: {theme.BRIGHT}; background: transparent; }}"
)


class Breadcrumbs(QWidget):
    """`← 상황판 › 대기 › 한빛공원 › 센서 12`; the last one is where one is.

    Signals:
        chosen: the number of the crumb that was pressed, 0 for the board.
        back_wanted: the operator wants to where one was before.
    """

    chosen = Signal(int)
    back_wanted = Signal()

    def __init__(self, words: Words) -> None:
        super().__init__()
        self._words = words
        self._names: tuple[str, ...] = ()
        self.back = QToolButton()
        self.back.setText("←")
        self.back.setStyleSheet(_FLAT)
        self.back.clicked.connect(self.back_wanted)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(4, 0, 4, 0)
        self._row.setSpacing(2)
        self._row.addWidget(self.back)
        self._parts: list[QWidget] = []
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        words.changed.connect(self._translate)
        self._translate()

    @property
    def names(self) -> tuple[str, ...]:
        """What is written, the board first."""
        return self._names

    def show_path(self, names: Sequence[str], *, has_past: bool) -> None:
        """Show this way down; `has_past` if there is something to go back to."""
        self.back.setEnabled(has_past)
        self.back.setVisible(has_past or len(names) > 1)
        if tuple(names) == self._names:
            return
        self._names = tuple(names)
        for part in self._parts:
            self._row.removeWidget(part)
            part.deleteLater()
        self._parts = []
        for number, name in enumerate(names):
            is_last = number == len(names) - 1
            if number:
                between = QLabel("›")
                between.setObjectName("dim")
                self._add(between)
            crumb = QToolButton()
            crumb.setText(plain(name, _LONGEST).replace("&", "&&"))
            crumb.setToolTip(plain(name, 120))
            crumb.setFont(theme.font(14, bold=is_last))
            crumb.setStyleSheet(_FLAT)
            crumb.setEnabled(not is_last)
            crumb.setProperty("number", number)
            crumb.clicked.connect(self._choose)
            self._add(crumb)

    def _add(self, part: QWidget) -> None:
        self._row.addWidget(part)
        self._parts.append(part)

    @Slot()
    def _choose(self) -> None:
        crumb = self.sender()
        if isinstance(crumb, QToolButton):
            self.chosen.emit(int(crumb.property("number")))

    @Slot()
    def _translate(self) -> None:
        self.back.setToolTip(self._words.text("levels.back"))
        self.back.setAccessibleName(self._words.text("levels.back"))
