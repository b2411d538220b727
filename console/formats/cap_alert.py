"""A CAP alert as the standard has it: versions 1.0, 1.1 and 1.2, read from one XML element.

Source: OASIS, Common Alerting Protocol 1.2 (2010), chapter 3; 1.1 (2005); 1.0 (2004).
What the standard requires and is not there, or is outside its word lists, is
refused. A departure that takes nothing from the warning (a resource without
a description, a time without an offset) is kept and named in `faults`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

import msgspec

from console.formats import times, values, xml_text
from console.formats.cap_shapes import Circle, Ring, circle, ring
from console.formats.json_text import Unreadable
from console.formats.xml_text import Element

VERSIONS = {
    "http://www.incident.com/cap/1.0": "1.0",
    "urn:oasis:names:tc:emergency:cap:1.0": "1.0",
    "urn:oasis:names:tc:emergency:cap:1.1": "1.1",
    "urn:oasis:names:tc:emergency:cap:1.2": "1.2",
}
STATUS = ("Actual", "Exercise", "System", "Test", "Draft")
MSG_TYPE = ("Alert", "Update", "Cancel", "Ack", "Error")
SCOPE = ("Public", "Restricted", "Private")
CATEGORY = (
    "Geo", "Met", "Safety", "Security", "Rescue", "Fire", "Health", "Env", "Transport", "Infra", "CBRNE",
    "Other",
)  # fmt: skip
RESPONSE = (
    "Shelter", "Evacuate", "Prepare", "Execute", "Avoid", "Monitor", "Assess", "AllClear", "None",
)  # fmt: skip
URGENCY = ("Immediate", "Expected", "Future", "Past", "Unknown")
SEVERITY = ("Extreme", "Severe", "Moderate", "Minor", "Unknown")
CERTAINTY = ("Observed", "Likely", "Possible", "Unlikely", "Unknown")

SIGNATURE = "http://www.w3.org/2000/09/xmldsig#"
MAX_POINTS = 8_000  # of all shapes of one message
MAX_REFERENCES = 1000

Pairs = tuple[tuple[str, str], ...]
S = TypeVar("S")


class _Part(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of an alert; () and "" where it says nothing."""


class Area(_Part, frozen=True):
    """Where. Positions are (longitude, latitude); altitude and ceiling are in feet."""

    description: str
    polygons: tuple[Ring, ...] = ()
    circles: tuple[Circle, ...] = ()
    geocodes: Pairs = ()
    altitude: str = ""
    ceiling: str = ""


class Resource(_Part, frozen=True):
    """Something to look at besides; `uri` is never fetched by reading it."""

    description: str
    mime: str
    uri: str = ""
    size: str = ""
    digest: str = ""


class Info(_Part, frozen=True):
    """What the alert says, in one language and for one group of areas."""

    categories: tuple[str, ...]
    event: str
    urgency: str
    severity: str
    certainty: str
    language: str = "en-US"
    responses: tuple[str, ...] = ()
    audience: str = ""
    event_codes: Pairs = ()
    effective_ms: int | None = None
    onset_ms: int | None = None
    expires_ms: int | None = None
    sender_name: str = ""
    headline: str = ""
    description: str = ""
    instruction: str = ""
    web: str = ""
    contact: str = ""
    parameters: Pairs = ()
    resources: tuple[Resource, ...] = ()
    areas: tuple[Area, ...] = ()
    unknown: Pairs = ()


class Reference(NamedTuple):
    """The identity of another alert."""

    sender: str
    identifier: str
    sent_ms: int


class Alert(_Part, frozen=True):
    """One message. `faults` are the departures that were read all the same."""

    identifier: str
    sender: str
    sent_ms: int
    status: str
    msg_type: str
    scope: str
    version: str = "1.2"
    source: str = ""
    restriction: str = ""
    addresses: str = ""
    codes: tuple[str, ...] = ()
    note: str = ""
    references: tuple[Reference, ...] = ()
    incidents: str = ""
    infos: tuple[Info, ...] = ()
    unknown: Pairs = ()
    faults: tuple[str, ...] = ()
    is_signed: bool = False

    @property
    def identity(self) -> Reference:
        return Reference(self.sender, self.identifier, self.sent_ms)


def read(element: Element) -> Alert:
    """The alert in an `alert` element; raises Unreadable that names what is missing or wrong."""
    version = VERSIONS.get(xml_text.namespace(element))
    if version is None or xml_text.local(element) != "alert":
        raise Unreadable("not-cap", f"{str(element.tag)[:120]!r} is no alert of CAP 1.0 to 1.2")
    return _Reader(version).alert(element)


