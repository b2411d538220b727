"""What an entry of the log says to systems that take messages: an event begins, changes, is over.

An alarm's activation is one event, over when its cause is gone; whether anybody
has acknowledged it is our own business. An incident is one from its opening to
its closing, and another one from a reopening on.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec
from sqlite_utils import Database

from console.alarms.lines import entry_of
from console.alarms.rulebook import matches
from console.alarms.transitions import Transition
from console.formats.event_life import ENDS
from console.hub import alerts
from console.settings_outlets import Chosen
from db import alarms, entries, hubs, incidents
from db.alarm_records import Alarm
from db.hub_messages import Thing
from db.records import Entry, Event, Incident

SHOWN = ("title", "type", "level", "place")
"""What of an incident others are told."""
OVER = ("alarm.returned", "alarm.normal", "incident.closed")


class Told(NamedTuple):
    """A statement about an event; `whole` if it says all of it and not only how it stands."""

    event: Event
    whole: bool = True

    @property
    def is_over(self) -> bool:
        return self.event.status in ENDS


def thing_of(entry: Entry) -> str:
    """What the entry is about: an activation of an alarm, or an incident."""
    if not entry.type.startswith("alarm."):
        return f"incident:{entry.subject}"
    return f"alarm:{entry.device}|{entry.subject}|{entries.draft_of(entry).payload.get('activation', 0)}"


def told(
    db: Database, entry: Entry, chosen: Chosen, cancelled: tuple[str, ...], known: Thing | None
) -> Told | None:
    """What there is to be said, None for nothing; `known` is what the other side knows already."""
    is_open = known is not None and known.over_ms is None
    if entry.type.startswith("alarm."):
        return _of_alarm(db, entry, chosen, is_known=known is not None, is_open=is_open)
    return _of_incident(db, entry, chosen, cancelled, is_known=known is not None, is_open=is_open)


def as_raised(db: Database, entry: Entry) -> Entry:
    """A later entry of an alarm as if it were the one that raised it, by what the alarm says now."""
    said = entries.draft_of(entry)
    alarm = _alarm(db, entry)
    if alarm is None or alarm.activation != said.payload.get("activation"):
        return entry
    payload = entry_of(Transition("raised", alarm, entry.at_ms), said.actor).payload
    body = msgspec.json.decode(entry.body) | {"type": "alarm.raised", "data": payload}
    return msgspec.structs.replace(entry, type="alarm.raised", body=entries.canonical(body))


def _alarm(db: Database, entry: Entry) -> Alarm | None:
    watch = alarms.get_watch(db, entry.subject)
    return watch.alarm if watch is not None else None


def _of_alarm(db: Database, entry: Entry, chosen: Chosen, *, is_known: bool, is_open: bool) -> Told | None:
    if entry.type in ("alarm.raised", "alarm.released") and not is_known:
        if entry.type == "alarm.released":
            entry = as_raised(db, entry)
        said = entries.draft_of(entry).payload
        return _raised(db, entry, said) if _is_chosen(chosen, said) else None
    if is_open and entry.type in OVER:
        return Told(_event(entry, "cleared", text="정상 복귀"), whole=False)
    if is_open and entry.type == "alarm.acknowledged":
        return Told(_event(entry, "changed", text="확인"), whole=False)
    return None


def _is_chosen(chosen: Chosen, said: dict[str, Any]) -> bool:
    return (
        any(matches(each, str(said.get("rule", ""))) for each in chosen.alarms)
        and said.get("priority", 4) <= chosen.level
        and (chosen.passed_on or said.get("kind") != "event")
        and (chosen.suppressed or not said.get("suppressed_by"))
    )


def _raised(db: Database, entry: Entry, said: dict[str, Any]) -> Told:
    alarm = _alarm(db, entry)
    here = alarm if alarm is not None and alarm.activation == said.get("activation") else None
    name = str(said.get("name") or said.get("rule", ""))
    event = _event(
        entry,
        "occurred",
        type=str(said.get("rule", "")),
        source=str(said.get("source", "")),
        grade=str(said.get("priority", 4)),
        place=str(said.get("place", "")),
        lon=here.lon if here is not None else None,
        lat=here.lat if here is not None else None,
        text=f"{name}\n{said.get('text') or alerts.described(said)}",
        extra={"name": name, "onset_ms": said.get("observed_ms") or entry.at_ms},
    )
    return Told(event)


def _of_incident(
    db: Database,
    entry: Entry,
    chosen: Chosen,
    cancelled: tuple[str, ...],
    *,
    is_known: bool,
    is_open: bool,
) -> Told | None:
    verb, said = entry.type.partition(".")[2], entries.draft_of(entry).payload
    if verb == "closed" and is_open:
        result = str(said.get("result", ""))
        status = "cancelled" if result in cancelled else "ended"
        return Told(_event(entry, status, text=result, extra={"status_word": "완료"}), whole=False)
    incident = incidents.get(db, entry.subject)
    if incident is None:
        return None
    shown = {name: getattr(incident, name) for name in SHOWN}
    if verb == "opened":
        shown |= {name: said[name] for name in SHOWN if name in said}
    fits = any(matches(each, shown["type"]) for each in chosen.incidents) and shown["level"] <= chosen.level
    is_new = not is_open and (
        (verb == "opened" and not is_known)
        or verb == "reopened"
        or (verb == "changed" and not is_known and incident.state == "open")
    )
    if is_new and fits and hubs.is_opened_here(db, incident.id):
        onset_ms = entry.at_ms if verb == "reopened" else incident.opened_ms
        return Told(_incident_event(db, entry, "occurred", shown, incident, onset_ms))
    fields = said.get("fields")
    if is_open and verb == "changed" and isinstance(fields, dict) and set(fields) & set(SHOWN):
        return Told(_incident_event(db, entry, "changed", shown, incident, incident.opened_ms))
    return None


def _incident_event(
    db: Database, entry: Entry, status: str, shown: dict[str, Any], incident: Incident, onset_ms: int
) -> Event:
    lon, lat = _where(db, incident)
    return _event(
        entry,
        status,
        type=shown["type"],
        grade=str(shown["level"]),
        place=shown["place"],
        lon=lon,
        lat=lat,
        text=f"{shown['title']}\n{incident.number}",
        extra={"name": shown["title"], "onset_ms": onset_ms},
    )


def _where(db: Database, incident: Incident) -> tuple[float | None, float | None]:
    """Where its first alarm is that has a position; an incident has none of its own."""
    for name in incident.alarms:
        watch = alarms.get_watch(db, name)
        alarm = watch.alarm if watch is not None else None
        if alarm is not None and alarm.lon is not None and alarm.lat is not None:
            return alarm.lon, alarm.lat
    return None, None


def _event(entry: Entry, status: str, extra: dict[str, Any] | None = None, **more: Any) -> Event:
    actor = entries.draft_of(entry).actor
    user = (actor, actor) if actor not in ("", "system") else ("", "")
    fields = {"type": "", **more}
    return Event(
        origin_system=entry.device,
        origin_key=thing_of(entry),
        status=status,  # type: ignore[arg-type]
        observed_ms=entry.at_ms,
        received_ms=entry.at_ms,
        end_ms=entry.at_ms if status in ENDS else None,
        extra={"user": user, **(extra or {})},
        **fields,
    )
