"""What a CAP feed has said lately, bounded: alerts of one identity, and warnings that a CLR may end."""

from __future__ import annotations

from collections import OrderedDict

import msgspec
from msgspec.structs import replace

from console.formats import remembering
from console.formats.cap_events import CLEARS, cleared_by
from db.records import Event

KEPT = 4096
OTHER_CONTENT = "동일 식별자 상이 내용"

_FAMILIES = {code for codes in CLEARS.values() for code in codes}
_SAID, _STANDS = "said ", "stands "  # what keys of rows begin with
_DIGEST = msgspec.msgpack.Decoder(str)
_EVENT = msgspec.msgpack.Decoder(Event)


class Memory:
    """Of one feed, in the order of arrival. What it forgets is only told apart less well."""

    def __init__(self, rows: remembering.Rows = ()) -> None:
        of = {kind: [(key.removeprefix(kind), value) for key, value in rows if key.startswith(kind)]
              for kind in (_SAID, _STANDS)}  # fmt: skip
        self._digests = OrderedDict(remembering.read(of[_SAID], _DIGEST))
        self._standing = OrderedDict(remembering.read(of[_STANDS], _EVENT))
        self._changed: remembering.Changes = {}

    def take_changes(self) -> remembering.Changes:
        """What was learned or forgotten since the last call."""
        changed, self._changed = self._changed, {}
        return changed

    def told_apart(self, event: Event) -> Event:
        """The event; under a key of its own where its identity was used for another text."""
        digest = str(event.extra.get("digest", ""))
        first = self._digests.get(event.origin_key)
        if first is None:
            first = self._digests[event.origin_key] = digest
            self._changed[_SAID + event.origin_key] = remembering.encode(digest)
        while len(self._digests) > KEPT:
            self._changed[_SAID + self._digests.popitem(last=False)[0]] = None
        if first == digest:
            return event
        key = f"{event.origin_key}#{digest[:8]}"
        extra = event.extra | {"collision": OTHER_CONTENT, "collides_with": event.origin_key}
        return replace(event, origin_key=key, extra=extra)

    def cleared_by(self, event: Event) -> list[Event]:
        """What this event ends; what stands is remembered and what has ended forgotten."""
        found = cleared_by(event, list(self._standing.values())) if event.type in CLEARS else []
        for other in found:
            self._ended(other.origin_key)
        if event.status in ("occurred", "changed") and event.type in _FAMILIES:
            self._standing[event.origin_key] = event
            self._changed[_STANDS + event.origin_key] = remembering.encode(event)
            while len(self._standing) > KEPT:
                self._ended(next(iter(self._standing)))
        for key in event.extra.get("references", ()):
            if event.extra.get("msg_type") in ("Update", "Cancel"):
                self._ended(key)
        return found

    def _ended(self, key: str) -> None:
        if self._standing.pop(key, None) is not None:
            self._changed[_STANDS + key] = None
