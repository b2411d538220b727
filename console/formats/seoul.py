"""Seoul's open data: road incidents, link speeds (TOPIS), crowds and forecasts, car parks, disaster messages.

Told apart by the names in a row, whichever way rows are wrapped: JSON or XML, a
list, or one object where there is one row. What a service says of itself
(RESULT) is looked at first. Sources: DOMAIN.md, 1.2 E and traps 1 to 4, 23, 24.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from console.formats import asides, open_api
from console.formats.json_text import Unreadable
from console.formats.open_api import Said
from console.formats.seoul_events import Incidents, disaster
from console.formats.seoul_rows import Arrival, crowd, link, parking, together
from console.settings import Feed
from db.records import Decoded, Flag, SetAside


class _Form(NamedTuple):
    """Rows that have one of these names in them, and who reads one."""

    names: tuple[str, ...]
    read: Callable[[dict[str, Any], Arrival], list[Decoded]]


_FORMS = (
    _Form(("PRCS_SPD", "PRCS_TRV_TIME"), link),
    _Form(("AREA_PPLTN_MIN", "AREA_PPLTN_MAX", "AREA_CONGEST_LVL"), crowd),
    _Form(("MSG_CN",), disaster),
)
_LOTS = ("PKLT_CD", "PARKING_CODE")
_INCIDENT = "ACC_ID"


class SeoulDecoder:
    """Reads one service's answers; remembers which incidents stand, so that one that is gone has ended."""

    def __init__(self, name: str, feed: Feed, encodings: Sequence[str]) -> None:
        self._name, self._form = name, feed.seoul
        self._encodings = encodings
        self._incidents = Incidents(name, feed.seoul)

    def decode(self, topic: str, payload: bytes, received_ms: int, retained: bool) -> list[Decoded]:
        """The records of all rows and what was refused of them; never empty."""
        arrival = Arrival(self._name, self._form, received_ms, int(Flag.RETAINED) if retained else 0)
        try:
            found = open_api.tree(payload, self._encodings)
            said = open_api.said(found)
            out = self._rows(found, said, arrival)
        except Unreadable as error:
            return [SetAside(error.reason, error.detail)]
        if said.reason and (not out or said.reason != "no-rows"):
            out.append(SetAside(said.reason, said.detail))
        return asides.bounded(out) if out else [SetAside("no-reading", "no row of a service that is known")]

    def _rows(self, found: Any, said: Said, arrival: Arrival) -> list[Decoded]:
        out: list[Decoded] = []
        lots: list[dict[str, Any]] = []
        incidents: list[dict[str, Any]] = []
        area: dict[str, Any] = {}
        for row in open_api.objects(found):
            if _INCIDENT in row:
                incidents.append(row)
            elif any(name in row for name in _LOTS):
                lots.append(row)
            else:
                if "AREA_NM" in row or "AREA_CD" in row:
                    area = row
                form = next((form for form in _FORMS if any(name in row for name in form.names)), None)
                if form is not None:
                    named = row if form.read is not crowd else {**_name(area), **row}
                    out += _tried(form.read, named, arrival)
        if max(len(lots), len(incidents)) > open_api.MAX_ROWS:
            raise Unreadable("too-many", f"more than {open_api.MAX_ROWS} rows")
        for lot in together(lots):
            out += _tried(parking, lot, arrival)
        if incidents:
            out += self._incidents.read(incidents, said.total, arrival)
        return out


def _name(area: dict[str, Any]) -> dict[str, Any]:
    """Who an area is, for what stands inside it."""
    return {name: area[name] for name in ("AREA_NM", "AREA_CD") if name in area}


def _tried(
    read: Callable[[dict[str, Any], Arrival], list[Decoded]], row: dict[str, Any], arrival: Arrival
) -> list[Decoded]:
    try:
        return read(row, arrival)
    except Unreadable as error:
        return [SetAside(error.reason, error.detail)]
