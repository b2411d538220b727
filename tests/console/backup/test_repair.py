"""Every end of a data folder is a start: a working console, and a report of what was found and done."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from console.clock import SystemClock
from console.core import Core
from console.errors import StoreError
from console.link_client import LinkClient
from console.settings import Settings, parse
from console.startup import Found
from db import connection, entries, incidents, keys
from db.connection import SqlError
from db.records import Incident, Lamp, Proof
from db.sync import Row

ROOT = Path(__file__).parents[3]
SETTINGS = '[site]\ndevice = "repair"\n[disk]\nreserve_mib = 1\n'


def settings(more: str = "") -> Settings:
    return parse(SETTINGS + more, "test")


@contextmanager
def running(folder: Path, more: str = "") -> Iterator[tuple[Core, LinkClient]]:
    core = Core(folder, settings(more), SystemClock())
    core.start()
    client = LinkClient(folder, role="ui", seat="1", actor="김관제")
    client.start()
    try:
        assert client.wait_linked(10)
        yield core, client
    finally:
        client.stop()
        core.stop()


def open_some(client: LinkClient, *titles: str) -> None:
    for title in titles:
        client.act("incident.open", {"title": title, "type": "침수"})


def back_up(core: Core) -> None:
    core.backup_work.start()
    with core.tasks._lock:
        threads = [thread for _, thread in core.tasks._running.values()]
    for thread in threads:
        thread.join(20)
    assert any(each.verified_ms for each in core.backup_work.every()["backups"])


def titles(core: Core) -> set[str]:
    db = core.open_ops_reader()
    try:
        assert entries.verify(db) is None
        found: list[Incident] = incidents.page(db, search="", limit=100)
        return {each.title for each in found}
    finally:
        db.close()


def told(core: Core, what: str) -> Found:
    (found,) = [each for each in core.found if each.what == what]
    return found


def filled(folder: Path) -> None:
    """Two incidents in a backup, one more in the journal alone."""
    with running(folder) as (core, client):
        open_some(client, "하나", "둘")
        back_up(core)
        open_some(client, "셋")


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    for page in range(1, len(content) // 4096):
        content[page * 4096 + 100] ^= 1
    path.write_bytes(content)


def no_header(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(bytes(4096) + content[4096:])


def garbage(path: Path) -> None:
    path.write_bytes(b"\xa5" * 50_000)


def cut_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.mark.parametrize("harm", [flip, no_header, garbage, cut_off, Path.unlink])
def test_a_spoiled_log_of_acts_comes_back_whole(tmp_path: Path, harm: Callable[[Path], Any]) -> None:
    filled(tmp_path)
    harm(tmp_path / "ops.db")
    (tmp_path / "core.running").touch()
    with running(tmp_path) as (core, client):
        assert titles(core) == {"하나", "둘", "셋"}
        assert told(core, "restored").fields["entries"] == 2
        assert told(core, "rebuilt").fields["epoch"] == 2
        open_some(client, "넷")
        assert titles(core) == {"하나", "둘", "셋", "넷"}
    with running(tmp_path) as (core, client):
        assert core.found == []
        assert titles(core) == {"하나", "둘", "셋", "넷"}


def test_without_a_backup_the_journal_alone_brings_the_log_back(tmp_path: Path) -> None:
    with running(tmp_path) as (_, client):
        open_some(client, "하나", "둘")
    garbage(tmp_path / "ops.db")
    with running(tmp_path) as (core, _):
        assert titles(core) == {"하나", "둘"}
        assert told(core, "journal").fields["journal"] == 2


def test_a_backup_that_does_not_hold_is_passed_over_for_an_older_one(tmp_path: Path) -> None:
    filled(tmp_path)
    with running(tmp_path) as (core, _):
        back_up(core)
    newest = max((tmp_path / "backups").glob("*.db"), key=lambda path: path.stat().st_mtime_ns)
    flip(newest)
    garbage(tmp_path / "ops.db")
    with running(tmp_path) as (core, _):
        assert titles(core) == {"하나", "둘", "셋"}
        assert newest.name in " ".join(each.text for each in core.found)


def test_a_log_put_back_to_an_older_state_is_brought_up_to_the_journal(tmp_path: Path) -> None:
    with running(tmp_path) as (_, client):
        open_some(client, "하나")
    shutil.copy(tmp_path / "ops.db", tmp_path / "older")
    with running(tmp_path) as (_, client):
        open_some(client, "둘")
    shutil.copy(tmp_path / "older", tmp_path / "ops.db")
    with running(tmp_path) as (core, _):
        assert told(core, "behind").fields == {"journal": 1, "epoch": 2}
        assert titles(core) == {"하나", "둘"}


KILLED = """
import os, sys
from pathlib import Path
from console.clock import SystemClock
from console.core import Core
from console.link_client import LinkClient
from console.settings import parse
folder = Path(sys.argv[1])
core = Core(folder, parse(sys.argv[2], "test"), SystemClock())
core.start()
client = LinkClient(folder, role="ui", seat="1")
client.start()
assert client.wait_linked(10)
for title in ("하나", "둘"):
    client.act("incident.open", {"title": title, "type": "침수"})
