"""What a screen may ask about rules, and the long task that tries one; for one core, any thread."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from console.errors import Refused
from console.rules import forecast, guidance, jobs, overlay
from console.rules.explain import explain
from console.rules.overlay import Base
from console.running import Running
from console.tasks import Task
from db import alarms, rules
from db.alarm_records import Rule
from db.asset_records import Asset
from db.rule_records import Explained, GuidanceText, RuleSeen, Tried
from db.workings import Progress

_KEPT = 8
_REST_S = 0.002


class NoArgs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


class TryRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    rule: dict[str, Any]
    since_ms: int
    until_ms: int


class OneTask(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    task: Annotated[str, Meta(max_length=64)]


class OneAlarm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    alarm: Annotated[str, Meta(max_length=1000)]
    activation: Annotated[int, Meta(ge=0)] = 0


class Rules:
    """`base` are the rules of the files."""

    def __init__(self, core: Running, base: Base, assets: Sequence[Asset]) -> None:
        self._core, self._base, self._assets = core, base, list(assets)
        self._by_id = guidance.by_id(assets)
        self._tried: OrderedDict[str, Tried] = OrderedDict()
        self._lock = threading.Lock()

    def acts(self) -> dict[str, tuple[type[msgspec.Struct], Callable[[Any, str], Any]]]:
        """Its commands by name, those that are not one transaction."""
        return {"rules.try": (TryRule, lambda args, actor: self.try_rule(args))}

    def questions(self) -> dict[str, tuple[type[msgspec.Struct], Callable[[Any], Any]]]:
        """Its queries by name."""
        return {
            "rules": (NoArgs, lambda args: self.in_force()),
            "rulebook": (NoArgs, lambda args: self.seen()),
            "alarm.explain": (OneAlarm, self.explain),
            "guidance": (OneAlarm, self.guidance),
            "guidance.texts": (NoArgs, lambda args: self.texts()),
            "rules.tried": (OneTask, lambda args: self.tried(args.task)),
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

    def try_rule(self, args: TryRule) -> Progress:
        """Begin to try a rule on the stored past; its end is told as progress, the answer by `tried`."""
        rule, until_ms = jobs.read(args.rule), min(args.until_ms, self._core.clock.now_ms())
        if until_ms <= args.since_ms:
            raise Refused("A rule is tried on a time that has been: since_ms before until_ms and before now")
        zone = self._core.settings.site.timezone
        asked = forecast.Asked(rule, args.since_ms, until_ms, self.in_force(), self._assets, zone)
        return self._core.tasks.start("forecast", lambda task: self._try(asked, task))

    def tried(self, task: str) -> Tried:
        """What a forecast found; the last few are kept."""
        with self._lock:
            found = self._tried.get(task)
        if found is None:
            raise Refused("This forecast is not there (any more); ask for it again")
        return found

    def explain(self, asked: OneAlarm) -> Explained:
        """Why an activation of an alarm came; 0 is the newest."""
        seen, zone = self.seen(), self._core.settings.site.timezone
        feed_db, ops_db = self._core.open_feed_reader(), self._core.open_ops_reader()
        try:
            now_ms = self._core.clock.now_ms()
            return explain(asked.alarm, asked.activation, seen, self._assets, zone, ops_db, feed_db, now_ms)
        finally:
            feed_db.close()
            ops_db.close()

    def guidance(self, asked: OneAlarm) -> guidance.Told:
        """What to do about an alarm."""
        db = self._core.open_ops_reader()
        try:
            alarm = alarms.get(db, asked.alarm)
            seen = overlay.seen(self._base, rules.edits(db))
            given = guidance.texts(db)
        finally:
            db.close()
        rule_id = asked.alarm.partition("|")[0]
        rule = next((each.rule for each in seen if each.rule.id == rule_id), None)
        return guidance.resolve(
            rule, self._base, alarm.asset if alarm is not None else "", self._by_id, given
        )

    def texts(self) -> list[GuidanceText]:
        """The guidance given to assets and domains."""
        db = self._core.open_ops_reader()
        try:
            return list(guidance.texts(db).values())
        finally:
            db.close()

    def _try(self, asked: forecast.Asked, task: Task) -> str:
        rest = threading.Event()

        def told(done: int, of: int) -> None:
            task.at(done, of)
            rest.wait(_REST_S)  # feeds and alarms of now go first

        feed_db, ops_db = self._core.open_feed_reader(), self._core.open_ops_reader()
        try:
            found = forecast.run(asked, feed_db, ops_db, told)
        finally:
            feed_db.close()
            ops_db.close()
        with self._lock:
            self._tried[task.progress.id] = found
            while len(self._tried) > _KEPT:
                self._tried.popitem(last=False)
        return ""
