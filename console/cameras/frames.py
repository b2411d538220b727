"""Pictures in shared memory: one writer, one reader, newest only.

A ring is a file that both sides map. Two slots: the writer fills the one that
is not newest, so a reader meets a half-written picture only if two pictures
come while it copies one; the slot's numbers then differ before and after, and
it copies again. All numbers are 8 bytes wide and aligned, written one by one.
"""

from __future__ import annotations

import math
import mmap
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.uint8]

SLOTS = 2
_MAGIC = 0x3130_4D52_464A_4E47
_HEAD = 64
_SLOT_HEAD = 64
# Places in the head (8-byte units): mark, capacity, generation, newest number.
_MARK, _CAPACITY, _GENERATION, _NEWEST = range(4)
# Places in a slot's head: number before and after writing, width, height; then as floats three stamps.
_BEGIN, _END, _WIDTH, _HEIGHT, _STAMP, _CHANGED, _BLACK = range(7)


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture, a copy that nobody else writes to.

    `picture` is rows x columns x (red, green, blue), 8 bits. Monotonic seconds:
    `stamp_s` when it was decoded, `changed_s` when its content last differed
    from the picture before, `black_s` since when it is black (None: it is not).
    """

    picture: Picture
    stamp_s: float
    sequence: int
    generation: int
    changed_s: float
    black_s: float | None


@dataclass(frozen=True, slots=True)
class Stamps:
    """What is known of the newest picture without copying it."""

    sequence: int
    stamp_s: float
    changed_s: float
    black_s: float | None


def create(path: Path, width: int, height: int, generation: int) -> None:
    """Make the file of a ring for pictures up to width x height, readable by its owner only.

    The room is taken at once where the system can, so that a full shared
    memory is an OSError here and not a bus error later.
    """
    capacity = _padded(width * height * 3)
    size = _HEAD + SLOTS * (_SLOT_HEAD + capacity)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    try:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(descriptor, 0, size)
        else:
            os.ftruncate(descriptor, size)
        head = np.array([_MAGIC, capacity, generation, 0], dtype=np.uint64)
        os.write(descriptor, head.tobytes())
    except OSError:
        path.unlink(missing_ok=True)
        raise
    finally:
        os.close(descriptor)


class _Ring:
    """A mapped ring; keeps its views so that closing can let them go first."""

    def __init__(self, path: Path) -> None:
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), 0)
        self._head = np.frombuffer(self._map, np.uint64, _HEAD // 8)
        if int(self._head[_MARK]) != _MAGIC:
            raise ValueError(f"{path.name} is not a ring of pictures")
        self.capacity = int(self._head[_CAPACITY])
        self.generation = int(self._head[_GENERATION])
        starts = [_HEAD + slot * (_SLOT_HEAD + self.capacity) for slot in range(SLOTS)]
        self._numbers = [np.frombuffer(self._map, np.uint64, 8, start) for start in starts]
        self._floats = [np.frombuffer(self._map, np.float64, 8, start) for start in starts]
        self._pixels = [np.frombuffer(self._map, np.uint8, self.capacity, s + _SLOT_HEAD) for s in starts]

    def close(self) -> None:
        """Let the mapping go; the object is of no use afterwards."""
        del self._head
        self._numbers, self._floats, self._pixels = [], [], []
        self._map.close()


class FrameWriter(_Ring):
    """The worker's end. One thread only."""

    def write(self, picture: Picture, stamp_s: float, changed_s: float, black_s: float | None) -> int:
        """Make `picture` the newest one; returns its number. It must fit the ring."""
        height, width = picture.shape[:2]
        size = width * height * 3
        if size > self.capacity:
            raise ValueError(f"a picture of {size} bytes does not fit {self.capacity}")
        number = int(self._head[_NEWEST]) + 1
        slot = number % SLOTS
        numbers, floats = self._numbers[slot], self._floats[slot]
        numbers[_BEGIN] = number
        self._pixels[slot][:size] = picture.reshape(-1)
        numbers[_WIDTH] = width
        numbers[_HEIGHT] = height
        floats[_STAMP] = stamp_s
        floats[_CHANGED] = changed_s
        floats[_BLACK] = math.nan if black_s is None else black_s
        numbers[_END] = number
        self._head[_NEWEST] = number
        return number


class FrameReader(_Ring):
    """The screen's end."""

    def stamps(self) -> Stamps | None:
        """Number and times of the newest picture, None before the first."""
        for _ in range(3):
            number = int(self._head[_NEWEST])
            if number == 0:
                return None
            slot = number % SLOTS
            numbers, floats = self._numbers[slot], self._floats[slot]
            whole = int(numbers[_END]) == number
            found = Stamps(number, float(floats[_STAMP]), float(floats[_CHANGED]), _real(floats[_BLACK]))
            if whole and int(numbers[_BEGIN]) == number:
                return found
        return None

    def newest(self, after: int = 0) -> Frame | None:
        """A copy of the newest picture if its number is above `after`; never a torn one."""
        for _ in range(3):
            number = int(self._head[_NEWEST])
            if number <= after:
                return None
            slot = number % SLOTS
            numbers, floats = self._numbers[slot], self._floats[slot]
            if int(numbers[_END]) != number:
                continue
            width, height = int(numbers[_WIDTH]), int(numbers[_HEIGHT])
            size = width * height * 3
            if not 0 < size <= self.capacity:
                continue
            picture = self._pixels[slot][:size].copy().reshape(height, width, 3)
            times = float(floats[_STAMP]), float(floats[_CHANGED]), _real(floats[_BLACK])
            if int(numbers[_BEGIN]) == number:
                return Frame(picture, times[0], number, self.generation, times[1], times[2])
        return None


def _real(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


def _padded(size: int) -> int:
    return (size + 63) // 64 * 64
