"""A central platform in memory that fails when told to."""

from __future__ import annotations

from collections.abc import Sequence

from console.errors import Unavailable
from console.sync.ledger import Ledger
from console.sync.ports import CHUNK, BlobState, Greeting, Put
from db.records import Entry, Head
from db.sync import Row


class MemoryCentral:
    """The promises of the port; `faults` are taken one per call: "request lost", "answer lost" or "none"."""

    def __init__(self) -> None:
        self.name = "memory"
        self.ledger = Ledger()
        self.parts: dict[str, bytes] = {}
        self.whole: dict[str, bytes] = {}
        self.faults: list[str] = []
        self.refusing: set[str] = set()

    def _maybe(self, when: str) -> None:
        if self.faults and self.faults[0] == when:
            self.faults.pop(0)
            raise Unavailable(when)
        if when == "answer lost" and self.faults and self.faults[0] == "none":
            self.faults.pop(0)

    def hello(self) -> Greeting:
        return Greeting(self.name, 1, 1_800_000_000_000, len(self.ledger.rows))

    def head(self, device: str, epoch: int) -> Head:
        return self.ledger.head(device, epoch)

    proof = head

    def last_epoch(self, device: str) -> int:
        return self.ledger.last_epoch(device)

    def hash_at(self, device: str, epoch: int, seq: int) -> str | None:
        return self.ledger.hash_at(device, epoch, seq)

    def put_entries(self, entries: Sequence[Entry]) -> Put:
        self._maybe("request lost")
        rows = self.ledger.accept(entries)
        ids = {entry.seq for entry in entries if entry.type in self.refusing}
        self.ledger.add(
            row._replace(body=None, refused="not wanted") if row.seq in ids else row for row in rows
        )
        self._maybe("answer lost")
        return self.ledger.answer(entries)

    def entries_after(self, position: int, digest: str, device: str, epoch: int, limit: int) -> list[Row]:
        self._maybe("request lost")
        rows = self.ledger.after(position, digest, limit)
        self._maybe("answer lost")
        own = (device, epoch)
        return [row._replace(body=None) if (row.device, row.epoch) == own else row for row in rows]

    def blob_state(self, sha256: str) -> BlobState | None:
        if sha256 in self.whole:
            return BlobState(len(self.whole[sha256]), len(self.whole[sha256]), True)
        part = self.parts.get(sha256)
        return BlobState(0, len(part), False) if part is not None else None

    def put_blob(self, sha256: str, size: int, at: int, chunk: bytes) -> int:
        self._maybe("request lost")
        part = self.parts.setdefault(sha256, b"")
        if at == len(part):
            part = self.parts[sha256] = part + chunk
            if len(part) == size:
                self.whole[sha256] = part
        self._maybe("answer lost")
        return len(part)

    def get_blob(self, sha256: str, at: int) -> bytes:
        return self.whole.get(sha256, b"")[at : at + CHUNK]

    def close(self) -> None:
        """Nothing is held."""
