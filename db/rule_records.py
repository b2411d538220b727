"""What a screen is shown of rules: what is in force, its versions, a forecast, an explanation.

Times as in `db/records.py`.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from db.alarm_records import Alarm, Rule
from db.records import Record, Value

EditAct = Literal["put", "removed", "restored"]


class RuleEdit(Record, frozen=True):
    """A person put a rule, took it away, or went back to an older version; `rule` is the whole rule.

    Of a removed rule it is the rule as it was last. `restored` names the version that came back.
    """

    rule: Rule
    version: int
    act: EditAct
    at_ms: int
    by: str
    why: str
    restored: int = 0


class RuleVersion(msgspec.Struct, frozen=True, omit_defaults=True):
    """One version of a rule: from the settings or a pack, or by an edit. `at_ms` is known of edits only."""

    version: int
    act: Literal["settings", "pack", "put", "removed", "restored"]
    rule: Rule
    at_ms: int | None = None
    by: str = ""
    why: str = ""
    restored: int = 0


class RuleSeen(Record, frozen=True):
    """A rule as it is now, and where it comes from; `versions` newest first.

    `origin` says what decides: an edit goes before the settings, these before a pack.
    `pack` is the pack that has a rule of this id, also under an edit.
    """

    rule: Rule
    origin: Literal["settings", "pack", "edited"]
    pack: str = ""
    is_removed: bool = False
    versions: tuple[RuleVersion, ...] = ()


class Tally(msgspec.Struct, frozen=True):
    """How often something of this name came."""

    name: str
    count: int


class Activation(msgspec.Struct, frozen=True, omit_defaults=True):
    """One activation of an alarm that a rule makes; `returned_ms` None: it stands at the end.

    `is_silent`: it was suppressed by design when it came, so nobody would have been told.
    """

    alarm: str
    source: str
    quantity: str
    raised_ms: int
    returned_ms: int | None = None
    value: Value | None = None
    unit: str = ""
    place: str = ""
    is_silent: bool = False


class Outcome(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a rule would have done in a time.

    `count` counts all activations, `activations` are the first of them in the order of raising;
    `bins` counts them over equal parts of the time. `peak` of them are announced within ten minutes
    from `peak_ms`, where together with those of other rules (`beside`, by rule) they are the most.
    """

    count: int = 0
    activations: tuple[Activation, ...] = ()
    bins: tuple[int, ...] = ()
    sources: tuple[Tally, ...] = ()
    source_count: int = 0
    standing_ms: int = 0
    longest_ms: int = 0
    standing: int = 0
    suppressed: int = 0
    peak: int = 0
    peak_ms: int = 0
    beside: tuple[Tally, ...] = ()
    beside_count: int = 0


class Tried(Record, frozen=True):
    """A rule tried on the stored past, and the rule of this id as it is now on the same; None: there is none.

    `stored_ms` is when what the store has of the sources begins, None if it has nothing.
    """

    rule: Rule
    since_ms: int
    until_ms: int
    outcome: Outcome
    present: Outcome | None = None
    stored_ms: int | None = None
    series: int = 0
    readings: int = 0
    events: int = 0


class Point(msgspec.Struct, frozen=True, array_like=True):
    """A stored value; `is_judged` False: the rule passed it over, for its quality or its flags."""

    at_ms: int
    value: float
    is_judged: bool = True


class Turn(msgspec.Struct, frozen=True, omit_defaults=True):
    """A moment at which a condition began or was over: by the sender's clock and by ours."""

    observed_ms: int
    received_ms: int
    value: float | None = None


class Statement(msgspec.Struct, frozen=True, omit_defaults=True):
    """What another system said."""

    at_ms: int
    status: str
    text: str = ""
    grade: str = ""
    origin: str = ""


class Neighbour(msgspec.Struct, frozen=True, omit_defaults=True):
    """Another series at the moment of the alarm: one it was compared with, or that had to be so."""

    source: str
    quantity: str
    value: float
    at_ms: int


class Step(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the alarm did, and who did it."""

    at_ms: int
    verb: str
    shown: str = ""
    actor: str = ""


class Explained(Record, frozen=True):
    """Why one activation of an alarm came: by which version of its rule, and by which stored values.

    `began` is when its condition began to hold, `back` when it began to be over; what lies between
    these and `raised_ms`, `returned_ms` is the rule's delay. `figures` are what was judged where that
    is not the value itself (means, rates, differences). `is_shown` says that the engine's reducer,
    run over what is stored, raises the alarm at the same moment. `is_present`: the rule is still so.
    """

    alarm: str
    activation: int
    raised_ms: int
    returned_ms: int | None = None
    source: str = ""
    quantity: str = ""
    unit: str = ""
    rule: RuleVersion | None = None
    is_present: bool = True
    is_shown: bool = False
    began: Turn | None = None
    back: Turn | None = None
    heard_ms: int | None = None
    figure: float | None = None
    limit: float | None = None
    values: tuple[Point, ...] = ()
    figures: tuple[Point, ...] = ()
    neighbours: tuple[Neighbour, ...] = ()
    statements: tuple[Statement, ...] = ()
    cause: Alarm | None = None
    steps: tuple[Step, ...] = ()


class GuidanceText(Record, frozen=True):
    """What to do about alarms of an asset and all below it, or of a domain; who gave it, when and why."""

    level: Literal["asset", "domain"]
    of: str
    ko: str
    en: str
    at_ms: int
    by: str
    why: str
