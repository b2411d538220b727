"""Which rules concern which series, matched once per series and remembered."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from console.alarms.checks import check
from console.alarms.force import is_always
from db.alarm_records import Alarm, AlarmState, Rule
from db.asset_records import Asset

_MOST_SERIES = 500_000


__all__ = ["NOTHING", "Place", "Plan", "Rulebook", "Subject", "check", "is_of_events", "matches"]


class Place(NamedTuple):
    """Where a series is: the asset that names it, and the names above it."""

    asset: str = ""
    text: str = ""


class Subject(msgspec.Struct, frozen=True):
    """One rule on one series: what a watch is about. `quantity` is empty for a whole source."""

    id: str
    rule: Rule
    source: str
    quantity: str
    place: Place = Place()

    def alarm(self) -> Alarm:
        """This subject's alarm before its first activation."""
        rule = self.rule
        return Alarm(
            self.id,
            activation=0,
            rule=rule.id,
            kind=rule.kind,
            source=self.source,
            quantity=self.quantity,
            priority=rule.priority,
            state=AlarmState.NORMAL,
            raised_ms=0,
            changed_ms=0,
            name=rule.name or rule.id,
            name_en=rule.name_en or rule.name or rule.id,
            asset=self.place.asset,
            place=self.place.text,
            look=_LOOKS.get(rule.kind, "actual"),
            rule_version=rule.version,
            latching=rule.latch,
        )


class Plan(NamedTuple):
    """What a reading of a series has to pass: its limits, and the silences it breaks.

    `gathers` are the rules that need more than the value itself, `forecasts`
    those for predictions; `noted`: other rules want to know its value.
    """

    limits: tuple[Subject, ...]
    silences: tuple[Subject, ...]
    gathers: tuple[Subject, ...] = ()
    forecasts: tuple[Subject, ...] = ()
    noted: bool = False
    is_more: bool = False


NOTHING = Plan((), ())
_LOOKS: dict[str, Literal["forecast", "event"]] = {"forecast": "forecast", "event": "event"}
_GATHERED = ("average", "rate", "change", "stuck", "count", "cross")


