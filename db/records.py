"""The immutable values that travel through the program.

Every time is an integer of milliseconds since 1970-01-01 UTC: `observed_ms` by
the sender's clock, `received_ms` and `at_ms` by ours. A record that the screen
follows has a `key`; of two records with one key the later replaces the earlier.
"""

from __future__ import annotations

import enum
from typing import Any, Literal

import msgspec

Value = float | bool | str
Key = tuple[str, ...]


class Record(msgspec.Struct, frozen=True, tag=True, tag_field="record", omit_defaults=True):
    """Base of all records; the tag is the class name, so that a union can be decoded."""


# --- what comes in -----------------------------------------------------------


class Flag(enum.IntFlag):
    """How a reading came; any of them keeps it from raising an alarm."""

    NONE = 0
    RETAINED = 1  # the broker kept it: a state of unknown age
    HISTORICAL = 2  # the sender says that it is old
    BACKFILL = 4  # we asked for it afterwards
    FORECAST = 8  # a prediction; only forecast rules look at it


class Reading(Record, frozen=True):
    """One value of one quantity of one source.

    `value` is in `unit` (UCUM). `period_s` is the length of the averaging
    period that ends at `observed_ms`, 0 for an instant. A higher `revision`
    replaces a lower one of the same source, quantity, time and statistic.
    """

    source: str
    quantity: str
    value: Value
    observed_ms: int
    received_ms: int
    unit: str = "1"
    period_s: int = 0
    statistic: Literal["inst", "avg", "min", "max", "sum"] = "inst"
    revision: int = 1
    quality: Literal["good", "uncertain", "bad", "missing", "stuck", "out_of_range"] = "good"
    flags: int = 0
    lon: float | None = None
    lat: float | None = None


class Event(Record, frozen=True):
    """Something another system says has happened; (origin_system, origin_key) is its identity."""

    origin_system: str
    origin_key: str
    type: str
    status: Literal["occurred", "changed", "cleared", "cancelled", "ended"]
    observed_ms: int
    received_ms: int
    source: str = ""
    grade: str = ""
    end_ms: int | None = None
    place: str = ""
    lon: float | None = None
    lat: float | None = None
    area_codes: tuple[str, ...] = ()
    text: str = ""
    media: tuple[str, ...] = ()
    confidence: float | None = None
    exercise: bool = False
    flags: int = 0
    extra: dict[str, Any] = {}


class PlateRead(Record, frozen=True):
    """One number plate as one camera read it."""

    read_id: str
    source: str
    plate: str
    observed_ms: int
    received_ms: int
    confidence: float | None = None
    lane: str = ""
    direction: str = ""
    speed_kmh: float | None = None
    lon: float | None = None
    lat: float | None = None


class SetAside(Record, frozen=True):
    """A message, or a part of one, that could not be read.

    `reason` is a short code (`not-json`, `too-deep`, `time`, ...) that the
    screen has words for; `detail` says in English what was found and where.
    """

    reason: str
    detail: str


class Mark(Record, frozen=True):
    """The sender's own count of a message: `seq`, in the numbering `epoch` ("" where it has but one)."""

    source: str
    epoch: str
    seq: int
    observed_ms: int
    flags: int = 0


Decoded = Reading | Event | PlateRead | SetAside | Mark


# --- what stands -------------------------------------------------------------


class Quarantined(Record, frozen=True):
    """A message that was set aside, as it came (`payload` is bounded)."""

    id: int
    feed: str
    topic: str
    received_ms: int
    reason: str
    detail: str
    payload: bytes
    size: int

    @property
    def key(self) -> Key:
        return ("quarantined", str(self.id))


class Latest(Record, frozen=True):
    """The newest reading of a series (source, quantity, statistic)."""

    source: str
    quantity: str
    statistic: str
    value: Value
    unit: str
    observed_ms: int
    received_ms: int
    quality: str = "good"
    flags: int = 0

    @property
    def key(self) -> Key:
        return ("latest", self.source, self.quantity, self.statistic)


class Trend(Record, frozen=True):
    """History of a series, thinned to what a plot can show.

    Arrays of equal length, oldest first: per bucket its first time and the
    smallest, largest and mean value. A gap in the data is a gap in the times.
    """

    source: str
    quantity: str
    unit: str
    since_ms: int
    until_ms: int
    times: list[int]
    low: list[float]
    high: list[float]
    mean: list[float]
    count: int


# --- what people and the system do -------------------------------------------


class Draft(Record, frozen=True):
    """An entry before the log gives it its place. `type` is like `incident.opened`."""

    type: str
    subject: str
    at_ms: int
    actor: str
    payload: dict[str, Any]


