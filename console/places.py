"""`gwanje report places`: what stands where, as GeoJSON (RFC 7946) for a city's twin or any map.

Sensors and facilities with their newest values, standing alarms, and open incidents; an incident
and an alarm without a position of its own lie where their source does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import msgspec

from console.cli_task import TaskClient
from console.errors import ConsoleError, Refused
from db.alarm_records import Alarm
from db.asset_records import Asset, AssetState
from db.records import Flag, Incident, Latest
from db.shown import Shown

Position = tuple[float, float]


def print_places(folder: Path, to: Path) -> int:
    """Write what the folder's core shows now to `to`, whole or not at all."""
    if to.suffix.lower() not in (".geojson", ".json"):
        raise Refused(f"{to}: the file must end with .geojson")
    with TaskClient(folder, "report") as tasks:
        assets = msgspec.convert(tasks.client.ask("assets", {}), list[Asset])
        records = msgspec.convert(tasks.client.ask("state", {}), list[Shown])
    found = collection(assets, records)
    part = to.with_name(to.name + ".part")
    try:
        part.write_bytes(msgspec.json.encode(found))
        part.replace(to)
    except OSError as error:
        raise ConsoleError(f"{to}: cannot be written ({error.strerror})") from error
    finally:
        part.unlink(missing_ok=True)
    click.echo(f"{to}: {len(found['features'])} features")
    return 0


def collection(assets: Iterable[Asset], records: Iterable[Any]) -> dict[str, Any]:
    """The features of everything that has a place."""
    tree, now = list(assets), list(records)
    return {"type": "FeatureCollection", "features": list(_features(tree, now))}


def _features(assets: list[Asset], records: list[Any]) -> Iterator[dict[str, Any]]:
    states = {each.id: each for each in records if isinstance(each, AssetState)}
    values: dict[str, list[dict[str, Any]]] = {}
    for each in records:
        if isinstance(each, Latest):
            values.setdefault(each.source, []).append(_value(each))
    at = {each.id: (each.lon, each.lat) for each in assets if each.lon is not None and each.lat is not None}
    by_source = {each.source: at[each.id] for each in reversed(assets) if each.source and each.id in at}
    for asset in assets:
        if asset.id in at:
            state = states.get(asset.id)
            said: dict[str, Any] = {
                "kind": asset.kind,
                "name": asset.name,
                "name_en": asset.name_en,
                "domain": asset.domain,
            }
            if state is not None:
                said["condition"] = state.condition.name.lower()
            if asset.kind == "device" and asset.source in values:
                said["values"] = values[asset.source]
            yield _feature(asset.id, at[asset.id], said)
    alarms: dict[str, Position] = {}
    for alarm in records:
        if isinstance(alarm, Alarm):
            own = (alarm.lon, alarm.lat) if alarm.lon is not None and alarm.lat is not None else None
            place = own or at.get(alarm.asset) or by_source.get(alarm.source)
            if place is not None:
                alarms[alarm.id] = place
                yield _feature(alarm.id, place, _alarm(alarm))
    for incident in records:
        if isinstance(incident, Incident) and (place := _first(alarms, incident.alarms)) is not None:
            yield _feature(incident.id, place, _incident(incident))


def _first(alarms: dict[str, Position], ids: Iterable[str]) -> Position | None:
    return next((alarms[each] for each in ids if each in alarms), None)


def _feature(identity: str, at: Position, said: dict[str, Any]) -> dict[str, Any]:
    point = {"type": "Point", "coordinates": list(at)}
    return {"type": "Feature", "id": identity, "geometry": point, "properties": said}


def _value(latest: Latest) -> dict[str, Any]:
    return {
        "quantity": latest.quantity,
        "value": latest.value,
        "unit": latest.unit,
        "observed": _time(latest.observed_ms),
        "statistic": latest.statistic,
        "quality": latest.quality,
        "forecast": bool(latest.flags & Flag.FORECAST),
    }


def _alarm(alarm: Alarm) -> dict[str, Any]:
    return {
        "kind": "alarm",
        "name": alarm.text or alarm.name,
        "name_en": alarm.name_en,
        "rule": alarm.rule,
        "source": alarm.source,
        "priority": alarm.priority,
        "state": alarm.shown.value,
        "look": alarm.look,
        "raised": _time(alarm.raised_ms),
    }


def _incident(incident: Incident) -> dict[str, Any]:
    return {
        "kind": "incident",
        "name": incident.title,
        "number": incident.number,
        "type": incident.type,
        "level": incident.level,
        "place": incident.place,
        "opened": _time(incident.opened_ms),
    }


def _time(at_ms: int) -> str:
    try:
        return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="seconds")
    except (OverflowError, ValueError, OSError):
        return str(at_ms)
