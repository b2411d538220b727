"""Chunks: what is sealed comes back bit for bit."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from db import chunks
from db.chunks import Columns
from db.errors import StoreError

ANY_TIME = st.integers(-(2**63) + 1, 2**63 - 1)
decimals = st.builds(lambda n, places: n / 10**places, st.integers(-(10**9), 10**9), st.integers(0, 6))
numbers = st.one_of(
    st.floats(allow_nan=False), decimals, st.sampled_from([0.0, -0.0, 5e-324, -1.7e308, 0.1 + 0.2, 2.0**53])
)
values = st.one_of(numbers, st.booleans(), st.text(max_size=5))
places = st.none() | st.floats(-180, 180)
small = st.integers(0, 5)


@st.composite
def some_columns(draw: st.DrawFn) -> Columns:
    observed = sorted(draw(st.sets(ANY_TIME | st.integers(0, 10**6), min_size=1, max_size=40)))
    n = len(observed)
    kind = draw(st.sampled_from([values, numbers, decimals, st.booleans(), st.just(-0.0), st.just(20.5)]))

    def some(of: st.SearchStrategy) -> list:  # type: ignore[type-arg]
        return draw(st.lists(of, min_size=n, max_size=n))

    def either(of: st.SearchStrategy) -> list:  # type: ignore[type-arg]
        return [draw(of)] * n if draw(st.booleans()) else some(of)

    return chunks.columns(
        observed,
        some(ANY_TIME),
        some(kind),
        period=either(st.integers(0, 2**40)),
        revision=either(st.integers(1, 3)),
        quality=either(small),
        flags=either(st.integers(0, 7)),
        lon=either(places),
        lat=either(places),
    )


def told(of: Columns) -> list[tuple[object, ...]]:
    """Everything in plain values, a number as its bits."""
    found = []
    for n in range(len(of.numbers)):
        value = of.value(n)
        bits = struct.pack("<d", value) if isinstance(value, float) else value
        axis = [struct.pack("<q" if column.dtype == np.int64 else "<d", column[n]) for column in of.axis]
        rest = [int(column[n]) for column in (of.period, of.revision, of.quality, of.flags)]
        found.append((type(value), bits, *axis, *rest))
    return found


@settings(max_examples=300, deadline=None)
@given(some_columns())
def test_what_is_packed_comes_back_bit_for_bit(of: Columns) -> None:
    axis = chunks.unpack_axis(chunks.pack_axis(of.axis))
    assert told(chunks.unpack(chunks.pack(of), axis)) == told(of)


@settings(max_examples=100, deadline=None)
@given(some_columns(), some_columns())
def test_of_two_that_know_a_time_the_new_one_stands(old: Columns, new: Columns) -> None:
    model = dict(zip(old.axis.observed.tolist(), told(old), strict=True))
    model |= dict(zip(new.axis.observed.tolist(), told(new), strict=True))
    assert told(chunks.merge(old, new)) == [model[at] for at in sorted(model)]


def test_a_sensor_with_noise_and_jitter_takes_less_than_a_byte_per_value_and_three_per_time() -> None:
    dice = np.random.default_rng(7)
    observed = 1_795_365_116_000 + np.arange(720) * 120_000 + dice.integers(-500, 500, 720)
    walk = np.round(20 + np.cumsum(dice.normal(0, 0.05, 720)) + dice.normal(0, 0.1, 720), 1)
    of = chunks.columns(observed.tolist(), (observed + dice.integers(20, 400, 720)).tolist(), walk.tolist())
    assert len(chunks.pack(of)) < 720
    assert len(chunks.pack_axis(of.axis)) < 3 * 720


@pytest.mark.parametrize("spoil", [lambda body: body[:-1], lambda body: b"\x00" + body[1:], lambda body: b""])
def test_a_spoiled_body_is_told_and_not_guessed(spoil) -> None:  # type: ignore[no-untyped-def]
    of = chunks.columns(list(range(50)), list(range(50)), [n / 7 for n in range(50)])
    with pytest.raises(StoreError):
        chunks.unpack_axis(spoil(chunks.pack_axis(of.axis)))
    with pytest.raises(StoreError):
        chunks.unpack(spoil(chunks.pack(of)), of.axis)
