"""Damaged S-DoT, Sparkplug and register messages: always an answer, quickly and in little memory."""

from __future__ import annotations

import gzip
import json
import random
import tracemalloc
from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.formats.decoders import Decoder
from console.formats.forms import SparkplugForm
from console.formats.registers import RegisterDecoder
from console.formats.sdot import SdotDecoder
from console.formats.sparkplug import SparkplugDecoder
from console.settings import Feed
from tests.console.formats import register_files, sdot_files
from tests.console.formats import sparkplug_bytes as spark
from tests.console.formats.damage import cost_s, damaged

NOW = spark.NOW
ENCODINGS = ("utf-8", "cp949")
RAW = {
    "시리얼": "V02Q1940612",
    "측정시간": "202611220900",
    "기온": 1253,
    "풍향": 2710,
    "위도": "37.5",
    "경도": "127",
}
SDOT = [
    json.dumps(RAW, ensure_ascii=False).encode(),
    json.dumps([RAW] * 3, ensure_ascii=False).encode("cp949"),
    sdot_files.reply(sdot_files.hourly(), sdot_files.hourly(DATA_NO="2")),
    sdot_files.reply_xml(sdot_files.hourly(), sdot_files.hourly()),
    sdot_files.weekly(dict.fromkeys(sdot_files.WORDS, "21.5"), {}).encode("cp949"),
    sdot_files.shifted().encode("utf-8-sig"),
    sdot_files.GLUED.encode(),
    *(text.encode("cp949") for text in sdot_files.PEOPLE.values()),
]
SPARKPLUG = [
    spark.node_birth(spark.metric("Load", alias=9, type_=3, int=7), bd=3),
    spark.payload(
        spark.metric("Temp", alias=1, type_=9, float=2.5, props=spark.properties(engUnit="°C", Quality=192)),
        spark.metric("Text", alias=2, type_=12, string="가동"),
        spark.metric("Blob", alias=3, type_=17, bytes=b"\1\2"),
        seq=1,
    ),
    spark.payload(spark.metric(alias=1, float=1.0), spark.metric(alias=2, string="x"), seq=2),
    spark.payload(spark.bd_seq(3)),
    b'{"online":true,"timestamp":1795305600000}',
]
TOPICS = (
    "spBv1.0/g/NBIRTH/n", "spBv1.0/g/DBIRTH/n/d", "spBv1.0/g/DDATA/n/d", "spBv1.0/g/NDATA/n",
    "spBv1.0/g/NDEATH/n", "spBv1.0/g/DDEATH/n/d", "spBv1.0/STATE/h", "spBv1.0/g/NCMD/n", "", "a/b",
)  # fmt: skip
REGISTERS = [
    register_files.CCTV.encode("cp949"),
    register_files.BELLS.encode(),
    register_files.PARKING.encode("utf-16"),
]
ASKING = Feed(kind="sparkplug", sparkplug=SparkplugForm(rebirth=True))
MADE: dict[str, tuple[Callable[[], Decoder], list[bytes], tuple[str, ...]]] = {
    "sdot": (lambda: SdotDecoder("s", Feed(kind="sdot"), ENCODINGS), SDOT, ("t",)),
    "sparkplug": (lambda: SparkplugDecoder("s", ASKING, ENCODINGS), SPARKPLUG, TOPICS),
    "register": (lambda: RegisterDecoder("r", Feed(kind="register"), ENCODINGS), REGISTERS, ("t",)),
}
SHARES = {"sdot": 0.4, "sparkplug": 0.4, "register": 0.2}
_ROW = {**sdot_files.hourly(), **{f"{each}_NO2": "1" for each in ("MAX", "AVG", "MIN")}}
HEAVY = {
    "sdot": [
        sdot_files.reply(*[_ROW] * 1500),
        sdot_files.reply_xml(*[_ROW] * 320),
        sdot_files.weekly(*[dict.fromkeys(sdot_files.WORDS, "21.5")] * 900).encode(),
        sdot_files.weekly(
            *[{w: f"{n}.{at}" for at, w in enumerate(sdot_files.WORDS)} for n in range(900)]
        ).encode(),
        b"a,b\n" + b'"' * 1_000_000,
        b"," * 1_000_000,
        b"\n" * 1_000_000,
        ("시리얼,측정시간,기온\n" + "V02Q1,202611220900,x\n" * 4999).encode(),
        ("시리얼,측정시간,기온\n" + "V02Q1,2026-13-45,1\n" * 4999).encode(),
        b"[" * 1_000_000,
        b"<a>" * 20_000,
        json.dumps([{f"k{n}": 1 for n in range(200)}] * 500).encode(),
        ("등록일시x," * 100_000).encode(),
    ],
    "sparkplug": [
        spark.node_birth(*[spark.metric(f"m{n}", alias=n, type_=9, float=1.0) for n in range(4_100)]),
        spark.payload(*[spark.metric(alias=n, float=1.0) for n in range(10_000)]),
        spark.payload(
            *[spark.metric("m", type_=9, float=1.0, props=spark.properties(engUnit="x" * 50))] * 4_000
        ),
        spark.payload(spark.metric("m", props=b"\x4a\x00" * 300_000, int=1)),
        b"\x12\x00" * 500_000,
        b"\x80" * 1_000_000,
        b"\x20\x01" * 500_000,
        spark.span(4, b"SPBV1.0_COMPRESSED") + spark.span(5, gzip.compress(bytes(200 << 20))),
        spark.payload(spark.metric("x" * 900_000, type_=12, string="y")),
        spark.payload(spark.metric("m", type_=12, string="y" * 900_000)),
    ],
    "register": [
        (register_files.CCTV.splitlines()[0] + "\n" + register_files.CCTV.splitlines()[1] + "\n").encode()
        * 2_400,
        ("위도,경도,번호\n" + "".join(f"37.5,127,{n}\n" for n in range(4_900))).encode(),
        ("위도,경도,주소\n" + f"37.5,127,{'가' * 300_000}\n").encode(),
        b"a,b\n" * 250_000,
    ],
}


