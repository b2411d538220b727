"""A range of readings as a CSV or XLSX file that a Korean Excel opens as it is.

The file is written beside its final name and renamed when it is whole, so that
what lies there under its name is complete.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any, Literal, NamedTuple, Protocol
from zoneinfo import ZoneInfo

import xlsxwriter
from sqlite_utils import Database

from console import export_hours
from db import history
from db.readings import Series
from db.records import Flag, Reading

PAGE = 5_000  # readings of one short read of the store
SHEET_ROWS = 1_048_576  # of an XLSX sheet, its header included (ECMA-376 as Excel reads it)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_FLAGS = ((Flag.RETAINED, "retained"), (Flag.HISTORICAL, "historical"), (Flag.BACKFILL, "backfill"),
          (Flag.FORECAST, "forecast"))  # fmt: skip

HEADERS = {
    "ko": ("관측시각", "관측시각(UTC)", "장치", "이름", "항목", "통계", "값", "단위", "품질", "표시",
           "수신시각(UTC)", "평균시간(초)", "개정"),
    "en": ("observed", "observed (UTC)", "source", "name", "quantity", "statistic", "value", "unit",
           "quality", "flags", "received (UTC)", "period (s)", "revision"),
}  # fmt: skip


LABEL_HEADERS = {
    "ko": ("항목명", "표준용어", "분류", "코드", "개인정보"),
    "en": ("quantity name", "standard term", "category", "codes", "personal data"),
}
Label = tuple[str, str, str, str, str]
"""What a data dictionary says of a quantity, in the order of LABEL_HEADERS."""
NO_LABEL: Label = ("", "", "", "", "")


class Wanted(NamedTuple):
    """What shall be in the file: since_ms <= observed < until_ms of each series, in this order."""

    series: Sequence[Series]
    since_ms: int
    until_ms: int


class Written(NamedTuple):
    """What is in the file."""

    rows: int
    series: int


class Rows(Protocol):
    """A file that rows are written to."""

    def row(self, cells: Sequence[Any]) -> None: ...
    def close(self) -> None: ...


def write(
    path: Path,
    form: Literal["csv", "xlsx"],
    open_reader: Callable[[], Database],
    wanted: Wanted,
    *,
    names: dict[str, str],
    language: Literal["ko", "en"],
    zone: ZoneInfo,
    at: Callable[[int, int, str], None],
    labels: Mapping[str, Label] | None = None,
    hourly: bool = False,
) -> Written:
    """Write the file; `at(done, total, text)` is told often and may raise to end it, which leaves no file.

    `names` has the asset's name by source. With `labels` (by quantity) each row carries what the
    data dictionary says of it; with `hourly` a row is an hour of a series and not a reading.
    Raises OSError as the disk does.
    """
    part = path.with_name(path.name + ".part")
    count = 0
    try:
        file: Rows = _Csv(part) if form == "csv" else _Xlsx(part)
        try:
            header = export_hours.HEADERS if hourly else HEADERS
            file.row((*header[language], *(LABEL_HEADERS[language] if labels is not None else ())))
            for done, series in enumerate(wanted.series):
                at(done, len(wanted.series), f"{count:,}")
                more = () if labels is None else labels.get(series.quantity, NO_LABEL)
                found = _readings(open_reader, series, wanted.since_ms, wanted.until_ms)
                name = names.get(series.source, "")
                for cells in _by_hour(found, series, name, zone) if hourly else _each(found, name, zone):
                    file.row((*cells, *more))
                    count += 1
                    if count % PAGE == 0:
                        at(done, len(wanted.series), f"{count:,}")
        finally:
            file.close()
        at(len(wanted.series), len(wanted.series), f"{count:,}")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return Written(count, len(wanted.series))


def _readings(
    open_reader: Callable[[], Database], series: Series, since_ms: int, until_ms: int
) -> Iterator[Reading]:
    """The readings of one series, page by page: no long read keeps the store's journal from shrinking."""
    while since_ms < until_ms:
        db = open_reader()
        try:
            page = history.rows(
                db,
                series.source,
                series.quantity,
                since_ms,
                until_ms,
                statistic=series.statistic,
                unit=series.unit,
                limit=PAGE,
            )
        finally:
            db.close()
        yield from page
        if len(page) < PAGE:
            return
        since_ms = page[-1].observed_ms + 1


def _each(readings: Iterable[Reading], name: str, zone: ZoneInfo) -> Iterator[tuple[Any, ...]]:
    return (_cells(reading, name, zone) for reading in readings)


