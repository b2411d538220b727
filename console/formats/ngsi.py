"""NGSI-LD and NGSIv2 as readings, events and plates: the attributes that Smart Data Models name, and others.

An attribute that the table of names knows becomes its quantity; any other
number or truth becomes one of its own name. The four shapes of one entity give
the same records. Sources: ETSI GS CIM 009; DOMAIN.md, 2.5, 2.6 and trap 14.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, NamedTuple

from console.formats import json_text, ngsi_shapes, times, values
from console.formats.json_text import Unreadable
from console.formats.ngsi_place import position
from console.formats.ngsi_shapes import Statement, first, short, statements
from console.settings import Feed
from db.records import Decoded, Event, Flag, PlateRead, Reading, SetAside, Value

EVENTS = {"Alert", "Anomaly", "TrafficViolation", "RoadAccident", "CityWork"}
PLATES = "AnprFlowObserved"
_TABLE = Path(__file__).resolve().parents[2] / "resources" / "ngsi" / "attributes.toml"
_WORDS = ("status", "state", "level", "mode", "grade", "category")  # texts with such names are readings
_SKIPPED = {
    "id", "type", "@context", "name", "alternateName", "description", "address", "source", "dataProvider",
    "owner", "seeAlso", "areaServed", "location", "image", "laneId", "laneDirection", "category", "scope",
    "createdAt", "modifiedAt", "observedAt", "dateCreated", "dateModified",
}  # fmt: skip
_OBSERVED = ("dateObservedTo", "observedAt", "dateObserved", "timestamp", "dateIssued", "validFrom",
             "dateObservedFrom", "accidentDate", "dateModified", "modifiedAt")  # fmt: skip
_MOST_DEEP = 3
_ENDED = {"closed", "ended", "finished", "resolved", "solved", "cleared", "inactive", "종료", "해제", "완료"}
_CANCELLED = {"cancelled", "canceled", "falsealarm", "취소", "오보"}


class _Known(NamedTuple):
    quantity: str
    unit: str
    fraction: bool
    named: bool


class _Said(NamedTuple):
    """What holds for all statements of an entity."""

    key: str
    source: str
    observed_ms: int
    period_s: int
    received_ms: int
    flags: int
    lon: float | None
    lat: float | None


class NgsiDecoder:
    """Reads whatever NGSI sends; `topic` plays no part."""

    def __init__(self, name: str, feed: Feed, encodings: Sequence[str]) -> None:
        self._name = name
        self._form = feed.ngsi
        self._encodings = encodings
        self._time = times.reader("iso", self._form.time_zone, f"feeds.{name}.ngsi")

    def decode(self, topic: str, payload: bytes, received_ms: int, retained: bool) -> list[Decoded]:
        """The records of all entities in the message; never empty."""
        flags = int(Flag.RETAINED) if retained else 0
        try:
            found = ngsi_shapes.entities(json_text.read(payload, self._encodings))
        except Unreadable as error:
            return [SetAside(error.reason, error.detail)]
        records: list[Decoded] = []
        for entity in found:
            records += self._entity(entity, received_ms, flags)
        return records or [SetAside("no-reading", "the message holds no entity")]

    def _entity(self, entity: Any, received_ms: int, flags: int) -> list[Decoded]:
        if not isinstance(entity, dict):
            return [SetAside("ngsi-entity", "an entity is no object")]
        entity = {short(name): value for name, value in entity.items()}
        try:
            key = values.name(entity.get("id", entity.get("@id")), "source")
            kind = short(_text(entity.get("type", entity.get("@type"))))
            source = key.removeprefix(f"urn:ngsi-ld:{kind}:") or key  # NGSIv2 names it without
            observed_ms, period_s = self._when(entity, received_ms)
        except Unreadable as error:
            return [SetAside(error.reason, error.detail)]
        records: list[Decoded] = []
        lon, lat = self._where(entity, records)
        if kind.endswith("Forecast"):
            flags |= Flag.FORECAST
        said = _Said(key, source, observed_ms, period_s, received_ms, flags, lon, lat)
        if kind in EVENTS:
            return [self._event(entity, kind, said), *records]
        if kind == PLATES and (read := self._plate(entity, said)) is not None:
            return [read, *records]
        made = list(self._readings(entity, said))
        return [*made, *records] or [SetAside("no-reading", f"{source}: no attribute with a value to keep")]

    # --- what holds for the whole entity ------------------------------------------

    def _when(self, entity: dict[str, Any], received_ms: int) -> tuple[int, int]:
        """When it was observed, and how long the observation took in s; ours where it names no time."""
        for name in _OBSERVED:
            found = first(entity, name)
            if isinstance(found, str) and found.strip():
                return self._moment(found, entity)
        return received_ms, 0

    def _moment(self, text: str, entity: dict[str, Any]) -> tuple[int, int]:
        start, mark, end = text.partition("/")
        if mark:
            at_ms = self._time(end.replace(",", ".", 1))
            return at_ms, max(0, (at_ms - self._time(start.replace(",", ".", 1))) // 1000)
        at_ms = self._time(text.replace(",", ".", 1))
        begun = first(entity, "dateObservedFrom")
        if isinstance(begun, str) and first(entity, "dateObservedTo") == text:
            return at_ms, max(0, (at_ms - self._time(begun.replace(",", ".", 1))) // 1000)
        return at_ms, 0

    def _where(self, entity: dict[str, Any], out: list[Decoded]) -> tuple[float | None, float | None]:
        try:
            return position(first(entity, "location"), anywhere=self._form.outside_korea)
        except Unreadable as error:
            out.append(SetAside(error.reason, error.detail))
            return None, None

    # --- readings -------------------------------------------------------------------

    def _readings(self, entity: dict[str, Any], said: _Said) -> Iterator[Decoded]:
        for name, attribute in entity.items():
            if name in _SKIPPED or name in _OBSERVED or name.startswith("ref"):
                continue
            for statement in statements(attribute):
                if not statement.is_link:
                    yield from self._of(name, statement, said, 0)

    def _of(self, name: str, statement: Statement, said: _Said, depth: int) -> Iterator[Decoded]:
        value = statement.value
        if isinstance(value, dict):
            if depth < _MOST_DEEP:
                for inner, found in value.items():
                    for each in statements(found):
                        named = inner if inner in _known() else f"{name}.{inner}"
                        yield from self._of(named, each.within(statement), said, depth + 1)
            return
        try:
            read = _reading(name, statement, said, self._observed(statement, said), self._form.units)
        except Unreadable as error:
            yield SetAside(error.reason, error.detail)
        else:
            if read is not None:
                yield read

    def _observed(self, statement: Statement, said: _Said) -> int:
        if isinstance(statement.observed, str) and statement.observed:
            return self._time(statement.observed.replace(",", ".", 1))
        return said.observed_ms

    # --- events and plates ------------------------------------------------------------

    def _event(self, entity: dict[str, Any], kind: str, said: _Said) -> Decoded:
        end = first(entity, "validTo", "dateObservedTo", "endDate")
        try:
            end_ms = self._time(end.replace(",", ".", 1)) if isinstance(end, str) else None
        except Unreadable as error:
            return SetAside(error.reason, error.detail)
        names = [short(_text(first(entity, name))) for name in ("subCategory", "category")]
        extra = {
            name: next((each.value for each in statements(value)), None)
            for name, value in entity.items()
            if name not in ("@context", "location") and value is not None
        }
        return Event(
            origin_system=self._name,
            origin_key=said.key,
            type=next((each for each in names if each), kind),
            status=_status(entity, end_ms, said),
            observed_ms=said.observed_ms,
            received_ms=said.received_ms,
            source=_text(first(entity, "alertSource", "source")) or said.source,
            grade=_text(first(entity, "severity", "status")),
            end_ms=end_ms,
            place=_place(first(entity, "address", "areaServed")),
            lon=said.lon,
            lat=said.lat,
            text=_text(first(entity, "description", "data", "name")),
            flags=said.flags,
            extra={"ngsi_type": kind, **_bounded(extra)},
        )

    def _plate(self, entity: dict[str, Any], said: _Said) -> PlateRead | None:
        vehicle = first(entity, "observedVehicle")
        vehicle = vehicle[0] if isinstance(vehicle, list) and vehicle else vehicle
        if not isinstance(vehicle, dict):
            return None
        found = vehicle.get("licensePlate")
        plate = found.get("identifier") if isinstance(found, dict) else found
        if not isinstance(plate, str) or not plate.strip():
            return None
        sure = found.get("confidence") if isinstance(found, dict) else None
        speed = vehicle.get("speed")
        return PlateRead(
            read_id=f"{said.source}|{said.observed_ms}|{plate.strip()[:40]}",
            source=said.source,
            plate=plate.strip()[:40],
            observed_ms=said.observed_ms,
            received_ms=said.received_ms,
            confidence=float(sure) if isinstance(sure, int | float) and 0 <= sure <= 1 else None,
            lane=_text(first(entity, "laneId"))[:40],
            direction=_text(vehicle.get("direction"))[:40],
            speed_kmh=float(speed) if isinstance(speed, int | float) and 0 <= speed < 1000 else None,
            lon=said.lon,
            lat=said.lat,
        )


def _status(
    entity: dict[str, Any], end_ms: int | None, said: _Said
) -> Literal["occurred", "ended", "cancelled"]:
    """What an event's entity says of itself: taken back, over (or over by now), or going on."""
    words = {_text(first(entity, name)).strip().lower() for name in ("status", "state", "eventStatus")}
    if words & _CANCELLED:
        return "cancelled"
    over = end_ms is not None and end_ms <= said.received_ms
    return "ended" if over or words & _ENDED or entity.get("deletedAt") else "occurred"