def run(kind: str, count: int, seed: int) -> None:
    make, valid, topics = MADE[kind]
    decoder, encode, chance = make(), msgspec.msgpack.Encoder().encode, random.Random(seed)
    for payload in damaged(valid, count, seed):
        records = decoder.decode(chance.choice(topics), payload, NOW + chance.randrange(10**8), False)
        assert records, payload
        for record in records:
            encode(record)  # what is read can also be stored


@pytest.mark.parametrize("kind", sorted(MADE))
def test_damage_never_makes_an_exception(kind: str) -> None:
    run(kind, round(20_000 * SHARES[kind]), 14)


@pytest.mark.long
@pytest.mark.parametrize("kind", sorted(MADE))
def test_damage_never_makes_an_exception_in_the_full_form(kind: str) -> None:
    run(kind, round(1_000_000 * SHARES[kind]), 15)


@pytest.mark.parametrize("kind", sorted(MADE))
@settings(max_examples=300, deadline=None)
@given(payload=st.binary(max_size=400), topic=st.integers(0, 9), retained=st.booleans())
def test_any_bytes_have_an_answer(kind: str, payload: bytes, topic: int, retained: bool) -> None:
    make, _, topics = MADE[kind]
    assert make().decode(topics[topic % len(topics)], payload, NOW, retained)


@pytest.mark.parametrize(
    ("kind", "at"), [(kind, at) for kind, all_ in HEAVY.items() for at in range(len(all_))]
)
def test_a_heavy_message_costs_little(kind: str, at: int) -> None:
    make, _, topics = MADE[kind]
    payload = HEAVY[kind][at]
    seconds = cost_s(make, lambda made: made.decode(topics[0], payload, NOW, False))
    tracemalloc.start()
    try:
        make().decode(topics[0], payload, NOW, False)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    print(f"{kind} {at}: {seconds * 1000:.1f} ms, {peak / 2**20:.1f} MiB")
    assert seconds < 0.25  # 0.05 on a machine that is not shared
    assert peak < 20 * 2**20
