"""The sender's own count in a message."""

from __future__ import annotations

from typing import Any

from console.formats import values
from console.formats.json_text import Unreadable
from console.formats.paths import compile_path
from db.records import Mark, SetAside

_LARGEST = 2**53  # what every JSON writer can still tell from its neighbours


class NumberReader:
    """`sequence` and `epoch` of a mapping, compiled."""

    def __init__(self, sequence: str, epoch: str, where: str) -> None:
        self._number = compile_path(sequence, f"{where}.sequence")
        self._epoch = compile_path(epoch, f"{where}.epoch") if epoch else None

    def read(self, message: Any, source: str, observed_ms: int, flags: int) -> list[Mark | SetAside]:
        """The count, a complaint about it, or nothing where the message has none; never raises."""
        try:
            seq = _whole(self._number(message))
            if seq is None:
                return []
            epoch = "" if self._epoch is None else _name(self._epoch(message))
        except Unreadable as error:
            return [SetAside(reason=error.reason, detail=error.detail)]
        return [Mark(source=source, epoch=epoch, seq=seq, observed_ms=observed_ms, flags=flags)]


def _whole(found: Any) -> int | None:
    if found is None or found == "":
        return None
    if type(found) is str and found.isascii() and found.isdigit() and len(found) <= 16:
        found = int(found)
    if type(found) is float and found.is_integer():
        found = int(found)
    if type(found) is not int or not 0 <= found <= _LARGEST:
        raise Unreadable("sequence", f"{str(found)[:60]!r} is no count")
    return found


def _name(found: Any) -> str:
    """The epoch as text; a message without one belongs to the only one."""
    if type(found) in (int, float, bool):
        found = str(found)
    return "" if found is None or found == "" else values.name(found, "epoch")
