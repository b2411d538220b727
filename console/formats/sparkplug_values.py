"""What a Sparkplug metric's value, unit and quality mean.

Signed integers travel in unsigned fields, by two's complement of their own
width or sign-extended to 32 bits: the standard leaves open which, and both are
in use. Source: Sparkplug 3.0, 6.4.16 and 6.4.17; eclipse-tahu/tahu for the
codes of the property Quality (192 good, 0 bad, 500 stale, else as in OPC).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from math import isfinite
from typing import Literal

from console.formats.json_text import Unreadable
from console.formats.sparkplug_wire import DOUBLE, FLOAT, INT, LONG, TEXT, TRUTH, Metric, Scalar
from console.formats.times import LAST_MS
from console.formats.values import MAX_VALUE_TEXT

_SIGNED = {1: 8, 2: 16, 3: 32, 4: 64}
_UNSIGNED = {5: 8, 6: 16, 7: 32, 8: 64}
_TRUTH, _DATE_TIME = 11, 13
_TEXTS = {12, 14, 15}
_REALS = {9, 10}
SKIPPED = {
    16: "DataSet", 17: "Bytes", 18: "File", 19: "Template", 20: "PropertySet", 21: "PropertySetList",
    **dict.fromkeys(range(22, 35), "array"),
}  # fmt: skip
"""Types that hold no single value, by their code; 22 to 34 are the arrays of 3.0."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BY_FIELD = {INT: 7, LONG: 8, FLOAT: 9, DOUBLE: 10, TRUTH: 11, TEXT: 12}

UNIT_KEYS = {"engunit", "engineeringunit", "engineeringunits", "unit", "units"}
QUALITY_KEYS = {"quality", "qualitycode"}

_UCUM = {
    "°c": "Cel", "℃": "Cel", "degc": "Cel", "c": "Cel", "celsius": "Cel", "°f": "[degF]", "degf": "[degF]",
    "%rh": "%", "percent": "%", "kwh": "kW.h", "mwh": "MW.h", "wh": "W.h", "ppm": "[ppm]", "ppb": "[ppb]",
    "lux": "lx", "°": "deg", "degree": "deg", "degrees": "deg", "db(a)": "dB", "dba": "dB", "": "1",
    "m³/h": "m3/h", "㎥/h": "m3/h", "㎥": "m3", "m³": "m3", "㎍/㎥": "ug/m3", "µg/m³": "ug/m3",
    "μg/m³": "ug/m3", "l/s": "L/s", "l/min": "L/min", "rpm": "{rpm}", "sec": "s", "secs": "s", "hour": "h",
    "minute": "min", "volt": "V", "volts": "V", "amp": "A", "amps": "A", "watt": "W", "watts": "W",
    "hertz": "Hz",
}  # fmt: skip
_PLAIN = {
    "%", "1", "V", "A", "W", "kW", "MW", "Hz", "bar", "mbar", "Pa", "kPa", "MPa", "m", "mm", "cm", "km", "s",
    "ms", "min", "h", "kg", "g", "t", "L", "m/s", "km/h", "mm/s", "lx", "dB", "mA", "mV", "kV", "kVA", "m3",
    "m3/h", "L/s", "ug/m3", "deg", "Cel", "K", "J", "kJ", "Ohm", "{person}", "{veh}",
}  # fmt: skip

Value = float | bool | str
Quality = Literal["good", "uncertain", "bad"]


def read(metric: Metric, datatype: int | None, name: str) -> Value | None:
    """The metric's value, None for an explicit null; raises Unreadable for what is no single value."""
    kind = datatype or _BY_FIELD.get(metric.field, 0)
    if kind in SKIPPED or 16 <= metric.field <= 19:
        what = SKIPPED.get(kind, "a structure")
        raise Unreadable("sparkplug-type", f"{name[:80]}: {what} holds no single value")
    if metric.is_null or metric.value is None:
        return None
    value = metric.value
    if kind in _SIGNED or kind in _UNSIGNED:
        return float(_integer(value, kind, name))
    if kind == _TRUTH and value in (0, 1):
        return value in (True, 1)
    if kind in _REALS and type(value) in (int, float):
        if not isfinite(value):  # type: ignore[arg-type]
            raise Unreadable("value", f"{name[:80]}: is no finite number")
        return float(value)
    if kind in _TEXTS and type(value) is str:
        return _text(value, name)
    if kind == _DATE_TIME and type(value) is int and value < LAST_MS:
        return (_EPOCH + timedelta(milliseconds=value)).isoformat(timespec="milliseconds")
    raise Unreadable("value", f"{name[:80]}: the value is not of its type {kind}")


def _text(value: str, name: str) -> str:
    if len(value) > MAX_VALUE_TEXT:
        said = f"a text of {len(value)} characters; at most {MAX_VALUE_TEXT}"
        raise Unreadable("value", f"{name[:80]}: {said}")
    return value


def _integer(value: object, kind: int, name: str) -> int:
    if type(value) is not int:
        raise Unreadable("value", f"{name[:80]}: the value is no integer")
    if kind in _UNSIGNED:
        if value >= 1 << _UNSIGNED[kind]:
            raise Unreadable("value", f"{name[:80]}: {value} is larger than its type")
        return value
    bits = _SIGNED[kind]
    low = value & ((1 << bits) - 1)
    if value != low and value >> (bits - 1) not in ((1 << (33 - bits)) - 1, (1 << (65 - bits)) - 1):
        raise Unreadable("value", f"{name[:80]}: {value} is larger than its type")
    return low - (1 << bits) if low >> (bits - 1) else low


def unit(metric: Metric) -> str:
    """The UCUM unit that the properties name, "" for none; one we do not know stands in braces."""
    return _said(metric.properties)[0]


def quality(metric: Metric) -> Quality:
    """What the properties say of the value."""
    return _said(metric.properties)[1]


@lru_cache(1024)
def _said(properties: tuple[tuple[str, Scalar], ...]) -> tuple[str, Quality]:
    """Unit and quality; many metrics have the same properties."""
    found, grade = "", "good"
    for key, value in properties:
        name = key.replace(" ", "").replace("_", "").lower()
        if name in UNIT_KEYS and type(value) is str:
            found = _ucum(value.strip())
        elif name in QUALITY_KEYS and type(value) is int:
            grade = "good" if 192 <= value < 256 else "bad" if value < 64 else "uncertain"
    return found, grade  # type: ignore[return-value]


def _ucum(text: str) -> str:
    if text in _PLAIN:
        return text
    known = _UCUM.get(text.lower())
    if known is not None:
        return known
    plain = "".join(each for each in text if each.isprintable() and each not in "{}")[:40]
    return f"{{{plain}}}" if plain else "1"
