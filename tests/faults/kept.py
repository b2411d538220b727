"""What was promised, and what of it a new start finds."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from sqlite_utils import Database

from console.clock import Clock
from console.core import Core
from console.errors import StoreError
from db import blobs, entries, history, incidents
from tests.faults.core_process import settings


@dataclass
class Promised:
    """What the core acknowledged: numbers to the broker, acts to the screens."""

    numbers: set[int] = field(default_factory=set)
    notes: set[str] = field(default_factory=set)
    files: set[str] = field(default_factory=set)
    incidents: set[str] = field(default_factory=set)

    def take(self, lines: Iterable[str]) -> None:
        """Read what a core process told."""
        kinds = {"note": self.notes, "file": self.files, "incident": self.incidents}
        for line in lines:
            kind, _, what = line.partition(" ")
            if kind in kinds:
                kinds[kind].add(what)

    def __len__(self) -> int:
        return len(self.numbers) + len(self.notes) + len(self.files) + len(self.incidents)


@dataclass
class Verdict:
    """What became of the promises, summed over many faults."""

    readings_lost: int = 0
    acts_lost: int = 0
    doubled: int = 0
    attachments_bad: int = 0
    corrupt: int = 0
    said: list[str] = field(default_factory=list)

    def is_clean(self) -> bool:
        """Whether nothing at all was lost, doubled or damaged."""
        return not any((self.readings_lost, self.acts_lost, self.doubled, self.attachments_bad, self.corrupt))

    def note(self, what: str) -> None:
        """Keep the first few findings for the report."""
        if len(self.said) < 20:
            self.said.append(what)

    def __str__(self) -> str:
        return (
            f"acknowledged readings lost {self.readings_lost}, acts lost {self.acts_lost},"
            f" doubled {self.doubled}, attachments bad {self.attachments_bad}, corrupt {self.corrupt}"
        )


def check(folder: Path, promised: Promised, verdict: Verdict, clock: Clock, when: str = "") -> None:
    """Start a real core on the folder and compare."""
    try:
        core = Core(folder, settings(), clock)
    except StoreError as error:
        if promised:
            verdict.corrupt += 1
            verdict.note(f"{when}: does not start: {error}")
        return
    try:
        core.start()
        for found in core.found:
            if found.what in ("damaged", "missing") and promised:
                verdict.corrupt += 1
                verdict.note(f"{when}: {found.text}")
        _compare_readings(core.open_feed_reader(), promised, verdict, when)
        _compare_acts(core.open_ops_reader(), core.blobs, promised, verdict, when)
    except StoreError as error:
        verdict.corrupt += 1
        verdict.note(f"{when}: {error}")
    finally:
        core.stop()


def numbers(db: Database) -> Counter[int]:
    """The numbers that are stored, as rows or sealed, each with how often."""
    found: Counter[int] = Counter()
    for source in [row[0] for row in db.conn.execute("SELECT source FROM series WHERE quantity = 'n'")]:
        page = history.rows(db, source, "n", 0, 2**53)
        while page:
            found.update(int(each.value) for each in page)
            page = history.rows(db, source, "n", 0, 2**53, after=page[-1])
    return found


def _compare_readings(db: Database, promised: Promised, verdict: Verdict, when: str) -> None:
    try:
        found = numbers(db)
    finally:
        db.close()
    lost = promised.numbers - set(found)
    doubled = sum(count - 1 for count in found.values())
    if lost or doubled:
        verdict.note(f"{when}: readings lost {sorted(lost)[:10]}, doubled {doubled}")
    verdict.readings_lost += len(lost)
    verdict.doubled += doubled


def _compare_acts(db: Database, folder: Path, promised: Promised, verdict: Verdict, when: str) -> None:
    try:
        broken = entries.verify(db)
        said = [(each.type, each.subject, json.loads(each.body)["data"]) for each in entries.every(db)]
        opened = [subject for kind, subject, _ in said if kind == "incident.opened"]
        folded = sum(incidents.get(db, each) is None for each in opened)
    finally:
        db.close()
    if broken or folded:
        verdict.corrupt += 1
        verdict.note(f"{when}: the log is broken: {broken}; {folded} incidents were not folded")
    notes = Counter(payload["text"] for kind, _, payload in said if kind == "incident.noted")
    files = Counter(payload["sha256"] for kind, _, payload in said if kind == "incident.attached")
    lost = (promised.notes - set(notes), promised.files - set(files), promised.incidents - set(opened))
    doubled = sum(count - 1 for each in (notes, files) for count in each.values())
    bad = [digest for digest in files if not _is_whole(folder, digest)]
    if any(lost) or doubled or bad:
        verdict.note(
            f"{when}: acts lost {[sorted(each)[:3] for each in lost]}, doubled {doubled}, bad {bad[:3]}"
        )
    verdict.acts_lost += sum(map(len, lost))
    verdict.doubled += doubled
    verdict.attachments_bad += len(bad)


def _is_whole(folder: Path, digest: str) -> bool:
    path = blobs.path(folder, digest)
    return path.exists() and hashlib.sha256(path.read_bytes()).hexdigest() == digest
