"""What alarms are: their states, the rules that raise them, and what stands because of them.

The states are those of ISA-18.2 / IEC 62682. Times as in `db/records.py`.
"""

from __future__ import annotations

import enum
from typing import Literal

import msgspec

from db.records import Key, Record, Value


class AlarmState(enum.StrEnum):
    """The states of ISA-18.2.

    An alarm's own state is one of the first five; `Alarm.shown` may be any.
    """

    NORMAL = "normal"
    UNACKNOWLEDGED = "unacknowledged"
    ACKNOWLEDGED = "acknowledged"
    RETURNED = "returned"  # to normal, not yet acknowledged
    LATCHED = "latched"  # returned and acknowledged, and stands until somebody resets it
    SHELVED = "shelved"
    SUPPRESSED = "suppressed"  # by design
    OUT_OF_SERVICE = "out_of_service"


class Shelf(msgspec.Struct, frozen=True, omit_defaults=True):
    """An operator put the alarm aside until `until_ms`, by our clock."""

    by: str
    at_ms: int
    until_ms: int
    reason: str


class OutOfService(msgspec.Struct, frozen=True, omit_defaults=True):
    """The alarm is taken out of use for work; `order` is the work order.

    `window` is the maintenance window that did it, empty when a person did it for this alarm alone.
    Without `until_ms` it ends only when a person ends it.
    """

    by: str
    at_ms: int
    order: str
    reason: str = ""
    until_ms: int | None = None
    window: str = ""


class Rule(Record, frozen=True, forbid_unknown_fields=True):
    """When a source shall alarm; `console/alarms/rulebook.py` checks that the fields fit the kind.

    `source`, `quantity`, `types`, `origins`, `grades` are exact or trailing-* patterns. `basis` is
    where a limit comes from; an example limit says so. `above`/`below` hold for `on_delay_s`; gone
    when back by `deadband`, or at `clear`, for `off_delay_s`. With `at_limit` a value on a limit is
    beyond it and one on `clear` is not back. `quiet_s` is the least time between two activations.
    `latch`: its return must be acknowledged too. `when` and `hours` ("22-06", site time) and
    `if_quantity` with `if_above`/`if_below` (of the same source) say when the rule is in force.

    `threshold`: the value. `silent`: nothing received for `silent_s`; with `group` from any source
    of the pattern: one alarm, under which their silences are suppressed. `average`: mean of
    `window_s`, or of the clock hour if `hourly`, `hold` windows running. `rate`: change per `per_s`
    over `window_s`. `change`: value less `baseline`, or less the mean of the first `baseline_hours`.
    `stuck`: the same value (within `deadband`) for `window_s`; with `ends`, only at one of these.
    `count`: `least` crossings of the limit (`of = "events"`: events) in `window_s`. `cross`: value
    less the median of `others` not older than `window_s`. `forecast`: a predicted value for at most
    `horizon_s` ahead (0: any); priority 4. `event`: what another system says, by `types`, `origins`
    (system), `grades`, `source`; one alarm per event or, `by = "source"`, per source; it returns
    when the event ends, or after `hold_s` without another statement (0: never by itself).
    `outage`: while this alarm is active, silences below its asset are suppressed.

    An alarm not acknowledged for `escalate_s` is escalated, once; for `realarm_s` annunciated again,
    each time (0: never). `version` counts the edits of the rule; a rule that is not `enabled` judges nothing.
    `fault`: its alarm says that the device itself fails, and not what it measures or reports; so do
    those of silences, stuck values and outages by themselves.
    """

    id: str
    kind: Literal[
        "threshold", "silent", "event", "average", "rate", "change", "stuck", "count", "forecast", "cross"
    ]
    source: str = "*"
    quantity: str = "*"
    priority: Literal[1, 2, 3, 4] = 3
    above: float | None = None
    below: float | None = None
    deadband: float = 0.0
    on_delay_s: float = 0.0
    off_delay_s: float = 0.0
    silent_s: float = 0.0
    name: str = ""
    name_en: str = ""
    basis: str = ""
    guidance: str = ""
    guidance_en: str = ""
    clear: float | None = None
    at_limit: bool = False
    quiet_s: float = 0.0
    latch: bool = False
    outage: bool = False
    when: Literal["always", "day", "night"] = "always"
    hours: str = ""
    if_quantity: str = ""
    if_above: float | None = None
    if_below: float | None = None
    group: bool = False
    window_s: float = 0.0
    hourly: bool = False
    hold: int = 1
    per_s: float = 3600.0
    baseline: float | None = None
    baseline_hours: float = 0.0
    ends: tuple[float, ...] = ()
    of: Literal["readings", "events"] = "readings"
    least: int = 0
    others: tuple[str, ...] = ()
    horizon_s: float = 0.0
    types: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    grades: tuple[str, ...] = ()
    by: Literal["event", "source"] = "event"
    hold_s: float = 0.0
    escalate_s: float = 0.0
    realarm_s: float = 0.0
    version: int = 1
    enabled: bool = True
    fault: bool = False


