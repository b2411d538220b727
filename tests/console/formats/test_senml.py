"""SenML (RFC 8428) resolves by its rules, whatever carries it (DOMAIN.md, 2.3, trap 17)."""

from __future__ import annotations

import json
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.formats import cbor, senml_pack
from console.formats.forms import SenmlForm
from console.formats.json_text import Unreadable
from console.formats.senml import SenmlDecoder, packs
from console.settings import Feed
from db.records import Decoded, Flag, Reading, SetAside

NOW = 1_795_305_600_000
LATER = 1_276_020_076  # seconds, as in the standard's examples
OW = "urn:dev:ow:10e2073a01080063"


def decode(message: Any, retained: bool = False, **form: Any) -> list[Decoded]:
    feed = Feed(kind="senml", senml=SenmlForm(**form))
    payload = message if isinstance(message, bytes) else json.dumps(message).encode()
    return SenmlDecoder("s", feed, ("utf-8", "cp949")).decode("t", payload, NOW, retained)


def readings(message: Any, **form: Any) -> list[tuple[Any, ...]]:
    found = decode(message, **form)
    assert all(isinstance(each, Reading) for each in found), found
    return [(r.source, r.quantity, r.value, r.unit, r.observed_ms) for r in found if isinstance(r, Reading)]


def reason(message: Any) -> str:
    (found,) = decode(message)
    assert isinstance(found, SetAside), found
    return found.reason


def encode(value: Any) -> bytes:
    """CBOR of what tests need."""

    def head(major: int, length: int) -> bytes:
        if length < 24:
            return bytes([major << 5 | length])
        return bytes([major << 5 | 26]) + length.to_bytes(4, "big")

    match value:
        case bool():
            return b"\xf5" if value else b"\xf4"
        case int():
            return head(0, value) if value >= 0 else head(1, -1 - value)
        case float():
            return b"\xfb" + struct.pack(">d", value)
        case str():
            return head(3, len(value.encode())) + value.encode()
        case list():
            return head(4, len(value)) + b"".join(encode(each) for each in value)
        case _:
            return head(5, len(value)) + b"".join(encode(k) + encode(v) for k, v in value.items())


LABELS = {name: label for label, name in senml_pack.LABELS.items()}


def in_cbor(pack: list[dict[str, Any]]) -> bytes:
    return encode([{LABELS.get(key, key): value for key, value in record.items()} for record in pack])


def test_trap_17_one_value_of_one_device_counts_from_now() -> None:
    assert readings([{"n": OW, "u": "Cel", "v": 23.1}]) == [(OW, "value", 23.1, "Cel", NOW)]


def test_trap_17_bases_hold_until_a_later_record_changes_them() -> None:
    pack = [
        {"bn": "urn:dev:mac:0024befffe804ff1/", "bt": LATER + 0.5, "bu": "A", "bver": 5},
        {"n": "voltage", "u": "V", "v": 120.1},
        {"n": "current", "t": -5, "v": 1.2},
        {"n": "current", "t": -4, "v": 1.3, "bn": "urn:dev:ow:2/"},
        {"n": "current", "v": 1.7, "bt": LATER},
    ]
    mac, ow, at = "urn:dev:mac:0024befffe804ff1", "urn:dev:ow:2", LATER * 1000
    assert readings(pack) == [
        (mac, "voltage", 120.1, "V", at + 500),
        (mac, "current", 1.2, "A", at - 4500),
        (ow, "current", 1.3, "A", at - 3500),
        (ow, "current", 1.7, "A", at),
    ]


def test_trap_17_values_and_sums_are_added_to_their_bases() -> None:
    pack = [
        {"bn": "urn:dev:ow:1/", "bt": LATER, "bv": 20, "bs": 100.0, "n": "power", "u": "W", "v": 1.5, "s": 7},
        {"n": "power", "t": 60, "u": "W", "s": 1},
    ]
    found = [each for each in decode(pack) if isinstance(each, Reading)]
    assert [(each.value, each.unit, each.statistic) for each in found] == [
        (21.5, "W", "inst"),
        (107.0, "W.s", "sum"),
        (101.0, "W.s", "sum"),
    ]


