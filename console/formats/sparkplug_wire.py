"""The bytes of Sparkplug B payloads, read and written without a protobuf library.

The form is three small messages, of which we need the scalar fields. A reader
of our own keeps every bound in our hands (size, metrics, properties), never
parses what is skipped (data sets, templates, files) and needs no extra package
on a closed network; a broken message is one reason and no exception of a C library.
Source of the field numbers: eclipse-tahu/tahu, sparkplug_b/sparkplug_b.proto.
"""

from __future__ import annotations

import struct
import zlib
from functools import lru_cache
from typing import NamedTuple, TypeGuard

from console.formats import protobuf
from console.formats.json_text import MAX_BYTES, Unreadable
from console.formats.protobuf import BYTES, FIXED32, VARINT

MAX_METRICS = 3_000
MAX_PARTS = 20_000  # of one payload; those beyond MAX_METRICS are only counted
MAX_FIELDS = 24  # of one metric; the form has 19
MAX_PROPERTIES = 64  # of one metric
MAX_PROPERTY_BYTES = 4096  # larger sets are passed over
COMPRESSED = "SPBV1.0_COMPRESSED"
"""The `uuid` of a payload whose `body` is another payload, by gzip or deflate."""

_FLOAT, _DOUBLE = struct.Struct("<f"), struct.Struct("<d")

INT, LONG, FLOAT, DOUBLE, TRUTH, TEXT = 10, 11, 12, 13, 14, 15
"""Fields of a metric that carry a value we read; 16 to 19 carry what is skipped."""

_LAST = 19

Scalar = int | float | bool | str
_Found = int | float | tuple[int, int]


class Metric(NamedTuple):
    """One metric as it stands in the bytes; None and "" for what does not stand there."""

    name: str = ""
    alias: int | None = None
    timestamp: int | None = None
    datatype: int | None = None
    is_historical: bool = False
    is_transient: bool = False
    is_null: bool = False
    properties: tuple[tuple[str, Scalar], ...] = ()
    field: int = 0
    value: Scalar | None = None


class Payload(NamedTuple):
    """A payload; `left` is how many metrics it has beyond those that are read."""

    timestamp: int | None
    metrics: list[Metric]
    seq: int | None
    left: int = 0


def read(payload: bytes) -> Payload:
    """The payload in these bytes; raises Unreadable and nothing else."""
    try:
        return _read(payload, 0)
    except protobuf.Broken as error:
        raise Unreadable("sparkplug-shape", str(error)) from error


def _read(payload: bytes, depth: int) -> Payload:
    if len(payload) > MAX_BYTES:
        raise Unreadable("too-large", f"{len(payload)} bytes; at most {MAX_BYTES} are read")
    timestamp = seq = None
    uuid, body = "", b""
    parts: list[tuple[int, int]] = []
    left = at = 0
    end = len(payload)
    count = 0
    while at < end:
        field, wire, at = protobuf.key(payload, at, end)
        count += 1
        if count > MAX_PARTS:
            raise Unreadable("too-many", f"more than {MAX_PARTS} metrics and fields")
        if field == 2 and wire == BYTES:
            start, at = protobuf.span(payload, at, end)
            if len(parts) < MAX_METRICS:
                parts.append((start, at))
            else:
                left += 1
        elif field == 1 and wire == VARINT:
            timestamp, at = protobuf.varint(payload, at, end)
        elif field == 3 and wire == VARINT:
            seq, at = protobuf.varint(payload, at, end)
        elif field in (4, 5) and wire == BYTES:
            start, at = protobuf.span(payload, at, end)
            if field == 4:
                uuid = payload[start : min(at, start + 60)].decode("utf-8", "replace")
            else:
                body = payload[start:at]
        else:
            at = protobuf.skip(payload, at, end, wire)
    if uuid == COMPRESSED and body:
        if depth:
            raise Unreadable("sparkplug-shape", "a compressed payload stands inside another")
        inner = _read(_inflated(body), 1)
        return inner._replace(seq=seq if inner.seq is None else inner.seq)
    return Payload(timestamp, [_metric(payload, *part) for part in parts], seq, left)


def _inflated(body: bytes) -> bytes:
    try:
        engine = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)  # gzip or deflate, as it says itself
        plain = engine.decompress(body, MAX_BYTES)
    except zlib.error as error:
        raise Unreadable("sparkplug-shape", f"the compressed body cannot be read ({error})") from error
    if not engine.eof:
        raise Unreadable("too-large", f"the compressed body holds more than {MAX_BYTES} bytes, or is cut off")
    return plain


