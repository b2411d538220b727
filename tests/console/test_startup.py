"""One core per folder, and no loss without a word."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from console import startup
from console.clock import ManualClock
from console.errors import Refused, StoreError
from db import connection, counts, feed, ops

ROOT = Path(__file__).parents[2]
KEY = secrets.token_bytes(32)
KINDS = {"ops.db": ops.migrations, "feed.db": feed.migrations}


def make_stores(folder: Path) -> None:
    for name, migrations in KINDS.items():
        connection.open_writer(folder / name, KEY, migrations).close()


def examine(folder: Path) -> list[tuple[str, str]]:
    return [(each.store, each.what) for each in startup.examine(folder, KEY, ManualClock())]


def spoil(path: Path, page: int) -> None:
    content = bytearray(path.read_bytes())
    content[page * 4096 + 200] ^= 1
    path.write_bytes(content)


def test_a_second_core_is_refused_and_told_who_has_the_folder(tmp_path: Path) -> None:
    held = startup.lock(tmp_path)
    assert startup.is_held(tmp_path)
    with pytest.raises(Refused, match=rf"in use by process {os.getpid()}"):
        startup.lock(tmp_path)
    held.release()
    assert not startup.is_held(tmp_path)
    startup.lock(tmp_path).release()


HOLD = """
import sys, time
from pathlib import Path
from console import startup
held = startup.lock(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
def test_the_lock_of_a_killed_core_is_free(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        assert startup.holder_pid(tmp_path) == other.pid
        with pytest.raises(Refused):
            startup.lock(tmp_path)
        other.send_signal(signal.SIGKILL)
        other.wait()
    startup.lock(tmp_path).release()


def test_a_first_start_and_a_clean_one_find_nothing(tmp_path: Path) -> None:
    held = startup.lock(tmp_path)
    assert examine(tmp_path) == []
    make_stores(tmp_path)
    held.release()
    assert examine(tmp_path) == []


def test_after_an_unclean_end_the_stores_are_checked(tmp_path: Path) -> None:
    make_stores(tmp_path)
    examine(tmp_path)
    assert examine(tmp_path) == [("", "unclean"), ("ops.db", "whole"), ("feed.db", "whole")]


def test_an_end_that_was_not_clean_by_its_own_word_is_checked(tmp_path: Path) -> None:
    make_stores(tmp_path)
    held = startup.lock(tmp_path)
    examine(tmp_path)
    held.release(clean=False)
    assert ("", "unclean") in examine(tmp_path)


def test_a_damaged_store_is_set_aside_whole_and_said(tmp_path: Path) -> None:
    make_stores(tmp_path)
    examine(tmp_path)
    spoil(tmp_path / "feed.db", 3)
    content = (tmp_path / "feed.db").read_bytes()
    found = startup.examine(tmp_path, KEY, ManualClock())
    assert [(each.store, each.what) for each in found[1:]] == [
        ("ops.db", "whole"),
        ("feed.db", "damaged"),
        ("feed.db", "begun"),
    ]
    assert (tmp_path / found[2].kept_as).read_bytes() == content
    assert not (tmp_path / "feed.db").exists()
    db = connection.open_writer(tmp_path / "feed.db", KEY, feed.migrations)
    assert counts.all_counts(db) == []
    db.close()


def test_a_second_damage_at_the_same_time_overwrites_nothing(tmp_path: Path) -> None:
    make_stores(tmp_path)
    kept = []
    for _ in range(2):
        examine(tmp_path)
        spoil(tmp_path / "feed.db", 3)
        kept += [each.kept_as for each in startup.examine(tmp_path, KEY, ManualClock()) if each.kept_as]
        make_stores(tmp_path)
    assert len({*kept}) == 2
    assert all((tmp_path / name).exists() for name in kept)


def test_a_spoiled_first_page_is_told_from_a_wrong_key(tmp_path: Path) -> None:
    make_stores(tmp_path)
    spoil(tmp_path / "feed.db", 0)
    assert examine(tmp_path) == [("feed.db", "damaged"), ("feed.db", "begun")]


def test_a_wrong_key_sets_nothing_aside(tmp_path: Path) -> None:
    make_stores(tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.glob("*.db")}
    with pytest.raises(StoreError, match="another key"):
        startup.examine(tmp_path, bytes(32), ManualClock())
    assert {path.name: path.read_bytes() for path in tmp_path.glob("*.db*") if path.stat().st_size} == before


@pytest.mark.parametrize("name", sorted(KINDS))
def test_a_store_that_is_gone_is_said(tmp_path: Path, name: str) -> None:
    make_stores(tmp_path)
    (tmp_path / name).unlink()
    assert examine(tmp_path)[0] == (name, "missing")


def test_a_check_that_takes_too_long_is_said_to_be_unfinished(tmp_path: Path) -> None:
    class Late(ManualClock):
        def monotonic_s(self) -> float:
            self.advance(10.0)
            return super().monotonic_s()

    make_stores(tmp_path)
    db = connection.open_writer(tmp_path / "feed.db", KEY, feed.migrations)
    with db.atomic():
        db.conn.executemany(
            "INSERT INTO raw VALUES (?, 'f', 't', 1, x'00', 1, 's', '')", [(n,) for n in range(20_000)]
        )
    db.close()
    examine(tmp_path)
    found = startup.examine(tmp_path, KEY, Late())
    assert [(each.store, each.what) for each in found][-1] == ("feed.db", "unfinished")
    assert (tmp_path / "feed.db").exists()
