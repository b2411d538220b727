"""How the acts of an incident make the incident. Pure: the same acts give the same record everywhere.

Every field is a register of several values. An act that sets a field names the
acts whose values its author saw and replaces; values that nobody replaced
stand together. Where more than one stands, all are kept as a conflict until a
person chooses, and meanwhile the record shows the severer level, open before
closed, and else the latest in the common order. Notes, attachments and the
lists of alarms and cameras unite.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from db.incidents import Told
from db.records import Attachment, Incident

LISTS = ("alarms", "cameras")
TEXTS = ("number", "title", "type", "place", "assignee", "result", "result_text")
LONGEST = {"title": 200, "type": 200, "place": 200, "assignee": 200, "result": 200}
LEVELS = (1, 2, 3, 4)
LONGEST_SEARCHED, MOST_SEARCHED = 10_000, 1_000_000
"""Characters of one text, and of all texts of one incident, that the search knows."""


class Write(NamedTuple):
    """One act's value of one field."""

    entry_id: str
    value: Any


class Registers:
    """The values of each field that no later act has replaced, in the common order."""

    def __init__(self, told: Sequence[Told]) -> None:
        self._writes: dict[str, list[Write]] = {}
        self._replaced: dict[str, set[str]] = {}
        for each in told:
            payload = each.act.payload
            for name, value in _written(each.act.type, payload).items():
                if is_allowed(name, value):
                    kept = tuple(value) if name in LISTS else value
                    self._writes.setdefault(name, []).append(Write(each.act.entry_id, kept))
                    self._replaced.setdefault(name, set()).update(_replaced(payload, name))

    def standing(self, name: str) -> list[Write]:
        """The writes of a field that stand together; one, unless people acted apart."""
        writes = self._writes.get(name, [])
        gone = self._replaced.get(name, set())
        return [write for write in writes if write.entry_id not in gone] or writes[-1:]

    def seen(self, names: Iterable[str]) -> dict[str, list[str]]:
        """What an act that sets these fields replaces, for its payload."""
        return {name: [write.entry_id for write in self.standing(name)] for name in names}

    def value(self, name: str, default: Any) -> Any:
        """What the record shows while nobody has chosen."""
        values = self._values(name)
        if not values:
            return default
        choose: Callable[[list[Any]], Any] = _CHOICE.get(name, _latest)
        return choose(values)

    def conflicts(self) -> dict[str, tuple[Any, ...]]:
        """The fields of which different values stand together, each with all of them."""
        apart = {name: tuple(dict.fromkeys(self._values(name))) for name in self._writes if name not in LISTS}
        return {name: values for name, values in sorted(apart.items()) if len(values) > 1}

    def _values(self, name: str) -> list[Any]:
        return [write.value for write in self.standing(name)]


def _latest(values: list[Any]) -> Any:
    return values[-1]


def _united(values: list[Any]) -> tuple[str, ...]:
    return tuple(sorted({each for value in values for each in value}))


def _open_first(values: list[Any]) -> str:
    return "open" if "open" in values else "closed"


_CHOICE: dict[str, Callable[[list[Any]], Any]] = {
    "level": min,
    "state": _open_first,
    "alarms": _united,
    "cameras": _united,
}


def is_allowed(name: str, value: Any) -> bool:
    """Whether a field may have this value; an act of another console may say anything."""
    if name == "level":
        return type(value) is int and value in LEVELS
    if name == "state":
        return value in ("open", "closed")
    if name in LISTS:
        return isinstance(value, list | tuple) and all(isinstance(each, str) for each in value)
    return name in TEXTS and isinstance(value, str) and len(value) <= LONGEST.get(name, 10_000)


