"""NGSI-LD and NGSIv2: every shape of an entity says the same."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from console.formats.decoders import decoder
from console.formats.forms import NgsiForm
from console.settings import Feed
from db.records import Decoded, Event, Flag, PlateRead, Reading, SetAside
from tests.console.formats.damage import damaged

SAMPLES = Path(__file__).resolve().parents[4] / "shared" / "samples" / "ngsi-ld"
NOW = 1_800_000_000_000
OBSERVED = 1_795_312_800_000  # 2026-11-22T02:00:00Z
FORM = {
    "stationName": "왕십리",
    "temperature": 21.5,
    "relativeHumidity": 0.54,
    "pm25": 12.0,
    "airQualityLevel": "보통",
}


def decoded(message: Any, *, retained: bool = False, anywhere: bool = False) -> list[Decoded]:
    payload = message if isinstance(message, bytes) else json.dumps(message, ensure_ascii=False).encode()
    feed = Feed(kind="ngsi-ld", topics=("hub/#",), ngsi=NgsiForm(outside_korea=anywhere))
    return decoder("hub", feed).decode("hub/x", payload, NOW, retained)


def readings(message: Any, **more: Any) -> dict[str, Reading]:
    found = decoded(message, **more)
    assert not [each for each in found if isinstance(each, SetAside)], found
    return {each.quantity: each for each in found if isinstance(each, Reading)}


def entity(shape: str, when: Any = "2026-11-22T11:00:00+09:00") -> dict[str, Any]:
    """One station in a shape of its own."""
    place = {"type": "Point", "coordinates": [127.0369, 37.5613]}
    plain = {"dateObserved": when, "location": place, **FORM}
    known = {"id": "st1", "type": "AirQualityObserved"}
    match shape:
        case "v2 values":
            return known | plain
        case "v2 normalized":
            types = {float: "Number", str: "Text", dict: "geo:json"}
            return known | {
                name: {"type": types.get(type(v), "Text"), "value": v} for name, v in plain.items()
            }
        case "ld values":
            return {**known, **plain, "id": "urn:ngsi-ld:AirQualityObserved:st1", "@context": ["https://x"]}
        case "ld normalized":
            kinds = {name: "GeoProperty" if name == "location" else "Property" for name in plain}
            made = {name: {"type": kinds[name], "value": value} for name, value in plain.items()}
            made["dateObserved"] = {"type": "Property", "value": {"@type": "DateTime", "@value": when}}
            return {"id": "urn:ngsi-ld:AirQualityObserved:st1", "type": "AirQualityObserved", **made}
        case _:  # concise
            made = {name: {"value": value} for name, value in plain.items() if name != "location"}
            return {
                "id": "urn:ngsi-ld:AirQualityObserved:st1",
                "type": "AirQualityObserved",
                **made,
                "location": place,
            }


SHAPES = ["v2 values", "v2 normalized", "ld values", "ld normalized", "concise"]


@pytest.mark.parametrize("shape", SHAPES)
def test_trap_14_every_shape_gives_the_same_rows(shape: str) -> None:
    found = readings(entity(shape))
    rows = {(r.source, r.quantity, r.value, r.unit, r.observed_ms, r.lon, r.lat) for r in found.values()}
    common = ("st1",), (OBSERVED, 127.0369, 37.5613)
    assert rows == {
        (*common[0], "temperature", 21.5, "Cel", *common[1]),
        (*common[0], "humidity", 54.0, "%", *common[1]),
        (*common[0], "pm25", 12.0, "ug/m3", *common[1]),
        (*common[0], "air_quality_grade", "보통", "1", *common[1]),
    }


@pytest.mark.parametrize(
    "envelope",
    [
        lambda e: {"id": "n", "type": "Notification", "subscriptionId": "s", "data": [e]},
        lambda e: {"subscriptionId": "s", "data": [e]},
        lambda e: {"datasetId": "d", "entities": [e]},
        lambda e: [e],
        lambda e: {
            "metadata": {"Content-Type": "application/json", "Link": '["http://x/context.jsonld"]'},
            "body": {"id": "n", "type": "Notification", "subscriptionId": "s", "data": [e]},
        },
        lambda e: {"metadata": {}, "body": json.dumps({"subscriptionId": "s", "data": [e]})},
        lambda e: {
            "type": "FeatureCollection",
            "features": [
                {
                    "type": "Feature",
                    "id": e["id"],
                    "geometry": e["location"]["value"],
                    "properties": {name: v for name, v in e.items() if name not in ("id", "location")},
                }
            ],
        },
    ],
    ids=["notification", "v2 notification", "batch", "list", "datahub", "datahub text", "geojson"],
)
def test_trap_15_every_envelope_is_opened(envelope: Any) -> None:
    found = readings(envelope(entity("ld normalized")))
    assert {each.quantity for each in found.values()} >= {"temperature", "humidity", "pm25"}
    assert {each.lon for each in found.values()} == {127.0369}


@pytest.mark.parametrize(
    ("text", "at_ms", "period_s"),
    [
        ("2026-11-22T11:00:00,000+09:00", OBSERVED, 0),
        ("2026-11-22T02:00:00Z", OBSERVED, 0),
        ("2026-11-22T11:00:00", OBSERVED, 0),
        ("2026-11-22T10:55:00/2026-11-22T11:00:00", OBSERVED, 300),
    ],
)
def test_trap_14_times_with_commas_intervals_and_without_a_zone(text: str, at_ms: int, period_s: int) -> None:
    for found in readings(entity("ld normalized", text)).values():
        assert (found.observed_ms, found.period_s) == (at_ms, period_s)


def test_the_senders_unit_and_time_count_before_the_entitys() -> None:
    found = readings(
        {
            "id": "x",
            "type": "Device",
            "temperature": {
                "type": "Property",
                "value": 70,
                "unitCode": "FAH",
                "observedAt": "2026-11-22T02:00:00Z",
            },
            "relativeHumidity": {"type": "Property", "value": 0.9, "unitCode": "P1"},
            "crackWidth": {"type": "Number", "value": 0.3, "metadata": {"unitCode": {"value": "MMT"}}},
        }
    )
    assert (found["temperature"].unit, found["temperature"].observed_ms) == ("Cel", OBSERVED)
    assert found["temperature"].value == pytest.approx(21.111111)  # rules compare numbers, so in our unit
    assert (found["humidity"].value, found["humidity"].observed_ms) == (0.9, NOW)
    assert (found["crackWidth"].value, found["crackWidth"].unit) == (0.3, "mm")


def test_nested_values_of_the_city_data_hub_are_found() -> None:
    found = readings(
        {
            "id": "urn:datahub:AirQualityObserved:a1",
            "type": "AirQualityObserved",
            "airQualityObservation": {
                "type": "Property",
                "value": {"so2": 0.003, "pm10": 40, "pm25": 21},
                "observedAt": "2018-11-16T05:09:55,000+09:00",
            },
            "airQualityIndexObservation": {
                "type": "Property",
                "value": {"totalIndex": 67, "totalCategory": "좋음"},
            },
        }
    )
    assert {name: each.value for name, each in found.items()} == {
        "so2": 0.003, "pm10": 40.0, "pm25": 21.0, "air_quality_index": 67.0, "air_quality_grade": "좋음",
    }  # fmt: skip
    assert found["pm10"].source == "urn:datahub:AirQualityObserved:a1"
    assert found["pm10"].observed_ms == 1_542_312_595_000


def test_a_temporal_answer_gives_each_value_at_its_time() -> None:
    times = [f"2026-11-22T02:0{v}:00Z" for v in range(3)]
    many = [{"type": "Property", "value": v, "observedAt": times[v]} for v in range(3)]
    listed = decoded({"id": "x", "type": "D", "pm10": many})
    paired = decoded(
        {
            "id": "x",
            "type": "D",
            "pm10": {"type": "Property", "values": [[v, f"2026-11-22T02:0{v}:00Z"] for v in range(3)]},
        }
    )
    assert listed == paired
    assert [each.observed_ms for each in listed if isinstance(each, Reading)] == [
        OBSERVED + v * 60_000 for v in range(3)
    ]


def test_links_descriptions_and_nothing_are_no_readings() -> None:
    (aside,) = decoded(
        {
            "id": "x", "type": "D", "name": "이름", "refDevice": {"type": "Relationship", "object": "urn:y"},
            "hasPart": {"type": "Relationship", "object": "urn:z"}, "note": "글", "gone": None,
        }
    )  # fmt: skip
    assert isinstance(aside, SetAside) and aside.reason == "no-reading"


def test_an_alert_is_an_event_and_keeps_what_is_unknown() -> None:
    alert = {
        "id": "urn:ngsi-ld:Alert:a1", "type": "Alert", "category": {"type": "Property", "value": "traffic"},
        "subCategory": {"type": "Property", "value": "carAccident"},
        "severity": {"type": "Property", "value": "high"}, "dateIssued": "2026-11-22T02:00:00Z",
        "address": {"type": "Property", "value": {"addressLocality": "성동구", "streetAddress": "왕십리로"}},
        "description": {"type": "Property", "value": "<b>2중 추돌</b>"}, "lanes": {"value": 2},
    }  # fmt: skip
    (event,) = decoded(alert, retained=True)
    assert isinstance(event, Event)
    assert (event.type, event.grade, event.status, event.place) == (
        "carAccident",
        "high",
        "occurred",
        "성동구 왕십리로",
    )
    assert (event.text, event.extra["lanes"], event.flags) == ("<b>2중 추돌</b>", 2, int(Flag.RETAINED))
    (ended,) = decoded(alert | {"validTo": "2026-11-22T03:00:00Z"})
    assert isinstance(ended, Event) and ended.status == "ended"


def test_a_plate_is_read_in_both_of_its_forms() -> None:
    for plate in ("99가9999", {"identifier": "99가9999", "confidence": 0.9}):
        found = decoded(
            {
                "id": "cam1", "type": "AnprFlowObserved", "laneId": "2",
                "dateObserved": "2026-11-22T02:00:00Z",
                "observedVehicle": {"type": "Property", "value": {"licensePlate": plate, "speed": 50}},
            }
        )  # fmt: skip
        assert isinstance(found[0], PlateRead)
        assert (found[0].plate, found[0].lane, found[0].speed_kmh) == ("99가9999", "2", 50.0)


@pytest.mark.parametrize(
    ("point", "why"),
    [
        ([-4.7, 41.6], "outside Korea"),
        ([37.5, 127.0], "no angle|swapped"),
        ([-56.6, 168.37], "no angle"),
        (["x", 1], "no angle|point"),
    ],
)
def test_trap_14_a_position_that_cannot_be_is_refused_and_the_values_are_kept(
    point: list[Any], why: str
) -> None:
    found = decoded({"id": "x", "type": "D", "pm10": 5, "location": {"type": "Point", "coordinates": point}})
    kept = [each for each in found if isinstance(each, Reading)]
    aside = [each for each in found if isinstance(each, SetAside)]
    assert (kept[0].value, kept[0].lon) == (5.0, None)
    assert [each.reason for each in aside] == ["position"]
    assert re.search(why, aside[0].detail)


def test_lines_and_areas_have_a_point_of_their_own() -> None:
    line = {"type": "LineString", "coordinates": [[127.0, 37.5], [127.01, 37.51], [127.02, 37.52]]}
    ring = [[127.0, 37.0], [127.2, 37.0], [127.2, 37.2], [127.0, 37.2], [127.0, 37.0]]
    area = {"type": "Polygon", "coordinates": [ring]}
    for shape, where in ((line, (127.01, 37.51)), (area, (127.1, 37.1))):
        found = readings(
            {"id": "x", "type": "D", "pm10": 5, "location": {"type": "GeoProperty", "value": shape}}
        )
        assert (round(found["pm10"].lon or 0, 6), round(found["pm10"].lat or 0, 6)) == where


@pytest.mark.parametrize(
    "bad", [b"7", b'"x"', b"[]", b"{}", b'{"type":"T"}', b"[1]", b'{"data":[],"subscriptionId":"s"}']
)
def test_what_is_no_entity_is_set_aside_with_a_reason(bad: bytes) -> None:
    found = decoded(bad)
    assert found and all(isinstance(each, SetAside) for each in found)


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the samples are not beside the checkout")
@pytest.mark.parametrize("model", ["TrafficFlowObserved", "AnprFlowObserved"])
def test_trap_14_all_shapes_of_a_published_example_say_the_same(model: str) -> None:
    rows = []
    for path in sorted(SAMPLES.glob(f"{model}*")):
        found = decoded(path.read_bytes(), anywhere=True)
        rows.append(
            {
                (each.source, each.quantity, each.value, each.unit, each.observed_ms, each.period_s)
                if isinstance(each, Reading)
                else (each.source, each.plate, each.lane, each.speed_kmh, each.observed_ms)
                for each in found
                if isinstance(each, Reading | PlateRead)
            }
        )
    assert len(rows) == 4
    assert all(row == rows[0] and row for row in rows)


def test_no_damage_makes_the_decoder_fail() -> None:
    valid = [json.dumps(entity(shape), ensure_ascii=False).encode() for shape in SHAPES]
    for payload in damaged(valid, 3000, seed=14):
        found = decoded(payload)
        assert found
