"""The one JSON reader for everything that comes from outside, with limits.

The fast path is `msgspec`: strict UTF-8, no NaN or Infinity, no lone
surrogates, no control characters. What it lets pass and we do not (a key
given twice, depth, endless digits, U+0000) is looked for with byte counts that
cost a microsecond; only where they leave a doubt is the tree walked.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, NoReturn

import msgspec

from console.errors import MessageError

MAX_BYTES = 1 << 20
MAX_DEPTH = 32
MAX_DIGITS = 64  # of one number; the longest a binary64 prints is 24
MAX_TEXT = 64 * 1024  # characters of one string

_BOM = b"\xef\xbb\xbf"
_WIDE_MARKS = (b"\xff\xfe", b"\xfe\xff")
_LONG_NUMBER = re.compile(rb"[0-9.]{%d}" % (MAX_DIGITS + 1))
_SPACED_COLON = re.compile(rb'"[ \t\r\n]+:')
_decode = msgspec.json.Decoder().decode


class Unreadable(MessageError):
    """A message that cannot be read; `reason` is the code that SetAside carries."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


def read(payload: bytes, encodings: Sequence[str] = ("utf-8",)) -> Any:
    """The JSON value in `payload`; raises Unreadable and nothing else.

    `encodings` are tried in order; a UTF-8 byte order mark is skipped.
    """
    if len(payload) > MAX_BYTES:
        raise Unreadable("too-large", f"{len(payload)} bytes; at most {MAX_BYTES} are read")
    if payload.startswith(_BOM):
        payload = payload[3:]
    try:
        value = _decode(payload)
    except UnicodeDecodeError as error:
        payload = _other_encoding(payload, encodings, error)
        value = _decode_or_refuse(payload)
    except (msgspec.DecodeError, RecursionError, ValueError, OverflowError) as error:
        _refuse(payload, error)
    _check(payload, value)
    return value


def _decode_or_refuse(payload: bytes) -> Any:
    try:
        return _decode(payload)
    except (msgspec.DecodeError, RecursionError, ValueError, OverflowError) as error:
        _refuse(payload, error)


def _other_encoding(payload: bytes, encodings: Sequence[str], first: UnicodeDecodeError) -> bytes:
    """The payload as UTF-8, if one of the site's other encodings can read it."""
    for encoding in encodings:
        if encoding != "utf-8":
            try:
                return payload.decode(encoding).encode("utf-8")
            except UnicodeError:
                continue
    tried = ", ".join(encodings)
    raise Unreadable("encoding", f"text is none of {tried} ({first.reason})") from first


def _refuse(payload: bytes, error: Exception) -> NoReturn:
    """Say in one word why the decoder refused."""
    text = str(error)
    if not payload.strip(b" \t\r\n"):
        raise Unreadable("empty", "the message has no content") from error
    if isinstance(error, RecursionError):
        raise Unreadable("too-deep", f"nested deeper than {MAX_DEPTH}") from error
    if "out of range" in text or "int string conversion" in text:
        raise Unreadable("number", "a number is larger than can be held") from error
    if re.search(rb"(?<![A-Za-z\"])-?(NaN|Infinity|nan|inf)\b", payload):
        raise Unreadable("number", "NaN or Infinity is no JSON number") from error
    if payload[:2] in _WIDE_MARKS or _is_wide(payload):
        raise Unreadable("encoding", "is UTF-16 or UTF-32 text; JSON is sent as UTF-8") from error
    if b"\x00" in payload:
        raise Unreadable("nul", "a zero byte stands in the text") from error
    if re.search(rb"\\u[dD][89a-fA-F]", payload):
        raise Unreadable("surrogate", "half of a surrogate pair stands alone") from error
    raise Unreadable("not-json", text[:200]) from error


def _is_wide(payload: bytes) -> bool:
    """Whether every other byte, or three of four, are mostly zeros, as in UTF-16 and UTF-32."""
    zeros = max(payload[0::2].count(0), payload[1::2].count(0))
    return len(payload) >= 8 and zeros > len(payload) // 4


def _check(payload: bytes, value: Any) -> None:
    """Find what the decoder let pass; the counts decide nearly always, the walk seldom."""
    brackets = payload.count(b"{") + payload.count(b"[")
    if brackets > MAX_DEPTH and _is_deep(value):
        raise Unreadable("too-deep", f"nested deeper than {MAX_DEPTH}")
    if b"\\u0000" in payload and _any_text(value, lambda text: "\0" in text):
        raise Unreadable("nul", "a text contains U+0000")
    if len(payload) > MAX_TEXT and _any_text(value, lambda text: len(text) > MAX_TEXT):
        raise Unreadable("text-length", f"a text is longer than {MAX_TEXT} characters")
    if _LONG_NUMBER.search(payload):
        _check_digits(payload)
    colons = payload.count(b'":')
    if type(value) is dict and len(value) == colons and not _SPACED_COLON.search(payload):
        return
    if colons != _keys(value) or _SPACED_COLON.search(payload):
        _check_twice(payload)


def _children(value: Any) -> Any:
    return value.values() if type(value) is dict else value if type(value) is list else ()


def _keys(value: Any) -> int:
    """How many keys the tree has; each stands before exactly one colon of the text."""
    count, stack = 0, [value]
    while stack:
        here = stack.pop()
        if type(here) is dict:
            count += len(here)
        stack.extend(each for each in _children(here) if type(each) in (dict, list))
    return count


def _is_deep(value: Any) -> bool:
    """Whether something stands inside more than MAX_DEPTH objects and lists."""
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        level = [each for here in level if type(here) in (dict, list) for each in _children(here)]
        if not level:
            return False
    return True


def _any_text(value: Any, test: Any) -> bool:
    stack = [value]
    while stack:
        here = stack.pop()
        if type(here) is str:
            if test(here):
                return True
        elif type(here) is dict:
            stack.extend(here)
            stack.extend(here.values())
        elif type(here) is list:
            stack.extend(here)
    return False


def _check_digits(payload: bytes) -> None:
    """A run of digits was seen: refuse it if it is a number and not inside a text."""

    def number(text: str) -> int:
        if len(text) > MAX_DIGITS:
            raise Unreadable("number", f"a number has {len(text)} characters; at most {MAX_DIGITS}")
        return 0

    json.loads(payload, parse_int=number, parse_float=number)


def _check_twice(payload: bytes) -> None:
    """Refuse a key that stands twice in one object: receivers differ on which one counts."""

    def once(pairs: list[tuple[str, Any]]) -> None:
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise Unreadable("duplicate-key", f"the key {key[:80]!r} stands twice in one object")
            seen.add(key)

    json.loads(payload, object_pairs_hook=once)
