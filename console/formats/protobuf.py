"""The fields of a protobuf message, read byte by byte within bounds that the caller keeps.

Source: protobuf.dev, "Encoding".
"""

from __future__ import annotations

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5


class Broken(ValueError):
    """The bytes are no such message; str() says where."""


def key(buffer: bytes, at: int, end: int) -> tuple[int, int, int]:
    """Number and wire type of the field that begins here, and where it goes on."""
    found = buffer[at]
    if found < 0x80:
        at += 1
    else:
        found, at = varint(buffer, at, end)
    if found >> 3 == 0:
        raise Broken(f"byte {at}: there is no field 0")
    return found >> 3, found & 7, at


def varint(buffer: bytes, at: int, end: int) -> tuple[int, int]:
    """A number, and where it ends."""
    value = shift = 0
    while at < end and shift < 70:
        byte = buffer[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & 0xFFFF_FFFF_FFFF_FFFF, at
        shift += 7
    raise Broken(f"byte {at}: a number is cut off")


def span(buffer: bytes, at: int, end: int) -> tuple[int, int]:
    """Start and end of what a length announces."""
    length, at = varint(buffer, at, end)
    if length > end - at:
        raise Broken(f"byte {at}: {length} bytes are announced, {end - at} are left")
    return at, at + length


def skip(buffer: bytes, at: int, end: int, wire: int) -> int:
    """Where a field ends that nobody wants."""
    if wire == VARINT:
        return varint(buffer, at, end)[1]
    if wire == BYTES:
        return span(buffer, at, end)[1]
    step = {FIXED64: 8, FIXED32: 4}.get(wire, 0)
    if not step or at + step > end:
        raise Broken(f"byte {at}: no such field, or it is cut off")
    return at + step
