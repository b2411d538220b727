"""Damaged alerts and platform messages: always an answer, quickly and in little memory."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.formats.cap import CapDecoder
from console.formats.decoders import Decoder
from console.formats.platform import PlatformDecoder
from console.settings import Feed
from tests.console.formats import test_cap, test_platform
from tests.console.formats.damage import cost_s, damaged

ATOM = (
    f'<feed xmlns="http://www.w3.org/2005/Atom"><entry><content>{test_cap.alert()}</content></entry></feed>'
)
SHAPE = "<area><areaDesc>a</areaDesc><polygon>37.5,127 37.6,127 37.6,127.1 37.5,127</polygon></area></info>"
ALERTS = [
    test_cap.alert().encode(),
    test_cap.alert(msgType="Update", references="a,b,2026-11-22T01:00:00Z").encode(),
    test_cap.alert(test_cap.info(codes=("1100000000",)).replace("</info>", SHAPE)).encode(),
    f'<?xml version="1.0" encoding="euc-kr"?>{test_cap.alert()}'.encode("cp949"),
    test_cap.alert().encode("utf-16"),
    ATOM.encode(),
]
MESSAGES = [
    each if isinstance(each, bytes) else msgspec.json.encode(each) for each in test_platform.variants()
]
MADE: dict[str, tuple[Callable[[], Decoder], list[bytes]]] = {
    "cap": (lambda: CapDecoder("cap", Feed(kind="cap"), ("utf-8", "cp949")), ALERTS),
    "platform": (lambda: PlatformDecoder("p", Feed(kind="platform"), ("utf-8", "cp949")), MESSAGES),
}
HEAVY = {
    "cap": [
        b"<a>" + b"<b>x</b>" * 9_999 + b"</a>",
        b"<a " + b" ".join(b'a%d=""' % n for n in range(39_000)) + b"/>",
        b"<a>" * 250 + b"</a>" * 250,
        b"<a>" + b"&amp;" * 200_000 + b"</a>",
        b"<" * 1_000_000,
        b"<!--" * 200_000,
        b"<?x " * 200_000,
        test_cap.alert().replace("호우경보", "가" * 300_000).encode(),
        test_cap.alert(
            msgType="Update", references=" ".join(f"a,{n},2026-11-22T01:00:00Z" for n in range(1000))
        ).encode(),
        test_cap.alert(
            test_cap.info().replace("</area>", f"<polygon>{'37.5,127 ' * 7_900}</polygon></area>")
        ).encode(),
        test_cap.alert(test_cap.info(codes=tuple(f"{n:010d}" for n in range(2_400)))).encode(),
        test_cap.alert(test_cap.info() * 550).encode(),
    ],
    "platform": [
        b"a=1&" * 260_000,
        b"%" * 1_000_000,
        b"+" * 1_000_000 + b"=",
        b"[" * 1_000_000,
        b'"' + b'\\"' * 400_000 + b'"',
        msgspec.json.encode(test_platform.message(ocrEvtItem=[{"key": "a", "val": "b"}] * 4_900)),
        msgspec.json.encode(test_platform.message(ocrEvtItem={f"k{n}": "v" for n in range(9_900)})),
        msgspec.json.encode(test_platform.HEAD | {"body": [test_platform.BODY] * 300}),
        msgspec.json.encode(test_platform.HEAD | {"tranSysHis": ["x"] * 9_900, "body": test_platform.BODY}),
    ],
}


def run(kind: str, count: int, seed: int) -> None:
    make, valid = MADE[kind]
    decoder, encode = make(), msgspec.msgpack.Encoder().encode
    for payload in damaged(valid, count, seed):
        records = decoder.decode("t", payload, test_cap.NOW, False)
        assert records, payload
        for record in records:
            encode(record)  # what is read can also be stored


@pytest.mark.parametrize("kind", sorted(MADE))
def test_damage_never_makes_an_exception(kind: str) -> None:
    run(kind, 10_000, 4)


@pytest.mark.long
@pytest.mark.parametrize("kind", sorted(MADE))
def test_damage_never_makes_an_exception_in_the_full_form(kind: str) -> None:
    run(kind, 1_000_000, 5)


@pytest.mark.parametrize("kind", sorted(MADE))
@settings(max_examples=300, deadline=None)
@given(payload=st.binary(max_size=400))
def test_any_bytes_have_an_answer(kind: str, payload: bytes) -> None:
    make, _ = MADE[kind]
    assert make().decode("t", payload, test_cap.NOW, True)


@pytest.mark.parametrize(
    ("kind", "at"), [(kind, at) for kind, all_ in HEAVY.items() for at in range(len(all_))]
)
def test_a_heavy_message_costs_little(kind: str, at: int) -> None:
    make, _ = MADE[kind]
    payload = HEAVY[kind][at]
    seconds = cost_s(make, lambda made: made.decode("t", payload, test_cap.NOW, False))
    tracemalloc.start()
    try:
        make().decode("t", payload, test_cap.NOW, False)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    print(f"{kind} {at}: {seconds * 1000:.1f} ms, {peak / 2**20:.1f} MiB")
    assert seconds < 0.25  # 0.05 on a machine that is not shared
    assert peak < 20 * 2**20
