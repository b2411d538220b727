"""What a running core answers of its alarm figures and of the floods that were."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta
from msgspec.structs import replace
from sqlite_utils import Database

from console.alarms import report_sheets
from console.alarms.flood import WINDOW_MS, Span, spans
from console.alarms.flood_report import flood_report
from console.alarms.flood_watch import Facilities, people_at
from console.alarms.kpis import STALE_MS, kpis
from console.errors import Refused
from console.report_forms import Form, written
from console.running import Running
from console.shifts import Span as ShiftSpan
from console.shifts import shift_at
from db import alarms, annunciations, duties, entries
from db.alarm_records import Rule
from db.asset_records import Asset
from db.kpi_records import Actor, FloodReport, FloodSpan, Kpis, Stale

DAY_MS = 86_400_000
_LONGEST_MS, _LONGEST_FLOOD_MS = 400 * DAY_MS, 31 * DAY_MS
Time = Annotated[int, Meta(ge=0, le=1 << 53)]


class Asked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    since_ms: Time
    until_ms: Time


class AskedFlood(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    since_ms: Time  # of the flood, as in the list


class AskedShifts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    count: Annotated[int, Meta(ge=1, le=100)] = 14


class AskedForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The figures of a time, or with `flood` the report of the flood that began at `since_ms`."""

    since_ms: Time
    until_ms: Time = 0
    flood: bool = False
    form: Form = "html"
    language: Literal["ko", "en"] = "ko"


