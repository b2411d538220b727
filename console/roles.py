"""How a role of this program is started as a process of its own."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def role_command(role: str, *args: str) -> list[str]:
    """The command line that starts `role` from this same executable, frozen or not."""
    start: Sequence[str] = (
        (sys.executable,) if getattr(sys, "frozen", False) else (sys.executable, "-m", "console")
    )
    return [*start, role, *args]
