"""Rows of Seoul's services as readings: link speeds, crowds and their forecast, car parks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

from console.formats import korea, times, values
from console.formats.forms import SeoulForm
from console.formats.json_text import Unreadable
from console.formats.open_api import text
from db.records import Decoded, Flag, Reading, SetAside, Value

LEVELS = {"여유": 1.0, "보통": 2.0, "약간 붐빔": 3.0, "약간붐빔": 3.0, "붐빔": 4.0}
"""Steps of a crowd, by the service's own words."""

NOT_LINKED = "미연계중"
_READERS = {
    length: times.reader(form, "Asia/Seoul", "seoul")
    for length, form in (
        (19, "%Y-%m-%d %H:%M:%S"),
        (16, "%Y-%m-%d %H:%M"),
        (14, "%Y%m%d%H%M%S"),
        (12, "%Y%m%d%H%M"),
    )
}

_Quality = Literal["good", "uncertain", "missing"]


class Arrival(NamedTuple):
    """The feed, its form, and how the message came."""

    feed: str
    form: SeoulForm
    received_ms: int
    flags: int


def moment(shown: str) -> int:
    """Milliseconds of a Korean time in any of the services' spellings; raises Unreadable."""
    tidy = shown.strip().replace("/", "-").replace("T", " ").partition(".")[0]
    if len(tidy) == len("2026-11-22"):
        tidy += " 00:00"
    reader = _READERS.get(len(tidy))
    if reader is None:
        raise Unreadable("time", f"{shown[:40]!r} is no time")
    return reader(tidy)


def link(row: dict[str, Any], arrival: Arrival) -> list[Decoded]:
    """The speed of a road link; the service names no time, so it is as of now."""
    source = values.name(text(row, "LINK_ID"), "source")
    made: list[Decoded] = []
    for name, quantity, unit in (("PRCS_SPD", "speed", "km/h"), ("PRCS_TRV_TIME", "travel_time", "s")):
        value = _number(row, name)
        if value is not None:
            made.append(_reading(arrival, source, quantity, value, arrival.received_ms, unit))
    return made


def crowd(row: dict[str, Any], arrival: Arrival) -> list[Decoded]:
    """How many people are in an area, as the range that the service gives, and what it predicts."""
    source = values.name(text(row, "AREA_CD", "AREA_NM"), "source")
    at_ms = moment(text(row, "PPLTN_TIME"))
    made = _people(row, "AREA_PPLTN_", source, "population", at_ms, arrival)
    made += _level(row, "AREA_CONGEST_LVL", source, "congestion", at_ms, arrival)
    for part in _forecasts(row.get("FCST_PPLTN")):
        try:
            made += _forecast(part, source, at_ms, arrival)
        except Unreadable as error:
            made.append(SetAside(error.reason, error.detail))
    return made


def _forecast(part: dict[str, Any], source: str, at_ms: int, arrival: Arrival) -> list[Decoded]:
    """A prediction made at `at_ms`; it stands under the time it is for, and a later one replaces it."""
    for_ms = moment(text(part, "FCST_TIME"))
    ahead = arrival._replace(flags=arrival.flags | int(Flag.FORECAST))
    issue = at_ms // 60_000
    found = _people(part, "FCST_PPLTN_", source, "population_forecast", for_ms, ahead, issue)
    return found + _level(part, "FCST_CONGEST_LVL", source, "congestion_forecast", for_ms, ahead, issue)


def _forecasts(found: Any) -> list[dict[str, Any]]:
    """The list of predictions: a list, one object, or either once more inside an object of that name."""
    if type(found) is dict:
        return _forecasts(found["FCST_PPLTN"]) if "FCST_PPLTN" in found else [found]
    return [each for each in found[:200] if type(each) is dict] if type(found) is list else []


def _people(
    row: dict[str, Any], stem: str, source: str, quantity: str, at_ms: int, arrival: Arrival, issue: int = 1
) -> list[Decoded]:
    low, high = _number(row, f"{stem}MIN"), _number(row, f"{stem}MAX")
    if low is not None and high is not None and low > high:
        raise Unreadable("value", f"{quantity}: the least ({low:g}) is more than the most ({high:g})")
    made: list[Decoded] = []
    for value, statistic in ((low, "min"), (high, "max")):
        if value is not None:
            if value < 0:
                raise Unreadable("value", f"{quantity}: {value:g} people")
            made.append(
                _reading(
                    arrival, source, quantity, value, at_ms, "{person}", statistic=statistic, revision=issue
                )
            )
    return made