def test_trap_17_a_time_below_two_to_the_28_counts_from_now() -> None:
    edge = 2**28
    assert readings([{"n": "a/b", "v": 1, "t": -30}])[0][4] == NOW - 30_000
    assert readings([{"n": "a/b", "v": 1, "bt": edge - 1, "t": 1}])[0][4] == edge * 1000
    assert readings([{"n": "a/b", "v": 1, "t": 60}])[0][4] == NOW + 60_000


def test_trap_17_every_kind_of_value_is_read() -> None:
    pack = [
        {"bn": f"{OW}:", "bt": LATER, "n": "temp", "u": "Cel", "v": 27.2},
        {"n": "room", "vs": "Hall 가"},
        {"n": "open", "vb": False},
        {"n": "nfv", "vd": "aGkgCg"},
    ]
    assert [(q, v, u) for _, q, v, u, _ in readings(pack)] == [
        ("temp", 27.2, "Cel"),
        ("room", "Hall 가", "1"),
        ("open", False, "1"),
        ("nfv", "aGkgCg", "1"),
    ]


@pytest.mark.parametrize(
    ("pack", "wanted"),
    [
        ([{"bver": 11, "n": "a", "v": 1}], "senml-version"),
        ([{"bver": 10, "n": "a", "v": 1}, {"bver": 9, "n": "b", "v": 1}], "senml-version"),
        ([{"n": "a", "v": 1}, {"n": "b", "v": 2, "foo_": 1}], "senml-field"),
        ([{"n": "/a", "v": 1}], "senml-name"),
        ([{"n": "온도", "v": 1}], "senml-name"),
        ([{"v": 1}], "senml-name"),
        ([3], "senml-shape"),
        ({"n": "a", "v": 1, "vs": "b"}, "value"),
        ([{"n": "a"}], "value"),
        ([{"n": "a", "v": "1"}], "value"),
        ([{"n": "a", "v": 1, "t": -2e9}], "time"),
        ([], "no-reading"),
        (b"", "empty"),
        (b"\x82\x00", "not-cbor"),
        (b"<a/>", "senml-shape"),
    ],
)
def test_trap_17_what_breaks_a_rule_is_refused(pack: Any, wanted: str) -> None:
    assert reason(pack) == wanted


def test_trap_17_other_unknown_fields_are_passed_over() -> None:
    assert len(readings([{"n": "a/b", "v": 1, "foo": {"bar": 1}, "_x": 2}])) == 1


def test_an_unusable_value_does_not_cost_its_neighbours() -> None:
    found = decode([{"n": "a/b", "v": "x"}, {"n": "a/c", "v": 2}])
    assert [type(each) for each in found] == [SetAside, Reading]


def test_trap_17_a_pack_its_cbor_its_xml_and_its_stream_are_one() -> None:
    pack = [
        {"bn": f"{OW}/", "bt": LATER, "bu": "%RH", "bver": 5, "v": 20.5, "n": "humidity"},
        {"n": "temp", "u": "Cel", "t": -1.5, "v": 3, "s": 8.0},
        {"n": "open", "vb": True},
    ]
    wanted = decode(pack)
    assert len(wanted) == 4
    assert decode(in_cbor(pack)) == wanted
    attributes = [
        " ".join(f'{k}="{json.dumps(v) if type(v) is bool else v}"' for k, v in each.items()) for each in pack
    ]
    xml = "".join(f"<senml {each}/>" for each in attributes)
    assert decode(f'<sensml xmlns="urn:ietf:params:xml:ns:senml">{xml}</sensml>'.encode()) == wanted
    lines = [json.dumps(each) for each in pack]
    assert decode("\n".join(lines).encode()) == wanted
    assert decode("".join(f"\x1e{each}\n" for each in lines).encode()) == wanted
    assert decode(f"[{','.join(lines)},\n".encode()) == wanted


def test_units_become_ucum() -> None:
    units = {"%RH": "%", "kWh": "kW.h", "ppm": "[ppm]", "": "1", "count": "1", "l/s": "L/s", "a{b": "{ab}"}
    for said, ucum in units.items():
        assert readings([{"n": "a/b", "u": said, "v": 2}])[0][2:4] == (2.0, ucum)
    assert readings([{"n": "a/b", "u": "Bspl", "v": 6.5}])[0][2:4] == (65.0, "dB[SPL]")
    assert readings([{"n": "a/b", "u": "dBm", "v": -70}])[0][2:4] == (-100.0, "dB[W]")


