"""Sparkplug payloads for tests, written by the field numbers of the published proto file."""

from __future__ import annotations

import struct
from typing import Any

NOW = 1_795_305_600_000  # 2026-11-22 09:00 in Seoul
FIELDS = {"int": 10, "long": 11, "float": 12, "double": 13, "boolean": 14, "string": 15, "bytes": 16}


def varint(value: int) -> bytes:
    out = b""
    while value > 127:
        out, value = out + bytes([value & 127 | 128]), value >> 7
    return out + bytes([value])


def number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value)


def span(field: int, value: bytes) -> bytes:
    return varint(field << 3 | 2) + varint(len(value)) + value


def real(field: int, value: float, form: str) -> bytes:
    return varint(field << 3 | (5 if form == "f" else 1)) + struct.pack(f"<{form}", value)


def properties(**said: Any) -> bytes:
    keys = b"".join(span(1, key.encode()) for key in said)
    found = b""
    for value in said.values():
        if isinstance(value, str):
            found += span(2, number(1, 12) + span(8, value.encode()))
        else:
            found += span(2, number(1, 3) + number(3, value))
    return span(9, keys + found)


def metric(
    name: str = "",
    *,
    alias: int | None = None,
    at: int | None = NOW,
    type_: int | None = None,
    flags: tuple[int, ...] = (),
    props: bytes = b"",
    **value: Any,
) -> bytes:
    """One metric; `int=5`, `double=2.5`, ... is its value, `flags` the fields 5 to 7 that are true."""
    out = span(1, name.encode()) if name else b""
    out += b"" if alias is None else number(2, alias)
    out += b"" if at is None else number(3, at)
    out += b"" if type_ is None else number(4, type_)
    out += b"".join(number(flag, 1) for flag in flags) + props
    for kind, found in value.items():
        field = FIELDS[kind]
        if kind in ("int", "long", "boolean"):
            out += number(field, int(found))
        elif kind in ("float", "double"):
            out += real(field, found, "f" if kind == "float" else "d")
        else:
            out += span(field, found.encode() if isinstance(found, str) else found)
    return out


def payload(*metrics: bytes, seq: int | None = None, at: int | None = NOW, more: bytes = b"") -> bytes:
    out = b"" if at is None else number(1, at)
    out += b"".join(span(2, each) for each in metrics)
    return out + (b"" if seq is None else number(3, seq)) + more


def bd_seq(value: int) -> bytes:
    return metric("bdSeq", type_=4, long=value)


def node_birth(*metrics: bytes, bd: int = 0, seq: int = 0, at: int = NOW) -> bytes:
    rebirth = metric("Node Control/Rebirth", type_=11, boolean=False)
    return payload(bd_seq(bd), rebirth, *metrics, seq=seq, at=at)
