"""Editing rules; each edit is an entry of the log, the transaction is the caller's."""

from __future__ import annotations

from typing import Any, Protocol

import msgspec
from msgspec.structs import replace
from sqlite_utils import Database

from console.alarms.checks import check
from console.errors import Refused, SettingsError
from console.rules import overlay
from console.rules.overlay import Base
from db import rules
from db.alarm_records import Rule
from db.rule_records import EditAct, RuleEdit, RuleSeen


class Context(Protocol):
    """Who acts when, and what the files say."""

    @property
    def at_ms(self) -> int: ...
    @property
    def actor(self) -> str: ...
    @property
    def rules(self) -> Base: ...


def put(db: Database, context: Context, rule: dict[str, Any], why: str, based_on: int = 0) -> RuleSeen:
    """Put a rule in force, new or in place of the one of its id.

    With `based_on`, the version that was looked at, it is refused if somebody changed it since.
    Raises Refused with words that name the field.
    """
    new = read(rule)
    before = _find(db, context, new.id)
    if based_on and before is not None and before.rule.version != based_on:
        raise Refused(
            f"Rule {new.id} was changed meanwhile (version {before.rule.version}); look at it first"
        )
    return _append(db, context, new, "put", why, before)


def remove(db: Database, context: Context, rule: str, why: str) -> RuleSeen:
    """Take a rule out of force; its standing alarms return."""
    before = _known(db, context, rule)
    if before.is_removed:
        raise Refused(f"Rule {rule} is removed already")
    return _append(db, context, before.rule, "removed", why, before)


def restore(db: Database, context: Context, rule: str, version: int, why: str) -> RuleSeen:
    """Bring an older version back, as a new one; also a rule that was removed."""
    before = _known(db, context, rule)
    found = next((each for each in before.versions if each.version == version), None)
    if found is None:
        allowed = ", ".join(str(each.version) for each in before.versions)
        raise Refused(f"Rule {rule} has no version {version}; allowed: {allowed}")
    return _append(db, context, checked(found.rule), "restored", why, before, version)


def read(rule: dict[str, Any]) -> Rule:
    """A rule as it was sent; raises Refused with the field, what was found and what is allowed."""
    try:
        return checked(msgspec.convert(rule, Rule))
    except msgspec.ValidationError as error:
        raise Refused(f"rule: {error}") from error


def checked(rule: Rule) -> Rule:
    """The rule itself; raises Refused for one that makes no sense."""
    for name, pattern in (("source", rule.source), ("quantity", rule.quantity)):
        if not pattern or "*" in pattern[:-1]:
            raise Refused(f"rule {rule.id!r}: key {name}: found {pattern!r}; exact, or with one * at the end")
    try:
        check(rule)
    except SettingsError as error:
        raise Refused(str(error).removeprefix("rules: ")) from error
    return rule


def _append(
    db: Database,
    context: Context,
    rule: Rule,
    act: EditAct,
    why: str,
    before: RuleSeen | None,
    restored: int = 0,
) -> RuleSeen:
    if not why.strip():
        raise Refused("An edit of a rule needs a reason (why)")
    version = max(each.version for each in before.versions) + 1 if before else 1
    rule = replace(rule, version=version)
    rules.append(db, RuleEdit(rule, version, act, context.at_ms, context.actor, why.strip(), restored))
    return _known(db, context, rule.id)


def _find(db: Database, context: Context, rule: str) -> RuleSeen | None:
    every = overlay.seen(context.rules, rules.edits(db))
    return next((each for each in every if each.rule.id == rule), None)


def _known(db: Database, context: Context, rule: str) -> RuleSeen:
    found = _find(db, context, rule)
    if found is None:
        raise Refused(f"There is no rule {rule!r}")
    return found
