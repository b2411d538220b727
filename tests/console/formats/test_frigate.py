"""Frigate's messages become events, plates and readings (DOMAIN.md, 1.2 D)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from console.formats.forms import FrigateForm
from console.formats.frigate import FrigateDecoder
from console.settings import Feed
from db.records import Decoded, Event, Flag, PlateRead, Reading, SetAside

NOW = 1_795_305_600_000
AT = 1_795_305_500
BEFORE: dict[str, Any] = {
    "id": f"{AT}.475377-mxklsc", "camera": "gate", "frame_time": AT + 6.25, "label": "person",
    "sub_label": None,
    "top_score": 0.96, "score": 0.79, "false_positive": False, "start_time": AT + 0.5, "end_time": None,
    "box": [424, 500, 536, 712], "current_zones": ["yard"], "entered_zones": ["road", "yard"],
    "has_snapshot": True, "has_clip": False,
}  # fmt: skip


def decode(topic: str, message: Any, retained: bool = False, **form: Any) -> list[Decoded]:
    decoder = FrigateDecoder("f", Feed(kind="frigate", frigate=FrigateForm(**form)), ("utf-8",))
    payload = message if isinstance(message, bytes) else json.dumps(message).encode()
    return decoder.decode(topic, payload, NOW, retained)


def message(kind: str, **after: Any) -> dict[str, Any]:
    return {"type": kind, "before": BEFORE, "after": BEFORE | after}


def event(kind: str, retained: bool = False, form: dict[str, Any] | None = None, **after: Any) -> Event:
    found = decode("frigate/events", message(kind, **after), retained, **(form or {}))[0]
    assert isinstance(found, Event), found
    return found


def test_an_object_is_one_event_from_new_to_end() -> None:
    new, update = event("new"), event("update")
    end = event("end", end_time=AT + 9.75)
    assert {each.origin_key for each in (new, update, end)} == {BEFORE["id"]}
    assert [each.status for each in (new, update, end)] == ["occurred", "changed", "ended"]
    assert [each.observed_ms - AT * 1000 for each in (new, update, end)] == [500, 6250, 9750]
    assert (new.source, new.type, new.place, new.confidence) == ("gate", "person", "yard", 0.96)
    assert (new.end_ms, end.end_ms) == (None, AT * 1000 + 9750)
    assert new.extra["box"] == [424, 500, 536, 712]


def test_a_false_positive_is_cancelled() -> None:
    assert event("update", false_positive=True).status == "cancelled"
    assert event("end", false_positive=True, end_time=AT + 7).status == "cancelled"


def test_a_sub_label_is_nothing_a_text_or_a_pair() -> None:
    assert event("new", sub_label=["배송 기사", 0.79]).text == "person 배송 기사"
    assert event("new", sub_label="x").text == "person x"
    assert event("new").extra["sub_label"] == ""


def test_the_settings_give_words_and_where_pictures_are() -> None:
    found = event("new", form={"types": {"person": "침입"}, "url": "http://h:5000/"})
    assert found.type == "침입"
    assert found.media == (f"http://h:5000/api/events/{BEFORE['id']}/snapshot.jpg",)


def test_a_retained_event_is_marked() -> None:
    assert event("new", retained=True).flags == Flag.RETAINED


def test_a_plate_is_read_once_for_each_text() -> None:
    plate = {"label": "car", "recognized_license_plate": "12가3456", "recognized_license_plate_score": 0.91}
    found = decode("frigate/events", message("update", **plate, current_estimated_speed=30), speed="mph")
    (read,) = [each for each in found if isinstance(each, PlateRead)]
    assert (read.plate, read.confidence, read.source, read.speed_kmh) == ("12가3456", 0.91, "gate", 48.3)
    again = {"type": "update", "before": BEFORE | plate, "after": BEFORE | plate}
    assert [type(each) for each in decode("frigate/events", again)] == [Event]


def test_a_review_keeps_its_severity() -> None:
    after = {
        "id": "1-a", "camera": "gate", "start_time": AT, "end_time": None, "severity": "alert",
        "data": {"detections": ["x"], "objects": ["person"], "zones": ["yard"], "audio": ["scream"]},
    }  # fmt: skip
    (found,) = decode("frigate/reviews", {"type": "new", "before": after, "after": after})
    assert isinstance(found, Event)
    assert (found.origin_key, found.grade, found.text) == ("review|1-a", "alert", "person, scream")


@pytest.mark.parametrize(
    ("topic", "payload", "wanted"),
    [
        ("frigate/available", b"online", ("frigate", "online", 1.0)),
        ("frigate/available", b"stopped", ("frigate", "online", 0.0)),
        ("frigate/gate/person", b"2", ("gate", "count_person", 2.0)),
        ("frigate/gate/motion", b"ON", ("gate", "motion", True)),
        ("frigate/gate/detect/state", b"OFF", ("gate", "detect", False)),
        ("frigate/gate/audio/dBFS", b"-12.5", ("gate", "audio_dBFS", -12.5)),
    ],
)
def test_counts_and_states_are_readings(topic: str, payload: bytes, wanted: Any) -> None:
    (found,) = decode(topic, payload)
    assert isinstance(found, Reading)
    assert (found.source, found.quantity, found.value) == wanted


def test_figures_are_readings_of_the_cameras() -> None:
    stats = {
        "cameras": {"gate": {"camera_fps": 5.0, "detection_fps": 1, "pid": 7}},
        "detectors": {"coral": {"inference_speed": 8.5}},
        "service": {"last_updated": AT},
    }
    found = [each for each in decode("frigate/stats", stats) if isinstance(each, Reading)]
    assert [(each.source, each.quantity, each.value, each.unit) for each in found] == [
        ("gate", "camera_fps", 5.0, "1/s"),
        ("gate", "detection_fps", 1.0, "1/s"),
        ("coral", "inference_speed", 8.5, "ms"),
    ]
    assert {each.observed_ms for each in found} == {AT * 1000}


@pytest.mark.parametrize(
    ("topic", "payload", "reason"),
    [
        ("frigate/events", b'{"type":"new"}', "frigate-shape"),
        ("frigate/events", b'{"type":"old","after":{}}', "event-status"),
        ("frigate/events", b"[1]", "frigate-shape"),
        ("frigate/gate/person/snapshot", b"\xff\xd8", "frigate-topic"),
        ("frigate/gate/person", b"x", "value"),
        ("frigate/available", b"maybe", "value"),
    ],
)
def test_what_cannot_be_read_is_named(topic: str, payload: bytes, reason: str) -> None:
    (found,) = decode(topic, payload)
    assert isinstance(found, SetAside) and found.reason == reason
