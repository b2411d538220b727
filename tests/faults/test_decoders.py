"""Every kind of decoder under damaged messages: always an answer, quickly, in little memory."""

from __future__ import annotations

import json
import time
import tracemalloc
import typing
from collections.abc import Callable

import msgspec
import pytest

from console.formats.decoders import Decoder, decoder
from console.settings import Feed
from tests.console.formats import (
    test_cap_platform_damage,
    test_mapping,
    test_ngsi_edges,
    test_sdot_sparkplug_register_damage,
    test_seoul,
    test_things_damage,
)
from tests.console.formats.damage import damaged

KINDS: tuple[str, ...] = typing.get_args(typing.get_type_hints(Feed)["kind"])
NOW = 1_795_305_600_000
CASES, LONG_CASES = 20_000, 1_000_000
SLOW_S, PEAK = 0.05, 20 * 2**20


def _json(*messages: object) -> list[bytes]:
    return [json.dumps(each, ensure_ascii=False).encode() for each in messages]


VALID: dict[str, tuple[list[bytes], tuple[str, ...]]] = {
    **test_things_damage.VALID,
    **{kind: (seeds, ("t",)) for kind, (_, seeds) in test_cap_platform_damage.MADE.items()},
    **{kind: (seeds, ts) for kind, (_, seeds, ts) in test_sdot_sparkplug_register_damage.MADE.items()},
    "seoul": (test_seoul.SEEDS, ("t",)),
    "ngsi-ld": (_json(test_ngsi_edges.NOTIFIED, test_ngsi_edges.ALERT), ("t",)),
    "mapping": (
        _json(
            {
                "at": 1_795_305_600,
                "e": 1,
                "id": "w",
                "x": 127.0,
                "y": 37.5,
                "a": 1,
                "b": [{"k": "s"}],
                "v": 2.5,
            }
        ),
        ("t/s1", "t/a/b"),
    ),
}


def make(kind: str) -> Decoder:
    if kind == "mapping":
        return decoder("d", test_mapping.EVERYTHING)
    return decoder("d", Feed(kind=kind))  # type: ignore[arg-type]


def run(kind: str, count: int, seed: int) -> None:
    """Damage so many; a slow one is tried again, so that a busy machine is not taken for a slow decoder."""
    seeds, topics = VALID[kind]
    made, encode = make(kind), msgspec.msgpack.Encoder().encode
    take: Callable[[], object] = getattr(made, "take_answers", list)
    for number, payload in enumerate(damaged(seeds, count, seed)):
        topic = topics[number % len(topics)]
        began = time.thread_time()
        found = made.decode(topic, payload, NOW + number, False)
        spent = time.thread_time() - began
        assert found, payload
        for record in found:
            encode(record)
        take()
        if spent > SLOW_S:
            assert fastest(kind, topic, payload) < SLOW_S, payload[:500]


def fastest(kind: str, topic: str, payload: bytes) -> float:
    times = []
    for _ in range(3):
        made, began = make(kind), time.thread_time()
        made.decode(topic, payload, NOW, False)
        times.append(time.thread_time() - began)
    return min(times)


def test_every_kind_of_feed_has_valid_messages_to_damage() -> None:
    assert set(VALID) == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_damaged_messages_have_an_answer_in_time(kind: str) -> None:
    run(kind, CASES // len(KINDS) + 1, 41)


@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS)
def test_damaged_messages_have_an_answer_in_time_in_the_full_form(kind: str) -> None:
    run(kind, LONG_CASES // len(KINDS) + 1, 42)


@pytest.mark.parametrize("kind", KINDS)
def test_damaged_messages_cost_little_memory(kind: str) -> None:
    seeds, topics = VALID[kind]
    made = make(kind)
    tracemalloc.start()
    try:
        for number, payload in enumerate(damaged(seeds, 40, 43)):
            before, _ = tracemalloc.get_traced_memory()
            tracemalloc.reset_peak()
            made.decode(topics[number % len(topics)], payload, NOW, False)
            assert tracemalloc.get_traced_memory()[1] - before < PEAK, payload[:500]
    finally:
        tracemalloc.stop()
