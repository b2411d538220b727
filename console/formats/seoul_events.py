"""Rows of Seoul's services as events: incidents on roads, and the state's disaster messages."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace

from console.formats import korea, plane, values
from console.formats.forms import SeoulForm
from console.formats.json_text import Unreadable
from console.formats.open_api import plain, text
from console.formats.seoul_rows import Arrival, moment
from db.records import Decoded, Event, Flag, Reading, SetAside

KINDS = {"A01": "교통사고", "A04": "공사", "A10": "집회및행사"}
"""Words of the incident codes that are known; `seoul.types` of a feed adds to them."""

SEOUL = (126.65, 127.30, 37.35, 37.80)
"""West, east, south, north of the city with a margin: what lies outside was read in the wrong plane."""

NO_POSITION = "위치 없음"
_STANDING = 5_000
_HOUR_MS = 3_600_000
_TIME = re.compile(r"[0-9]{4}(?:[0-9]{2})?").fullmatch
_BREAK = re.compile(r"<\s*(?:br|/p|/div|/li)\s*/?\s*>", re.IGNORECASE)
_LONGEST = 12_000  # characters; what is shown is a third of it
_CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
_EXERCISE = re.compile(r"^[\s\[\]<>(){}【】]*(?:훈련|시험|테스트|모의)|훈련\s*상황")


def as_text(found: str) -> str:
    """What a sender wrote with HTML's escapes, as plain text with its line breaks; marks stay visible."""
    found = found[:_LONGEST]
    for _ in range(2):  # some escape twice
        found = html.unescape(found)
    found = _BREAK.sub("\n", found).replace("\r\n", "\n").replace("\r", "\n")
    kept = _CONTROL.sub("", found).split("\n")
    return values.text("\n".join(line.strip() for line in kept).strip())


class Incidents:
    """The incidents of one feed; what is missing from a whole list has ended."""

    def __init__(self, name: str, form: SeoulForm) -> None:
        self._name, self._form = name, form
        self._standing: dict[str, Event] = {}

    def read(self, rows: Sequence[dict[str, Any]], total: int | None, arrival: Arrival) -> list[Decoded]:
        """The events of a list; with a whole one also the ends of what is gone, and how many there are."""
        out: list[Decoded] = []
        seen: dict[str, Event] = {}
        for row in rows:
            try:
                event, faults = self._incident(row, arrival)
            except Unreadable as error:
                out.append(SetAside(error.reason, error.detail))
                continue
            out += [event, *faults]
            seen[event.origin_key] = event
        if total is None or total > len(rows):
            self._remember(seen)
            return out
        out += [_ended(each, arrival) for key, each in self._standing.items() if key not in seen]
        self._standing.clear()
        self._remember(seen)
        without = sum(each.lon is None for each in seen.values())
        for quantity, number in (("incidents", len(seen)), ("incidents_without_position", without)):
            out.append(
                Reading(
                    source=self._name,
                    quantity=quantity,
                    value=float(number),
                    observed_ms=arrival.received_ms,
                    received_ms=arrival.received_ms,
                    flags=arrival.flags,
                )
            )
        return out

    def _remember(self, seen: dict[str, Event]) -> None:
        for key, event in seen.items():
            if event.status == "ended":
                self._standing.pop(key, None)
            elif key in self._standing or len(self._standing) < _STANDING:
                self._standing[key] = event

    def _incident(self, row: dict[str, Any], arrival: Arrival) -> tuple[Event, list[Decoded]]:
        faults: list[Decoded] = []
        key = values.name(text(row, "ACC_ID"), "event-key")
        code = text(row, "ACC_TYPE")
        begun = _when(row, "OCCR", faults)
        until = _when(row, "EXP_CLR", faults)
        lon, lat = self._position(row, faults)
        extra: dict[str, Any] = {"row": plain(row), "kind": self._form.types.get(code) or KINDS.get(code, "")}
        if begun is None:
            extra["time_assumed"] = True
        if lon is None:
            extra["position"] = NO_POSITION
        is_over = until is not None and until <= arrival.received_ms
        extra["phase"] = "종료" if is_over else "예정" if (begun or 0) > arrival.received_ms else "진행"
        event = Event(
            origin_system=self._name,
            origin_key=key,
            type=values.name(code or "traffic", "event-type"),
            status="ended" if is_over else "occurred",
            observed_ms=(until if is_over and until is not None else begun) or arrival.received_ms,
            received_ms=arrival.received_ms,
            source=text(row, "LINK_ID")[: values.MAX_NAME],
            grade=text(row, "ACC_DTYPE")[: values.MAX_NAME],
            end_ms=until,
            place="" if lon is not None else NO_POSITION,
            lon=lon,
            lat=lat,
            text=as_text(text(row, "ACC_INFO")),
            flags=arrival.flags,
            extra={name: value for name, value in extra.items() if value},
        )
        return event, faults

    def _position(self, row: dict[str, Any], faults: list[Decoded]) -> tuple[float | None, float | None]:
        """Degrees of the plane coordinates; none, "" and 0 mean that there is no position."""
        shown = text(row, "GRS80TM_X"), text(row, "GRS80TM_Y")
        try:
            x, y = (values.from_text(each, "grs80tm", True) if each else 0.0 for each in shown)
        except Unreadable as error:
            faults.append(SetAside("position", error.detail))
            return None, None
        if not x or not y or type(x) is not float or type(y) is not float:
            return None, None
        found = plane.degrees_of(plane.PLANES[self._form.plane], x, y)
        if found is not None and (self._form.outside_korea or _inside(*found, self._form)):
            return round(found[0], 7), round(found[1], 7)
        where = "on no map" if found is None else f"at {found[0]:.4f}, {found[1]:.4f}, outside the city"
        faults.append(
            SetAside("position", f"X {shown[0][:20]}, Y {shown[1][:20]} in {self._form.plane} lie {where}")
        )
        return None, None


