"""Alerts of our own as CAP 1.2, valid by the schema of the standard.

What `cap_alert.read` makes of an alert is written back to the same alert: in,
out, in is the same. Source: OASIS CAP 1.2 (2010), 3.2 and its schema: the order
of elements, the word lists, times as YYYY-MM-DDThh:mm:ss with an offset, never Z.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from lxml import etree

from console.errors import Refused
from console.formats import cap_alert, korea, xml_text
from console.formats.cap_alert import Alert, Area, Info, Pairs, Reference, Resource
from console.formats.cap_shapes import Circle, Position, Ring
from console.formats.xml_text import Element
from db.records import Event

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
PROFILE = "대한민국정부1.0"
KIND = "TTAS.KO-07.0046/R5 재난 종류 코드"
AREA = "행정구역코드"

_ILL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")  # no characters of XML 1.0
_DECIMAL = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?").fullmatch
_MARKS = re.compile(r"[\s,<&]")


def warning(event: Event, sender: str, sent_ms: int, *, category: str = "Safety", number: str = "") -> Alert:
    """The alert by which this console tells others of an event of its own.

    An occurrence is an Alert; what has ended is a Cancel and what has changed an
    Update, which refer to the alerts whose identities stand in `extra["alerts"]`
    as (sender, identifier, sent_ms); without any they are Alerts too.
    """
    raised = [Reference(*each) for each in event.extra.get("alerts", ())]
    kind = {"occurred": "Alert", "changed": "Update"}.get(event.status, "Cancel") if raised else "Alert"
    severity = event.grade if event.grade in cap_alert.SEVERITY else "Unknown"
    said = event.text.strip().partition("\n")
    info = Info(
        categories=(category,),
        event=event.type,
        urgency="Immediate" if event.status in ("occurred", "changed") else "Past",
        severity=severity,
        certainty="Observed",
        language="ko-KR",
        responses=() if event.status in ("occurred", "changed") else ("AllClear",),
        event_codes=((KIND, event.type),) if re.fullmatch("[A-Z0-9]{3}", event.type) else (),
        expires_ms=event.end_ms if event.end_ms is not None and event.end_ms > sent_ms else None,
        headline=said[0] or event.type,
        description=said[2].strip(),
        areas=(_area(event),),
    )
    return Alert(
        identifier=_MARKS.sub("_", number or f"{event.origin_key}-{sent_ms}"),
        sender=_MARKS.sub("_", sender),
        sent_ms=_second(sent_ms),
        status="Exercise" if event.exercise else "Actual",
        msg_type=kind,
        scope="Public",
        codes=(PROFILE,),
        note="훈련" if event.exercise else "",
        references=tuple(raised),
        infos=(info,),
    )


def acknowledgement(alert: Alert, sender: str, sent_ms: int, note: str = "800,경보 서비스 확인") -> Alert:
    """The answer of the Korean profile to an alert: received, and what was done with it."""
    return Alert(
        identifier=_MARKS.sub("_", f"ack-{alert.identifier}-{sent_ms}"),
        sender=_MARKS.sub("_", sender),
        sent_ms=_second(sent_ms),
        status="System",
        msg_type="Ack",
        scope="Private",
        addresses=alert.sender,
        codes=(PROFILE,),
        note=note,
        references=(alert.identity,),
    )


def write(alert: Alert, zone: str = "Asia/Seoul") -> bytes:
    """The alert as UTF-8 XML; raises Refused where the standard does not allow what it says."""
    refusals = list(faults(alert))
    if refusals:
        raise Refused(f"This is no alert by CAP 1.2: {'; '.join(refusals)}")
    root = etree.Element(f"{{{NAMESPACE}}}alert", nsmap={None: NAMESPACE})
    where = ZoneInfo(zone)
    _put(root, "identifier", alert.identifier)
    _put(root, "sender", alert.sender)
    _put(root, "sent", moment(alert.sent_ms, where))
    _put(root, "status", alert.status)
    _put(root, "msgType", alert.msg_type)
    _put(root, "source", alert.source)
    _put(root, "scope", alert.scope)
    _put(root, "restriction", alert.restriction)
    _put(root, "addresses", alert.addresses)
    _put_all(root, "code", alert.codes)
    _put(root, "note", alert.note)
    _put(root, "references", " ".join(_reference(each, where) for each in alert.references))
    _put(root, "incidents", alert.incidents)
    for info in alert.infos:
        _info(root, info, where)
    written: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    return written


def identifier_of(document: bytes) -> str:
    """The identifier of an alert that `write` has made."""
    return xml_text.read(document, ("utf-8",)).findtext(f"{{{NAMESPACE}}}identifier") or ""


def faults(alert: Alert) -> Iterable[str]:
    """What the standard does not allow, in words; nothing for an alert that can be sent."""
    for name, text in (("identifier", alert.identifier), ("sender", alert.sender)):
        if not text or _MARKS.search(text):
            yield f"{name} is empty or holds a space, comma, < or &"
    yield from _unlisted("status", (alert.status,), cap_alert.STATUS)
    yield from _unlisted("msgType", (alert.msg_type,), cap_alert.MSG_TYPE)
    yield from _unlisted("scope", (alert.scope,), cap_alert.SCOPE)
    if alert.scope == "Restricted" and not alert.restriction:
        yield "scope Restricted needs a restriction"
    if alert.scope == "Private" and not alert.addresses:
        yield "scope Private needs addresses"
    if alert.msg_type in ("Update", "Cancel", "Ack", "Error") and not alert.references:
        yield f"{alert.msg_type} needs references"
    for info in alert.infos:
        if not info.categories or not info.event:
            yield "an info needs a category and an event"
        yield from _unlisted("category", info.categories, cap_alert.CATEGORY)
        yield from _unlisted("responseType", info.responses, cap_alert.RESPONSE)
        yield from _unlisted("urgency", (info.urgency,), cap_alert.URGENCY)
        yield from _unlisted("severity", (info.severity,), cap_alert.SEVERITY)
        yield from _unlisted("certainty", (info.certainty,), cap_alert.CERTAINTY)
        if any(not area.description for area in info.areas):
            yield "an area needs a description"
        if any(not each.description or not each.mime for each in info.resources):
            yield "a resource needs a description and a type"


def moment(at_ms: int, zone: ZoneInfo) -> str:
    """A time as CAP writes it: whole seconds and an offset; UTC is -00:00, Z is not allowed."""
    text = datetime.fromtimestamp(at_ms // 1000, UTC).astimezone(zone).isoformat(timespec="seconds")
    return text[:-6] + "-00:00" if text.endswith("+00:00") else text


def _second(at_ms: int) -> int:
    """Whole seconds, since CAP's times have no smaller part and they are part of the identity."""
    return at_ms // 1000 * 1000


