"""How an alarm system did over a time, and what a flood was: figures from what alarms did."""

from __future__ import annotations

import msgspec

from db.alarm_records import FloodGroup


class Actor(msgspec.Struct, frozen=True, omit_defaults=True):
    """A rule or an alarm that called often: `share` of all calls of the time.

    `id` is the rule's or the alarm's; `rule` leads to what can be changed.
    """

    id: str
    rule: str
    count: int
    share: float
    name: str = ""
    name_en: str = ""
    place: str = ""


class Stale(msgspec.Struct, frozen=True, omit_defaults=True):
    """An alarm that stood for more than 24 h at the end of the time."""

    alarm: str
    rule: str
    since_ms: int
    priority: int = 3
    name: str = ""
    name_en: str = ""
    place: str = ""


class Response(msgspec.Struct, frozen=True):
    """How soon calls were acknowledged, in seconds, None where none was; `open` were not."""

    count: int
    open: int
    median_s: float | None
    p90_s: float | None


class Kpis(msgspec.Struct, frozen=True, kw_only=True):
    """Figures of since_ms <= time < until_ms; what each means is in `console/alarms/kpis.py`."""

    since_ms: int
    until_ms: int
    calls: int
    operators: float
    mean_per_10min: float
    most_per_10min: float
    most_at_ms: int | None
    over_10_share: float
    floods: int
    flood_share: float
    rules: tuple[Actor, ...]
    top_rules_share: float
    alarms: tuple[Actor, ...]
    top_alarms_share: float
    chattering: tuple[Actor, ...]
    fleeting: tuple[Actor, ...]
    fleeting_count: int
    stale: tuple[Stale, ...]
    stale_count: int
    became_stale: int
    priorities: dict[int, int]
    mix: tuple[float, float, float]
    response: Response
    response_by_priority: dict[int, Response]
    shelved: int
    suppressed: int
    out_of_service: int


class CriticalCall(msgspec.Struct, frozen=True, omit_defaults=True):
    """A critical alarm within a flood, and who took note of it when."""

    alarm: str
    rule: str
    at_ms: int
    acknowledged_ms: int | None = None
    by: str = ""
    name: str = ""
    name_en: str = ""
    place: str = ""


class FloodSpan(msgspec.Struct, frozen=True, omit_defaults=True):
    """One flood in a list: until_ms is None while it lasts, `peak` the most calls of any ten minutes."""

    begins_ms: int
    since_ms: int
    until_ms: int | None
    peak: int
    operators: int
    calls: int = 0


class FloodReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a flood was: with what it began, by what it was made, and what people did in it."""

    span: FloodSpan
    first_out: str
    first_rule: str
    first_ms: int
    first_place: str
    first_name: str
    first_name_en: str
    groups: tuple[FloodGroup, ...]
    acknowledged: dict[str, int]
    unacknowledged: int
    shelved: int
    suppressed: int
    response: Response
    critical: tuple[CriticalCall, ...]