def _by_hour(
    readings: Iterable[Reading], series: Series, name: str, zone: ZoneInfo
) -> Iterator[tuple[Any, ...]]:
    for hour in export_hours.hours(readings):
        yield (
            _text(hour.since_ms, zone)[:16],
            series.source,
            name,
            series.quantity,
            series.statistic,
            hour.numbers,
            hour.total / hour.numbers,
            hour.least,
            hour.most,
            hour.total,
            series.unit,
        )


def _cells(reading: Reading, name: str, zone: ZoneInfo) -> tuple[Any, ...]:
    flags = " ".join(word for flag, word in _FLAGS if reading.flags & flag)
    return (
        _text(reading.observed_ms, zone),
        _text(reading.observed_ms, UTC),
        reading.source,
        name,
        reading.quantity,
        reading.statistic,
        reading.value,
        reading.unit,
        reading.quality,
        flags,
        _text(reading.received_ms, UTC),
        reading.period_s,
        reading.revision,
    )


def _text(at_ms: int, zone: Any) -> str:
    """A time to the millisecond; as its number where no calendar reaches."""
    try:
        at = (_EPOCH + timedelta(milliseconds=at_ms)).astimezone(zone)
    except (OverflowError, ValueError):
        return str(at_ms)
    return at.strftime("%Y-%m-%d %H:%M:%S.") + f"{at.microsecond // 1000:03d}"


def _plain(cell: Any) -> Any:
    """A text that a spreadsheet would take for a formula gets the apostrophe that keeps it a text."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


class _Csv:
    """With a byte order mark, by which Excel knows UTF-8; lines as RFC 4180 ends them."""

    def __init__(self, path: Path) -> None:
        self._file: IO[str] = path.open("w", encoding="utf-8-sig", newline="")
        self._csv = csv.writer(self._file)

    def row(self, cells: Sequence[Any]) -> None:
        self._csv.writerow([_plain(cell) for cell in cells])

    def close(self) -> None:
        self._file.close()


def open_csv(path: Path) -> Rows:
    """A new CSV file that Excel opens as it is; texts stay texts."""
    return _Csv(path)


class _Xlsx:
    """Texts are written as texts, never as formulas or links; a full sheet is followed by another."""

    def __init__(self, path: Path) -> None:
        options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        self._book = xlsxwriter.Workbook(str(path), options)
        self._bold = self._book.add_format({"bold": True})
        self._header: Sequence[Any] = ()
        self._begin()

    def _begin(self) -> None:
        self._sheet = self._book.add_worksheet()
        self._sheet.freeze_panes(1, 0)
        self._sheet.set_column(0, 1, 24)
        self._sheet.set_column(2, 12, 14)
        self._at = 0

    def row(self, cells: Sequence[Any]) -> None:
        if not self._header:
            self._header = cells
            self._sheet.write_row(0, 0, cells, self._bold)
            self._at = 1
            return
        if self._at == SHEET_ROWS:
            self._begin()
            self._sheet.write_row(0, 0, self._header, self._bold)
            self._at = 1
        for column, cell in enumerate(cells):
            self._write(column, cell)
        self._at += 1

    def _write(self, column: int, cell: Any) -> None:
        if isinstance(cell, bool):
            self._sheet.write_boolean(self._at, column, cell)
        elif isinstance(cell, int | float):
            self._sheet.write_number(self._at, column, cell)
        else:
            self._sheet.write_string(self._at, column, str(cell)[:32_767])  # the most a cell holds

    def close(self) -> None:
        self._book.close()


def file_name(kind: str, since_ms: int, until_ms: int, zone: ZoneInfo, form: str) -> str:
    """A name that says what is in it, in letters that every file system takes."""
    since, until = (
        _text(each, zone)[:16].replace(":", "").replace(" ", "T") for each in (since_ms, until_ms)
    )
    kept = "".join(each if each.isalnum() or each in "-_" else "_" for each in kind)[:60]
    return f"gwanje-{kept}-{since}-{until}.{form}"


def chosen(known: Iterable[Series], source: str, quantities: Sequence[str]) -> list[Series]:
    """The series of a source, exact or with a trailing *, of these quantities or of all."""
    return [
        each
        for each in known
        if (each.source.startswith(source[:-1]) if source.endswith("*") else each.source == source)
        and (not quantities or each.quantity in quantities)
    ]
