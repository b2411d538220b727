"""The tables of the settings file, as types; `console/settings.py` reads and checks them."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta, field

from console.formats.forms import (
    CapForm,
    FrigateForm,
    NgsiForm,
    OneM2mForm,
    OnvifForm,
    PlatformForm,
    RegisterForm,
    SdotForm,
    SenmlForm,
    SensorThingsForm,
    SeoulForm,
    SparkplugForm,
)
from console.maps.tables import MapFile
from console.settings_outlets import CapOut, Platform
from db.alarm_records import Rule
from db.records import Camera

Name = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
Port = Annotated[int, Meta(ge=1, le=65535)]
Seconds = Annotated[float, Meta(ge=0)]
Filled = Annotated[str, Meta(min_length=1)]


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of the file; an unknown key is a fault, since it is mostly a typing error."""


class Site(_Table, frozen=True):
    """Who we are. `device` names this console at the central platform.

    `outside_korea` takes positions outside of Korea's frame in all feeds; a feed may do so by itself.
    """

    district: str = "관제구"
    district_en: str = "District"
    device: Name = "console-1"
    language: Literal["auto", "ko", "en"] = "auto"
    timezone: str = "Asia/Seoul"
    assets: str = ""
    encodings: tuple[Literal["utf-8", "cp949"], ...] = ("utf-8", "cp949")
    keep_days: Annotated[int, Meta(ge=1)] = 30
    rows_hours: Annotated[int, Meta(ge=1, le=72)] = 6
    quarantine_keep: Annotated[int, Meta(ge=100)] = 100_000
    outside_korea: bool = False


class Broker(_Table, frozen=True):
    """An MQTT broker. A password comes from `password_file` or, less well, from here."""

    host: Filled = "127.0.0.1"
    port: Port = 1883
    version: Literal["5", "3.1.1"] = "5"
    client_id: Name = "gwanje"
    username: str = ""
    password: str = ""
    password_file: str = ""
    tls: bool = False
    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""
    keepalive_s: Annotated[int, Meta(ge=5, le=3600)] = 30
    session_expiry_s: Annotated[int, Meta(ge=0)] = 7 * 86400
    heartbeat_s: Annotated[float, Meta(gt=0)] = 2.0
    heartbeat_topic: Annotated[str, Meta(pattern=r"^[^+#]+$")] = "gwanje/{device}/heartbeat"


class Mapped(_Table, frozen=True):
    """One value taken out of a message.

    `value` is a JMESPath. The reading's value is `value * scale + offset`.
    """

    quantity: Filled
    value: str
    unit: str = "1"
    scale: float = 1.0
    offset: float = 0.0
    minimum: float | None = None
    maximum: float | None = None
    period_s: Annotated[int, Meta(ge=0)] = 0
    statistic: Literal["inst", "avg", "min", "max", "sum"] = "inst"


class MappedEvent(_Table, frozen=True):
    """An event taken out of a message; every field is a JMESPath or a quoted literal."""

    type: str
    key: str
    status: str = "'occurred'"
    grade: str = "''"
    text: str = "''"
    place: str = "''"
    when: str = ""


class Mapping(_Table, frozen=True):
    """How a JSON message becomes records.

    `topic` is a pattern with named parts, `city/{district}/{source}/obs`; a
    named part can be used in `source` as `{source}`. `source_path` takes the
    source out of the message instead. `time` is a JMESPath, empty for none.
    With `forecast` it is the time that is predicted, and no rule takes the values for real.
    """

    topic: str
    source: str = "{source}"
    source_path: str = ""
    time: str = ""
    time_format: str = "iso"
    time_zone: str = "Asia/Seoul"
    sequence: str = ""
    epoch: str = ""
    lon: str = ""
    lat: str = ""
    forecast: bool = False
    values: tuple[Mapped, ...] = ()
    events: tuple[MappedEvent, ...] = ()


class Backfill(_Table, frozen=True):
    """Where a source can be asked for what did not arrive.

    `url` may hold {source}, {since}, {until} (ISO 8601, UTC), {since_ms} and
    {until_ms}. `form`: `messages` is a JSON list of messages as the feed's topic
    brings them, `ngsi-ld` a reply of /temporal/entities. A token comes from `token_file`.
    `hours` is how much is asked for at a time, `every_s` the pause between two questions.
    """

    url: Annotated[str, Meta(pattern=r"^https?://")]
    form: Literal["messages", "ngsi-ld"] = "messages"
    items: str = "@"
    topic: str = ""
    token_file: str = ""
    header: str = "Authorization"
    hours: Annotated[float, Meta(gt=0)] = 24.0
    every_s: Annotated[float, Meta(gt=0)] = 1.0
    timeout_s: Annotated[float, Meta(gt=0, le=120)] = 20.0


