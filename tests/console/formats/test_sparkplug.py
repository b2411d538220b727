"""Sparkplug B 3.0 by its chapters and by trap 18 of the field (DOMAIN.md, 6)."""

from __future__ import annotations

import gzip

import pytest

from console.formats import sparkplug_wire
from console.formats.forms import SparkplugForm
from console.formats.sparkplug import SparkplugDecoder
from console.settings import Feed
from db.records import Decoded, Flag, Mark, Reading, SetAside
from tests.console.formats.sparkplug_bytes import (
    NOW,
    bd_seq,
    metric,
    node_birth,
    number,
    payload,
    properties,
    span,
)

TEMPERATURE = metric("Temp", alias=1, type_=9, float=20.5, props=properties(engUnit="°C"))
PUMP = metric("Pump/Running", alias=2, type_=11, boolean=True)


class Site:
    """A decoder and the topics of one group."""

    def __init__(self, **form: object) -> None:
        self.decoder = SparkplugDecoder(
            "s",
            Feed(kind="sparkplug", sparkplug=SparkplugForm(**form)),  # type: ignore[arg-type]
            ("utf-8",),
        )

    def say(self, kind: str, content: bytes, *, node: str = "gw", at: int = NOW + 5) -> list[Decoded]:
        name, _, device = node.partition("/")
        topic = "/".join(part for part in ("spBv1.0", "plant", kind, name, device) if part)
        return self.decoder.decode(topic, content, at, False)


def born(**form: object) -> Site:
    """A site with a node and its device alive; the next count is 2."""
    site = Site(**form)
    site.say("NBIRTH", node_birth(metric("Load", alias=9, type_=3, int=7), bd=3))
    site.say("DBIRTH", payload(TEMPERATURE, PUMP, seq=1), node="gw/dev")
    return site


def readings(found: list[Decoded]) -> list[Reading]:
    return [each for each in found if isinstance(each, Reading)]


def reasons(found: list[Decoded]) -> list[str]:
    return [each.reason for each in found if isinstance(each, SetAside)]


def marks(found: list[Decoded]) -> list[int]:
    return [each.seq for each in found if isinstance(each, Mark)]


def test_a_birth_names_what_data_say_by_alias() -> None:
    site = born()
    (reading,) = readings(
        site.say("DDATA", payload(metric(alias=1, at=NOW + 1000, float=21.25), seq=2), node="gw/dev")
    )
    assert (reading.source, reading.quantity, reading.value) == ("plant/gw/dev", "Temp", 21.25)
    assert (reading.unit, reading.observed_ms, reading.quality) == ("Cel", NOW + 1000, "good")


def test_a_birth_brings_the_values_of_the_moment_and_says_that_the_device_is_online() -> None:
    site = Site()
    site.say("NBIRTH", node_birth())
    found = readings(site.say("DBIRTH", payload(TEMPERATURE, PUMP, seq=1), node="gw/dev"))
    assert {each.quantity: each.value for each in found} == {
        "online": 1.0,
        "Temp": 20.5,
        "Pump/Running": True,
    }


def test_controls_and_the_birth_number_are_no_readings() -> None:
    found = readings(Site().say("NBIRTH", node_birth()))
    assert [each.quantity for each in found] == ["online"]


def test_trap_18_the_count_goes_on_from_255_to_0() -> None:
    site = born()
    seen: list[int] = []
    for seq in [*range(2, 256), 0, 1]:
        found = site.say("DDATA", payload(metric(alias=1, float=1.0), seq=seq), node="gw/dev")
        seen += marks(found)
    assert seen == list(range(2, 258))
    assert site.decoder.take_answers() == []


def test_trap_18_a_gap_asks_for_births_and_shows_in_the_count() -> None:
    site = born(rebirth=True)
    found = site.say("DDATA", payload(metric(alias=1, float=1.0), seq=5), node="gw/dev")
    assert marks(found) == [5]
    (answer,) = site.decoder.take_answers()
    assert answer.topic == "spBv1.0/plant/NCMD/gw"
    read = sparkplug_wire.read(answer.payload)
    (command,) = read.metrics
    assert (command.name, command.datatype, command.value) == ("Node Control/Rebirth", 11, True)
    assert read.timestamp == command.timestamp == NOW + 5
    assert site.decoder.take_answers() == []


