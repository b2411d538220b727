"""The camera wall: 1 to 25 tiles, pages, the round, and one camera in focus."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from PySide6.QtCore import QEvent, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QHideEvent, QKeyEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from db.records import Camera, CameraState
from widgets.bridge import Bridge
from widgets.camera_bar import ROUND_S, TILES, CameraBar
from widgets.camera_pool import Pool, nearest
from widgets.camera_tile import CameraTile
from widgets.words import Words

PAINT_MS = 66
STATE_MS = 200
REPORT_MS = 1000
REPORT_AT_LEAST_S = 2.0
SETTLE_MS = 150


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
        self.around = ""  # the place whose nearest cameras are shown
        self._near: list[Camera] = []
        self._before = (9, 0, "", "")  # count, page, chosen and focused of what that gives back
        self._build()
        self._make_timers()
        words.changed.connect(self._write)
        bridge.linked.connect(self._ask_cameras)
        self._ask_cameras(bridge.is_linked, "")
        self._arrange()
        self._write()

    # --- construction

    def _build(self) -> None:
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.bar = CameraBar(self._words, self)
        self.bar.count_wanted.connect(self.set_count)
        self.bar.page_wanted.connect(self._turn)
        self.bar.round_wanted.connect(self._on_round)
        self.bar.back_wanted.connect(self.go_back)
        self.bar.snapshot_wanted.connect(self.take_snapshot)
        self.bar.incident_wanted.connect(self._want_incident)
        self._grid = QGridLayout()
        self._grid.setContentsMargins(4, 0, 4, 4)
        self._grid.setSpacing(4)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(self.bar)
        outer.addLayout(self._grid, 1)

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
        self._states, self.page, self.focused, self.around = {}, 0, "", ""
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
        return max(1, -(-len(self._offered) // self.count))

    @property
    def _offered(self) -> list[Camera]:
        return self._near if self.around else self._cameras

    def surround(self, name: str, lon: float, lat: float, only: Sequence[str] = ()) -> None:
        """Show the nearest cameras of a place, or `only` these; `leave_around` gives back what was shown."""
        near = [each for each in self._cameras if each.id in only] or nearest(self._cameras, lon, lat)
        if not near:
            self.leave_around()
            return
        if not self.around:
            self._before = self.count, self.page, self.chosen, self.focused
        self.around, self._near, self.page, self.focused = name, near, 0, ""
        self.chosen = near[0].id
        self._arrange()

    @Slot()
    def leave_around(self) -> None:
        """Give back what was shown before the place was surrounded."""
        if self.around:
            self.around = ""
            self.count, self.page, self.chosen, self.focused = self._before
            self._arrange()

    @Slot()
    def go_back(self) -> None:
        """Leave the focus, else the surroundings."""
        self.leave_focus() if self.focused else self.leave_around()

    @Slot(int)
    def set_count(self, count: int) -> None:
        """So many tiles at once; the page with the chosen camera stays in sight."""
        self.count, self.focused = count, ""
        ids = [camera.id for camera in self._offered]
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

    @Slot(int)
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
        self.chosen = camera_id
        self.focused = "" if self.focused == camera_id else camera_id
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
        return self._offered[first : first + self.count]

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
        self._write()
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
        words = [(state.id, str(state.state), state.restarts) for state in self._states.values()]
        if words == self._reported and abs(now_ms - self._reported_at_ms) < REPORT_AT_LEAST_S * 1000:
            return
        self._reported, self._reported_at_ms = words, now_ms
        states = [msgspec.to_builtins(state) for state in self._states.values()]
        self._bridge.command("camera.report", {"states": states, "workers": self._pool.processes()})

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
            Qt.Key.Key_R: self.bar.round.toggle,
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
        elif key == Qt.Key.Key_Escape and (self.focused or self.around):
            self.go_back()
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
        self.bar.show_around(self.around, len(self._near))
        self.bar.show_place(self.count, self.page, self.pages, focused=bool(self.focused))
        self._write_counted()
        self.refresh()

    def _write_counted(self) -> None:
        states = [state.state for state in self._states.values()]
        self.bar.show_counted(states.count("live"), len(states) - states.count("idle"), len(self._cameras))
