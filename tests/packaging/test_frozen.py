"""What the smoke test of the frozen program accepts."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

GOOD: dict[str, Any] = {
    "roles": {"core": True, "ui": True, "cam": True},
    "cameras_live": 9,
    "entries": 12,
    "entries_synced": 12,
    "stderr": [],
}


def judged(script: Callable[[str], ModuleType], folder: Path, **changed: Any) -> list[str]:
    file = folder / "summary.json"
    file.write_text(json.dumps(GOOD | changed))
    faults: list[str] = script("smoke").judge(file)
    return faults


def test_a_demo_that_did_everything_is_accepted(script: Callable[[str], ModuleType], tmp_path: Path) -> None:
    assert judged(script, tmp_path) == []


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"roles": {"core": True, "ui": True, "cam": False}}, "role cam was not up"),
        ({"cameras_live": 4}, "only 4 of 9 camera tiles moved"),
        ({"entries": 0, "entries_synced": 0}, "no entry was written"),
        ({"entries_synced": 11}, "11 of 12 entries synced"),
        ({"stderr": ["Traceback"]}, "a role said: Traceback"),
    ],
)
def test_each_thing_missing_is_a_fault_by_name(
    script: Callable[[str], ModuleType], tmp_path: Path, changed: dict[str, Any], fault: str
) -> None:
    assert judged(script, tmp_path, **changed) == [fault]


def test_a_demo_without_a_summary_is_a_fault(script: Callable[[str], ModuleType], tmp_path: Path) -> None:
    assert script("smoke").judge(tmp_path / "none.json")[0].startswith("no summary")
