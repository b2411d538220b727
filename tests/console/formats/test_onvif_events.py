"""ONVIF events by MQTT and XML (DOMAIN.md, 2.9)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from console.formats.forms import OnvifForm
from console.formats.onvif_events import OnvifDecoder
from console.settings import Feed
from db.records import Decoded, Event, Flag, Reading, SetAside

NOW = 1_795_305_600_000
INSIDE = "cam1/onvif-ej/RuleEngine/FieldDetector/ObjectsInside"


def made(**form: Any) -> OnvifDecoder:
    return OnvifDecoder("v", Feed(kind="onvif", onvif=OnvifForm(**form)), ("utf-8",))


def message(inside: Any, at: str = "2026-11-22T00:00:00.5Z", operation: str = "Changed") -> dict[str, Any]:
    return {
        "UtcTime": at, "PropertyOperation": operation, "Source": {"VideoSource": "0", "Rule": "입구"},
        "Key": {"ObjectId": "12"}, "Data": {"IsInside": inside},
    }  # fmt: skip


def axis(active: str) -> dict[str, Any]:
    return {
        "timestamp": 1_795_305_600_230, "topic": "onvif:Device/axis:Sensor/PIR", "serial": "ACCC8E000001",
        "message": {"source": {"sensor": "0"}, "key": {}, "data": {"state": active}},
    }  # fmt: skip


def xml(value: str, prefix: str = "wsnt", operation: str = "Changed") -> bytes:
    return (
        f'<{prefix}:NotificationMessage xmlns:{prefix}="http://docs.oasis-open.org/wsn/b-2" '
        f'xmlns:tt="http://www.onvif.org/ver10/schema"><{prefix}:Topic>tns1:VideoSource/tns1:MotionAlarm'
        f"</{prefix}:Topic><{prefix}:Message>"
        f'<tt:Message UtcTime="2026-11-22T00:00:00Z" PropertyOperation="{operation}"><tt:Source>'
        f'<tt:SimpleItem Name="Source" Value="1"/></tt:Source><tt:Data>'
        f'<tt:SimpleItem Name="State" Value="{value}"/></tt:Data></tt:Message>'
        f"</{prefix}:Message></{prefix}:NotificationMessage>"
    ).encode()


def say(decoder: OnvifDecoder, found: Any, topic: str = INSIDE) -> list[Decoded]:
    payload = found if isinstance(found, bytes) else json.dumps(found).encode()
    return decoder.decode(topic, payload, NOW, False)


def test_a_state_occurs_and_is_cleared_and_is_a_reading() -> None:
    decoder = made()
    on, state = say(decoder, message(True))
    assert isinstance(on, Event) and isinstance(state, Reading)
    assert (on.type, on.status, on.source, on.text) == ("intrusion", "occurred", "cam1", "입구")
    assert (on.observed_ms, state.value) == (1_795_305_600_500, 1.0)
    again = say(decoder, message("true", "2026-11-22T00:00:02Z"))[0]
    off = say(decoder, message("false", "2026-11-22T00:00:03Z"))[0]
    assert isinstance(again, Event) and isinstance(off, Event)
    assert (again.status, off.status, off.end_ms) == ("changed", "cleared", 1_795_305_603_000)
    assert on.origin_key == again.origin_key == off.origin_key
    anew = say(decoder, message(True, "2026-11-22T00:00:09Z"))[0]
    assert isinstance(anew, Event) and anew.origin_key != on.origin_key


def test_a_state_that_was_never_on_clears_nothing() -> None:
    assert [type(each) for each in say(made(), message(False))] == [Reading]


def test_initialized_tells_of_a_state_of_unknown_age() -> None:
    for each in say(made(), message(True, operation="Initialized")):
        assert isinstance(each, (Event, Reading)) and each.flags == Flag.RETAINED


def test_a_deleted_property_is_cleared() -> None:
    decoder = made()
    say(decoder, message(True))
    (gone, _) = say(decoder, message(True, operation="Deleted"))
    assert isinstance(gone, Event) and gone.status == "cleared"


def test_a_line_crossing_is_an_event_by_itself() -> None:
    topic = "cam1/onvif-ej/tns1:RuleEngine/LineDetector/Crossed"
    crossed = message(True) | {"Data": {"ObjectId": "7", "Likelihood": 0.8}}
    (found,) = say(made(), crossed, topic)
    assert isinstance(found, Event)
    assert (found.type, found.status, found.confidence) == ("line_crossing", "occurred", 0.8)


def test_an_axis_camera_is_named_by_its_serial() -> None:
    decoder = made(sources={"ACCC8E000001": "gate-1"})
    on = say(decoder, axis("1"), "axis/event/tns:onvif/Device/tns:axis/Sensor/PIR")[0]
    off = say(decoder, axis("0"), "axis/event/tns:onvif/Device/tns:axis/Sensor/PIR")[0]
    assert isinstance(on, Event) and isinstance(off, Event)
    assert (on.source, on.type, on.status, off.status) == ("gate-1", "motion", "occurred", "cleared")


@pytest.mark.parametrize("prefix", ["wsnt", "ns0", "tev"])
def test_xml_notifications_are_read_whatever_their_prefixes(prefix: str) -> None:
    on, state = say(made(), xml("true", prefix), "cam9")
    assert isinstance(on, Event) and isinstance(state, Reading)
    assert (on.source, on.type, on.extra["topic"]) == ("cam9", "motion", "VideoSource/MotionAlarm")


def test_simple_items_in_a_list_are_read() -> None:
    found = message(True) | {"Data": {"SimpleItem": [{"Name": "IsMotion", "Value": "1"}]}}
    assert [type(each) for each in say(made(), found)] == [Event, Reading]


@pytest.mark.parametrize(
    ("payload", "topic", "reason"),
    [
        (b"{}", INSIDE, "onvif-shape"),
        (b"[]", INSIDE, "no-event"),
        (b"<a/>", INSIDE, "no-event"),
        (b'{"Data":{"State":true}}', "cam", "event-type"),
        (b'{"UtcTime":"soon","Data":{"State":true}}', INSIDE, "time"),
        (b"x", INSIDE, "not-json"),
    ],
)
def test_what_cannot_be_read_is_named(payload: bytes, topic: str, reason: str) -> None:
    (found,) = say(made(), payload, topic)
    assert isinstance(found, SetAside) and found.reason == reason
