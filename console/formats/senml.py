"""SenML (RFC 8428): packs and streams in JSON, CBOR and XML as readings.

JSON, CBOR and XML are told apart by the first byte. A stream (SenSML) is one
record after another: lines, JSON text sequences, or a list that is still open.
A name is the source and its quantity: by the feed's pattern, or split at its
last "/" or ":", so that a pack and its resolved form say the same.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Sequence
from typing import Any

from console.errors import SettingsError
from console.formats import cbor, crowded, json_text, senml_pack, senml_units, values, xml_text
from console.formats.asides import bounded
from console.formats.json_text import Unreadable
from console.formats.senml_pack import Resolved
from console.formats.times import LAST_MS
from console.settings import Feed
from db.records import Decoded, Flag, Reading, SetAside, Value

NAMESPACE = "urn:ietf:params:xml:ns:senml"
MAX_LINES = senml_pack.MAX_RECORDS
_DEVICE = re.compile(r"urn:dev:[^:]+:[^:/_]+").fullmatch
_NUMBERS = {"bt", "bv", "bs", "bver", "v", "s", "t", "ut"}


class SenmlDecoder:
    """Reads the packs of one feed; each message is a pack of its own."""

    def __init__(self, name: str, feed: Feed, encodings: Sequence[str]) -> None:
        self._form = feed.senml
        self._encodings = encodings
        self._split = _splitter(feed.senml.name, f"feeds.{name}.senml.name")

    def decode(self, topic: str, payload: bytes, received_ms: int, retained: bool) -> list[Decoded]:
        """The readings of the packs in the message; never empty."""
        flags = int(Flag.RETAINED) if retained else 0
        found: list[Decoded] = []
        try:
            for pack in packs(payload, self._encodings):
                for record in senml_pack.resolve(pack):
                    self._record(record, received_ms, flags, found)
        except Unreadable as error:
            return [SetAside(error.reason, error.detail)]
        return bounded(found) or [SetAside("no-reading", "the pack holds no values")]

    def _record(
        self, record: Resolved | Unreadable, received_ms: int, flags: int, found: list[Decoded]
    ) -> None:
        if isinstance(record, Unreadable):
            found.append(SetAside(record.reason, record.detail))
            return
        try:
            observed_ms = _observed(record, received_ms)
            source, quantity = self._named(record.name)
            unit = senml_units.unit(record.unit)
            value = _value(record, unit)
        except Unreadable as error:
            found.append(SetAside(error.reason, error.detail))
            return
        if value is not None:
            ucum = unit.ucum if type(value) is float else "1"
            found.append(Reading(source, quantity, value, observed_ms, received_ms, ucum, flags=flags))
        if record.sum is not None:
            over = "s" if unit.ucum == "1" else f"{unit.ucum}.s"
            total = record.sum * unit.factor
            found.append(
                Reading(source, quantity, total, observed_ms, received_ms, over, statistic="sum", flags=flags)
            )

    def _named(self, name: str) -> tuple[str, str]:
        source, quantity = self._split(name)
        quantity = self._form.quantities.get(quantity, quantity) or self._form.quantity
        return values.name(source, "source"), values.name(quantity, "quantity")


def packs(payload: bytes, encodings: Sequence[str] = ("utf-8",)) -> list[list[Any]]:
    """The packs in a message, of JSON, CBOR or XML; raises Unreadable."""
    start = payload.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n")[:1]
    if start == b"<" or payload[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return [_of_xml(payload, encodings)]
    if start and start[0] >= 0x80:
        return [_list(cbor.read(payload))]
    crowded.check(payload)
    try:
        return [_list(json_text.read(payload, encodings))]
    except Unreadable as error:
        if error.reason != "not-json":
            raise
        return _stream(payload, encodings, error)


def _list(found: Any) -> list[Any]:
    if type(found) is dict:
        return [found]
    if type(found) is not list:
        raise Unreadable("senml-shape", "the message is neither a list of records nor a record")
    return found


def _stream(payload: bytes, encodings: Sequence[str], error: Unreadable) -> list[list[Any]]:
    """A list that is still open, or one record (or pack) after another."""
    text = payload.strip(b" \t\r\n\x1e")
    if text.startswith(b"["):
        try:
            return [_list(json_text.read(text.rstrip(b", \t\r\n") + b"]", encodings))]
        except Unreadable:
            pass
    marks = b"\x1e" if b"\x1e" in payload else b"\n"
    lines = [line for line in payload.split(marks, MAX_LINES + 1) if line.strip()]
    if len(lines) < 2 and marks == b"\n":
        raise error
    if len(lines) > MAX_LINES:
        raise Unreadable("too-many", f"a stream of more than {MAX_LINES} lines")
    found: list[list[Any]] = [[]]
    for line in lines:
        value = json_text.read(line.strip(), encodings)
        if type(value) is dict:
            found[0].append(value)
        else:
            found.append(_list(value))
    return [each for each in found if each]


def _of_xml(payload: bytes, encodings: Sequence[str]) -> list[Any]:
    root = xml_text.read(payload, encodings)
    if xml_text.local(root) not in ("sensml", "senml"):
        raise Unreadable("senml-shape", f"{xml_text.local(root)[:60]!r} is no pack of SenML")
    elements = [root] if xml_text.local(root) == "senml" else list(root)
    return [
        {str(key): _of_attribute(str(key), str(text)) for key, text in element.attrib.items()}
        for element in elements
        if xml_text.local(element) == "senml"
    ]


def _of_attribute(key: str, text: str) -> Any:
    if key == "vb":
        if text not in ("true", "false", "1", "0"):
            raise Unreadable("value", f"vb: {text[:40]!r} is neither true nor false")
        return text in ("true", "1")
    if key in _NUMBERS:
        number = values.from_text(text, key, number_wanted=True)
        return int(number) if key == "bver" and type(number) is float and number.is_integer() else number
    return text


def _observed(record: Resolved, received_ms: int) -> int:
    at_ms = round(record.at_s * 1000) + (received_ms if record.relative else 0)
    if not 0 <= at_ms < LAST_MS:
        raise Unreadable("time", f"{record.name}: {at_ms} ms since 1970 lies outside the years 1970 to 2199")
    return at_ms


def _value(record: Resolved, unit: senml_units.Unit) -> Value | None:
    if record.data:
        return _data(record)
    if type(record.value) is str:
        if len(record.value) > values.MAX_VALUE_TEXT:
            raise Unreadable("value", f"{record.name}: a text of {len(record.value)} characters")
        return record.value
    if type(record.value) is float and (unit.factor, unit.offset) != (1.0, 0.0):
        return values.finite(record.value * unit.factor + unit.offset, record.name)
    return record.value


def _data(record: Resolved) -> str:
    """Bytes as the text that carries them, where it is short."""
    text = record.data.rstrip("=")
    if len(text) > values.MAX_VALUE_TEXT:
        raise Unreadable("value", f"{record.name}: data of {len(text)} characters")
    try:
        base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError as error:
        raise Unreadable("value", f"{record.name}: vd is not in base64url") from error
    return text


def _splitter(pattern: str, where: str) -> Callable[[str], tuple[str, str]]:
    """A function from a whole name to source and quantity ("" where the name has none)."""
    if not pattern:
        return _at_the_last
    if pattern.count("{source}") != 1 or pattern.count("{quantity}") != 1:
        raise SettingsError(
            f"{where}: found {pattern!r}; allowed: a pattern with {{source}} and {{quantity}} once"
        )
    shape = re.escape(pattern).replace(r"\{source\}", "(?P<source>.+)")
    full = re.compile(shape.replace(r"\{quantity\}", "(?P<quantity>[^/:]+)")).fullmatch

    def split(name: str) -> tuple[str, str]:
        found = full(name)
        return (found["source"], found["quantity"]) if found else _at_the_last(name)

    return split


def _at_the_last(name: str) -> tuple[str, str]:
    if _DEVICE(name):
        return name, ""
    at = max(name.rfind("/"), name.rfind(":"))
    if name.startswith("urn:dev:"):
        at = max(at, name.rfind("_"))
    return (name[:at], name[at + 1 :]) if 0 < at < len(name) - 1 else (name.rstrip("/:") or name, "")
