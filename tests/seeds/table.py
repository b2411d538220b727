"""The table "systems served": what each test of a system says of itself, written for the manual.

`python -m tests.seeds.table` writes resources/manual/systems-ko.md and systems-en.md.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

MANUAL = Path(__file__).resolve().parents[2] / "resources" / "manual"
_F = TypeVar("_F", bound=Callable[..., Any])
_HEADS = {
    "ko": ("# 연계 시스템", "| 번호 | 시스템 | 형식 | 팩 | 시험이 확인하는 것 | 시험이 확인하지 않는 것 |"),
    "en": (
        "# Systems served",
        "| No. | System | Form | Pack | What its test shows | What its test does not |",
    ),
}
_NOTES = {
    "ko": "tests/seeds의 시험에서 만든 표입니다. 직접 고치지 않습니다.",
    "en": "Made from the tests in tests/seeds; not edited by hand.",
}


class Row(NamedTuple):
    """One system; `shows` and `lacks` are (ko, en)."""

    id: str
    ko: str
    en: str
    form: str
    pack: str
    shows: tuple[str, str]
    lacks: tuple[str, str] = ("", "")


ROWS: dict[str, Row] = {}


def served(*row: Any) -> Callable[[_F], _F]:
    """Register the decorated test as that of a system; the same id twice is a mistake."""

    def keep(test: _F) -> _F:
        made = Row(*row)
        assert made.id not in ROWS, made.id
        ROWS[made.id] = made
        return test

    return keep


def complete() -> None:
    """Let every module of systems beside this one register its rows."""
    for path in sorted(Path(__file__).parent.glob("test_*systems*.py")):
        importlib.import_module(f"tests.seeds.{path.stem}")


def written(language: str) -> str:
    """The page in that language."""
    at = ("ko", "en").index(language)
    title, head = _HEADS[language]
    lines = [title, "", _NOTES[language], "", head, "|---|---|---|---|---|---|"]
    for _, row in sorted(ROWS.items()):
        cells = (row.id, (row.ko, row.en)[at], row.form, row.pack, row.shows[at], row.lacks[at])
        lines.append("| " + " | ".join(cell or "–" for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def main() -> None:
    table = importlib.import_module("tests.seeds.table")  # the one that the tests fill, not __main__
    table.complete()
    for language in ("ko", "en"):
        (MANUAL / f"systems-{language}.md").write_text(table.written(language), encoding="utf-8")


if __name__ == "__main__":
    main()
