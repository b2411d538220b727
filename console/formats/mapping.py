"""The mapping form: a table of the settings turns any JSON message into records.

A message that is a list is read item by item. What can be read of a message is
read; each part that cannot becomes a SetAside beside it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from console.errors import SettingsError
from console.formats import pins, times, topics, values
from console.formats.json_text import Unreadable, read
from console.formats.mapped_events import EventReader
from console.formats.numbers import NumberReader
from console.formats.paths import Path, compile_path
from console.settings import Feed, Mapped, Mapping
from db.records import Decoded, Flag, Mark, Reading, SetAside, Value

MAX_ITEMS = 10_000  # of one list
MAX_SET_ASIDE = 20  # parts of one message that are named one by one

_ROUTES = 65_536  # topics remembered
_CLOCKLESS = 100_000  # sources without a clock remembered
_PART = re.compile(r"\{([^{}]*)\}")


class _Quantity(NamedTuple):
    """One row of `values`, ready to run."""

    mapped: Mapped
    path: Path
    number_wanted: bool
    scales: bool
    ranged: bool


class _Arrival(NamedTuple):
    """What is known of a message beside its content."""

    received_ms: int
    flags: int
    source: str | None


class MappingReader:
    """One `[[mappings]]` table, compiled."""

    def __init__(self, feed: str, at: int, mapping: Mapping, *, anywhere: bool = False) -> None:
        where = f"feeds.{feed}.mappings[{at}]"
        self.parts = topics.pattern(mapping.topic, f"{where}.topic")
        self._template, self._anywhere = mapping.source, anywhere
        self._flags = int(Flag.FORECAST) if mapping.forecast else 0
        self._check_template(where, mapping)
        self._source = (
            compile_path(mapping.source_path, f"{where}.source_path") if mapping.source_path else None
        )
        self._time = compile_path(mapping.time, f"{where}.time") if mapping.time else None
        self._read_time = times.reader(mapping.time_format, mapping.time_zone, where)
        self._lon = compile_path(mapping.lon, f"{where}.lon") if mapping.lon else None
        self._lat = compile_path(mapping.lat, f"{where}.lat") if mapping.lat else None
        self._quantities = [
            _quantity(mapped, f"{where}.values[{i}]") for i, mapped in enumerate(mapping.values)
        ]
        self._events = [
            EventReader(feed, each, f"{where}.events[{i}]") for i, each in enumerate(mapping.events)
        ]
        self._count = NumberReader(mapping.sequence, mapping.epoch, where) if mapping.sequence else None
        self._last_ms: dict[str, int] = {}
        if not mapping.values and not mapping.events:
            raise SettingsError(f"{where}: found neither values nor events; at least one of them")

    def _check_template(self, where: str, mapping: Mapping) -> None:
        if mapping.source_path:
            return
        known = set(_PART.findall(mapping.topic))
        for part in _PART.findall(mapping.source):
            if part not in known:
                allowed = ", ".join(sorted(known)) or "none (the topic names no part)"
                raise SettingsError(f"{where}.source: found the part {{{part}}}; allowed: {allowed}")

    def source_of(self, parts: topics.Parts) -> str | None:
        """The source by the topic; None where the message names it."""
        if self._source is not None:
            return None
        return _PART.sub(lambda match: parts[match[1]], self._template)

    def item(self, message: Any, arrival: _Arrival, out: list[Decoded]) -> None:
        """Read one message, or one item of a list, into `out`."""
        if self._flags:
            arrival = arrival._replace(flags=arrival.flags | self._flags)
        try:
            found = arrival.source if self._source is None else self._source(message)
            source = values.name(found, "source")
            observed_ms = self._observed(message, source, arrival.received_ms)
        except Unreadable as error:
            out.append(SetAside(reason=error.reason, detail=error.detail))
            return
        if self._count is not None:
            out.extend(self._count.read(message, source, observed_ms, arrival.flags))
        lon, lat = self._position(message, out)
        for quantity in self._quantities:
            try:
                value = _value(quantity, message)
            except Unreadable as error:
                out.append(SetAside(reason=error.reason, detail=error.detail))
                continue
            if value is not None:
                out.append(_reading(quantity, value, source, observed_ms, arrival, lon, lat))
        for event in self._events:
            try:
                out.extend(
                    event.read(message, source, observed_ms, arrival.received_ms, arrival.flags, lon, lat)
                )
            except Unreadable as error:
                out.append(SetAside(reason=error.reason, detail=error.detail))

    def _observed(self, message: Any, source: str, received_ms: int) -> int:
        if self._time is not None:
            found = self._time(message)
            if found is None or found == "":
                raise Unreadable("time", "the message has no time")
            return self._read_time(found)
        # Without a clock of its own no two messages of a source may look like one.
        last = self._last_ms.get(source, -1)
        at_ms = received_ms if received_ms > last else last + 1
        if len(self._last_ms) >= _CLOCKLESS:
            self._last_ms.clear()
        self._last_ms[source] = at_ms
        return at_ms

    def _position(self, message: Any, out: list[Decoded]) -> tuple[float | None, float | None]:
        if self._lon is None or self._lat is None:
            return None, None
        try:
            return pins.pin(self._lon(message), self._lat(message), anywhere=self._anywhere)
        except Unreadable as error:
            out.append(SetAside(reason=error.reason, detail=error.detail))
            return None, None


class MappingDecoder:
    """All mapping tables of a feed; every table whose topic pattern fits reads the message."""

    def __init__(self, name: str, feed: Feed, encodings: Sequence[str]) -> None:
        if not feed.mappings:
            raise SettingsError(
                f"feeds.{name}.mappings: found none; a feed of kind mapping needs at least one"
            )
        self._readers = [
            MappingReader(name, at, mapping, anywhere=feed.outside_korea)
            for at, mapping in enumerate(feed.mappings)
        ]
        self._encodings = tuple(encodings)
        self._routes: Callable[[str], list[tuple[MappingReader, str | None]]] = lru_cache(_ROUTES)(self._find)

    def _find(self, topic: str) -> list[tuple[MappingReader, str | None]]:
        found = [(reader, reader.parts(topic)) for reader in self._readers]
        return [(reader, reader.source_of(parts)) for reader, parts in found if parts is not None]

    def decode(self, topic: str, payload: bytes, received_ms: int, retained: bool) -> list[Decoded]:
        """The records of one message; never raises, never empty."""
        routes = self._routes(topic)
        if not routes:
            return [SetAside(reason="no-mapping", detail=f"no mapping's topic fits {topic[:200]!r}")]
        try:
            message = read(payload, self._encodings)
        except Unreadable as error:
            return [SetAside(reason=error.reason, detail=error.detail)]
        out: list[Decoded] = []
        flags = int(Flag.RETAINED) if retained else 0
        items = message if type(message) is list else (message,)
        if len(items) > MAX_ITEMS:
            return [SetAside(reason="too-many", detail=f"a list of {len(items)} items; at most {MAX_ITEMS}")]
        for reader, source in routes:
            arrival = _Arrival(received_ms, flags, source)
            for each in items:
                reader.item(each, arrival, out)
        if all(type(each) is Mark for each in out):
            empty = "nothing that the mapping names stands in the message"
            return [SetAside(reason="no-reading", detail=empty), *out]
        return _bounded(out)


def _bounded(out: list[Decoded]) -> list[Decoded]:
    """The same with at most MAX_SET_ASIDE complaints."""
    aside = sum(type(each) is SetAside for each in out)
    if aside <= MAX_SET_ASIDE:
        return out
    kept: list[Decoded] = [each for each in out if type(each) is not SetAside]
    kept += [each for each in out if type(each) is SetAside][: MAX_SET_ASIDE - 1]
    kept.append(SetAside(reason="too-many", detail=f"{aside - MAX_SET_ASIDE + 1} more parts cannot be read"))
    return kept


def _quantity(mapped: Mapped, where: str) -> _Quantity:
    return _Quantity(
        mapped,
        compile_path(mapped.value, f"{where}.value"),
        values.wants_number(mapped),
        mapped.scale != 1.0 or mapped.offset != 0.0,
        mapped.minimum is not None or mapped.maximum is not None,
    )


def _value(quantity: _Quantity, message: Any) -> Value | None:
    """The value in the mapping's unit; None where the message has none."""
    found = quantity.path(message)
    kind = type(found)
    if kind is str:
        found = values.from_text(found, quantity.mapped.quantity, quantity.number_wanted)
        kind = type(found)
    if kind is float or kind is int:
        return (
            values.scaled(found, quantity.mapped)
            if quantity.scales
            else values.finite(found, quantity.mapped.quantity)
        )
    if found is None or kind is str:
        return found  # type: ignore[no-any-return]
    if kind is bool and not quantity.scales and not quantity.ranged:
        return found  # type: ignore[no-any-return]
    what = {"dict": "an object", "list": "a list", "bool": "true or false"}.get(kind.__name__, kind.__name__)
    raise Unreadable("value", f"{quantity.mapped.quantity}: {what} is no value")


def _reading(
    quantity: _Quantity,
    value: Value,
    source: str,
    observed_ms: int,
    arrival: _Arrival,
    lon: float | None,
    lat: float | None,
) -> Reading:
    mapped = quantity.mapped
    good = not quantity.ranged or type(value) is not float or _in_range(value, mapped)
    return Reading(
        source=source,
        quantity=mapped.quantity,
        value=value,
        observed_ms=observed_ms,
        received_ms=arrival.received_ms,
        unit=mapped.unit,
        period_s=mapped.period_s,
        statistic=mapped.statistic,
        quality="good" if good else "out_of_range",
        flags=arrival.flags,
        lon=lon,
        lat=lat,
    )


def _in_range(value: float, mapped: Mapped) -> bool:
    above = mapped.minimum is None or value >= mapped.minimum
    return above and (mapped.maximum is None or value <= mapped.maximum)