def _unlisted(name: str, found: Iterable[str], allowed: Sequence[str]) -> Iterable[str]:
    for word in found:
        if word not in allowed:
            yield f"{name} {word[:40]!r} is none of {', '.join(allowed)}"


def _area(event: Event) -> Area:
    codes = tuple((AREA, code.ljust(10, "0")) for code in event.area_codes if korea.is_area_code(code))
    here = event.lon is not None and event.lat is not None
    circles = (Circle(event.lon or 0.0, event.lat or 0.0, 0.0),) if here else ()
    return Area(description=event.place or "관제구역", circles=circles, geocodes=codes)


def _info(root: Element, info: Info, zone: ZoneInfo) -> None:
    here = etree.SubElement(root, f"{{{NAMESPACE}}}info")
    _put(here, "language", info.language)
    _put_all(here, "category", info.categories)
    _put(here, "event", info.event)
    _put_all(here, "responseType", info.responses)
    _put(here, "urgency", info.urgency)
    _put(here, "severity", info.severity)
    _put(here, "certainty", info.certainty)
    _put(here, "audience", info.audience)
    _put_pairs(here, "eventCode", info.event_codes)
    for name, at_ms in (
        ("effective", info.effective_ms),
        ("onset", info.onset_ms),
        ("expires", info.expires_ms),
    ):
        _put(here, name, "" if at_ms is None else moment(at_ms, zone))
    _put(here, "senderName", info.sender_name)
    _put(here, "headline", info.headline)
    _put(here, "description", info.description)
    _put(here, "instruction", info.instruction)
    _put(here, "web", info.web)
    _put(here, "contact", info.contact)
    _put_pairs(here, "parameter", info.parameters)
    for resource in info.resources:
        _resource(here, resource)
    for area in info.areas:
        _put_area(here, area)


def _resource(parent: Element, resource: Resource) -> None:
    here = etree.SubElement(parent, f"{{{NAMESPACE}}}resource")
    _put(here, "resourceDesc", resource.description)
    _put(here, "mimeType", resource.mime)
    _put(here, "size", resource.size if resource.size.isdecimal() else "")
    _put(here, "uri", resource.uri)
    _put(here, "digest", resource.digest)


def _put_area(parent: Element, area: Area) -> None:
    here = etree.SubElement(parent, f"{{{NAMESPACE}}}area")
    _put(here, "areaDesc", area.description)
    _put_all(here, "polygon", (_ring(each) for each in area.polygons))
    circles = (f"{_position((each.lon, each.lat))} {_number(each.radius_km)}" for each in area.circles)
    _put_all(here, "circle", circles)
    _put_pairs(here, "geocode", area.geocodes)
    for name, text in (("altitude", area.altitude), ("ceiling", area.ceiling)):
        _put(here, name, text if _DECIMAL(text) else "")


def _ring(points: Ring) -> str:
    return " ".join(_position(point) for point in points)


def _position(point: Position) -> str:
    return f"{_number(point[1])},{_number(point[0])}"


def _number(value: float) -> str:
    """Twelve places at most and no exponent."""
    text = f"{value:.12f}".rstrip("0").rstrip(".")
    return "0" if text in ("", "-0") else text


def _reference(reference: Reference, zone: ZoneInfo) -> str:
    return f"{reference.sender},{reference.identifier},{moment(reference.sent_ms, zone)}"


def _put(parent: Element, name: str, text: str) -> None:
    if text:
        etree.SubElement(parent, f"{{{NAMESPACE}}}{name}").text = _ILL.sub("\ufffd", text)


def _put_all(parent: Element, name: str, texts: Iterable[str]) -> None:
    for text in texts:
        _put(parent, name, text)


def _put_pairs(parent: Element, name: str, pairs: Pairs) -> None:
    for key, value in pairs:
        here = etree.SubElement(parent, f"{{{NAMESPACE}}}{name}")
        etree.SubElement(here, f"{{{NAMESPACE}}}valueName").text = _ILL.sub("\ufffd", key)
        etree.SubElement(here, f"{{{NAMESPACE}}}value").text = _ILL.sub("\ufffd", value)
