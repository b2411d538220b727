"""`gwanje status` for a person: every line is words."""

from __future__ import annotations

from pathlib import Path

from console.cli import status_lines
from console.clock import SystemClock
from console.core import Core
from console.settings import parse
from console.status import status


def test_a_broken_broker_says_why_and_what_was_found_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "core.running").write_text("1", encoding="utf-8")
    core = Core(tmp_path, parse("", "test"), SystemClock())
    core.start()
    try:
        found = status(core)
    finally:
        core.stop()
    broken = {"name": "main", "state": "bad", "age_s": None, "detail": "cannot be reached"}
    lines = status_lines(found | {"brokers": [broken]})
    assert "broker   main: bad, heartbeat never; cannot be reached" in lines
    assert "found    The core did not end cleanly last time" in lines
    assert not any("{" in line for line in lines)
