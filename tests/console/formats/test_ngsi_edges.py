"""NGSI at its edges: damaged entities, units that differ, several instances, forecasts, ends of events."""

from __future__ import annotations

import json
import random
from typing import Any

from console.formats.forms import NgsiForm
from console.formats.ngsi import NgsiDecoder
from console.settings import Feed
from db.records import Decoded, Event, Flag, Reading

NOW = 1_795_344_600_000
JUNK: list[Any] = [
    None, True, [], {}, [[]], ["Property"], "x", 1e308, -1, "2026-13-01", "a/b", {"@value": []},
    {"type": "Property"}, {"type": ["Property"], "value": 3}, {"type": "Property", "values": []},
    {"type": {}, "value": 1}, {"value": None}, {"@type": "DateTime", "@value": {}}, "urn:ngsi-ld:null",
    {"type": "Polygon", "coordinates": []}, {"type": "Point", "coordinates": ["a", 1]}, {"languageMap": {}},
    "0001-01-01T00:00:00", "9999-12-31T23:59:59-12:00",
]  # fmt: skip
ALERT = {
    "id": "urn:ngsi-ld:Alert:1",
    "type": "Alert",
    "category": {"type": "Property", "value": "traffic"},
    "validTo": {"type": "Property", "value": {"@type": "DateTime", "@value": "2026-11-22T12:00:00Z"}},
    "location": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [127.0, 37.5]}},
}
NOTIFIED = {
    "metadata": {"Content-Type": "application/json", "Link": '["http://hub/context"]'},
    "body": {
        "id": "n",
        "type": "Notification",
        "subscriptionId": "s",
        "notifiedAt": "2026-11-22T10:00:00,000+09:00",
        "data": [
            {
                "id": "urn:datahub:AirQualityObserved:1",
                "type": "AirQualityObserved",
                "airQualityObservation": {
                    "type": "Property",
                    "value": {"pm10": 31, "so2": 0.003},
                    "observedAt": "2026-11-22T10:00:00,000+09:00",
                },
                "temperature": [{"type": "Property", "value": 20, "datasetId": "urn:1", "unitCode": "CEL"}],
            }
        ],
    },
}


def decode(entity: Any) -> list[Decoded]:
    decoder = NgsiDecoder("hub", Feed(kind="ngsi-ld", topics=("a",)), ("utf-8",))
    return decoder.decode("a", json.dumps(entity).encode(), NOW, False)


def readings(entity: Any) -> dict[str, Reading]:
    return {each.quantity: each for each in decode(entity) if isinstance(each, Reading)}


def damaged(value: Any, chance: random.Random) -> Any:
    copy = json.loads(json.dumps(value))
    places: list[tuple[Any, Any]] = []
    stack = [copy]
    while stack:
        here = stack.pop()
        keys = list(here) if isinstance(here, dict) else range(len(here)) if isinstance(here, list) else ()
        places += [(here, key) for key in keys]
        stack += [here[key] for key in keys]
    for _ in range(chance.randint(1, 4)):
        holder, key = chance.choice(places)
        holder[key] = chance.choice(JUNK)
    return copy


def test_whatever_stands_in_an_entity_there_is_an_answer() -> None:
    chance = random.Random(14)
    for _ in range(2_000):
        assert decode(damaged(chance.choice([ALERT, NOTIFIED]), chance))


def test_trap_14_a_value_in_another_unit_is_kept_in_the_unit_that_rules_are_written_in() -> None:
    wind = {"id": "w", "type": "WeatherObserved", "windSpeed": {"type": "Property", "value": 36}}
    assert (readings(wind)["wind_speed"].value, readings(wind)["wind_speed"].unit) == (36.0, "m/s")
    wind["windSpeed"]["unitCode"] = "KMH"  # type: ignore[index]
    assert (readings(wind)["wind_speed"].value, readings(wind)["wind_speed"].unit) == (10.0, "m/s")


def test_trap_14_fractions_become_per_cent_unless_the_unit_says_that_they_are() -> None:
    share = readings({"id": "w", "type": "TrafficFlowObserved", "occupancy": 0.76, "relativeHumidity": 0.54})
    assert [(share[name].value, share[name].unit) for name in ("occupancy", "humidity")] == [
        (76.0, "%"), (54.0, "%")
    ]  # fmt: skip
    said = {"type": "Property", "value": 0.5, "unitCode": "P1"}
    assert readings({"id": "w", "type": "WeatherObserved", "relativeHumidity": said})["humidity"].value == 0.5


def test_instances_of_one_attribute_do_not_replace_each_other() -> None:
    several = [
        {"type": "Property", "value": 1},
        {"type": "Property", "value": 2, "datasetId": "urn:ngsi-ld:Dataset:roof"},
    ]
    found = readings({"id": "d", "type": "Device", "temperature": several})
    assert {name: each.value for name, each in found.items()} == {"temperature": 1.0, "temperature@roof": 2.0}


def test_a_forecast_is_marked_as_one() -> None:
    found = readings(
        {"id": "w", "type": "WeatherForecast", "validFrom": "2026-11-23T10:00:00Z", "temperature": 3}
    )
    assert found["temperature"].flags == Flag.FORECAST


def test_an_alert_ends_by_its_status_and_speaks_korean() -> None:
    described = {"type": "LanguageProperty", "languageMap": {"en": "crash", "ko": "추돌 사고"}}
    for status, wanted in (("open", "occurred"), ("closed", "ended"), ("cancelled", "cancelled")):
        (event,) = (
            each
            for each in decode(ALERT | {"status": status, "description": described})
            if isinstance(each, Event)
        )
        assert (event.status, event.text) == (wanted, "추돌 사고")


def gases(units: dict[str, str] | None = None, **attributes: Any) -> dict[str, tuple[object, str, str]]:
    """By quantity the value, unit and quality that the decoder gives of these attributes."""
    entity = {"id": "urn:ngsi-ld:AirQualityObserved:g", "type": "AirQualityObserved", **attributes}
    decoder = NgsiDecoder("hub", Feed(kind="ngsi-ld", ngsi=NgsiForm(units=units or {})), ("utf-8",))
    found = decoder.decode("t", json.dumps(entity).encode(), NOW, False)
    return {
        each.quantity: (each.value, each.unit, each.quality) for each in found if isinstance(each, Reading)
    }


def test_a_gas_without_a_unit_code_is_uncertain_and_has_no_unit() -> None:
    assert gases(o3=0.031, CO=500, pm10=45) == {
        "o3": (0.031, "1", "uncertain"),
        "co": (500, "1", "uncertain"),
        "pm10": (45, "ug/m3", "good"),
    }


def test_a_unit_code_says_what_a_gas_is_measured_in() -> None:
    stated = {"type": "Property", "value": 69, "unitCode": "GQ"}
    parts = {"type": "Property", "value": 31, "unitCode": "61"}
    assert gases(NO2=stated, o3=parts) == {"no2": (69, "ug/m3", "good"), "o3": (31, "[ppb]", "good")}


def test_the_feed_may_say_in_which_unit_its_hub_gives_gases() -> None:
    assert gases({"o3": "[ppm]"}, o3=0.031, no2=0.02) == {
        "o3": (0.031, "[ppm]", "good"),
        "no2": (0.02, "1", "uncertain"),
    }