class Poll(_Table, frozen=True):
    """An address that is asked again and again.

    `url` may hold {key}, {start}, {end}, {page}, {size}, {date} (2026-11-22)
    and {hour} (09), both of the site's zone, and {area}, which takes each of
    `areas` in turn. The key comes from `key_file` and is never logged or shown.
    Pages go on until one has fewer than `page_size` items (0: there is one page).
    An answer that is as it was is not stored again, unless `unchanged` is
    `store`: for services that name no times, whose same value is a new observation.
    """

    url: Annotated[str, Meta(pattern=r"^https?://")]
    every_s: Annotated[float, Meta(ge=1)] = 300.0
    key_file: str = ""
    header: str = ""
    areas: tuple[str, ...] = ()
    page_size: Annotated[int, Meta(ge=0, le=10_000)] = 0
    pages_most: Annotated[int, Meta(ge=1, le=1000)] = 100
    unchanged: Literal["skip", "store"] = "skip"
    timeout_s: Annotated[float, Meta(gt=0, le=120)] = 20.0


class Folder(_Table, frozen=True):
    """A folder whose files are read as they come; `archive` moves a read file to `read/` beside it."""

    path: Filled
    pattern: Filled = "*"
    every_s: Annotated[float, Meta(ge=1)] = 30.0
    after: Literal["archive", "keep"] = "archive"


class Endpoint(_Table, frozen=True):
    """Where others may post to this feed. With `token_file` they must show its content in `header`.

    To a `platform` feed each message must show a session key with `session_keys`; `senders` may ask for one
    (none named: any). It holds `session_hours`.
    """

    path: Annotated[str, Meta(pattern=r"^/[A-Za-z0-9._/-]*$")]
    token_file: str = ""
    header: str = "Authorization"
    session_keys: bool = False
    senders: tuple[Filled, ...] = ()
    session_hours: Annotated[float, Meta(gt=0, le=24 * 31)] = 24.0


class Listen(_Table, frozen=True):
    """The door for what others post; port 0 keeps it shut."""

    host: Filled = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535)] = 0
    cert_file: str = ""
    key_file: str = ""
    largest_mib: Annotated[int, Meta(ge=1, le=64)] = 4


class Plausible(_Table, frozen=True):
    """What values of a quantity can be true, in this unit; others get the quality out_of_range."""

    unit: str = "1"
    minimum: float | None = None
    maximum: float | None = None


class Feed(_Table, frozen=True):
    """One way in. `kind` names the form, `via` how it comes; `topics` are MQTT filters.

    A feed with `priority` has a session of its own at the broker and is read
    first, so that an event does not wait behind a day of samples. `every_s` is
    how often a source reports by its contract; 0 where nobody knows.
    """

    kind: Literal[
        "mapping", "cap", "platform", "ngsi-ld", "sdot", "sparkplug", "seoul", "register", "senml",
        "frigate", "onem2m", "sensorthings", "onvif",
    ] = "mapping"  # fmt: skip
    via: Literal["mqtt", "poll", "folder", "listen"] = "mqtt"
    poll: Poll | None = None
    folder: Folder | None = None
    listen: Endpoint | None = None
    broker: str = "main"
    topics: tuple[str, ...] = ()
    silent_s: Seconds = 300.0
    priority: bool = False
    every_s: Seconds = 0.0
    outside_korea: bool = False
    backfill: Backfill | None = None
    mappings: tuple[Mapping, ...] = ()
    plausible: dict[Filled, Plausible] = {}
    cap: CapForm = field(default_factory=CapForm)
    platform: PlatformForm = field(default_factory=PlatformForm)
    ngsi: NgsiForm = field(default_factory=NgsiForm)
    seoul: SeoulForm = field(default_factory=SeoulForm)
    sdot: SdotForm = field(default_factory=SdotForm)
    sparkplug: SparkplugForm = field(default_factory=SparkplugForm)
    register: RegisterForm = field(default_factory=RegisterForm)
    senml: SenmlForm = field(default_factory=SenmlForm)
    frigate: FrigateForm = field(default_factory=FrigateForm)
    onem2m: OneM2mForm = field(default_factory=OneM2mForm)
    sensorthings: SensorThingsForm = field(default_factory=SensorThingsForm)
    onvif: OnvifForm = field(default_factory=OnvifForm)


