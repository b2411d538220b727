"""The event log and the blobs: gap-free, chained, never changed."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlite_utils import Database

from db import blobs, connection, entries, ops
from db.connection import SqlError
from db.errors import MessageError, Refused
from db.records import Draft, Entry
from tests.console.sync.conftest import NewDesk
from tests.console.sync.memory_central import MemoryCentral


@pytest.fixture
def db(tmp_path: Path) -> Any:
    db = connection.open_writer(tmp_path / "ops.db", b"k" * 32, ops.migrations)
    yield db
    db.close()


def append(db: Database, at_ms: int = 1_800_000_000_123, **payload: Any) -> Entry:
    with db.atomic():
        draft = Draft(type="alarm.raised", subject="펌프", at_ms=at_ms, actor="system", payload=payload)
        return entries.append(db, draft)


def test_an_entry_is_a_cloud_event_with_our_place_and_a_hash_over_the_one_before(db: Database) -> None:
    one, two = append(db, value=1.5), append(db, value=2)
    cloud = json.loads(two.body)
    assert cloud["specversion"] == "1.0" and cloud["id"] == two.id
    assert cloud["time"] == "2027-01-15T08:00:00.123Z" and cloud["datacontenttype"] == "application/json"
    assert (cloud["device"], cloud["epoch"], cloud["seq"], cloud["hlc"]) == (two.device, 1, 2, two.hlc)
    assert (one.prev, two.prev) == ("0" * 64, one.hash)
    assert two.hash == hashlib.sha256(bytes.fromhex(one.hash) + two.body.encode()).hexdigest()
    assert entries.read(two.body, two.prev, two.hash) == two
    assert two.hlc > one.hlc


def test_a_body_is_canonical(db: Database) -> None:
    body = append(db, b=1, a={"d": "ㅎ", "c": [1, 2]}).body
    assert body == json.dumps(json.loads(body), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def test_the_clock_of_the_log_never_goes_back(db: Database) -> None:
    times = [append(db, at_ms=at).hlc for at in (2_000, 1_000, 1_000, 3_000)]
    assert times == sorted(times) and len(set(times)) == 4


@pytest.mark.parametrize("statement", ["UPDATE entry SET body = ''", "DELETE FROM entry"])
def test_no_entry_is_changed_or_deleted(db: Database, statement: str) -> None:
    append(db)
    with pytest.raises(SqlError, match="never changed"):
        db.conn.execute(statement)


def test_verification_names_the_first_entry_that_was_edited(db: Database) -> None:
    for number in range(5):
        append(db, number=number)
    assert entries.verify(db) is None
    db.conn.execute("DROP TRIGGER entry_no_update")
    db.conn.execute("UPDATE entry SET body = replace(body, '\"number\":2', '\"number\":7')")
    broken = entries.verify(db)
    assert broken is not None and (broken.seq, broken.what) == (3, "the hash does not belong to the text")


@pytest.mark.parametrize(
    ("statement", "seq", "what"),
    [
        ("DELETE FROM entry WHERE seq = 2", 3, "entry 2 is missing before it"),
        ("UPDATE entry SET subject = 'x' WHERE seq = 4", 4, "its columns are not what its text says"),
    ],
)
def test_verification_finds_holes_and_false_columns(
    db: Database, statement: str, seq: int, what: str
) -> None:
    for _ in range(5):
        append(db)
    for act in ("update", "delete"):
        db.conn.execute(f"DROP TRIGGER entry_no_{act}")
    db.conn.execute(statement)
    broken = entries.verify(db)
    assert broken is not None and (broken.seq, broken.what) == (seq, what)


def test_two_stores_with_one_name_are_two_devices(new_desk: NewDesk) -> None:
    one, two = new_desk(MemoryCentral()), new_desk(MemoryCentral())
    assert one.head().device != two.head().device
    assert one.head().device.startswith("console-1-")


def test_a_new_name_begins_a_log_of_its_own_and_both_are_sent(new_desk: NewDesk) -> None:
    central = MemoryCentral()
    desk = new_desk(central)
    incident = desk.open()
    desk.engine.call(lambda db: entries.set_identity(db, "renamed") and [])
    desk.note(incident.id, "새 이름")
    desk.meet()
    assert {row.device.rsplit("-", 1)[0] for row in central.ledger.rows} == {"console-1", "renamed"}
    assert desk.unsent() == 0


def test_a_new_epoch_starts_a_chain_of_its_own(db: Database) -> None:
    append(db)
    with db.atomic():
        assert entries.new_epoch(db) == 2
    entry = append(db)
    assert (entry.epoch, entry.seq, entry.prev) == (2, 1, "0" * 64)
    assert entries.head(db).count == 1 and entries.verify(db) is None


def test_what_cannot_be_written_as_json_is_made_visible(db: Database) -> None:
    body = append(db, bad=float("nan"), lone="\ud800", deep=[{"x": float("inf")}]).body
    assert json.loads(body)["data"] == {"bad": "nan", "lone": "\ufffd", "deep": [{"x": "inf"}]}


def test_an_entry_has_a_bounded_size(db: Database) -> None:
    with pytest.raises(Refused, match="KiB"):
        append(db, text="가" * 400_000)
    assert entries.head(db).count == 0


@given(st.text(), st.text(), st.text())
def test_whatever_comes_back_is_read_or_refused(body: str, prev: str, digest: str) -> None:
    with pytest.raises(MessageError):
        entries.read(body, prev, digest)


def test_a_blob_is_complete_under_its_name_or_not_there(tmp_path: Path) -> None:
    content = b"picture" * 1000
    sha256 = hashlib.sha256(content).hexdigest()
    assert blobs.put_chunk(tmp_path, sha256, 0, content[:3000], False, len(content)) == {"have": 3000}
    assert blobs.size(tmp_path, sha256) is None
    assert blobs.put_chunk(tmp_path, sha256, 5000, content[5000:], True, len(content)) == {"have": 3000}
    assert blobs.put_chunk(tmp_path, sha256, 3000, content[3000:], True, len(content)) == {"have": 7000}
    assert blobs.path(tmp_path, sha256).read_bytes() == content
    assert blobs.put_chunk(tmp_path, sha256, 0, content[:10], False, len(content)) == {"have": 7000}
    assert blobs.store(tmp_path, content) == sha256


def test_a_blob_that_is_not_what_its_name_says_is_forgotten(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="sent again"):
        blobs.put_chunk(tmp_path, "0" * 64, 0, b"abc", True, 3)
    assert blobs.have(tmp_path, "0" * 64) == 0


@pytest.mark.parametrize("name", ["../../etc/passwd", "0" * 63, "G" * 64, ""])
def test_a_blob_name_is_a_hash_and_nothing_else(tmp_path: Path, name: str) -> None:
    with pytest.raises(Refused):
        blobs.path(tmp_path, name)


def test_an_empty_file_can_be_kept(tmp_path: Path) -> None:
    assert blobs.size(tmp_path, blobs.store(tmp_path, b"")) == 0
