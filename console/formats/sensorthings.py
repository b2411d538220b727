"""OGC SensorThings 1.1: observations by MQTT topic, and answers of its HTTP service.

An observation names neither its unit nor its source: those stand in its
Datastream, which the settings give, or which a message has brought (an entity,
a list, an expanded answer). Until it is known a reading is called by the
Datastream's id, has the unit {unknown} and counts as uncertain.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import msgspec

from console.formats import crowded, json_text, korea, remembering, times, values
from console.formats.asides import bounded
from console.formats.clockless import Arrivals
from console.formats.json_text import Unreadable
from console.settings import Feed
from db.records import Decoded, Flag, Reading, SetAside, Value

KEPT = 20_000  # Datastreams remembered
MAX_ENTITIES = 5_000  # of one message
UNKNOWN = "{unknown}"
_STREAM = re.compile(r"((?:Multi)?Datastreams)\(([^()/]{1,200})\)")
_UCUM = {
    "°c": "Cel", "℃": "Cel", "degc": "Cel", "celsius": "Cel", "degree celsius": "Cel", "°f": "[degF]",
    "µg/m³": "ug/m3", "μg/m³": "ug/m3", "µg/m3": "ug/m3", "μg/m3": "ug/m3", "ug/m³": "ug/m3", "°": "deg",
    "m³": "m3", "m²": "m2", "m³/s": "m3/s", "db": "dB", "ppm": "[ppm]", "ppb": "[ppb]", "ohm": "Ohm",
    "db(a)": "dB[SPL]", "dba": "dB[SPL]", "%rh": "%", "l": "L", "": "1", "no unit": "1", "-": "1",
}  # fmt: skip
_LIKE_UCUM = re.compile(r"[A-Za-z%\[\]][A-Za-z0-9%./\[\]*'-]*").fullmatch


class Stream(NamedTuple):
    """What a Datastream says of its observations; a MultiDatastream has several quantities."""

    source: str
    quantities: tuple[str, ...]
    units: tuple[str, ...]
    lon: float | None = None
    lat: float | None = None


_STREAM_ROW = msgspec.msgpack.Decoder(Stream)


class SensorThingsDecoder:
    """Reads one service's messages, and remembers its Datastreams."""

    def __init__(self, name: str, feed: Feed, encodings: Sequence[str]) -> None:
        self._form = feed.sensorthings
        self._encodings = encodings
        self._pages = feed.via == "poll"
        self._time = times.reader("iso", "UTC", f"feeds.{name}.sensorthings")
        self._arrivals = Arrivals()
        self._streams: OrderedDict[str, Stream] = OrderedDict()
        self._changed: remembering.Changes = {}
        self._given = {
            str(key): Stream(each.source, (each.quantity,), (each.unit,))
            for key, each in self._form.datastreams.items()
        }

    def take_changes(self) -> remembering.Changes:
        """The Datastreams that were learned or forgotten since the last call."""
        changed, self._changed = self._changed, {}
        return changed

    def recall(self, rows: remembering.Rows) -> None:
        """Know these Datastreams."""
        self._streams = OrderedDict(remembering.read(rows, _STREAM_ROW))

    def decode(self, topic: str, payload: bytes, received_ms: int, retained: bool) -> list[Decoded]:
        """The readings in the message; a message of entities alone is learned and said so."""
        flags = int(Flag.RETAINED) if retained else 0
        found: list[Decoded] = []
        try:
            crowded.check(payload)
            message = json_text.read(payload, self._encodings)
            key = _stream_key(topic) or _stream_key(str(_get(message, "@iot.nextLink")))
            learned = 0
            for entity, above in _entities(message, key):
                try:
                    if "result" in entity:
                        self._observation(entity, above, received_ms, flags, found)
                    else:
                        learned += self._learn(entity)
                except Unreadable as error:
                    found.append(SetAside(error.reason, error.detail))
        except Unreadable as error:
            return [SetAside(error.reason, error.detail)]
        link = _get(message, "@iot.nextLink")
        if type(link) is str and not self._pages:
            found.append(SetAside("next-page", link[:500]))
        nothing = f"{learned} Datastreams learned" if learned else "the message holds no observation"
        return bounded(found) or [SetAside("datastream" if learned else "no-reading", nothing)]

    def _learn(self, entity: dict[str, Any]) -> int:
        """Remember a Datastream; 0 where the entity is none."""
        units = _get(entity, "unitOfMeasurement"), _get(entity, "unitOfMeasurements")
        number = _get(entity, "@iot.id")
        if units == (None, None) or type(number) not in (int, str):
            return 0
        many = units[1] if type(units[1]) is list else [units[0]]
        kind = "MultiDatastreams" if type(units[1]) is list else "Datastreams"
        properties = _get(entity, "ObservedProperties") or [_get(entity, "ObservedProperty")]
        names = [_get(each, "name") for each in properties] if type(properties) is list else []
        own = _get(entity, "name")
        quantities = tuple(
            _name(names[at] if at < len(names) else None)
            or (_name(own) or "result") + (f"/{at}" if len(many) > 1 else "")
            for at in range(len(many[:100]))
        )
        thing = _get(entity, "Thing")
        source = _name(_get(thing, "name")) or _name(_get(thing, "@iot.id")) or f"{kind}({number})"
        key = f"{kind}({number})"
        known = self._streams.pop(key, None)
        if known is not None and type(thing) is not dict:
            source = known.source
        lon, lat = _place(_get(entity, "observedArea"), thing)
        if lon is not None and lat is not None and not (self._form.outside_korea or korea.inside(lon, lat)):
            lon = lat = None
        stream = Stream(source, quantities, tuple(_unit(each) for each in many[:100]), lon, lat)
        self._streams[key] = stream
        if stream != known:
            self._changed[key] = remembering.encode(stream)
        while len(self._streams) > KEPT:
            self._changed[self._streams.popitem(last=False)[0]] = None
        return 1

    def _observation(
        self, entity: dict[str, Any], above: str, received_ms: int, flags: int, found: list[Decoded]
    ) -> None:
        inner = _get(entity, "Datastream") or _get(entity, "MultiDatastream")
        if type(inner) is dict:
            self._learn(inner)
            kind = "MultiDatastreams" if "MultiDatastream" in entity else "Datastreams"
            above = f"{kind}({_get(inner, '@iot.id')})" if "@iot.id" in inner else above
        if not above:
            raise Unreadable("no-datastream", "neither the topic nor the observation names its Datastream")
        number = above.partition("(")[2][:-1].strip("'")
        stream = self._given.get(number) or self._streams.get(above)
        result = entity["result"]
        quality = "good" if stream is not None else "uncertain"
        if stream is None:
            count = len(result) if type(result) is list else 1
            names = ("result",) if count == 1 else tuple(f"result/{at}" for at in range(min(count, 100)))
            stream = Stream(above, names, (UNKNOWN,) * len(names))
        start_ms, end_ms = self._phenomenon(entity)
        many = result if type(result) is list else [result]
        if len(many) > 1 and len(many) != len(stream.quantities):
            raise Unreadable("value", f"{above}: {len(many)} results for {len(stream.quantities)} quantities")
        for name, unit, each in zip(stream.quantities, stream.units, many, strict=False):
            for quantity, value in _flat(name, each):
                at_ms = end_ms
                if at_ms is None:
                    at_ms = self._arrivals.at(f"{stream.source}\0{quantity}", received_ms)
                period = 0 if start_ms is None or end_ms is None else round((end_ms - start_ms) / 1000)
                found.append(
                    Reading(
                        values.name(stream.source, "source"),
                        values.name(quantity, "quantity"),
                        value,
                        at_ms,
                        received_ms,
                        unit if type(value) is float else "1",
                        period_s=period,
                        statistic="avg" if period and type(value) is float else "inst",
                        quality=quality,  # type: ignore[arg-type]
                        flags=flags,
                        lon=stream.lon,
                        lat=stream.lat,
                    )
                )

    def _phenomenon(self, entity: dict[str, Any]) -> tuple[int | None, int | None]:
        """When it was so: an instant, or an interval, whose end counts; then when it became known."""
        said = _get(entity, "phenomenonTime") or _get(entity, "resultTime")
        if said is None:
            return None, None
        if type(said) is not str:
            raise Unreadable("time", f"{str(said)[:60]!r} is no time")
        start, slash, end = said.partition("/")
        if not slash:
            return None, self._time(start)
        start_ms, end_ms = self._time(start), self._time(end)
        if not 0 <= end_ms - start_ms < 10 * 366 * 86_400_000:
            raise Unreadable("time", f"{said[:80]!r} ends before it starts, or after ten years")
        return start_ms, end_ms


