"""What a screen is shown of rules: what is in force, its versions, a forecast, an explanation.

Times as in `db/records.py`.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from db.alarm_records import Rule
from db.records import Record

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
    `units` are those of its quantity that have been received.
    """

    rule: Rule
    origin: Literal["settings", "pack", "edited"]
    pack: str = ""
    is_removed: bool = False
    versions: tuple[RuleVersion, ...] = ()
