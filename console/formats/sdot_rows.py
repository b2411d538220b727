"""Rows of S-DoT as readings: packed values unpacked, faults told apart from what is missing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from math import isfinite, nan
from typing import Any, Literal, NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

from console.formats import pins, values
from console.formats.forms import SdotForm
from console.formats.json_text import Unreadable
from console.formats.sdot_fields import PEOPLE, Column, Quantity, column, role
from console.formats.times import LAST_MS
from db.records import Decoded, Flag, Reading, SetAside

MAX_READINGS = 10_000
"""Of one message; a page of 150 sensors has 8,000."""

FAULT = -40.0
"""What a broken sensor reports (DOMAIN.md, trap 11); no sensor of the city has ever been that cold."""

_PACKED_FROM = 200.0
"""A temperature above this is packed: packed ones begin at 500, real ones end at 80."""

_LOOKED_AT = 50  # rows whose temperatures have a vote

_MISSING = {"", "-", "null", "NULL", "N/A"}
_RAW_S, _HOUR_S, _PEOPLE_S = 120, 3600, 600
_NUMBER = re.compile(r"[+-]?[0-9]{1,20}(?:\.[0-9]{0,20})?(?:[eE][+-]?[0-9]{1,3})?").fullmatch
_SEOUL = ZoneInfo("Asia/Seoul")
_DIGITS = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})?").fullmatch
_SPELT = re.compile(
    r"([0-9]{4})[-./]([0-9]{1,2})[-./]([0-9]{1,2})[ _T]"
    r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:\.[0-9]{1,9})?)?"
).fullmatch


Quality: TypeAlias = Literal["good", "bad", "out_of_range", "missing"]


class Plan(NamedTuple):
    """Which fields of a row mean what; keys are names of an object or indexes of a table's row."""

    source: Any
    time: Any
    lon: Any
    lat: Any
    data_no: Any
    columns: tuple[tuple[Any, Column], ...]


def plan(names: Sequence[str], keys: Sequence[Any]) -> Plan:
    """The plan for fields with these names, under these keys."""
    roles: dict[str, Any] = {}
    columns: list[tuple[Any, Column]] = []
    for name, key in zip(names, keys, strict=True):
        if (what := role(name)) and what not in roles:
            roles[what] = key
        elif (found := column(name)) is not None:
            columns.append((key, found))
    return Plan(
        roles.get("source"),
        roles.get("time"),
        roles.get("lon"),
        roles.get("lat"),
        roles.get("data_no"),
        tuple(columns),
    )


@lru_cache(256)
def plan_of_names(names: tuple[str, ...]) -> Plan:
    """The plan for an object with these names."""
    return plan(names, names)


@lru_cache(8192)
def moment(text: str) -> int:
    """Milliseconds UTC of any time that S-DoT is published with; Korean unless it names an offset."""
    text = text.strip()
    found = _DIGITS(text) or _SPELT(text)
    try:
        if found is not None:
            year, month, day, hour, minute, second = (int(each or 0) for each in found.groups())
            late = timedelta(days=1) if (hour, minute, second) == (24, 0, 0) else timedelta()
            when = datetime(year, month, day, 0 if late else hour, minute, second, tzinfo=_SEOUL) + late
        else:
            when = datetime.fromisoformat(text)
            when = when if when.tzinfo else when.replace(tzinfo=_SEOUL)
        at_ms = round(when.timestamp() * 1000)
    except (ValueError, OverflowError) as error:
        raise Unreadable("time", f"{text[:60]!r} is no time of a sensor") from error
    if not 0 <= at_ms < LAST_MS:
        raise Unreadable("time", f"{text[:60]!r} lies outside the years 1970 to 2199")
    return at_ms


class Arrival(NamedTuple):
    """What is known of a message beside its rows."""

    received_ms: int
    flags: int
    form: SdotForm


def read(rows: Iterator[tuple[Plan, Any]] | list[tuple[Plan, Any]], arrival: Arrival) -> list[Decoded]:
    """The readings of all rows, and what could not be read of them."""
    rows = list(rows)
    packed = _is_packed(rows, arrival.form)
    out: list[Decoded] = []
    for number, (each, row) in enumerate(rows):
        if len(out) > MAX_READINGS:
            left = f"{len(rows) - number} of {len(rows)} rows are not read; send at most 150 at a time"
            out.append(SetAside("too-many", left))
            break
        _row(each, row, packed, arrival, out)
    return out


def _is_packed(rows: list[tuple[Plan, Any]], form: SdotForm) -> bool:
    """Whether the values are the raw form's integers: as the names say, unless temperatures differ."""
    if form.packed != "auto":
        return form.packed == "yes"
    if not rows or _is_hourly(rows[0][0]):
        return False
    packed = plain = 0
    for each, row in rows[:_LOOKED_AT]:
        for key, found in each.columns:
            if found.quantity.name.endswith("temperature"):
                number = _number(_cell(row, key))
                packed += number is not None and number >= _PACKED_FROM
                plain += number is not None and (number < 0 or number != int(number))
    if packed != plain:
        return packed > plain
    return not any(found.plain for _, found in rows[0][0].columns)