def next_link(payload: bytes, encodings: Sequence[str]) -> str:
    """Where the page after this one is, "" for the last; what cannot be read has none."""
    try:
        crowded.check(payload)
        link = _get(json_text.read(payload, encodings), "@iot.nextLink")
    except Unreadable:
        return ""
    return link[:4000] if type(link) is str else ""


def _get(found: Any, name: str) -> Any:
    return found.get(name) if type(found) is dict else None


def _stream_key(text: str) -> str:
    match = _STREAM.search(text)
    return f"{match[1]}({match[2]})" if match else ""


def _entities(message: Any, key: str) -> Iterator[tuple[dict[str, Any], str]]:
    """Every entity in a message with the Datastream it stands in, Datastreams before what they hold."""
    stack: list[tuple[Any, str, Any]] = [(message, key, None)]
    count = 0
    while stack:
        here, above, thing = stack.pop()
        if type(here) is list:
            stack.extend((each, above, thing) for each in reversed(here))
            continue
        if type(here) is not dict:
            continue
        count += 1
        if count > MAX_ENTITIES:
            raise Unreadable("too-many", f"more than {MAX_ENTITIES} entities")
        if "value" in here and type(here["value"]) is list and "result" not in here:
            stack.append((here["value"], above, thing))
            continue
        is_stream = "unitOfMeasurement" in here or "unitOfMeasurements" in here
        yield ({**here, "Thing": thing} if is_stream and thing and "Thing" not in here else here), above
        number = here.get("@iot.id")
        inside = above
        if is_stream and number is not None:
            inside = f"{'MultiDatastreams' if 'unitOfMeasurements' in here else 'Datastreams'}({number})"
        if type(here.get("Observations")) is list:
            stack.append((here["Observations"], inside, None))
        for name in ("Datastreams", "MultiDatastreams"):
            if type(here.get(name)) is list:
                stack.append((here[name], "", {k: here.get(k) for k in ("@iot.id", "name", "Locations")}))