def test_trap_18_nothing_is_asked_where_the_console_may_only_listen() -> None:
    site = born()
    site.say("DDATA", payload(metric(alias=1, float=1.0), seq=9), node="gw/dev")
    assert site.decoder.take_answers() == []


def test_a_node_is_asked_once_a_minute() -> None:
    site = Site(rebirth=True)
    for after in (0, 1000, 59_000, 60_000):
        site.say("NDATA", payload(metric(alias=4, float=1.0), seq=3), at=NOW + after)
    assert len(site.decoder.take_answers()) == 2


def test_a_message_that_was_overtaken_is_no_gap() -> None:
    site = born(rebirth=True)
    numbers = [
        marks(site.say("DDATA", payload(metric(alias=1, float=1.0), seq=n), node="gw/dev")) for n in (3, 2, 4)
    ]
    assert numbers == [[3], [2], [4]]
    assert len(site.decoder.take_answers()) == 1  # for 2, which had not come when 3 did


def test_trap_18_the_death_of_an_earlier_session_is_ignored() -> None:
    site = born()
    assert reasons(site.say("NDEATH", payload(bd_seq(2)))) == ["sparkplug-old"]
    assert readings(site.say("DDATA", payload(metric(alias=1, float=1.0), seq=2), node="gw/dev"))


def test_trap_18_the_death_of_a_node_takes_its_devices_with_it() -> None:
    found = readings(born().say("NDEATH", payload(bd_seq(3), at=NOW - 10_000), at=NOW + 9))
    assert [(each.source, each.quantity, each.value) for each in found] == [
        ("plant/gw", "online", 0.0),
        ("plant/gw/dev", "online", 0.0),
    ]
    assert {each.observed_ms for each in found} == {NOW + 9}  # a will has the time of its connection


def test_the_death_of_a_device_leaves_the_node_alive() -> None:
    site = born()
    found = site.say("DDEATH", payload(seq=2), node="gw/dev")
    assert [(each.source, each.value) for each in readings(found)] == [("plant/gw/dev", 0.0)]
    assert marks(found) == [2]
    assert readings(site.say("NDATA", payload(metric(alias=9, int=8), seq=3)))


def test_trap_18_historical_values_are_marked_so_that_they_never_alarm() -> None:
    found = born().say("DDATA", payload(metric(alias=1, float=99.0, flags=(5,)), seq=2), node="gw/dev")
    assert [each.flags for each in readings(found)] == [int(Flag.HISTORICAL)]


def test_trap_18_an_alias_before_the_birth_is_set_aside_and_asked_for() -> None:
    site = Site(rebirth=True)
    assert reasons(site.say("NDATA", payload(metric(alias=1, float=1.0), seq=7))) == ["sparkplug-alias"]
    assert len(site.decoder.take_answers()) == 1
    (reading,) = readings(site.say("NDATA", payload(metric("Temp", type_=9, float=1.0), seq=8)))
    assert reading.value == 1.0  # a name needs no birth


def test_a_new_birth_voids_the_aliases_of_the_one_before() -> None:
    site = born()
    site.say("NBIRTH", node_birth(bd=4))
    found = site.say("DDATA", payload(metric(alias=1, float=1.0), seq=1), node="gw/dev")
    assert reasons(found) == ["sparkplug-alias"]


def test_a_device_that_is_born_alone_is_read_by_its_aliases() -> None:
    """The console was started while the node lived, and only the device was born since."""
    site = Site()
    site.say("DBIRTH", payload(TEMPERATURE, seq=90), node="gw/dev")
    found = site.say("DDATA", payload(metric(alias=1, float=1.5), seq=91), node="gw/dev")
    assert [each.value for each in readings(found)] == [1.5]


