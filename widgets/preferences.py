"""What this seat prefers, kept in the data folder: language and the last size of the window."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


class Preferences:
    """A small JSON file of one seat; what cannot be read counts as not set."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._kept: dict[str, Any] = {}
        try:
            kept = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return
        if isinstance(kept, dict):
            self._kept = kept

    def get(self, name: str, default: str = "") -> str:
        """A preference, or the default where none is set."""
        return str(self._kept.get(name, default))

    def set(self, name: str, value: str) -> None:
        """Keep a preference for the next start."""
        if self._kept.get(name) == value:
            return
        self._kept[name] = value
        self._file.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._file.with_suffix(".new")
        fresh.write_text(json.dumps(self._kept, ensure_ascii=False), encoding="utf-8")
        fresh.replace(self._file)
