"""Which decoder reads a feed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
    made = _KINDS[feed.kind](name, feed, encodings)
    return bounded(made, feed.plausible) if feed.plausible else made


_KINDS: dict[str, Callable[[str, Feed, Sequence[str]], Decoder]] = {
    "mapping": MappingDecoder,
    "cap": CapDecoder,
    "platform": PlatformDecoder,
    "ngsi-ld": NgsiDecoder,
    "senml": SenmlDecoder,
    "sensorthings": SensorThingsDecoder,
    "onem2m": OneM2mDecoder,
    "onvif": OnvifDecoder,
    "frigate": FrigateDecoder,
    "sparkplug": SparkplugDecoder,
    "sdot": SdotDecoder,
    "seoul": SeoulDecoder,
    "register": RegisterDecoder,
}
