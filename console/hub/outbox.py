"""Our alarms, incidents and readings on their way to a hub: the entry log is the outbox.

The mark in ops.db is moved only after the hub has answered: a kill in between
sends once more what it has already, which changes nothing there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import quote

from sqlite_utils import Database

from console.clock import Clock
from console.hub import alerts, telling
from console.hub.client import CORE_CONTEXT, Entity, HubClient
from console.settings_tables import Hub
from console.sync.exchange import Writer
from db import entries, hub_messages, hubs, readings
from db.hub_messages import Thing
from db.hubs import Parked
from db.records import Entry, Flag, Latest, Record

BATCH = 200


class Pushed(NamedTuple):
    """Whether there are more entries, and whether the hub has answered."""

    more: bool
    sent: bool


def push(db: Database, name: str, client: HubClient, hub: Hub, engine: Writer, clock: Clock) -> Pushed:
    """Send the next batch of entries; a new hub is told of what stands, not of what has been.

    `db` only reads. Raises Unavailable, and then nothing is marked.
    """
    position = hubs.mark(db, name)
    if position is None:
        start = hubs.start(db)
        parts = [start.positions[at : at + BATCH] for at in range(0, len(start.positions), BATCH)]
        batches, head = iter([hubs.at(db, part) for part in parts]), start.head
    else:
        rows = hubs.waiting(db, position, BATCH)
        if not rows:
            if (end := hubs.behind(db, position)) is not None:
                engine.call(_moved(name, end), 60)
            return Pushed(more=False, sent=False)
        batches, head = iter([rows]), rows[-1][0]
    keeping = Keeping(db, name, leaves_out=hub.leave_out_suppressed)
    taken: list[str] = []
    refused: list[tuple[str, str]] = []
    count = 0
    for rows in batches:
        said = [keeping.alert_of(entry, hub.context) for _, entry in rows]
        alerted = alerts.merged([each for each in said if each is not None])
        outcome = client.upsert(alerted)
        taken += outcome.taken
        refused += outcome.refused
        count += len(alerted)
    parked = [Parked(entity, reason, clock.now_ms()) for entity, reason in refused]

    def settle(db: Database) -> list[Record]:
        hubs.settle(db, name, head, taken, parked)
        keeping.settle(db)
        return []

    engine.call(settle, 60)
    return Pushed(more=position is None or len(rows) == BATCH, sent=count > 0)


def _moved(name: str, position: int) -> Callable[[Database], list[Record]]:
    def job(db: Database) -> list[Record]:
        hubs.settle(db, name, position, (), ())
        return []

    return job


class Keeping:
    """Which alarms a hub is not told of, since another one explains them."""

    def __init__(self, db: Database, name: str, *, leaves_out: bool) -> None:
        self._db, self._name, self._leaves_out = db, name, leaves_out
        self._kept: dict[str, bool] = {}

    def alert_of(self, entry: Entry, context: str) -> Entity | None:
        """What the entry changes of its alert, None where the hub is not to know."""
        if not self._leaves_out or not entry.type.startswith("alarm."):
            return alerts.alert_of(self._db, entry, context)
        identity, verb = alerts.alarm_id(entry), entry.type.partition(".")[2]
        cause = entries.draft_of(entry).payload.get("suppressed_by", "")
        if verb == "raised":
            if cause:
                self._kept[identity] = True
                return None
        elif self._is_kept(identity):
            if verb in ("returned", "normal"):
                self._kept[identity] = False
            if verb != "released":
                return None
            self._kept[identity] = False
            return alerts.alert_of(self._db, telling.as_raised(self._db, entry), context)
        return alerts.alert_of(self._db, entry, context)

    def settle(self, db: Database) -> None:
        """Remember it, in the transaction that moves the mark."""
        for identity, kept in self._kept.items():
            if kept:
                hub_messages.put_thing(db, self._name, Thing(identity, identity))
            else:
                hub_messages.drop_thing(db, self._name, identity)

    def _is_kept(self, identity: str) -> bool:
        known = self._kept.get(identity)
        return hub_messages.thing(self._db, self._name, identity) is not None if known is None else known


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