def _written(kind: str, payload: dict[str, Any]) -> dict[str, Any]:
    """The fields that an act sets."""
    match kind:
        case "incident.opened":
            return {**payload, "state": "open"}
        case "incident.changed":
            fields = payload.get("fields")
            return fields if isinstance(fields, dict) else {}
        case "incident.assigned":
            return {"assignee": payload.get("assignee")}
        case "incident.closed":
            text, result = payload.get("text"), payload.get("result")
            return {"state": "closed", "result": result, "result_text": text}
        case "incident.reopened":
            return {"state": "open"}
    return {}


def _replaced(payload: dict[str, Any], name: str) -> list[str]:
    replaces = payload.get("replaces")
    ids = replaces.get(name) if isinstance(replaces, dict) else None
    return [each for each in ids if isinstance(each, str)] if isinstance(ids, list) else []


def fold(told: Sequence[Told]) -> Incident | None:
    """The incident that these acts make, None while the act that opened it is not here.

    `told` may come in any order and hold an act twice.
    """
    unique = {each.act.entry_id: each for each in sorted(told, key=lambda each: each.order)}
    acts = sorted(unique.values(), key=lambda each: each.order)
    opened = next((each for each in acts if each.act.type == "incident.opened"), None)
    if opened is None:
        return None
    fields = Registers(acts)
    state = fields.value("state", "open")
    closed = _closing(acts, fields) if state == "closed" else None
    return Incident(
        id=opened.act.incident,
        number=fields.value("number", ""),
        type=fields.value("type", ""),
        level=fields.value("level", 3),
        title=fields.value("title", ""),
        opened_ms=opened.act.at_ms,
        opened_by=opened.act.actor,
        changed_ms=max(each.act.at_ms for each in acts),
        state=state,
        place=fields.value("place", ""),
        assignee=fields.value("assignee", ""),
        alarms=fields.value("alarms", ()),
        cameras=fields.value("cameras", ()),
        attachments=_attachments(acts),
        result=fields.value("result", "") if closed else "",
        result_text=fields.value("result_text", "") if closed else "",
        closed_ms=closed.act.at_ms if closed else None,
        closed_by=closed.act.actor if closed else "",
        device=opened.act.device,
        conflicts=fields.conflicts() if closed else _without_result(fields.conflicts()),
    )


def _without_result(conflicts: dict[str, tuple[Any, ...]]) -> dict[str, tuple[Any, ...]]:
    return {name: values for name, values in conflicts.items() if name not in ("result", "result_text")}


def _closing(acts: Sequence[Told], fields: Registers) -> Told | None:
    standing = {write.entry_id for write in fields.standing("state") if write.value == "closed"}
    return next((each for each in reversed(acts) if each.act.entry_id in standing), None)


def _attachments(acts: Sequence[Told]) -> tuple[Attachment, ...]:
    found: dict[tuple[str, str], Attachment] = {}
    for each in acts:
        payload = each.act.payload
        sha256, size = payload.get("sha256"), payload.get("size")
        if each.act.type != "incident.attached" or not isinstance(sha256, str) or not isinstance(size, int):
            continue
        name = str(payload.get("name", ""))
        found.setdefault(
            (sha256, name),
            Attachment(
                sha256=sha256,
                name=name,
                media_type=str(payload.get("media_type", "")),
                size=size,
                at_ms=each.act.at_ms,
                actor=each.act.actor,
                camera=str(payload.get("camera", "")),
            ),
        )
    return tuple(found.values())


def texts(incident: Incident, told: Sequence[Told]) -> list[str]:
    """Everything an incident shall be found by; of very long timelines the newest million characters."""
    found = [incident.number, incident.title, incident.type, incident.place, incident.assignee]
    found += [incident.result, incident.result_text, incident.opened_by, incident.closed_by]
    found += [each.name for each in incident.attachments]
    found += [str(value) for values in incident.conflicts.values() for value in values]
    room = MOST_SEARCHED
    for each in reversed(told):
        text = each.act.payload.get("text")
        if isinstance(text, str) and room > 0:
            found.append(text[:LONGEST_SEARCHED])
            room -= len(found[-1])
    return found
