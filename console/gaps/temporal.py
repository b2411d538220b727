"""Answers of NGSI-LD `/temporal/entities` as messages: one entity per moment, in normalized form.

Read are the normalized form (a list of instances per attribute), the simplified
one (`values`: pairs of value and time) and a single instance in place of a list.
Source: ETSI GS CIM 009 V1.8.1, 4.5.6 to 4.5.9 (temporal representations).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

MOST_MOMENTS = 200_000
_NOT_ATTRIBUTES = {"id", "type", "@context", "scope", "createdAt", "modifiedAt", "deletedAt"}
_LISTS = ("values", "objects", "vocabs", "languageMaps", "jsons")
_SINGLE = {"values": "value", "objects": "object", "vocabs": "vocab", "languageMaps": "languageMap",
           "jsons": "json"}  # fmt: skip


def messages(entity: Any) -> list[dict[str, Any]]:
    """One normalized entity for each moment at which something of it was observed, oldest first.

    What is no temporal entity, and instances without `observedAt`, give nothing.
    """
    if type(entity) is not dict or type(entity.get("id")) is not str:
        return []
    head = {key: entity[key] for key in ("id", "type") if key in entity}
    moments: dict[str, dict[str, Any]] = {}
    for name, attribute in entity.items():
        if name in _NOT_ATTRIBUTES:
            continue
        for at, instance in _instances(attribute):
            if at not in moments and len(moments) >= MOST_MOMENTS:
                return _ordered(head, moments)
            moments.setdefault(at, {})[name] = instance
    return _ordered(head, moments)


def _ordered(head: dict[str, Any], moments: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    return [head | moments[at] for at in sorted(moments)]


def _instances(attribute: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    for each in attribute if type(attribute) is list else [attribute]:
        if type(each) is not dict:
            continue
        at = _moment(each.get("observedAt"))
        if at is not None:
            yield at, each
        for key in _LISTS:
            if type(each.get(key)) is list:
                yield from _pairs(each, key)


def _pairs(attribute: dict[str, Any], key: str) -> Iterator[tuple[str, dict[str, Any]]]:
    common = {name: value for name, value in attribute.items() if name not in _LISTS}
    for pair in attribute[key]:
        if type(pair) is list and len(pair) >= 2 and (at := _moment(pair[1])) is not None:
            yield at, common | {_SINGLE[key]: pair[0], "observedAt": at}


def _moment(found: Any) -> str | None:
    """The text of a time, also where JSON-LD wraps it."""
    if type(found) is dict:
        found = found.get("@value")
    return found if type(found) is str and found else None
