"""CAP alerts as events: versions 1.0 to 1.2, the Korean profile, Atom feeds and other wrappers.

An alert is the event (sender, identifier, sent). An Update or Cancel is an
event of its own and besides ends or cancels those it refers to. Only the
status Actual is real; whatever else comes is an exercise. Ack and Error answer
another message and are no warning: they come as ended.
Sources: OASIS CAP 1.2; DOMAIN.md, 2.8 (the Korean profile) and trap 9.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urljoin, urlsplit

from msgspec.structs import replace

from console.formats import cap_alert, remembering, xml_text
from console.formats.cap_events import records
from console.formats.cap_memory import Memory
from console.formats.cap_signature import Signers
from console.formats.json_text import Unreadable
from console.formats.xml_text import Element
from console.settings import Feed
from db.records import Decoded, Event, Flag, SetAside

ATOM = "http://www.w3.org/2005/Atom"


class CapDecoder:
    """Reads the alerts of one feed; remembers what stands, so that a CLR finds what it clears."""

    def __init__(self, name: str, feed: Feed, encodings: Sequence[str]) -> None:
        self._name = name
        self._form = feed.cap
        self._encodings = encodings
        self._memory = Memory()
        self._signers = Signers(feed.cap.certificates)
        self._polled = feed.poll.url if feed.via == "poll" and feed.poll else ""

    def take_changes(self) -> remembering.Changes:
        """What it has learned or may forget since the last call."""
        return self._memory.take_changes()

    def recall(self, rows: remembering.Rows) -> None:
        """Know this of earlier alerts."""
        self._memory = Memory(rows)

    def decode(self, topic: str, payload: bytes, received_ms: int, retained: bool) -> list[Decoded]:
        """The events of all alerts in the message; never empty."""
        try:
            root = xml_text.read(payload, self._encodings)
        except Unreadable as error:
            return [SetAside(error.reason, error.detail)]
        flags = int(Flag.RETAINED) if retained else 0
        found: list[Decoded] = []
        for element in alerts(root):
            found += self._alert(element, received_ms, flags)
        found += [SetAside("cap-link", link) for link in links(root) if not self._is_followed(link)]
        return found or [_nothing(root)]

    def _is_followed(self, link: str) -> bool:
        """Whether the poll fetches what the link names: it lies on the host that is polled."""
        return bool(self._polled) and urlsplit(urljoin(self._polled, link))[:2] == urlsplit(self._polled)[:2]

    def _alert(self, element: Element, received_ms: int, flags: int) -> list[Decoded]:
        try:
            alert = cap_alert.read(element)
        except Unreadable as error:
            return [SetAside(error.reason, error.detail)]
        main, *others = records(alert, self._name, self._form, received_ms, flags)
        if not isinstance(main, Event):
            return [main, *others]
        verdict = self._signers.verdict(element, alert, received_ms)
        if verdict:
            main = replace(main, extra=main.extra | {"signature": verdict})
        main = self._memory.told_apart(main)
        return [main, *others, *self._memory.cleared_by(main)]


def alerts(root: Element) -> list[Element]:
    """The alerts in a document, in their order; one inside another is part of that other."""
    if xml_text.local(root) == "alert":
        return [root]
    found: list[Element] = []
    stack = list(reversed(root))
    while stack:
        element = stack.pop()
        if xml_text.local(element) == "alert" and xml_text.namespace(element) in cap_alert.VERSIONS:
            found.append(element)
        elif len(element):
            stack.extend(reversed(element))
        elif (inner := _in_text(element)) is not None:
            found.append(inner)
    return found


def _in_text(element: Element) -> Element | None:
    """The alert that a wrapper carries as text, escaped or in CDATA."""
    text = (element.text or "").strip()
    if not text.startswith("<") or "alert" not in text:
        return None
    try:
        root = xml_text.read(text.encode("utf-8-sig"))  # whatever it declares, it is text now
    except Unreadable:
        return None
    is_alert = xml_text.local(root) == "alert" and xml_text.namespace(root) in cap_alert.VERSIONS
    return root if is_alert else None


def links(root: Element) -> list[str]:
    """Where an Atom feed's entries have their alerts when they do not hold them."""
    found = []
    for entry in root.findall(f"{{{ATOM}}}entry") if root.tag == f"{{{ATOM}}}feed" else []:
        if not alerts(entry):
            for link in entry.findall(f"{{{ATOM}}}link"):
                if link.get("rel", "alternate") in ("alternate", "enclosure", "via") and link.get("href"):
                    found.append(str(link.get("href"))[:2000])
                    break
    return found


def _nothing(root: Element) -> SetAside:
    name = xml_text.local(root)
    return SetAside("no-alert", f"{name[:80]!r} holds no alert")
