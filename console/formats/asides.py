"""How many complaints one message may make."""

from __future__ import annotations

from db.records import Decoded, SetAside

MAX_SET_ASIDE = 20  # parts of one message that are named one by one


def bounded(out: list[Decoded], most: int = MAX_SET_ASIDE) -> list[Decoded]:
    """The same with at most `most` complaints, the last of which counts the rest."""
    aside = [each for each in out if type(each) is SetAside]
    if len(aside) <= most:
        return out
    kept: list[Decoded] = [each for each in out if type(each) is not SetAside]
    more = f"{len(aside) - most + 1} more parts cannot be read"
    return [*kept, *aside[: most - 1], SetAside("too-many", more)]
