"""What a start found, for the operator's page: one record per fact, with its counts."""

from __future__ import annotations

from typing import Literal

import msgspec

What = Literal[
    "unclean", "whole", "unfinished", "damaged", "missing", "behind", "copied", "restored", "rebuilt",
    "journal", "begun", "alarms", "upgraded", "drive", "short", "passed",
]  # fmt: skip
Kind = Literal["found", "kept", "restored", "lost"]


class Found(msgspec.Struct, frozen=True):
    """One thing that was found at the start; `kept_as` is where a file went.

    `text` is English, for the log and the command line; a screen writes its own
    sentence out of `what` and `fields`.
    """

    store: str
    what: What
    at_ms: int
    text: str
    kept_as: str = ""
    kind: Kind = "found"
    fields: dict[str, str | int | None] = {}
