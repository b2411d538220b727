"""What a screen may ask about rules, and the long task that tries one; for one core, any thread."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from console.rules import overlay
from console.rules.overlay import Base
from console.running import Running
from db import rules
from db.alarm_records import Rule
from db.asset_records import Asset
from db.rule_records import RuleSeen


class NoArgs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


class Rules:
    """`base` are the rules of the files."""

    def __init__(self, core: Running, base: Base, assets: Sequence[Asset]) -> None:
        self._core, self._base, self._assets = core, base, list(assets)

    def questions(self) -> dict[str, tuple[type[msgspec.Struct], Callable[[Any], Any]]]:
        """Its queries by name."""
        return {
            "rules": (NoArgs, lambda args: self.in_force()),
            "rulebook": (NoArgs, lambda args: self.seen()),
        }

    def in_force(self) -> list[Rule]:
        """The rules as they are now."""
        return [each.rule for each in self.seen() if not each.is_removed]

    def seen(self) -> list[RuleSeen]:
        """Every rule that is or was, with where it comes from and its versions."""
        db = self._core.open_ops_reader()
        try:
            return overlay.seen(self._base, rules.edits(db))
        finally:
            db.close()
