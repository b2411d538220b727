"""Which decoder reads a feed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from console.formats.cap import CapDecoder
from console.formats.frigate import FrigateDecoder
from console.formats.mapping import MappingDecoder
from console.formats.ngsi import NgsiDecoder
from console.formats.onem2m import OneM2mDecoder
from console.formats.onvif_events import OnvifDecoder
from console.formats.platform import PlatformDecoder
from console.formats.plausible import bounded
from console.formats.registers import RegisterDecoder
from console.formats.sdot import SdotDecoder
from console.formats.senml import SenmlDecoder
from console.formats.sensorthings import SensorThingsDecoder
from console.formats.seoul import SeoulDecoder
from console.formats.sparkplug import SparkplugDecoder
from console.settings import Feed
from db.records import Decoded


class Decoder(Protocol):
    """Bytes to records. Total: whatever comes in, a list comes out, and it is never empty."""

    def decode(self, topic: str, payload: bytes, received_ms: int, retained: bool) -> list[Decoded]:
        """The records of one message; what cannot be read is a SetAside among them."""


def decoder(name: str, feed: Feed, encodings: Sequence[str] = ("utf-8", "cp949")) -> Decoder:
    """The decoder of the feed `name`; raises SettingsError where its tables cannot work.

    `encodings` are the site's, in the order in which they are tried.
    """
    made = _by_kind(name, feed, encodings)
    return bounded(made, feed.plausible) if feed.plausible else made


def _by_kind(name: str, feed: Feed, encodings: Sequence[str]) -> Decoder:
    match feed.kind:
        case "cap":
            return CapDecoder(name, feed, encodings)
        case "platform":
            return PlatformDecoder(name, feed, encodings)
        case "ngsi-ld":
            return NgsiDecoder(name, feed, encodings)
        case "register":
            return RegisterDecoder(name, feed, encodings)
        case "sdot":
            return SdotDecoder(name, feed, encodings)
        case "sparkplug":
            return SparkplugDecoder(name, feed, encodings)
        case "seoul":
            return SeoulDecoder(name, feed, encodings)
        case _:
            return _of_things(name, feed, encodings)


def _of_things(name: str, feed: Feed, encodings: Sequence[str]) -> Decoder:
    """Forms of sensors, cameras and things; what names no form is a mapping."""
    match feed.kind:
        case "senml":
            return SenmlDecoder(name, feed, encodings)
        case "frigate":
            return FrigateDecoder(name, feed, encodings)
        case "onem2m":
            return OneM2mDecoder(name, feed, encodings)
        case "sensorthings":
            return SensorThingsDecoder(name, feed, encodings)
        case "onvif":
            return OnvifDecoder(name, feed, encodings)
        case _:
            return MappingDecoder(name, feed, encodings)
