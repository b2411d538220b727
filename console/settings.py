"""The one settings file: TOML in, checked values out.

Every fault names the file, the key, what was found and what is allowed.
"""

from __future__ import annotations

import re
import tomllib
import typing
import zoneinfo
from collections.abc import Sequence
from math import isfinite
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, field

from console.errors import SettingsError
from console.formats.forms import CapForm, PlatformForm
from console.formats.topics import matcher
from db.records import Camera, Rule

Name = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
Port = Annotated[int, Meta(ge=1, le=65535)]
Seconds = Annotated[float, Meta(ge=0)]
CAMERA_SCHEMES = ("rtsp", "rtsps", "http", "https", "file")
Filled = Annotated[str, Meta(min_length=1)]


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of the file; an unknown key is a fault, since it is mostly a typing error."""


class Site(_Table, frozen=True):
    """Who we are. `device` names this console at the central platform."""

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


class Feed(_Table, frozen=True):
    """One way in. `kind` names the form; `topics` are MQTT filters.

    A feed with `priority` has a session of its own at the broker and is read
    first, so that an event does not wait behind a day of samples. `every_s` is
    how often a source reports by its contract; 0 where nobody knows.
    """

    kind: Literal["mapping", "cap", "platform"] = "mapping"
    broker: str = "main"
    topics: tuple[str, ...] = ()
    silent_s: Seconds = 300.0
    priority: bool = False
    every_s: Seconds = 0.0
    backfill: Backfill | None = None
    mappings: tuple[Mapping, ...] = ()
    cap: CapForm = field(default_factory=CapForm)
    platform: PlatformForm = field(default_factory=PlatformForm)


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


class Settings(_Table, frozen=True):
    """The whole file."""

    site: Site = field(default_factory=Site)
    brokers: dict[Name, Broker] = {}
    feeds: dict[Name, Feed] = {}
    cameras: tuple[Camera, ...] = ()
    rules: tuple[Rule, ...] = ()
    central: Central = field(default_factory=Central)
    disk: Disk = field(default_factory=Disk)
    keep: tuple[Keep, ...] = ()
    backups: Backups = field(default_factory=Backups)


def load(path: Path) -> Settings:
    """Read and check the file; raises SettingsError that says what to mend."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path}: is not UTF-8 text (byte {error.start})") from error
    return parse(text, str(path))


def parse(text: str, origin: str) -> Settings:
    """Check the text of a settings file; `origin` names it in errors."""
    try:
        raw: dict[str, Any] = tomllib.loads(text, parse_float=_number)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{origin}: is not TOML: {error}") from error
    except RecursionError as error:
        raise SettingsError(f"{origin}: is nested deeper than can be read") from error
    settings = msgspec.convert({}, Settings)
    for key, found in raw.items():
        settings = msgspec.structs.replace(settings, **{key: _checked(key, found, origin)})
    _check_references(settings, origin)
    return settings


def _number(text: str) -> float | str:
    """A number of the file; nan and inf, which no setting can mean, stay texts and so are faults."""
    number = float(text)
    return number if isfinite(number) else text


_SHAPES = typing.get_type_hints(Settings, include_extras=True)
_AT = re.compile(r"^(?P<what>.*?)(?: - at `(?P<at>.*)`)?$", re.DOTALL)


def _checked(key: str, found: Any, origin: str) -> Any:
    """One top-level table, in the type that Settings gives it."""
    shape = _SHAPES.get(key)
    if shape is None:
        raise SettingsError(f"{origin}: key {key}: found {_short(found)}; allowed: {', '.join(_SHAPES)}")
    if typing.get_origin(shape) is dict:
        _, each = typing.get_args(shape)
        if not isinstance(found, dict):
            raise SettingsError(f"{origin}: key {key}: found {_short(found)}; allowed: tables [{key}.NAME]")
        for name in found:
            _convert(name, Name, f"{key}.{name}", origin)
        return {name: _convert(value, each, f"{key}.{name}", origin) for name, value in found.items()}
    return _convert(found, shape, key, origin)


def _convert(found: Any, shape: Any, key: str, origin: str) -> Any:
    try:
        return msgspec.convert(found, shape, strict=True)
    except msgspec.ValidationError as error:
        match = _AT.match(str(error))
        what, at = (match["what"], match["at"] or "$") if match else (str(error), "$")
        value = _at(found, at)
        name = key + at.removeprefix("$")
        raise SettingsError(
            f"{origin}: key {name}: found {_shown(name, value)}; {what}{_allowed(shape, at, what)}"
        ) from error


