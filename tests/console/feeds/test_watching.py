"""Feeds that come as files: read when complete, moved when on disk, kept and named when not."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from console.clock import SystemClock
from console.feeds import files
from console.feeds.watching import Watching
from console.settings import Feed
from console.settings_tables import Folder
from tests.console.feeds.support import NUMBERED, Console
from tests.console.formats.test_seoul import INCIDENT, xml


def number(n: int) -> bytes:
    return msgspec.json.encode({"at": 1_800_000_000_000 + n, "n": n})


def feed(kind: str = "mapping", **folder: Any) -> Feed:
    table = Folder(path="in", every_s=1.0, **folder)
    mappings = NUMBERED.mappings if kind == "mapping" else ()
    return Feed(kind=kind, via="folder", folder=table, mappings=mappings)  # type: ignore[arg-type]


@contextmanager
def watched(base: Path, feed: Feed) -> Iterator[Console]:
    (base / "in").mkdir(exist_ok=True)
    with Console(base, {}, {"f": feed}) as console:
        watching = Watching("f", feed, console.ingest, SystemClock(), base, ("utf-8", "cp949"))
        watching.start()
        try:
            yield console
        finally:
            watching.stop()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def wait_lamp(console: Console, state: str, word: str = "") -> None:
    def said() -> bool:
        lamp = console.lamp("feed", "f")
        return lamp is not None and lamp.state == state and word in lamp.detail

    console.wait_for(said, f"no lamp {state} {word}: {console.lamp('feed', 'f')}")


def test_a_complete_file_is_read_and_moved_once_it_is_on_disk(tmp_path: Path) -> None:
    with watched(tmp_path, feed()) as console:
        (tmp_path / "in" / "A-17.json").write_bytes(number(1))
        (tmp_path / "in" / "B.ndjson").write_bytes(number(2) + b"\n\n" + number(3) + b"\n")
        (tmp_path / "in" / "C.json.part").write_bytes(number(4))
        (tmp_path / "in" / ".hidden").write_bytes(number(5))
        console.wait_received("f", 3)
        wait_lamp(console, "ok")
    assert {(each.reading.source, each.reading.value) for each in console.committed} == {
        ("A-17", 1.0), ("B", 2.0), ("B", 3.0),
    }  # fmt: skip
    assert names(tmp_path / "in") == [".hidden", "C.json.part", "read"]
    assert names(tmp_path / "in" / "read") == ["A-17.json", "B.ndjson"]


def test_the_same_file_again_is_harmless_and_a_second_one_of_its_name_is_kept_too(tmp_path: Path) -> None:
    with watched(tmp_path, feed()) as console:
        path = tmp_path / "in" / "A.json"
        for content in (number(1), number(1), number(2)):
            path.write_bytes(content)
            console.wait_for(lambda: not path.exists(), "it was not moved", 20)
    assert [each.reading.value for each in console.committed] == [1.0, 2.0]
    assert len(names(tmp_path / "in" / "read")) == 3


def test_names_in_korean_are_found_in_both_spellings(tmp_path: Path) -> None:
    with watched(tmp_path, feed("seoul", pattern="돌발*.XML")) as console:
        for n, form in enumerate(("NFC", "NFD")):
            name = unicodedata.normalize(form, f"돌발_{n}.xml")  # type: ignore[arg-type]
            (tmp_path / "in" / name).write_bytes(xml("AccInfo", [{**INCIDENT, "acc_id": str(n)}]))
        (tmp_path / "in" / "다른.xml").write_bytes(b"<a/>")
        console.wait_received("f", 2)
        wait_lamp(console, "ok")
    assert len(names(tmp_path / "in" / "read")) >= 1
    assert (tmp_path / "in" / "다른.xml").exists()


def test_what_cannot_be_read_stays_and_is_named(tmp_path: Path) -> None:
    with watched(tmp_path, feed()) as console:
        (tmp_path / "in" / "깨짐.json").write_bytes(b"{")
        wait_lamp(console, "warn", "깨짐.json")
        assert console.counts("f").received == 1
        (tmp_path / "in" / "좋음.json").write_bytes(number(1))
        console.wait_received("f", 2)
    assert (tmp_path / "in" / "깨짐.json").exists()
    assert (tmp_path / "in" / "read" / "좋음.json").exists()
    assert console.counts("f").received == 2


def test_a_stick_that_is_not_there_is_said_and_found_when_it_comes(tmp_path: Path) -> None:
    with watched(tmp_path, feed()) as console:
        (tmp_path / "in").rmdir() if not (tmp_path / "in" / "read").exists() else None
        wait_lamp(console, "bad", "cannot be looked at")
        (tmp_path / "stick").mkdir()
        (tmp_path / "stick" / "A.json").write_bytes(number(1))
        (tmp_path / "stick").rename(tmp_path / "in")
        console.wait_received("f", 1)
        wait_lamp(console, "ok")


def test_while_the_disk_refuses_the_file_stays(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "A.json").write_bytes(number(1))
    with watched(tmp_path, feed()) as console:
        console.ingest.hold("the disk is full")
        wait_lamp(console, "bad", "disk is full")
        assert (tmp_path / "in" / "A.json").exists()
        console.ingest.hold("")
        console.wait_received("f", 1)
        wait_lamp(console, "ok")
    assert (tmp_path / "in" / "read" / "A.json").exists()


def test_files_may_stay_where_they_are_and_are_read_once(tmp_path: Path) -> None:
    with watched(tmp_path, feed(after="keep")) as console:
        path = tmp_path / "in" / "A.json"
        path.write_bytes(number(1))
        console.wait_received("f", 1)
        path.write_bytes(number(2) + b" ")
        console.wait_received("f", 2)
    assert path.exists()
    assert console.counts("f").received == 2


@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp949"])
def test_a_table_of_any_size_becomes_pieces_with_its_header(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "큰 표.csv"
    rows = "".join(f"{n},서울시 한빛구 {n}번지\n" for n in range(20_000))
    path.write_text("번호,주소\n" + rows, encoding=encoding)
    pieces = list(files.messages(path, "f", feed("sdot"), ("utf-8", "cp949")))
    assert len(pieces) > 5
    assert {topic for topic, _ in pieces} == {"f/큰 표.csv"}
    texts = [payload.decode("utf-8-sig") for _, payload in pieces]
    assert all(text.startswith("번호,주소\n") for text in texts)
    assert "".join(text.partition("\n")[2] for text in texts) == rows
