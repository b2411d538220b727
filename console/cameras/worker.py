"""The `cam` role: decodes up to four cameras, one thread each, and decides nothing.

When to open, what is stale, what to try again is the pool's business. The
process ends when its stdin ends; a thread that hangs in a foreign library is
left behind and does not keep the process or its neighbours.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import msgspec

from console.cameras import control, decode
from console.cameras.frames import FrameWriter, Picture
from console.clock import Clock, SystemClock

BEAT_S = 0.25

Tell = Callable[[control.ToPool], None]


class _Target:
    """A ring and the size that it wants; replaced as one."""

    def __init__(self, ring: str, width: int, height: int) -> None:
        self.writer = FrameWriter(Path(ring))
        self.size = width, height


class _Stream(threading.Thread):
    """One generation of one camera."""

    def __init__(self, order: control.Open, tell: Tell, clock: Clock) -> None:
        super().__init__(name=f"camera {order.camera}", daemon=True)
        self._order, self._tell, self._clock = order, tell, clock
        self._stop_asked = threading.Event()
        self.target = _Target(order.ring, order.width, order.height)
        self.newest: tuple[Picture, float] | None = None

    def shut(self) -> None:
        """Ask the thread to end; it may take as long as a read takes."""
        self._stop_asked.set()

    def run(self) -> None:
        reason = "failed"
        try:
            reason = self._play()
        except Exception as error:  # noqa: BLE001 - a foreign library: this camera ends, its neighbours go on
            reason = f"failed: {type(error).__name__}"
        finally:
            self.newest = None
            self._tell(control.Ended(self._order.camera, self._order.generation, reason))

    def _play(self) -> str:
        video = decode.open_video(self._order.url, self._clock)
        if video is None:
            return "not-open"
        try:
            if not self._stop_asked.is_set():
                self._tell(control.Opened(self._order.camera, self._order.generation, *video.size))
            return self._copy(video)
        finally:
            video.close()

    def _copy(self, video: decode.Video) -> str:
        likeness = decode.Likeness()
        while not self._stop_asked.is_set():
            picture = video.read(self._stop_asked.wait)
            if picture is None:
                break
            now = self._clock.monotonic_s()
            likeness.look(picture, now)
            target = self.target
            target.writer.write(decode.fit(picture, *target.size), now, likeness.changed_s, likeness.black_s)
            self.newest = picture, now
        return "shut" if self._stop_asked.is_set() else "no-picture"


class Worker:
    """Obeys the lines of `orders` until they end; answers on `answers`."""

    def __init__(self, orders: BinaryIO, answers: BinaryIO, clock: Clock) -> None:
        self._orders, self._answers, self._clock = orders, answers, clock
        self._telling = threading.Lock()
        self._streams: dict[str, _Stream] = {}
        self._generations: dict[str, int] = {}
        self._ending = threading.Event()

    def run(self) -> None:
        """Work until the orders end."""
        beat = threading.Thread(target=self._beat, name="beat", daemon=True)
        beat.start()
        decoder = msgspec.json.Decoder(control.ToWorker)
        for line in self._orders:
            self._obey(decoder.decode(line))
        self._ending.set()
        for stream in self._streams.values():
            stream.shut()
        beat.join(1.0)

    def _obey(self, order: control.ToWorker) -> None:
        match order:
            case control.Open():
                self._open(order)
            case control.Resize(camera, generation, ring, width, height):
                if self._generations.get(camera) == generation and Path(ring).exists():
                    self._streams[camera].target = _Target(ring, width, height)
            case control.Shut(camera, generation):
                if self._generations.get(camera) == generation:
                    self._streams[camera].shut()
            case control.Shoot(number, camera, generation):
                self._tell(control.Shot(number, self._shot(camera, generation)))

    def _open(self, order: control.Open) -> None:
        if order.camera in self._streams:
            self._streams[order.camera].shut()
        try:
            stream = _Stream(order, self._tell, self._clock)
        except (OSError, ValueError):
            self._tell(control.Ended(order.camera, order.generation, "no-memory"))
            return
        self._streams[order.camera] = stream
        self._generations[order.camera] = order.generation
        stream.start()

    def _shot(self, camera: str, generation: int) -> bytes:
        newest = self._streams[camera].newest if self._generations.get(camera) == generation else None
        if newest is None:
            return b""
        picture, stamp_s = newest
        taken_ms = self._clock.now_ms() - round((self._clock.monotonic_s() - stamp_s) * 1000)
        taken = datetime.fromtimestamp(taken_ms / 1000, UTC).isoformat(timespec="milliseconds")
        return decode.jpeg(picture, f"gwanje camera={camera} taken={taken}")

    def _beat(self) -> None:
        number = 0
        while not self._ending.wait(BEAT_S if number else 0.0):
            number += 1
            self._tell(control.Beat(number))

    def _tell(self, message: control.ToPool) -> None:
        with self._telling:
            try:
                self._answers.write(control.line(message))
                self._answers.flush()
            except (OSError, ValueError):  # nobody listens any more; stdin will end, too
                self._ending.set()


def main(args: Sequence[str] = ()) -> int:
    """The process: stdin brings orders and is the lifeline, stdout takes the answers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the console, which then closes our stdin
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # a library that prints must not spoil the lines
    Worker(sys.stdin.buffer, answers, SystemClock()).run()
    os._exit(0)  # a hanging decoder thread must not hold the process
