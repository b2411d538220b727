"""Our alarms, incidents and readings on their way to a hub: the entry log is the outbox.

The mark in ops.db is moved only after the hub has answered: a kill in between
sends once more what it has already, which changes nothing there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from sqlite_utils import Database

from console.clock import Clock
from console.hub import alerts
from console.hub.client import CORE_CONTEXT, Entity, HubClient
from console.sync.exchange import Writer
from db import hubs, readings
from db.hubs import Parked
from db.records import Flag, Latest, Record

BATCH = 200


def push(db: Database, name: str, client: HubClient, engine: Writer, clock: Clock, context: str) -> bool:
    """Send the next batch of entries; True if there are more.

    `db` only reads. Raises Unavailable, and then nothing is marked.
    """
    rows = hubs.waiting(db, hubs.mark(db, name), BATCH)
    if not rows:
        return False
    said = [alerts.alert_of(db, entry, context) for _, entry in rows]
    outcome = client.upsert(alerts.merged([each for each in said if each is not None]))
    now_ms = clock.now_ms()
    parked = [Parked(entity, reason, now_ms) for entity, reason in outcome.refused]
    engine.call(_settled(name, rows[-1][0], outcome.taken, parked), 60)
    return len(rows) == BATCH


def _settled(
    name: str, position: int, taken: list[str], parked: list[Parked]
) -> Callable[[Database], list[Record]]:
    def job(db: Database) -> list[Record]:
        hubs.settle(db, name, position, taken, parked)
        return []

    return job


class Readings:
    """The newest value of each of our series, sent when it is newer than the one that the hub took.

    What was sent is not kept over a restart: sending it again changes nothing there.
    """

    def __init__(self, sources: tuple[str, ...], device: str, codes: Mapping[str, str], context: str) -> None:
        self._sources, self._device, self._codes = sources, quote(device, safe="-._~"), codes
        self._context = context or CORE_CONTEXT
        self._sent: dict[tuple[str, str, str], int] = {}
        self.refused: dict[str, str] = {}

    def push(self, db: Database, client: HubClient) -> int:
        """Send what is new; returns how many. Raises Unavailable."""
        if not self._sources:
            return 0
        new = [each for each in readings.latest(db) if self._is_new(each)]
        for at in range(0, len(new), BATCH):
            part = new[at : at + BATCH]
            outcome = client.upsert(alerts.merged([self._entity(each) for each in part]))
            self._sent |= {_series(each): each.observed_ms for each in part}
            for entity in outcome.taken:
                self.refused.pop(entity, None)
            self.refused |= dict(outcome.refused[:200])
        return len(new)

    def _is_new(self, latest: Latest) -> bool:
        if latest.flags & Flag.FORECAST or latest.quality in ("bad", "missing"):
            return False
        fits = any(
            latest.source.startswith(each[:-1]) if each.endswith("*") else latest.source == each
            for each in self._sources
        )
        return fits and self._sent.get(_series(latest), -1) < latest.observed_ms

    def _entity(self, latest: Latest) -> Entity:
        own = f"{quote(latest.source, safe='-._~')}:{quote(latest.quantity, safe='-._~')}:{latest.statistic}"
        at = datetime.fromtimestamp(latest.observed_ms / 1000, UTC).isoformat(timespec="milliseconds")
        at = at.replace("+00:00", "Z")
        is_number = type(latest.value) in (int, float)
        value: dict[str, Any] = {"type": "Property", "value": latest.value, "observedAt": at}
        if is_number and latest.unit in self._codes:
            value["unitCode"] = self._codes[latest.unit]
        return {
            "id": f"urn:ngsi-ld:DeviceMeasurement:{self._device}:{own}",
            "type": "DeviceMeasurement",
            "controlledProperty": {"type": "Property", "value": latest.quantity},
            "refDevice": {"type": "Property", "value": latest.source},
            "measurementType": {"type": "Property", "value": latest.statistic},
            "numValue" if is_number else "textValue": value,
            "dateObserved": {"type": "Property", "value": {"@type": "DateTime", "@value": at}},
            "@context": [self._context],
        }


def _series(latest: Latest) -> tuple[str, str, str]:
    return latest.source, latest.quantity, latest.statistic
