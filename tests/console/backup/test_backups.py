"""Backups count only when they were restored and checked, and the last good one never goes."""

from __future__ import annotations

from pathlib import Path

import pytest

from console.backup import backups
from console.clock import ManualClock
from db import connection, entries, ops
from db.records import Draft

KEY = bytes(range(32))
DAY_S = 86_400


@pytest.fixture
def source(tmp_path: Path) -> Path:
    db = connection.open_writer(tmp_path / "ops.db", KEY, ops.migrations)
    with db.atomic():
        entries.append(db, Draft("note", "x", 1, "a", {}))
    db.close()
    return tmp_path / "ops.db"


def test_a_backup_is_proved_and_leaves_no_scratch(source: Path, tmp_path: Path) -> None:
    made = backups.make(source, tmp_path / "b", KEY, ManualClock())
    assert (made.verified_ms, made.entries) == (1_800_000_000_000, 1)
    assert sorted(path.suffix for path in (tmp_path / "b").iterdir()) == [".db", ".json"]


def test_a_flipped_bit_takes_the_proof_away(source: Path, tmp_path: Path) -> None:
    path = tmp_path / "b" / backups.make(source, tmp_path / "b", KEY, ManualClock()).name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    found = backups.verify(path, KEY, ManualClock())
    assert (found.verified_ms, "damaged" in found.detail) == (None, True)
    assert backups.verified(tmp_path / "b") == []


def test_the_newest_stay_and_one_a_day_and_never_none(source: Path, tmp_path: Path) -> None:
    clock, folder = ManualClock(), tmp_path / "b"
    for _ in range(12):
        backups.make(source, folder, KEY, clock)
        clock.advance(DAY_S / 4)
    backups.rotate(folder, keep=2, keep_days=30, now_ms=clock.now_ms())
    assert len(backups.verified(folder)) == 4
    clock.advance(100 * DAY_S)
    backups.rotate(folder, keep=2, keep_days=30, now_ms=clock.now_ms())
    assert len(backups.verified(folder)) == 2


def test_where_none_is_proved_nothing_goes(source: Path, tmp_path: Path) -> None:
    folder, clock = tmp_path / "b", ManualClock()
    for _ in range(3):
        path = folder / backups.make(source, folder, KEY, clock).name
        path.write_bytes(b"?")
        backups.verify(path, KEY, clock)
        clock.advance(1)
    assert backups.rotate(folder, keep=2, keep_days=1, now_ms=clock.now_ms() + 10**10) == []
