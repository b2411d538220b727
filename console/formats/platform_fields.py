"""The shapes in which the integrated platform's messages come: JSON, form fields, JSON in texts.

Names are found whatever their case; what is not asked for is kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote_to_bytes

from console.formats import json_text, values
from console.formats.json_text import MAX_BYTES, Unreadable

MAX_FIELDS = 1000
MAX_COMMAS = 10_000  # about as many members; the published form has about 40
_LARGEST = 2**63


def envelope(payload: bytes, encodings: Sequence[str]) -> dict[str, Any]:
    """The message as an object, from JSON or from form fields; raises Unreadable."""
    if len(payload) > MAX_BYTES:
        raise Unreadable("too-large", f"{len(payload)} bytes; at most {MAX_BYTES} are read")
    start = payload.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if payload.count(b",") + payload.count(b"%2C") + payload.count(b"%2c") > MAX_COMMAS:
        raise Unreadable("too-many", f"more than {MAX_COMMAS} members")
    if not start:
        raise Unreadable("empty", "the message has no content")
    if start in (b"{", b"[", b'"'):
        found = opened(json_text.read(payload, encodings), encodings)
    else:
        found = _form(payload, encodings)
    if isinstance(found, list) and len(found) == 1:
        found = found[0]
    if not isinstance(found, dict):
        raise Unreadable("platform-shape", "the message is no object and no form")
    return found


def opened(value: Any, encodings: Sequence[str] = ("utf-8",)) -> Any:
    """What a text holds that is JSON itself (once or twice); anything else as it is."""
    for _ in range(2):
        if not isinstance(value, str) or value.strip()[:1] not in ("{", "[", '"'):
            break
        try:
            value = json_text.read(value.strip().encode("utf-8", "surrogatepass"), encodings)
        except Unreadable:
            break
    return value


def _form(payload: bytes, encodings: Sequence[str]) -> dict[str, Any]:
    """The fields of application/x-www-form-urlencoded; the first of a name counts."""
    parts = payload.strip().split(b"&", MAX_FIELDS)
    if len(parts) > MAX_FIELDS:
        raise Unreadable("too-many", f"more than {MAX_FIELDS} form fields")
    fields: dict[str, Any] = {}
    for part in parts:
        name, mark, value = part.partition(b"=")
        if mark:
            fields.setdefault(_field(name, encodings), _field(value, encodings))
    if not fields:
        raise Unreadable("platform-shape", "the message is no JSON and no form")
    if len(fields) == 1:  # some senders put the whole message into one field
        whole = opened(next(iter(fields.values())))
        if isinstance(whole, dict) and Fields(whole).has("body", "evtId", "sendCd"):
            return whole
    return fields


def _field(raw: bytes, encodings: Sequence[str]) -> str:
    plain = unquote_to_bytes(raw.replace(b"+", b" "))
    for encoding in encodings:
        try:
            return plain.decode(encoding)
        except UnicodeError:
            continue
    raise Unreadable("encoding", f"a form field is none of {', '.join(encodings)}")


class Fields:
    """The members of an object by name in any case, each taken once."""

    def __init__(self, members: Mapping[str, Any]) -> None:
        self._names: dict[str, str] = {}
        for name in members:
            self._names.setdefault(name.strip().lower(), name)
        self._left = dict(members)

    def has(self, *names: str) -> bool:
        return any(name.lower() in self._names for name in names)

    def take(self, *names: str) -> Any:
        """The first of these names that is there and not empty, opened if it is JSON in a text."""
        return opened(self._raw(*names))

    def _raw(self, *names: str) -> Any:
        found: Any = None
        for name in names:
            real = self._names.get(name.lower())
            if real is not None and real in self._left:
                value = self._left.pop(real)
                found = value if found in (None, "", [], {}) else found
        return found

    def text(self, *names: str) -> str:
        """The same as text, never opened: a number as its digits, nothing as ""."""
        return as_text(self._raw(*names))

    def object(self, *names: str) -> Fields:
        """The same as an object; anything else than an object is kept under its own name."""
        found = self.take(*names)
        if isinstance(found, list) and len(found) == 1:
            found = found[0]
        if isinstance(found, dict):
            return Fields(found)
        if found not in (None, "", [], {}):
            self._left[names[0]] = found
        return Fields({})

    def without(self, *names: str) -> dict[str, Any]:
        """The rest, less these names."""
        for name in names:
            self.take(name)
        return self.rest()

    def rest(self) -> dict[str, Any]:
        """What nobody asked for, in a form that can be stored."""
        return {name: kept(value) for name, value in self._left.items()}


def as_text(value: Any) -> str:
    """A single value as bounded plain text; an object or list as nothing."""
    if value is None or isinstance(value, dict | list):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e18:
        value = int(value)
    return values.text(str(value).strip())


def kept(value: Any) -> Any:
    """A value that the store can hold: texts bounded, numbers beyond 64 bits as text."""
    if isinstance(value, str):
        return values.text(value)
    if isinstance(value, int) and not isinstance(value, bool) and not -_LARGEST <= value < _LARGEST:
        return str(value)
    if isinstance(value, list):
        return [kept(each) for each in value]
    if isinstance(value, dict):
        return {str(name): kept(each) for name, each in value.items()}
    return value
