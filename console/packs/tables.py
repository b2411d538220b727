"""The tables of a pack file, as types. The screen reads them too; they decide nothing."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta, field

from console.settings_tables import Feed, Filled, Name
from db.alarm_records import Rule

Names = tuple[str, ...]
Look = Annotated[int, Meta(ge=0, le=4)]


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """A table of a pack; an unknown key is a fault, since it is mostly a typing error."""


class Spoken(_Table, frozen=True):
    """A text in both languages."""

    ko: Filled
    en: Filled


class Head(_Table, frozen=True):
    """Which pack this is. `serves` names the systems, `domains` the cards of the board that it draws."""

    id: Name
    name: Filled
    name_en: Filled
    version: Filled = "1"
    serves: Names = ()
    domains: Names = ()
    about: str = ""
    about_en: str = ""


class Need(_Table, frozen=True):
    """Something that must arrive: it is there when a feed of one of `kinds` is set up.

    A feed of kind mapping counts when it maps one of `quantities`, or events at all where
    `events` are named.
    """

    ko: Filled
    en: Filled
    kinds: Names = ()
    quantities: Names = ()
    events: Names = ()


class Quantity(_Table, frozen=True):
    """A measured quantity: its words, its UCUM unit and what can be true of it.

    `standard` is its term in the data dictionary, `codes` the words of its values where these are
    codes, `personal` whether its values tell of a person. `predicts` is what a forecast is of.
    """

    name: Filled
    ko: Filled
    en: Filled
    unit: Filled = "1"
    minimum: float | None = None
    maximum: float | None = None
    decimals: Annotated[int, Meta(ge=0, le=6)] = 1
    statistic: Literal["inst", "avg", "min", "max", "sum"] = "inst"
    values: Literal["number", "text", "truth"] = "number"
    forecast: bool = False
    predicts: str = ""
    personal: bool = False
    standard: str = ""
    category: str = ""
    codes: dict[str, Spoken] = {}


class Grade(_Table, frozen=True):
    """One step of a scale: values up to and with `upto` (none: all above), or the text `equals`.

    `look` is the priority whose shape and colour it takes, 0 for grey.
    """

    quantity: Filled
    ko: Filled
    en: Filled
    upto: float | None = None
    equals: str = ""
    look: Look = 0


class Figure(_Table, frozen=True):
    """One figure of a card.

    `worst`: the value of the worst grade, else the highest; `highest`, `lowest`, `mean`: of all
    sources; `sum`: of all, out of the sum of `of` where named; `grades`: how many sources have
    which grade, worst first; `count`: how many sources have a value above 0, or true; `range`: from
    the least to the most that the fullest source gives (its statistics min and max).
    """

    quantity: Filled
    show: Literal["worst", "highest", "lowest", "mean", "sum", "grades", "count", "range"] = "worst"
    of: str = ""
    ko: str = ""
    en: str = ""


class Card(_Table, frozen=True):
    """What the board's card says, the first figure first; `forecast` stands apart from what is."""

    figures: tuple[Figure, ...] = ()
    forecast: tuple[Figure, ...] = ()
    note: str = ""
    note_en: str = ""


class EventType(_Table, frozen=True):
    """A type of event, exact or with a trailing *, and how urgent it usually is."""

    type: Filled
    ko: Filled
    en: Filled
    priority: Literal[1, 2, 3, 4] = 3


class Guidance(_Table, frozen=True):
    """What to do, step by step, when a rule alarms or an event of a type comes."""

    on: Filled
    steps: Annotated[tuple[Filled, ...], Meta(min_length=1)]
    steps_en: Annotated[tuple[Filled, ...], Meta(min_length=1)]


class Indicator(_Table, frozen=True):
    """One line of an indicator report: `formula` computes it from this console's own figures."""

    id: Filled
    ko: Filled
    en: Filled
    formula: Filled
    evidence: Filled
    list: str = ""
    unit: Filled = "1"
    decimals: Annotated[int, Meta(ge=0, le=6)] = 1


class Replay(_Table, frozen=True):
    """The file, beside the pack in `replays/`, that shows the pack at work."""

    file: Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*\.ndjson$")]
    about: str = ""
    about_en: str = ""


class Sample(_Table, frozen=True):
    """A device of the replay, so that a console that plays it has a place for what comes.

    `quantities` are its channels; `power` is the source of the device that it takes its power from.
    """

    source: Filled
    ko: Filled
    en: Filled
    domain: Filled
    quantities: Names = ()
    silent_after_s: Annotated[int, Meta(ge=0)] = 0
    lon: float | None = None
    lat: float | None = None
    power: str = ""


class Pack(_Table, frozen=True):
    """The whole file."""

    pack: Head
    needs: tuple[Need, ...] = ()
    quantities: tuple[Quantity, ...] = ()
    grades: tuple[Grade, ...] = ()
    card: Card = field(default_factory=Card)
    rules: tuple[Rule, ...] = ()
    event_types: tuple[EventType, ...] = ()
    guidance: tuple[Guidance, ...] = ()
    indicators: tuple[Indicator, ...] = ()
    feeds: dict[Name, Feed] = {}
    samples: tuple[Sample, ...] = ()
    replay: Replay | None = None


class PackSeen(_Table, frozen=True):
    """A pack as the console has it: `need_met` goes with `pack.needs`, one for one."""

    pack: Pack
    origin: str
    in_use: bool
    need_met: tuple[bool, ...] = ()
    faults: Names = ()
