"""Korea's frame and its administrative codes."""

from __future__ import annotations

import re

WEST, EAST, SOUTH, NORTH = 124.0, 132.0, 33.0, 39.0
"""Degrees that hold the country with its islands (DOMAIN.md, 2.10)."""

_CODE = re.compile(r"[0-9]{2,10}").fullmatch


def inside(lon: float, lat: float) -> bool:
    """Whether a position lies in Korea's frame."""
    return WEST <= lon <= EAST and SOUTH <= lat <= NORTH


def is_area_code(text: str) -> bool:
    """Whether this can be an administrative code (행정구역코드): 2 to 10 digits."""
    return _CODE(text) is not None


def covers(outer: str, inner: str) -> bool:
    """Whether the area `outer` holds the area `inner`, or is it.

    A code is province (2 digits), city or district (5), town (8), village (10),
    filled with zeros. Cities with districts share four digits with them
    (41110 Suwon, 41113 Gwonseon-gu), so that a fifth digit 0 counts as none.
    """
    return is_area_code(outer) and is_area_code(inner) and inner.ljust(10, "0").startswith(_stem(outer))


def overlap(some: tuple[str, ...], others: tuple[str, ...]) -> bool:
    """Whether any area of the one holds an area of the other."""
    return any(covers(a, b) or covers(b, a) for a in some for b in others)


def _stem(code: str) -> str:
    whole = code.ljust(10, "0")
    for length in (2, 4, 5, 8):
        if not whole[length:].strip("0"):
            return whole[:length]
    return whole