def _reading(
    name: str, statement: Statement, said: _Said, observed_ms: int, units: dict[str, str]
) -> Reading | None:
    known = _known().get(name)
    quantity = known.quantity if known else name
    value = _kept(name, statement.value, is_known=known is not None)
    if value is None:
        return None
    unit = _units().get(statement.unit_code, statement.unit_code) or units.get(quantity, "")
    unsure = not unit and known is not None and known.named
    unit = unit or (known.unit if known and not unsure else "1")
    if known is not None and known.fraction and not statement.unit_code and isinstance(value, float):
        value = round(value * 100, 9) if 0 <= value <= 1 else value
    if known is not None and isinstance(value, float) and f"{unit} {known.unit}" in _conversions():
        factor, offset = _conversions()[f"{unit} {known.unit}"]
        value, unit = values.finite(round(value * factor + offset, 9), name), known.unit
    return Reading(
        source=said.source,
        quantity=quantity + (f"@{statement.dataset}" if statement.dataset else ""),
        value=value,
        observed_ms=observed_ms,
        received_ms=said.received_ms,
        unit=unit if not isinstance(value, str | bool) else "1",
        period_s=said.period_s,
        quality="uncertain" if unsure else "good",
        flags=said.flags,
        lon=said.lon,
        lat=said.lat,
    )


