"""Which rules are in force: those of the settings and packs, with what people have edited over them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec
from msgspec.structs import replace

from console.packs import joining
from console.packs.load import chosen
from console.settings_tables import Settings
from db.alarm_records import Rule
from db.rule_records import RuleEdit, RuleSeen, RuleVersion


class Base(msgspec.Struct, frozen=True):
    """The rules before any edit; `packs` names the pack of each that comes from one.

    The guidance of those in `guided` is their pack's and not their own.
    """

    rules: tuple[Rule, ...] = ()
    packs: dict[str, str] = {}
    guided: frozenset[str] = frozenset()


def base(settings: Settings, folder: Path | None) -> Base:
    """What the settings say, with their packs joined; `folder` is that of the settings file."""
    by_id = {rule.id: rule for rule in settings.rules}
    packs: dict[str, str] = {}
    guided: set[str] = set()
    for _, pack in chosen(settings.packs, folder):
        for rule in pack.rules:
            if rule.id not in packs and by_id.get(rule.id) == joining.guided(rule, pack):
                packs[rule.id] = pack.pack.id
                if not rule.guidance:
                    guided.add(rule.id)
    return Base(settings.rules, packs, frozenset(guided))


def in_force(base: Base, edits: Iterable[RuleEdit]) -> tuple[Rule, ...]:
    """The rules as they are now, those of the files in their order, then new ones by their first edit."""
    return tuple(each.rule for each in seen(base, edits) if not each.is_removed)


def seen(base: Base, edits: Iterable[RuleEdit]) -> list[RuleSeen]:
    """Every rule that is or was, with its versions."""
    found = {rule.id: _of_file(rule, base.packs.get(rule.id, "")) for rule in base.rules}
    for edit in edits:
        before = found.get(edit.rule.id)
        found[edit.rule.id] = RuleSeen(
            rule=replace(edit.rule, version=edit.version),
            origin="edited",
            pack=before.pack if before else "",
            is_removed=edit.act == "removed",
            versions=(_version(edit), *(before.versions if before else ())),
        )
    return list(found.values())


def _of_file(rule: Rule, pack: str) -> RuleSeen:
    origin = "pack" if pack else "settings"
    first = RuleVersion(rule.version, origin, rule)  # type: ignore[arg-type]
    return RuleSeen(rule, origin, pack, versions=(first,))  # type: ignore[arg-type]


def _version(edit: RuleEdit) -> RuleVersion:
    rule = replace(edit.rule, version=edit.version)
    return RuleVersion(edit.version, edit.act, rule, edit.at_ms, edit.by, edit.why, edit.restored)
