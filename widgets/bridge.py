"""The one door into the GUI thread: records, answers and the state of the link to the core."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Protocol

import msgspec
from PySide6.QtCore import QObject, QTimer, Signal, Slot

from console.clock import Clock, SystemClock
from db.asset_records import Asset

INTERVAL_MS = 100
MOST = 2000  # records of one hand-over: a city of 50,000 sensors must not hold up a key press
BREATH_MS = 5
SITE_MS = 30_000
NO_DOOR = "There is no link to a core yet"

Done = Callable[[Any, str], None]
"""Takes (value, error): `error` is a sentence for the operator, empty when it went well."""


_PLENTIFUL = ("latest", "asset_state")


def _parted(newest: dict[Any, Any]) -> tuple[dict[Any, Any], dict[Any, Any]]:
    """What to hand over now and what next: what there is one of per sensor comes after all else."""
    keys = sorted(newest, key=lambda key: key[0] in _PLENTIFUL)
    return ({key: newest[key] for key in keys[:MOST]}, {key: newest[key] for key in keys[MOST:]})


class Door(Protocol):
    """The client end of the link to the core (`console.link_client.LinkClient`, or a test's).

    It calls back in a thread of its own.
    """

    def query(self, name: str, args: dict[str, Any], done: Done, /) -> object:
        """Ask; `done(value, error)` comes once, also when the link breaks."""

    def command(self, name: str, args: dict[str, Any], done: Done, command_id: str, /) -> object:
        """Act; `done(value, error)` comes after the core's commit, or with the reason why not.

        The same `command_id` again does nothing new; an empty one means a fresh one.
        """


class Bridge(QObject):
    """Collects records from the link and hands them on in the GUI thread.

    Only the newest record per key is kept between two hand-overs, so a flood
    costs memory per key and not per message. The first hand-over after a rest
    is at once, the next not sooner than 100 ms, unless it has only been a part.
    `post` and `post_state` are the two ways in, for any thread; all else
    belongs to the GUI thread.

    Signals:
        changed: a tuple of records, the newest of each key.
        linked: whether the link to the core stands, and why not.
    """

    changed = Signal(object)
    linked = Signal(bool, str)
    _wake = Signal()

    def __init__(self, door: Door | None = None, clock: Clock | None = None) -> None:
        super().__init__()
        self._door = door
        self._clock = clock or SystemClock()
        self.speak: Callable[[str], str] = str  # puts what the core says into the operator's language
        self._lock = threading.Lock()
        self._newest: dict[Any, Any] = {}
        self._calls: deque[Callable[[], None]] = deque()
        self._states: deque[tuple[bool, str]] = deque()
        self._assets: list[Asset] | None = None
        self._assets_wanted: list[Done] = []
        self._awake = False
        self._core_ms: int | None = None
        self._core_at_s = 0.0
        self.is_linked = False
        self.reason = ""
        self.last_ms: int | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(INTERVAL_MS)
        self._timer.timeout.connect(self._hand_over)
        self._site_timer = QTimer(self)
        self._site_timer.setInterval(SITE_MS)
        self._site_timer.timeout.connect(self._ask_site)
        self._wake.connect(self._on_wake)

    # --- called from any thread

    def post(self, records: Iterable[Any]) -> None:
        """Take records; callable from any thread, returns at once."""
        with self._lock:
            for record in records:
                self._newest[record.key] = record
        self._rouse()

    def post_state(self, up: bool, reason: str) -> None:
        """Take the state of the link; callable from any thread, returns at once."""
        with self._lock:
            self._states.append((up, reason))
        self._rouse()

    def _post_answer(self, done: Done | None, value: Any, error: str) -> None:
        if done is None:
            return
        with self._lock:
            self._calls.append(lambda: done(value, self.speak(error)))
        self._rouse()

    def _rouse(self) -> None:
        with self._lock:
            was_awake, self._awake = self._awake, True
        if not was_awake:
            self._wake.emit()

    # --- called in the GUI thread

    def use(self, door: Door) -> None:
        """Ask and command through this door from now on."""
        self._door = door

    def query(self, name: str, args: dict[str, Any] | None, done: Done) -> None:
        """Ask the core; `done(value, error)` is called in the GUI thread."""
        if self._door is None:
            self._post_answer(done, None, NO_DOOR)
            return
        self._door.query(name, args or {}, lambda value, error: self._post_answer(done, value, error))

    def assets(self, done: Done) -> None:
        """Ask for the asset tree, once per link for all who want it: they share the records."""
        with self._lock:
            assets = self._assets
            if assets is None:
                self._assets_wanted.append(done)
                if len(self._assets_wanted) > 1:
                    return
        if assets is not None:
            self._post_answer(done, assets, "")
        elif self._door is None:
            self._share_assets(None, NO_DOOR)
        else:
            self._door.query("assets", {"packed": True}, self._share_assets)

    def _share_assets(self, value: Any, error: str) -> None:
        """Called in the link's thread, so that a big tree is unpacked beside the window."""
        assets: list[Asset] | None = None
        if not error:
            try:
                if isinstance(value, bytes):
                    assets = msgspec.msgpack.decode(value, type=list[Asset])
                else:
                    assets = msgspec.convert(value, list[Asset])
            except msgspec.MsgspecError as fault:
                error = f"The asset tree cannot be read: {fault}"
        with self._lock:
            wanted, self._assets_wanted = self._assets_wanted, []
            self._assets = assets
        for done in wanted:
            self._post_answer(done, assets, error)

    def command(
        self, name: str, args: dict[str, Any], done: Done | None = None, command_id: str = ""
    ) -> None:
        """Let the core act; the same `command_id` again does it only once."""
        if self._door is None:
            self._post_answer(done, None, NO_DOOR)
            return
        self._door.command(name, args, lambda value, error: self._post_answer(done, value, error), command_id)

    def now_ms(self) -> int:
        """The core's wall clock; our own until the core has told its time."""
        if self._core_ms is None:
            return self._clock.now_ms()
        return self._core_ms + round((self._clock.monotonic_s() - self._core_at_s) * 1000)

    def age_s(self, at_ms: int) -> float:
        """Seconds since `at_ms` by the core's clock, never below 0."""
        return max(0.0, (self.now_ms() - at_ms) / 1000)

    @Slot()
    def _on_wake(self) -> None:
        with self._lock:
            self._awake = False
            states, self._states = self._states, deque()
            calls, self._calls = self._calls, deque()
            waiting = bool(self._newest)
        for up, reason in states:
            self._set_linked(up, reason)
        for call in calls:
            call()
        if waiting and not self._timer.isActive():
            self._hand_over()

    @Slot()
    def _hand_over(self) -> None:
        with self._lock:
            newest, self._newest = self._newest, {}
            if len(newest) > MOST:
                newest, self._newest = _parted(newest)
            has_more = bool(self._newest)
        if newest:
            self.last_ms = self.now_ms()
            self._timer.start(BREATH_MS if has_more else INTERVAL_MS)
            self.changed.emit(tuple(newest.values()))

    def _set_linked(self, up: bool, reason: str) -> None:
        with self._lock:
            self._assets = None  # another core may have another tree
        self.is_linked, self.reason = up, reason
        if up:
            self._site_timer.start()
            self._ask_site()
        else:
            self._site_timer.stop()
        self.linked.emit(up, reason)

    @Slot()
    def _ask_site(self) -> None:
        self.query("site", {}, self._take_site)

    def _take_site(self, value: Any, error: str) -> None:
        if not error and isinstance(value, dict) and isinstance(value.get("clock_ms"), int):
            self._core_ms, self._core_at_s = value["clock_ms"], self._clock.monotonic_s()
