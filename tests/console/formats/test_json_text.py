"""The JSON reader refuses with a reason and never fails in another way."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.formats.json_text import MAX_DEPTH, Unreadable, read

BOTH = ("utf-8", "cp949")


def nested(depth: int) -> bytes:
    return b"[" * depth + b"1" + b"]" * depth


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"{", "not-json"),
        (b"{'a':1}", "not-json"),
        (b"1 2", "not-json"),
        (b'{"a":NaN}', "number"),
        (b"-Infinity", "number"),
        (b"1e999", "number"),
        (b"1" * 65, "number"),
        (b"1" * 5000, "number"),
        (b'{"a":1,"a":2}', "duplicate-key"),
        (b'{"a" :1,"a":2}', "duplicate-key"),
        (b'{"x":[{"a":1,"b":2,"a":3}]}', "duplicate-key"),
        (b'"\\ud800"', "surrogate"),
        (b'"\\udc00 "', "surrogate"),
        (b'"\\u0000"', "nul"),
        (b'{"\\u0000":1}', "nul"),
        (b'"\x00"', "nul"),
        (b'"\xff"', "encoding"),
        (nested(MAX_DEPTH + 1), "too-deep"),
        (b"[" * 100_000, "too-deep"),
        (b'{"a":' * 100_000, "too-deep"),
        (b'"' + b"a" * 70_000 + b'"', "text-length"),
        (b'"' + b"a" * (1 << 20) + b'"', "too-large"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_reason(payload: bytes, reason: str) -> None:
    with pytest.raises(Unreadable) as refusal:
        read(payload, BOTH)
    assert refusal.value.reason == reason
    assert refusal.value.detail


@pytest.mark.parametrize(
    ("payload", "value"),
    [
        (b"\xef\xbb\xbf[1]", [1]),
        ('{"기온":1253}'.encode("cp949"), {"기온": 1253}),
        ('{"기온":1253}'.encode(), {"기온": 1253}),
        (b'{"a":"x\\":","b":1}', {"a": 'x":', "b": 1}),
        (b'{"id":"' + b"7" * 80 + b'"}', {"id": "7" * 80}),
        (b'"\\\\u0000"', "\\u0000"),
        (b'{"a":{"k":1},"b":{"k":2}}', {"a": {"k": 1}, "b": {"k": 2}}),
        (b"[" + b"[]," * 40 + b"1]", [[]] * 40 + [1]),
    ],
)
def test_what_only_looks_suspicious_is_read(payload: bytes, value: object) -> None:
    assert read(payload, BOTH) == value


def test_the_deepest_allowed_message_is_read() -> None:
    assert read(nested(MAX_DEPTH)) is not None


def test_without_cp949_in_the_sites_policy_it_is_not_guessed() -> None:
    with pytest.raises(Unreadable):
        read('"기온"'.encode("cp949"), ("utf-8",))


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(payload: bytes) -> None:
    assert reason_of(payload) != ""


def reason_of(payload: bytes) -> str | None:
    try:
        read(payload, BOTH)
    except Unreadable as refusal:
        return refusal.reason
    return None


_TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
_TREES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | _TEXTS
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXTS, inner, max_size=4),
    max_leaves=20,
)  # fmt: skip


@given(_TREES, st.booleans(), st.sampled_from([None, (",", ":"), (" , ", " : ")]))
def test_every_proper_message_means_what_pythons_own_reader_says(
    tree: object, ascii_only: bool, separators: tuple[str, str] | None
) -> None:
    text = json.dumps(tree, ensure_ascii=ascii_only, separators=separators)
    assert same(read(text.encode()), json.loads(text))


def same(one: object, other: object) -> bool:
    if isinstance(one, float) and isinstance(other, float | int):
        return math.isclose(one, other)
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 9)), max_size=5))
def test_a_key_that_stands_twice_is_always_found(pairs: list[tuple[str, int]]) -> None:
    text = "{" + ",".join(f'"{key}":{value}' for key, value in pairs) + "}"
    twice = len({key for key, _ in pairs}) < len(pairs)
    assert reason_of(f'{{"in":[{text}]}}'.encode()) == ("duplicate-key" if twice else None)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
def test_wide_text_is_called_what_it_is(encoding: str) -> None:
    with pytest.raises(Unreadable) as refused:
        read('{"at": 1, "v": "\uae30\uc628 12.5"}'.encode(encoding), ("utf-8", "cp949"))
    assert refused.value.reason == "encoding"
