"""SensorThings observations get their unit from their Datastream (DOMAIN.md, 2.4)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from console.formats.forms import Datastream, SensorThingsForm
from console.formats.sensorthings import SensorThingsDecoder
from console.settings import Feed
from db.records import Decoded, Reading, SetAside

NOW = 1_795_305_600_000
TOPIC = "v1.1/Datastreams(1)/Observations"
AT = "2026-11-22T00:00:00Z"
AT_MS = 1_795_305_600_000
CELSIUS = {"name": "degree Celsius", "symbol": "°C", "definition": "ucum:Cel"}
STREAM: dict[str, Any] = {
    "@iot.id": 1, "name": "Bridge temperature", "unitOfMeasurement": CELSIUS,
    "ObservedProperty": {"name": "temperature"}, "Thing": {"@iot.id": 7, "name": "bridge-3"},
    "observedArea": {"type": "Point", "coordinates": [127.0, 37.5]},
}  # fmt: skip


def observation(result: Any, **more: Any) -> dict[str, Any]:
    return {"@iot.id": 9, "phenomenonTime": AT, "resultTime": None, "result": result} | more


def made(**form: Any) -> SensorThingsDecoder:
    feed = Feed(kind="sensorthings", sensorthings=SensorThingsForm(**form))
    return SensorThingsDecoder("t", feed, ("utf-8",))


def say(decoder: SensorThingsDecoder, message: Any, topic: str = TOPIC) -> list[Decoded]:
    return decoder.decode(topic, json.dumps(message).encode(), NOW, False)


def test_an_observation_of_an_unknown_datastream_is_kept_as_uncertain() -> None:
    (found,) = say(made(), observation(12.3))
    assert isinstance(found, Reading)
    assert (found.source, found.quantity, found.unit) == ("Datastreams(1)", "result", "{unknown}")
    assert (found.quality, found.value, found.observed_ms) == ("uncertain", 12.3, AT_MS)


@pytest.mark.parametrize("as_list", [False, True])
def test_a_datastream_teaches_source_quantity_unit_and_place(as_list: bool) -> None:
    decoder = made()
    (said,) = say(decoder, {"value": [STREAM]} if as_list else STREAM, "v1.1/Datastreams")
    assert isinstance(said, SetAside) and said.reason == "datastream"
    (found,) = say(decoder, observation(12.3))
    assert isinstance(found, Reading)
    assert (found.source, found.quantity, found.unit) == ("bridge-3", "temperature", "Cel")
    assert (found.quality, found.lon, found.lat) == ("good", 127.0, 37.5)


def test_an_expanded_thing_teaches_its_datastreams_and_brings_their_values() -> None:
    inner = {key: value for key, value in STREAM.items() if key != "Thing"}
    thing = {"@iot.id": 7, "name": "bridge-3", "Datastreams": [inner | {"Observations": [observation(3)]}]}
    (found,) = say(made(), {"value": [thing]}, "poll")
    assert isinstance(found, Reading)
    assert (found.source, found.quantity, found.value, found.unit) == ("bridge-3", "temperature", 3.0, "Cel")


def test_an_expanded_observation_needs_nothing_else() -> None:
    (found,) = say(made(), observation(3, Datastream=STREAM), "v1.1/Observations")
    assert isinstance(found, Reading) and (found.source, found.unit) == ("bridge-3", "Cel")


def test_the_settings_count_first() -> None:
    decoder = made(datastreams={"1": Datastream("x", "t", "K")})
    say(decoder, STREAM)
    (found,) = say(decoder, observation(3))
    assert isinstance(found, Reading) and (found.source, found.unit) == ("x", "K")


def test_text_ids_and_intervals_are_read() -> None:
    decoder = made()
    say(decoder, STREAM | {"@iot.id": "'a-b'"})
    time = f"2026-11-21T23:00:00Z/{AT}"
    (found,) = say(decoder, observation(3, phenomenonTime=time), "x/v1.1/Datastreams('a-b')/Observations")
    assert isinstance(found, Reading)
    assert (found.source, found.observed_ms) == ("bridge-3", AT_MS)
    assert (found.period_s, found.statistic) == (3600, "avg")


def test_a_multidatastream_has_several_quantities() -> None:
    decoder = made()
    stream = {
        "@iot.id": 2, "name": "air", "Thing": {"name": "p1"},
        "unitOfMeasurements": [{"symbol": "µg/m³"}, {"symbol": "%"}],
        "ObservedProperties": [{"name": "pm10"}, {"name": "humidity"}],
    }  # fmt: skip
    say(decoder, stream)
    topic = "v1.1/MultiDatastreams(2)/Observations"
    found = say(decoder, observation([31, 55]), topic)
    assert [(r.quantity, r.value, r.unit) for r in found if isinstance(r, Reading)] == [
        ("pm10", 31.0, "ug/m3"),
        ("humidity", 55.0, "%"),
    ]
    (wrong,) = say(decoder, observation([31, 55, 1]), topic)
    assert isinstance(wrong, SetAside) and wrong.reason == "value"


@pytest.mark.parametrize(("result", "value"), [("열림", "열림"), (True, True), ("12.5", 12.5)])
def test_results_may_be_texts_and_truths(result: Any, value: Any) -> None:
    (found,) = say(made(), observation(result))
    assert isinstance(found, Reading) and found.value == value


def test_the_members_of_an_object_are_quantities() -> None:
    found = say(made(), observation({"x": 1, "y": 2}))
    assert [each.quantity for each in found if isinstance(each, Reading)] == ["result/x", "result/y"]


def test_a_page_that_nobody_follows_is_named() -> None:
    link = "http://h/v1.1/Datastreams(1)/Observations?$skip=2"
    found = say(made(), {"@iot.nextLink": link, "value": [observation(1)]}, "poll")
    assert isinstance(found[0], Reading) and found[0].source == "Datastreams(1)"
    assert isinstance(found[1], SetAside) and found[1].reason == "next-page"


@pytest.mark.parametrize(
    ("message", "topic", "reason"),
    [
        ({}, TOPIC, "no-reading"),
        (observation(1), "x", "no-datastream"),
        (observation(1, phenomenonTime="soon"), TOPIC, "time"),
        (observation(1, phenomenonTime=f"{AT}/2026-11-21T00:00:00Z"), TOPIC, "time"),
        (observation(None), TOPIC, "no-reading"),
    ],
)
def test_what_cannot_be_read_is_named(message: Any, topic: str, reason: str) -> None:
    (found,) = say(made(), message, topic)
    assert isinstance(found, SetAside) and found.reason == reason