def test_after_the_death_of_a_node_its_aliases_mean_nothing() -> None:
    site = born()
    site.say("NDEATH", payload(bd_seq(3)))
    found = site.say("DDATA", payload(metric(alias=1, float=1.0), seq=2), node="gw/dev")
    assert reasons(found) == ["sparkplug-alias"]


def test_an_alias_means_one_metric_of_a_node_and_its_devices() -> None:
    site = Site()
    site.say("NBIRTH", node_birth(metric("Load", alias=1, type_=3, int=7)))
    found = site.say("DBIRTH", payload(TEMPERATURE, seq=1), node="gw/dev")
    assert reasons(found) == ["sparkplug-alias"]
    wrong = site.say("DDATA", payload(metric(alias=1, float=1.0), seq=2), node="gw/dev")
    assert reasons(wrong) == ["sparkplug-alias"]


@pytest.mark.parametrize(
    ("kind", "said", "value"),
    [
        (1, {"int": 0xFE}, -2.0),
        (1, {"int": 0xFFFF_FFFE}, -2.0),
        (1, {"int": 127}, 127.0),
        (2, {"int": 0x8000}, -32768.0),
        (2, {"int": 0xFFFF_8000}, -32768.0),
        (3, {"int": 0xFFFF_FFFF}, -1.0),
        (4, {"long": 0xFFFF_FFFF_FFFF_FFFF}, -1.0),
        (3, {"long": 0xFFFF_FFFF_FFFF_FFFF}, -1.0),
        (5, {"int": 255}, 255.0),
        (6, {"int": 65535}, 65535.0),
        (7, {"int": 0xFFFF_FFFF}, 4294967295.0),
        (7, {"long": 4000000000}, 4000000000.0),
        (8, {"long": 1 << 52}, float(1 << 52)),
        (9, {"float": 0.5}, 0.5),
        (10, {"double": -0.1}, -0.1),
        (11, {"boolean": False}, False),
        (11, {"int": 1}, True),
        (12, {"string": "가동"}, "가동"),
        (13, {"long": NOW}, "2026-11-22T00:00:00.000+00:00"),
        (14, {"string": "a\nb"}, "a\nb"),
        (15, {"string": "6f2c"}, "6f2c"),
        (None, {"double": 2.5}, 2.5),
    ],
)
def test_every_scalar_type_is_read(kind: int | None, said: dict[str, object], value: object) -> None:
    (reading,) = readings(Site().say("NDATA", payload(metric("m", type_=kind, **said))))
    assert (reading.value, type(reading.value)) == (value, type(value))


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (1, {"int": 300}),
        (5, {"int": 256}),
        (9, {"float": float("nan")}),
        (10, {"double": float("inf")}),
        (3, {"string": "7"}),
        (13, {"long": 1 << 60}),
        (12, {"string": "x" * 1001}),
    ],
)
def test_a_value_that_is_not_of_its_type_is_set_aside(kind: int, said: dict[str, object]) -> None:
    assert reasons(Site().say("NDATA", payload(metric("m", type_=kind, **said)))) == ["value"]


@pytest.mark.parametrize("kind", [16, 17, 18, 19, 22, 31, 34])
def test_structures_bytes_and_arrays_are_passed_over_with_one_notice_a_birth(kind: int) -> None:
    site = Site()
    blob = metric("Blob", alias=5, type_=kind, bytes=b"\1\2\3")
    assert reasons(site.say("NBIRTH", node_birth(blob))) == ["sparkplug-type"]
    more = payload(metric(alias=5, bytes=b"\4"), metric("m", type_=9, float=1.0), seq=1)
    assert reasons(site.say("NDATA", more)) == []


def test_null_and_transient_values_are_no_readings() -> None:
    site = Site()
    null = metric("a", type_=9, flags=(7,))
    passing = metric("b", type_=9, float=1.0, flags=(6,))
    assert reasons(site.say("NDATA", payload(null, passing))) == ["no-reading"]


