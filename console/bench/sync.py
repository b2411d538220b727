"""B8: queued entries to a real PostgreSQL, with chain and proof, over bare upserts of the same rows."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from sqlite_utils import Database

from console.clock import SystemClock
from console.engine import Engine
from console.errors import Unavailable
from console.sync.install import central_init
from console.sync.opening import open_central
from console.sync.ports import BATCH
from console.sync.worker import Sync
from db import connection, entries, ops
from db.records import Draft, Entry, Proof, Record

REACH = 3.0
ROUNDS = 3

_BARE_TABLE = """CREATE TABLE bare (device text, epoch int, seq bigint, prev text, hash text, body text,
    PRIMARY KEY (device, epoch, seq))"""
_BARE_UPSERT = """INSERT INTO bare SELECT * FROM unnest(%s::text[], %s::int[], %s::bigint[],
    %s::text[], %s::text[], %s::text[])
    ON CONFLICT (device, epoch, seq) DO UPDATE SET prev = excluded.prev, hash = excluded.hash,
    body = excluded.body"""


def run(quick: bool = False) -> dict[str, Any]:
    """Measure on a PostgreSQL of its own in a temporary folder; the median of three alternating rounds."""
    count = 2_000 if quick else 10_000
    clock = SystemClock()
    bare_s, sync_s, proved = list[float](), list[float](), True
    with _postgres() as server:
        for number in range(ROUNDS):
            url = _database(server, f"round{number}")
            with (
                tempfile.TemporaryDirectory(prefix="gwanje-bench-") as folder,
                _queued(Path(folder), count, url) as (queue, sync, published, rows),
            ):
                start = clock.monotonic_s()
                _bare(url, rows)
                bare_s.append(clock.monotonic_s() - start)
                start = clock.monotonic_s()
                while sync.meet():
                    pass
                sync_s.append(clock.monotonic_s() - start)
                proof = [each for each in published if isinstance(each, Proof)][-1]
                proved = proved and proof.equal and proof.ours.count == count and queue.state.word == "ok"
    value = median(sync_s) / median(bare_s)
    return {
        "name": "B8",
        "value": round(value, 2),
        "reach": REACH,
        "holds": proved and value <= REACH,
        "parts": {
            "entries": count,
            "rounds": ROUNDS,
            "proof_equal": proved,
            "sync_s": round(median(sync_s), 3),
            "bare_s": round(median(bare_s), 3),
            "entries_per_s": round(count / median(sync_s)),
            "all_sync_s": [round(each, 3) for each in sync_s],
            "all_bare_s": [round(each, 3) for each in bare_s],
        },
    }


@contextmanager
def _queued(folder: Path, count: int, url: str) -> Iterator[tuple[Engine, Sync, list[Any], list[Entry]]]:
    """A console with `count` unsent entries, and its sync."""
    key, clock, published = secrets.token_bytes(32), SystemClock(), list[Any]()
    path = folder / "ops.db"
    engine = Engine(
        "bench", lambda: connection.open_writer(path, key, ops.migrations), published.extend, clock
    )
    engine.start()
    try:
        rows: list[Entry] = []

        def fill(db: Database) -> list[Record]:
            rows[:] = [entries.append(db, _draft(number, clock.now_ms())) for number in range(count)]
            return []

        engine.call(fill, 120)
        central = open_central(url)
        sync = Sync(
            central,
            engine,
            lambda: connection.open_reader(path, key),
            folder / "blobs",
            clock,
            published.extend,
        )
        yield engine, sync, published, rows
        central.close()
    finally:
        engine.stop()


def _database(server: str, name: str) -> str:
    """A fresh database with both the centre and the bare table."""
    from console.sync.postgres import connect

    with connect(f"{server}/postgres") as admin:
        admin.execute(f"CREATE DATABASE {name}")
    url = f"{server}/{name}"
    central_init(url)
    with connect(url) as fresh:
        fresh.execute(_BARE_TABLE)
    return url


def _draft(number: int, at_ms: int) -> Draft:
    payload = {"rule": "pm10-high", "source": f"sensor-{number % 851}", "value": number / 7, "unit": "ug/m3"}
    payload |= {"state": "unacknowledged", "text": "미세먼지(PM10) 농도가 기준을 넘었습니다"}
    return Draft(
        type="alarm.raised", subject=f"pm10-high|{number}", at_ms=at_ms, actor="system", payload=payload
    )


def _bare(url: str, rows: Sequence[Entry]) -> None:
    """The least that stores the same rows: 500 at a time, each its own transaction."""
    from console.sync.postgres import connect

    bare = connect(url)
    try:
        for at in range(0, len(rows), BATCH):
            part = rows[at : at + BATCH]
            columns = ("device", "epoch", "seq", "prev", "hash", "body")
            bare.execute(_BARE_UPSERT, [[getattr(row, name) for row in part] for name in columns])
    finally:
        bare.close()


@contextmanager
def _postgres() -> Iterator[str]:
    """A PostgreSQL with its ordinary durability, as an unprivileged user, gone at the end."""
    bin_folder = _programs()
    base = Path(tempfile.mkdtemp(prefix="gwanje-bench-postgres-"))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    user = _unprivileged(base)
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories="

    def tell(program: str, *args: str) -> None:
        with (base / "out").open("ab") as out:
            subprocess.run(
                [str(bin_folder / program), "-D", str(base / "data"), *args],
                cwd=base, env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"}, check=True,
                stdin=subprocess.DEVNULL, stdout=out, stderr=out, **user,
            )  # fmt: skip

    try:
        tell("initdb", "-U", "postgres", "-E", "UTF8", "--locale=C", "-A", "trust")
        tell("pg_ctl", "-w", "-l", str(base / "log"), "-o", options, "start")
        try:
            yield f"postgresql://postgres@127.0.0.1:{port}"
        finally:
            tell("pg_ctl", "-w", "-m", "fast", "stop")
    finally:
        shutil.rmtree(base, ignore_errors=True)


def _programs() -> Path:
    folders = [each for each in Path("/usr/lib/postgresql").glob("*/bin") if (each / "initdb").exists()]
    if folders:
        return max(folders, key=lambda each: int(each.parent.name))
    found = shutil.which("initdb")
    if found is None:
        raise Unavailable("B8 needs the programs of PostgreSQL (initdb, pg_ctl) on this machine")
    return Path(found).parent


def _unprivileged(base: Path) -> dict[str, Any]:
    """PostgreSQL refuses to run as root; then it runs as its own user."""
    if os.name != "posix" or os.geteuid() != 0:
        return {}
    import pwd

    names = {each.pw_name: each for each in pwd.getpwall()}
    account = names.get("postgres") or names["nobody"]
    os.chown(base, account.pw_uid, account.pw_gid)
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
