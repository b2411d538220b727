"""What a restore by hand did, kept for the report of the next start."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import msgspec

from console.startup.found import Found

_NAME = "restored.json"


def keep(folder: Path, found: Sequence[Found]) -> None:
    """Leave these for the next start."""
    path = folder / _NAME
    fresh = path.with_suffix(".part")
    with fresh.open("wb") as file:
        file.write(msgspec.json.encode(list(found)))
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def take(folder: Path) -> list[Found]:
    """What was left, once."""
    path = folder / _NAME
    try:
        found = msgspec.json.decode(path.read_bytes(), type=list[Found])
    except (OSError, msgspec.DecodeError):
        found = []
    path.unlink(missing_ok=True)
    return found
