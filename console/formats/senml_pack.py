"""SenML packs resolved by the rules of RFC 8428, 4.1 to 4.6; whatever carried them.

A pack that breaks a rule about itself (version, a field ending in "_", a name)
is refused whole; a record whose value is unusable is refused alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import isfinite
from typing import Any, NamedTuple

from console.formats.json_text import Unreadable

VERSION = 10
RELATIVE = 2**28  # seconds; what is less counts from now
MAX_RECORDS = 2_000
MAX_NAME = 200
VALUES = ("v", "vs", "vb", "vd")
LABELS = {
    -6: "bs", -5: "bv", -4: "bu", -3: "bt", -2: "bn", -1: "bver",
    0: "n", 1: "u", 2: "v", 3: "vs", 4: "vb", 5: "s", 6: "t", 7: "ut", 8: "vd",
}  # fmt: skip
_BASES = {"bn", "bt", "bu", "bv", "bs", "bver"}
_NAME = re.compile(r"[A-Za-z0-9][-A-Za-z0-9:./_]*").fullmatch


class Resolved(NamedTuple):
    """A record that needs no other. `at_s` counts from 1970, or from now where `relative`."""

    name: str
    at_s: float
    unit: str = ""
    value: float | str | bool | None = None
    data: str = ""
    sum: float | None = None
    relative: bool = False


class _Bases:
    """What earlier records of the pack have set."""

    def __init__(self) -> None:
        self.name, self.unit = "", ""
        self.time = self.value = 0.0
        self.sum: float | None = None
        self.version: int | None = None

    def take(self, record: dict[str, Any]) -> None:
        self.name = _text(record, "bn", self.name)
        self.unit = _text(record, "bu", self.unit)
        self.time = _number(record, "bt", self.time) or 0.0
        self.value = _number(record, "bv", self.value) or 0.0
        self.sum = _number(record, "bs", self.sum)
        self._take_version(record)

    def _take_version(self, record: dict[str, Any]) -> None:
        version = record.get("bver")
        if version is None:
            return
        if type(version) is not int or not version > 0:
            raise Unreadable("senml-version", f"{str(version)[:40]!r} is no version of SenML")
        if version > VERSION:
            raise Unreadable("senml-version", f"version {version} of SenML; at most {VERSION} is read")
        if self.version not in (None, version):
            raise Unreadable("senml-version", "one pack names two versions")
        self.version = version


def resolve(pack: list[Any]) -> Iterator[Resolved | Unreadable]:
    """The records of a pack, each by itself, or why one of them is none; raises Unreadable for the pack."""
    if len(pack) > MAX_RECORDS:
        raise Unreadable("too-many", f"a pack of {len(pack)} records; at most {MAX_RECORDS}")
    bases = _Bases()
    found: list[Resolved | Unreadable] = []
    for record in pack:
        if type(record) is not dict:
            raise Unreadable("senml-shape", "a record is no object")
        record = {LABELS.get(key, key) if type(key) is int else key: value for key, value in record.items()}
        for key in record:
            if type(key) is str and key.endswith("_"):
                raise Unreadable("senml-field", f"the field {key[:60]!r} must be understood and is not")
        bases.take(record)
        name = _name(bases.name + _text(record, "n", ""), record)
        if name:
            try:
                found.append(_record(record, bases, name))
            except Unreadable as error:
                found.append(error)
    return iter(found)


def _name(name: str, record: dict[str, Any]) -> str:
    """The whole name; "" for a record that only sets bases."""
    if not any(key in record for key in (*VALUES, "s")) and "n" not in record and _BASES & record.keys():
        return ""
    if len(name) > MAX_NAME or not _NAME(name):
        raise Unreadable("senml-name", f"{name[:80]!r} is no name in SenML")
    return name


def _record(record: dict[str, Any], bases: _Bases, name: str) -> Resolved:
    at = bases.time + (_number(record, "t", 0.0) or 0.0)
    given = [key for key in VALUES if key in record]
    if len(given) > 1:
        raise Unreadable("value", f"{name}: has {len(given)} values")
    total = _number(record, "s", None)
    if total is not None or bases.sum is not None:
        total = (total or 0.0) + (bases.sum or 0.0)
    if not given and "s" not in record:
        raise Unreadable("value", f"{name}: has neither a value nor a sum")
    value, data = _value(record, given[0], bases, name) if given else (None, "")
    for number in (value, total, at):
        if type(number) is float and not isfinite(number):
            raise Unreadable("value", f"{name}: is no finite number")
    unit = _text(record, "u", "") or bases.unit
    return Resolved(name, at, unit, value, data, total, at < RELATIVE)


def _value(
    record: dict[str, Any], key: str, bases: _Bases, name: str
) -> tuple[float | str | bool | None, str]:
    found = record[key]
    if key == "v":
        return bases.value + (_number(record, "v", 0.0) or 0.0), ""
    wanted = {"vs": str, "vb": bool, "vd": str}[key]
    if type(found) is not wanted:
        raise Unreadable("value", f"{name}: {key} holds {type(found).__name__}")
    if key == "vd":
        return None, str(found)
    return bool(found) if key == "vb" else str(found), ""


def _number(record: dict[str, Any], key: str, default: float | None) -> float | None:
    if key not in record:
        return default
    found = record[key]
    if type(found) not in (int, float):
        raise Unreadable("value", f"the field {key} holds {str(found)[:40]!r}, no number")
    try:
        number = float(found)
    except OverflowError:
        number = float("inf")
    if not isfinite(number):
        raise Unreadable("value", f"the field {key} is no finite number")
    return number


def _text(record: dict[str, Any], key: str, default: str) -> str:
    found = record.get(key, default)
    if type(found) is not str or len(found) > MAX_NAME:
        raise Unreadable("text", f"the field {key} is no text of at most {MAX_NAME} characters")
    return found
