"""Tables of a feed that only one kind of feed has; `console/settings.py` takes them up."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of the settings file; an unknown key is a fault, since it is mostly a typing error."""


class CapForm(_Table, frozen=True):
    """How alerts are read. `expires_hours` counts where an alert does not say until when it holds.

    Positions outside Korea's frame are refused unless `outside_korea` is set. `certificates` is a
    folder with the certificates of signers that are trusted.
    """

    certificates: str = ""
    expires_hours: Annotated[float, Meta(gt=0, le=24 * 366)] = 24.0
    outside_korea: bool = False


class PlatformForm(_Table, frozen=True):
    """How messages of the integrated platform are read.

    `types` gives words of this site for the sender's event codes (evtId), since
    no list of them is published.
    """

    outside_korea: bool = False
    time_zone: str = "Asia/Seoul"
    types: dict[str, str] = {}


class SdotForm(_Table, frozen=True):
    """How S-DoT is read. `packed`: whether values are the raw form's scaled integers; `auto` sees it.

    A published row older than `historical_hours` raises no alarm any more.
    """

    packed: Literal["auto", "yes", "no"] = "auto"
    historical_hours: Annotated[float, Meta(gt=0, le=24 * 366)] = 3.0
    outside_korea: bool = False


class SparkplugForm(_Table, frozen=True):
    """How Sparkplug B is read. `quantities` and `units` (UCUM) by the metric's name.

    With `rebirth` the console asks a node for its births where they are missing
    (NCMD); without it, it says nothing.
    """

    rebirth: bool = False
    quantities: dict[str, str] = {}
    units: dict[str, str] = {}


class SeoulForm(_Table, frozen=True):
    """How Seoul's open data is read.

    `plane` is the EPSG number of plane coordinates, `frame` the degrees (west,
    east, south, north) in which they must lie, the city where none is given.
    `types` gives words for incident codes; a disaster message older than
    `fresh_hours` raises no alarm any more.
    """

    plane: Literal["5181", "5186", "5185", "5187", "5179"] = "5181"
    frame: tuple[float, float, float, float] | None = None
    types: dict[str, str] = {}
    fresh_hours: Annotated[float, Meta(gt=0, le=24 * 366)] = 3.0
    outside_korea: bool = False


class NgsiForm(_Table, frozen=True):
    """How NGSI-LD and NGSIv2 are read. `time_zone` counts for times that name none.

    `units` has the UCUM unit of quantities that come without a unitCode, `o3 = "[ppm]"` say.
    """

    time_zone: str = "Asia/Seoul"
    outside_korea: bool = False
    units: dict[str, str] = {}


class RegisterForm(_Table, frozen=True):
    """How municipal registers are read."""

    outside_korea: bool = False


class SenmlForm(_Table, frozen=True):
    """How SenML is read. `name` splits a name, for instance "urn:dev:ow:{source}/{quantity}".

    Empty, or where it does not fit, a name is split at its last "/" or ":". `quantities` gives
    quantities by these words, `quantity` is that of a name without one.
    """

    name: str = ""
    quantity: str = "value"
    quantities: dict[str, str] = {}


class FrigateForm(_Table, frozen=True):
    """How Frigate is read. `types` gives words for its labels ("person", "car", "review").

    `url` is where its pictures are; `speed` the unit in which it estimates speeds, "" where it does not.
    """

    prefix: str = "frigate"
    url: str = ""
    speed: Literal["", "kph", "mph"] = ""
    types: dict[str, str] = {}


class OneM2mForm(_Table, frozen=True):
    """How oneM2M is read: `sources` by container path, `quantities` by name, `units` (UCUM) by quantity."""

    sources: dict[str, str] = {}
    quantities: dict[str, str] = {}
    units: dict[str, str] = {}
    outside_korea: bool = False


class Datastream(_Table, frozen=True):
    """What a Datastream observes, where nobody tells."""

    source: str
    quantity: str
    unit: str = "1"


class SensorThingsForm(_Table, frozen=True):
    """How SensorThings is read; `datastreams` by their ids count before what messages say."""

    datastreams: dict[str, Datastream] = {}
    outside_korea: bool = False


class OnvifForm(_Table, frozen=True):
    """How ONVIF events are read: `types` by topic without prefixes, `sources` by the camera's own name."""

    types: dict[str, str] = {}
    sources: dict[str, str] = {}