def _kept(name: str, found: Any, *, is_known: bool) -> Value | None:
    """The value of a reading; None for what is none: lists, links, descriptions, nothing."""
    if isinstance(found, bool):
        return found
    if isinstance(found, int | float):
        return values.finite(found, name)
    if not isinstance(found, str) or not (is_known or name.lower().endswith(_WORDS)):
        return None
    return values.from_text(found, name, number_wanted=False)


def _place(found: Any) -> str:
    """An address as one line."""
    if isinstance(found, dict):
        names = ("addressRegion", "addressLocality", "addressTown", "streetAddress")
        return " ".join(_text(found.get(name)) for name in names if found.get(name))[:400]
    return _text(found)[:400]


def _text(found: Any) -> str:
    if isinstance(found, list):
        found = found[0] if found else ""
    return values.text(found) if isinstance(found, str | int | float) and not isinstance(found, bool) else ""


def _bounded(extra: dict[str, Any]) -> dict[str, Any]:
    """Unknown attributes of an event, as far as a screen can take them."""
    return {name[:100]: value for name, value in list(extra.items())[:100]}


@lru_cache(maxsize=1)
def _tables() -> dict[str, Any]:
    return tomllib.loads(_TABLE.read_text(encoding="utf-8"))


@lru_cache(maxsize=1)
def _known() -> dict[str, _Known]:
    return {
        name: _Known(row["quantity"], row["unit"], bool(row.get("fraction")), bool(row.get("named")))
        for name, row in _tables()["attribute"].items()
    }


@lru_cache(maxsize=1)
def _conversions() -> dict[str, tuple[float, float]]:
    return {units: (row[0], row[1]) for units, row in _tables()["conversion"].items()}


@lru_cache(maxsize=1)
def _units() -> dict[str, str]:
    units: dict[str, str] = _tables()["unit_code"]
    return units
