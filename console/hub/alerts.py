"""Entries of the log as NGSI-LD `Alert` entities. Pure but for the incident's fold, which is read.

An alert's id is of device, alarm and activation: however often an entry is
sent, it is one entity. A later entry changes only what it says.
Source: smart-data-models, dataModel.Alert.
"""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlite_utils import Database

from console.hub.client import CORE_CONTEXT, Entity
from db import entries, incidents
from db.records import Entry

SEVERITY = {1: "critical", 2: "high", 3: "medium", 4: "low"}
_TABLE = Path(__file__).resolve().parents[2] / "resources" / "ngsi" / "alerts.toml"
_MOST_TEXT = 4_000


def alert_of(db: Database, entry: Entry, context: str = "") -> Entity | None:
    """What an entry changes of its alert; None for one that changes nothing a hub would show."""
    entity = _of_alarm(entry) if entry.type.startswith("alarm.") else _of_incident(db, entry)
    return entity | {"@context": [context or CORE_CONTEXT]} if entity is not None else None


def alarm_id(entry: Entry) -> str:
    """The id of the alert of an alarm's entry."""
    activation = entries.draft_of(entry).payload.get("activation", 0)
    return f"urn:ngsi-ld:Alert:{_part(entry.device)}:{_part(entry.subject)}:{activation}"


def merged(alerts: list[Entity]) -> list[Entity]:
    """One entity per id, later statements over earlier ones, in the order of their first."""
    found: dict[str, Entity] = {}
    for each in alerts:
        found[each["id"]] = found.get(each["id"], {}) | each
    return list(found.values())


def _of_alarm(entry: Entry) -> Entity:
    said = entries.draft_of(entry).payload
    entity: Entity = {
        "id": alarm_id(entry),
        "type": "Alert",
        "severity": _property(SEVERITY.get(said.get("priority", 3), "medium")),
        "status": _property(str(said.get("state", ""))),
    }
    verb = entry.type.partition(".")[2]
    if verb == "raised":
        text = said.get("text") or described(said)
        named = f"{said.get('rule')} {said.get('name')}"
        category, sub = _category(str(said.get("quantity", "")), named, str(said.get("text", "")))
        entity |= {
            "category": _property(category),
            "subCategory": _property(sub),
            "dateIssued": _time(entry.at_ms),
            "validFrom": _time(said.get("observed_ms") or entry.at_ms),
            "alertSource": _property(str(said.get("source") or entry.device)),
            "description": _property(_text(text)),
            "data": _property({key: said[key] for key in ("value", "unit", "limit") if key in said}),
        }
        if said.get("place"):
            entity["address"] = _property(_text(said["place"]))
    elif verb == "returned" or said.get("state") in ("normal", "returned"):
        entity["validTo"] = _time(entry.at_ms)
    entity["dateModified"] = _time(entry.at_ms)
    return entity


def _of_incident(db: Database, entry: Entry) -> Entity | None:
    incident = incidents.get(db, entry.subject)
    if incident is None:
        return None
    category, sub = _category("", f"{incident.type} {incident.title}")
    entity: Entity = {
        "id": f"urn:ngsi-ld:Alert:{_part(incident.device or entry.device)}:incident:{_part(incident.id)}",
        "type": "Alert",
        "category": _property(category),
        "subCategory": _property(sub),
        "severity": _property(SEVERITY[incident.level]),
        "status": _property(incident.state),
        "dateIssued": _time(incident.opened_ms),
        "validFrom": _time(incident.opened_ms),
        "alertSource": _property(incident.number),
        "description": _property(_text(incident.title)),
        "dateModified": _time(entry.at_ms),
    }
    if incident.place:
        entity["address"] = _property(_text(incident.place))
    if incident.closed_ms is not None:
        entity["validTo"] = _time(incident.closed_ms)
    return entity


def _category(quantity: str, *texts: str) -> tuple[str, str]:
    """Category and subcategory by the quantity, else by a word of the first text that has one."""
    rows = _rows()
    for row in rows:
        if quantity and quantity in row.get("quantities", ()):
            return row["category"], row["sub"]
    for text in texts:
        low = text.lower()
        for row in rows:
            if any(word in low for word in row.get("words", ())):
                return row["category"], row["sub"]
    return "security", "other"


@cache
def _rows() -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = tomllib.loads(_TABLE.read_text(encoding="utf-8"))["alert"]
    return rows


def described(said: dict[str, Any]) -> str:
    """What an alarm says of itself where nobody gave it a text."""
    value = said.get("value")
    measured = "" if value is None else f" {value:g}" if type(value) in (int, float) else f" {value}"
    return f"{said.get('name') or said.get('rule')}: {said.get('source')} {said.get('quantity')}{measured}"


def _property(value: Any) -> dict[str, Any]:
    return {"type": "Property", "value": value}


def _time(at_ms: int) -> dict[str, Any]:
    text = datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds")
    return _property({"@type": "DateTime", "@value": text.replace("+00:00", "Z")})


def _text(found: Any) -> str:
    return str(found)[:_MOST_TEXT]


def _part(text: str) -> str:
    return quote(text, safe="-._~")[:400]
