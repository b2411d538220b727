"""What a central platform promises about entries, as plain rules without any storage."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from console.errors import Refused
from console.sync.ports import Fork, Gap, Moved, Put
from db.entries import FIRST_PREV, LONGEST_BODY, chain
from db.records import Entry, Head
from db.sync import Row


class Ledger:
    """Rows in the order of their positions, from 1, and per log the hashes in order."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self._logs: dict[tuple[str, int], list[Row]] = {}

    def add(self, rows: Iterable[Row]) -> None:
        """Take rows that `accept` made."""
        for row in rows:
            self.rows.append(row)
            self._logs.setdefault((row.device, row.epoch), []).append(row)

    def head(self, device: str, epoch: int) -> Head:
        log = self._logs.get((device, epoch), [])
        return Head(device=device, epoch=epoch, count=len(log), hash=log[-1].hash if log else FIRST_PREV)

    def last_epoch(self, device: str) -> int:
        return max((epoch for name, epoch in self._logs if name == device), default=0)

    def hash_at(self, device: str, epoch: int, seq: int) -> str | None:
        log = self._logs.get((device, epoch), [])
        return log[seq - 1].hash if 1 <= seq <= len(log) else None

    def accept(self, entries: Sequence[Entry]) -> list[Row]:
        """The new rows that storing `entries` needs; raises Fork, Gap or Refused and changes nothing."""
        if not entries:
            return []
        first = entries[0]
        here = self.head(first.device, first.epoch)
        if first.seq > here.count + 1:
            raise Gap(f"Entries before {first.seq} are missing")
        rows: list[Row] = []
        seq, prev = here.count, here.hash
        for entry in entries:
            if entry.seq <= here.count:
                if self.hash_at(entry.device, entry.epoch, entry.seq) != entry.hash:
                    raise Fork(f"Entry {entry.seq} is here with another hash")
                continue
            if (entry.device, entry.epoch, entry.seq) != (first.device, first.epoch, seq + 1):
                raise Gap(f"Entry {entry.seq} does not come next")
            if entry.prev != prev:
                raise Fork(f"Entry {seq} is here with another hash")
            if chain(prev, entry.body) != entry.hash:
                raise Refused(f"The hash of entry {entry.seq} does not belong to its text")
            rows.append(self._row(entry, len(self.rows) + len(rows) + 1))
            seq, prev = entry.seq, entry.hash
        return rows

    def _row(self, entry: Entry, position: int) -> Row:
        why = fault(entry)
        body = None if why else entry.body
        return Row(position, entry.device, entry.epoch, entry.seq, entry.prev, entry.hash, body, why)

    def answer(self, entries: Sequence[Entry]) -> Put:
        """What to answer once the entries are stored."""
        device, epoch = entries[0].device, entries[0].epoch
        log = self._logs.get((device, epoch), [])
        sent = log[entries[0].seq - 1 : entries[-1].seq]
        refused = [(row.seq, row.refused) for row in sent if row.refused is not None]
        return Put(self.head(device, epoch), refused)

    def after(self, position: int, digest: str, limit: int) -> list[Row]:
        """Rows after `position`; raises Moved if the row there is not the one of `digest`."""
        if position > 0 and (position > len(self.rows) or self.rows[position - 1].hash != digest):
            raise Moved(f"Row {position} is not the one that was known")
        return self.rows[position : position + limit]


def fault(entry: Entry) -> str | None:
    """Why the centre sets an entry aside, None if it keeps it (002_functions.sql says the same)."""
    if len(entry.body.encode()) > LONGEST_BODY:
        return "longer than 1 MiB"
    try:
        cloud = json.loads(entry.body)
    except ValueError:
        return "not readable as JSON"
    if not isinstance(cloud, dict) or cloud.get("specversion") != "1.0" or not cloud.get("type"):
        return "not a CloudEvent 1.0"
    if (cloud.get("device"), cloud.get("epoch"), cloud.get("seq")) != (entry.device, entry.epoch, entry.seq):
        return "its text is of another place in the log"
    return None