class Rulebook:
    """All rules and where their sources are; remembers what it has matched, decides nothing.

    Raises SettingsError for a rule that could never alarm or never clear.
    """

    def __init__(self, rules: Sequence[Rule], assets: Iterable[Asset] = (), zone: str = "Asia/Seoul") -> None:
        assets = list(assets)
        self.zone = ZoneInfo(zone)
        for rule in rules:
            check(rule)
        rules = [rule for rule in rules if rule.enabled]
        self.rules = {rule.id: rule for rule in rules}
        self._limits = [rule for rule in rules if rule.kind == "threshold" and is_always(rule)]
        self._silences = [rule for rule in rules if rule.kind == "silent"]
        self._forecasts = [rule for rule in rules if rule.kind == "forecast"]
        self.of_events = [rule for rule in rules if is_of_events(rule)]
        self._gathers = [
            rule
            for rule in rules
            if (rule.kind in _GATHERED and not is_of_events(rule))
            or (rule.kind == "threshold" and not is_always(rule))
        ]
        self.groups = [rule for rule in self._silences if rule.group]
        self._places = _places(assets)
        self._assets = {asset.id: asset for asset in assets}
        self._above: dict[str, tuple[str, ...]] = {}
        self._expected = [(asset.source, asset.quantity) for asset in assets if asset.source]
        self._plans: dict[tuple[str, str, str], Plan] = {}

    def plan(self, source: str, quantity: str, statistic: str) -> Plan:
        """The plan of a series; `NOTHING` itself if no rule concerns it."""
        key = (source, quantity, statistic)
        found = self._plans.get(key)
        if found is None:
            if len(self._plans) >= _MOST_SERIES:
                self._plans.clear()
            found = self._plans[key] = self._match(source, quantity, statistic)
        return found

    def subject(self, watch_id: str) -> Subject | None:
        """The subject of a remembered watch; None if today's rules do not make it."""
        rule_id, _, series = watch_id.partition("|")
        source, _, quantity = series.rpartition("|")
        rule = self.rules.get(rule_id)
        if rule is None:
            return None
        if rule.kind == "event" and rule.by == "event":
            return Subject(watch_id, rule, source, "")
        if not matches(rule.source, source) or (rule.group and source != rule.source):
            return None
        if is_of_events(rule):
            return None if quantity else self._subject(rule, source, "")
        if rule.kind == "silent" and (not quantity) != (rule.quantity == "*"):
            return None
        if quantity and not matches(rule.quantity, quantity.partition("/")[0]):
            return None
        return self._subject(rule, source, quantity)

    def expected_silences(self) -> list[Subject]:
        """The silence watches of the sources that the asset tree names."""
        found = {
            subject.id: subject
            for source, quantity in self._expected
            for rule in self._silences
            if (subject := self._silence(rule, source, quantity)) is not None
        } | {subject.id: subject for subject in map(self._group, self.groups)}
        return [found[key] for key in sorted(found)]

    def of_event(self, rule: Rule, source: str, key: str) -> Subject:
        """The subject of an event rule: the event itself, or its source."""
        if rule.kind == "event" and rule.by == "event":
            place = self._places.get((source, "")) or Place()
            return Subject(f"{rule.id}|{key}", rule, source, "", place)
        return self._subject(rule, source, "")

    def knows(self, asset: str) -> bool:
        """Whether the tree has this asset."""
        return asset in self._assets

    def above(self, asset: str) -> tuple[str, ...]:
        """What an asset hangs on, in the tree and for its power: the nearest first."""
        found = self._above.get(asset)
        if found is None:
            order: list[str] = []
            ahead = [asset]
            while ahead and len(order) < 64:
                here = self._assets.get(ahead.pop(0))
                for each in (here.power_parent, here.parent) if here else ():
                    if each and each != asset and each not in order:
                        order.append(each)
                        ahead.append(each)
            found = self._above[asset] = tuple(order)
        return found

    def _match(self, source: str, quantity: str, statistic: str) -> Plan:
        name = quantity if statistic in ("inst", "avg") else f"{quantity}/{statistic}"
        limits = tuple(
            self._subject(rule, source, name)
            for rule in self._limits
            if matches(rule.source, source) and matches(rule.quantity, quantity)
        )
        silences = tuple(
            subject
            for rule in self._silences
            if (subject := self._silence(rule, source, quantity)) is not None
        )
        gathers, forecasts = (
            tuple(
                self._subject(rule, source, name)
                for rule in rules
                if matches(rule.source, source) and matches(rule.quantity, quantity)
            )
            for rules in (self._gathers, self._forecasts)
        )
        noted = name == quantity and any(_wants(rule, source, quantity) for rule in self._gathers)
        is_more = bool(gathers or forecasts or noted)
        plan = Plan(limits, silences, gathers, forecasts, noted, is_more)
        return NOTHING if plan == NOTHING else plan

    def _silence(self, rule: Rule, source: str, quantity: str) -> Subject | None:
        if not matches(rule.source, source):
            return None
        if rule.group:
            return self._group(rule)
        if rule.quantity == "*":
            return self._subject(rule, source, "")
        if quantity and matches(rule.quantity, quantity):
            return self._subject(rule, source, quantity)
        return None

    def _group(self, rule: Rule) -> Subject:
        return Subject(f"{rule.id}|{rule.source}|", rule, rule.source, "")

    def _subject(self, rule: Rule, source: str, quantity: str) -> Subject:
        plain = quantity.partition("/")[0]
        place = self._places.get((source, plain)) or self._places.get((source, "")) or Place()
        return Subject(f"{rule.id}|{source}|{quantity}", rule, source, quantity, place)


def digest(rule: Rule) -> str:
    """Of what its judgement depends on: not its words, its priority or its version."""
    judged = msgspec.structs.replace(
        rule, name="", name_en="", basis="", guidance="", guidance_en="", priority=4, version=1,
        escalate_s=0.0, realarm_s=0.0, latch=False, fault=False,
    )  # fmt: skip
    return hashlib.sha256(msgspec.json.encode(judged)).hexdigest()


def matches(pattern: str, text: str) -> bool:
    """Whether `text` is `pattern`, or begins with what stands before its trailing `*`."""
    return text.startswith(pattern[:-1]) if pattern.endswith("*") else text == pattern


def is_of_events(rule: Rule) -> bool:
    """Whether the rule looks at events and not at readings."""
    return rule.kind == "event" or (rule.kind == "count" and rule.of == "events")


def _wants(rule: Rule, source: str, quantity: str) -> bool:
    """Whether the rule needs the value of this series beside the one it judges."""
    if rule.if_quantity == quantity and matches(rule.source, source):
        return True
    return rule.kind == "cross" and source in rule.others and matches(rule.quantity, quantity)


def _places(assets: Iterable[Asset]) -> dict[tuple[str, str], Place]:
    """Per (source, quantity) and per (source, "") the asset and the names from the facility down."""
    by_id = {asset.id: asset for asset in assets}
    places: dict[tuple[str, str], Place] = {}
    for asset in by_id.values():
        if not asset.source:
            continue
        place = Place(asset.id, " > ".join(_names(asset, by_id)))
        places[(asset.source, asset.quantity)] = place
        if asset.quantity:
            device = by_id.get(asset.parent, asset)
            above = Place(device.id, " > ".join(_names(device, by_id)))
            places.setdefault((asset.source, ""), above)
    return places


def _names(asset: Asset, by_id: dict[str, Asset]) -> list[str]:
    names: list[str] = []
    here: Asset | None = asset
    while here is not None and here.kind != "district" and len(names) < 8:
        names.append(here.name)
        here = by_id.get(here.parent)
    return names[::-1]
