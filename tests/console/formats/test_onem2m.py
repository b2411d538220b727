"""oneM2M notifications are read and answered (DOMAIN.md, 2.7)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from console.formats.forms import OneM2mForm
from console.formats.onem2m import OneM2mDecoder
from console.settings import Feed, Mapped, Mapping
from db.records import Decoded, Reading, SetAside

NOW = 1_795_305_600_000
TOPIC = "/oneM2M/req/Mobius2/gwanje/json"
CT = "20261122T030405"
CT_MS = 1_795_316_645_000


def notification(con: Any, sur: str = "Mobius/ae1/temp/sub1", **cin: Any) -> dict[str, Any]:
    return {"sur": sur, "nev": {"net": 3, "rep": {"m2m:cin": {"rn": "4-1", "ct": CT, "con": con} | cin}}}


def request(sgn: Any, **more: Any) -> dict[str, Any]:
    return {"op": 5, "rqi": "r-1", "fr": "/Mobius2", "to": "gwanje", "pc": {"m2m:sgn": sgn}} | more


def decoder(**feed: Any) -> OneM2mDecoder:
    return OneM2mDecoder("o", Feed(kind="onem2m", **feed), ("utf-8",))


def decode(message: Any, topic: str = TOPIC, **feed: Any) -> list[Decoded]:
    return decoder(**feed).decode(topic, json.dumps(message).encode(), NOW, False)


def rows(message: Any, **feed: Any) -> list[tuple[Any, ...]]:
    found = decode(message, **feed)
    return [(r.source, r.quantity, r.value) for r in found if isinstance(r, Reading)]


@pytest.mark.parametrize("con", [27.5, "27.5", '"27.5"'])
def test_a_bare_value_is_named_by_its_container(con: Any) -> None:
    (found,) = decode(request(notification(con)))
    assert isinstance(found, Reading)
    assert (found.source, found.quantity, found.value) == ("Mobius/ae1", "temp", 27.5)
    assert found.observed_ms == CT_MS


@pytest.mark.parametrize("pack", [lambda c: c, json.dumps, lambda c: json.dumps(json.dumps(c))])
def test_an_object_is_read_also_as_a_text(pack: Any) -> None:
    con = {"temp": 23, "air": {"pm10": "31"}, "on": True, "note": None}
    wanted = [("temp", 23.0), ("air/pm10", 31.0), ("on", True)]
    found = rows(request(notification(pack(con))))
    assert [(q, v) for _, q, v in found] == wanted
    assert {s for s, _, _ in found} == {"Mobius/ae1/temp"}


def test_times_are_utc_with_a_fraction_after_a_comma() -> None:
    (found,) = decode(request(notification(1, ct=f"{CT},532674")))
    assert isinstance(found, Reading) and found.observed_ms == CT_MS + 532


def test_long_names_are_read() -> None:
    message = {
        "requestIdentifier": "r-2",
        "primitiveContent": {
            "m2m:singleNotification": {
                "subscriptionReference": "Mobius/ae1/temp/sub1",
                "notificationEvent": {
                    "representation": {"m2m:contentInstance": {"content": "3", "creationTime": CT}}
                },
            }
        },
    }
    assert rows(message) == [("Mobius/ae1", "temp", 3.0)]


@pytest.mark.parametrize("shape", ["list", "agn", "agn-notification"])
def test_a_batch_brings_all_its_notifications(shape: str) -> None:
    each = [notification(1), notification(2, "Mobius/ae2/temp/s")]
    content = {
        "list": {"m2m:sgn": each},
        "agn": {"m2m:agn": {"m2m:sgn": each}},
        "agn-notification": {"m2m:agn": {"m2m:notification": each}},
    }[shape]
    assert rows({"rqi": "r", "pc": content}) == [("Mobius/ae1", "temp", 1.0), ("Mobius/ae2", "temp", 2.0)]


@pytest.mark.parametrize("sgn", [notification(1), {"vrq": True, "sur": "x"}, {"sud": True, "sur": "x"}])
def test_a_request_is_answered_once_in_the_form_it_came(sgn: Any) -> None:
    for wrapped in (False, True):
        made = decoder()
        message = {"m2m:rqp": request(sgn)} if wrapped else request(sgn)
        made.decode(TOPIC, json.dumps(message).encode(), NOW, False)
        (answer,) = made.take_answers()
        assert answer.topic == "/oneM2M/resp/Mobius2/gwanje/json"
        found = json.loads(answer.payload)
        wanted = {"rsc": 2000, "rqi": "r-1", "to": "/Mobius2", "fr": "gwanje"}
        assert found == ({"m2m:rsp": wanted} if wrapped else wanted)
        assert made.take_answers() == []


def test_verification_and_deletion_are_named() -> None:
    for sgn in ({"vrq": True, "sur": "x"}, {"sud": True, "sur": "x"}):
        (found,) = decode(request(sgn))
        assert isinstance(found, SetAside) and found.reason == "onem2m-notice"


def test_a_post_is_read_and_needs_no_answer_by_mqtt() -> None:
    made = decoder()
    message = json.dumps({"m2m:sgn": notification("7")}).encode()
    (found,) = made.decode("hooks/onem2m", message, NOW, False)
    assert isinstance(found, Reading) and found.value == 7.0
    assert made.take_answers() == []


def test_a_position_in_the_content_is_the_readings() -> None:
    con = {"lat": 37.5, "lng": 127.0, "pm10": 31}
    (found,) = decode(request(notification(con)))
    assert isinstance(found, Reading) and (found.lon, found.lat) == (127.0, 37.5)
    swapped = decode(request(notification({"lat": 127.0, "lon": 37.5, "pm10": 31})))
    assert [type(each) for each in swapped] == [SetAside, Reading]
    exchanged = decode(request(notification({"lat": 37.5, "lon": 227.0, "pm10": 31})))
    assert isinstance(exchanged[0], SetAside) and exchanged[0].reason == "position"


def test_the_settings_name_sources_quantities_and_units() -> None:
    form = OneM2mForm(
        sources={"Mobius/ae1/temp": "pole-1/t"},
        quantities={"t": "temperature"},
        units={"temperature": "Cel"},
    )
    (found,) = decode(request(notification(1)), onem2m=form)
    assert isinstance(found, Reading)
    assert (found.source, found.quantity, found.unit) == ("pole-1", "temperature", "Cel")


def test_a_mapping_reads_the_instance_by_its_containers_path() -> None:
    mapping = Mapping(
        topic="Mobius/{source}/air",
        time="ct",
        time_format="%Y%m%dT%H%M%S",
        time_zone="UTC",
        values=(Mapped(quantity="pm10", value="con.p[0]", unit="ug/m3"),),
    )
    message = request(notification('{"p":[31,2]}', "/Mobius/ae7/air/sub"))
    (found,) = decode(message, mappings=(mapping,))
    assert isinstance(found, Reading)
    assert (found.source, found.value, found.observed_ms) == ("ae7", 31.0, CT_MS)


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ({}, "onem2m-shape"),
        ([], "onem2m-shape"),
        (request({"sur": "x"}), "onem2m-shape"),
        (request(notification(1, ct="yesterday")), "time"),
        (request(notification([])), "value"),
        (request(notification({})), "no-reading"),
    ],
)
def test_what_cannot_be_read_is_named(message: Any, reason: str) -> None:
    (found,) = decode(message)
    assert isinstance(found, SetAside) and found.reason == reason