@pytest.mark.parametrize(
    ("code", "quality"), [(192, "good"), (0, "bad"), (500, "uncertain"), (64, "uncertain")]
)
def test_the_property_quality_says_how_good_a_value_is(code: int, quality: str) -> None:
    said = metric("m", type_=9, float=1.0, props=properties(Quality=code))
    assert [each.quality for each in readings(Site().say("NDATA", payload(said)))] == [quality]


def test_the_settings_name_quantities_and_units() -> None:
    site = Site(quantities={"Temp": "temperature"}, units={"Temp": "Cel"})
    (reading,) = readings(site.say("NDATA", payload(metric("Temp", type_=9, float=1.0))))
    assert (reading.quantity, reading.unit) == ("temperature", "Cel")


def test_a_unit_nobody_knows_stands_in_braces() -> None:
    said = metric("m", type_=9, float=1.0, props=properties(**{"Engineering Units": "trucks{}"}))
    assert [each.unit for each in readings(Site().say("NDATA", payload(said)))] == ["{trucks}"]


def test_a_metric_without_a_time_has_that_of_its_message() -> None:
    (reading,) = readings(Site().say("NDATA", payload(metric("m", at=None, type_=9, float=1.0), at=NOW - 7)))
    assert reading.observed_ms == NOW - 7


@pytest.mark.parametrize(
    ("topic", "said", "value"),
    [
        ("spBv1.0/STATE/scada", b'{"online":true,"timestamp":1795305600000}', 1.0),
        ("spBv1.0/STATE/scada", b'{"online":false,"timestamp":1795305600000}', 0.0),
        ("STATE/scada", b"OFFLINE", 0.0),
        ("STATE/scada", b"ONLINE", 1.0),
    ],
)
def test_the_state_of_a_host_is_read_in_both_forms(topic: str, said: bytes, value: float) -> None:
    (reading,) = Site().decoder.decode(topic, said, NOW, True)
    assert isinstance(reading, Reading)
    assert (reading.source, reading.quantity, reading.value) == ("STATE/scada", "online", value)
    assert reading.flags == int(Flag.RETAINED)


def test_a_compressed_payload_is_read_and_a_bomb_is_not() -> None:
    inner = payload(metric("m", type_=9, float=1.0))
    wrapped = span(4, b"SPBV1.0_COMPRESSED") + span(5, gzip.compress(inner))
    assert len(readings(Site().say("NDATA", wrapped))) == 1
    bomb = span(4, b"SPBV1.0_COMPRESSED") + span(5, gzip.compress(bytes(50 << 20)))
    assert reasons(Site().say("NDATA", bomb)) == ["too-large"]
    nested = span(4, b"SPBV1.0_COMPRESSED") + span(5, gzip.compress(wrapped))
    assert reasons(Site().say("NDATA", nested)) == ["sparkplug-shape"]


@pytest.mark.parametrize(
    ("topic", "reason"),
    [
        ("spBv1.0/plant/NCMD/gw", "no-reading"),
        ("spBv1.0/plant/DDATA/gw", "sparkplug-topic"),
        ("spBv1.0/plant/NDATA/gw/dev", "sparkplug-topic"),
        ("spBv1.0/plant/XDATA/gw", "sparkplug-topic"),
        ("spAv1.0/plant/NDATA/gw", "sparkplug-topic"),
        ("spBv1.0/STATE/", "source"),
    ],
)
def test_other_topics_say_why(topic: str, reason: str) -> None:
    assert reasons(Site().decoder.decode(topic, payload(), NOW, False)) == [reason]


@pytest.mark.parametrize("cut", [b"\x12\x7f", b"\x08", b"\x07", b"\x0b", b"\x80" * 11, b"\x00\x01"])
def test_a_broken_payload_is_set_aside(cut: bytes) -> None:
    assert reasons(Site().say("NDATA", payload(TEMPERATURE) + cut)) == ["sparkplug-shape"]


def test_unknown_fields_are_passed_over() -> None:
    said = payload(metric("m", type_=9, float=1.0) + number(77, 5) + span(78, b"x"), more=number(99, 1))
    assert len(readings(Site().say("NDATA", said))) == 1
