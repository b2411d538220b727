"""How sealed readings are written: columns, each in few bytes, and bit for bit what they were.

A chunk is two bodies: the axis (when observed, when received, where), which the
quantities of one message share, and the readings themselves. Numbers that are
short decimals are kept as whole numbers of their last place; all columns of
numbers are compressed by pcodec, words by zstandard.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt
from pcodec import ChunkConfig, standalone

from db.errors import StoreError
from db.records import Value

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Column = int | list[int] | bytes

FORM = 1
_FEW = 6  # values that pcodec's header would outweigh
_MOST_PLACES = 6
_EXACT = 2.0**53
_CONFIG = ChunkConfig()
_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder().decode


class Axis(NamedTuple):
    """When and where: arrays of one length, `observed` rising; a place that is not known is NaN."""

    observed: Ints
    received: Ints
    lon: Floats
    lat: Floats


class Columns(NamedTuple):
    """Readings of one series, oldest first, each time once.

    `numbers` has the values; where `others` names a place (a truth or a word), its number is 0.
    `quality` counts in `db.readings.QUALITIES`.
    """

    axis: Axis
    numbers: Floats
    others: dict[int, bool | str]
    period: Ints
    revision: Ints
    quality: Ints
    flags: Ints

    def value(self, place: int) -> Value:
        """The value at a place."""
        other = self.others.get(place)
        return float(self.numbers[place]) if other is None else other

    def trusted(self) -> npt.NDArray[np.bool_]:
        """Which places hold numbers that a trend may show: of good or uncertain quality."""
        mask = self.quality <= 1
        if self.others:
            mask[list(self.others)] = False
        return mask


def columns(
    observed: Sequence[int],
    received: Sequence[int],
    values: Sequence[Value],
    *,
    period: Sequence[int] | int = 0,
    revision: Sequence[int] | int = 1,
    quality: Sequence[int] | int = 0,
    flags: Sequence[int] | int = 0,
    lon: Sequence[float | None] | float | None = None,
    lat: Sequence[float | None] | float | None = None,
) -> Columns:
    """Columns of plain sequences; one value instead of a sequence stands for all places."""
    count = len(observed)
    axis = Axis(
        np.asarray(observed, np.int64),
        np.asarray(received, np.int64),
        _floats(lon, count),
        _floats(lat, count),
    )
    others = {n: value for n, value in enumerate(values) if not isinstance(value, float)}
    plain = [0.0 if n in others else value for n, value in enumerate(values)] if others else values
    return Columns(
        axis,
        np.asarray(plain, np.float64),
        others,
        _ints(period, count),
        _ints(revision, count),
        _ints(quality, count),
        _ints(flags, count),
    )


def _ints(given: Sequence[int] | int, count: int) -> Ints:
    return np.full(count, given, np.int64) if isinstance(given, int) else np.asarray(given, np.int64)


def _floats(given: Sequence[float | None] | float | None, count: int) -> Floats:
    if given is None or isinstance(given, int | float):
        return np.full(count, np.nan if given is None else given, np.float64)
    return np.asarray(given, np.float64)  # None becomes NaN


def take(from_: Columns, places: npt.NDArray[Any]) -> Columns:
    """The readings at these places (numbers, rising, or truths), in their order."""
    if places.dtype == np.bool_:
        places = np.flatnonzero(places)
    axis = Axis(*(column[places] for column in from_.axis))
    others = from_.others
    if others:
        others = {n: others[at] for n, at in enumerate(places.tolist()) if at in others}
    rest = (from_.period, from_.revision, from_.quality, from_.flags)
    return Columns(axis, from_.numbers[places], others, *(column[places] for column in rest))


def merge(old: Columns, new: Columns) -> Columns:
    """Both together; where both know a time, the new one stands."""
    stays = ~np.isin(old.axis.observed, new.axis.observed)
    old = take(old, stays)
    shift = len(old.numbers)
    axis = Axis(*(np.concatenate(pair) for pair in zip(old.axis, new.axis, strict=True)))
    both = Columns(
        axis,
        np.concatenate((old.numbers, new.numbers)),
        old.others | {at + shift: other for at, other in new.others.items()},
        np.concatenate((old.period, new.period)),
        np.concatenate((old.revision, new.revision)),
        np.concatenate((old.quality, new.quality)),
        np.concatenate((old.flags, new.flags)),
    )
    return take(both, np.argsort(axis.observed, kind="stable"))


# --- bodies ------------------------------------------------------------------------


def pack_axis(axis: Axis) -> bytes:
    """The axis as bytes; equal axes give equal bytes."""
    delay = axis.received - axis.observed
    places = (_pack_places(axis.lon), _pack_places(axis.lat))
    return _pack([FORM, len(delay), _pack_ints(axis.observed), _pack_ints(delay), *places])


def unpack_axis(body: bytes) -> Axis:
    """The axis of these bytes; raises StoreError if they are none."""
    try:
        form, count, observed, delay, lon, lat = _unpack(body)
        if form != FORM:
            raise StoreError(f"a time axis of form {form} is not known")
        times = _unpack_ints(observed, count)
        return Axis(
            times, times + _unpack_ints(delay, count), _unpack_places(lon, count), _unpack_places(lat, count)
        )
    except (RuntimeError, ValueError, TypeError) as error:
        raise StoreError(f"a time axis cannot be read ({error})") from error


def pack(of: Columns) -> bytes:
    """All but the axis, as bytes."""
    numbers, others = of.numbers, b""
    if of.others:
        places = sorted(of.others)
        whole = len(places) == len(numbers)
        numbers = numbers[:0] if whole else np.delete(numbers, places)
        said = [None if whole else places, [of.others[place] for place in places]]
        others = zstd.compress(_pack(said))
    rest = (_pack_ints(column) for column in (of.period, of.revision, of.quality, of.flags))
    return _pack([FORM, _pack_numbers(numbers), others, *rest])


def unpack(body: bytes, axis: Axis) -> Columns:
    """The readings of these bytes on their axis; raises StoreError if they are none."""
    try:
        form, packed, said, *rest = _unpack(body)
        if form != FORM:
            raise StoreError(f"a chunk of form {form} is not known")
        count = len(axis.observed)
        others: dict[int, bool | str] = {}
        if said:
            places, words = _unpack(zstd.decompress(said))
            others = dict(enumerate(words)) if places is None else dict(zip(places, words, strict=True))
        numbers = _unpack_numbers(packed, count - len(others))
        if others:
            spread = np.zeros(count, np.float64)
            mask = np.ones(count, np.bool_)
            mask[list(others)] = False
            spread[mask] = numbers
            numbers = spread
        period, revision, quality, flags = (_unpack_ints(column, count) for column in rest)
    except (RuntimeError, ValueError, TypeError, zstd.ZstdError) as error:
        raise StoreError(f"a chunk cannot be read ({error})") from error
    return Columns(axis, numbers, others, period, revision, quality, flags)


def _pack_ints(column: Ints) -> Column:
    if len(column) <= _FEW:
        few: list[int] = column.tolist()
        return few
    first = int(column[0])
    if (column == first).all():
        return first
    return bytes(standalone.simple_compress(np.ascontiguousarray(column), _CONFIG))


def _unpack_ints(packed: Column, count: int) -> Ints:
    if isinstance(packed, bytes):
        found = standalone.simple_decompress(packed)
    elif isinstance(packed, int):
        found = np.full(count, packed, np.int64)
    else:
        found = np.asarray(packed, np.int64)
    if len(found) != count:
        raise ValueError(f"{len(found)} values instead of {count}")
    return found  # type: ignore[no-any-return]


def _pack_numbers(numbers: Floats) -> list[Any]:
    """[places after the point, whole numbers], or [None, bits] for what is no short decimal."""
    bits = numbers.view(np.int64)
    for places in range(_MOST_PLACES + 1):
        with np.errstate(over="ignore"):
            scaled = np.rint(numbers * 10.0**places)
        if not (np.abs(scaled) < _EXACT).all():
            break
        whole = scaled.astype(np.int64)
        if np.array_equal((whole / 10.0**places).view(np.int64), bits):
            return [places, _pack_ints(whole)]
    if len(numbers) <= _FEW or (bits == bits[0]).all():
        return [None, _pack_ints(bits)]
    return [-1, bytes(standalone.simple_compress(np.ascontiguousarray(numbers), _CONFIG))]


def _unpack_numbers(packed: list[Any], count: int) -> Floats:
    places, column = packed
    if places is None:
        return _unpack_ints(column, count).view(np.float64)
    if places < 0:
        found: Floats = standalone.simple_decompress(column)
        if len(found) != count:
            raise ValueError(f"{len(found)} numbers instead of {count}")
        return found
    scaled: Floats = _unpack_ints(column, count) / 10.0**places
    return scaled


def _pack_places(column: Floats) -> list[Any] | None:
    return (
        None
        if np.isnan(column).all()
        else _pack_numbers(column)
        if not np.isnan(column).any()
        else _bits(column)
    )


def _bits(column: Floats) -> list[Any]:
    return [None, _pack_ints(column.view(np.int64))]


def _unpack_places(packed: list[Any] | None, count: int) -> Floats:
    return np.full(count, np.nan) if packed is None else _unpack_numbers(packed, count)
