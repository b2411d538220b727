"""`gwanje report indicators`: asks a running core for its indicators and writes them to a file."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import click

from console import export
from console.clock import SEOUL
from console.errors import ConsoleError, Refused, Unavailable
from console.link_client import LinkClient

_HEADERS = {
    "ko": ("목록", "지표", "이름", "값", "단위", "산식", "산식의 값", "증빙", "기간(일)", "작성시각"),
    "en": ("list", "id", "name", "value", "unit", "formula", "figures", "evidence", "days", "made at"),
}


def print_indicators(folder: Path, to: Path, days: float, language: Literal["ko", "en"]) -> int:
    """Write the indicators of the folder's core to `to`, whole or not at all."""
    if to.suffix.lower() != ".csv":
        raise Refused(f"{to}: the file must end with .csv")
    client = LinkClient(folder, role="cli", seat="report")
    try:
        client.start()
        if not client.wait_linked(2.0):
            raise Unavailable(f"No core runs on {folder}; start one with `gwanje core`")
        found = client.ask("indicators", {"days": days})
    finally:
        client.stop()
    if not found["rows"]:
        raise Refused("No pack in use has indicators; name `indicators` under packs in the settings")
    write(to, found, days, language)
    click.echo(f"{to}: {len(found['rows'])} indicators")
    return 0


def write(to: Path, found: dict[str, Any], days: float, language: Literal["ko", "en"]) -> None:
    """One row per indicator, with its formula and the figures in it."""
    part = to.with_name(to.name + ".part")
    made = datetime.fromtimestamp(found["at_ms"] / 1000, SEOUL).isoformat(timespec="seconds")
    try:
        file = export.open_csv(part)
        try:
            file.row(_HEADERS[language])
            for row in found["rows"]:
                used = [f"{name}={_number(found['figures'].get(name))}" for name in _names(row["formula"])]
                number = row["value"]
                shown = "" if number is None else f"{number:.{row['decimals']}f}"
                file.row(
                    (row["list"], row["id"], row[language], shown, row["unit"], row["formula"],
                     ", ".join(used), row["evidence"], f"{days:g}", made)
                )  # fmt: skip
        finally:
            file.close()
        part.replace(to)
    except OSError as error:
        raise ConsoleError(f"{to}: cannot be written ({error.strerror})") from error
    finally:
        part.unlink(missing_ok=True)


def _names(formula: str) -> list[str]:
    from console.packs.indicators import FIGURES

    words = formula.replace("(", " ").replace(")", " ").replace("/", " ").replace("*", " ").split()
    return [word for word in words if word in FIGURES]


def _number(value: float | None) -> str:
    return "?" if value is None else f"{value:g}"
