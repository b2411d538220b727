"""Messages to the Korean integrated platform, and the answers between us and it. Pure: fields in, bytes out.

An event is sent once as occurred (10) and then by its status alone: changed
(40), cleared (50), cancelled (90), ended (91). All times are Korean and name no
offset. Encryption (encAt=Y, ARIA) is not offered. Source: DOMAIN.md, 2.12.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import msgspec

from console.errors import Refused
from console.formats.json_text import Unreadable
from console.formats.platform_fields import Fields, envelope
from db.records import Event

Form = Literal["json", "form"]

CODES = {"occurred": "10", "changed": "40", "cleared": "50", "cancelled": "90", "ended": "91"}
WORDS = {"10": "발생", "40": "변경", "50": "해제", "90": "취소", "91": "종료"}
ANSWERS = {"2000": "OK", "4000": "Bad Request", "4101": "Unauthorized", "5000": "Internal Server Error"}
"""Result codes of the published form that we give; others may be received."""
KEY_TROUBLE = ("4100", "4101")
"""Result codes that are about the session key and not about the message."""

_SEOUL = ZoneInfo("Asia/Seoul")
_NUMBER = re.compile(r"[0-9]{14}(?:[0-9]{3})?").fullmatch
_JSON = msgspec.json.Encoder()
_TAGS = {"startTag": "$DA", "endTag": "$DB", "finishTag": "$DF"}


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """Who sends to whom. `session_key` is what `read_answer` gave for the request of a key."""

    sender: str
    receiver: str
    system: str = "IPC"
    session_key: str = ""

    def __repr__(self) -> str:
        return f"Link({self.sender!r} to {self.receiver!r})"  # the key is for no log


class Answer(msgspec.Struct, frozen=True):
    """What the other side said to a message; to a request for a key `message` is the key."""

    is_taken: bool
    code: str
    message: str


def number(at_ms: int) -> str:
    """An occurrence number: the moment as 17 digits, in Korean time. It identifies, and so is given once."""
    return f"{moment(at_ms)}{at_ms % 1000:03d}"


def moment(at_ms: int) -> str:
    """A time as the platform writes it: yyyyMMddHHmmss, Korean, without an offset."""
    return datetime.fromtimestamp(at_ms // 1000, UTC).astimezone(_SEOUL).strftime("%Y%m%d%H%M%S")


def event(link: Link, event_: Event, now_ms: int, form: Form = "json") -> bytes:
    """The whole event, with the status that it has; raises Refused without a number to name it by.

    The number is `extra["ocrNbr"]`, its code `extra["evtId"]` or else the type, its items `extra["items"]`.
    """
    code = CODES[event_.status]
    said = event_.text.strip().partition("\n")
    items = [{"key": str(key), "val": str(value)} for key, value in event_.extra.get("items", ())]
    body: dict[str, Any] = _identity(event_) | {
        "evtNm": str(event_.extra.get("name", "")) or said[0],
        "evtGrad": event_.grade,
        "ocrSts": code,
        "ocrLc": _place(event_),
        "ocrPlc": event_.place,
        "ocrEvtCn": said[2].strip() or said[0],
        "ocrEvtTime": moment(int(event_.extra.get("onset_ms", event_.observed_ms))),
        "ocrEvtSts": {"ocrEvtStsCd": code, "ocrEvtStsDtl": _word(event_, code)},
        "ocrEvtStsTime": moment(event_.observed_ms),
        "ocrEvtItemCnt": str(len(items)),
        "ocrEvtItem": items,
    }
    if event_.end_ms is not None:
        body["ocrEvtEndTime"] = moment(event_.end_ms)
    return _message(link, body, now_ms, form)


def status(
    link: Link, event_: Event, now_ms: int, user: tuple[str, str] = ("", ""), form: Form = "json"
) -> bytes:
    """A change of an event already sent: its key, its new status, when, and by whom (id, name)."""
    code = CODES[event_.status]
    body = _identity(event_) | {
        "ocrSts": code,
        "ocrEvtSts": {"ocrEvtStsCd": code, "ocrEvtStsDtl": _word(event_, code)},
        "ocrEvtStsUsr": {"ocrEvtUsrId": user[0], "ocrEvtUsrNm": user[1]},
        "ocrEvtStsTime": moment(event_.observed_ms),
        "ocrEvtCn": event_.text,
    }
    if event_.status in ("cleared", "cancelled", "ended"):
        body["ocrEvtEndTime"] = moment(event_.end_ms or event_.observed_ms)
    return _message(link, body, now_ms, form)


def key_request(link: Link, now_ms: int) -> bytes:
    """The request for a session key, to be answered with the key as its message."""
    return _JSON.encode(_head(link, "AUTH", now_ms))


def headers(link: Link, kind: Literal["AUTH", "EVENT"] = "EVENT", form: Form = "json") -> dict[str, str]:
    """The HTTP headers that go with a message. They hold the session key: never log them."""
    media = "application/json; charset=utf-8" if form == "json" else "application/x-www-form-urlencoded"
    return {
        "Content-Type": media,
        "X-Scsns-svcTy": kind,
        "X-Scsns-sendCd": link.sender,
        "X-Scsns-rcvCd": link.receiver,
        "X-Scsns-sysCd": link.system,
        "X-Scsns-encAt": "N",
        "X-Scsns-Secret": link.session_key,
        "X-Scsns-type": "sync",
    }


def answer(code: str = "2000", message: str = "") -> bytes:
    """What we say to a sender: OK once its message is stored, read or not, or it would send it again."""
    said = {
        "startTag": "$DA",
        "result": "0" if code == "2000" else "1",
        "type": code,
        "message": message or ANSWERS.get(code, ""),
        "finishTag": "$DF",
    }
    return _JSON.encode(said)


def read_answer(payload: bytes) -> Answer:
    """What the other side said; raises Unreadable where it is no answer."""
    fields = Fields(envelope(payload, ("utf-8", "cp949")))
    if not fields.has("type", "result"):
        raise Unreadable("platform-shape", "the answer has no result")
    code, result = fields.text("type"), fields.text("result")
    return Answer(code == "2000" or (not code and result == "0"), code, fields.text("message"))


def _identity(event_: Event) -> dict[str, Any]:
    found = str(event_.extra.get("ocrNbr", ""))
    if not _NUMBER(found):
        raise Refused(f"{found[:40]!r} is no occurrence number; it has 14 or 17 digits")
    code = str(event_.extra.get("evtId", "")) or event_.type
    if not code:
        raise Refused("The event has no code (evtId)")
    return _TAGS | {"evtId": code, "ocrNbr": found}


def _word(event_: Event, code: str) -> str:
    said = str(event_.extra.get("status_word", ""))
    return said if code == "91" and said in ("완료", "자동종료") else WORDS[code]


def _place(event_: Event) -> dict[str, str]:
    here = event_.lon is not None and event_.lat is not None
    lon, lat = (f"{event_.lon:.6f}", f"{event_.lat:.6f}") if here else ("", "")
    return {"crdntX": lon, "crdntY": lat, "crdntZ": "0"}


def _head(link: Link, kind: str, now_ms: int) -> dict[str, Any]:
    return {
        "svcTy": kind,
        "hdCnt": "14",
        "dtCnt": "16",
        "apSeq": {"apCurrent": "1", "apTotal": "1"},
        "cmnMtd": "1",
        "sendCd": link.sender,
        "rcvCd": link.receiver,
        "encAt": "N",
        "tranTy": "HTTP",
        "rrKey": link.session_key,
        "reqDate": moment(now_ms),
        "sysCd": link.system,
        "tranSysHis": {"tranSysHis1": link.system},
    }


def _message(link: Link, body: Mapping[str, Any], now_ms: int, form: Form) -> bytes:
    written = _JSON.encode(body)
    head = _head(link, "EVENT", now_ms) | {"bodyLen": str(len(written))}
    if form == "json":
        return _JSON.encode(head | {"body": body})
    fields = {
        name: text if isinstance(text, str) else _JSON.encode(text).decode() for name, text in head.items()
    }
    return urlencode(fields | {"Body": written.decode()}).encode("ascii")
