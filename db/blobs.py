"""Attachments as files named by their SHA-256; a file under its name is complete and verified."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

from db.errors import Refused, Unavailable

CHUNK = 256 * 1024
LARGEST = 256 * 1024**2

_SHA256 = re.compile(r"[0-9a-f]{64}")


def path(folder: Path, sha256: str) -> Path:
    """Where the complete blob lies, whether or not it is there."""
    return folder / _checked(sha256)[:2] / sha256


def size(folder: Path, sha256: str) -> int | None:
    """Bytes of the complete blob; None if it is not complete."""
    try:
        return path(folder, sha256).stat().st_size
    except FileNotFoundError:
        return None


def store(folder: Path, content: bytes | Path) -> str:
    """Keep a copy of `content`; returns its SHA-256. It is on the disk when this returns.

    Raises Unavailable if the disk refuses; then nothing stays under the name.
    """
    source = content if isinstance(content, bytes) else content.read_bytes()
    sha256 = hashlib.sha256(source).hexdigest()
    if size(folder, sha256) is None:
        put_chunk(folder, sha256, 0, source, last=True, size=len(source))
    return sha256


def have(folder: Path, sha256: str) -> int:
    """Bytes that are here, of a complete or a growing blob."""
    whole = size(folder, sha256)
    if whole is not None:
        return whole
    try:
        return _part(folder, sha256).stat().st_size
    except FileNotFoundError:
        return 0


def put_chunk(folder: Path, sha256: str, offset: int, chunk: bytes, last: bool, size: int) -> dict[str, int]:
    """Let a blob grow; answers {"have": bytes here}, from which the sender goes on.

    A chunk that is here already, or that would leave a hole, changes nothing.
    With the last byte the content is verified; raises Refused (and forgets the
    part) if it is not what its name says, Unavailable if the disk refuses.
    """
    if not 0 <= offset <= size <= LARGEST or offset + len(chunk) > size:
        raise Refused(f"An attachment's chunk at {offset} does not fit into its {size} bytes")
    here = have(folder, sha256)
    if path(folder, sha256).exists():
        return {"have": here}
    if offset > here:
        return {"have": here}
    try:
        part = _part(folder, sha256)
        part.parent.mkdir(parents=True, exist_ok=True)
        with part.open("r+b" if part.exists() else "xb") as file:
            file.seek(offset)
            file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        if offset + len(chunk) == size and (last or chunk or size == 0):
            _complete(folder, sha256, size)
    except OSError as error:
        raise Unavailable(f"The attachment cannot be written ({error.strerror})") from error
    return {"have": have(folder, sha256)}


def read_chunk(folder: Path, sha256: str, offset: int, length: int = CHUNK) -> bytes:
    """Bytes of a complete blob from `offset` on; raises FileNotFoundError if it is not here."""
    with path(folder, sha256).open("rb") as file:
        file.seek(offset)
        return file.read(length)


def _complete(folder: Path, sha256: str, size: int) -> None:
    part = _part(folder, sha256)
    digest = hashlib.sha256()
    with part.open("r+b") as file:
        file.truncate(size)
        while block := file.read(CHUNK):
            digest.update(block)
        os.fsync(file.fileno())
    if digest.hexdigest() != sha256:
        part.unlink()
        raise Refused("The attachment did not arrive as it was sent; it must be sent again")
    whole = path(folder, sha256)
    whole.parent.mkdir(parents=True, exist_ok=True)
    part.replace(whole)
    for parent in (whole.parent, folder):
        sync_folder(parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder last, as `fsync` does with a file's bytes."""
    if os.name == "nt":
        return  # a folder cannot be opened there; the rename is journalled
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _part(folder: Path, sha256: str) -> Path:
    return folder / "part" / _checked(sha256)


def _checked(sha256: str) -> str:
    if not _SHA256.fullmatch(sha256):
        raise Refused("An attachment is named by 64 lower-case hexadecimal digits")
    return sha256
