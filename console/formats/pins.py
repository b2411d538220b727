"""A position that may stand on the map, or the reason why it may not."""

from __future__ import annotations

from typing import Any

from console.formats import korea, values
from console.formats.json_text import Unreadable


def pin(lon: Any, lat: Any, *, anywhere: bool = False) -> tuple[float | None, float | None]:
    """Longitude and latitude, nothing where there are none.

    Raises Unreadable for what is no position, lies outside Korea's frame
    (unless `anywhere`), or has latitude and longitude exchanged, which it names.
    """
    try:
        x, y = values.position(lon, lat)
    except Unreadable as error:
        if _is_exchanged(lon, lat):
            raise Unreadable("outside-korea", _exchanged(lon, lat)) from error
        raise
    if x is None or y is None or anywhere or korea.inside(x, y):
        return x, y
    raise Unreadable("outside-korea", f"lon {x}, lat {y}" if not korea.inside(y, x) else _exchanged(x, y))


def _is_exchanged(lon: Any, lat: Any) -> bool:
    try:
        return korea.inside(float(lat), float(lon))
    except (TypeError, ValueError, OverflowError):
        return False


def _exchanged(lon: Any, lat: Any) -> str:
    return f"lon {str(lon)[:24]}, lat {str(lat)[:24]}; latitude and longitude look exchanged"
