"""What to do about an alarm: the nearest text that somebody has given, up the tree."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Literal, Protocol

import msgspec
from sqlite_utils import Database

from console.errors import Refused
from console.rules.overlay import Base
from db import entries, rules
from db.alarm_records import Rule
from db.asset_records import Asset
from db.records import Draft
from db.rule_records import GuidanceText

Level = Literal["asset", "domain"]
_DEEPEST = 32


class Context(Protocol):
    """Who acts when."""

    @property
    def at_ms(self) -> int: ...
    @property
    def actor(self) -> str: ...


class Told(msgspec.Struct, frozen=True, omit_defaults=True):
    """What to do, and whose word it is: the rule's own, an asset's, a domain's or the pack's."""

    ko: str = ""
    en: str = ""
    level: Literal["", "rule", "asset", "domain", "pack"] = ""
    of: str = ""
    name: str = ""


def put(db: Database, context: Context, level: Level, of: str, ko: str, en: str, why: str) -> GuidanceText:
    """Give guidance to an asset with all below it, or to a domain; empty texts take it away."""
    if not of.strip():
        raise Refused("Guidance needs the asset or the domain that it is for (of)")
    if not why.strip():
        raise Refused("A change of guidance needs a reason (why)")
    text = GuidanceText(level, of, ko.strip(), en.strip(), context.at_ms, context.actor, why.strip())
    payload = {"ko": text.ko, "en": text.en, "why": text.why}
    entries.append(db, Draft(rules.GUIDANCE, f"{level}|{of}", context.at_ms, context.actor, payload))
    return text


def texts(db: Database) -> dict[tuple[str, str], GuidanceText]:
    """The guidance that was given, by level and name."""
    found: dict[tuple[str, str], GuidanceText] = {}
    for each in rules.guidance(db):
        found[each.level, each.of] = each
    return {key: each for key, each in found.items() if each.ko or each.en}


def resolve(
    rule: Rule | None,
    base: Base,
    asset: str,
    assets: Mapping[str, Asset],
    given: Mapping[tuple[str, str], GuidanceText],
) -> Told:
    """The rule's own words, else those of the asset or what it belongs to, of the domain, of the pack."""
    if rule is not None and rule.guidance and not _is_packs(rule, base):
        return Told(rule.guidance, rule.guidance_en, "rule", rule.id, rule.name)
    above = list(_above(asset, assets))
    for each in above:
        text = given.get(("asset", each.id))
        if text is not None:
            return Told(text.ko, text.en, "asset", each.id, each.name)
    domain = next((each.domain for each in above if each.domain), "")
    text = given.get(("domain", domain))
    if text is not None:
        return Told(text.ko, text.en, "domain", domain, domain)
    if rule is not None and rule.guidance:
        pack = base.packs.get(rule.id, "")
        return Told(rule.guidance, rule.guidance_en, "pack", pack, pack)
    return Told()


def _is_packs(rule: Rule, base: Base) -> bool:
    """Whether the words are those of the pack, also where the rest of the rule was edited."""
    return rule.id in base.guided and any(
        each.id == rule.id and each.guidance == rule.guidance for each in base.rules
    )


def _above(asset: str, assets: Mapping[str, Asset]) -> Iterator[Asset]:
    """The asset and what it belongs to, the nearest first."""
    here = assets.get(asset)
    for _ in range(_DEEPEST):
        if here is None:
            return
        yield here
        here = assets.get(here.parent)


def by_id(assets: Iterable[Asset]) -> dict[str, Asset]:
    """The assets by their id."""
    return {each.id: each for each in assets}
