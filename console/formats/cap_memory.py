"""What a CAP feed has said lately, bounded: alerts of one identity, and warnings that a CLR may end."""

from __future__ import annotations

from collections import OrderedDict

from msgspec.structs import replace

from console.formats.cap_events import CLEARS, cleared_by
from db.records import Event

KEPT = 4096
OTHER_CONTENT = "동일 식별자 상이 내용"

_FAMILIES = {code for codes in CLEARS.values() for code in codes}


class Memory:
    """Of one feed, in the order of arrival. What it forgets is only told apart less well."""

    def __init__(self) -> None:
        self._digests: OrderedDict[str, str] = OrderedDict()
        self._standing: OrderedDict[str, Event] = OrderedDict()

    def told_apart(self, event: Event) -> Event:
        """The event; under a key of its own where its identity was used for another text."""
        digest = str(event.extra.get("digest", ""))
        first = self._digests.setdefault(event.origin_key, digest)
        while len(self._digests) > KEPT:
            self._digests.popitem(last=False)
        if first == digest:
            return event
        key = f"{event.origin_key}#{digest[:8]}"
        extra = event.extra | {"collision": OTHER_CONTENT, "collides_with": event.origin_key}
        return replace(event, origin_key=key, extra=extra)

    def cleared_by(self, event: Event) -> list[Event]:
        """What this event ends; what stands is remembered and what has ended forgotten."""
        found = cleared_by(event, list(self._standing.values())) if event.type in CLEARS else []
        for other in found:
            self._standing.pop(other.origin_key, None)
        if event.status in ("occurred", "changed") and event.type in _FAMILIES:
            self._standing[event.origin_key] = event
            while len(self._standing) > KEPT:
                self._standing.popitem(last=False)
        for key in event.extra.get("references", ()):
            if event.extra.get("msg_type") in ("Update", "Cancel"):
                self._standing.pop(key, None)
        return found
