"""Damaged SenML, SensorThings, oneM2M, ONVIF and Frigate messages: always an answer, in little time."""

from __future__ import annotations

import json
import random
import tracemalloc
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.formats.decoders import Decoder, decoder
from console.settings import Feed
from tests.console.formats import test_frigate, test_onem2m, test_onvif_events, test_senml, test_sensorthings
from tests.console.formats.damage import cost_s, damaged

NOW = 1_795_305_600_000


def _bytes(*messages: Any) -> list[bytes]:
    return [
        each if isinstance(each, bytes) else json.dumps(each, ensure_ascii=False).encode()
        for each in messages
    ]


PACK = [
    {"bn": "urn:dev:ow:1/", "bt": 1_276_020_076, "bu": "Cel", "bver": 10, "n": "t", "v": 3.5, "s": 7.25},
    {"n": "u", "vb": True, "t": -5},
    {"n": "d", "vd": "aGkgCg"},
    {"n": "w", "vs": "가나"},
]
XML = b'<sensml xmlns="urn:ietf:params:xml:ns:senml"><senml bn="a:" n="b" v="1.5" t="3"/></sensml>'
OBSERVED = test_sensorthings.observation
VALID: dict[str, tuple[list[bytes], tuple[str, ...]]] = {
    "senml": (
        _bytes(
            PACK, test_senml.in_cbor(PACK), XML, "\n".join(map(json.dumps, PACK)).encode(),
            bytes.fromhex("9fbf006161 02f93e00 06c24901000000000000000005c48221196ab3ffff"),
        ),
        ("t",),
    ),
    "sensorthings": (
        _bytes(
            test_sensorthings.STREAM, OBSERVED(1.5), OBSERVED([1, 2]), OBSERVED({"x": "y"}),
            {"value": [test_sensorthings.STREAM | {"Observations": [OBSERVED(1)]}], "@iot.nextLink": "http://h"},
            OBSERVED(3, Datastream=test_sensorthings.STREAM, phenomenonTime="2026-11-21/2026-11-22"),
        ),
        (test_sensorthings.TOPIC, "v1.1/MultiDatastreams(2)/Observations", "", "x"),
    ),
    "onem2m": (
        _bytes(
            test_onem2m.request(test_onem2m.notification('{"a":{"b":1},"lat":37.5,"lon":127}')),
            {"m2m:rqp": test_onem2m.request([test_onem2m.notification("27.5")] * 2)},
            test_onem2m.request({"vrq": True, "sur": "x"}),
        ),
        (test_onem2m.TOPIC, "x", ""),
    ),
    "onvif": (
        _bytes(
            test_onvif_events.message(True), test_onvif_events.message("false"), test_onvif_events.axis("1"),
            test_onvif_events.xml("true"), test_onvif_events.xml("0", "ns0", "Deleted"),
        ),
        (test_onvif_events.INSIDE, "a/event/x", ""),
    ),
    "frigate": (
        _bytes(
            test_frigate.message("new", recognized_license_plate=["12가3456", 0.9]),
            test_frigate.message("end", end_time=test_frigate.AT, sub_label=["x", 0.5]),
            {"cameras": {"a": {"camera_fps": 5}}, "detectors": {"b": {"inference_speed": 3}}},
            b"online", b"12", b"ON",
        ),
        ("frigate/events", "frigate/reviews", "frigate/stats", "frigate/available", "frigate/a/b", "x", ""),
    ),
}  # fmt: skip
REPEATED = test_onem2m.notification
HEAVY: dict[str, list[bytes]] = {
    "senml": _bytes(
        [{"n": "a/b", "v": 1, "s": 2}] * 2_000,
        [{"n": "a/b", "v": "x"}] * 2_000,
        test_senml.in_cbor([{"n": "a/b", "v": 1}] * 2_000),
        b"\x9a\x00\x0f\xff\xff" + b"\x00" * 1_000_000,
        b"\x81" * 1_000_000,
        b"\x9f" + b"\x80" * 1_000_000,
        b"\x81\x7f" + b"\x60" * 1_000_000,
        b"{}\n" * 300_000,
        b"\x1e1" * 300_000,
        b"[" + b"[],\n" * 250_000,
        b'<sensml xmlns="urn:ietf:params:xml:ns:senml">' + b'<senml n="a" v="1"/>' * 9_000 + b"</sensml>",
        b'[{"n":"' + b"a" * 60_000 + b'","v":1}]',
    ),
    "sensorthings": _bytes(
        [OBSERVED(1)] * 4_000,
        {"value": [test_sensorthings.STREAM] * 4_000},
        OBSERVED([1] * 100_000),
        OBSERVED({f"k{n}": n for n in range(50_000)}),
        [{}] * 200_000,
    ),
    "onem2m": _bytes(
        test_onem2m.request([REPEATED(1)] * 500),
        test_onem2m.request([REPEATED({f"k{n}": n for n in range(100)})] * 60),
        test_onem2m.request(REPEATED(json.dumps({f"k{n}": n for n in range(50_000)}))),
        test_onem2m.request([{}] * 100_000),
    ),
    "onvif": _bytes(
        [test_onvif_events.message(True)] * 500,
        test_onvif_events.message(True) | {"Data": {f"k{n}": "x" * 50 for n in range(15_000)}},
        b"<a>" + test_onvif_events.xml("true") * 500 + b"</a>",
        b"<a>" * 19_000,
    ),
    "frigate": _bytes(
        test_frigate.message("new", path_data=[[0.1, 0.2]] * 40_000),
        test_frigate.message("new", **{f"k{n}": "x" for n in range(40_000)}),
        {"cameras": {f"c{n}": {"camera_fps": 5} for n in range(20_000)}},
    ),
}
HEAVY_TOPICS = {"frigate": ("frigate/events", "frigate/events", "frigate/stats")}


