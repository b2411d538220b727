"""The line of the event log that a move of an alarm becomes."""

from __future__ import annotations

from console.alarms.transitions import Transition
from db.alarm_records import Alarm
from db.records import Draft


def entry_of(transition: Transition, actor: str) -> Draft:
    """Who, when, what and why; `actor` is the system's name where nobody did it."""
    alarm, verb = transition.alarm, transition.verb
    payload: dict[str, object] = {
        "activation": alarm.activation,
        "state": alarm.state.value,
        "priority": alarm.priority,
        "rule": alarm.rule,
        "source": alarm.source,
        "quantity": alarm.quantity,
    }
    if verb == "raised":
        payload |= _raised(alarm)
    if verb in ("raised", "suppressed", "released") and (alarm.suppressed_by or verb != "raised"):
        payload["suppressed_by"] = alarm.suppressed_by
    payload |= _why(transition)
    return Draft(f"alarm.{verb}", alarm.id, transition.at_ms, actor, payload)


def _raised(alarm: Alarm) -> dict[str, object]:
    found: dict[str, object] = {
        "kind": alarm.kind,
        "name": alarm.name,
        "place": alarm.place,
        "value": alarm.value,
        "unit": alarm.unit,
        "limit": alarm.limit,
        "observed_ms": alarm.observed_ms,
        "rule_version": alarm.rule_version,
    }
    if alarm.text:
        found["text"] = alarm.text
    if alarm.shelf is not None:
        found["shelved_until_ms"] = alarm.shelf.until_ms
    if alarm.out_of_service is not None:
        found["order"] = alarm.out_of_service.order
    return found


def _why(transition: Transition) -> dict[str, object]:
    """What an act says of itself."""
    alarm, shelf, work = transition.alarm, transition.alarm.shelf, transition.alarm.out_of_service
    match transition.verb:
        case "acknowledged" | "reset":
            return {"note": alarm.note}
        case "shelved" if shelf is not None:
            return {"until_ms": shelf.until_ms, "reason": shelf.reason}
        case "out_of_service" if work is not None:
            return {
                "order": work.order, "reason": work.reason, "until_ms": work.until_ms, "window": work.window,
            }  # fmt: skip
        case "updated":
            return {"text": alarm.text, "place": alarm.place, "lon": alarm.lon, "lat": alarm.lat}
        case "commented":
            return {"text": alarm.comment}
        case "assigned":
            return {"assignee": alarm.assignee}
        case "unshelved" | "in_service":
            return {"quiet": alarm.quiet}
        case _:
            return {}
