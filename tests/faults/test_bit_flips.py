"""One bit flips, anywhere: what is read afterwards is what was written, or the damage is told.

Files: both stores with their `-wal`, attachments, the journal, a backup. Flips in
free pages count too. A `-wal` ends where its checksums break: what follows is not
read and not wrong, and is counted apart.
"""

from __future__ import annotations

import hashlib
import json
import random
import shutil
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from console import logs
from console.backup import backups, framing
from console.clock import ManualClock, SystemClock
from console.core import Core
from console.errors import ConsoleError
from console.link import Command, Hello
from db import connection, entries, history, keys
from db.connection import SqlError
from tests.faults.core_process import settings
from tests.faults.tally_broker import TallyBroker

READINGS, NOTES = 600, 40
_NO_DAMAGE = ("unclean", "whole", "upgraded", "moved", "copied", "drive", "short", "alarms")


class Written:
    """A data folder as a core left it that was not ended, and what is in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "written"
        live, self.first_ms = folder / "live", SystemClock().now_ms() - 3_600_000
        with TallyBroker(self.first_ms, most=READINGS) as broker:
            core = Core(live, settings(broker.port), SystemClock())
            try:
                core.start()
                incident = _do(core, "1", "incident.open", title="비트", type="기타").id
                for n in range(NOTES):
                    _do(core, f"n{n}", "incident.note", incident=incident, text=f"note {n}")
                content = bytes(range(256)) * 200
                self.digest = hashlib.sha256(content).hexdigest()
                whole = {"offset": 0, "chunk": content, "last": True, "size": len(content)}
                _do(core, "b", "blob.put", sha256=self.digest, **whole)
                _do(core, "f", "incident.attach", **self._attached(incident))
                self.key = keys.data_key(live)
                backups.make(live / "ops.db", live / "backups", self.key, ManualClock())
                assert broker.wait_for_all(30)
                core.journal.flush()
                self.folder.mkdir()
                for path in sorted(live.rglob("*")):
                    if path.is_file() and path.suffix != ".lock":
                        target = self.folder / path.relative_to(live)
                        target.parent.mkdir(parents=True, exist_ok=True)
                        shutil.copy(path, target)
            finally:
                core.stop()
        self.journal = _frames(self.folder, self.key)
        wanted = ("feed.db", "ops.db", "feed.db-wal", "ops.db-wal", "blobs/*/*", "journal/*", "backups/*")
        self.files = [
            path.relative_to(self.folder) for each in wanted for path in sorted(self.folder.glob(each))
        ]

    def _attached(self, incident: str) -> dict[str, str]:
        return {"incident": incident, "name": "a", "media_type": "b", "sha256": self.digest}


def _do(core: Core, number: str, act: str, **args: Any) -> Any:
    return core._command(Command(number, act, dict(args)), Hello("ui", "test", "시험 요원"))


def _frames(folder: Path, key: bytes) -> list[list[bytes]]:
    sealing = framing.sealing_key(key)
    return [framing.read(sealing, path.read_bytes()).texts for path in sorted((folder / "journal").iterdir())]


def flip(path: Path, chance: random.Random) -> str:
    """Turn one bit; says which."""
    content = bytearray(path.read_bytes())
    at, bit = chance.randrange(len(content)), chance.randrange(8)
    content[at] ^= 1 << bit
    path.write_bytes(content)
    return f"{path.name} byte {at} bit {bit}"


def look(written: Written, folder: Path, flipped: Path) -> str:
    """`equal`, `told`, `tail` (the rest of a -wal is not read), or what is silently wrong."""
    if flipped.parts[0] == "blobs":
        digest = hashlib.sha256((folder / flipped).read_bytes()).hexdigest()
        return "told" if digest != flipped.name else "wrong: an attachment"
    if flipped.parts[0] == "backups":
        return _look_at_backup(folder / flipped, written.key)
    if flipped.parts[0] == "journal":
        found = _frames(folder, written.key)
        if found == written.journal:
            return "equal"
        begun = all(a == b[: len(a)] for a, b in zip(found, written.journal, strict=True))
        return "told" if begun else "wrong: the journal"
    return _look_at_stores(written, folder, flipped)


def _look_at_backup(path: Path, key: bytes) -> str:
    if path.suffix != ".db":
        folder = path.parent
        return "told" if not backups.verified(folder) else "equal"
    try:
        return "told" if backups.verify(path, key, ManualClock()).verified_ms is None else "wrong: a backup"
    except ConsoleError:
        return "told"


def _look_at_stores(written: Written, folder: Path, flipped: Path) -> str:
    (folder / "core.running").write_text("1\n")
    try:
        core = Core(folder, settings(), SystemClock())
    except ConsoleError:
        return "told"
    try:
        core.start()
        told = any(found.what not in _NO_DAMAGE for found in core.found)
        values, notes = _read(core)
    except (ConsoleError, SqlError):
        return "told"
    finally:
        core.stop()
    wrong = [(at, value) for at, value in values if at != written.first_ms + value]
    if wrong or any(each not in {f"note {n}" for n in range(NOTES)} for each in notes):
        return f"wrong: {wrong[:3]} {notes[:3]}"
    if len(set(values)) < len(values) or len(set(notes)) < len(notes):
        return "wrong: doubled"
    if len(values) == READINGS and len(notes) == NOTES:
        return "equal"
    if told:
        return "told"
    return "tail" if flipped.name.endswith("-wal") else f"wrong: {len(values)} readings, {len(notes)} notes"


def _read(core: Core) -> tuple[list[tuple[int, int]], list[str]]:
    with closing(core.open_feed_reader()) as db:
        values = [
            (each.observed_ms, int(each.value))
            for source in range(5)
            for each in history.rows(db, f"s{source}", "n", 0, 2**53)
        ]
    with closing(core.open_ops_reader()) as db:
        if entries.verify(db) is not None:
            raise ConsoleError("the log says that it is broken")
        said = [json.loads(each.body) for each in entries.every(db, "incident.noted")]
    return values, [each["data"]["text"] for each in said]


def flip_often(folder: Path, count: int, seed: int, say: Callable[[str], None]) -> None:
    logs.quiet()
    written, chance = Written(folder), random.Random(seed)
    came: Counter[str] = Counter()
    wrong = []
    for number in range(count):
        target = folder / "flipped"
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(written.folder, target)
        flipped = written.files[number % len(written.files)]
        what = flip(target / flipped, chance)
        outcome = look(written, target, flipped)
        came[outcome.split(":")[0]] += 1
        if outcome.startswith("wrong"):
            wrong.append(f"{what}: {outcome}")
    say(f"seed {seed}: {count} flips: {dict(came)}; silently wrong {len(wrong)}")
    assert not wrong, wrong
    assert came["told"] > count / 4


@pytest.mark.timeout(300)
def test_a_hundred_and_fifty_flipped_bits_are_told_or_harmless(
    tmp_path: Path, seed: int, totals: Callable[[str], None]
) -> None:
    flip_often(tmp_path, 150, seed, totals)


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_five_thousand_flipped_bits_are_told_or_harmless(
    tmp_path: Path, seed: int, totals: Callable[[str], None]
) -> None:
    flip_often(tmp_path, 5000, seed, totals)


def test_a_flip_that_the_page_checksums_would_miss_is_seen_by_this_test(tmp_path: Path) -> None:
    """The control: a value changed with the key, as no accident can, is found to be wrong."""
    logs.quiet()
    written = Written(tmp_path)
    db = connection._connect(written.folder / "feed.db", written.key)
    try:
        db.execute("UPDATE reading SET value = value + 1 WHERE observed_ms = ?", (written.first_ms + 7,))
    finally:
        db.close()
    assert _look_at_stores(written, written.folder, Path("feed.db")).startswith("wrong")