def make(kind: str) -> Decoder:
    return decoder("d", Feed(kind=kind))  # type: ignore[arg-type]


def run(kind: str, count: int, seed: int) -> None:
    valid, topics = VALID[kind]
    made, encode, chance = make(kind), msgspec.msgpack.Encoder().encode, random.Random(seed)
    take: Callable[[], object] = getattr(made, "take_answers", list)
    for payload in damaged(valid, count, seed):
        records = made.decode(chance.choice(topics), payload, NOW + chance.randrange(10**8), False)
        assert records, payload
        for record in records:
            encode(record)  # what is read can also be stored
        take()


@pytest.mark.parametrize("kind", sorted(VALID))
def test_damage_never_makes_an_exception(kind: str) -> None:
    run(kind, 4_000, 16)


@pytest.mark.long
@pytest.mark.parametrize("kind", sorted(VALID))
def test_damage_never_makes_an_exception_in_the_full_form(kind: str) -> None:
    run(kind, 200_000, 17)


@pytest.mark.parametrize("kind", sorted(VALID))
@settings(max_examples=200, deadline=None)
@given(payload=st.binary(max_size=300), topic=st.integers(0, 9), retained=st.booleans())
def test_any_bytes_have_an_answer(kind: str, payload: bytes, topic: int, retained: bool) -> None:
    topics = VALID[kind][1]
    assert make(kind).decode(topics[topic % len(topics)], payload, NOW, retained)


@pytest.mark.parametrize(
    ("kind", "at"), [(kind, at) for kind, all_ in HEAVY.items() for at in range(len(all_))]
)
def test_a_heavy_message_costs_little(kind: str, at: int) -> None:
    topic = HEAVY_TOPICS[kind][at] if kind in HEAVY_TOPICS else VALID[kind][1][0]
    payload = HEAVY[kind][at]
    seconds = cost_s(lambda: make(kind), lambda made: made.decode(topic, payload, NOW, False))
    tracemalloc.start()
    try:
        make(kind).decode(topic, payload, NOW, False)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    print(f"{kind} {at}: {seconds * 1000:.1f} ms, {peak / 2**20:.1f} MiB")
    assert seconds < 0.25  # 0.05 on a machine that is not shared
    assert peak < 20 * 2**20
