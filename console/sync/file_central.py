"""A folder as central platform: for the demo, for tests, and for consoles that share a disk.

`entries.ndjson` holds one row a line in the order of positions and only grows;
`blobs/` holds the attachments. Who reads or writes holds the lock of the
folder. A line that was cut off by a crash has no line end: it was never
acknowledged, and the next writer removes it.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from console.clock import SystemClock
from console.errors import Refused, StoreError, Unavailable
from console.sync.ledger import Ledger
from console.sync.locking import locked
from console.sync.ports import CHUNK, BlobState, Greeting, Put
from db import blobs
from db.records import Entry, Head
from db.sync import Row

VERSION = 1
_row = msgspec.json.Decoder(Row)


class FileCentral:
    """A central platform in a folder; several consoles may use it at once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._rows = folder / "entries.ndjson"
        self._blobs = folder / "blobs"
        self._ledger = Ledger()
        self._end = 0
        self._clock = SystemClock()

    def hello(self) -> Greeting:
        with self._current() as ledger:
            name = json.loads((self._folder / "centre.json").read_text(encoding="utf-8"))["name"]
            return Greeting(str(name), VERSION, self._clock.now_ms(), len(ledger.rows))

    def head(self, device: str, epoch: int) -> Head:
        with self._current() as ledger:
            return ledger.head(device, epoch)

    proof = head

    def last_epoch(self, device: str) -> int:
        with self._current() as ledger:
            return ledger.last_epoch(device)

    def hash_at(self, device: str, epoch: int, seq: int) -> str | None:
        with self._current() as ledger:
            return ledger.hash_at(device, epoch, seq)

    def put_entries(self, entries: Sequence[Entry]) -> Put:
        with self._current() as ledger:
            rows = ledger.accept(entries)
            self._append(rows)
            ledger.add(rows)
            return ledger.answer(entries)

    def entries_after(self, position: int, digest: str, device: str, epoch: int, limit: int) -> list[Row]:
        with self._current() as ledger:
            rows = ledger.after(position, digest, limit)
        own = (device, epoch)
        return [row._replace(body=None) if (row.device, row.epoch) == own else row for row in rows]

    def blob_state(self, sha256: str) -> BlobState | None:
        with self._current():
            here, whole = blobs.have(self._blobs, sha256), blobs.size(self._blobs, sha256)
            return BlobState(here, here, whole is not None) if here or whole is not None else None

    def put_blob(self, sha256: str, size: int, at: int, chunk: bytes) -> int:
        with self._current():
            if at != blobs.have(self._blobs, sha256):
                return blobs.have(self._blobs, sha256)
            try:
                return blobs.put_chunk(self._blobs, sha256, at, chunk, last=True, size=size)["have"]
            except Refused:
                return -1

    def get_blob(self, sha256: str, at: int) -> bytes:
        with self._current():
            try:
                return blobs.read_chunk(self._blobs, sha256, at, CHUNK)
            except FileNotFoundError:
                return b""

    def close(self) -> None:
        """Nothing is held between calls."""

    @contextlib.contextmanager
    def _current(self) -> Iterator[Ledger]:
        """The rows as they are now, under the folder's lock."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with locked(self._folder / "lock"):
                self._make()
                self._catch_up()
                yield self._ledger
        except OSError as error:
            raise Unavailable(
                f"The central folder {self._folder} cannot be used ({error.strerror})"
            ) from error

    def _make(self) -> None:
        described = self._folder / "centre.json"
        if not described.exists():
            fresh = self._folder / "centre.json.new"
            fresh.write_text(
                json.dumps({"name": secrets.token_hex(16), "version": VERSION}), encoding="utf-8"
            )
            fresh.replace(described)
        self._rows.touch()

    def _catch_up(self) -> None:
        if self._rows.stat().st_size < self._end:  # it was put back to an older state
            self._ledger, self._end = Ledger(), 0
        with self._rows.open("rb") as file:
            file.seek(self._end)
            text = file.read()
        whole = text[: text.rfind(b"\n") + 1]
        try:
            rows = [_row.decode(line) for line in whole.splitlines()]
        except msgspec.DecodeError as error:
            raise StoreError(f"{self._rows}: a line is not a row of the central folder ({error})") from error
        self._ledger.add(rows)
        self._end += len(whole)

    def _append(self, rows: Sequence[Row]) -> None:
        if not rows:
            return
        text = b"".join(msgspec.json.encode(row) + b"\n" for row in rows)
        with self._rows.open("r+b") as file:
            file.truncate(self._end)
            file.seek(self._end)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        self._end += len(text)
