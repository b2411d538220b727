"""The real thing: consoles and a PostgreSQL that comes and goes."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from console.errors import Refused, Unavailable
from console.incidents import jobs
from console.sync.install import central_check, central_init
from console.sync.opening import open_central, public_url
from console.sync.ports import Fork
from console.sync.postgres import PostgresCentral
from db import blobs, entries
from db.records import Draft
from tests.console.sync.conftest import NewDesk
from tests.servers.postgres import DEVICE, DEVICE_PASSWORD, Postgres

pytestmark = pytest.mark.needs("postgresql")


def test_after_a_cut_counts_heads_and_attachments_are_equal(
    postgres: Postgres, centre_url: str, new_desk: NewDesk
) -> None:
    desk = new_desk(open_central(centre_url))
    incident = desk.open()
    desk.note(incident.id, "소방 출동 요청")
    desk.meet()
    assert desk.proof().equal
    postgres.cut()
    try:
        picture = bytes(range(256)) * 3000
        sha256 = desk.attach(incident.id, picture)
        desk.note(incident.id, "연기 확인")
        with pytest.raises(Unavailable):
            desk.meet()
        assert desk.unsent() == 2
    finally:
        postgres.start()
    desk.sync._central.close()
    desk.meet()
    proof = desk.proof()
    assert proof.equal and proof.ours == proof.theirs and proof.ours.count == 4
    assert desk.unsent() == 0
    with psycopg.connect(postgres.url(database="centre")) as admin:
        rows: Any = admin.execute(
            "SELECT string_agg(bytes, ''::bytea ORDER BY at_byte) FROM gwanje_central.blob_chunk"
            " WHERE sha256 = %s",
            (sha256,),
        ).fetchone()
    assert rows[0] == picture


def test_a_second_console_sees_the_incidents_and_attachments_of_the_first(
    centre_url: str, new_desk: NewDesk
) -> None:
    one, other = new_desk(open_central(centre_url)), new_desk(open_central(centre_url))
    incident = one.open(level=2)
    sha256 = one.attach(incident.id, b"jpeg" * 100_000)
    one.meet()
    other.meet()
    assert other.get(incident.id) == one.get(incident.id)
    assert blobs.path(other.blobs, sha256).read_bytes() == b"jpeg" * 100_000
    other.note(incident.id, "현장 도착")
    other.meet()
    one.meet()
    assert other.head().device != one.head().device
    assert [each.type for each in one.log()] == ["incident.opened", "incident.attached", "incident.noted"]


def test_a_device_may_call_the_functions_and_nothing_else(centre_url: str) -> None:
    with psycopg.connect(centre_url, autocommit=True) as device:
        device.execute("SELECT * FROM gwanje_central.hello()")
        for forbidden in (
            "SELECT * FROM gwanje_central.entry",
            "SELECT * FROM gwanje_central.blob_chunk",
            "INSERT INTO gwanje_central.head VALUES ('x', 1, 1, '')",
            "UPDATE gwanje_central.centre SET last_position = 0",
            "DELETE FROM gwanje_central.entry",
            "TRUNCATE gwanje_central.entry",
            "SELECT gwanje_central.fault('', '', 1, 1)",
            "CREATE TABLE gwanje_central.mine (a int)",
            "CREATE FUNCTION gwanje_central.sha256(bytea) RETURNS bytea LANGUAGE sql AS 'SELECT $1'",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                device.execute(forbidden)


def test_nobody_changes_an_entry_at_the_centre(
    postgres: Postgres, centre_url: str, new_desk: NewDesk
) -> None:
    desk = new_desk(open_central(centre_url))
    desk.open()
    desk.meet()
    with psycopg.connect(postgres.url(database="centre"), autocommit=True) as admin:
        for forbidden in ("UPDATE gwanje_central.entry SET body = ''", "TRUNCATE gwanje_central.entry"):
            with pytest.raises(psycopg.Error, match="never changed"):
                admin.execute(forbidden)


def test_the_centre_refuses_another_entry_under_a_known_key(centre_url: str, new_desk: NewDesk) -> None:
    central = open_central(centre_url)
    desk = new_desk(central)
    desk.open()
    desk.meet()
    (first,) = desk.log()
    body = first.body.replace("공원", "시장")
    other = type(first)(
        **{**_fields(first), "body": body, "hash": entries.chain(first.prev, body)},
    )
    with pytest.raises(Fork):
        central.put_entries([other])
    broken = type(first)(**{**_fields(first), "seq": 2, "prev": first.hash})
    with pytest.raises(Refused, match="does not belong"):
        central.put_entries([broken])
    assert central.proof(first.device, 1).hash == first.hash


def test_an_entry_the_centre_will_not_keep_is_parked_and_the_rest_goes_on(
    centre_url: str, new_desk: NewDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, other = new_desk(open_central(centre_url)), new_desk(open_central(centre_url))
    incident = desk.open()
    with monkeypatch.context() as patch:
        patch.setattr(entries, "LONGEST_BODY", 10**9)
        desk.note(incident.id, "가" * 500_000)
    desk.note(incident.id, "그 뒤")
    desk.meet()
    assert desk.proof().equal and desk.proof().ours.count == 3
    assert "1 refused: longer than 1 MiB" in desk.lamp("backlog").detail
    other.meet()
    assert [each.type for each in other.log()] == ["incident.opened", "incident.noted"]
    with other.reading() as db:
        assert entries.verify(db) is None


def test_rows_are_pulled_in_the_order_of_their_commit(
    postgres: Postgres, centre_url: str, new_desk: NewDesk
) -> None:
    one, two, reader = (new_desk(open_central(centre_url)) for _ in range(3))
    for desk in (one, two, one, two):
        desk.open()
        desk.meet()
        reader.meet()
    with psycopg.connect(postgres.url(database="centre")) as admin:
        positions = admin.execute("SELECT position FROM gwanje_central.entry ORDER BY received").fetchall()
    assert [row[0] for row in positions] == [1, 2, 3, 4]
    assert len(reader.log()) == 4


def test_a_centre_restored_to_an_older_state_gets_everything_again(
    postgres: Postgres, centre_url: str, new_desk: NewDesk
) -> None:
    desk = new_desk(open_central(centre_url))
    incident = desk.open()
    desk.attach(incident.id, b"picture")
    desk.meet()
    with psycopg.connect(postgres.url(), autocommit=True) as admin:
        admin.execute("DROP DATABASE centre WITH (FORCE)")
        admin.execute("CREATE DATABASE centre")
    central_init(postgres.url(database="centre"))
    desk.sync._central.close()
    desk.meet()
    assert desk.proof().equal and desk.proof().ours.count == 2
    state = desk.central.blob_state(blobs.store(desk.blobs, b"picture"))
    assert state is not None and state.complete


def test_init_can_be_run_again_and_check_says_how_the_centre_is(postgres: Postgres, centre_url: str) -> None:
    owner = postgres.url(database="centre")
    assert any("already" in line for line in central_init(owner))
    checked = central_check(centre_url)
    assert checked.well and any("nothing else" in line for line in checked.lines)
    assert DEVICE_PASSWORD not in repr(checked)
    assert any("superuser" in line for line in central_check(owner).lines)


@pytest.mark.parametrize("user", [DEVICE, "nobody_of_that_name"])
def test_no_error_shows_a_password(postgres: Postgres, centre_url: str, user: str) -> None:
    url = postgres.url(user, "wrong-but-secret", "centre")
    with pytest.raises(Unavailable) as error:
        PostgresCentral(url).hello()
    assert "wrong-but-secret" not in str(error.value) and error.value.__cause__ is None
    assert "wrong" not in public_url(url)
    assert "wrong-but-secret" not in repr(central_check(url))


def test_an_attachment_that_is_not_what_its_name_says_is_dropped(centre_url: str) -> None:
    central = open_central(centre_url)
    sha256 = "0" * 64
    try:
        assert central.put_blob(sha256, 3, 0, b"abc") == -1
        assert central.blob_state(sha256) is None
    finally:
        central.close()


def test_thousands_of_entries_reach_the_centre_in_batches(centre_url: str, new_desk: NewDesk) -> None:
    desk = new_desk(open_central(centre_url))
    draft = Draft(type="alarm.raised", subject="pm10", at_ms=1_800_000_000_000, actor="system", payload={})
    desk.engine.call(lambda db: [entries.append(db, draft) for _ in range(2_000)] and [], 60)
    desk.meet()
    assert desk.proof().equal and desk.proof().ours.count == 2_000


def _fields(record: Any) -> dict[str, Any]:
    return {name: getattr(record, name) for name in record.__struct_fields__}


def test_closing_on_one_console_and_reopening_on_another_meet(centre_url: str, new_desk: NewDesk) -> None:
    one, other = new_desk(open_central(centre_url)), new_desk(open_central(centre_url))
    incident = one.open()
    one.meet()
    other.meet()
    one.act(jobs.close, incident=incident.id, result="진화")
    other.act(jobs.close, incident=incident.id, result="오인")
    for desk in (one, other, one):
        desk.meet()
    mine, theirs = one.get(incident.id), other.get(incident.id)
    assert mine == theirs and mine is not None
    assert set(mine.conflicts["result"]) == {"진화", "오인"}


def test_a_row_never_becomes_visible_behind_a_later_one(centre_url: str, new_desk: NewDesk) -> None:
    one, other = new_desk(open_central(centre_url)), new_desk(open_central(centre_url))
    one.open()
    other.open()
    put = "SELECT * FROM gwanje_central.put_entries(%s, 1, 1, %s, %s::text[], %s::text[])"
    (first,), (second,) = one.log(), other.log()
    with psycopg.connect(centre_url) as slow, psycopg.connect(centre_url) as quick:
        slow.execute(put, (first.device, first.prev, [first.hash], [first.body]))  # not yet committed
        quick.execute("SET lock_timeout = '100ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            quick.execute(put, (second.device, second.prev, [second.hash], [second.body]))
    other.meet()
    assert [row.device for row in other.central.entries_after(0, "", "", 0, 10)] == [
        first.device,
        second.device,
    ]


def test_large_entries_travel_in_small_batches(centre_url: str, new_desk: NewDesk) -> None:
    one, other = new_desk(open_central(centre_url)), new_desk(open_central(centre_url))
    draft = Draft(type="x.large", subject="-", at_ms=1, actor="system", payload={"text": "x" * 600_000})
    one.engine.call(lambda db: [entries.append(db, draft) for _ in range(31)] and [])
    one.meet()
    assert len(other.central.entries_after(0, "", "", 0, 500)) == 14
    other.meet()
    assert len(other.log()) == 31 and one.proof().equal
