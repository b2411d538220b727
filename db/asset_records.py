"""The tree of assets, how its nodes are, and who is there to look after them."""

from __future__ import annotations

import enum
from typing import Literal

from db.records import Key, Record


class Asset(Record, frozen=True):
    """One node of the tree district > facility > device > channel.

    A channel names its series by (`source`, `quantity`); a device may name the
    `source` whose last reading proves it alive; `silent_after_s` 0 = never.
    `purpose` and `retention_days` (of recordings, 0 = not said) are a camera's.
    Of a facility: `grade` (A to E of a safety inspection), the days (YYYY-MM-DD) on which it was
    `installed`, `inspected` and is to be inspected again (`inspect_by`), who to call, and the
    names of `documents` beside the register.
    """

    id: str
    kind: Literal["district", "facility", "device", "channel"]
    name: str
    parent: str = ""
    name_en: str = ""
    domain: str = ""
    source: str = ""
    quantity: str = ""
    silent_after_s: int = 0
    lon: float | None = None
    lat: float | None = None
    address: str = ""
    power_parent: str = ""
    purpose: str = ""
    retention_days: int = 0
    grade: str = ""
    installed: str = ""
    inspected: str = ""
    inspect_by: str = ""
    contact: str = ""
    documents: tuple[str, ...] = ()

    @property
    def key(self) -> Key:
        return ("asset", self.id)


class Condition(enum.IntEnum):
    """How a node of the asset tree is; a larger one is worse."""

    WELL = 0
    UNKNOWN = 1  # has not reported since this console knows it
    CAUTION = 2
    SILENT = 3
    BAD = 4


class AssetState(Record, frozen=True):
    """How an asset is: its own worst or its worst child's, and the share that is well.

    `well` of `total` leaves (channels, or devices without channels) below it
    are well; `worst` is the id of the leaf that decided. `priority` is the worst
    of the alarms at or below it that have not returned, 0 for none.
    """

    id: str
    condition: Condition
    well: int
    total: int
    worst: str = ""
    last_seen_ms: int | None = None
    alarms: int = 0
    priority: int = 0

    @property
    def key(self) -> Key:
        return ("asset_state", self.id)


class Crisis(Record, frozen=True):
    """The national four-level crisis warning in force: an axis of its own, beside alarms and incidents.

    `level`: 0 none, 1 관심 (attention), 2 주의 (caution), 3 경계 (alert), 4 심각 (serious).
    `kind` says of what (heavy rain, fine dust), `origin` who declared it: an operator or a system.
    """

    level: Literal[0, 1, 2, 3, 4]
    kind: str
    since_ms: int
    text: str = ""
    until_ms: int | None = None
    origin: str = ""
    by: str = ""
    exercise: bool = False

    @property
    def key(self) -> Key:
        return ("crisis", self.kind, "exercise" if self.exercise else "")


class OnDuty(Record, frozen=True):
    """Somebody works at a seat since `since_ms`; `left_ms` once the seat is empty."""

    seat: str
    actor: str
    since_ms: int
    left_ms: int | None = None

    @property
    def key(self) -> Key:
        return ("on_duty", self.seat)


class FacilityHealth(Record, frozen=True):
    """How reliable a facility was over a span; `console/health/facility.py` defines the figures.

    `availability` is 0 to 1, None while nothing is known; `known` is the share of device time
    about which the console knew. `mtbf_ms` is None without a failure. `open_work` counts maintenance
    windows in force and alarms out of service, `incidents` those open at the facility. `grade` is the
    worst and `inspect_by` the next day among the facility and its devices.
    """

    id: str
    condition: Condition
    priority: int = 0
    alarms: int = 0
    devices: int = 0
    availability: float | None = None
    known: float = 0.0
    down_ms: int = 0
    failures: int = 0
    mtbf_ms: float | None = None
    open_work: int = 0
    incidents: int = 0
    grade: str = ""
    inspect_by: str = ""
    is_overdue: bool = False

    @property
    def key(self) -> Key:
        return ("facility_health", self.id)


class Facilities(Record, frozen=True):
    """Every facility over a span that ends now, the worst first."""

    since_ms: int
    until_ms: int
    rows: tuple[FacilityHealth, ...]


class DeviceHealth(Record, frozen=True):
    """One device over a span; `fitness` is `up`, `down` or `unknown`, since `since_ms` if that is known."""

    id: str
    fitness: Literal["up", "down", "unknown"]
    since_ms: int | None
    availability: float | None
    known: float
    down_ms: int
    failures: int

    @property
    def key(self) -> Key:
        return ("device_health", self.id)


class Downtime(Record, frozen=True):
    """A stretch in which a device was down; `until_ms` None while it is."""

    device: str
    since_ms: int
    until_ms: int | None


class Facility(Record, frozen=True):
    """One facility or device over a span: its figures, its devices, and when they were down, newest first."""

    since_ms: int
    until_ms: int
    health: FacilityHealth
    devices: tuple[DeviceHealth, ...]
    downtimes: tuple[Downtime, ...]
    work: tuple[str, ...] = ()
    incidents: tuple[str, ...] = ()
