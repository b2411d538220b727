"""Files of an incident: sent to the core in chunks, fetched for a preview, saved elsewhere.

Reading, digests, decoding and saving happen in the thread pool; the results
come back through signals to bound slots in the GUI thread.
"""

from __future__ import annotations

import hashlib
import mimetypes
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import (
    QBuffer,
    QByteArray,
    QIODevice,
    QObject,
    QSize,
    Qt,
    QThreadPool,
    Signal,
    Slot,
)
from PySide6.QtGui import QImage, QImageReader

from widgets.bridge import Bridge

CHUNK = 256 * 1024
_STEPS_BACK = 3  # how often the core may have less than was sent before the upload fails
PREVIEW_MOST = 32 * 1024 * 1024
PICTURES = {"image/jpeg", "image/png", "image/webp", "image/bmp", "image/gif"}
_FORMATS = {b"jpeg", b"jpg", b"png", b"webp", b"bmp", b"gif"}


class _Outcome(QObject):
    done = Signal(object)
    failed = Signal(str)


def in_pool(work: Callable[[], Any], done: Callable[[Any], None], failed: Callable[[str], None]) -> QObject:
    """Do `work` in the thread pool; its value, or the reason why not, goes to a bound slot.

    The caller keeps what is returned until then.
    """
    outcome = _Outcome()
    outcome.done.connect(done)
    outcome.failed.connect(failed)

    def run() -> None:
        try:
            value = work()
        except (OSError, ValueError) as error:
            outcome.failed.emit(str(error))
        else:
            outcome.done.emit(value)

    QThreadPool.globalInstance().start(run)
    return outcome


class Source:
    """The bytes to attach: a file, or a picture that is in memory already."""

    def __init__(self, path: Path | None = None, data: bytes = b"") -> None:
        self._path, self._data = path, data

    def digest(self) -> tuple[str, int]:
        """SHA-256 and number of bytes."""
        if self._path is None:
            return hashlib.sha256(self._data).hexdigest(), len(self._data)
        count, sha256 = 0, hashlib.sha256()
        with self._path.open("rb") as file:
            while piece := file.read(CHUNK):
                sha256.update(piece)
                count += len(piece)
        return sha256.hexdigest(), count

    def chunk(self, offset: int) -> bytes:
        """At most 256 KiB from `offset`."""
        if self._path is None:
            return self._data[offset : offset + CHUNK]
        with self._path.open("rb") as file:
            file.seek(offset)
            return file.read(CHUNK)


class Upload(QObject):
    """One file on its way into an incident; goes on where it stopped when started again.

    Signals:
        moved: bytes that the core has, bytes in all.
        finished: an empty text, or why it was not attached.
    """

    moved = Signal(int, int)
    finished = Signal(str)

    def __init__(
        self,
        bridge: Bridge,
        incident: str,
        name: str,
        media_type: str,
        source: Source,
        camera: str = "",
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.incident, self.name, self.camera = incident, name[-200:], camera
        self._media_type = media_type
        self._bridge, self._source = bridge, source
        self._sha256, self._size, self._at = "", 0, 0
        self._working: QObject | None = None
        self._steps_back = 0
        self.cancelled = False

    def start(self) -> None:
        """Compute the digest, send the chunks, attach."""
        self._steps_back = 0
        self._begin(self._source.digest, self._on_digest)

    def cancel(self) -> None:
        """Stop before the next chunk; the incident gets nothing."""
        self.cancelled = True

    def _begin(self, work: Callable[[], Any], then: Callable[[Any], None]) -> None:
        self._working = in_pool(work, then, self._fail)

    @Slot(object)
    def _on_digest(self, found: tuple[str, int]) -> None:
        if found[0] != self._sha256:
            self._at = 0
        self._sha256, self._size = found
        if self._size == 0:
            self._fail("file_empty")
            return
        self._next()

    def _next(self) -> None:
        if self.cancelled:
            self._fail("cancelled")
            return
        self.moved.emit(self._at, self._size)
        if self._at >= self._size:
            self._attach()
            return
        at = self._at
        self._begin(lambda: self._source.chunk(at), self._on_chunk)

    @Slot(object)
    def _on_chunk(self, chunk: bytes) -> None:
        if not chunk:
            self._fail("file_changed")
            return
        last = self._at + len(chunk) >= self._size
        args = {"sha256": self._sha256, "offset": self._at, "chunk": chunk, "last": last, "size": self._size}
        self._bridge.command("blob.put", args, self._on_put)

    def _on_put(self, value: Any, error: str) -> None:
        if error:
            self._fail(error)
            return
        have = value.get("have") if isinstance(value, dict) else None
        if not isinstance(have, int) or (have <= self._at and self._steps_back >= _STEPS_BACK):
            self._fail("file_changed")
            return
        self._steps_back += have <= self._at
        self._at = have
        self._next()

    def _attach(self) -> None:
        args = {
            "incident": self.incident, "name": self.name, "media_type": self._media_type,
            "sha256": self._sha256, "camera": self.camera,
        }  # fmt: skip
        self._bridge.command("incident.attach", args, self._on_attached)

    def _on_attached(self, _value: Any, error: str) -> None:
        self.finished.emit(error)

    @Slot(str)
    def _fail(self, reason: str) -> None:
        self.finished.emit(reason)


def media_type(path: Path) -> str:
    """The media type by the file's name."""
    return mimetypes.guess_type(path.name)[0] or "application/octet-stream"


def safe_name(name: str) -> str:
    """A name from outside as a file name that cannot leave its folder."""
    cleaned = re.sub(r'[\x00-\x1f<>:"/\\|?*]', "_", name).strip(" .")
    return cleaned[:120] or "attachment"


def picture(data: bytes, most: QSize) -> QImage:
    """The picture within `most`; ValueError when it is none of the plain formats."""
    buffer = QBuffer()
    buffer.setData(QByteArray(data))
    buffer.open(QIODevice.OpenModeFlag.ReadOnly)
    reader = QImageReader(buffer)
    reader.setAutoTransform(True)
    if bytes(reader.format().data()) not in _FORMATS:
        raise ValueError("not a picture")
    size = reader.size()
    if size.isValid() and (size.width() > most.width() or size.height() > most.height()):
        reader.setScaledSize(size.scaled(most, Qt.AspectRatioMode.KeepAspectRatio))
    image = reader.read()
    if image.isNull():
        raise ValueError(reader.errorString())
    return image


def save(path: Path, data: bytes) -> str:
    """Write beside `path`, then put it in its place; returns the name."""
    part = path.with_name(path.name + ".part")
    part.write_bytes(data)
    part.replace(path)
    return path.name
