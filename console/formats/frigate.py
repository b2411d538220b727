"""Frigate's messages over MQTT: tracked objects, reviews, availability, counts and figures.

A tracked object is one event from `new` to `end`; one that turns out to be a
false positive is cancelled. Its number plate, where one is read, is a plate
read of its own. Sources: the manual of Frigate's MQTT integration; DOMAIN.md, 1.2 D.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import Any
from urllib.parse import quote

from console.formats import crowded, json_text, times, values
from console.formats.asides import bounded
from console.formats.clockless import Arrivals
from console.formats.json_text import Unreadable
from console.formats.platform_fields import kept
from console.settings import Feed
from db.records import Decoded, Event, Flag, PlateRead, Reading, SetAside, Value

_STATUS = {"new": "occurred", "update": "changed", "end": "ended"}
_AVAILABLE = {"online": 1.0, "offline": 0.0, "stopped": 0.0}
_STATES = {"ON": True, "OFF": False}
_NOT_CAMERA = ("cpu_usages", "gpu_usages", "detectors", "service", "processes", "bandwidth_usages")
_NOT_KEPT = ("id", "camera", "label", "sub_label", "thumbnail")
MAX_CAMERAS = 500
MAX_SHORT = 32  # bytes of a count or state


class FrigateDecoder:
    """Reads the messages of one Frigate."""

    def __init__(self, name: str, feed: Feed, encodings: Sequence[str]) -> None:
        self._name = name
        self._form = feed.frigate
        self._encodings = encodings
        self._seconds = times.reader("epoch_s", "UTC", f"feeds.{name}.frigate")
        self._arrivals = Arrivals()

    def decode(self, topic: str, payload: bytes, received_ms: int, retained: bool) -> list[Decoded]:
        """The events, plates and readings of one message; never empty."""
        flags = int(Flag.RETAINED) if retained else 0
        parts = topic.removeprefix(self._form.prefix + "/").split("/")
        try:
            return bounded(self._by_topic(parts, payload, received_ms, flags))
        except Unreadable as error:
            return [SetAside(error.reason, error.detail)]

    def _by_topic(self, parts: list[str], payload: bytes, received_ms: int, flags: int) -> list[Decoded]:
        match parts:
            case ["events"]:
                return self._tracked(self._object(payload), received_ms, flags)
            case ["reviews"]:
                return self._review(self._object(payload), received_ms, flags)
            case ["stats"]:
                return self._stats(self._object(payload), received_ms, flags)
            case ["available"]:
                word = _short(payload)
                if word not in _AVAILABLE:
                    raise Unreadable("value", f"{word!r} is neither online nor offline")
                return [self._now(self._form.prefix, "online", _AVAILABLE[word], received_ms, flags)]
            case [camera, *rest] if rest and rest[-1] not in ("set", "snapshot"):
                return [self._state(camera, rest, payload, received_ms, flags)]
        raise Unreadable("frigate-topic", f"nothing is read from the topic {'/'.join(parts)[:120]!r}")

    def _object(self, payload: bytes) -> dict[str, Any]:
        crowded.check(payload)
        found = json_text.read(payload, self._encodings)
        if type(found) is not dict:
            raise Unreadable("frigate-shape", "the message is no object")
        return found

    def _tracked(self, message: dict[str, Any], received_ms: int, flags: int) -> list[Decoded]:
        after, status = _after(message)
        key = values.name(after.get("id"), "event-key")
        camera = values.name(after.get("camera"), "source")
        label = values.name(after.get("label"), "event-type")
        if after.get("false_positive") is True:
            status = "cancelled"
        end_ms = self._moment(after.get("end_time"))
        frame_ms = self._moment(after.get("frame_time"))
        start_ms = self._moment(after.get("start_time"))
        observed = {"occurred": start_ms or frame_ms, "changed": frame_ms}.get(status, end_ms or frame_ms)
        sub, sub_score = _sub_label(after.get("sub_label"))
        zones = _names(after.get("current_zones")) or _names(after.get("entered_zones"))
        confidence = _share(after.get("top_score"))
        event = Event(
            origin_system=self._name,
            origin_key=key,
            type=self._form.types.get(label, label),
            status=status,  # type: ignore[arg-type]
            observed_ms=observed or received_ms,
            received_ms=received_ms,
            source=camera,
            end_ms=(end_ms or observed or received_ms) if status in ("ended", "cancelled") else None,
            place=values.text(", ".join(zones)),
            text=values.text(" ".join(part for part in (label, sub) if part)),
            media=self._media(key, after),
            confidence=_share(after.get("score")) if confidence is None else confidence,
            flags=flags,
            extra={
                "label": label,
                "sub_label": sub,
                "sub_label_score": sub_score,
                "start_ms": start_ms,
                **{str(k)[:100]: kept(v) for k, v in list(after.items())[:100] if k not in _NOT_KEPT},
            },
        )
        return [event, *self._plate(message, after, event)]

    def _plate(self, message: dict[str, Any], after: dict[str, Any], event: Event) -> list[Decoded]:
        """The number plate, once for each text that is read of one object."""
        plate, score = _sub_label(after.get("recognized_license_plate"))
        before = message.get("before")
        was = _sub_label(before.get("recognized_license_plate"))[0] if type(before) is dict else ""
        if not plate or (plate == was and message.get("type") != "new"):
            return []
        speed = after.get("current_estimated_speed")
        factor = {"kph": 1.0, "mph": 1.609344}.get(self._form.speed, 0.0)
        known = type(speed) in (int, float) and factor and 0 < speed < 1000  # type: ignore[operator]
        confidence = _share(after.get("recognized_license_plate_score"))
        return [
            PlateRead(
                read_id=f"{event.origin_key}|{plate}"[: values.MAX_NAME],
                source=event.source,
                plate=plate,
                observed_ms=self._moment(after.get("frame_time")) or event.observed_ms,
                received_ms=event.received_ms,
                confidence=score if confidence is None else confidence,
                speed_kmh=round(float(speed) * factor, 1) if known else None,  # type: ignore[arg-type]
            )
        ]

    def _media(self, key: str, after: dict[str, Any]) -> tuple[str, ...]:
        """Where the picture and the clip are, if the settings say where Frigate is."""
        if not self._form.url:
            return ()
        base = f"{self._form.url.rstrip('/')}/api/events/{quote(key, safe='')}"
        found = (("has_snapshot", "snapshot.jpg"), ("has_clip", "clip.mp4"))
        return tuple(f"{base}/{file}" for flag, file in found if after.get(flag) is True)

    def _review(self, message: dict[str, Any], received_ms: int, flags: int) -> list[Decoded]:
        after, status = _after(message)
        key = values.name(after.get("id"), "event-key")
        content = after.get("data")
        content = content if type(content) is dict else {}
        objects = _names(content.get("objects")) + _names(content.get("audio"))
        start_ms, end_ms = self._moment(after.get("start_time")), self._moment(after.get("end_time"))
        observed = {"occurred": start_ms, "ended": end_ms}.get(status) or received_ms
        return [
            Event(
                origin_system=self._name,
                origin_key=f"review|{key}",
                type=self._form.types.get("review", "review"),
                status=status,  # type: ignore[arg-type]
                observed_ms=observed,
                received_ms=received_ms,
                source=values.name(after.get("camera"), "source"),
                grade=values.text(after.get("severity"))[:60],
                end_ms=observed if status == "ended" else None,
                place=values.text(", ".join(_names(content.get("zones")))),
                text=values.text(", ".join(objects)),
                flags=flags,
                extra={"start_ms": start_ms, "data": kept(content)},
            )
        ]

    def _stats(self, message: dict[str, Any], received_ms: int, flags: int) -> list[Decoded]:
        """Frames per second of the cameras and the time a detector takes."""
        service = message.get("service")
        service = service if type(service) is dict else {}
        at_ms = self._moment(service.get("last_updated"))
        cameras = message.get("cameras")
        if type(cameras) is not dict:  # until version 0.11 they stood at the top
            cameras = {k: v for k, v in message.items() if type(v) is dict and k not in _NOT_CAMERA}
        detectors = message.get("detectors")
        rows = [
            (each, stats, names, unit)
            for group, names, unit in (
                (cameras, ("camera_fps", "process_fps", "skipped_fps", "detection_fps"), "1/s"),
                (detectors if type(detectors) is dict else {}, ("inference_speed",), "ms"),
            )
            for each, stats in list(group.items())[:MAX_CAMERAS]
            if type(stats) is dict
        ]
        found: list[Decoded] = []
        for source, stats, names, unit in rows:
            for name in names:
                if _is_number(stats.get(name)):
                    found.append(
                        self._now(
                            values.name(source, "source"),
                            name,
                            float(stats[name]),
                            received_ms,
                            flags,
                            unit,
                            at_ms,
                        )
                    )
        return found or [SetAside("no-reading", "the figures name no camera")]

    def _state(self, camera: str, rest: list[str], payload: bytes, received_ms: int, flags: int) -> Reading:
        """A count of objects, or whether something is on."""
        word = _short(payload)
        value = _STATES.get(word)
        name = "_".join(each for each in rest if each != "state")
        if value is None:
            number = values.from_text(word, name[:60], number_wanted=True)
            if number is None:
                raise Unreadable("empty", "the message has no content")
            counts = rest[0] not in ("audio", "motion") and rest[-1] != "state"
            return self._now(camera, f"count_{name}" if counts else name, number, received_ms, flags)
        return self._now(camera, name, value, received_ms, flags)

    def _now(
        self,
        source: str,
        quantity: str,
        value: Value,
        received_ms: int,
        flags: int,
        unit: str = "1",
        at_ms: int | None = None,
    ) -> Reading:
        source, quantity = values.name(source, "source"), values.name(quantity, "quantity")
        at_ms = self._arrivals.at(f"{source}\0{quantity}", received_ms) if at_ms is None else at_ms
        return Reading(source, quantity, value, at_ms, received_ms, unit, flags=flags)

    def _moment(self, found: Any) -> int | None:
        return None if found is None else self._seconds(found)


def _after(message: dict[str, Any]) -> tuple[dict[str, Any], str]:
    after, kind = message.get("after"), message.get("type")
    if type(after) is not dict:
        raise Unreadable("frigate-shape", "the message has no `after`")
    if kind not in _STATUS:
        raise Unreadable("event-status", f"{str(kind)[:60]!r} is none of new, update, end")
    return after, _STATUS[kind]


def _sub_label(found: Any) -> tuple[str, float | None]:
    """A text, or a pair of a text and its score; "" for nothing."""
    score = None
    if type(found) is list and found:
        score = _share(found[1]) if len(found) > 1 else None
        found = found[0]
    if type(found) is not str or len(found) > values.MAX_NAME or not found.isprintable():
        return "", None
    return found.strip(), score


def _names(found: Any) -> list[str]:
    return [each[:100] for each in found[:50] if type(each) is str] if type(found) is list else []


def _is_number(found: Any) -> bool:
    return (type(found) is int and abs(found) < 1 << 53) or (type(found) is float and isfinite(found))


def _share(found: Any) -> float | None:
    return float(found) if _is_number(found) and 0 <= found <= 1 else None


def _short(payload: bytes) -> str:
    if len(payload) > MAX_SHORT:
        raise Unreadable("frigate-shape", f"{len(payload)} bytes where a word or number is expected")
    try:
        return payload.decode("ascii").strip()
    except UnicodeDecodeError as error:
        raise Unreadable("encoding", "the word is not ASCII") from error
