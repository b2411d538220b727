"""Where the files lie that come with the program, from source and frozen alike."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent / "resources"


def resource(*parts: str) -> Path:
    """The path of a shipped file or folder, like `resource("words", "shell.toml")`."""
    return ROOT.joinpath(*parts)
