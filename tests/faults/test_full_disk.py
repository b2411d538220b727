"""A file system that is really full: nothing acknowledged is lost, it is said, and work goes on with room."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from console import logs
from console.backup import backups
from console.clock import SystemClock
from console.core import Core
from console.errors import Unavailable
from console.link import Command, Hello
from db import blobs, keys, sealing
from tests.end_to_end.whole import until
from tests.faults import image
from tests.faults.core_process import settings
from tests.faults.image import Image
from tests.faults.kept import Promised, Verdict, check
from tests.faults.tally_broker import TallyBroker

pytestmark = pytest.mark.skipif(bool(image.why_not()), reason=image.why_not() or "it can")


@contextlib.contextmanager
def filled(folder: Path) -> Iterator[None]:
    """Leave not a byte free."""
    path = folder / "ballast"
    handle = os.open(path, os.O_CREAT | os.O_WRONLY)
    try:
        for size in (2**20, 4096):
            try:
                while os.write(handle, b"\xaa" * size):
                    pass
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
        os.fsync(handle)
        yield
    finally:
        os.close(handle)
        path.unlink()


def is_said(core: Core) -> bool:
    """Whether the lamp of a feed tells that nothing is acknowledged."""
    return any(each.kind == "feed" and each.state == "bad" for each in core.ingest.lamps())


def do(core: Core, number: str, act: str, **args: Any) -> Any:
    return core._command(Command(number, act, args), Hello("ui", "test", "시험 요원"))


def later(work: Callable[[], Any]) -> tuple[threading.Thread, list[Any]]:
    """Begin it beside; its answer is put into the list."""
    answer: list[Any] = []
    thread = threading.Thread(target=lambda: answer.append(work()))
    thread.start()
    return thread, answer


@pytest.mark.timeout(120)
def test_a_full_disk_is_said_and_nothing_acknowledged_is_lost(
    tmp_path: Path, totals: Callable[[str], None]
) -> None:
    logs.quiet()
    clock, promised, verdict = SystemClock(), Promised(), Verdict()
    content = os.urandom(200_000)
    digest = hashlib.sha256(content).hexdigest()
    whole = {"sha256": digest, "offset": 0, "chunk": content, "last": True, "size": len(content)}
    with Image(tmp_path, mib=32) as disk, TallyBroker(clock.now_ms() - 20 * 86_400_000) as broker:
        data = disk.at / "data"
        core = Core(data, settings(broker.port), clock)
        try:
            core.start()
            incident = do(core, "1", "incident.open", title="가득 찬 디스크", type="기타").id
            promised.incidents.add(incident)
            until(lambda: len(broker.acknowledged) > 500)
            with filled(disk.at):
                until(lambda: is_said(core))
                held = len(broker.acknowledged)
                with pytest.raises(Unavailable):
                    do(core, "2", "blob.put", **whole)
                with pytest.raises(Unavailable):
                    backups.make(data / "ops.db", data / "backups", keys.data_key(data), clock)

                def note(n: int) -> Any:
                    return do(core, f"n{n}", "incident.note", incident=incident, text=f"n{n}" * 2000)

                notes = [later(lambda n=n: note(n)) for n in range(10)]
                until(lambda: core.engine.state.word == "waiting")
                assert any(not answer for _, answer in notes)
                assert len(broker.acknowledged) - held <= 40
            for thread, answer in notes:
                thread.join(30)
                assert answer, "the act was not done when there was room again"
            promised.notes = {f"n{n}" * 2000 for n in range(10)}
            do(core, "3", "blob.put", **whole)
            do(core, "4", "incident.attach", incident=incident, name="a", media_type="b", sha256=digest)
            promised.files.add(digest)
            assert blobs.size(core.blobs, digest) == len(content)
            before = len(broker.acknowledged)
            until(lambda: len(broker.acknowledged) > before)
            assert core.engine.state.word == "ok"
            assert backups.make(data / "ops.db", data / "backups", keys.data_key(data), clock).verified_ms
        finally:
            core.stop()
        broker.wait_for_end()
        promised.numbers = set(broker.acknowledged)
        check(data, promised, verdict, clock)
    totals(f"{len(promised)} promised: {verdict}")
    assert verdict.is_clean(), verdict.said


@pytest.mark.timeout(120)
def test_sealing_on_a_full_disk_undoes_its_step_and_goes_on_with_room(tmp_path: Path) -> None:
    logs.quiet()
    clock, verdict = SystemClock(), Verdict()
    with Image(tmp_path, mib=32) as disk:
        data = disk.at / "data"
        with TallyBroker(clock.now_ms() - 20 * 86_400_000, most=3000) as broker:
            core = Core(data, settings(broker.port), clock)
            try:
                core.start()
                assert broker.wait_for_all(60)
                now_ms = clock.now_ms()
                terms = sealing.Terms(10**9, now_ms, now_ms, now_ms)
                with filled(disk.at), pytest.raises(Unavailable):
                    _seal_all(core, terms, grow=True)
                _seal_all(core, terms)
            finally:
                core.stop()
            broker.wait_for_end()
        check(data, Promised(numbers=set(range(3000))), verdict, clock)
    assert verdict.is_clean(), verdict.said


def _seal_all(core: Core, terms: sealing.Terms, *, grow: bool = False) -> None:
    place, first = 0, True
    while place or first:
        place = core.ingest.submit(lambda db, at=place: sealing.step(db, at, terms)).result(30).place
        first = grow  # over and over until it fails
        if grow:
            core.ingest.submit(_grow).result(30)


def _grow(db: Any) -> None:
    """Use up what room the files had inside themselves."""
    columns = "feed, topic, received_ms, payload, size, state"
    db.conn.execute(f"INSERT INTO raw ({columns}) VALUES ('x', 'x', 0, zeroblob(500000), 1, 'read')")
