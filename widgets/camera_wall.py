"""The camera wall: 1 to 25 tiles, pages, the round, and one camera in focus."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Protocol

import msgspec
from PySide6.QtCore import QEvent, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QHideEvent, QKeyEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QButtonGroup, QGridLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from console.cameras import Frame
from db.records import Camera, CameraState
from widgets.bridge import Bridge
from widgets.camera_tile import CameraTile
from widgets.words import Words

TILES = (1, 4, 9, 16, 25)
PAINT_MS = 66
STATE_MS = 200
REPORT_MS = 1000
REPORT_AT_LEAST_S = 2.0
SETTLE_MS = 150
ROUND_S = 10


class Pool(Protocol):
    """What the wall needs of `console.cameras.CameraPool`."""

    def want(self, sizes: Mapping[str, tuple[int, int]], main: Collection[str] = ()) -> None:
        """What is visible."""

    def frame(self, camera_id: str) -> Frame | None:
        """The newest picture."""

    def states(self) -> list[CameraState]:
        """How the cameras are."""

    def snapshot(self, camera_id: str) -> bytes | None:
        """The newest picture as JPEG."""

    def stop(self) -> None:
        """End."""


class CameraWall(QWidget):
    """The cameras of the settings, as many at a time as the operator wants.

    Asks the core for the camera list whenever the link comes up and makes the
    pool by `pool_factory`. Hidden, it wants no picture and paints none; it
    goes on reporting what the pool knows.

    Signals:
        snapshot_taken: camera id and JPEG bytes.
        incident_wanted: the camera id to open an incident with.
    """

    snapshot_taken = Signal(str, object)
    incident_wanted = Signal(str)

    def __init__(
        self,
        bridge: Bridge,
        words: Words,
        pool_factory: Callable[[Sequence[Camera]], Pool],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._bridge, self._words, self._pool_factory = bridge, words, pool_factory
        self._cameras: list[Camera] = []
        self._pool: Pool | None = None
        self._states: dict[str, CameraState] = {}
        self._reported: list[tuple[str, str, int]] = []
        self._reported_at_ms = 0
        self.tiles: list[CameraTile] = []
        self.count = 9
        self.page = 0
        self.chosen = ""
        self.focused = ""
        self._build()
        self._make_timers()
        words.changed.connect(self._write)
        bridge.linked.connect(self._ask_cameras)
        if bridge.is_linked:
            self._ask_cameras(True, "")
        self._arrange()
        self._write()

    # --- construction

    def _build(self) -> None:
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._title, self._counted, self._page_label = QLabel(), QLabel(), QLabel()
        self._title.setObjectName("title")
        self._counted.setObjectName("dim")
        self._page_label.setObjectName("dim")
        self._group = QButtonGroup(self)
        self._layout_buttons: list[QPushButton] = []
        for count in TILES:
            button = self._button(str(count), checkable=True)
            button.setFixedWidth(36)
            self._group.addButton(button, count)
            self._layout_buttons.append(button)
        self._group.idClicked.connect(self.set_count)
        self._previous, self._next = self._button("◀"), self._button("▶")
        self._round, self._back = self._button(checkable=True), self._button()
        self._snapshot, self._incident = self._button(), self._button()
        self._previous.clicked.connect(self.previous_page)
        self._next.clicked.connect(self.next_page)
        self._round.toggled.connect(self._on_round)
        self._back.clicked.connect(self.leave_focus)
        self._snapshot.clicked.connect(self.take_snapshot)
        self._incident.clicked.connect(self._want_incident)
        bar = QHBoxLayout()
        bar.setContentsMargins(6, 4, 6, 4)
        bar.setSpacing(4)
        for widget in (self._title, self._counted):
            bar.addWidget(widget)
        bar.addStretch(1)
        for widget in (self._back, self._snapshot, self._incident, self._round, self._previous,
                       self._page_label, self._next, *self._layout_buttons):  # fmt: skip
            bar.addWidget(widget)
        self._grid = QGridLayout()
        self._grid.setContentsMargins(4, 0, 4, 4)
        self._grid.setSpacing(4)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addLayout(bar)
        outer.addLayout(self._grid, 1)

    def _button(self, text: str = "", *, checkable: bool = False) -> QPushButton:
        button = QPushButton(text, self)
        button.setCheckable(checkable)
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        return button

    def _make_timers(self) -> None:
        self._paint_timer = self._timer(PAINT_MS, self.refresh)
        self._state_timer = self._timer(STATE_MS, self.refresh_states)
        self._report_timer = self._timer(REPORT_MS, self.report)
        self._round_timer = self._timer(ROUND_S * 1000, self.next_page)
        self._settle_timer = self._timer(SETTLE_MS, self._want)
        self._settle_timer.setSingleShot(True)
        self._report_timer.start()

    def _timer(self, milliseconds: int, call: Callable[[], object]) -> QTimer:
        timer = QTimer(self)
        timer.setInterval(milliseconds)
        timer.timeout.connect(call)
        return timer

    # --- the cameras

    @Slot(bool, str)
    def _ask_cameras(self, up: bool, reason: str) -> None:
        if up:
            self._bridge.query("cameras", {}, self._take_cameras)

    def _take_cameras(self, value: Any, error: str) -> None:
        if not error:
            self.set_cameras(msgspec.convert(value, list[Camera]))

    def set_cameras(self, cameras: Sequence[Camera]) -> None:
        """Show these cameras; the same list again changes nothing."""
        if self._pool is not None and list(cameras) == self._cameras:
            return
        if self._pool is not None:
            self._pool.stop()
        self._cameras = list(cameras)
        self._pool = self._pool_factory(self._cameras) if cameras else None
        self._states, self.page, self.focused = {}, 0, ""
        known = {camera.id for camera in cameras}
        if self.chosen not in known:
            self.chosen = cameras[0].id if cameras else ""
        self._arrange()

    def stop(self) -> None:
        """End the pool; the wall shows no picture afterwards."""
        for timer in (self._paint_timer, self._state_timer, self._report_timer, self._round_timer):
            timer.stop()
        self._settle_timer.stop()
        if self._pool is not None:
            self._pool.stop()
            self._pool = None

    def snapshot(self, camera_id: str) -> bytes | None:
        """The camera's newest picture in full size as JPEG; None if there is none that may be used."""
        return self._pool.snapshot(camera_id) if self._pool is not None else None

    # --- layout

    @property
    def pages(self) -> int:
        """How many pages there are, at least one."""
        return max(1, -(-len(self._cameras) // self.count))

    @Slot(int)
    def set_count(self, count: int) -> None:
        """So many tiles at once; the page with the chosen camera stays in sight."""
        self.count, self.focused = count, ""
        ids = [camera.id for camera in self._cameras]
        self.page = ids.index(self.chosen) // count if self.chosen in ids else 0
        self._arrange()

    @Slot()
    def next_page(self) -> None:
        """The next page; after the last comes the first."""
        self._turn(1)

    @Slot()
    def previous_page(self) -> None:
        """The page before; before the first comes the last."""
        self._turn(-1)

    def _turn(self, by: int) -> None:
        if self.pages > 1 and not self.focused:
            self.page = (self.page + by) % self.pages
            self._arrange()
            shown = self._shown()
            if shown and self.chosen not in {camera.id for camera in shown}:
                self.choose(shown[0].id)

    @Slot(bool)
    def _on_round(self, on: bool) -> None:
        self._round_timer.start() if on else self._round_timer.stop()

    @Slot(str)
    def focus(self, camera_id: str) -> None:
        """Show this camera alone, by its main stream; once more goes back."""
        if self.focused == camera_id:
            self.leave_focus()
            return
        self.chosen = self.focused = camera_id
        self._arrange()

    @Slot()
    def leave_focus(self) -> None:
        """Back to the grid as it was."""
        if self.focused:
            self.focused = ""
            self._arrange()

    @Slot(str)
    def choose(self, camera_id: str) -> None:
        """Make this the camera that the keys and buttons mean."""
        self.chosen = camera_id
        for tile in self.tiles:
            tile.choose(tile.camera is not None and tile.camera.id == camera_id)

    def _shown(self) -> list[Camera]:
        if self.focused:
            return [camera for camera in self._cameras if camera.id == self.focused]
        first = self.page * self.count
        return self._cameras[first : first + self.count]

    def _arrange(self) -> None:
        """Lay out as many tiles as wanted and give each its camera."""
        count = 1 if self.focused else self.count
        side = round(count**0.5)
        while len(self.tiles) < count:
            tile = CameraTile(self._words, self)
            tile.chosen.connect(self.choose)
            tile.focus_wanted.connect(self.focus)
            self.tiles.append(tile)
        while len(self.tiles) > count:
            tile = self.tiles.pop()
            self._grid.removeWidget(tile)
            tile.setParent(None)
            tile.deleteLater()
        for index in range(max(side, self._grid.rowCount(), self._grid.columnCount())):
            self._grid.setRowStretch(index, 1 if index < side else 0)
            self._grid.setColumnStretch(index, 1 if index < side else 0)
        shown = self._shown()
        for index, tile in enumerate(self.tiles):
            self._grid.addWidget(tile, index // side, index % side)
            camera = shown[index] if index < len(shown) else None
            if camera != tile.camera or camera is None:
                tile.assign(camera)
            tile.show()
        self.choose(self.chosen)
        self._write_bar()
        self._settle_timer.start()

    def _want(self) -> None:
        """Tell the pool what is in sight, in which size."""
        if self._pool is None:
            return
        sizes: dict[str, tuple[int, int]] = {}
        if self.isVisible():
            sizes = {tile.camera.id: tile.picture_size for tile in self.tiles if tile.camera is not None}
        self._pool.want(sizes, main=(self.focused,) if self.focused else ())

    # --- what comes round

    @Slot()
    def refresh(self) -> int:
        """Look for newer pictures; returns how many tiles had to be painted."""
        if self._pool is None or not self.isVisible():
            return 0
        now_ms, painted = self._bridge.now_ms(), 0
        for tile in self.tiles:
            if tile.camera is not None:
                frame = self._pool.frame(tile.camera.id)
                painted += tile.show_picture(frame, self._states.get(tile.camera.id), now_ms)
        return painted

    @Slot()
    def refresh_states(self) -> None:
        """Ask the pool how the cameras are."""
        if self._pool is not None:
            self._states = {state.id: state for state in self._pool.states()}
            self._write_counted()

    @Slot()
    def report(self) -> None:
        """Tell the core the states, when they changed or 2 s have gone by."""
        if self._pool is None or not self._bridge.is_linked:
            return
        if not self.isVisible():
            self.refresh_states()
        now_ms = self._bridge.now_ms()
        words = [(state.id, state.state, state.restarts) for state in self._states.values()]
        if words == self._reported and abs(now_ms - self._reported_at_ms) < REPORT_AT_LEAST_S * 1000:
            return
        self._reported, self._reported_at_ms = words, now_ms
        states = [msgspec.to_builtins(state) for state in self._states.values()]
        self._bridge.command("camera.report", {"states": states})

    # --- acts

    @Slot()
    def take_snapshot(self) -> None:
        """Take the chosen camera's picture and hand it on."""
        picture = self.snapshot(self.chosen) if self.chosen else None
        if picture:
            self.snapshot_taken.emit(self.chosen, picture)

    @Slot()
    def _want_incident(self) -> None:
        if self.chosen:
            self.incident_wanted.emit(self.chosen)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """1 to 5 tiles, arrows choose, Enter focuses, Esc goes back, PgUp and PgDn turn, R S E act."""
        key = event.key()
        acts: dict[int, Callable[[], object]] = {
            Qt.Key.Key_Return: self._focus_chosen,
            Qt.Key.Key_Enter: self._focus_chosen,
            Qt.Key.Key_PageDown: self.next_page,
            Qt.Key.Key_PageUp: self.previous_page,
            Qt.Key.Key_R: self._round.toggle,
            Qt.Key.Key_S: self.take_snapshot,
            Qt.Key.Key_E: self._want_incident,
            Qt.Key.Key_Left: lambda: self._step(-1),
            Qt.Key.Key_Right: lambda: self._step(1),
            Qt.Key.Key_Up: lambda: self._step(-round(self.count**0.5)),
            Qt.Key.Key_Down: lambda: self._step(round(self.count**0.5)),
        }
        if event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            super().keyPressEvent(event)
        elif Qt.Key.Key_1 <= key <= Qt.Key.Key_5:
            self.set_count(TILES[key - Qt.Key.Key_1])
        elif key == Qt.Key.Key_Escape and self.focused:
            self.leave_focus()
        elif key in acts:
            acts[key]()
        else:
            super().keyPressEvent(event)

    def _focus_chosen(self) -> None:
        if self.chosen:
            self.focus(self.chosen)

    def _step(self, by: int) -> None:
        shown = [camera.id for camera in self._shown()]
        if self.chosen in shown and 0 <= shown.index(self.chosen) + by < len(shown):
            self.choose(shown[shown.index(self.chosen) + by])

    # --- visibility and words

    def showEvent(self, event: QShowEvent) -> None:
        """In sight: want pictures and paint them."""
        super().showEvent(event)
        self.refresh_states()
        self._paint_timer.start()
        self._state_timer.start()
        self._settle_timer.start()

    def hideEvent(self, event: QHideEvent) -> None:
        """Out of sight: nothing is decoded, nothing painted."""
        super().hideEvent(event)
        self._paint_timer.stop()
        self._state_timer.stop()
        self._settle_timer.start()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Ask for other sizes once the size has settled."""
        super().resizeEvent(event)
        self._settle_timer.start()

    def changeEvent(self, event: QEvent) -> None:
        """Another screen may have other pixels."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self._settle_timer.start()

    @Slot()
    def _write(self) -> None:
        text = self._words.text
        self._title.setText(text("cameras.title"))
        self._round.setText(text("cameras.round"))
        self._round.setToolTip(text("cameras.round_tip", n=ROUND_S))
        self._back.setText(text("cameras.back"))
        self._snapshot.setText(text("cameras.snapshot"))
        self._snapshot.setToolTip(text("cameras.snapshot_tip"))
        self._incident.setText(text("cameras.incident"))
        self._incident.setToolTip(text("cameras.incident_tip"))
        self._previous.setToolTip(text("cameras.previous"))
        self._next.setToolTip(text("cameras.next"))
        for number, button in enumerate(self._layout_buttons):
            button.setToolTip(text("cameras.tiles_tip", n=TILES[number], press=number + 1))
        self._write_bar()

    def _write_bar(self) -> None:
        many = self.pages > 1 and not self.focused
        self._page_label.setText(self._words.text("cameras.page", page=self.page + 1, pages=self.pages))
        for widget in (self._page_label, self._previous, self._next, self._round):
            widget.setVisible(many)
        self._back.setVisible(bool(self.focused))
        button = self._group.button(self.count)
        if button is not None:
            button.setChecked(True)
        self._write_counted()

    def _write_counted(self) -> None:
        if not self._cameras:
            self._counted.setText(self._words.text("cameras.none"))
            return
        live = sum(state.state == "live" for state in self._states.values())
        self._counted.setText(self._words.text("cameras.counted", live=live, total=len(self._cameras)))
