"""`gwanje report indicators` and `forecasts`: ask a running core and write what it says to a file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import click
import msgspec

from console import export
from console.cli_task import TaskClient
from console.clock import SEOUL
from console.errors import ConsoleError, Refused
from console.packs.forecasts import Missed

_HEADERS = {
    "ko": ("목록", "지표", "이름", "값", "단위", "산식", "산식의 값", "증빙", "기간(일)", "작성시각"),
    "en": ("list", "id", "name", "value", "unit", "formula", "figures", "evidence", "days", "made at"),
}
_FORECASTS = {
    "ko": ("장치", "예측 항목", "실측 항목", "통계", "단위", "비교 건수", "평균 오차", "평균 절대 오차",
           "최대 오차", "기간(일)", "작성시각"),
    "en": ("source", "predicted", "measured", "statistic", "unit", "compared", "mean error",
           "mean absolute error", "largest error", "days", "made at"),
}  # fmt: skip


def print_indicators(folder: Path, to: Path, days: float, language: Literal["ko", "en"]) -> int:
    """Write the indicators of the folder's core to `to`, whole or not at all."""
    if to.suffix.lower() != ".csv":
        raise Refused(f"{to}: the file must end with .csv")
    with TaskClient(folder, "report") as tasks:
        found = tasks.client.ask("indicators", {"days": days})
    if not found["rows"]:
        raise Refused("No pack in use has indicators; name `indicators` under packs in the settings")
    write(to, found, days, language)
    click.echo(f"{to}: {len(found['rows'])} indicators")
    return 0


def write(to: Path, found: dict[str, Any], days: float, language: Literal["ko", "en"]) -> None:
    """One row per indicator, with its formula and the figures in it."""
    made = _moment(found["at_ms"])
    rows: list[Sequence[Any]] = [_HEADERS[language]]
    for row in found["rows"]:
        used = [f"{name}={_number(found['figures'].get(name))}" for name in _names(row["formula"])]
        number = row["value"]
        shown = "" if number is None else f"{number:.{row['decimals']}f}"
        rows.append(
            (row["list"], row["id"], row[language], shown, row["unit"], row["formula"],
             ", ".join(used), row["evidence"], f"{days:g}", made)
        )  # fmt: skip
    _write_rows(to, rows)


def _write_rows(to: Path, rows: Iterable[Sequence[Any]]) -> None:
    """A CSV file that is whole or not there."""
    part = to.with_name(to.name + ".part")
    try:
        file = export.open_csv(part)
        try:
            for row in rows:
                file.row(row)
        finally:
            file.close()
        part.replace(to)
    except OSError as error:
        raise ConsoleError(f"{to}: cannot be written ({error.strerror})") from error
    finally:
        part.unlink(missing_ok=True)


def _moment(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, SEOUL).isoformat(timespec="seconds")


def _names(formula: str) -> list[str]:
    from console.packs.indicators import FIGURES

    words = formula.replace("(", " ").replace(")", " ").replace("/", " ").replace("*", " ").split()
    return [word for word in words if word in FIGURES]


def _number(value: float | None) -> str:
    return "?" if value is None else f"{value:g}"


def print_forecasts(folder: Path, to: Path, days: float, language: Literal["ko", "en"]) -> int:
    """Write the report of the folder's core to `to`, whole or not at all."""
    if to.suffix.lower() != ".csv":
        raise Refused(f"{to}: the file must end with .csv")
    with TaskClient(folder, "report") as tasks:
        found = tasks.client.ask("forecasts", {"days": days}, 120.0)
    rows = msgspec.convert([tuple(each.values()) for each in found["rows"]], list[Missed])
    if not rows:
        raise Refused("No pack in use has predictions that were received; there is nothing to compare")
    made = _moment(found["at_ms"])
    written: list[Sequence[Any]] = [_FORECASTS[language]]
    for each in rows:
        errors = ["" if error is None else round(error, 3) for error in each[6:]]
        written.append((*each[:6], *errors, f"{days:g}", made))
    _write_rows(to, written)
    click.echo(f"{to}: {len(rows)} predicted series")
    return 0