class AlarmReports:
    """The reports of one core; any thread may ask. `rules` gives those in force, for their names."""

    def __init__(self, core: Running, assets: Sequence[Asset], rules: Callable[[], Sequence[Rule]]) -> None:
        self._core, self._rules = core, rules
        self._facilities = Facilities(assets)
        self._names = {asset.id: asset.name for asset in assets}

    def questions(self) -> dict[str, tuple[type[msgspec.Struct], Callable[[Any], Any]]]:
        """Its questions by name."""
        return {
            "alarm.kpis": (Asked, lambda args: self.kpis(args.since_ms, args.until_ms)),
            "alarm.shifts": (AskedShifts, lambda args: self.shifts(args.count)),
            "alarm.report": (AskedForm, self.report),
            "floods": (Asked, lambda args: self.floods(args.since_ms, args.until_ms)),
            "flood.report": (AskedFlood, lambda args: self.flood(args.since_ms)),
        }

    def kpis(self, since_ms: int, until_ms: int) -> Kpis:
        """The figures of since_ms <= time < until_ms; of a time that goes on, up to now."""
        until_ms = self._end(since_ms, until_ms)
        db = self._core.open_ops_reader()
        try:
            people = self._people(db, since_ms)
            found = kpis(
                annunciations.between(db, since_ms - STALE_MS, until_ms),
                since_ms,
                until_ms,
                _floods(db, since_ms, until_ms, people),
                people,
                {row.alarm: (row.at_ms, row) for row in annunciations.standing_at(db, until_ms)},
            )
            return self._named(db, found)
        finally:
            db.close()

    def shifts(self, count: int) -> list[ShiftSpan]:
        """The newest shifts, the one that goes on first."""
        zone = ZoneInfo(self._core.settings.site.timezone)
        found, at_ms = [], self._core.clock.now_ms()
        for _ in range(count):
            found.append(shift_at(self._core.settings.shifts, at_ms, zone))
            at_ms = found[-1].since_ms - 1
        return found

    def floods(self, since_ms: int, until_ms: int) -> list[FloodSpan]:
        """The floods that began in this time, the newest first."""
        until_ms = self._end(since_ms, until_ms)
        db = self._core.open_ops_reader()
        try:
            found = _floods(db, since_ms, until_ms, self._people(db, since_ms))
            return [self._told(db, each) for each in reversed(found) if each.since_ms >= since_ms]
        finally:
            db.close()

    def flood(self, since_ms: int) -> FloodReport:
        """The report of the flood that began then; raises Refused where none did."""
        for span in self.floods(since_ms, since_ms + _LONGEST_FLOOD_MS):
            if span.since_ms == since_ms:
                return self._report(span)
        raise Refused("No flood began at that time")

    def report(self, args: AskedForm) -> bytes:
        """A report as a file."""
        zone = ZoneInfo(self._core.settings.site.timezone)
        names = self._facilities.names
        if args.flood:
            sheets = report_sheets.of_flood(self.flood(args.since_ms), names, zone, args.language)
        else:
            sheets = report_sheets.of_kpis(self.kpis(args.since_ms, args.until_ms), zone, args.language)
        district = self._core.settings.site.district
        return written(args.form, f"{district} · {sheets[0].title}", sheets, args.language)

    # --- inside

    def _end(self, since_ms: int, until_ms: int) -> int:
        until_ms = min(until_ms, self._core.clock.now_ms())
        if not since_ms < until_ms <= since_ms + _LONGEST_MS:
            raise Refused("The time must begin before it ends, and be not longer than 400 days")
        return until_ms

    def _people(self, db: Database, since_ms: int) -> Callable[[int], int]:
        return people_at(duties.spans(db, entries.identity(db).device, since_ms - DAY_MS))

    def _told(self, db: Database, span: Span) -> FloodSpan:
        until_ms = span.until_ms if span.until_ms is not None else self._core.clock.now_ms() + 1
        calls = len(annunciations.calls(db, span.begins_ms, until_ms))
        return FloodSpan(*span, calls=calls)

    def _report(self, span: FloodSpan) -> FloodReport:
        db = self._core.open_ops_reader()
        try:
            end_ms = self._core.clock.now_ms() + 1
            if span.until_ms is not None:
                end_ms = min(end_ms, span.until_ms + DAY_MS)  # a day to acknowledge what it left
            rows = annunciations.between(db, span.begins_ms, end_ms)
            found = flood_report(span, rows, self._facilities.of)
            rules = {rule.id: rule for rule in self._rules()}
            first = alarms.get(db, found.first_out)
            return replace(
                found,
                first_name=first.name if first else "",
                first_name_en=first.name_en if first else "",
                groups=tuple(
                    replace(each, name=rules[each.rule].name, name_en=rules[each.rule].name_en)
                    if each.rule in rules
                    else each
                    for each in found.groups
                ),
                critical=tuple(replace(each, **self._alarm(db, each.alarm)) for each in found.critical),
            )
        finally:
            db.close()

    def _named(self, db: Database, found: Kpis) -> Kpis:
        rules = {rule.id: rule for rule in self._rules()}

        def of_rule(actor: Actor) -> Actor:
            rule = rules.get(actor.rule)
            return replace(actor, name=rule.name, name_en=rule.name_en) if rule else actor

        def of_alarm(each: Any) -> Any:
            key = each.alarm if isinstance(each, Stale) else each.id
            return replace(each, **self._alarm(db, key))

        return replace(
            found,
            rules=tuple(of_rule(each) for each in found.rules),
            alarms=tuple(of_alarm(each) for each in found.alarms),
            chattering=tuple(of_alarm(each) for each in found.chattering),
            fleeting=tuple(of_alarm(each) for each in found.fleeting),
            stale=tuple(of_alarm(each) for each in found.stale),
        )

    def _alarm(self, db: Database, alarm_id: str) -> dict[str, str]:
        """Its names and its place, as far as they are still known."""
        alarm = alarms.get(db, alarm_id)
        if alarm is None:
            return {"place": alarm_id.split("|")[1] if "|" in alarm_id else ""}
        place = self._names.get(alarm.asset) or alarm.place or alarm.source
        return {"name": alarm.name, "name_en": alarm.name_en, "place": place}


def _floods(db: Database, since_ms: int, until_ms: int, people: Callable[[int], int]) -> list[Span]:
    """The floods of a time; what came in the day before it decides whether one was on at its beginning."""
    calls = annunciations.calls(db, max(0, since_ms - DAY_MS), until_ms)
    found = spans(calls, people, until_ms)
    return [each for each in found if each.until_ms is None or each.until_ms > since_ms - WINDOW_MS]
