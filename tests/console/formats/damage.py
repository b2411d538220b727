"""Damage done to valid messages, by the byte and by the piece; the same for the same seed."""

from __future__ import annotations

import gc
import random
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

PIECES = (
    b"<", b">", b"/>", b"&", b"&amp;", b"&#0;", b"&#x110000;", b"<![CDATA[", b"]]>", b"<!--", b"<?x ?>",
    b"\0", b"<!DOCTYPE a>", b"\xff\xfe", b"\xef\xbb\xbf", b"{", b"}", b"[", b"]", b'"', b"\\", b"\\u0000",
    b"\\ud800", b"null", b"1e999", b"-1", b"9" * 40, b"%", b"%00", b"%ff", b"+", b"=", b",",
    b";", b" ", b"\xc7\xd1", b"",
)  # fmt: skip


def damaged(valid: Sequence[bytes], count: int, seed: int) -> Iterator[bytes]:
    """So many messages made of the valid ones."""
    chance = random.Random(seed)
    for _ in range(count):
        payload = bytearray(chance.choice(valid))
        for _ in range(chance.randint(1, 4)):
            _hurt(payload, chance, valid)
        yield bytes(payload)


def _hurt(payload: bytearray, chance: random.Random, valid: Sequence[bytes]) -> None:
    at = chance.randrange(len(payload) + 1)
    end = min(len(payload), at + chance.choice((1, 1, 2, 8, 64)))
    match chance.randrange(6):
        case 0:
            payload[at:end] = chance.randbytes(end - at)
        case 1:
            del payload[at:end]
        case 2:
            payload[at:at] = chance.choice(PIECES)
        case 3:
            payload[at:end] = chance.choice(PIECES)
        case 4:
            payload[at:at] = payload[at:end] * chance.choice((1, 2, 50))
        case _:
            other = chance.choice(valid)
            start = chance.randrange(len(other) + 1)
            payload[at:end] = other[start : start + chance.choice((1, 20, 400))]


def cost_s(make: Callable[[], Any], decode: Callable[[Any], object]) -> float:
    """CPU seconds of this thread for one decoding by a fresh decoder: the best of three, without the
    garbage of the test run, whose collection would else be counted."""
    best = float("inf")
    for _ in range(3):
        made = make()
        gc.disable()
        try:
            began = time.thread_time()
            decode(made)
            best = min(best, time.thread_time() - began)
        finally:
            gc.enable()
    return best
