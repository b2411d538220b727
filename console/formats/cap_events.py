"""What a CAP alert means for this console: the event itself and those it ends. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Literal

import msgspec

from console.formats import korea, values
from console.formats.cap_alert import SEVERITY, Alert, Area, Info, Reference
from console.formats.cap_shapes import in_frame, middle
from console.formats.forms import CapForm
from db.records import Event, SetAside

EVENT_CODES = "재난 종류 코드"  # in the valueName of the Korean profile (TTAS.KO-07.0046)
AREA_CODES = "행정구역코드"
CLEARS = {"CLR": ("AL1", "AL2"), "EAT": ("EAN",)}
"""Korean event codes that end others: 민방공경보해제 ends 공습 and 경계, 비상상황종료 its beginning."""
PRIORITY = {"Extreme": 1, "Severe": 2, "Moderate": 3, "Minor": 4, "Unknown": 3}

Status = Literal["occurred", "changed", "cleared", "cancelled", "ended"]

_PLACEHOLDER = re.compile(r"\[[A-Za-z가-힣 ]{1,40}\]").fullmatch  # as templates leave them: [GeoCode]
_HOUR_MS = 3_600_000
_BYTES = msgspec.json.Encoder(order="sorted")


def key_of(reference: Reference) -> str:
    """The identity of an alert as one text, the same whichever offset its time was written in."""
    sent = datetime.fromtimestamp(reference.sent_ms / 1000, UTC)
    return f"{reference.sender}|{reference.identifier}|{sent:%Y-%m-%dT%H:%M:%SZ}"


def records(alert: Alert, origin: str, form: CapForm, received_ms: int, flags: int) -> list[Event | SetAside]:
    """The alert's own event first, then those of the alerts that it ends, then what was refused of it."""
    main = chosen(alert.infos)
    spoken = [info for info in alert.infos if main is not None and info.language == main.language]
    areas = [area for info in spoken for area in info.areas]
    extra = _head(alert)
    refused: list[Event | SetAside] = []
    if main is not None:
        extra |= _said(main) | _places(areas)
        others = [info for info in alert.infos if info is not main]
        if others:
            extra["infos"] = [_plain(info) for info in others]
        refused = _outside(areas, form, extra)
    end_ms = main.expires_ms if main is not None else None
    status = _status(alert, spoken)
    if main is not None and end_ms is None and status in ("occurred", "changed"):
        end_ms = alert.sent_ms + round(form.expires_hours * _HOUR_MS)
        extra["expires_assumed"] = True
    position = _position(areas, form)
    codes = _codes(areas)
    event = Event(
        origin_system=origin,
        origin_key=key_of(alert.identity),
        type=_type(alert, main),
        status=status,
        observed_ms=alert.sent_ms,
        received_ms=received_ms,
        source=alert.sender,
        grade=main.severity if main is not None else "",
        end_ms=end_ms,
        place=values.text(
            ", ".join(dict.fromkeys(each.description for each in areas if _is_said(each.description)))
        ),
        lon=position[0] if position else None,
        lat=position[1] if position else None,
        area_codes=codes,
        text=_text(alert, main),
        media=_media(spoken),
        exercise=alert.status != "Actual",
        flags=flags,
        extra=extra | {"digest": _digest(alert)},
    )
    return [event, *_referred(alert, event), *refused]


def chosen(infos: Sequence[Info]) -> Info | None:
    """The info that the operator reads: Korean before others, and of those the most severe."""
    if not infos:
        return None
    korean = [info for info in infos if info.language.lower().startswith("ko")]
    language = (korean or infos)[0].language
    same = [info for info in infos if info.language == language]
    return min(same, key=lambda info: SEVERITY.index(info.severity))


def cleared_by(event: Event, standing: Iterable[Event]) -> list[Event]:
    """What a clearing alert ends: the older events of its family in its areas, now `cleared`.

    An exercise clears exercises only, and a real one only what is real. An
    alert without area codes clears for everywhere.
    """
    family = CLEARS.get(event.type, ())
    found = []
    for other in standing:
        held = not event.area_codes or not other.area_codes or _all_covered(event, other)
        same = other.origin_system == event.origin_system and other.exercise == event.exercise
        if other.type in family and same and held and other.observed_ms <= event.observed_ms:
            extra = other.extra | {"cleared_by": event.origin_key}
            found.append(
                msgspec.structs.replace(
                    other,
                    status="cleared",
                    observed_ms=event.observed_ms,
                    received_ms=event.received_ms,
                    flags=event.flags,
                    extra=extra,
                )
            )
    return found


def _all_covered(event: Event, other: Event) -> bool:
    """A warning for two cities stands while one of them is not cleared."""
    return all(any(korea.covers(outer, inner) for outer in event.area_codes) for inner in other.area_codes)