def _at(found: Any, path: str) -> Any:
    for name, index in re.findall(r"\.([^.\[\]]+)|\[(\d+)\]", path):
        try:
            found = found[int(index)] if index else found[name]
        except (KeyError, IndexError, TypeError):
            return "nothing"
    return found


def _short(found: Any) -> str:
    """What was found; a table by its keys only, since it may hold a password."""
    if isinstance(found, dict):
        return f"a table with {', '.join(found) or 'nothing'}"
    text = repr(found)
    return text if len(text) <= 80 else text[:77] + "..."


def _shown(key: str, found: Any) -> str:
    """The same without what may be a secret: passwords, and the user in an address."""
    if "password" in key and not isinstance(found, dict):
        return f"a hidden {type(found).__name__}"
    return re.sub(r"//[^/\s]*@", "//…@", _short(found))


def _allowed(shape: Any, path: str, what: str) -> str:
    """The choices at this place, where there are such."""
    for name in re.findall(r"\.([^.\[\]]+)|\[\d+\]", path):
        shape = _element(shape)
        if name:
            shape = typing.get_type_hints(shape, include_extras=True).get(name) if _is_table(shape) else None
    shape = _element(shape)
    if typing.get_origin(shape) is Literal:
        return f"; allowed: {', '.join(str(each) for each in typing.get_args(shape))}"
    if _is_table(shape) and "unknown field" in what:
        return f"; allowed: {', '.join(shape.__struct_fields__)}"
    return ""


def _element(shape: Any) -> Any:
    if typing.get_origin(shape) is typing.Annotated:
        shape = typing.get_args(shape)[0]
    return typing.get_args(shape)[0] if typing.get_origin(shape) is tuple else shape


def _is_table(shape: Any) -> bool:
    return isinstance(shape, type) and issubclass(shape, msgspec.Struct)


def _check_references(settings: Settings, origin: str) -> None:
    for name, feed in settings.feeds.items():
        if feed.broker not in settings.brokers:
            known = ", ".join(settings.brokers) or "none is defined"
            raise SettingsError(f"{origin}: key feeds.{name}.broker: found {feed.broker!r}; allowed: {known}")
        if not feed.topics:
            raise SettingsError(f"{origin}: key feeds.{name}.topics: found none; at least one MQTT filter")
        for at, each in enumerate(feed.topics):
            matcher(each, f"{origin}: key feeds.{name}.topics[{at}]")
    _check_zone(origin, settings.site.timezone)
    _check_cameras(origin, settings.cameras)
    _check_patterns(origin, "rules", settings.rules)
    _check_patterns(origin, "keep", settings.keep)
    _check_unique(origin, "cameras", [camera.id for camera in settings.cameras])
    _check_unique(origin, "rules", [rule.id for rule in settings.rules])


def _check_unique(origin: str, key: str, ids: list[str]) -> None:
    seen: set[str] = set()
    for each in ids:
        if each in seen:
            raise SettingsError(f"{origin}: key {key}: found id {each!r} twice; an id names one only")
        seen.add(each)


def _check_zone(origin: str, name: str) -> None:
    try:
        zoneinfo.ZoneInfo(name)
    except (OSError, ValueError, KeyError) as error:
        raise SettingsError(
            f"{origin}: key site.timezone: found {name!r}; allowed: names such as Asia/Seoul"
        ) from error


def _check_cameras(origin: str, cameras: tuple[Camera, ...]) -> None:
    for at, camera in enumerate(cameras):
        key = f"{origin}: key cameras[{at}]"
        if not camera.id:
            raise SettingsError(f"{key}.id: found ''; a name of its own")
        for name, url in (("url", camera.url), ("main_url", camera.main_url or camera.url)):
            scheme, mark, _ = url.partition("://")
            if not url or (mark and scheme.lower() not in CAMERA_SCHEMES):
                allowed = ", ".join(f"{each}://…" for each in CAMERA_SCHEMES)
                raise SettingsError(
                    f"{key}.{name}: found {scheme[:20]!r}; allowed: {allowed} or a file's path"
                )


def _check_patterns(origin: str, key: str, tables: Sequence[Rule | Keep]) -> None:
    for at, table in enumerate(tables):
        for name, pattern in (("source", table.source), ("quantity", table.quantity)):
            if not pattern or "*" in pattern[:-1]:
                raise SettingsError(
                    f"{origin}: key {key}[{at}].{name}: found {pattern!r}; exact, or with one * at the end"
                )