class _Fields:
    """The children of an element by name; what nobody asks for is left in `rest`."""

    def __init__(self, element: Element) -> None:
        self._space = xml_text.namespace(element)
        self._of: dict[str, list[Element]] = {}
        for child in element:
            if isinstance(child.tag, str):
                name = xml_text.local(child)
                here = xml_text.namespace(child) == self._space
                self._of.setdefault(name if here else child.tag, []).append(child)

    def elements(self, name: str) -> list[Element]:
        return self._of.pop(name, [])

    def texts(self, name: str) -> tuple[str, ...]:
        """Every text of this name that is not empty."""
        return tuple(text for each in self.elements(name) if (text := _text(each)))

    def text(self, name: str) -> str:
        """The first text of this name, "" for none."""
        return next(iter(self.texts(name)), "")

    def rest(self) -> Pairs:
        """What was not asked for, as (name, text)."""
        return tuple((name, _text(each)) for name, found in self._of.items() for each in found)


class _Reader:
    """Reads one alert, gathering its faults and counting the points of its shapes."""

    def __init__(self, version: str) -> None:
        self._version = version
        self._faults: list[str] = []
        self._points = 0
        self._time = times.reader("iso", "Asia/Seoul", "cap")

    def alert(self, element: Element) -> Alert:
        fields = _Fields(element)
        is_signed = bool(fields.elements(f"{{{SIGNATURE}}}Signature"))
        infos = fields.elements("info")
        fields.elements("password")  # 1.0 had one; it is nobody's business
        scope_default = "Public" if self._version == "1.0" else ""
        head = {
            "identifier": self._required(fields, "identifier"),
            "sender": self._required(fields, "sender"),
            "sent_ms": self._moment(self._required(fields, "sent"), "sent"),
            "status": self._word(fields, "status", STATUS),
            "msg_type": self._word(fields, "msgType", MSG_TYPE),
            "scope": self._word(fields, "scope", SCOPE, scope_default),
        }
        for name in ("identifier", "sender"):
            values.name(head[name], "cap-value")
            if any(mark in str(head[name]) for mark in " ,<&"):
                self._faults.append(f"{name} holds a space, comma, < or &")
        alert = Alert(
            **head,  # type: ignore[arg-type]
            version=self._version,
            source=fields.text("source"),
            restriction=fields.text("restriction"),
            addresses=fields.text("addresses"),
            codes=fields.texts("code"),
            note=fields.text("note"),
            references=self._references(" ".join(_whole(each) for each in fields.elements("references"))),
            incidents=fields.text("incidents"),
            infos=tuple(self._info(each) for each in infos),
            unknown=fields.rest(),
            is_signed=is_signed,
        )
        return msgspec.structs.replace(alert, faults=tuple(dict.fromkeys(self._faults)))

    def _info(self, element: Element) -> Info:
        fields = _Fields(element)
        areas, resources = fields.elements("area"), fields.elements("resource")
        categories = tuple(self._listed(each, "category", CATEGORY) for each in fields.texts("category"))
        if not categories and self._version != "1.0":
            raise Unreadable("cap-missing", "info.category is missing")
        certainty = fields.text("certainty")
        if self._version == "1.0" and certainty == "Very Likely":
            certainty = "Likely"  # CAP 1.1 renamed it
        return Info(
            categories=categories or ("Other",),
            event=self._required(fields, "event", "info."),
            urgency=self._word(fields, "urgency", URGENCY),
            severity=self._word(fields, "severity", SEVERITY),
            certainty=self._listed(certainty, "certainty", CERTAINTY),
            language=fields.text("language") or "en-US",
            responses=tuple(
                self._listed(each, "responseType", RESPONSE) for each in fields.texts("responseType")
            ),
            audience=fields.text("audience"),
            event_codes=self._pairs(fields, "eventCode"),
            effective_ms=self._optional_moment(fields, "effective"),
            onset_ms=self._optional_moment(fields, "onset"),
            expires_ms=self._optional_moment(fields, "expires"),
            sender_name=fields.text("senderName"),
            headline=fields.text("headline"),
            description=fields.text("description"),
            instruction=fields.text("instruction"),
            web=fields.text("web"),
            contact=fields.text("contact"),
            parameters=self._pairs(fields, "parameter"),
            resources=tuple(self._resource(each) for each in resources),
            areas=tuple(self._area(each) for each in areas),
            unknown=fields.rest(),
        )

    def _area(self, element: Element) -> Area:
        fields = _Fields(element)
        polygons = [self._shape(ring, text) for text in self._shapes(fields, "polygon")]
        circles = [self._shape(circle, text) for text in self._shapes(fields, "circle")]
        return Area(
            description=self._required(fields, "areaDesc", "area."),
            polygons=tuple(each for each in polygons if each is not None),
            circles=tuple(each for each in circles if each is not None),
            geocodes=self._pairs(fields, "geocode"),
            altitude=fields.text("altitude"),
            ceiling=fields.text("ceiling"),
        )

    def _shapes(self, fields: _Fields, name: str) -> list[str]:
        """The texts of the shapes, counted, so that no message can fill the memory with points."""
        texts = [_whole(each) for each in fields.elements(name)]
        self._points += sum(text.count(",") for text in texts)
        if self._points > MAX_POINTS:
            raise Unreadable("too-many", f"more than {MAX_POINTS} points in the shapes")
        return [text for text in texts if text]

    def _shape(self, parse: Callable[[str], S], text: str) -> S | None:
        try:
            return parse(text)
        except ValueError as error:
            self._faults.append(f"a shape was left out: {error}")
            return None

    def _resource(self, element: Element) -> Resource:
        fields = _Fields(element)
        fields.elements("derefUri")  # its content stays in the raw message
        found = Resource(
            description=fields.text("resourceDesc"),
            mime=fields.text("mimeType"),
            uri=fields.text("uri"),
            size=fields.text("size"),
            digest=fields.text("digest"),
        )
        if not found.description or (not found.mime and self._version == "1.2"):
            self._faults.append("a resource lacks resourceDesc or mimeType")
        return found

    def _pairs(self, fields: _Fields, name: str) -> Pairs:
        """The (valueName, value) of such elements; 1.0 wrote them as one text "name=value"."""
        found = []
        for element in fields.elements(name):
            if len(element) == 0:
                key, _, value = _text(element).partition("=")
                pair = (key.strip(), value.strip())
            else:
                parts = _Fields(element)
                pair = (parts.text("valueName"), parts.text("value"))
            if any(pair):
                found.append(pair)
        return tuple(found)

    def _references(self, text: str) -> tuple[Reference, ...]:
        found: list[Reference] = []
        parts = text.split(maxsplit=MAX_REFERENCES)
        if len(parts) > MAX_REFERENCES:
            raise Unreadable("too-many", f"more than {MAX_REFERENCES} references")
        for each in parts:
            sender, _, rest = each.partition(",")
            identifier, _, sent = rest.rpartition(",")
            try:
                found.append(Reference(sender, identifier, self._time(sent)))
            except Unreadable:
                self._faults.append(f"{each[:80]!r} names no alert")
        return tuple(found)

    def _required(self, fields: _Fields, name: str, where: str = "") -> str:
        text = fields.text(name)
        if not text:
            raise Unreadable("cap-missing", f"{where}{name} is missing")
        return text

    def _word(self, fields: _Fields, name: str, allowed: Sequence[str], default: str = "") -> str:
        return self._listed(fields.text(name) or default, name, allowed)

    def _listed(self, found: str, name: str, allowed: Sequence[str]) -> str:
        """The word as the standard writes it; in another case it is read and noted."""
        if not found:
            raise Unreadable("cap-missing", f"{name} is missing")
        for word in allowed:
            if found == word:
                return word
            if found.lower() == word.lower():
                self._faults.append(f"{name}: {found!r} instead of {word!r}")
                return word
        raise Unreadable("cap-value", f"{name}: {found[:60]!r}; allowed: {', '.join(allowed)}")

    def _moment(self, text: str, name: str) -> int:
        if "+" not in text and not text.endswith(("Z", "z")) and "-" not in text[10:]:
            self._faults.append(f"{name} names no offset; Korean time is assumed")
        return self._time(text)

    def _optional_moment(self, fields: _Fields, name: str) -> int | None:
        text = fields.text(name)
        try:
            return self._moment(text, name) if text else None
        except Unreadable as error:
            self._faults.append(f"{name}: {error.detail}")
            return None


def _whole(element: Element) -> str:
    return "".join(element.itertext()).strip()


def _text(element: Element) -> str:
    """The text of an element, bounded; the raw message keeps the rest."""
    return values.text(_whole(element))
