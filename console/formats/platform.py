"""Events of the Korean integrated platform (통합플랫폼), in the message form that KETI published.

An event is (sendCd, evtId, ocrNbr): the number is a date-time used as an id,
so two cities may use the same. The statuses are 10 occurred, 40 changed, 50
cleared, 90 cancelled, 91 ended; 91 means both 완료 and 자동종료, and which of
them only the sender's own word tells. Times are Korean and name no offset.
Sources: DOMAIN.md, 2.12 and traps 5 to 8.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from console.formats import korea, times, values
from console.formats.json_text import Unreadable
from console.formats.mapped_events import STATUS
from console.formats.platform_fields import Fields, as_text, envelope, kept
from console.settings import Feed
from db.records import Decoded, Event, Flag, SetAside

SECRETS = ("rrKey", "X-Scsns-Secret")
"""Names under which a session key may stand; it goes no further than the raw message."""
MAX_BODIES = 300
ENDED_WORDS = ("자동종료", "완료", "종료")
_ENDS = ("cleared", "cancelled", "ended")
_MOMENT = re.compile(r"([0-9]{14})([0-9]{3})?").fullmatch


class PlatformDecoder:
    """Reads the messages of one integrated platform; holds no state."""

    def __init__(self, name: str, feed: Feed, encodings: Sequence[str]) -> None:
        self._name = name
        self._form = feed.platform
        self._encodings = encodings
        self._second = times.reader("%Y%m%d%H%M%S", feed.platform.time_zone, f"feeds.{name}.platform")

    def decode(self, topic: str, payload: bytes, received_ms: int, retained: bool) -> list[Decoded]:
        """The event of the message and what was refused of it; never empty."""
        try:
            head = Fields(envelope(payload, self._encodings))
            for secret in SECRETS:
                head.take(secret)
            bodies = _bodies(head)
            common = _head(head)
            flags = int(Flag.RETAINED) if retained else 0
        except Unreadable as error:
            return [SetAside(error.reason, error.detail)]
        found: list[Decoded] = []
        for body in bodies:
            try:
                found += self._event(Fields(body), dict(common), received_ms, flags)
            except Unreadable as error:
                found.append(SetAside(error.reason, error.detail))
        return found

    def _event(self, body: Fields, extra: dict[str, Any], received_ms: int, flags: int) -> list[Decoded]:
        sender = values.name(extra["sendCd"] or body.text("sendCd"), "event-key")
        event_id = values.name(body.text("evtId"), "event-type")
        number = values.name(body.text("ocrNbr"), "event-key")
        status, word = _status(body)
        extra["status_word"] = word
        moments = {name: body.text(name) for name in ("ocrEvtTime", "ocrEvtStsTime", "ocrEvtEndTime")}
        read = {name: self._moment(text, name, extra) for name, text in moments.items()}
        onset = read["ocrEvtTime"] or self._moment(number, "", extra)
        observed = self._observed(status, read, onset, extra, received_ms)
        lon, lat, refused = self._position(body)
        items = _items(body.take("ocrEvtItem"))
        extra |= {
            "evtId": event_id,
            "ocrNbr": number,
            "name": body.text("evtNm"),
            "onset_ms": onset,
            "items": [list(pair) for pair in items],
            "detail": _part(body, "ocrEvtDtl"),
            "user": _part(body, "ocrEvtStsUsr", "ocrEvtUsr"),
        }
        text = "\n".join(part for part in (extra["name"], body.text("ocrEvtCn")) if part)
        event = Event(
            origin_system=self._name,
            origin_key=f"{sender}|{event_id}|{number}",
            type=self._form.types.get(event_id, event_id),
            status=status,  # type: ignore[arg-type]
            observed_ms=observed,
            received_ms=received_ms,
            source=sender,
            grade=body.text("evtGrad"),
            end_ms=(read["ocrEvtEndTime"] or observed) if status in _ENDS else None,
            place=body.text("ocrPlc"),
            lon=lon,
            lat=lat,
            text=values.text(text),
            media=tuple(value for key, value in items if key.upper().endswith("URL") and value),
            flags=flags,
            extra=_said(extra | {"body": body.without("startTag", "endTag", "finishTag", "ocrEvtItemCnt")}),
        )
        return [event, *refused]

    def _moment(self, text: str, name: str, extra: dict[str, Any]) -> int | None:
        """Milliseconds of yyyyMMddHHmmss or yyyyMMddHHmmssSSS; a text that is no time is noted."""
        found = _MOMENT(text)
        try:
            if found is not None:
                return self._second(found[1]) + int(found[2] or 0)
        except Unreadable:
            pass
        if text and name:
            extra.setdefault("faults", []).append(f"{name}: {text[:40]!r} is no time")
        return None

    def _observed(
        self,
        status: str,
        read: dict[str, int | None],
        onset: int | None,
        extra: dict[str, Any],
        received: int,
    ) -> int:
        """When the sender says this about the event; our own clock where it names no time."""
        sent = self._moment(str(extra.get("reqDate", "")), "reqDate", extra)
        change, end = read["ocrEvtStsTime"], read["ocrEvtEndTime"]
        order = {"occurred": (onset, change, sent), "changed": (change, sent)}
        for moment in order.get(status, (change, end, sent)):
            if moment is not None:
                return moment
        extra["time_assumed"] = True
        return received

    def _position(self, body: Fields) -> tuple[float | None, float | None, list[SetAside]]:
        """X is the longitude, Y the latitude; a position outside Korea is refused, the event stays."""
        place = body.object("ocrLc")
        x, y = place.text("crdntX", "x", "lon"), place.text("crdntY", "y", "lat")
        try:
            lon, lat = values.position(x, y)
        except Unreadable as error:
            return None, None, [SetAside(error.reason, error.detail)]
        if lon is None or lat is None or self._form.outside_korea or korea.inside(lon, lat):
            return lon, lat, []
        hint = "; latitude and longitude look exchanged" if korea.inside(lat, lon) else ""
        return None, None, [SetAside("outside-korea", f"X {lon}, Y {lat}{hint}")]


def _bodies(head: Fields) -> list[dict[str, Any]]:
    """The body, or bodies, of a message; raises Unreadable where there is none to read."""
    body = head.rest() if head.has("evtId") and not head.has("body") else head.take("body")
    if isinstance(body, dict):
        return [body]
    if isinstance(body, list) and body and all(isinstance(each, dict) for each in body):
        if len(body) > MAX_BODIES:
            raise Unreadable("too-many", f"more than {MAX_BODIES} bodies")
        return body
    if as_text(head.take("encAt")).upper() == "Y":
        raise Unreadable("encrypted", "the body is encrypted (encAt=Y)")
    if head.text("svcTy").upper() == "AUTH" or head.has("result"):
        raise Unreadable("no-event", "an answer or a request for a session key, no event")
    raise Unreadable("platform-shape", "the message has no body that can be read")


def _head(head: Fields) -> dict[str, Any]:
    """The envelope, what of it is asked for by name."""
    said = {name: head.text(name) for name in ("sendCd", "rcvCd", "sysCd", "svcTy", "reqDate")}
    said_by = {"history": history(head.take("tranSysHis")), "sequence": _part(head, "apSeq")}
    return {**said, **said_by, "envelope": head.rest()}


def history(found: Any) -> list[str]:
    """The systems a message went through, first one first, from a list, an object or a text."""
    if isinstance(found, dict):
        return [text for name in sorted(found, key=_place) if (text := as_text(found[name]))]
    if isinstance(found, list):
        return [
            text for each in found for text in (history(each) if isinstance(each, dict) else [as_text(each)])
        ]
    return [text] if (text := as_text(found)) else []


def _place(name: str) -> tuple[bool, int, str]:
    """tranSysHis1 before tranSysHis2 before tranSysHisN, which is the last."""
    number = re.search(r"([0-9]{1,9})$", name)
    return number is None, int(number[1]) if number else 0, name


def _status(body: Fields) -> tuple[str, str]:
    """Our status and the sender's word for it; raises Unreadable on an unknown one."""
    said = body.object("ocrEvtSts")
    code, detail = body.text("ocrSts"), said.text("ocrEvtStsDtl")
    code = code or said.text("ocrEvtStsCd")
    status = STATUS.get(code) or (STATUS.get(detail) if not code else None)
    if status is None:
        raise Unreadable("event-status", f"{code[:60]!r} is no status of an event")
    if code == "91" and detail not in ENDED_WORDS:
        detail = "종료"
    return status, detail


def _items(found: Any) -> list[tuple[str, str]]:
    """The (key, value) of an event's items, from a list of pairs, one pair or an object."""
    if isinstance(found, list):
        return [pair for each in found[:1000] for pair in _items(each)]
    if not isinstance(found, dict):
        return []
    pair = Fields(found)
    if pair.has("key"):
        return [(pair.text("key"), pair.text("val", "value"))]
    return [(values.text(name), as_text(value)) for name, value in found.items()]


def _part(fields: Fields, *names: str) -> Any:
    """A part of the message as it is, in a form that can be stored."""
    return kept(fields.take(*names))


def _said(extra: dict[str, Any]) -> dict[str, Any]:
    """What the message says, without what is empty."""
    return {key: value for key, value in extra.items() if value not in ("", [], {}, None)}