def _level(
    row: dict[str, Any], name: str, source: str, quantity: str, at_ms: int, arrival: Arrival, issue: int = 1
) -> list[Decoded]:
    """The step of a crowd as its word, and as a number from 1 (여유) to 4 (붐빔) for rules."""
    word = text(row, name)
    if not word:
        return []
    made: list[Decoded] = [
        _reading(arrival, source, quantity, values.text(word)[:100], at_ms, revision=issue)
    ]
    if word in LEVELS:
        made.append(_reading(arrival, source, f"{quantity}_level", LEVELS[word], at_ms, revision=issue))
    return made


def together(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """One row per car park: on-street ones come as a row per bay, each with a capacity of its own."""
    lots: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        lots.setdefault(text(row, "PKLT_CD", "PARKING_CODE"), []).append(row)
    return [_summed(list({str(row): row for row in same}.values())) for same in lots.values()]


def _summed(rows: list[dict[str, Any]]) -> dict[str, Any]:
    total = 0.0
    for row in rows:
        try:
            total += _number(row, "TPKCT", "CAPACITY") or 0.0
        except Unreadable:
            return rows[0]
    return {**rows[0], "TPKCT": total} if len(rows) > 1 else rows[0]


def parking(row: dict[str, Any], arrival: Arrival) -> list[Decoded]:
    """Bays, cars and free bays of a car park, by the names of before and after 2024.

    What is not linked has no number: its quality is `missing` and its value the
    service's word, so that nobody reads it as "0 free". More cars than bays are
    kept as they are said, as uncertain.
    """
    source = values.name(text(row, "PKLT_CD", "PARKING_CODE"), "source")
    spaces = _number(row, "TPKCT", "CAPACITY")
    parked = _number(row, "NOW_PRK_VHCL_CNT", "CUR_PARKING")
    shown = text(row, "NOW_PRK_VHCL_UPDT_TM", "CUR_PARKING_TIME")
    state = text(row, "PRK_STTS_YN", "QUE_STATUS").partition(".")[0]
    word = text(row, "PRK_STTS_NM", "QUE_STATUS_NM")
    at_ms = moment(shown) if shown else arrival.received_ms
    lon, lat, out = _position(row, arrival)

    def reading(quantity: str, value: Value, quality: _Quality) -> Reading:
        return _reading(
            arrival, source, quantity, value, at_ms, "1", quality=quality, revision=1, lon=lon, lat=lat
        )

    if spaces is not None and spaces > 0:
        out.append(reading("spaces", spaces, "good"))
    if state == "0" or NOT_LINKED in word or parked is None:
        why = word or NOT_LINKED
        return [*out, reading("parked", why[:100], "missing"), reading("free", why[:100], "missing")]
    is_full = spaces is not None and parked > spaces > 0
    quality: _Quality = "uncertain" if is_full or parked < 0 else "good"
    out.append(reading("parked", parked, quality))
    if spaces is not None and spaces > 0:
        out.append(reading("free", max(0.0, spaces - max(0.0, parked)), quality))
    return out


def _position(row: dict[str, Any], arrival: Arrival) -> tuple[float | None, float | None, list[Decoded]]:
    """Where it is; a position that cannot be is refused by itself."""
    try:
        lon, lat = values.position(text(row, "LOT", "LNG"), text(row, "LAT"))
    except Unreadable as error:
        return None, None, [SetAside(error.reason, error.detail)]
    if lon is None or lat is None or arrival.form.outside_korea or korea.inside(lon, lat):
        return lon, lat, []
    hint = "; latitude and longitude look exchanged" if korea.inside(lat, lon) else ""
    return None, None, [SetAside("outside-korea", f"longitude {lon}, latitude {lat}{hint}")]


def _number(row: dict[str, Any], *names: str) -> float | None:
    shown = text(row, *names).replace(",", "")
    if not shown or shown == "-":
        return None
    value = values.from_text(shown, names[0], True)
    assert type(value) is float  # a text that must be a number is one, or is refused
    return values.finite(value, names[0])


def _reading(
    arrival: Arrival,
    source: str,
    quantity: str,
    value: Value,
    at_ms: int,
    unit: str = "1",
    *,
    statistic: str = "inst",
    quality: _Quality = "good",
    revision: int = 1,
    lon: float | None = None,
    lat: float | None = None,
) -> Reading:
    return Reading(
        source=source,
        quantity=quantity,
        value=value,
        observed_ms=at_ms,
        received_ms=arrival.received_ms,
        unit=unit,
        statistic=statistic,  # type: ignore[arg-type]
        revision=revision,
        quality=quality,
        flags=arrival.flags,
        lon=lon,
        lat=lat,
    )
