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
from typing import Any, Literal
from urllib.parse import urlsplit

import msgspec

from console.errors import SettingsError
from console.formats.topics import matcher
from console.settings_tables import (
    SHIFTS,
    Backfill,
    Broker,
    Central,
    Disk,
    Feed,
    Keep,
    Mapped,
    MappedEvent,
    Mapping,
    Name,
    Settings,
    Shift,
    Site,
)
from db.alarm_records import Rule
from db.records import Camera

CAMERA_SCHEMES = ("rtsp", "rtsps", "http", "https", "file")
__all__ = [
    "SHIFTS",
    "Backfill",
    "Broker",
    "Central",
    "Disk",
    "Feed",
    "Mapped",
    "MappedEvent",
    "Mapping",
    "Settings",
    "Shift",
    "Site",
    "load",
    "parse",
]


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
    return _framed(settings, Path(origin).parent)


def _framed(settings: Settings, base: Path) -> Settings:
    """The same, with each form told if positions outside of Korea are wanted, and where its files are."""
    feeds = {
        name: _anywhere(feed) if settings.site.outside_korea or feed.outside_korea else feed
        for name, feed in settings.feeds.items()
    }
    for name, feed in feeds.items():
        if feed.cap.certificates:
            folder = str((base / Path(feed.cap.certificates).expanduser()).absolute())
            cap = msgspec.structs.replace(feed.cap, certificates=folder)
            feeds[name] = msgspec.structs.replace(feed, cap=cap)
    return msgspec.structs.replace(settings, feeds=feeds)


def _anywhere(feed: Feed) -> Feed:
    forms = {
        name: msgspec.structs.replace(form, outside_korea=True)
        for name in feed.__struct_fields__
        if hasattr(form := getattr(feed, name), "outside_korea")
    }
    return msgspec.structs.replace(feed, outside_korea=True, **forms)


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


def convert(found: Any, shape: Any, key: str, origin: str) -> Any:
    """A table of another file in its type, with the same sentences for what is wrong with it."""
    if typing.get_origin(shape) is dict:
        _, each = typing.get_args(shape)
        if not isinstance(found, dict):
            raise SettingsError(f"{origin}: key {key}: found {_short(found)}; allowed: tables [{key}.NAME]")
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
        _check_way(f"{origin}: key feeds.{name}", feed, settings)
    _check_zone(origin, settings.site.timezone)
    _check_cameras(origin, settings.cameras)
    _check_patterns(origin, "rules", settings.rules)
    _check_patterns(origin, "keep", settings.keep)
    _check_unique(origin, "cameras", [camera.id for camera in settings.cameras])
    _check_unique(origin, "rules", [rule.id for rule in settings.rules])
    _check_unique(origin, "cap_out", [each.name for each in settings.cap_out])
    _check_unique(origin, "maps", [each.id for each in settings.maps])


def _check_way(key: str, feed: Feed, settings: Settings) -> None:
    if feed.via != "mqtt":
        if getattr(feed, feed.via) is None:
            raise SettingsError(f"{key}.{feed.via}: found nothing; via = {feed.via!r} needs this table")
        if feed.poll is not None and not _has_fixed_host(feed.poll.url):
            raise SettingsError(f"{key}.poll.url: found no fixed host; only the path and query may vary")
        if feed.via == "listen" and not settings.listen.port:
            raise SettingsError(f"{key}.via: found 'listen', but [listen] names no port")
        return
    if feed.broker not in settings.brokers:
        known = ", ".join(settings.brokers) or "none is defined"
        raise SettingsError(f"{key}.broker: found {feed.broker!r}; allowed: {known}")
    if not feed.topics:
        raise SettingsError(f"{key}.topics: found none; at least one MQTT filter")
    for at, each in enumerate(feed.topics):
        matcher(each, f"{key}.topics[{at}]")


def _has_fixed_host(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and "{" not in parts.netloc and (parts.port or 1) > 0
    except ValueError:
        return False


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