def _flat(name: str, found: Any) -> Iterator[tuple[str, Value]]:
    """A result's values: a number, a text, a truth, or the members of an object."""
    if type(found) is dict:
        for key, each in list(found.items())[:100]:
            if type(each) not in (dict, list):
                yield from _flat(f"{name}/{key}", each)
        return
    if type(found) is bool:
        yield name, found
    elif type(found) in (int, float):
        yield name, values.finite(found, name[:60])
    elif type(found) is str:
        value = values.from_text(found, name[:60], number_wanted=False)
        if value is not None:
            yield name, value
    elif found is not None:
        raise Unreadable("value", f"{name[:60]}: a list is no value")


def _name(found: Any) -> str:
    """A name, "" where there is none that can be used."""
    text = str(found).strip() if type(found) in (str, int) else ""
    return text if len(text) <= 150 and text.isprintable() else ""


def _unit(found: Any) -> str:
    """UCUM by the definition (ucum:…), else by the symbol; one we do not know stands in braces."""
    definition, symbol = _get(found, "definition"), _get(found, "symbol")
    if type(definition) is str and definition.startswith("ucum:") and _LIKE_UCUM(definition[5:65]):
        return definition[5:65]
    symbol = symbol if type(symbol) is str else ""
    known = _UCUM.get(symbol.strip().lower())
    if known is not None:
        return known
    symbol = symbol.strip()[:60]
    if _LIKE_UCUM(symbol):
        return symbol
    kept = "".join(each for each in symbol if each.isprintable() and each not in "{}")
    return f"{{{kept}}}" if kept else "1"


def _place(area: Any, thing: Any) -> tuple[float | None, float | None]:
    """The point where a Datastream observes, or where its Thing is."""
    locations = _get(thing, "Locations")
    first = locations[0] if type(locations) is list and locations else None
    for shape in (area, _get(first, "location")):
        point = _get(shape, "geometry") or shape
        at = _get(point, "coordinates")
        if _get(point, "type") == "Point" and type(at) is list and len(at) >= 2:
            try:
                return values.position(at[0], at[1])
            except Unreadable:
                return None, None
    return None, None
