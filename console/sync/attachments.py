"""Attachments both ways, in chunks that go on where they stopped, after all entries."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sqlite_utils import Database

from console.clock import Clock
from console.errors import Refused
from console.sync.exchange import Writer
from console.sync.ports import CHUNK, Central
from db import blobs, sync
from db.records import Record
from db.sync import Blob

SLICE_BYTES = 4 * 1024 * 1024


def carry(db: Database, central: Central, engine: Writer, folder: Path, clock: Clock) -> bool:
    """Move attachments for at most 4 MiB, small ones first; True if there is more to do at once.

    Entries go before attachments: it ends early when new entries wait. One
    that is on neither side is left for another time.
    """
    left = SLICE_BYTES
    for blob in sync.open_blobs(db):
        while left > 0:
            moved = _up(central, folder, blob) if _is_here(folder, blob) else _down(central, folder, blob)
            if moved is None:
                engine.call(_settle(blob))
                break
            if moved == 0:
                break
            left -= moved
            if sync.backlog(db).unsent:
                return True
        if left <= 0:
            return True
    return False


def _is_here(folder: Path, blob: Blob) -> bool:
    return blobs.size(folder, blob.sha256) is not None


def _up(central: Central, folder: Path, blob: Blob) -> int | None:
    """Send the next chunk; its bytes, or None once the centre has all."""
    state = central.blob_state(blob.sha256)
    if state is not None and state.complete:
        return None
    at = max(state.have, 0) if state is not None else 0
    size = blobs.size(folder, blob.sha256) or 0
    chunk = blobs.read_chunk(folder, blob.sha256, at, CHUNK)
    here = central.put_blob(blob.sha256, size, at, chunk)
    return None if here == size else max(len(chunk), 1)


def _down(central: Central, folder: Path, blob: Blob) -> int | None:
    """Take the next chunk; its bytes, 0 if the centre has it not complete, None once all is here."""
    state = central.blob_state(blob.sha256)
    if state is None or not state.complete:
        return 0
    at = blobs.have(folder, blob.sha256)
    chunk = central.get_blob(blob.sha256, at) if at < state.size else b""
    try:
        blobs.put_chunk(folder, blob.sha256, at, chunk, last=at + len(chunk) == state.size, size=state.size)
    except Refused:
        return max(len(chunk), 1)  # it was forgotten and begins anew
    return None if _is_here(folder, blob) else len(chunk)


def _settle(blob: Blob) -> Callable[[Database], list[Record]]:
    def job(db: Database) -> list[Record]:
        sync.settle_blob(db, blob.sha256)
        return []

    return job