assert core.journal.flush(5)
os.kill(os.getpid(), 9)
"""


def cut_wal(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 3])


def no_wal(path: Path) -> None:
    path.unlink()


def garbage_wal(path: Path) -> None:
    path.write_bytes(b"\xa5" * path.stat().st_size)


@pytest.mark.parametrize("harm", [cut_wal, no_wal, garbage_wal])
@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_a_kill_and_a_spoiled_wal_lose_no_act(tmp_path: Path, harm: Callable[[Path], None]) -> None:
    subprocess.run([sys.executable, "-c", KILLED, str(tmp_path), SETTINGS], check=False, cwd=ROOT, timeout=60)
    harm(tmp_path / "ops.db-wal")
    with running(tmp_path) as (core, _):
        assert titles(core) == {"하나", "둘"}
        assert core.found[0].what == "unclean"


def test_a_damaged_store_of_readings_is_begun_anew_and_the_alarms_go_on(tmp_path: Path) -> None:
    filled(tmp_path)
    garbage(tmp_path / "feed.db")
    with running(tmp_path) as (core, _):
        assert [(each.store, each.what, each.kind) for each in core.found] == [
            ("feed.db", "damaged", "found"),
            ("feed.db", "begun", "lost"),
        ]
        assert titles(core) == {"하나", "둘", "셋"}


def test_a_copied_folder_writes_to_an_epoch_of_its_own(tmp_path: Path) -> None:
    folder, copy = tmp_path / "one", tmp_path / "two"
    with running(folder) as (_, client):
        open_some(client, "하나")
    shutil.copytree(folder, copy)
    with running(copy) as (core, client):
        assert told(core, "copied").fields["epoch"] == 2
        open_some(client, "둘")
        assert titles(core) == {"하나", "둘"}
    for place in (folder, copy):
        with running(place) as (core, _):
            assert core.found == []


def test_a_moved_folder_is_the_same_folder(tmp_path: Path) -> None:
    with running(tmp_path / "one"):
        pass
    (tmp_path / "one").rename(tmp_path / "two")
    with running(tmp_path / "two") as (core, _):
        assert core.found == []


@pytest.mark.parametrize("name", ["ops.db", "feed.db"])
def test_a_store_of_a_newer_version_is_left_as_it_is(tmp_path: Path, name: str) -> None:
    filled(tmp_path)
    key = keys.data_key(tmp_path)
    db = connection.open_copy(tmp_path / name, key)
    db.conn.execute("PRAGMA user_version=999")
    db.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    db.close()
    before = (tmp_path / name).read_bytes()
    with pytest.raises(StoreError, match=r"newer version of this program.*gwanje restore"):
        Core(tmp_path, settings(), SystemClock())
    assert (tmp_path / name).read_bytes() == before


def test_an_older_store_is_backed_up_before_it_is_migrated(tmp_path: Path) -> None:
    old = ROOT / "tests" / "old_databases" / "0.1.0"
    for name in ("ops.db", "feed.db"):
        shutil.copy(old / name, tmp_path / name)
    (tmp_path / "key").write_text(bytes(range(32)).hex())
    with running(tmp_path) as (core, _):
        name = str(told(core, "upgraded").fields["backup"])
    db = connection.open_reader(tmp_path / "backups" / name, bytes(range(32)))
    try:
        assert "m0006_hold_entries" not in connection.applied(db, "ops")
    except SqlError as error:
        raise AssertionError(name) from error
    finally:
        db.close()


# --- the command line


def gwanje(*args: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "console", *args]
    quiet = subprocess.DEVNULL
    return subprocess.run(
        command, check=False, cwd=ROOT, capture_output=True, text=True, timeout=60, stdin=quiet
    )


def test_the_command_line_backs_up_a_running_core_and_a_stopped_one(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with running(folder) as (_, client):
        open_some(client, "하나")
        done = gwanje("backup", "--data", str(folder), "--to", str(tmp_path / "stick"), "--json")
        assert json.loads(done.stdout)["entries"] == 1, done.stderr
    done = gwanje("backup", "--data", str(folder))
    assert (done.returncode, "restored and checked" in done.stdout, done.stderr) == (0, True, "")


def test_the_command_line_says_what_would_be_lost_and_restores(tmp_path: Path) -> None:
    folder, stick = tmp_path / "data", tmp_path / "stick"
    with running(folder) as (_, client):
        open_some(client, "하나")
        assert gwanje("backup", "--data", str(folder), "--to", str(stick)).returncode == 0
        refused = gwanje("restore", "--data", str(folder), "--from", str(stick), "--yes")
        assert (refused.returncode, "in use" in refused.stderr) == (2, True)
        open_some(client, "둘")
    asked = gwanje("restore", "--data", str(folder), "--from", str(stick))
    assert asked.returncode == 1
    assert "present  2 entries, of which 0 are in neither" in asked.stdout
    shutil.rmtree(folder / "journal")
    done = gwanje("restore", "--data", str(folder), "--from", str(stick), "--yes")
    assert (done.returncode, done.stderr) == (0, "")
    assert "of which 1 are in neither" in done.stdout
    assert list(folder.glob("ops.db.replaced-*"))
    with running(folder) as (core, _):
        assert "하나" in titles(core)
        assert told(core, "rebuilt").fields["epoch"] == 2


# --- with a centre


def synced(core: Core) -> bool:
    proofs: list[Proof] = core.newest.of(Proof)
    lamps = [lamp for lamp in core.newest.of(Lamp) if lamp.kind == "backlog"]
    return bool(proofs and proofs[0].equal and lamps and lamps[0].number == 0)


def wait_for(claim: Callable[[], bool], seconds: float = 20.0) -> None:
    clock, pause = SystemClock(), threading.Event()
    until_s = clock.monotonic_s() + seconds
    while not claim():
        assert clock.monotonic_s() < until_s
        pause.wait(0.05)


def centre_rows(centre: Path) -> list[Row]:
    return [
        msgspec.json.decode(line, type=Row)
        for line in (centre / "entries.ndjson").read_text("utf-8").splitlines()
    ]


def test_what_only_the_centre_has_comes_back_after_a_restore_and_nothing_forks(tmp_path: Path) -> None:
    folder, centre = tmp_path / "data", tmp_path / "centre"
    more = f'[central]\nurl = "{centre.as_uri()}"\nevery_s = 0.1\n'
    with running(folder, more) as (core, client):
        open_some(client, "하나")
        back_up(core)
        open_some(client, "둘", "셋")
        wait_for(lambda: synced(core) and len(centre_rows(centre)) == 3)
    shutil.rmtree(folder / "journal")
    garbage(folder / "ops.db")
    with running(folder, more) as (core, client):
        open_some(client, "넷")
        wait_for(lambda: synced(core) and titles(core) == {"하나", "둘", "셋", "넷"})
        db = core.open_ops_reader()
        try:
            kinds = [entry.type for entry in entries.every(db)]
        finally:
            db.close()
    assert "log.forked" not in kinds
    assert kinds.count("incident.opened") == 4
    places = [(row.device, row.epoch, row.seq) for row in centre_rows(centre)]
    assert len(places) == len({*places})
    assert {epoch for _, epoch, _ in places} == {1, 2}


def test_unsent_entries_of_the_journal_reach_the_centre_after_a_restore(tmp_path: Path) -> None:
    folder, centre = tmp_path / "data", tmp_path / "centre"
    filled(folder)
    garbage(folder / "ops.db")
    more = f'[central]\nurl = "{centre.as_uri()}"\nevery_s = 0.1\n'
    with running(folder, more) as (core, _):
        wait_for(lambda: synced(core))
    kinds = [json.loads(row.body or "")["type"] for row in centre_rows(centre)]
    assert kinds.count("incident.opened") == 3
    assert "log.forked" not in kinds