def _status(alert: Alert, spoken: Sequence[Info]) -> Status:
    if alert.msg_type in ("Ack", "Error"):
        return "ended"
    if alert.msg_type == "Cancel":
        return "cancelled"
    if spoken and all("AllClear" in info.responses for info in spoken):
        return "cleared"  # "the subject event no longer poses a threat" (CAP 1.2, 3.2.2)
    if _code(spoken) in CLEARS:
        return "cleared"
    return "changed" if alert.msg_type == "Update" else "occurred"


def _code(infos: Sequence[Info]) -> str:
    """The Korean code of the kind of disaster, "" for none."""
    for info in infos:
        for name, value in info.event_codes:
            if EVENT_CODES in name or "07.0046" in name:
                return value
    return ""


def _type(alert: Alert, main: Info | None) -> str:
    if main is None:
        return f"cap:{alert.msg_type.lower()}"
    codes = [value for _, value in main.event_codes if value and not _PLACEHOLDER(value)]
    return (_code([main]) or next(iter(codes), "") or main.event)[: values.MAX_NAME]


def _text(alert: Alert, main: Info | None) -> str:
    if main is None:
        return alert.note
    parts = (main.headline or main.event, main.description, main.instruction)
    return values.text("\n".join(dict.fromkeys(part for part in parts if part)))


def _media(infos: Iterable[Info]) -> tuple[str, ...]:
    """Addresses of the resources. They are shown, and never fetched by reading them."""
    uris = (resource.uri for info in infos for resource in info.resources)
    return tuple(dict.fromkeys(uri for uri in uris if _is_said(uri)))


def _is_said(text: str) -> bool:
    return bool(text) and not _PLACEHOLDER(text)


def _codes(areas: Iterable[Area]) -> tuple[str, ...]:
    """Administrative codes; other codings stay in `extra`."""
    found = (value for area in areas for name, value in area.geocodes if AREA_CODES in name)
    return tuple(dict.fromkeys(value for value in found if korea.is_area_code(value)))


def _position(areas: Sequence[Area], form: CapForm) -> tuple[float, float] | None:
    for area in areas:
        found = middle(area.polygons, area.circles)
        if found is not None and (form.outside_korea or korea.inside(*found)):
            return found
    return None


def _outside(areas: Sequence[Area], form: CapForm, extra: dict[str, Any]) -> list[Event | SetAside]:
    """Shapes that lie outside Korea's frame are refused, with the reason; the warning itself stays."""
    found: list[Event | SetAside] = []
    for area in areas:
        points = [point for each in area.polygons for point in each]
        points += [(each.lon, each.lat) for each in area.circles]
        if points and not form.outside_korea and not in_frame(points):
            lon, lat = next(point for point in points if not korea.inside(*point))
            found.append(SetAside("outside-korea", f"{area.description[:80]}: a shape at {lat}, {lon}"))
            extra["refused_shapes"] = True
    return found[:20]


def _head(alert: Alert) -> dict[str, Any]:
    """What the message says about itself, without what is empty."""
    said: dict[str, Any] = {
        "cap": alert.version,
        "sent_ms": alert.sent_ms,
        "status": alert.status,
        "msg_type": alert.msg_type,
        "scope": alert.scope,
        "source": alert.source,
        "restriction": alert.restriction,
        "addresses": alert.addresses,
        "codes": list(alert.codes),
        "note": alert.note,
        "references": [key_of(each) for each in alert.references],
        "incidents": alert.incidents,
        "unknown": [list(pair) for pair in alert.unknown],
        "faults": list(alert.faults),
    }
    return {key: value for key, value in said.items() if value}


def _said(info: Info) -> dict[str, Any]:
    """What the chosen info says, without its areas and without what is empty."""
    whole = _plain(info)
    whole.pop("areas")
    whole["priority"] = PRIORITY[info.severity]
    whole["info_unknown"] = whole.pop("unknown")
    return {key: value for key, value in whole.items() if value not in ("", [], (), None)}


def _plain(part: Info | Area) -> dict[str, Any]:
    """The part as the store gives it back: lists, and no tuples."""
    whole: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(part))
    return whole


def _places(areas: Sequence[Area]) -> dict[str, Any]:
    whole = [_plain(area) for area in areas]
    return {"areas": whole} if whole else {}


def _digest(alert: Alert) -> str:
    """What tells two alerts of one identity apart (DOMAIN.md, trap 9)."""
    return sha256(_BYTES.encode(alert)).hexdigest()[:16]


def _referred(alert: Alert, event: Event) -> list[Event]:
    """The events of the alerts that an Update replaces or a Cancel takes back."""
    if alert.msg_type not in ("Update", "Cancel"):
        return []
    status: Status = "cancelled" if alert.msg_type == "Cancel" else "ended"
    return [
        Event(
            origin_system=event.origin_system,
            origin_key=key_of(reference),
            type=event.type,
            status=status,
            observed_ms=event.observed_ms,
            received_ms=event.received_ms,
            source=reference.sender,
            exercise=event.exercise,
            flags=event.flags,
            extra={"by": event.origin_key, "msg_type": alert.msg_type},
        )
        for reference in dict.fromkeys(alert.references)
        if key_of(reference) != event.origin_key
    ]