def _cell(row: Any, key: Any) -> Any:
    if type(row) is dict:
        return row.get(key)
    return row[key] if type(key) is int and 0 <= key < len(row) else None


def _number(cell: Any) -> float | None:
    """The number in a cell, None for none."""
    if type(cell) is str:
        found = _of_text(cell)
        return found if found is not None and found == found else None
    if type(cell) is int or (type(cell) is float and isfinite(cell)):
        return float(cell) if abs(cell) < 1e300 else None
    return None


def _row(each: Plan, row: Any, packed: bool, arrival: Arrival, out: list[Decoded]) -> None:
    try:
        source = values.name(_cell(row, each.source), "source")
        found = _cell(row, each.time)
        if type(found) is int:
            found = str(found)
        if type(found) is not str or not found.strip() or len(found) > 64:
            raise Unreadable("time", "the row has no time")
        observed_ms = moment(found)
        revision = _revision(_cell(row, each.data_no))
    except Unreadable as error:
        out.append(SetAside(error.reason, error.detail))
        return
    lon, lat = _position(each, row, arrival.form, out)
    flags = arrival.flags
    plain = any(found.plain for _, found in each.columns)
    if plain and arrival.received_ms - observed_ms > arrival.form.historical_hours * 3_600_000:
        flags |= int(Flag.HISTORICAL)
    received_ms = arrival.received_ms
    hourly = _is_hourly(each)
    for key, found in each.columns:
        cell = _cell(row, key)
        if cell is None or cell == "":
            continue
        quantity = found.quantity
        try:
            value, quality = _measured(cell, quantity, packed)
        except Unreadable as error:
            out.append(SetAside(error.reason, f"{source[:60]}: {error.detail}"))
            continue
        if value is None:
            continue
        period_s = _PEOPLE_S if quantity is PEOPLE else _HOUR_S if hourly and found.plain else _RAW_S
        out.append(
            Reading(
                source,
                quantity.name,
                value,
                observed_ms,
                received_ms,
                quantity.unit,
                period_s,
                found.statistic,
                revision,
                quality,
                flags,
                lon,
                lat,
            )
        )


@lru_cache(256)
def _is_hourly(each: Plan) -> bool:
    """Published rows name statistics; those with units alone are copies of the two minutes."""
    return len({found.statistic for _, found in each.columns if found.plain}) > 1


def _measured(cell: Any, quantity: Quantity, packed: bool) -> tuple[float | None, Quality]:
    """The value in the quantity's unit, None where there is none, and how good it is."""
    if type(cell) is str:
        value = _of_text(cell)
        if value is None:
            return None, "missing"
        if value != value:
            raise Unreadable("value", f"{quantity.name}: {cell[:60]!r} is no number")
    elif type(cell) is int or type(cell) is float:
        value = values.finite(cell, quantity.name)
    else:
        raise Unreadable("value", f"{quantity.name}: {type(cell).__name__} is no number")
    if packed and (quantity.scale != 1 or quantity.offset != 0):
        value = values.finite(value * quantity.scale + quantity.offset, quantity.name)
        value = round(value, 9) if abs(value) < 1e6 else value
    if value == FAULT and (not packed or quantity.name.endswith("temperature")):
        return value, "bad"
    low, high = quantity.low, quantity.high
    inside = (low is None or value >= low) and (high is None or value <= high)
    return value, "good" if inside else "out_of_range"


@lru_cache(32_768)
def _of_text(text: str) -> float | None:
    """The number of a cell, None for none, NaN for a text that is no number.

    Remembered, since a city's sensors say the same few hundred texts all day.
    """
    text = text.strip()
    if text in _MISSING:
        return None
    if _NUMBER(text) is None:
        return nan
    number = float(text)
    return number if isfinite(number) else nan


def _revision(found: Any) -> int:
    """DATA_NO: 1 as it came, 2 late or corrected, which replaces 1."""
    if found is None or found == "":
        return 1
    number = _number(found)
    if number is None or not 1 <= number <= 1000 or number != int(number):
        raise Unreadable("value", f"DATA_NO: {str(found)[:40]!r} is no number of a revision")
    return int(number)


def _position(each: Plan, row: Any, form: SdotForm, out: list[Decoded]) -> tuple[float | None, float | None]:
    if each.lon is None or each.lat is None:
        return None, None
    try:
        return pins.pin(_cell(row, each.lon), _cell(row, each.lat), anywhere=form.outside_korea)
    except Unreadable as error:
        out.append(SetAside(error.reason, error.detail))
        return None, None