def _metric(buffer: bytes, at: int, end: int) -> Metric:
    found = _fields(buffer, at, end)
    held = next((field for field in reversed(found) if INT <= field <= _LAST), 0)
    value: _Found | str | None = found.get(held) if held <= TEXT else None
    if held == TRUTH and type(value) is int:
        value = value != 0
    elif type(value) is tuple:
        value = _text(buffer, value) if held == TEXT else None
    properties = found.get(9)
    return Metric(
        _text(buffer, found.get(1)),
        _whole(found.get(2)),
        _whole(found.get(3)),
        _whole(found.get(4)),
        bool(_whole(found.get(5))),
        bool(_whole(found.get(6))),
        bool(_whole(found.get(7))),
        _properties(buffer[slice(*properties)]) if _is_small(properties) else (),
        held,
        value,  # type: ignore[arg-type]
    )


def _fields(buffer: bytes, at: int, end: int) -> dict[int, _Found]:
    """What stands in a message by field, the last of each; texts and messages as (start, end)."""
    found: dict[int, _Found] = {}
    for _ in range(MAX_FIELDS):
        if at >= end:
            return found
        key = buffer[at]
        if 0x08 <= key < 0x80:
            field, wire, at = key >> 3, key & 7, at + 1
        else:
            field, wire, at = protobuf.key(buffer, at, end)
        value: _Found
        if wire == VARINT:
            if at < end and buffer[at] < 0x80:
                value, at = buffer[at], at + 1
            else:
                value, at = protobuf.varint(buffer, at, end)
        elif wire == BYTES:
            value = protobuf.span(buffer, at, end)
            at = value[1]
        else:
            start = at
            at = protobuf.skip(buffer, at, end, wire)
            value = (_FLOAT if wire == FIXED32 else _DOUBLE).unpack_from(buffer, start)[0]
        if INT <= field <= _LAST:
            found.pop(field, None)  # of the fields that exclude each other the last counts
        found[field] = value
    raise Unreadable("too-many", f"a metric of more than {MAX_FIELDS} fields")


def _text(buffer: bytes, span: _Found | None, most: int = MAX_BYTES) -> str:
    if type(span) is not tuple:
        return ""
    return buffer[span[0] : min(span[1], span[0] + most)].decode("utf-8", "replace")


def _whole(found: _Found | None) -> int | None:
    return found if type(found) is int else None


def _is_small(span: _Found | None) -> TypeGuard[tuple[int, int]]:
    return type(span) is tuple and span[1] - span[0] <= MAX_PROPERTY_BYTES


@lru_cache(1024)
def _properties(buffer: bytes) -> tuple[tuple[str, Scalar], ...]:
    """The scalar properties by name; sets inside sets are passed over. Metrics share them: they are kept."""
    at, end = 0, len(buffer)
    keys: list[str] = []
    found: list[Scalar | None] = []
    while at < end and len(keys) + len(found) < 2 * MAX_PROPERTIES:
        field, wire, at = protobuf.key(buffer, at, end)
        if wire != BYTES or field not in (1, 2):
            at = protobuf.skip(buffer, at, end, wire)
            continue
        start, at = protobuf.span(buffer, at, end)
        if field == 1:
            keys.append(_text(buffer, (start, at), 200))
        else:
            found.append(_property(buffer, start, at))
    return tuple((key, value) for key, value in zip(keys, found, strict=False) if value is not None)


def _property(buffer: bytes, at: int, end: int) -> Scalar | None:
    found = _fields(buffer, at, end)
    held = next((field for field in (3, 4, 5, 6, 7, 8) if field in found), 0)
    value = found.get(held)
    if type(value) is tuple:
        return _text(buffer, value, 1000) if held == 8 else None
    return value != 0 if held == 7 else value  # type: ignore[return-value]


# --- what we say -------------------------------------------------------------


def rebirth(at_ms: int) -> bytes:
    """The command that asks a node for its births: `Node Control/Rebirth` = true."""
    name = b"Node Control/Rebirth"
    metric = (
        bytes([0x0A, len(name)])
        + name
        + b"\x18"
        + _number(at_ms)
        + b"\x20\x0b"
        + bytes([TRUTH << 3])
        + b"\x01"
    )
    return b"\x08" + _number(at_ms) + b"\x12" + _number(len(metric)) + metric


def _number(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
