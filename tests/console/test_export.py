"""Exports: every reading once, in a file that a spreadsheet takes as it is, and only whole."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from lxml import etree
from sqlite_utils import Database

from console import export
from console.__main__ import gwanje
from console.cli_export import moment
from console.clock import ManualClock, SystemClock
from console.core import Core
from console.errors import Refused
from console.settings import parse
from db import connection, entries, feed, readings
from db.readings import Series
from db.records import Flag, Reading

KEY = b"k" * 32
START = 1_800_000_000_000
SEOUL = ZoneInfo("Asia/Seoul")


def reading(n: int, **more: Any) -> Reading:
    fields: dict[str, Any] = {
        "source": "OC3CL200011",
        "quantity": "pm25",
        "value": n / 4,
        "observed_ms": START + n * 120_000,
        "received_ms": START + n * 120_000 + 350,
        "unit": "ug/m3",
    }
    return Reading(**(fields | more))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "feed.db"


@pytest.fixture
def store(path: Path) -> Iterator[Callable[[list[Reading]], None]]:
    db = connection.open_writer(path, KEY, feed.migrations)

    def add(new: list[Reading]) -> None:
        with db.atomic():
            readings.add(db, "air", new)

    yield add
    db.close()


def written(path: Path, form: Any, *, series: list[Series] | None = None, **more: Any) -> bytes:
    to = path.with_name(f"out.{form}")

    def open_reader() -> Database:
        return connection.open_reader(path, KEY)

    db = open_reader()
    known = readings.series(db) if series is None else series
    db.close()
    wanted = export.Wanted(known, START, START + 10**10)
    fields: dict[str, Any] = {"names": {"OC3CL200011": "왕십리"}, "language": "ko", "zone": SEOUL}
    fields["at"] = lambda done, total, text: None
    export.write(to, form, open_reader, wanted, **(fields | more))
    return to.read_bytes()


def lines(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def cells(content: bytes, sheet: int = 1) -> list[list[tuple[str, str]]]:
    """Rows of (type, text) of a sheet of an XLSX."""
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        root = etree.fromstring(book.read(f"xl/worksheets/sheet{sheet}.xml"))
    space = {"m": root.nsmap[None]}
    return [
        [(cell.get("t", "n"), "".join(cell.itertext())) for cell in row.iterfind("m:c", space)]
        for row in root.iterfind(".//m:row", space)
    ]


def test_every_reading_is_there_once_in_order_over_many_pages(
    path: Path, store: Callable[[list[Reading]], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "PAGE", 7)
    store([reading(n) for n in range(50)])
    store([reading(n, quantity="noise", unit="dB[SPL]") for n in range(3)])
    table = lines(written(path, "csv"))
    assert table[0][:8] == ["관측시각", "관측시각(UTC)", "장치", "이름", "항목", "통계", "값", "단위"]
    assert [row[4] for row in table[1:]] == ["noise"] * 3 + ["pm25"] * 50
    assert [float(row[6]) for row in table[4:]] == [n / 4 for n in range(50)]
    assert table[1][:4] == ["2027-01-15 17:00:00.000", "2027-01-15 08:00:00.000", "OC3CL200011", "왕십리"]


def test_excel_knows_the_encoding_and_takes_no_text_for_a_formula(
    path: Path, store: Callable[[list[Reading]], None]
) -> None:
    store([reading(0, value="=HYPERLINK(0)", unit="1"), reading(1, value="낙하", unit="1")])
    content = written(path, "csv")
    assert content.startswith(b"\xef\xbb\xbf")
    assert [row[6] for row in lines(content)[1:]] == ["'=HYPERLINK(0)", "낙하"]
    assert [row[6] for row in cells(written(path, "xlsx"))[1:]] == [
        ("inlineStr", "=HYPERLINK(0)"),
        ("inlineStr", "낙하"),
    ]


def test_numbers_truths_and_flags_are_what_they_are(
    path: Path, store: Callable[[list[Reading]], None]
) -> None:
    store([reading(0, value=-12.5, flags=int(Flag.RETAINED | Flag.BACKFILL)), reading(1, quality="stuck")])
    store([reading(0, quantity="door", value=True, unit="1")])
    table = cells(written(path, "xlsx", language="en"))
    assert [text for _, text in table[0]][6:10] == ["value", "unit", "quality", "flags"]
    assert [row[6] for row in table[1:]] == [("b", "1"), ("n", "-12.5"), ("n", "0.25")]
    assert [row[9][1] for row in table[2:]] == ["retained backfill", ""]
    assert table[3][8] == ("inlineStr", "stuck")


def test_a_full_sheet_is_followed_by_another(
    path: Path, store: Callable[[list[Reading]], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "SHEET_ROWS", 4)
    store([reading(n) for n in range(7)])
    content = written(path, "xlsx")
    assert [len(cells(content, sheet)) for sheet in (1, 2, 3)] == [4, 4, 2]
    assert cells(content, 3)[0] == cells(content, 1)[0]


def test_an_export_that_was_ended_leaves_no_file(path: Path, store: Callable[[list[Reading]], None]) -> None:
    store([reading(n) for n in range(5)])

    def at(done: int, total: int, text: str) -> None:
        raise Refused("enough")

    with pytest.raises(Refused):
        written(path, "csv", at=at)
    assert [each.name for each in path.parent.iterdir() if each.name.startswith("out")] == []


def test_a_time_that_no_calendar_has_is_written_as_its_number(
    path: Path, store: Callable[[list[Reading]], None]
) -> None:
    store([reading(0, received_ms=10**17)])
    assert lines(written(path, "csv"))[1][10] == str(10**17)


def test_the_command_line_fetches_a_whole_file_and_the_log_knows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    core = Core(tmp_path / "data", parse("", "test"), SystemClock())
    core.start()
    try:
        core.ingest.submit(lambda db: readings.add(db, "air", [reading(n) for n in range(30)])).result(10)
        to = tmp_path / "내보내기.csv"
        arguments = ["export", "--data", str(tmp_path / "data"), "--source", "OC3CL200011"]
        arguments += ["--since", "2027-01-15", "--until", "2027-01-16", str(to)]
        with pytest.raises(SystemExit) as ended:
            gwanje.main(arguments, prog_name="gwanje")
        assert ended.value.code == 0
        assert len(lines(to.read_bytes())) == 31
        assert "30 rows" in capsys.readouterr().out
        db = core.open_ops_reader()
        (entry,) = entries.newest(db, 1)
        db.close()
        assert entry.type == "export.made" and '"rows":30' in entry.body
        assert list((tmp_path / "data" / "exports").iterdir()) == []
        with pytest.raises(Refused, match="never reported"):
            gwanje.main([*arguments[:4], "x", str(to)], prog_name="gwanje", standalone_mode=False)
    finally:
        core.stop()


@pytest.mark.parametrize(
    ("text", "at_ms"),
    [
        ("2027-01-15T17:00", START),
        ("2027-01-15T08:00+00:00", START),
        ("2d", START - 2 * 86_400_000),
        ("12h", START - 12 * 3_600_000),
    ],
)
def test_times_of_the_command_line(text: str, at_ms: int) -> None:
    assert moment(text, SEOUL, ManualClock(START)) == at_ms


def test_a_time_that_is_none_is_refused() -> None:
    with pytest.raises(Refused, match="is no time"):
        moment("gestern", SEOUL)


def test_an_hour_is_one_row_with_count_mean_ends_and_sum(
    store: Callable[[list[Reading]], None], path: Path
) -> None:
    hour = 3_600_000
    at = START // hour * hour + hour
    store([
        reading(0, value=4, observed_ms=at, period_s=600),  # its period ended with the hour before
        reading(1, value=10, observed_ms=at + 600_000, period_s=600),
        reading(2, value=20, observed_ms=at + hour, period_s=600),
        reading(3, value=900, observed_ms=at + 1_200_000, period_s=600, quality="bad"),
        reading(4, value=900, observed_ms=at + 1_800_000, period_s=600, flags=int(Flag.FORECAST)),
    ])  # fmt: skip
    rows = list(csv.reader(io.StringIO(written(path, "csv", hourly=True).decode("utf-8-sig"))))
    assert rows[0][:6] == ["시각", "장치", "이름", "항목", "통계", "수"]
    assert [row[2] for row in rows[1:]] == ["왕십리", "왕십리"]
    assert [row[5:] for row in rows[1:]] == [
        ["1", "4.0", "4.0", "4.0", "4.0", "ug/m3"],
        ["2", "15.0", "10.0", "20.0", "30.0", "ug/m3"],
    ]


def test_a_star_at_the_end_of_a_source_takes_all_that_begin_so() -> None:
    known = [Series("gate-1", "people", "sum", "1"), Series("gate-2", "density", "inst", "1"),
             Series("pole-1", "people", "sum", "1")]  # fmt: skip
    assert export.chosen(known, "gate-*", ()) == known[:2]
    assert export.chosen(known, "*", ("people",)) == [known[0], known[2]]
