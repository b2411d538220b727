"""Damaged messages, by the ways in which senders and lines damage them."""

from __future__ import annotations

import json
import random
from collections.abc import Callable

Mutation = Callable[[random.Random, int], bytes]


def _message(n: int) -> dict[str, object]:
    return {"at": 1_800_000_000_000 + n, "n": n, "text": "기온 정상"}


def _sound(_: random.Random, n: int) -> bytes:
    return json.dumps(_message(n), ensure_ascii=False).encode()


def _flipped(chance: random.Random, n: int) -> bytes:
    payload = bytearray(_sound(chance, n))
    for _ in range(chance.randint(1, 4)):
        payload[chance.randrange(len(payload))] = chance.randrange(256)
    return bytes(payload)


def _cut(chance: random.Random, n: int) -> bytes:
    payload = _sound(chance, n)
    return payload[: chance.randrange(len(payload))]


def _typed(chance: random.Random, n: int) -> bytes:
    odd = [None, True, "", "x", [], {}, [1], {"a": 1}, -1, 1e300, "NaN", "12", 10**40]
    message = _message(n)
    message[chance.choice(["at", "n", "text"])] = chance.choice(odd)
    return json.dumps(message).encode()


def _encoded(chance: random.Random, n: int) -> bytes:
    text = json.dumps(_message(n), ensure_ascii=False)
    return text.encode(chance.choice(["cp949", "utf-8-sig", "utf-16", "utf-32", "utf-16-le"]))


def _deep(chance: random.Random, n: int) -> bytes:
    depth = chance.choice([5, 31, 32, 33, 500, 20_000])
    opening, closing = chance.choice([(b"[", b"]"), (b'{"a":', b"}")])
    return b'{"at":1,"n":' + opening * depth + b"%d" % n + closing * depth + b"}"


def _large(chance: random.Random, n: int) -> bytes:
    size = chance.choice([70_000, 70_000, 70_000, 300_000, 1_100_000]) if n % 10 == 0 else 9_000
    return b'{"at":1,"n":%d,"text":"%s"}' % (n, b"a" * size)


def _numbered(chance: random.Random, n: int) -> bytes:
    odd = chance.choice(
        [
            b"NaN",
            b"Infinity",
            b"-Infinity",
            b"1e999",
            b"-1e999",
            b"01",
            b"1.",
            b".5",
            b"0x10",
            b"9" * 400,
            b"-",
        ]
    )
    return b'{"at":%d,"n":%s}' % (1_800_000_000_000 + n, odd)


def _texts(chance: random.Random, n: int) -> bytes:
    odd = chance.choice(
        [b"\\ud800", b"\\udc00x", b"\\u0000", b"\x00", b"\n", b"\x1b", b"\xff", b"\xed\xa0\x80"]
    )
    return b'{"at":%d,"n":"%s"}' % (1_800_000_000_000 + n, odd)


def _twice(chance: random.Random, n: int) -> bytes:
    space = chance.choice([b"", b" ", b"\t\n"])
    return b'{"at":%d,"n":%d,"n"%s:%d}' % (1_800_000_000_000 + n, n, space, n + 1)


def _anything(chance: random.Random, _: int) -> bytes:
    return chance.randbytes(chance.randrange(200))


KINDS: tuple[Mutation, ...] = (
    _sound, _flipped, _cut, _typed, _encoded, _deep, _large, _numbered, _texts, _twice, _anything
)  # fmt: skip


def mutated(count: int, seed: int) -> list[bytes]:
    """So many messages, of every kind in turn; the same ones for the same seed."""
    chance = random.Random(seed)
    return [KINDS[n % len(KINDS)](chance, n) for n in range(count)]
