"""The one CBOR reader (RFC 8949), with limits on size, depth and number of items.

Half, single and double floats, indefinite lengths, big numbers and decimal
fractions are read; of other tags the content counts. A map's keys are texts
or integers, each at most once.
"""

from __future__ import annotations

import struct
from typing import Any

from console.formats.json_text import Unreadable

MAX_BYTES = 1 << 20
MAX_DEPTH = 32
MAX_ITEMS = 20_000
MAX_BIG = 32  # bytes of a big number
_BREAK = object()
_WIDTHS = {24: 1, 25: 2, 26: 4, 27: 8}
_FLOATS = {25: ">e", 26: ">f", 27: ">d"}
_SIMPLE = {20: False, 21: True, 22: None, 23: None}


def read(payload: bytes) -> Any:
    """The value in `payload`; raises Unreadable and nothing else."""
    if len(payload) > MAX_BYTES:
        raise Unreadable("too-large", f"{len(payload)} bytes; at most {MAX_BYTES} are read")
    if not payload:
        raise Unreadable("empty", "the message has no content")
    reader = _Reader(payload)
    value = reader.value(0)
    if value is _BREAK:
        raise Unreadable("not-cbor", "a break stands where a value is expected")
    if reader.at != len(payload):
        raise Unreadable("not-cbor", f"{len(payload) - reader.at} bytes follow the value")
    return value


class _Reader:
    def __init__(self, payload: bytes) -> None:
        self._payload = payload
        self.at = 0
        self._items = 0

    def _take(self, count: int) -> bytes:
        end = self.at + count
        if end > len(self._payload):
            raise Unreadable("not-cbor", "the message ends within a value")
        found = self._payload[self.at : end]
        self.at = end
        return found

    def value(self, depth: int) -> Any:
        """The next value, or the mark that ends an indefinite length."""
        if depth > MAX_DEPTH:
            raise Unreadable("too-deep", f"nested deeper than {MAX_DEPTH}")
        self._items += 1
        if self._items > MAX_ITEMS:
            raise Unreadable("too-many", f"more than {MAX_ITEMS} values in a message")
        first = self._take(1)[0]
        major, minor = first >> 5, first & 31
        if major == 7:
            return self._simple(minor)
        length = self._length(major, minor)
        match major:
            case 0:
                return length
            case 1:
                return -1 - (length or 0)
            case 2:
                return self._string(2, length)
            case 3:
                return self._text(length)
            case 4:
                return self._list(length, depth)
            case 5:
                return self._map(length, depth)
            case _:
                return _tagged(length or 0, self._inner(depth + 1))

    def _length(self, major: int, minor: int) -> int | None:
        if minor < 24:
            return minor
        if minor in _WIDTHS:
            return int.from_bytes(self._take(_WIDTHS[minor]), "big")
        if minor == 31 and major in (2, 3, 4, 5):
            return None
        raise Unreadable("not-cbor", f"the length {minor} of kind {major} is not defined")

    def _simple(self, minor: int) -> Any:
        if minor == 31:
            return _BREAK
        if minor in _SIMPLE:
            return _SIMPLE[minor]
        if minor in _FLOATS:
            return struct.unpack(_FLOATS[minor], self._take(_WIDTHS[minor]))[0]
        raise Unreadable("not-cbor", f"the simple value {minor} is not defined")

    def _inner(self, depth: int) -> Any:
        value = self.value(depth)
        if value is _BREAK:
            raise Unreadable("not-cbor", "a break stands where a value is expected")
        return value

    def _string(self, major: int, length: int | None) -> bytes:
        if length is not None:
            return self._take(length)
        parts = []
        while (first := self._take(1)[0]) != 0xFF:
            self._items += 1
            if first >> 5 != major or first & 31 == 31 or self._items > MAX_ITEMS:
                raise Unreadable("not-cbor", "a string in pieces holds what is no piece")
            parts.append(self._take(self._length(major, first & 31) or 0))
        return b"".join(parts)

    def _text(self, length: int | None) -> str:
        try:
            text = self._string(3, length).decode("utf-8")
        except UnicodeDecodeError as error:
            raise Unreadable("encoding", f"a text is not UTF-8 ({error.reason})") from error
        if "\0" in text:
            raise Unreadable("nul", "a text contains U+0000")
        return text

    def _list(self, length: int | None, depth: int) -> list[Any]:
        found: list[Any] = []
        if length is None:
            while (value := self.value(depth + 1)) is not _BREAK:
                found.append(value)
            return found
        for _ in range(length):
            found.append(self._inner(depth + 1))
        return found

    def _map(self, length: int | None, depth: int) -> dict[Any, Any]:
        found: dict[Any, Any] = {}
        left = length
        while left is None or left > 0:
            key = self.value(depth + 1)
            if key is _BREAK and left is None:
                break
            if type(key) not in (int, str):
                raise Unreadable("not-cbor", "a key is neither a text nor an integer")
            if key in found:
                raise Unreadable("duplicate-key", f"the key {str(key)[:80]!r} stands twice in one map")
            found[key] = self._inner(depth + 1)
            left = None if left is None else left - 1
        return found


def _tagged(tag: int, value: Any) -> Any:
    """A big number or decimal fraction as a number; of other tags the content."""
    if tag in (2, 3):
        if type(value) is not bytes or len(value) > MAX_BIG:
            raise Unreadable("number", f"a big number of more than {MAX_BIG} bytes, or of none")
        number = int.from_bytes(value, "big")
        return number if tag == 2 else -1 - number
    if tag in (4, 5):
        return _fraction(value, 10 if tag == 4 else 2)
    return value


def _fraction(value: Any, base: int) -> float:
    if type(value) is not list or len(value) != 2 or any(type(each) is not int for each in value):
        raise Unreadable("number", "a fraction is not made of two integers")
    exponent, mantissa = value
    if abs(exponent) > 1100:
        raise Unreadable("number", f"a fraction has the exponent {exponent}")
    try:
        if base == 10:
            return float(f"{mantissa}e{exponent}")
        return float(float(mantissa) * 2.0**exponent)
    except OverflowError as error:
        raise Unreadable("number", "a number is larger than can be held") from error
