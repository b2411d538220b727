"""A file imported by hand: previewed without a trace, stored as of the past, reported row by row."""

from __future__ import annotations

import json
import queue
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from console.clock import SystemClock
from console.core import Core
from console.errors import Refused
from console.importing import Report
from console.link_client import LinkClient
from console.settings import parse
from db.records import Flag
from db.workings import Progress
from tests.console.test_start import gwanje

SETTINGS = """
[feeds.numbers]
via = "folder"
folder = { path = "in" }
[[feeds.numbers.mappings]]
topic = "t/{source}"
time = "at"
time_format = "epoch_ms"
values = [{ quantity = "n", value = "n", unit = "Cel" }]
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "측정 A.ndjson"
    lines = [json.dumps({"at": 1_800_000_000_000 + n, "n": n}) for n in range(50)]
    path.write_text("\n".join([*lines, "{", '{"at": 1, "n": "many"}', lines[0]]), encoding="utf-8")
    return path


@pytest.fixture
def core(tmp_path: Path) -> Iterator[Core]:
    (tmp_path / "settings.toml").write_text(SETTINGS, encoding="utf-8")
    core = Core(tmp_path / "data", parse(SETTINGS, "test"), SystemClock(), origin=tmp_path / "settings.toml")
    core.start()
    yield core
    core.stop()


class Seat:
    """A screen that follows tasks."""

    def __init__(self, core: Core) -> None:
        self.ended: queue.Queue[Progress] = queue.Queue()
        self.client = LinkClient(core.folder, role="ui", seat="1", actor="김관제", on_push=self._push)
        self.client.start()
        assert self.client.wait_linked(10)

    def _push(self, records: Any) -> None:
        for each in records:
            if isinstance(each, Progress) and each.state != "running":
                self.ended.put(each)

    def run(self, path: Path) -> Progress:
        self.client.act("import.start", {"path": str(path), "feed": "numbers"})
        return self.ended.get(timeout=30)

    def report(self, progress: Progress) -> Report:
        return msgspec.convert(self.client.ask("import.report", {"id": progress.id}), Report)


@pytest.fixture
def seat(core: Core) -> Iterator[Seat]:
    seat = Seat(core)
    yield seat
    seat.client.stop()


def stored(core: Core) -> list[tuple[float, int]]:
    db = core.open_feed_reader()
    try:
        return [tuple(row) for row in db.conn.execute("SELECT value, flags FROM reading ORDER BY id")]
    finally:
        db.close()


def test_a_preview_says_what_would_come_and_stores_nothing(core: Core, seat: Seat, file: Path) -> None:
    found = seat.client.ask("import.preview", {"path": str(file), "feed": "numbers"})
    report = msgspec.convert(found, Report)
    assert (report.whole, report.messages, report.records) == (False, 40, {"Reading": 40})
    assert report.examples[0]["value"] == 0.0
    assert report.examples[0]["source"] == "측정 A"
    assert stored(core) == []


def test_an_import_is_stored_as_of_the_past_and_reported(core: Core, seat: Seat, file: Path) -> None:
    progress = seat.run(file)
    report = seat.report(progress)
    assert progress.state == "done", progress.text
    assert (report.rows, report.records["Reading"]) == (53, 51)
    assert report.reasons == {"not-json": 1, "value": 1}
    assert [each["reason"] for each in report.faults] == ["not-json", "value"]
    assert (report.stored + report.known, report.set_aside) == (51, 2)
    assert stored(core) == [(float(n), int(Flag.HISTORICAL)) for n in range(50)]
    again = seat.report(seat.run(file))
    assert (again.stored, again.known) == (0, 51)
    assert file.exists()


def test_what_is_no_file_and_no_feed_is_refused(seat: Seat, tmp_path: Path, file: Path) -> None:
    for path, feed in (
        (tmp_path / "none", "numbers"),
        (tmp_path, "numbers"),
        (file, "other"),
        ("x", "numbers"),
    ):
        with pytest.raises(Refused):
            seat.client.act("import.start", {"path": str(path), "feed": feed})


def test_the_command_line_previews_without_a_core_and_imports_with_one(
    core: Core, tmp_path: Path, file: Path
) -> None:
    own = ("--settings", str(tmp_path / "settings.toml"), "--data", str(core.folder))
    done = gwanje("import", "file", "--preview", "--feed", "numbers", *own, str(file), cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "its beginning" in done.stdout
    done = gwanje("import", "file", "--feed", "numbers", "--json", *own, str(file), cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["reasons"] == {"not-json": 1, "value": 1}
