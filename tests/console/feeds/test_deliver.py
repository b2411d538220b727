"""Messages that no broker brings take the same path as a burst: raw, records, counts, reasons, one commit."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import msgspec
import pytest

from console.errors import Unavailable
from console.formats.answers import Answer
from console.settings import Feed
from db import raw
from db.connection import SqlError
from db.records import Flag
from tests.console.feeds.support import NUMBERED, Console, reader, writer

POSTED = msgspec.structs.replace(NUMBERED, via="listen", topics=())


def message(n: int) -> tuple[str, bytes]:
    return "t/a", msgspec.json.encode({"at": 1_800_000_000_000 + n, "n": n})


def stored(folder: Path) -> list[tuple[float, int]]:
    db = reader(folder)
    try:
        return [tuple(row) for row in db.conn.execute("SELECT value, flags FROM reading ORDER BY id")]
    finally:
        db.close()


def test_what_is_delivered_is_on_disk_when_the_answer_comes(tmp_path: Path) -> None:
    with Console(tmp_path, {}, {"numbers": POSTED}) as console:
        future = console.ingest.deliver("numbers", [message(1), message(2), ("t/a", b"{"), message(1)])
        assert future.result(20)[1] == 1
        assert [value for value, _ in stored(tmp_path)] == [1.0, 2.0]
        db = reader(tmp_path)
        try:
            assert [row.state for row in raw.newest(db, limit=10)].count("read") == 3
        finally:
            db.close()
        assert console.ingest.deliver("numbers", [message(1)]).result(20)[:3] == (0, 0, 1)
    assert [each.reading.value for each in console.committed] == [1.0, 2.0]
    assert [each.reason for each in console.quarantined()] == ["not-json"]
    assert console.counts("numbers").received == 5


def test_flags_of_a_delivery_stand_on_its_readings(tmp_path: Path) -> None:
    with Console(tmp_path, {}, {"numbers": POSTED}) as console:
        console.ingest.deliver("numbers", [message(1)], flags=Flag.HISTORICAL).result(20)
    assert stored(tmp_path) == [(1.0, int(Flag.HISTORICAL))]


def test_a_disk_that_refuses_fails_the_delivery_and_nothing_is_stored(tmp_path: Path) -> None:
    writer(tmp_path).close()
    refusing = [True]

    def open_db() -> Any:
        if refusing[0]:
            raise SqlError("disk I/O error")
        return writer(tmp_path)

    with Console(tmp_path, {}, {"numbers": POSTED}, open_db) as console:
        with pytest.raises(Unavailable):
            console.ingest.deliver("numbers", [message(1)]).result(20)
        refusing[0] = False
        for _ in range(200):
            try:
                assert console.ingest.deliver("numbers", [message(1)]).result(20).stored == 1
                break
            except Unavailable:
                threading.Event().wait(0.05)  # the store rests between two tries
        console.ingest.hold("the disk is nearly full")
        with pytest.raises(Unavailable, match="nearly full"):
            console.ingest.deliver("numbers", [message(2)]).result(20)
    assert [value for value, _ in stored(tmp_path)] == [1.0]


def test_an_ingest_that_has_ended_takes_nothing(tmp_path: Path) -> None:
    with Console(tmp_path, {}, {"numbers": POSTED}) as console:
        pass
    with pytest.raises(Unavailable):
        console.ingest.deliver("numbers", [message(1)]).result(5)


def test_answers_of_a_decoder_come_back_with_the_delivery(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Answering:
        def __init__(self) -> None:
            self.waiting: list[Answer] = []

        def decode(self, topic: str, payload: bytes, received_ms: int, retained: bool) -> list[Any]:
            from db.records import Reading

            self.waiting.append(Answer(f"{topic}/reply", payload.upper()))
            return [Reading("a", "n", 1.0, received_ms, received_ms)]

        def take_answers(self) -> list[Answer]:
            taken, self.waiting = self.waiting, []
            return taken

    monkeypatch.setattr("console.feeds.reading.decoder", lambda *_: Answering())
    with Console(tmp_path, {}, {"numbers": Feed(via="listen")}) as console:
        assert console.ingest.deliver("numbers", [("ask", b"x")]).result(20).answers == (
            Answer("ask/reply", b"X"),
        )
