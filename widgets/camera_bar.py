"""The row above the camera wall: what is counted, acts, pages, how many tiles."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from widgets.figures import plain
from widgets.words import Words

TILES = (1, 4, 9, 16, 25)
ROUND_S = 10
NARROW_PX = 840


class CameraBar(QWidget):
    """Buttons that say what is wanted; the wall decides.

    Signals:
        count_wanted: so many tiles at once.
        page_wanted: +1 or -1.
        round_wanted: whether the pages shall turn by themselves.
        back_wanted: leave the focus or the surroundings.
        snapshot_wanted: of the chosen camera.
        incident_wanted: with the chosen camera.
    """

    count_wanted = Signal(int)
    page_wanted = Signal(int)
    round_wanted = Signal(bool)
    back_wanted = Signal()
    snapshot_wanted = Signal()
    incident_wanted = Signal()

    def __init__(self, words: Words, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._words = words
        self._around, self._near = "", 0
        self._title, self._counted, self._page = QLabel(), QLabel(), QLabel()
        self._title.setObjectName("title")
        self._counted.setObjectName("dim")
        self._page.setObjectName("dim")
        self._previous, self._next = self._button("◀"), self._button("▶")
        for button in (self._previous, self._next):
            button.setFixedWidth(32)
            button.setStyleSheet("padding: 4px 0")
        self.round, self._back = self._button(checkable=True), self._button()
        self._snapshot, self._incident = self._button(), self._button()
        self._group = QButtonGroup(self)
        for count in TILES:
            button = self._button(str(count), checkable=True)
            button.setFixedWidth(32)
            button.setStyleSheet("padding: 4px 0")
            self._group.addButton(button, count)
        self._connect()
        self._lay_out()
        words.changed.connect(self.write)
        self.write()

    def _button(self, text: str = "", *, checkable: bool = False) -> QPushButton:
        button = QPushButton(text, self)
        button.setCheckable(checkable)
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        return button

    def _connect(self) -> None:
        self._group.idClicked.connect(self.count_wanted)
        self._previous.clicked.connect(lambda: self.page_wanted.emit(-1))
        self._next.clicked.connect(lambda: self.page_wanted.emit(1))
        self.round.toggled.connect(self.round_wanted)
        self._back.clicked.connect(self.back_wanted)
        self._snapshot.clicked.connect(self.snapshot_wanted)
        self._incident.clicked.connect(self.incident_wanted)

    def _lay_out(self) -> None:
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._rows = QHBoxLayout(), QHBoxLayout()
        outer = QVBoxLayout(self)
        outer.setContentsMargins(6, 4, 6, 4)
        outer.setSpacing(4)
        for row in self._rows:
            row.setSpacing(4)
            outer.addLayout(row)
        self._fill(narrow=False)

    def _fill(self, *, narrow: bool) -> None:
        """Put everything into one row, or into two where there is little room."""
        self.is_narrow = narrow
        upper, lower = self._rows
        for row in self._rows:
            while row.count():
                row.takeAt(0)
        acts = (self._back, self._snapshot, self._incident, self.round)
        pages = (self._previous, self._page, self._next)
        tiles = self._group.buttons()
        upper.addWidget(self._title)
        upper.addWidget(self._counted)
        upper.addStretch(1)
        first, second = (pages, (*acts, None, *tiles)) if narrow else ((*acts, *pages, *tiles), ())
        for row, widgets in ((upper, first), (lower, second)):
            for widget in widgets:
                row.addWidget(widget) if widget is not None else row.addStretch(1)
        self._write_acts()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Two rows of short words where one row of long ones would be cut off."""
        super().resizeEvent(event)
        narrow = self.width() < NARROW_PX
        if narrow != self.is_narrow:
            self._fill(narrow=narrow)

    def _write_acts(self) -> None:
        form = "short" if self.is_narrow else "long"
        for name, button in (("back", self._back), ("snapshot", self._snapshot), ("round", self.round),
                             ("incident", self._incident)):  # fmt: skip
            button.setText(self._words.text(f"cameras.{form}.{name}"))

    def write(self) -> None:
        """Write all texts in the language of now."""
        text = self._words.text
        self._write_title()
        self._write_acts()
        self.round.setToolTip(text("cameras.round_tip", n=ROUND_S))
        self._snapshot.setToolTip(text("cameras.snapshot_tip"))
        self._incident.setToolTip(text("cameras.incident_tip"))
        self._previous.setToolTip(text("cameras.previous"))
        self._next.setToolTip(text("cameras.next"))
        for number, button in enumerate(self._group.buttons(), 1):
            tip = text("cameras.tiles_tip", n=TILES[number - 1], press=number)
            button.setToolTip(tip)

    def show_around(self, name: str, count: int) -> None:
        """Say whose surroundings are shown; none for an empty name."""
        self._around, self._near = name, count
        self._write_title()

    def show_place(self, count: int, page: int, pages: int, *, focused: bool) -> None:
        """Say where in the pages the wall is."""
        many = pages > 1 and not focused
        self._page.setText(self._words.text("cameras.page", page=page + 1, pages=pages))
        for widget in (self._page, self._previous, self._next, self.round):
            widget.setVisible(many)
        self._back.setVisible(focused or bool(self._around))
        self._group.button(count).setChecked(True)

    def _write_title(self) -> None:
        around = plain(self._around, 28)
        self._title.setText(
            self._words.text("cameras.around", name=around, n=self._near)
            if around
            else self._words.text("cameras.title")
        )

    def show_counted(self, live: int, watched: int, total: int) -> None:
        """Say how many cameras are live, of those watched, of all."""
        key = "cameras.none" if not total else "cameras.counted_near" if self._around else "cameras.counted"
        self._counted.setText(self._words.text(key, live=live, watched=watched, total=total))
