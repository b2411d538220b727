"""Tables of a report as a file: plain text, CSV, a workbook, or a page that prints by itself.

The page needs no network and no other file. Texts from outside stay texts in all of them.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any, Literal, NamedTuple

import xlsxwriter

from console.export import open_csv

Form = Literal["text", "csv", "xlsx", "html"]

_STYLE = """
@page { size: A4; margin: 14mm; }
body { font-family: Pretendard, "Malgun Gothic", "Noto Sans KR", sans-serif; font-size: 10.5pt; color: #111; }
h1 { font-size: 15pt; margin: 0 0 8pt; } h2 { font-size: 11.5pt; margin: 14pt 0 4pt; }
table { border-collapse: collapse; width: 100%; } tr { page-break-inside: avoid; }
th, td { border: 1px solid #999; padding: 3px 7px; text-align: left; vertical-align: top; }
th { background: #eee; } td.n { text-align: right; }
"""


class Sheet(NamedTuple):
    """One table: a header (empty for pairs of name and value) and its rows."""

    title: str
    header: tuple[str, ...]
    rows: Sequence[tuple[Any, ...]]


def written(form: Form, title: str, sheets: Sequence[Sheet], language: str) -> bytes:
    """The report in this form; CSV with a byte order mark, all others as they are usual."""
    match form:
        case "text":
            return _text(title, sheets).encode()
        case "html":
            return _html(title, sheets, language).encode()
        case "csv":
            return _csv(title, sheets)
        case "xlsx":
            return _xlsx(sheets)


def _text(title: str, sheets: Sequence[Sheet]) -> str:
    lines = [title]
    for sheet in sheets:
        lines += ["", sheet.title]
        lines += ["  " + " · ".join(_said(cell) for cell in row if _said(cell)) for row in sheet.rows] or [
            "  -"
        ]
    return "\n".join(lines) + "\n"


def _html(title: str, sheets: Sequence[Sheet], language: str) -> str:
    parts = [
        f'<!DOCTYPE html><html lang="{language}"><head><meta charset="utf-8">',
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body><h1>{escape(title)}</h1>",
    ]
    for sheet in sheets:
        parts.append(f"<h2>{escape(sheet.title)}</h2><table>")
        if sheet.header:
            parts.append(_line("th", sheet.header))
        parts += [_line("td", row) for row in sheet.rows] or ["<tr><td>–</td></tr>"]
        parts.append("</table>")
    return "".join([*parts, "</body></html>\n"])


def _line(tag: str, cells: Sequence[Any]) -> str:
    numbered, plain = f'<{tag} class="n">', f"<{tag}>"
    inner = "".join(
        f"{numbered if isinstance(cell, int | float) else plain}{escape(_said(cell))}</{tag}>"
        for cell in cells
    )
    return f"<tr>{inner}</tr>"


def _csv(title: str, sheets: Sequence[Sheet]) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.csv"
        rows = open_csv(path)
        rows.row([title])
        for sheet in sheets:
            rows.row([])
            rows.row([sheet.title])
            for row in ([sheet.header] if sheet.header else []) + list(sheet.rows):
                rows.row(["" if cell is None else cell for cell in row])
        rows.close()
        return path.read_bytes()


def _xlsx(sheets: Sequence[Sheet]) -> bytes:
    target = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(target, options) as book:
        bold = book.add_format({"bold": True})
        for number, sheet in enumerate(sheets, 1):
            page = book.add_worksheet(
                f"{number}. " + "".join(c for c in sheet.title if c not in "[]:*?/\\")[:25]
            )
            page.set_column(0, 0, 34)
            page.set_column(1, 8, 18)
            page.write_string(0, 0, sheet.title, bold)
            page.write_row(1, 0, sheet.header, bold)
            for at, row in enumerate(sheet.rows, 2):
                for column, cell in enumerate(row):
                    if isinstance(cell, int | float):
                        page.write_number(at, column, cell)
                    elif cell is not None:
                        page.write_string(at, column, str(cell)[:32_767])
    return target.getvalue()


def _said(cell: Any) -> str:
    if cell is None:
        return "–"
    return f"{cell:,.2f}".rstrip("0").rstrip(".") if isinstance(cell, float) else str(cell)
