"""oneM2M notifications over MQTT (TS-0010) and HTTP, with the answers that the sender waits for.

A notification brings a content instance whose `con` is an object, JSON in a
text, a number or a text. A container's path is its source; of a bare value,
the path's last part is the quantity. The feed's mappings are asked first: the
path takes the topic's place, the instance (`con`, `ct`, ...) the message's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from console.formats import crowded, json_text, korea, times, values
from console.formats.answers import Answer
from console.formats.asides import bounded
from console.formats.clockless import Arrivals
from console.formats.json_text import Unreadable
from console.formats.mapping import MappingReader, _Arrival
from console.settings import Feed
from db.records import Decoded, Flag, Reading, SetAside, Value

MAX_NOTIFICATIONS = 500
MAX_QUANTITIES = 500
MAX_LEVELS = 4
MAX_WAITING = 10_000  # answers
_REQUEST = re.compile(r"(/?oneM2M)/(reg_)?req/([^/]+)/([^/]+)(?:/([^/]+))?").fullmatch
_MOMENT = re.compile(r"([0-9]{8}T[0-9]{6})(?:[,.]([0-9]{1,9}))?Z?").fullmatch
_LONG = {
    "rqp": "requestPrimitive", "rqi": "requestIdentifier", "pc": "primitiveContent", "fr": "from",
    "sgn": "singleNotification", "agn": "aggregatedNotification", "nev": "notificationEvent",
    "rep": "representation", "cin": "contentInstance", "con": "content", "ct": "creationTime",
    "sur": "subscriptionReference", "vrq": "verificationRequest", "sud": "subscriptionDeletion",
    "op": "operation", "notification": "notification",
}  # fmt: skip


class OneM2mDecoder:
    """Reads the notifications to one receiver, and keeps its answers until they are taken."""

    def __init__(self, name: str, feed: Feed, encodings: Sequence[str]) -> None:
        self._form = feed.onem2m
        self._encodings = encodings
        self._utc = times.reader("%Y%m%dT%H%M%S", "UTC", f"feeds.{name}.onem2m")
        self._readers = [MappingReader(name, at, mapping) for at, mapping in enumerate(feed.mappings)]
        self._arrivals = Arrivals()
        self._answers: list[Answer] = []

    def decode(self, topic: str, payload: bytes, received_ms: int, retained: bool) -> list[Decoded]:
        """The readings of the notifications in the message; never empty."""
        flags = int(Flag.RETAINED) if retained else 0
        found: list[Decoded] = []
        try:
            crowded.check(payload)
            message = json_text.read(payload, self._encodings)
            primitive = _get(message, "rqp")
            wrapped = primitive is not None
            primitive = message if primitive is None else primitive
            content = _get(primitive, "pc")
            content = primitive if content is None else content
            notifications = list(_notifications(content))
            if not notifications:
                raise Unreadable("onem2m-shape", "the message holds no notification")
            if not retained:
                self._answer(topic, primitive, wrapped)
            for each in notifications:
                try:
                    self._notification(each, received_ms, flags, found)
                except Unreadable as error:
                    found.append(SetAside(error.reason, error.detail))
        except Unreadable as error:
            return [SetAside(error.reason, error.detail)]
        return bounded(found) or [SetAside("no-reading", "the content holds no value")]

    def take_answers(self) -> list[Answer]:
        """What is to be published after the commit; a sender without it ends the subscription."""
        answers, self._answers = self._answers, []
        return answers

    def _answer(self, topic: str, primitive: Any, wrapped: bool) -> None:
        """OK (2000) to a request that came by MQTT; one by HTTP is answered by the way it came."""
        asked = _REQUEST(topic)
        number = _get(primitive, "rqi")
        if asked is None or type(number) not in (str, int) or len(str(number)) > values.MAX_NAME:
            return
        start, registration, sender, receiver, form = asked.groups()
        answer: dict[str, Any] = {"rsc": 2000, "rqi": number}
        for ours, theirs in (("to", "fr"), ("fr", "to")):
            if type(other := _get(primitive, theirs)) is str:
                answer[ours] = other[: values.MAX_NAME]
        if type(version := _get(primitive, "rvi")) is str:
            answer["rvi"] = version[:20]
        whole = {"m2m:rsp": answer} if wrapped else answer
        where = "/".join((start, f"{registration or ''}resp", sender, receiver, *([form] if form else [])))
        if len(self._answers) < MAX_WAITING:
            self._answers.append(Answer(where, msgspec.json.encode(whole)))

    def _notification(self, said: Any, received_ms: int, flags: int, found: list[Decoded]) -> None:
        path = _get(said, "sur")
        path = path if type(path) is str else ""
        if _get(said, "vrq") is True:
            raise Unreadable("onem2m-notice", f"a subscription is verified: {path[:200]}")
        if _get(said, "sud") is True:
            raise Unreadable("onem2m-notice", f"a subscription was deleted: {path[:200]}")
        rep = _get(_get(said, "nev"), "rep")
        instance = _get(rep, "cin")
        if instance is None and _get(rep, "con") is not None:
            instance = rep
        if type(instance) is not dict:
            raise Unreadable("onem2m-shape", "the notification brings no content instance")
        container = path.strip("/").rpartition("/")[0] or path.strip("/") or str(instance.get("pi", ""))
        container = self._form.sources.get(container, container)
        content = _content(_get(instance, "con"))
        if not self._mapped(container, instance, content, received_ms, flags, found):
            observed = self._observed(_get(instance, "ct"))
            self._plain(container, content, observed, received_ms, flags, found)

    def _mapped(
        self,
        path: str,
        instance: dict[str, Any],
        content: Any,
        received_ms: int,
        flags: int,
        found: list[Decoded],
    ) -> bool:
        fitting = [(each, parts) for each in self._readers if (parts := each.parts(path)) is not None]
        for reader, parts in fitting:
            arrival = _Arrival(received_ms, flags, reader.source_of(parts))
            reader.item({**instance, "con": content}, arrival, found)
        return bool(fitting)

    def _plain(
        self,
        container: str,
        content: Any,
        observed: int | None,
        received_ms: int,
        flags: int,
        found: list[Decoded],
    ) -> None:
        lon: float | None = None
        lat: float | None = None
        if type(content) is dict:
            lon, lat = self._position(content, found)
            rows = list(_leaves(content, "", 1))
        else:
            above, _, last = container.rpartition("/")
            container, rows = (above, [(last, content)]) if above else (container, [("value", content)])
        source = values.name(container, "source")
        for name, leaf in rows[:MAX_QUANTITIES]:
            try:
                value = _value(leaf, name)
                quantity = values.name(self._form.quantities.get(name, name), "quantity")
            except Unreadable as error:
                found.append(SetAside(error.reason, error.detail))
                continue
            if value is not None:
                at_ms = (
                    self._arrivals.at(f"{source}\0{quantity}", received_ms) if observed is None else observed
                )
                unit = self._form.units.get(quantity, "1") if type(value) is float else "1"
                found.append(
                    Reading(source, quantity, value, at_ms, received_ms, unit, flags=flags, lon=lon, lat=lat)
                )

    def _position(self, content: dict[str, Any], found: list[Decoded]) -> tuple[float | None, float | None]:
        names = {str(key).lower(): key for key in content}
        x = next((names[each] for each in ("lon", "lng", "longitude") if each in names), None)
        y = next((names[each] for each in ("lat", "latitude") if each in names), None)
        if x is None or y is None:
            return None, None
        lon, lat = content.pop(x), content.pop(y)
        try:
            lon, lat = values.position(lon, lat)
        except Unreadable as error:
            found.append(SetAside(error.reason, error.detail))
            return None, None
        if lon is None or lat is None or self._form.outside_korea or korea.inside(lon, lat):
            return lon, lat
        hint = "; latitude and longitude look exchanged" if korea.inside(lat, lon) else ""
        found.append(SetAside("outside-korea", f"longitude {lon}, latitude {lat}{hint}"))
        return None, None

    def _observed(self, found: Any) -> int | None:
        """Milliseconds of YYYYMMDDThhmmss[,f], which is UTC."""
        if found is None:
            return None
        match = _MOMENT(found) if type(found) is str else None
        if match is None:
            raise Unreadable("time", f"{str(found)[:60]!r} is no time of oneM2M")
        return self._utc(match[1]) + int((match[2] or "0").ljust(3, "0")[:3])


def _get(found: Any, name: str) -> Any:
    """A member by its short or long name, with or without a prefix."""
    if type(found) is not dict:
        return None
    for each in (name, f"m2m:{name}", _LONG.get(name, ""), f"m2m:{_LONG.get(name, '')}"):
        if each in found:
            return found[each]
    return None


def _notifications(content: Any) -> Iterator[Any]:
    """The notifications of a message: one, a list of them, or an aggregated one."""
    aggregated = _get(content, "agn")
    inner = _get(content if aggregated is None else aggregated, "sgn")
    inner = _get(aggregated, "notification") if inner is None and aggregated is not None else inner
    inner = aggregated if inner is None else inner
    many = inner if type(inner) is list else [inner]
    if len(many) > MAX_NOTIFICATIONS:
        raise Unreadable("too-many", f"{len(many)} notifications; at most {MAX_NOTIFICATIONS}")
    for each in many:
        one = _get(each, "sgn")
        one = each if one is None else one
        if type(one) is dict:
            yield one


def _content(found: Any) -> Any:
    """The content; JSON in a text is unpacked, once more where it was packed twice."""
    for _ in range(2):
        if type(found) is not str or found.strip()[:1] not in ("{", "[", '"'):
            return found
        try:
            found = json_text.read(found.encode("utf-8"))
        except Unreadable as error:
            if error.reason != "not-json":
                raise
            return found
    return found


def _leaves(content: dict[str, Any], above: str, level: int) -> Iterator[tuple[str, Any]]:
    for key, value in content.items():
        name = f"{above}{key}"
        if type(value) is dict and level < MAX_LEVELS:
            yield from _leaves(value, f"{name}/", level + 1)
        elif type(value) not in (dict, list):
            yield name, value


def _value(found: Any, name: str) -> Value | None:
    if found is None or type(found) is bool:
        return found
    if type(found) is str:
        return values.from_text(found, name[:60], number_wanted=False)
    if type(found) in (int, float):
        return values.finite(found, name[:60])
    raise Unreadable("value", f"{name[:60]}: a list or object is no value")
