"""What a screen may ask about facilities: how reliable each was, and one with its devices."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Annotated, Any, Literal, Protocol
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta
from sqlite_utils import Database

from console.clock import Clock
from console.errors import Refused
from console.health import facility
from console.health.record import FitnessLog
from console.newest import Newest
from console.settings import Settings
from console.shifts import day_begins, day_name, shift_at
from db import fitness
from db.alarm_records import Alarm, Maintenance
from db.asset_records import Asset, AssetState, DeviceHealth, Downtime, Facilities, Facility
from db.fitness import Fitness, Move
from db.records import Incident

MOST_DOWNTIMES = 200
DAYS = {"week": 7, "month": 30}


class Room(Protocol):
    """The core, as far as these answers need it."""

    settings: Settings
    clock: Clock
    newest: Newest

    def open_ops_reader(self) -> Database: ...


class SpanAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`shift`: the present one from its beginning; `week`, `month`: 7, 30 local days with today."""

    span: Literal["shift", "week", "month"] = "shift"


class FacilityAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A facility or a device, over since_ms <= time < until_ms; at most the changes that are kept."""

    asset: Annotated[str, Meta(max_length=200)]
    since_ms: int
    until_ms: int


class FacilityAnswers:
    """Answers beside the writer, on short read-only connections; any thread may ask."""

    def __init__(self, core: Room, assets: Sequence[Asset], log: FitnessLog) -> None:
        self._core, self._log = core, log
        self._assets = {asset.id: asset for asset in assets}
        self._zone = ZoneInfo(core.settings.site.timezone)
        self._devices: dict[str, list[str]] = {}
        for device, home in log.homes.items():
            self._devices.setdefault(home, []).append(device)

    def questions(self) -> dict[str, tuple[type[msgspec.Struct], Callable[[Any], Any]]]:
        """The questions by name, as `console/queries.py` lists them."""
        return {"facilities": (SpanAsked, self.facilities), "facility": (FacilityAsked, self.facility)}

    def since_ms(self, span: str, now_ms: int) -> int:
        """When a span that ends now began."""
        if span == "shift":
            return shift_at(self._core.settings.shifts, now_ms, self._zone).since_ms
        return day_begins(now_ms, self._zone, days=1 - DAYS[span])

    def facilities(self, args: SpanAsked) -> Facilities:
        """Every facility, the worst first."""
        now_ms = self._core.clock.now_ms()
        since_ms = self.since_ms(args.span, now_ms)
        with self._reader() as db:
            if args.span == "shift":
                shares = self._log.shares(db, since_ms, now_ms)
            else:
                shares = self._log.over_days(db, since_ms, now_ms)
        states = {state.id: state for state in self._core.newest.of(AssetState)}
        work, incidents = self._work(), self._incidents()
        today = day_name(now_ms, self._zone)
        rows = [
            facility.health_of(
                self._with_devices(home), states.get(home), share, len(self._devices[home]), today,
                len(work.get(home, ())), len(incidents.get(home, ())),
            )
            for home, share in shares.items()
        ]  # fmt: skip
        return Facilities(since_ms, now_ms, tuple(facility.worst_first(rows)))

    def facility(self, args: FacilityAsked) -> Facility:
        """One facility, or one device alone, with when it was down."""
        asset = self._assets.get(args.asset)
        if asset is None:
            raise Refused(f"There is no facility {args.asset!r}")
        now_ms = self._core.clock.now_ms()
        until_ms = min(args.until_ms, now_ms)
        devices = self._devices.get(asset.id) or ([asset.id] if asset.id in self._log.homes else [])
        with self._reader() as db:
            shares = self._log.shares(db, args.since_ms, until_ms, devices)
            moves = fitness.moves(db, args.since_ms, devices)
            known = fitness.now(db, devices)
        total = fitness.Share(*map(sum, zip(*shares.values(), strict=True)))
        home = asset.id if asset.id in self._devices else self._log.homes.get(asset.id, asset.id)
        work, incidents = self._work().get(home, []), self._incidents().get(home, [])
        state = next((each for each in self._core.newest.of(AssetState) if each.id == asset.id), None)
        below = [self._assets[each] for each in devices if each != asset.id]
        health = facility.health_of(
            [asset, *below], state, total, len(devices),
            day_name(now_ms, self._zone), len(work), len(incidents),
        )  # fmt: skip
        rows = [self._device(each, shares[each], known) for each in devices]
        rows.sort(key=lambda each: (each.fitness != "down", each.availability or 0.0, each.id))
        return Facility(
            args.since_ms, until_ms, health, tuple(rows), tuple(downtimes(moves, self._log.now, until_ms)),
            tuple(work), tuple(incidents),
        )  # fmt: skip

    def _with_devices(self, home: str) -> list[Asset]:
        return [self._assets[home], *(self._assets[each] for each in self._devices[home] if each != home)]

    def _device(
        self, device: str, share: fitness.Share, known: dict[str, tuple[Fitness, int]]
    ) -> DeviceHealth:
        total = share.up_ms + share.down_ms + share.unknown_ms
        word: Literal["up", "down", "unknown"] = ("up", "down", "unknown")[self._log.now(device)]
        since = known.get(device)
        return DeviceHealth(
            device,
            word,
            since[1] if since is not None else None,
            facility.availability(share),
            (share.up_ms + share.down_ms) / total if total else 0.0,
            share.down_ms,
            share.failures,
        )

    def _work(self) -> dict[str, list[str]]:
        """Per facility the work orders: maintenance windows in force, and alarms out of service."""
        now_ms, found = self._core.clock.now_ms(), dict[str, list[str]]()
        for window in self._core.newest.of(Maintenance):
            if window.ended_ms is None and window.until_ms > now_ms:
                found.setdefault(self._home(window.asset), []).append(f"{window.order} · {window.reason}")
        for alarm in self._core.newest.of(Alarm):
            aside = alarm.out_of_service
            if aside is not None and not aside.window:
                found.setdefault(self._home(alarm.asset), []).append(
                    f"{aside.order} · {alarm.name or alarm.rule}"
                )
        return found

    def _incidents(self) -> dict[str, list[str]]:
        """Per facility the open incidents that name one of its alarms."""
        at = {alarm.id: self._home(alarm.asset) for alarm in self._core.newest.of(Alarm) if alarm.asset}
        found: dict[str, list[str]] = {}
        for incident in self._core.newest.of(Incident):
            for home in {at[alarm] for alarm in incident.alarms if alarm in at}:
                found.setdefault(home, []).append(incident.id)
        return found

    def _home(self, asset_id: str) -> str:
        """The facility at or above an asset."""
        asset = self._assets.get(asset_id)
        while asset is not None and asset.kind != "facility":
            asset = self._assets.get(asset.parent)
        return asset.id if asset is not None else asset_id

    @contextlib.contextmanager
    def _reader(self) -> Iterator[Database]:
        db = self._core.open_ops_reader()
        try:
            yield db
        finally:
            db.close()


def downtimes(
    moves: Sequence[Move], now: Callable[[str], Fitness], until_ms: int, most: int = MOST_DOWNTIMES
) -> list[Downtime]:
    """When devices were down, newest first; one that was down before the first change is left out."""
    since: dict[str, int] = {}
    found: list[Downtime] = []
    for move in moves:
        if move.at_ms >= until_ms:
            continue
        if move.fitness is Fitness.DOWN:
            since[move.asset] = move.at_ms
        elif move.asset in since:
            found.append(Downtime(move.asset, since.pop(move.asset), move.at_ms))
    found += [Downtime(asset, at_ms, None) for asset, at_ms in since.items() if now(asset) is Fitness.DOWN]
    return sorted(found, key=lambda each: -each.since_ms)[:most]