def test_the_settings_say_what_a_name_is() -> None:
    pack = [{"n": "site:7/box_3:t", "v": 1}]
    assert readings(pack)[0][:2] == ("site:7/box_3", "t")
    form = {"name": "site:{source}/{quantity}", "quantities": {"temp": "temperature"}}
    assert readings([{"n": "site:7/temp", "v": 1}], **form)[0][:2] == ("7", "temperature")
    assert readings([{"n": "urn:dev:ow:12_temp", "v": 1}])[0][:2] == ("urn:dev:ow:12", "temp")


def test_a_retained_pack_is_marked() -> None:
    (found,) = decode([{"n": "a/b", "v": 1}], retained=True)
    assert isinstance(found, Reading) and found.flags == Flag.RETAINED


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("f93e00", 1.5),
        ("f90001", 2.0**-24),
        ("fa47c35000", 100000.0),
        ("c249010000000000000000", 2**64),
        ("c349010000000000000000", -1 - 2**64),
        ("c48221196ab3", 273.15),
        ("c5822003", 1.5),
        ("9f018202039f0405ffff", [1, [2, 3], [4, 5]]),
        ("bf6161019f02ffff", None),
        ("bf61610161629f0203ffff", {"a": 1, "b": [2, 3]}),
        ("7f657374726561646d696e67ff", "streaming"),
        ("5f42010243030405ff", b"\1\2\3\4\5"),
        ("c11a514b67b0", 1363896240),
        ("3903e7", -1000),
        ("f6", None),
    ],
)
def test_cbor_is_read_in_every_form(raw: str, value: Any) -> None:
    if raw == "bf6161019f02ffff":
        with pytest.raises(Unreadable):
            cbor.read(bytes.fromhex(raw))
    else:
        assert cbor.read(bytes.fromhex(raw)) == value


@pytest.mark.parametrize(
    "raw",
    ["ff", "1c", "a1", "a200000001", "a1f600", "0000", "81" * 40 + "00", "5f00ff", "62c328", "fc", "9f"],
)
def test_what_is_no_cbor_is_refused(raw: str) -> None:
    with pytest.raises(Unreadable):
        cbor.read(bytes.fromhex(raw))


RECORDS = st.lists(
    st.fixed_dictionaries(
        {"n": st.sampled_from(["a", "b:c", "d/e"])},
        optional={
            "bn": st.sampled_from(["x/", "y:"]),
            "bt": st.integers(2**30, 2**31),
            "t": st.integers(-1000, 1000),
            "bu": st.sampled_from(["Cel", "W"]),
            "u": st.sampled_from(["A", "%RH"]),
            "bv": st.integers(-100, 100),
            "v": st.integers(-100, 100),
            "bs": st.integers(0, 100),
            "s": st.integers(0, 100),
        },
    ),
    max_size=6,
)


def resolved(pack: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The pack in which no record needs another, as the standard's resolved form."""
    found = []
    for each in senml_pack.resolve(pack):
        if isinstance(each, Unreadable):
            continue
        record = {"n": each.name, "u": each.unit, "t": each.at_s, "v": each.value, "s": each.sum}
        found.append({key: value for key, value in record.items() if value not in (None, "")})
    return found


@given(RECORDS)
def test_trap_17_a_pack_and_its_resolved_form_say_the_same(pack: list[dict[str, Any]]) -> None:
    once = [each for each in decode(pack) if isinstance(each, Reading)]
    assert [each for each in decode(resolved(pack)) if isinstance(each, Reading)] == once
    assert resolved(resolved(pack)) == resolved(pack)


@given(RECORDS)
def test_json_and_cbor_of_a_pack_are_one(pack: list[dict[str, Any]]) -> None:
    assert decode(in_cbor(pack)) == decode(pack)


def test_a_stream_with_a_list_in_a_line_has_packs_of_their_own() -> None:
    assert packs(b'[{"bn":"a"}]\n[{"n":"b","v":1}]') == [[{"bn": "a"}], [{"n": "b", "v": 1}]]
