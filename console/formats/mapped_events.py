"""The events of a mapping."""

from __future__ import annotations

from typing import Any

from console.formats import values
from console.formats.json_text import Unreadable
from console.formats.paths import compile_path
from console.settings import MappedEvent
from db.records import Event

# Our words, the words of Korean platforms, and their codes (`ocrSts`); DOMAIN.md, vocabulary 30 to 34.
STATUS = {
    "occurred": "occurred", "발생": "occurred", "10": "occurred",
    "changed": "changed", "정보변경": "changed", "변경": "changed", "40": "changed",
    "cleared": "cleared", "해제": "cleared", "50": "cleared",
    "cancelled": "cancelled", "취소": "cancelled", "90": "cancelled",
    "ended": "ended", "종료": "ended", "자동종료": "ended", "완료": "ended", "91": "ended",
}  # fmt: skip


class EventReader:
    """One `events` table of a mapping, compiled. The feed is the event's origin system."""

    def __init__(self, feed: str, mapped: MappedEvent, where: str) -> None:
        self._feed = feed
        self._type = compile_path(mapped.type, f"{where}.type")
        self._key = compile_path(mapped.key, f"{where}.key")
        self._status = compile_path(mapped.status, f"{where}.status")
        self._grade = compile_path(mapped.grade, f"{where}.grade")
        self._text = compile_path(mapped.text, f"{where}.text")
        self._place = compile_path(mapped.place, f"{where}.place")
        self._when = compile_path(mapped.when, f"{where}.when") if mapped.when else None

    def read(
        self,
        message: Any,
        source: str,
        observed_ms: int,
        received_ms: int,
        flags: int,
        lon: float | None,
        lat: float | None,
    ) -> list[Event]:
        """The event, or none where `when` finds nothing; raises Unreadable."""
        if self._when is not None and _is_empty(self._when(message)):
            return []
        status = str(self._status(message)).strip()
        if status not in STATUS:
            raise Unreadable("event-status", f"{status[:60]!r} is no status of an event")
        event = Event(
            origin_system=self._feed,
            origin_key=values.name(self._key(message), "event-key"),
            type=values.name(self._type(message), "event-type"),
            status=STATUS[status],  # type: ignore[arg-type]
            observed_ms=observed_ms,
            received_ms=received_ms,
            source=source,
            grade=values.text(self._grade(message)),
            place=values.text(self._place(message)),
            text=values.text(self._text(message)),
            lon=lon,
            lat=lat,
            flags=flags,
        )
        return [event]


def _is_empty(found: Any) -> bool:
    """JMESPath's own notion of false: nothing, false, and empty texts, lists and objects."""
    return found is None or found is False or found == "" or found == [] or found == {}
