"""Brings the packs that a site uses into its settings: rules, guidance and plausible ranges."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import msgspec

from console.packs.load import chosen
from console.packs.tables import EventType, Guidance, Pack
from console.settings_tables import Feed, Mapped, Plausible, Settings
from db.alarm_records import Rule


def joined(settings: Settings, base: Path | None) -> Settings:
    """The settings with what their packs bring; a second time changes nothing.

    A rule of the settings wins over one of a pack with the same id, an earlier
    pack over a later one. `base` is the folder of the settings file. Raises
    SettingsError for a pack that is not there or cannot be read.
    """
    if not settings.packs:
        return settings
    packs = [pack for _, pack in chosen(settings.packs, base)]
    ranges = plausible(packs)
    feeds = {name: _ranged(feed, ranges) for name, feed in settings.feeds.items()}
    return msgspec.structs.replace(settings, rules=rules(settings.rules, packs), feeds=feeds)


def rules(own: Sequence[Rule], packs: Iterable[Pack]) -> tuple[Rule, ...]:
    """The site's rules, then those of the packs that it does not have itself."""
    found = {rule.id: rule for rule in own}
    for pack in packs:
        for rule in pack.rules:
            found.setdefault(rule.id, guided(rule, pack))
    return tuple(found.values())


def guided(rule: Rule, pack: Pack) -> Rule:
    """The rule with the guidance that its pack has for it, where it has none of its own."""
    if rule.guidance:
        return rule
    named = next((each for each in pack.guidance if each.on == rule.id), None)
    typed = next((each for each in pack.guidance if each.on in rule.types), None)
    found = named or typed
    if found is None:
        return rule
    return msgspec.structs.replace(rule, guidance=steps(found.steps), guidance_en=steps(found.steps_en))


def steps(lines: Sequence[str]) -> str:
    """Steps as one text: `1. …`, a line each."""
    return "\n".join(f"{number}. {line}" for number, line in enumerate(lines, 1))


def guidance_of(pack: Pack, event: EventType) -> Guidance | None:
    """The guidance for a type of event."""
    return next((each for each in pack.guidance if each.on == event.type), None)


def plausible(packs: Iterable[Pack]) -> dict[str, Plausible]:
    """The range of each quantity; packs that share a name and unit together allow what each allows."""
    found: dict[str, Plausible] = {}
    units: dict[str, set[str]] = {}
    for pack in packs:
        for each in pack.quantities:
            if each.minimum is None and each.maximum is None:
                continue
            units.setdefault(each.name, set()).add(each.unit)
            new = Plausible(unit=each.unit, minimum=each.minimum, maximum=each.maximum)
            found[each.name] = _wider(found[each.name], new) if each.name in found else new
    return {name: each for name, each in found.items() if len(units[name]) == 1}


def _wider(one: Plausible, other: Plausible) -> Plausible:
    lows = [each.minimum for each in (one, other) if each.minimum is not None]
    highs = [each.maximum for each in (one, other) if each.maximum is not None]
    return Plausible(
        unit=one.unit,
        minimum=min(lows) if len(lows) == 2 else None,
        maximum=max(highs) if len(highs) == 2 else None,
    )


def _ranged(feed: Feed, ranges: Mapping[str, Plausible]) -> Feed:
    """The feed with ranges where it has none: in the rows of its mappings, else for its decoder."""
    if feed.kind != "mapping":
        return msgspec.structs.replace(feed, plausible={**ranges, **feed.plausible})
    mappings = tuple(
        msgspec.structs.replace(mapping, values=tuple(_row(row, ranges) for row in mapping.values))
        for mapping in feed.mappings
    )
    return msgspec.structs.replace(feed, mappings=mappings)


def _row(row: Mapped, ranges: Mapping[str, Plausible]) -> Mapped:
    found = ranges.get(row.quantity)
    if found is None or found.unit != row.unit or row.minimum is not None or row.maximum is not None:
        return row
    return msgspec.structs.replace(row, minimum=found.minimum, maximum=found.maximum)