class Alarm(Record, frozen=True):
    """One alarm of one source by one rule; `activation` counts its activations.

    `suppressed_by` is the id of the alarm that explains this one: it stands, but is not announced.
    `look` says what it is about: something measured, a prediction, or what another system said.
    `quiet`: it stands, and a `Summary` tells of it instead of an annunciation of its own.
    `comments` counts them, `comment` is the newest. `rule_version` is that of the rule that raised it.
    `latching`: after its return it stands until somebody resets it.
    """

    id: str  # "<rule>|<source>|<quantity>", of an event "<rule>|<origin system>|<origin key>"
    activation: int
    rule: str
    kind: str
    source: str
    quantity: str
    priority: int
    state: AlarmState
    raised_ms: int
    changed_ms: int
    value: Value | None = None
    unit: str = ""
    limit: float | None = None
    observed_ms: int | None = None
    acknowledged_by: str = ""
    acknowledged_ms: int | None = None
    note: str = ""
    returned_ms: int | None = None
    incident: str = ""
    name: str = ""
    name_en: str = ""
    asset: str = ""
    place: str = ""
    suppressed_by: str = ""
    look: Literal["actual", "forecast", "event"] = "actual"
    text: str = ""
    lon: float | None = None
    lat: float | None = None
    shelf: Shelf | None = None
    out_of_service: OutOfService | None = None
    assignee: str = ""
    comments: int = 0
    comment: str = ""
    escalated_ms: int | None = None
    annunciated_ms: int | None = None
    quiet: bool = False
    rule_version: int = 1
    latching: bool = False

    @property
    def key(self) -> Key:
        return ("alarm", self.id)

    @property
    def is_standing(self) -> bool:
        return self.state is not AlarmState.NORMAL

    @property
    def shown(self) -> AlarmState:
        """The one state an operator sees: what keeps it from being announced goes before its own."""
        if self.out_of_service is not None:
            return AlarmState.OUT_OF_SERVICE
        if self.suppressed_by and self.is_standing:
            return AlarmState.SUPPRESSED
        if self.shelf is not None:
            return AlarmState.SHELVED
        return self.state

    @property
    def is_announced(self) -> bool:
        """Whether it asks for somebody: a sound, a place at the top."""
        return self.shown in (AlarmState.UNACKNOWLEDGED, AlarmState.RETURNED) and not self.quiet


class Summary(Record, frozen=True):
    """Many alarms moved at once for one cause, and this tells of them instead of each.

    `priority` is the worst of them; `alarms` names at most 50, `count` counts all.
    `place` is an asset's id, empty where they lie in several.
    """

    id: str
    at_ms: int
    cause: Literal["raised", "returned", "unshelved", "back_in_service"]
    count: int
    priority: int
    rule: str = ""
    place: str = ""
    alarms: tuple[str, ...] = ()

    @property
    def key(self) -> Key:
        return ("summary", self.id)


class FloodGroup(msgspec.Struct, frozen=True, omit_defaults=True):
    """Alarms of one rule in one facility, while a flood lasts; `place` is the facility's id."""

    rule: str
    place: str
    count: int
    unacknowledged: int
    priority: int
    first_ms: int
    first: str  # the id of the alarm that came first
    name: str = ""
    name_en: str = ""


class Flood(Record, frozen=True):
    """How fast alarms come: more than 10 annunciations in 10 minutes per operator is a flood.

    It lasts until there are fewer than 5. `annunciated` counts the last 10 minutes,
    `operators` those on duty (at least 1). `groups` come worst and largest first;
    `first_out` is the id of the alarm with which it began; `others` counts the alarms of groups beyond
    those listed. Source: ISA-18.2 / IEC 62682, ARCHITECTURE 6.
    """

    on: bool
    annunciated: int
    operators: int = 1
    since_ms: int | None = None
    peak: int = 0
    first_out: str = ""
    groups: tuple[FloodGroup, ...] = ()
    others: int = 0

    @property
    def key(self) -> Key:
        return ("flood",)


class Maintenance(Record, frozen=True):
    """A window in which everything at and below an asset is out of service.

    Times by our clock; it holds from `since_ms` inclusive to `until_ms` exclusive,
    or until `ended_ms` if somebody ends it before. `begun`: what stood below has been taken out.
    """

    id: str
    asset: str
    since_ms: int
    until_ms: int
    order: str
    reason: str
    by: str
    at_ms: int
    ended_ms: int | None = None
    ended_by: str = ""
    begun: bool = False

    @property
    def key(self) -> Key:
        return ("maintenance", self.id)
