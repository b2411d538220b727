"""ONVIF events: JSON over MQTT (Profile M, and the form of Axis cameras) and XML notifications.

A topic such as tns1:RuleEngine/FieldDetector/ObjectsInside is taken without its
prefixes, which vary. A state (active, IsMotion, ...) is an event that occurs
and is cleared, and a reading, which a rule can follow even after a restart; what
has no state (a line was crossed) is an event by itself. `Initialized` tells of
a state of unknown age and raises nothing.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import msgspec

from console.formats import crowded, json_text, remembering, times, values, xml_text
from console.formats.asides import bounded
from console.formats.clockless import Arrivals
from console.formats.json_text import Unreadable
from console.formats.platform_fields import kept
from console.formats.xml_text import Element
from console.settings import Feed
from db.records import Decoded, Event, Flag, Reading, SetAside

KEPT = 20_000  # states that stand
MAX_ITEMS = 200
MAX_NOTIFICATIONS = 500
TYPES = {
    "FieldDetector/ObjectsInside": "intrusion", "LineDetector/Crossed": "line_crossing",
    "LoiteringDetector/ObjectIsLoitering": "loitering", "TamperDetector/Tamper": "tamper",
    "CellMotionDetector/Motion": "motion", "MotionRegionDetector/Motion": "motion",
    "VideoSource/MotionAlarm": "motion", "Sensor/PIR": "motion", "GlobalSceneChange/": "tamper",
    "VideoSource/Tampering": "tamper", "ImageTooBlurry/": "image_fault", "ImageTooDark/": "image_fault",
    "ImageTooBright/": "image_fault", "SignalLoss": "video_loss", "CountAggregation/": "count",
    "FenceGuard/": "line_crossing", "LoiteringGuard/": "loitering", "MotionGuard/": "motion",
    "ObjectAnalytics/": "object", "VMD/": "motion", "FireDetector/": "fire", "SmokeDetector/": "smoke",
}  # fmt: skip
_ROOTS = {
    "RuleEngine", "VideoSource", "VideoAnalytics", "Device", "AudioAnalytics", "CameraApplicationPlatform",
    "RecordingConfig", "Monitoring", "AudioSource", "Media", "PTZController",
}  # fmt: skip
_STATES = {
    "active",
    "state",
    "ismotion",
    "isinside",
    "istamper",
    "logicalstate",
    "alarm",
    "motion",
    "detected",
}
_TRUE, _FALSE = ("true", "1", "on", "active"), ("false", "0", "off", "inactive")

_BEGAN = msgspec.msgpack.Decoder(int)


class Notice(NamedTuple):
    """One notification, whatever carried it."""

    path: str
    camera: str
    when: Any
    operation: str
    source: dict[str, Any]
    key: dict[str, Any]
    data: dict[str, Any]


class OnvifDecoder:
    """Reads the events of cameras, and remembers which states stand."""

    def __init__(self, name: str, feed: Feed, encodings: Sequence[str]) -> None:
        self._name = name
        self._form = feed.onvif
        self._encodings = encodings
        self._iso = times.reader("iso", "UTC", f"feeds.{name}.onvif")
        self._epoch = times.reader("epoch", "UTC", f"feeds.{name}.onvif")
        self._arrivals = Arrivals()
        self._open: OrderedDict[str, int] = OrderedDict()
        self._changed: remembering.Changes = {}

    def take_changes(self) -> remembering.Changes:
        """The states that began or ended since the last call."""
        changed, self._changed = self._changed, {}
        return changed

    def recall(self, rows: remembering.Rows) -> None:
        """These states stand."""
        self._open = OrderedDict(remembering.read(rows, _BEGAN))

    def decode(self, topic: str, payload: bytes, received_ms: int, retained: bool) -> list[Decoded]:
        """The events and states of the message; never empty."""
        flags = int(Flag.RETAINED) if retained else 0
        found: list[Decoded] = []
        try:
            for notice in _notices(topic, payload, self._encodings):
                try:
                    found += self._notice(notice, received_ms, flags)
                except Unreadable as error:
                    found.append(SetAside(error.reason, error.detail))
        except Unreadable as error:
            return [SetAside(error.reason, error.detail)]
        return bounded(found) or [SetAside("no-event", "the message holds no notification")]

    def _notice(self, notice: Notice, received_ms: int, flags: int) -> list[Decoded]:
        if not notice.path:
            raise Unreadable("event-type", "the message names no topic of ONVIF")
        camera = values.name(self._form.sources.get(notice.camera, notice.camera), "source")
        if notice.operation.lower() == "initialized":
            flags |= int(Flag.RETAINED)
        when = notice.when
        at_ms = None if when in (None, "") else (self._iso if type(when) is str else self._epoch)(when)
        items = "|".join(f"{k}={v}" for k, v in sorted({**notice.source, **notice.key}.items()))
        base = f"{camera}|{notice.path}|{items}"[:160]
        quantity = values.name(f"{notice.path}/{items}".rstrip("/")[:180], "quantity")
        observed = self._arrivals.at(base, received_ms) if at_ms is None else at_ms
        state = _state(notice.data)
        if notice.operation.lower() == "deleted" and state is not None:
            state = False
        if state is None:
            number = "|".join(f"{k}={v}" for k, v in sorted(notice.data.items()))[:80]
            event = self._event(
                notice, camera, f"{base}|{observed}|{number}"[:300], "occurred", observed, received_ms
            )
            return [_flagged(event, flags)]
        reading = Reading(camera, quantity, float(state), observed, received_ms, flags=flags)
        key, status = self._turned(base, state, observed)
        if not status:
            return [reading]
        return [_flagged(self._event(notice, camera, key, status, observed, received_ms), flags), reading]

    def _turned(self, base: str, state: bool, observed: int) -> tuple[str, str]:
        """The key of the activation and what happens to it; nothing where none stands."""
        began = self._open.get(base)
        if state:
            if began is None:
                self._open[base] = observed
                self._changed[base] = remembering.encode(observed)
            while len(self._open) > KEPT:
                self._changed[self._open.popitem(last=False)[0]] = None
            return f"{base}|{self._open[base]}", "occurred" if began is None else "changed"
        if began is None:
            return "", ""
        del self._open[base]
        self._changed[base] = None
        return f"{base}|{began}", "cleared"

    def _event(
        self, notice: Notice, camera: str, key: str, status: str, observed: int, received_ms: int
    ) -> Event:
        rule = notice.source.get("Rule") or notice.source.get("rule") or ""
        return Event(
            origin_system=self._name,
            origin_key=key,
            type=self._form.types.get(notice.path) or _type(notice.path),
            status=status,  # type: ignore[arg-type]
            observed_ms=observed,
            received_ms=received_ms,
            source=camera,
            end_ms=observed if status == "cleared" else None,
            text=values.text(str(rule)[:1000]),
            confidence=_share(notice.data),
            extra={
                "topic": notice.path[:1000],
                "operation": notice.operation[:60],
                "source": kept(notice.source),
                "key": kept(notice.key),
                "data": kept(notice.data),
            },
        )


def _flagged(event: Event, flags: int) -> Event:
    return Event(**{each: getattr(event, each) for each in event.__struct_fields__} | {"flags": flags})


def _notices(topic: str, payload: bytes, encodings: Sequence[str]) -> Iterator[Notice]:
    if payload.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<":
        yield from _of_xml(topic, xml_text.read(payload, encodings))
        return
    crowded.check(payload)
    message = json_text.read(payload, encodings)
    many = message if type(message) is list else [message]
    if len(many) > MAX_NOTIFICATIONS:
        raise Unreadable("too-many", f"{len(many)} notifications; at most {MAX_NOTIFICATIONS}")
    for each in many:
        if type(each) is not dict:
            raise Unreadable("onvif-shape", "a notification is no object")
        yield _of_json(topic, each)


def _of_json(topic: str, message: dict[str, Any]) -> Notice:
    names = {str(key).lower(): value for key, value in message.items()}
    inner = names.get("message")
    if type(inner) is dict:
        names = {**names, **{str(key).lower(): value for key, value in inner.items()}}
    said = names.get("topic")
    if type(said) is dict:
        said = said.get("_value_1", said.get("#text"))
    if "data" not in names and "source" not in names:
        raise Unreadable("onvif-shape", "the message has neither Source nor Data")
    camera, path = _from_topic(topic)
    serial = names.get("serial")
    return Notice(
        _path(said) if type(said) is str else path,
        serial if type(serial) is str and serial else camera,
        names.get("utctime", names.get("timestamp")),
        _word(names.get("propertyoperation")),
        _items(names.get("source")),
        _items(names.get("key")),
        _items(names.get("data")),
    )


def _of_xml(topic: str, root: Element) -> Iterator[Notice]:
    camera, path = _from_topic(topic)
    for at, element in enumerate(
        each for each in root.iter() if xml_text.local(each) == "NotificationMessage"
    ):
        if at >= MAX_NOTIFICATIONS:
            raise Unreadable("too-many", f"more than {MAX_NOTIFICATIONS} notifications")
        inside = {xml_text.local(each): each for each in element.iter()}
        said, message = inside.get("Topic"), None
        for each in element.iter():
            if xml_text.local(each) == "Message" and each.get("UtcTime"):
                message = each
        if message is None:
            raise Unreadable("onvif-shape", "a notification has no message with a time")
        parts = {xml_text.local(each): _xml_items(each) for each in message}
        yield Notice(
            _path(said.text or "") if said is not None else path,
            camera,
            message.get("UtcTime"),
            str(message.get("PropertyOperation", "")),
            parts.get("Source", {}),
            parts.get("Key", {}),
            parts.get("Data", {}),
        )


def _xml_items(element: Element) -> dict[str, Any]:
    found = [each for each in element if xml_text.local(each) == "SimpleItem" and each.get("Name")]
    return {str(each.get("Name"))[:100]: str(each.get("Value", ""))[:1000] for each in found[:MAX_ITEMS]}


def _items(found: Any) -> dict[str, Any]:
    """Names and values, from an object or from a list of SimpleItem."""
    if type(found) is dict:
        simple = found.get("SimpleItem")
        if simple is not None:
            return _items(simple if type(simple) is list else [simple])
        rows = [(key, value) for key, value in found.items() if type(value) not in (dict, list)]
    elif type(found) is list:
        rows = [(each.get("Name"), each.get("Value")) for each in found if type(each) is dict]
    else:
        return {}
    return {str(key)[:100]: _bounded(value) for key, value in rows[:MAX_ITEMS] if key}


def _bounded(value: Any) -> Any:
    return value[:1000] if type(value) is str else value


def _word(found: Any) -> str:
    return found if type(found) is str else ""


def _path(said: str) -> str:
    """A topic without the prefixes of its parts."""
    return "/".join(each.rpartition(":")[2] for each in said.strip()[:500].split("/") if each)


def _from_topic(topic: str) -> tuple[str, str]:
    """Camera and topic of the event, by the MQTT topic: what stands before and after `onvif-ej`."""
    parts = topic[:1000].split("/")
    bare = [each.rpartition(":")[2] for each in parts]
    if "onvif-ej" in parts:
        at = parts.index("onvif-ej")
        return "/".join(parts[:at]), "/".join(bare[at + 1 :])
    for at, each in enumerate(bare):
        if each in _ROOTS:
            before = [part for part in parts[:at] if part not in ("event", "events", "onvif")]
            return "/".join(before), "/".join(bare[at:])
    return parts[0] or topic.strip("/")[:100], ""


def _type(path: str) -> str:
    whole = f"{path}/"
    return next((word for mark, word in TYPES.items() if mark in whole), path)[: values.MAX_NAME]


def _truth(found: Any) -> bool | None:
    if type(found) is bool:
        return found
    word = str(found).strip().lower() if type(found) in (str, int) else ""
    return True if word in _TRUE else False if word in _FALSE else None


def _state(items: dict[str, Any]) -> bool | None:
    """Whether the state that a message tells of is on; None where it tells of none."""
    for name, value in items.items():
        if name.lower() in _STATES and (truth := _truth(value)) is not None:
            return truth
    truths = [value for value in items.values() if type(value) is bool or value in ("true", "false")]
    return _truth(truths[0]) if len(truths) == 1 else None


def _share(items: dict[str, Any]) -> float | None:
    for name in ("Likelihood", "Confidence", "confidence", "score"):
        try:
            value = values.from_text(str(items.get(name, "")), name, number_wanted=True)
        except Unreadable:
            continue
        if type(value) is float and 0 <= value <= 1:
            return value
    return None
