"""A count that keeps a message of very many small parts from costing time and memory."""

from __future__ import annotations

from console.formats.json_text import Unreadable

MAX_PARTS = 10_000  # objects and lists of one message
MAX_MEMBERS = 20_000


def check(payload: bytes) -> None:
    """Raise Unreadable where the JSON text has more objects and lists than any feed needs."""
    parts = payload.count(b"{") + payload.count(b"[")
    if parts > MAX_PARTS:
        raise Unreadable("too-many", f"about {parts} objects and lists; at most {MAX_PARTS} are read")
    members = payload.count(b'":')
    if members > MAX_MEMBERS:
        raise Unreadable("too-many", f"about {members} members; at most {MAX_MEMBERS} are read")