class Hub(_Table, frozen=True):
    """A data hub of NGSI-LD; `url` is what `/entities` and `/subscriptions` stand behind.

    With `types` and `endpoint` (mqtt://… or http://…) it is told to notify us of these entities
    (with an endpoint and no types our subscription is taken away);
    the subscription holds `expires_hours` and is renewed at half of that. `alerts` sends our alarms
    and incidents, `readings` (sources, exact or trailing-*) our newest values, by the path `upsert`.
    With `leave_out_suppressed` alarms are not sent while another one explains them.
    """

    url: Annotated[str, Meta(pattern=r"^https?://[^/?#]+[^?#]*$")]
    tenant: str = ""
    token_file: str = ""
    header: str = "Authorization"
    types: tuple[Filled, ...] = ()
    endpoint: Annotated[str, Meta(pattern=r"^(|(mqtts?|https?)://.+)$")] = ""
    expires_hours: Annotated[float, Meta(ge=0.1, le=24 * 366)] = 24.0
    alerts: bool = False
    readings: tuple[Filled, ...] = ()
    upsert: Annotated[str, Meta(pattern=r"^/[^#]*$")] = "/entityOperations/upsert?options=update"
    leave_out_suppressed: bool = False
    dataset: str = ""
    context: str = ""
    every_s: Annotated[float, Meta(ge=0.05)] = 5.0
    timeout_s: Annotated[float, Meta(gt=0, le=120)] = 20.0

    def __post_init__(self) -> None:
        if self.types and not self.endpoint:
            raise ValueError("types need an endpoint at which the hub reaches us")


class Central(_Table, frozen=True):
    """The central platform: `postgresql://…`, `file:PATH`, or empty for none."""

    url: str = ""
    password_file: str = ""
    every_s: Annotated[float, Meta(gt=0)] = 2.0


class Disk(_Table, frozen=True):
    """Watermarks in MiB of free space, each below the one before, and what is kept back for incidents.

    Below `warn_mib` the screen warns; below `shed_mib` nothing is written that
    can be done without (exports, snapshots, backups); below `stop_mib` feeds are not acknowledged
    (the broker keeps); `reserve_mib` lie in a file that is let go for incidents.
    """

    warn_mib: Annotated[int, Meta(ge=0)] = 2048
    shed_mib: Annotated[int, Meta(ge=0)] = 1024
    stop_mib: Annotated[int, Meta(ge=0)] = 256
    reserve_mib: Annotated[int, Meta(ge=0)] = 64


class Keep(_Table, frozen=True):
    """How long readings stay; the first table that fits a series counts, else `site.keep_days`."""

    days: Annotated[int, Meta(ge=1)]
    source: Filled = "*"
    quantity: Filled = "*"


class Backups(_Table, frozen=True):
    """When ops.db is backed up and how many are kept. `folder` empty: `backups` in the data folder."""

    folder: str = ""
    every_hours: Annotated[float, Meta(gt=0)] = 6.0
    keep: Annotated[int, Meta(ge=2)] = 8
    keep_days: Annotated[int, Meta(ge=1)] = 30


class CrisisBy(_Table, frozen=True):
    """Which events of other systems declare a crisis warning, of what kind and level (1 관심 to 4 심각).

    `types`, `origins`, `grades` are exact or trailing-* patterns, none of them means any; the first table
    that fits an event counts. An event that names no end declares for `hours`.
    """

    kind: Annotated[str, Meta(min_length=1, max_length=60)]
    level: Annotated[int, Meta(ge=1, le=4)]
    types: tuple[Filled, ...] = ()
    origins: tuple[Filled, ...] = ()
    grades: tuple[Filled, ...] = ()
    hours: Annotated[float, Meta(gt=0, le=24 * 31)] = 24.0


class Shift(_Table, frozen=True):
    """A shift by its name and the local time at which it begins; it lasts until the next one begins."""

    name: Filled
    begins: Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
    name_en: str = ""


SHIFTS = (
    Shift(name="주간조", begins="09:00", name_en="Day shift"),
    Shift(name="야간조", begins="18:00", name_en="Night shift"),
)


class Settings(_Table, frozen=True):
    """The whole file."""

    site: Site = field(default_factory=Site)
    brokers: dict[Name, Broker] = {}
    feeds: dict[Name, Feed] = {}
    cameras: tuple[Camera, ...] = ()
    rules: tuple[Rule, ...] = ()
    central: Central = field(default_factory=Central)
    hubs: dict[Name, Hub] = {}
    platforms: dict[Name, Platform] = {}
    cap_out: tuple[CapOut, ...] = ()
    disk: Disk = field(default_factory=Disk)
    keep: tuple[Keep, ...] = ()
    listen: Listen = field(default_factory=Listen)
    backups: Backups = field(default_factory=Backups)
    packs: tuple[Name, ...] = ()
    maps: tuple[MapFile, ...] = ()
    crisis: tuple[CrisisBy, ...] = ()
    shifts: Annotated[tuple[Shift, ...], Meta(min_length=1)] = SHIFTS
