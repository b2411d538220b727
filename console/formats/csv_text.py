"""The one CSV reader for everything that comes from outside: published files and messages alike.

Files of Korean offices come in UTF-8 (with or without a mark) or CP949, now and
then with the first row glued to the header because a line end is missing, with
names of columns missing at the end, or with rows shorter than the header.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, TextIO

from console.errors import SettingsError
from console.formats.json_text import MAX_BYTES, Unreadable

MAX_COLUMNS = 400
MAX_ROWS = 5_000  # of one message
MAX_CELLS = 60_000
MAX_CELL = 4_000  # characters

PIECE_BYTES = 64 * 1024
"""How much of a file becomes one message; the header stands before each piece."""

_PROBE = 256 * 1024
_GLUED = re.compile(
    r"(등록일시|등록일자|등록일|데이터기준일자|데이터기준일|방문자수|REG_DTTM|REG_DT|VISITOR_COUNT|VISIT_COUNT|DATE)"
    r"\s*\"?(?=[^\s\"])"
)
"""Names that end the published headers, where something follows without a comma."""


class Table(NamedTuple):
    """A header and the rows under it, all texts without outer spaces; `glued` if they had to be parted."""

    header: list[str]
    rows: list[list[str]]
    glued: bool


def read(payload: bytes, encodings: Sequence[str] = ("utf-8", "cp949")) -> Table:
    """The table in `payload`; raises Unreadable and nothing else."""
    if len(payload) > MAX_BYTES:
        raise Unreadable("too-large", f"{len(payload)} bytes; at most {MAX_BYTES} are read")
    text = decoded(payload, encodings)
    if not text.strip():
        raise Unreadable("empty", "the message has no content")
    if "\0" in text:
        raise Unreadable("nul", "a zero byte stands in the text")
    lines: list[list[str]] = []
    cells = 0
    try:
        for line in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter(text)):
            cells += len(line)
            if len(line) > MAX_COLUMNS or len(lines) > MAX_ROWS or cells > MAX_CELLS:
                raise Unreadable(
                    "too-many", f"at most {MAX_ROWS} rows, {MAX_COLUMNS} columns, {MAX_CELLS} cells are read"
                )
            row = [cell.strip() for cell in line]
            if any(row):
                lines.append(row)
    except csv.Error as error:
        raise Unreadable("not-csv", str(error)[:200]) from error
    if not lines or len(lines[0]) < 2:
        raise Unreadable("not-csv", "the message is no table with a header")
    header, first = parted(lines[0], len(lines[1]) if len(lines) > 1 else 0)
    return Table(header, ([first] if first else []) + lines[1:], bool(first))


def decoded(payload: bytes, encodings: Sequence[str]) -> str:
    """The text of the payload by its mark or by the site's encodings in their order."""
    if payload.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _by(payload, ("utf-16",))
    return _by(payload, ["utf-8-sig" if each == "utf-8" else each for each in encodings])


def _by(payload: bytes, encodings: Sequence[str]) -> str:
    for encoding in encodings:
        try:
            return payload.decode(encoding)
        except UnicodeError:
            continue
    raise Unreadable("encoding", f"the text is none of {', '.join(encodings)}")


def delimiter(text: str) -> str:
    """What parts the cells, by the first line: a comma, else a tab, semicolon or bar."""
    line = text[:4000].split("\n", 1)[0]
    return max(",\t;|", key=line.count) if "," not in line else ","


def parted(header: list[str], wide: int) -> tuple[list[str], list[str]]:
    """The header, and the first row if it was glued to it ([] where it was not).

    A header of n names and a row of n cells glued together have 2n - 1 cells.
    """
    for at, cell in enumerate(header[:-1]):
        found = _GLUED.match(cell)
        if found and at >= 1 and len(header) >= 2 * at + 1 and (not wide or abs(wide - at - 1) <= 8):
            rest = cell[found.end() :].strip().strip('"')
            return [*header[:at], found[1]], [rest, *header[at + 1 :]]
    return header, []


def pieces(path: Path, encodings: Sequence[str] = ("utf-8", "cp949")) -> Iterator[tuple[int, bytes]]:
    """A large file as messages that can be read alone: (row of the file, UTF-8 CSV with its header).

    Raises SettingsError if the file cannot be read.
    """
    rows = lines(path, encodings)
    _, header = next(rows, (1, []))
    out, at = _begun(header), 0
    for number, row in rows:
        if at and out.tell() > PIECE_BYTES:
            yield at, out.getvalue().encode("utf-8", "replace")
            out, at = _begun(header), 0
        at = at or number
        _write(out, row)
    yield at or 1, out.getvalue().encode("utf-8", "replace")


def lines(path: Path, encodings: Sequence[str] = ("utf-8", "cp949")) -> Iterator[tuple[int, list[str]]]:
    """The header of a file and its rows, one by one, with their number: the header is row 1.

    A first row that was glued to the header has its number too. Bytes that are
    no text become �. Raises SettingsError if the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            probe = file.read(_PROBE)
        encoding = _encoding(probe, encodings)
        with path.open(encoding=encoding, errors="replace", newline="") as text:
            yield from _lines(text, delimiter(probe[:4000].decode(encoding, "replace")))
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read ({error.strerror})") from error
    except csv.Error as error:
        raise SettingsError(f"{path}: is no CSV file ({error})") from error


def _lines(text: TextIO, mark: str) -> Iterator[tuple[int, list[str]]]:
    whole = iter(lambda: text.readline(MAX_BYTES).replace("\0", ""), "")
    rows = csv.reader(whole, delimiter=mark)
    header = [cell.strip() for cell in next(rows, [])]
    second = next(rows, None)
    header, glued = parted(header, len(second or ()))
    yield 1, header
    if glued:
        yield 1, glued
    if second is not None:
        yield 2, second
    yield from enumerate(rows, start=3)


def _begun(header: list[str]) -> io.StringIO:
    out = io.StringIO()
    _write(out, header)
    return out


def _write(out: io.StringIO, row: list[str]) -> None:
    csv.writer(out, lineterminator="\n").writerow([cell[:MAX_CELL] for cell in row[:MAX_COLUMNS]])


def _encoding(probe: bytes, encodings: Sequence[str]) -> str:
    """The first encoding that reads the beginning, whose last character may be cut."""
    if probe.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    for encoding in encodings:
        name = "utf-8-sig" if encoding == "utf-8" else encoding
        try:
            codecs.getincrementaldecoder(name)().decode(probe, len(probe) < _PROBE)
        except UnicodeError:
            continue
        return name
    return "utf-8-sig"
