"""Single values out of messages: numbers, texts, positions."""

from __future__ import annotations

import re
from math import inf, isfinite
from typing import Any

from console.formats.json_text import Unreadable
from console.settings import Mapped
from db.records import Value

MAX_VALUE_TEXT = 1000
MAX_NAME = 200
MAX_EVENT_TEXT = 4000

_NUMBER = re.compile(r"[+-]?(?:0|[1-9][0-9]{0,30})(?:\.[0-9]{1,30})?(?:[eE][+-]?[0-9]{1,3})?").fullmatch
_NOT_FINITE = re.compile(r"[+-]?(?:nan|inf|infinity)", re.IGNORECASE).fullmatch


def wants_number(mapped: Mapped) -> bool:
    """Whether only a number makes sense: it has a unit, is scaled, or has a range."""
    scaled = mapped.scale != 1.0 or mapped.offset != 0.0
    return mapped.unit != "1" or scaled or mapped.minimum is not None or mapped.maximum is not None


def from_text(text: str, quantity: str, number_wanted: bool) -> Value | None:
    """The value that a JSON text stands for; None for an empty one, which is no reading."""
    text = text.strip()
    if not text:
        return None
    if _NUMBER(text):
        return float(text)
    if _NOT_FINITE(text):
        raise Unreadable("value", f"{quantity}: {text!r} is no finite number")
    if number_wanted:
        raise Unreadable("value", f"{quantity}: {text[:60]!r} is no number")
    if len(text) > MAX_VALUE_TEXT:
        raise Unreadable("value", f"{quantity}: a text of {len(text)} characters; at most {MAX_VALUE_TEXT}")
    return text


def scaled(value: float, mapped: Mapped) -> float:
    """`value * scale + offset` without the dust of binary fractions; raises Unreadable past 1e308."""
    result = finite(finite(value, mapped.quantity) * mapped.scale + mapped.offset, mapped.quantity)
    return round(result, 9) if abs(result) < 1e6 else result


def finite(value: float, quantity: str) -> float:
    """The number as we keep it; raises Unreadable past 1e308, which only functions of a mapping reach."""
    try:
        result = float(value)
    except OverflowError:
        result = inf
    if not isfinite(result):
        raise Unreadable("value", f"{quantity}: is no finite number")
    return result


def name(found: Any, what: str) -> str:
    """A text that names something: not empty, bounded; an integer counts as its digits."""
    if type(found) is int:
        found = str(found)
    if type(found) is not str or not found.strip():
        raise Unreadable(what, f"the message names no {what}")
    if len(found) > MAX_NAME or not found.isprintable():
        raise Unreadable(what, f"the {what} is longer than {MAX_NAME} or holds unprintable characters")
    return found.strip()


def text(found: Any) -> str:
    """Free text, cut at MAX_EVENT_TEXT (the raw message keeps the rest); "" for nothing."""
    if found is None:
        return ""
    if type(found) in (dict, list):
        raise Unreadable("text", "an object or list stands where text is expected")
    whole = found if type(found) is str else str(found)
    return whole if len(whole) <= MAX_EVENT_TEXT else whole[: MAX_EVENT_TEXT - 1] + "…"


def position(lon: Any, lat: Any) -> tuple[float | None, float | None]:
    """Longitude and latitude in degrees; nothing, "" and 0/0 mean that there is none."""
    x, y = _degrees(lon, 180.0), _degrees(lat, 90.0)
    if x is None or y is None or (x == 0.0 and y == 0.0):
        return None, None
    return x, y


def _degrees(found: Any, most: float) -> float | None:
    if found is None or found == "":
        return None
    if type(found) is str and _NUMBER(found.strip()):
        found = float(found)
    if type(found) not in (int, float) or not abs(found) <= most:
        raise Unreadable("position", f"{str(found)[:40]!r} is no angle up to {most:.0f} degrees")
    return float(found)