class Entry(Record, frozen=True):
    """One line of the event log, never changed.

    `body` is the canonical JSON of the CloudEvents 1.0 form with device,
    epoch, seq and hlc in it; `hash` is SHA-256 over `prev` (as bytes)
    followed by the UTF-8 of `body`, in lower-case hexadecimal. `seq` counts
    from 1 without a gap per (device, epoch); the first `prev` is 64 zeros.
    """

    device: str
    epoch: int
    seq: int
    id: str
    type: str
    subject: str
    at_ms: int
    hlc: str
    prev: str
    hash: str
    body: str

    @property
    def key(self) -> Key:
        return ("entry", self.device, str(self.epoch), str(self.seq))


class Attachment(Record, frozen=True):
    """A file that belongs to an incident; its bytes are the blob `sha256`."""

    sha256: str
    name: str
    media_type: str
    size: int
    at_ms: int = 0
    actor: str = ""
    camera: str = ""


class Incident(Record, frozen=True):
    """A situation that people handle: the fold of its entries."""

    id: str
    number: str
    type: str
    level: Literal[1, 2, 3, 4]
    title: str
    opened_ms: int
    opened_by: str
    changed_ms: int
    state: Literal["open", "closed"] = "open"
    place: str = ""
    assignee: str = ""
    alarms: tuple[str, ...] = ()
    cameras: tuple[str, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    result: str = ""
    result_text: str = ""
    closed_ms: int | None = None
    closed_by: str = ""
    device: str = ""
    conflicts: dict[str, tuple[Any, ...]] = {}

    @property
    def key(self) -> Key:
        return ("incident", self.id)


class Act(Record, frozen=True):
    """One line of an incident's timeline; `sent` says whether the centre has it."""

    entry_id: str
    incident: str
    type: str
    at_ms: int
    actor: str
    device: str
    payload: dict[str, Any]
    sent: bool = False

    @property
    def key(self) -> Key:
        return ("act", self.entry_id)


# --- cameras and the truth bar -----------------------------------------------


class Camera(Record, frozen=True, forbid_unknown_fields=True):
    """A camera of the settings. `url` may carry credentials: never logged, never shown.

    `bearing` is where it looks, in degrees clockwise from north; None: not known, or it turns.
    `field_of_view` is the angle that it sees, `reach_m` how far one recognises something.
    """

    id: str
    name: str
    url: str
    main_url: str = ""
    lon: float | None = None
    lat: float | None = None
    asset: str = ""
    name_en: str = ""
    bearing: float | None = None
    field_of_view: float = 60.0
    reach_m: float = 40.0

    @property
    def key(self) -> Key:
        return ("camera", self.id)


class CameraState(Record, frozen=True):
    """What a camera is doing; `age_ms` is the age of its newest picture when reported.

    `idle`: nobody looks, so nothing is decoded and nothing is claimed. `since_ms`
    is when the state began; for `frozen` when the picture last changed.
    """

    id: str
    state: Literal["idle", "starting", "live", "stale", "offline", "frozen", "black"]
    age_ms: int | None
    since_ms: int
    restarts: int = 0
    detail: str = ""

    @property
    def key(self) -> Key:
        return ("camera_state", self.id)


class Lamp(Record, frozen=True):
    """One field of the truth bar.

    `state` comes from a proof that was seen at `proved_ms`, never from a flag.
    `number` is the figure to show (age in s, count, offset in ms, per cent) as
    the `kind` defines; `detail` is English text for the page behind the lamp.
    `among` is how many of `total` the number was counted among, where fewer are looked at.
    """

    kind: Literal["broker", "feed", "camera", "central", "backlog", "proof", "clock", "disk", "core"]
    name: str
    state: Literal["ok", "warn", "bad", "off", "unknown"]
    proved_ms: int | None = None
    number: float | None = None
    total: float | None = None
    among: float | None = None
    since_ms: int | None = None
    detail: str = ""

    @property
    def key(self) -> Key:
        return ("lamp", self.kind, self.name)


class FeedCount(Record, frozen=True):
    """What a feed has done since its store was made; duplicates are neither stored nor lost."""

    feed: str
    received: int
    stored: int
    quarantined: int
    duplicate: int
    last_ms: int | None = None

    @property
    def key(self) -> Key:
        return ("feed_count", self.feed)


class Head(Record, frozen=True):
    """The end of a device's log: entries of this epoch, and the hash of the last."""

    device: str
    epoch: int
    count: int
    hash: str


class Proof(Record, frozen=True):
    """Our head and the centre's, as they were when both were asked."""

    ours: Head
    theirs: Head | None
    at_ms: int
    equal: bool

    @property
    def key(self) -> Key:
        return ("proof",)
