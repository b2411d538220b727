"""The only module that imports cv2: opening, reading, scaling and packing pictures.

Pictures are rows x columns x 3, 8 bits; `Video` gives (blue, green, red), `fit`
turns into (red, green, blue). Never an audio track.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

import numpy as np
import numpy.typing as npt

from console.cameras.frames import Picture
from console.clock import Clock

# FFmpeg reads these once, at the first capture. RTSP over TCP, no buffering, no sound.
os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = (
    "rtsp_transport;tcp|allowed_media_types;video|fflags;nobuffer|flags;low_delay|max_delay;0|analyzeduration;1000000"
)
os.environ["OPENCV_FFMPEG_LOGLEVEL"] = "-8"
os.environ["OPENCV_LOG_LEVEL"] = "SILENT"

import cv2

for _name in ("QT_QPA_PLATFORM_PLUGIN_PATH", "QT_QPA_FONTDIR"):  # cv2 sets them; another Qt would obey
    os.environ.pop(_name, None)

__all__ = ["FASTEST", "Clip", "Likeness", "Video", "clip", "cv2", "fit", "jpeg", "open_video"]

OPEN_TIMEOUT_MS = 3000
READ_TIMEOUT_MS = 3000
KEY_FRAME_S = 12.0
FASTEST = 15.0  # pictures a second; more are read, as the decoder must, but not turned into pixels

cv2.setNumThreads(1)


class Video:
    """An open stream or file."""

    def __init__(self, capture: cv2.VideoCapture, clock: Clock, *, is_file: bool) -> None:
        self._capture = capture
        self._clock = clock
        self._is_file = is_file
        rate = capture.get(cv2.CAP_PROP_FPS)
        self._step_s = 1.0 / rate if is_file and 0.1 <= rate <= 240 else 1.0 / 25
        self._due_s = self._opened_s = clock.monotonic_s()
        self._given_s = -1.0

    @property
    def size(self) -> tuple[int, int]:
        """Width and height as the stream announces them."""
        return (
            int(self._capture.get(cv2.CAP_PROP_FRAME_WIDTH)),
            int(self._capture.get(cv2.CAP_PROP_FRAME_HEIGHT)),
        )

    def read(self, wait: Callable[[float], bool]) -> Picture | None:
        """The next picture; None when the stream gave none for 3 s, or `wait` said to stop.

        A file plays at its own rate and begins again at its end.
        """
        while True:
            if self._is_file and not self._pace(wait):
                return None
            if not self._grab(wait):
                return None
            now = self._clock.monotonic_s()
            if now - self._given_s < 0.9 / FASTEST:
                continue
            good, picture = self._capture.retrieve()
            if not good or picture.size == 0:
                return None
            self._given_s = now
            return np.asarray(picture, np.uint8)

    def close(self) -> None:
        """Let the stream go."""
        self._capture.release()

    def _grab(self, wait: Callable[[float], bool]) -> bool:
        """Whether there is a next picture. The first may take several timeouts: it waits for a key frame."""
        while True:
            began = self._clock.monotonic_s()
            if self._capture.grab():
                return True
            if self._is_file:
                return self._rewind()
            now = self._clock.monotonic_s()
            timed_out = now - began > 0.8 * READ_TIMEOUT_MS / 1000  # else the stream is at its end
            patient = self._given_s < 0 and now - self._opened_s < KEY_FRAME_S
            if not timed_out or not patient or wait(0.0):
                return False

    def _pace(self, wait: Callable[[float], bool]) -> bool:
        now = self._clock.monotonic_s()
        if self._due_s > now and wait(self._due_s - now):
            return False
        self._due_s = max(self._due_s + self._step_s, now - 1.0)
        return True

    def _rewind(self) -> bool:
        return bool(self._capture.set(cv2.CAP_PROP_POS_FRAMES, 0)) and bool(self._capture.grab())


def open_video(url: str, clock: Clock) -> Video | None:
    """Open a camera (rtsp, http) or a file (file:, or a bare path); None if it does not answer in 3 s."""
    is_file = "://" not in url or url.startswith("file:")
    where = _file_path(url) if is_file else url
    settings = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, OPEN_TIMEOUT_MS]
    settings += [cv2.CAP_PROP_READ_TIMEOUT_MSEC, READ_TIMEOUT_MS, cv2.CAP_PROP_N_THREADS, 1]
    capture = cv2.VideoCapture(where, cv2.CAP_FFMPEG, settings)
    if not capture.isOpened():
        capture.release()
        return None
    return Video(capture, clock, is_file=is_file)


class Clip(NamedTuple):
    """What a video file says of itself; `readable` is whether its first picture could be decoded."""

    frames: int
    width: int
    height: int
    rate: float
    codec: str
    readable: bool


def clip(path: Path) -> Clip | None:
    """The facts of a video file, None where it is none."""
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, 1])
    try:
        if not capture.isOpened():
            return None
        number = capture.get(cv2.CAP_PROP_FOURCC)
        code = int(number) if 0 < number < 1 << 32 else 0
        rate = capture.get(cv2.CAP_PROP_FPS)
        frames = capture.get(cv2.CAP_PROP_FRAME_COUNT)
        return Clip(
            frames=int(frames) if 0 < frames < 1 << 40 else 0,
            width=int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)),
            height=int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT)),
            rate=round(rate, 3) if 0 < rate < 1000 else 0.0,
            codec=code.to_bytes(4, "little").decode("ascii", "replace").strip("\0 "),
            readable=bool(capture.read()[0]),
        )
    finally:
        capture.release()


def _file_path(url: str) -> str:
    if not url.startswith("file:"):
        return url
    path = unquote(urlsplit(url).path)
    if os.name == "nt":
        path = path.lstrip("/")
    return str(Path(path))


def fit(picture: Picture, width: int, height: int) -> Picture:
    """The picture as (red, green, blue), made smaller to fit width x height; never larger."""
    rows, columns = picture.shape[:2]
    share = min(width / columns, height / rows, 1.0)
    if share < 1.0:
        size = max(1, int(columns * share)), max(1, int(rows * share))
        picture = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
    if picture.ndim == 2:
        return np.asarray(cv2.cvtColor(picture, cv2.COLOR_GRAY2RGB), np.uint8)
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8)


def jpeg(picture: Picture, comment: str = "", quality: int = 90) -> bytes:
    """A (blue, green, red) picture as JPEG, with a comment inside that says what it is."""
    good, packed = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not good:
        return b""
    body = packed.tobytes()
    note = comment.encode()[:60_000]
    if not note:
        return body
    return body[:2] + b"\xff\xfe" + (len(note) + 2).to_bytes(2, "big") + note + body[2:]


class Likeness:
    """Whether pictures still change, and whether there is anything in them.

    A picture counts as the same while no sampled point differs by more than
    `_SAME` levels from the picture that last counted as new: less than what a
    sensor's noise does, as much as coding the same picture again does.
    """

    _SAME = 2
    _BLACK_MEAN, _BLACK_MOST = 14.0, 48.0

    def __init__(self) -> None:
        self._mark: npt.NDArray[np.int16] | None = None
        self.changed_s = 0.0
        self.black_s: float | None = None

    def look(self, picture: Picture, now_s: float) -> None:
        """Take note of a picture that came at `now_s`."""
        stride = max(1, picture.shape[0] // 90)
        points = picture[::stride, ::stride].astype(np.int16)
        if self._differs(points):
            self._mark = points
            self.changed_s = now_s
        black = float(points.mean()) < self._BLACK_MEAN and float(points.max()) < self._BLACK_MOST
        self.black_s = (self.black_s if self.black_s is not None else now_s) if black else None

    def _differs(self, points: npt.NDArray[np.int16]) -> bool:
        if self._mark is None or self._mark.shape != points.shape:
            return True
        return int(np.abs(points - self._mark).max()) > self._SAME