def _inside(lon: float, lat: float, form: SeoulForm) -> bool:
    west, east, south, north = form.frame or SEOUL
    return korea.inside(lon, lat) and west <= lon <= east and south <= lat <= north


def _when(row: dict[str, Any], stem: str, faults: list[Decoded]) -> int | None:
    """The moment of STEM_DATE and STEM_TIME (HHMM or HHMMSS); one that cannot be is named."""
    date, time = text(row, f"{stem}_DATE"), text(row, f"{stem}_TIME")
    if not date:
        return None
    try:
        if not _TIME(time):
            raise Unreadable("time", f"{time[:20]!r} is no time of day")
        return moment(date + time)
    except Unreadable as error:
        faults.append(SetAside("time", f"{stem.lower()}: {date[:20]} {time[:20]}: {error.detail}"))
        return None


def _ended(event: Event, arrival: Arrival) -> Event:
    now_ms = arrival.received_ms
    return replace(
        event, status="ended", observed_ms=now_ms, received_ms=now_ms, end_ms=now_ms, flags=arrival.flags
    )


def disaster(row: dict[str, Any], arrival: Arrival) -> list[Decoded]:
    """A message of the state to all phones; one older than `fresh_hours` is of the past."""
    key = values.name(text(row, "SN", "MD101_SN"), "event-key")
    shown = text(row, "CRT_DT", "CREATE_DATE", "REG_YMD")
    at_ms = moment(shown)
    said = as_text(text(row, "MSG_CN"))
    old = arrival.received_ms - at_ms > arrival.form.fresh_hours * _HOUR_MS
    return [
        Event(
            origin_system=arrival.feed,
            origin_key=key,
            type=values.name(text(row, "DST_SE_NM", "DSSTR_SE_NM") or "재난문자", "event-type"),
            status="occurred",
            observed_ms=at_ms,
            received_ms=arrival.received_ms,
            grade=text(row, "EMRG_STEP_NM")[: values.MAX_NAME],
            place=as_text(text(row, "RCPTN_RGN_NM"))[:500],
            text=said,
            exercise=_EXERCISE.search(said) is not None,
            flags=arrival.flags | (int(Flag.HISTORICAL) if old else 0),
            extra={"row": plain(row)},
        )
    ]
