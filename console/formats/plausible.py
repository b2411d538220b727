"""Marks readings that cannot be true, for forms whose tables name no ranges of their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

from console.settings_tables import Plausible
from db.records import Decoded, Reading

if TYPE_CHECKING:
    from console.formats.decoders import Decoder


def out_of_range(reading: Reading, ranges: Mapping[str, Plausible]) -> bool:
    """Whether a good number lies outside of what its quantity can have in this unit."""
    found = ranges.get(reading.quantity)
    if found is None or reading.quality != "good" or found.unit != reading.unit:
        return False
    value = reading.value
    if isinstance(value, bool | str):
        return False
    too_low = found.minimum is not None and value < found.minimum
    return too_low or (found.maximum is not None and value > found.maximum)


def marked(records: list[Decoded], ranges: Mapping[str, Plausible]) -> list[Decoded]:
    """The same records; a reading that cannot be true has the quality out_of_range."""
    return [
        msgspec.structs.replace(each, quality="out_of_range")
        if type(each) is Reading and out_of_range(each, ranges)
        else each
        for each in records
    ]


def bounded(decoder: Decoder, ranges: Mapping[str, Plausible]) -> Decoder:
    """The same decoder, with what it reads marked; its other methods stay as they are."""
    plain = decoder.decode

    def decode(topic: str, payload: bytes, received_ms: int, retained: bool) -> list[Decoded]:
        return marked(plain(topic, payload, received_ms, retained), ranges)

    decoder.decode = decode  # type: ignore[method-assign]  # so that take_answers and the like stay
    return decoder
