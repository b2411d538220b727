"""The pool: which camera plays in which process, and what it shows.

One thread (`cameras`) starts, watches and replaces processes; the screen's
calls only read rings and leave wishes. No call but `snapshot` and `stop` waits.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import queue
import random
import shutil
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

from console.cameras import control, frames, policy, sharing
from console.cameras.frames import Frame, FrameReader
from console.cameras.process import CamProcess, Inbox
from console.cameras.seat import Seat, place
from console.clock import Clock, SystemClock
from console.roles import role_command
from db.records import Camera, CameraState

log = logging.getLogger(__name__)

PER_PROCESS = 4
TICK_S = 0.1
IDLE_S = 10.0  # a process without a camera is kept so long
SNAPSHOT_S = 1.5


class CameraPool:
    """Cameras, the processes that decode them and their newest pictures.

    What is not wanted is not decoded. `folder` is where the rings lie, by
    default the system's shared memory; leftovers of dead owners are removed.
    """

    def __init__(
        self,
        cameras: Sequence[Camera],
        clock: Clock | None = None,
        folder: Path | None = None,
        command: Callable[[], list[str]] = lambda: role_command("cam"),
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._clock = clock or SystemClock()
        self._command, self._chance = command, chance
        ground = folder or sharing.shared_place()
        sharing.sweep(ground)
        self._folder = sharing.own_folder(ground)
        self._places = {camera.id: place(camera) for camera in cameras}
        self._seats = {seat.key: seat for each in self._places.values() for seat in each.seats}
        self._processes: list[CamProcess] = []
        self._leaving: list[CamProcess] = []
        self._numbers = itertools.count(1)
        self._lock = threading.RLock()
        self._inbox: Inbox = queue.SimpleQueue()
        self._shots: dict[int, queue.SimpleQueue[bytes]] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="cameras", daemon=True)
        self._thread.start()

    # --- for the screen ------------------------------------------------------

    def want(self, sizes: Mapping[str, tuple[int, int]], main: Collection[str] = ()) -> None:
        """What is visible, in pixels (width, height); all else stops. `main` cameras play `main_url`."""
        now = self._clock.monotonic_s()
        with self._lock:
            for each in self._places.values():
                each.size, each.wants_main = sizes.get(each.camera_id), each.camera_id in main
            self._follow_wishes(now)
        self._inbox.put(None)

    def frame(self, camera_id: str) -> Frame | None:
        """The newest picture of the camera's present generation; the same object until a newer one."""
        with self._lock:
            found = self._places.get(camera_id)
            return found.face().newest() if found is not None else None

    def states(self) -> list[CameraState]:
        """The state of every camera, in the order given."""
        now, now_ms = self._clock.monotonic_s(), self._clock.now_ms()
        with self._lock:
            for seat in self._seats.values():
                seat.look(now, now_ms)
            return [each.face().report(each.camera_id, now) for each in self._places.values()]

    def snapshot(self, camera_id: str) -> bytes | None:
        """The newest picture in full size as JPEG, its time in the comment; None unless live, stale or black.

        Waits for the decoder, mostly some 10 ms, at most 1.5 s.
        """
        answer: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        with self._lock:
            found = self._places.get(camera_id)
            seat = found.face() if found is not None else None
            if seat is None or seat.process is None or seat.state not in ("live", "stale", "black"):
                return None
            number = next(self._numbers)
            self._shots[number] = answer
            seat.process.send(control.Shoot(number, seat.key, seat.course.generation))
        try:
            return answer.get(timeout=SNAPSHOT_S) or None
        except queue.Empty:
            return None
        finally:
            with self._lock:
                self._shots.pop(number, None)

    def processes(self) -> list[int]:
        """The process ids of the decoders."""
        with self._lock:
            return [process.pid for process in self._processes]

    def stop(self) -> None:
        """End all processes and remove the shared memory; nothing may be asked afterwards."""
        if self._stopping.is_set():
            return
        self._stopping.set()
        self._inbox.put(None)
        self._thread.join(10.0)
        with self._lock:
            for seat in self._seats.values():
                seat.drop_ring()
        shutil.rmtree(self._folder, ignore_errors=True)

    # --- the thread ----------------------------------------------------------

    def _watch(self) -> None:
        while not self._stopping.is_set():
            try:
                self._step()
            except Exception:  # the top of a thread: a bug is reported and the tiles go on
                log.exception("the camera pool met a fault")
                self._stopping.wait(1.0)
        everyone = self._processes + self._leaving
        for process in everyone:
            process.let_go()
        for process in everyone:
            process.end(1.0)

    def _step(self) -> None:
        """Take what has come in, at most a tick later look at the clock."""
        with contextlib.suppress(queue.Empty):
            item = self._inbox.get(timeout=TICK_S)
            with self._lock:
                while True:
                    if item is not None:
                        self._take(*item)
                    item = self._inbox.get_nowait()
        with self._lock:
            self._tick()
        self._bury(0.0)

    def _bury(self, patience_s: float) -> None:
        leaving, self._leaving = self._leaving, []
        for process in leaving:
            process.end(patience_s)

    def _take(self, process: CamProcess, message: control.ToPool | None) -> None:
        now = self._clock.monotonic_s()
        process.pulse_s = now
        match message:
            case None:
                if process in self._processes:
                    self._fell(process, now)
            case control.Beat():
                process.beats += 1
            case control.Opened(camera, generation):
                seat = self._seats[camera]
                seat.course = policy.opened(seat.course, generation, now)
            case control.Ended(camera, generation, reason):
                seat = self._seats[camera]
                if seat.process is process:
                    seat.course = policy.ended(seat.course, generation, now, reason, self._chance())
            case control.Shot(number, jpeg):
                if number in self._shots:
                    self._shots[number].put(jpeg)

    def _tick(self) -> None:
        now, now_ms = self._clock.monotonic_s(), self._clock.now_ms()
        for process in [p for p in self._processes if p.is_silent(now)]:
            self._fell(process, now)
        for seat in self._seats.values():
            seat.look(now, now_ms)
        self._follow_wishes(now)
        for seat in self._seats.values():
            if seat.size is None:
                continue
            seat.course, step = policy.tick(seat.course, now, seat.sight.current_s, self._chance())
            if step is policy.Step.OPEN:
                self._open(seat, now)
            elif step is policy.Step.REPLACE and seat.process is not None:
                self._move_out(seat, seat.process, now)
        self._retire(now)

    def _fell(self, process: CamProcess, now: float) -> None:
        """A process ended, hangs or is worn out: its cameras go on in another one."""
        self._processes.remove(process)
        self._leaving.append(process)
        for seat in self._seats.values():
            if seat.process is process:
                seat.process = None
                seat.course = policy.crashed(seat.course, now, self._chance())

    def _move_out(self, seat: Seat, process: CamProcess, now: float) -> None:
        """A camera whose threads hang goes on alone; what hangs ends with the process it is left in."""
        if any(other.process is process for other in self._seats.values() if other is not seat):
            seat.process = None
            seat.course = policy.outcast(seat.course)
        else:
            self._fell(process, now)

    def _retire(self, now: float) -> None:
        used = {id(seat.process) for seat in self._seats.values() if seat.process is not None}
        for process in list(self._processes):
            if id(process) in used:
                process.empty_s = None
            elif process.empty_s is None:
                process.empty_s = now
            elif now - process.empty_s > IDLE_S:
                self._processes.remove(process)
                self._leaving.append(process)

    # --- one camera ----------------------------------------------------------

    def _follow_wishes(self, now: float) -> None:
        for each in self._places.values():
            for seat, size in each.wishes():
                self._wish(seat, size, now)

    def _wish(self, seat: Seat, size: tuple[int, int] | None, now: float) -> None:
        if size is None:
            if seat.size is not None:
                self._shut(seat)
                seat.size, seat.asked_s, seat.process = None, None, None
                seat.course = policy.rested(seat.course, now)
            return
        size = max(16, size[0]), max(16, size[1])
        if seat.size is None:
            seat.asked_s = now
        before, seat.size = seat.size, size
        if before not in (None, size) and seat.process is not None and seat.course.phase != "waiting":
            self._resize(seat)

    def _open(self, seat: Seat, now: float) -> None:
        process = seat.process or self._room(seat, now)
        seat.process = process
        seat.drop_ring()
        ring = self._new_ring(seat)
        if ring is None or seat.size is None:
            generation = seat.course.generation
            seat.course = policy.ended(seat.course, generation, now, "no-memory", self._chance())
            return
        process.send(control.Open(seat.key, seat.course.generation, seat.url, str(ring), *seat.size))

    def _room(self, wanting: Seat, now: float) -> CamProcess:
        """A process with a free place; a camera that brought processes down gets its own."""
        alone = wanting.course.crashes >= policy.MOST_CRASHES
        for process in self._processes:
            guests = [s for s in self._seats.values() if s.process is process and s is not wanting]
            shy = alone or any(guest.course.crashes >= policy.MOST_CRASHES for guest in guests)
            if not guests or (not shy and len(guests) < PER_PROCESS):
                return process
        process = CamProcess(next(self._numbers), self._command(), self._inbox, self._folder, now)
        self._processes.append(process)
        return process

    def _new_ring(self, seat: Seat) -> Path | None:
        assert seat.size is not None
        path = self._folder / f"{next(self._numbers)}.frames"
        try:
            frames.create(path, *seat.size, seat.course.generation)
            reader = FrameReader(path)
        except OSError:
            return None
        seat.take_ring(path, reader)
        return path

    def _resize(self, seat: Seat) -> None:
        ring = self._new_ring(seat)
        if ring is None or seat.process is None or seat.size is None:
            return
        seat.process.send(control.Resize(seat.key, seat.course.generation, str(ring), *seat.size))

    def _shut(self, seat: Seat) -> None:
        if seat.process is not None:
            seat.process.send(control.Shut(seat.key, seat.course.generation))
        seat.drop_ring()
