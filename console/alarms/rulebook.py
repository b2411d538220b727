"""Which rules concern which series, matched once per series and remembered."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from console.errors import SettingsError
from db.records import Alarm, AlarmState, Asset, Rule

_MOST_SERIES = 500_000


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
        )


class Plan(NamedTuple):
    """What a reading of a series has to pass: its limits, and the silences it breaks."""

    limits: tuple[Subject, ...]
    silences: tuple[Subject, ...]


NOTHING = Plan((), ())


class Rulebook:
    """All rules and where their sources are; remembers what it has matched, decides nothing.

    Raises SettingsError for a rule that could never alarm or never clear.
    """

    def __init__(self, rules: Sequence[Rule], assets: Iterable[Asset] = ()) -> None:
        for rule in rules:
            check(rule)
        self.rules = {rule.id: rule for rule in rules}
        self._limits = [rule for rule in rules if rule.kind == "threshold"]
        self._silences = [rule for rule in rules if rule.kind == "silent"]
        self._places = _places(assets)
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
        if rule is None or not matches(rule.source, source):
            return None
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
        }
        return [found[key] for key in sorted(found)]

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
        return Plan(limits, silences) if limits or silences else NOTHING

    def _silence(self, rule: Rule, source: str, quantity: str) -> Subject | None:
        if not matches(rule.source, source):
            return None
        if rule.quantity == "*":
            return self._subject(rule, source, "")
        if quantity and matches(rule.quantity, quantity):
            return self._subject(rule, source, quantity)
        return None

    def _subject(self, rule: Rule, source: str, quantity: str) -> Subject:
        plain = quantity.partition("/")[0]
        place = self._places.get((source, plain)) or self._places.get((source, "")) or Place()
        return Subject(f"{rule.id}|{source}|{quantity}", rule, source, quantity, place)


def matches(pattern: str, text: str) -> bool:
    """Whether `text` is `pattern`, or begins with what stands before its trailing `*`."""
    return text.startswith(pattern[:-1]) if pattern.endswith("*") else text == pattern


def check(rule: Rule) -> None:
    """Raise SettingsError, with what was found and what is allowed, for a rule that makes no sense."""
    fault = _fault(rule)
    if fault:
        raise SettingsError(f"rules: rule {rule.id!r}: {fault}")


def _fault(rule: Rule) -> str:
    if not rule.id or "|" in rule.id:
        return f"key id: found {rule.id!r}; a name without '|'"
    for key in ("deadband", "on_delay_s", "off_delay_s", "silent_s"):
        number = getattr(rule, key)
        if not math.isfinite(number) or number < 0:
            return f"key {key}: found {number}; 0 or more"
    if rule.kind == "silent":
        return (
            "" if rule.silent_s > 0 else f"key silent_s: found {rule.silent_s}; more than 0 for kind silent"
        )
    if rule.above is None and rule.below is None:
        return "key above: found nothing; above or below, or both, for kind threshold"
    if rule.above is not None and rule.below is not None and rule.above - rule.below < 2 * rule.deadband:
        return f"key deadband: found {rule.deadband}; at most half of what lies between below and above"
    return ""


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
