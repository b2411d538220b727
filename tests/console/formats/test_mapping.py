"""The mapping form: what becomes a reading, what is set aside, and that nothing escapes."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.errors import SettingsError
from console.formats.decoders import decoder
from console.settings import Feed, Mapped, MappedEvent, Mapping
from db.records import Decoded, Event, Flag, Reading, SetAside

NOW = 1_800_000_000_000


def feed(**changes: Any) -> Feed:
    values = {"values": (Mapped(quantity="q", value="v"),)} if "values" not in changes else {}
    return Feed(topics=("t/#",), mappings=(Mapping(**({"topic": "t/{source}"} | values | changes)),))


def decode(settings: Feed, message: object, topic: str = "t/a", *, retained: bool = False) -> list[Decoded]:
    payload = message if isinstance(message, bytes) else json.dumps(message).encode()
    return decoder("f", settings).decode(topic, payload, NOW, retained)


def only(records: list[Decoded]) -> Reading:
    assert len(records) == 1, records
    assert isinstance(records[0], Reading), records
    return records[0]


def aside(records: list[Decoded]) -> str:
    assert len(records) == 1, records
    assert isinstance(records[0], SetAside), records
    return records[0].reason


def test_named_parts_of_the_topic_make_the_source() -> None:
    settings = feed(topic="city/{gu}/{kind}-{n}/obs", source="{gu}.{n}")
    assert only(decode(settings, {"v": 1}, "city/jongno/pole-7/obs")).source == "jongno.7"


def test_a_message_outside_every_pattern_is_set_aside() -> None:
    assert aside(decode(feed(), {"v": 1}, "t/a/b")) == "no-mapping"


def test_the_source_may_stand_in_the_message() -> None:
    settings = feed(topic="t/#", source_path="device.id")
    assert only(decode(settings, {"device": {"id": 17}, "v": 1})).source == "17"
    assert aside(decode(settings, {"v": 1})) == "source"


@pytest.mark.parametrize(
    ("form", "found", "expected"),
    [
        ("iso", "2026-11-22T10:01:32Z", 1_795_341_692_000),
        ("iso", "2026-11-22T10:01:32,5Z", 1_795_341_692_500),
        ("iso", "2026-11-22T19:01:32+09:00", 1_795_341_692_000),
        ("iso", "2026-11-22T19:01:32", 1_795_341_692_000),
        ("epoch", 1_795_341_692, 1_795_341_692_000),
        ("epoch", 1_795_341_692.25, 1_795_341_692_250),
        ("epoch", 1_795_341_692_000, 1_795_341_692_000),
        ("epoch", 1_795_341_692_000_000, 1_795_341_692_000),
        ("epoch_s", "1795341692", 1_795_341_692_000),
        ("epoch_us", 1_795_341_692_000_000, 1_795_341_692_000),
        ("%Y%m%d%H%M", "202611221901", 1_795_341_660_000),
        ("%Y%m%d%H%M", 202611221901, 1_795_341_660_000),
        ("%Y-%m-%d_%H:%M:%S", "2026-11-22_19:01:32", 1_795_341_692_000),
        ("%d/%m/%y %H:%M", "22/11/26 19:01", 1_795_341_660_000),
    ],
)
def test_times_are_read_in_the_form_of_the_settings(form: str, found: object, expected: int) -> None:
    assert only(decode(feed(time="at", time_format=form), {"at": found, "v": 1})).observed_ms == expected


@pytest.mark.parametrize(
    ("form", "found"),
    [
        ("iso", "yesterday"), ("iso", 5), ("iso", None), ("iso", ""), ("iso", "2026-02-30T00:00:00Z"),
        ("iso", "9999-01-01T00:00:00Z"), ("epoch", "x"), ("epoch", True), ("epoch", -5), ("epoch", 1e300),
        ("epoch_s", 10**60), ("%Y%m%d%H%M", "20260230"), ("%Y%m%d%H%M", "202602301200"), ("%Y%m%d%H%M", [1]),
        ("%H:%M", "10:00"), ("iso", "0001-01-01T00:00:00+09:00"),
    ],
)  # fmt: skip
def test_what_is_no_time_is_set_aside(form: str, found: object) -> None:
    assert aside(decode(feed(time="at", time_format=form), {"at": found, "v": 1})) == "time"


def test_without_a_time_of_its_own_each_message_is_another() -> None:
    reader = decoder("f", feed())
    at = [only(reader.decode("t/a", b'{"v":1}', NOW, False)).observed_ms for _ in range(3)]
    assert at == [NOW, NOW + 1, NOW + 2]


@pytest.mark.parametrize(
    ("mapped", "found", "value"),
    [
        ({"scale": 0.1, "offset": -100.0, "unit": "Cel"}, 1253, 25.3),
        ({"scale": 0.1, "offset": -100.0, "unit": "Cel"}, "500", -50.0),
        ({}, "12", 12.0),
        ({}, "0123", "0123"),
        ({}, "open", "open"),
        ({}, True, True),
        ({}, 0, 0.0),
    ],
)
def test_values_are_numbers_texts_or_truths(mapped: dict[str, Any], found: object, value: object) -> None:
    reading = only(decode(feed(values=(Mapped(quantity="q", value="v", **mapped),)), {"v": found}))
    assert (reading.value, type(reading.value)) == (value, type(value))


@pytest.mark.parametrize("message", [{}, {"v": None}, {"v": ""}, {"v": "  "}, {"w": 1}, 5, "x", None, True])
def test_a_missing_value_is_no_reading(message: object) -> None:
    assert aside(decode(feed(), message)) == "no-reading"


@pytest.mark.parametrize(
    ("mapped", "found"),
    [
        ({"unit": "Cel"}, "warm"), ({}, "NaN"), ({}, "-inf"), ({}, [1]), ({}, {"a": 1}),
        ({"scale": 2.0}, True), ({"scale": 1e300}, 1e300), ({}, "x" * 1001),
    ],
)  # fmt: skip
def test_what_is_no_value_is_set_aside(mapped: dict[str, Any], found: object) -> None:
    assert aside(decode(feed(values=(Mapped(quantity="q", value="v", **mapped),)), {"v": found})) == "value"


def test_an_implausible_value_is_kept_and_says_so() -> None:
    settings = feed(values=(Mapped(quantity="q", value="v", minimum=0, maximum=10),))
    assert [only(decode(settings, {"v": v})).quality for v in (0, 10, 11, -1)] == [
        "good", "good", "out_of_range", "out_of_range"
    ]  # fmt: skip


def test_the_readable_part_of_a_message_is_read() -> None:
    settings = feed(
        values=(Mapped(quantity="a", value="a", unit="m"), Mapped(quantity="b", value="b", unit="m"))
    )
    records = decode(settings, {"a": 1, "b": "?"})
    assert [type(each) for each in records] == [Reading, SetAside]


def test_a_list_is_read_item_by_item() -> None:
    records = decode(
        feed(topic="t/#", source_path="id"), [{"id": "a", "v": 1}, {"id": "b", "v": 2}, {"v": 3}]
    )
    assert [getattr(each, "source", "-") for each in records] == ["a", "b", "-"]


def test_a_retained_message_carries_its_flag() -> None:
    assert only(decode(feed(), {"v": 1}, retained=True)).flags == Flag.RETAINED


def test_a_place_that_is_none_is_left_out_and_an_impossible_one_is_set_aside() -> None:
    settings = feed(lon="x", lat="y")
    assert only(decode(settings, {"v": 1, "x": "126.97", "y": 37.5})).lon == 126.97
    assert only(decode(settings, {"v": 1, "x": 0, "y": "0"})).lon is None
    records = decode(settings, {"v": 1, "x": 37.5, "y": 168.37})
    assert {type(each) for each in records} == {Reading, SetAside}


def test_an_event_is_made_where_its_condition_holds() -> None:
    event = MappedEvent(type="'fire'", key="id", status="state", when="state", text="text")
    settings = feed(values=(), events=(event,))
    found = decode(settings, {"id": 7, "state": "발생", "text": "연기"})
    assert isinstance(found[0], Event)
    assert (found[0].origin_key, found[0].status, found[0].text) == ("7", "occurred", "연기")
    assert aside(decode(settings, {"id": 7})) == "no-reading"
    assert aside(decode(settings, {"id": 7, "state": "burning"})) == "event-status"
    assert aside(decode(settings, {"state": "50"})) == "event-key"


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"source": "{gu}"}, "mappings[0].source"),
        ({"values": (Mapped(quantity="q", value="a..b"),)}, "values[0].value"),
        ({"values": (Mapped(quantity="q", value=""),)}, "values[0].value"),
        ({"values": (Mapped(quantity="q", value="nosuch(a)"),)}, "the function nosuch; allowed: abs"),
        ({"values": (Mapped(quantity="q", value="sort_by(a, &length(b, c))"),)}, "length takes 1 and not 2"),
        ({"time": "at", "time_format": "rfc"}, "time_format"),
        ({"time_zone": "Asia/Nowhere"}, "time_zone: found 'Asia/Nowhere'"),
        ({"values": ()}, "mappings[0]"),
        ({"topic": "t/#/{source}"}, "mappings[0].topic: found"),
        ({"topic": "t/{source"}, "mappings[0].topic: found"),
        ({"topic": "t+/{source}"}, "mappings[0].topic: found"),
        ({"topic": ""}, "mappings[0].topic: found"),
    ],
)
def test_a_table_that_cannot_work_is_named(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        decoder("f", feed(**changes))
    assert named in str(refusal.value)


@pytest.mark.parametrize("scale", [1.0, 2.0])
@pytest.mark.parametrize("text", ["nan", "inf", "9" * 400, "9" * 5000])
def test_no_function_of_a_mapping_can_make_a_number_that_is_none(text: str, scale: float) -> None:
    settings = feed(values=(Mapped(quantity="q", value="to_number(v)", scale=scale),))
    assert aside(decode(settings, {"v": text})) == "value"


def test_a_time_that_is_none_is_shown_as_it_came() -> None:
    found = decode(feed(time="at", time_format="epoch"), {"at": "abc", "v": 1})
    assert isinstance(found[0], SetAside)
    assert found[0].detail == "'abc' is no time since 1970"


def test_a_function_of_a_part_that_is_not_there_is_no_reading() -> None:
    settings = feed(values=(Mapped(quantity="q", value="v"), Mapped(quantity="s", value="sum(list)")))
    assert only(decode(settings, {"v": 1})).quantity == "q"
    assert [r.quantity for r in decode(settings, {"v": 1, "list": [1, 2]}) if isinstance(r, Reading)] == [
        "q",
        "s",
    ]
    assert aside(decode(settings, {"list": ["x"]})) == "path"


EVERYTHING = Feed(
    topics=("#",),
    mappings=(
        Mapping(
            topic="t/{source}",
            time="at",
            time_format="epoch",
            lon="x",
            lat="y",
            values=(
                Mapped(quantity="a", value="a", unit="m", scale=0.1),
                Mapped(quantity="b", value="b || c.d", minimum=0),
                Mapped(quantity="c", value="length(c)"),
                Mapped(quantity="d", value="sum(d)"),
            ),
            events=(MappedEvent(type="e", key="k", when="e", status="s || 'occurred'"),),
        ),
        Mapping(topic="t/#", source_path="id", values=(Mapped(quantity="v", value="@"),)),
    ),
)

_LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6)
    | st.sampled_from(["", "NaN", "1e400", "\ud800", "\0", 10**400, 1.7e9, "2026"])
)  # fmt: skip
_KEYS = st.sampled_from(["at", "x", "y", "a", "b", "c", "d", "e", "k", "s", "id", "v"])
_MESSAGES = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=8),
    max_leaves=12,
)


@given(_MESSAGES | st.binary(max_size=60), st.sampled_from(["t/a", "t", "t/", "t/\0", "u", "", "t/b/c"]))
def test_whatever_comes_in_something_that_can_be_stored_comes_out(message: object, topic: str) -> None:
    payload = message if isinstance(message, bytes) else json.dumps(message).encode()
    records = decoder("f", EVERYTHING).decode(topic, payload, NOW, False)
    assert records
    for record in records:
        if isinstance(record, Reading):
            assert not isinstance(record.value, float) or math.isfinite(record.value)
            assert 0 <= record.observed_ms < 2**53
            record.source.encode()
