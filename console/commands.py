"""What a screen may ask the core to do, one function per act.

An act checks its arguments by their type, works on the ops store within the
engine's transaction, and gives the value of the answer and the records that
changed. Refusals say what to do instead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta
from sqlite_utils import Database

from console import crisis, holds, maintenance
from console.alarms import jobs as alarms
from console.alarms.rulebook import Rulebook
from console.errors import Refused
from console.incidents import jobs as incidents
from console.rules import acts as rule_acts
from console.rules.overlay import Base

Line = Annotated[str, Meta(max_length=200)]
Text = Annotated[str, Meta(max_length=10_000)]
Ids = Annotated[tuple[Line, ...], Meta(max_length=10_000)]


class _Args(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


class Acknowledge(_Args, frozen=True):
    alarms: Ids
    note: Text = ""


class Alarms(_Args, frozen=True):
    alarms: Ids


class Shelve(_Args, frozen=True):
    alarms: Ids
    until_ms: int
    reason: Line


class Comment(_Args, frozen=True):
    alarms: Ids
    text: Text


class AssignAlarms(_Args, frozen=True):
    alarms: Ids
    assignee: Line


class TakeOut(_Args, frozen=True):
    alarms: Ids
    order: Line
    reason: Line = ""
    until_ms: int | None = None


class Plan(_Args, frozen=True):
    asset: Line
    since_ms: int
    until_ms: int
    order: Line
    reason: Line = ""


class EndPlan(_Args, frozen=True):
    maintenance: Line
    note: Text = ""


class Open(_Args, frozen=True):
    title: Line
    type: Line
    level: Literal[1, 2, 3, 4] = 3
    place: Line = ""
    assignee: Line = ""
    alarms: Ids = ()
    cameras: Ids = ()


class Note(_Args, frozen=True):
    incident: Line
    text: Text


class Change(_Args, frozen=True):
    incident: Line
    fields: dict[Line, Any]


class Assign(_Args, frozen=True):
    incident: Line
    assignee: Line


class Attach(_Args, frozen=True):
    incident: Line
    name: Line
    media_type: Line
    sha256: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    camera: Line = ""


class Close(_Args, frozen=True):
    incident: Line
    result: Line
    text: Text = ""


class Reopen(_Args, frozen=True):
    incident: Line
    text: Text = ""


class PlaceHold(_Args, frozen=True):
    source: Line
    quantity: Line
    since_ms: int
    until_ms: int
    reason: Text
    incident: Line = ""


class ReleaseHold(_Args, frozen=True):
    hold: Line
    note: Text = ""


class DeclareCrisis(_Args, frozen=True):
    kind: Annotated[str, Meta(min_length=1, max_length=60)]
    level: Literal[1, 2, 3, 4]
    text: Annotated[str, Meta(max_length=500)] = ""
    until_ms: int | None = None
    exercise: bool = False


class EndCrisis(_Args, frozen=True):
    kind: Line
    note: Text = ""
    exercise: bool = False


class Context(msgspec.Struct, frozen=True):
    """What every act needs besides its arguments."""

    at_ms: int
    actor: str
    blobs: Path
    district: str
    tree: Rulebook
    rules: Base = Base()


Changed = tuple[Any, Iterable[Any]]
"""The value of the answer, and the records that changed."""


def acknowledge(db: Database, context: Context, args: Acknowledge) -> Changed:
    return _counted(alarms.acknowledge(db, args.alarms, context.actor, args.note, context.at_ms))


def reset(db: Database, context: Context, args: Acknowledge) -> Changed:
    return _counted(alarms.reset(db, args.alarms, context.actor, args.note, context.at_ms))


def shelve(db: Database, context: Context, args: Shelve) -> Changed:
    changed = alarms.shelve(db, args.alarms, context.actor, args.until_ms, args.reason, context.at_ms)
    return _counted(changed)


def unshelve(db: Database, context: Context, args: Alarms) -> Changed:
    return _counted(alarms.unshelve(db, args.alarms, context.actor, context.at_ms))


def comment(db: Database, context: Context, args: Comment) -> Changed:
    return _counted(alarms.comment(db, args.alarms, context.actor, args.text, context.at_ms))


def assign_alarms(db: Database, context: Context, args: AssignAlarms) -> Changed:
    return _counted(alarms.assign(db, args.alarms, context.actor, args.assignee, context.at_ms))


def take_out(db: Database, context: Context, args: TakeOut) -> Changed:
    changed = alarms.take_out(
        db, args.alarms, context.actor, args.order, args.reason, args.until_ms, context.at_ms
    )
    return _counted(changed)


def put_back(db: Database, context: Context, args: Alarms) -> Changed:
    return _counted(alarms.put_back(db, args.alarms, context.actor, context.at_ms))


def plan_maintenance(db: Database, context: Context, args: Plan) -> Changed:
    return _first(maintenance.plan(db, context.actor, context.at_ms, context.tree, **_fields(args)))


def end_maintenance(db: Database, context: Context, args: EndPlan) -> Changed:
    ended, changed = maintenance.end(
        db, context.actor, context.at_ms, context.tree, window_id=args.maintenance, note=args.note
    )
    return ended, [ended, *changed]


def open_incident(db: Database, context: Context, args: Open) -> Changed:
    opened, changed = _first(incidents.open_incident(db, context, **_fields(args)))
    return opened, [*changed, *alarms.link_incident(db, args.alarms, opened.id)]


def note(db: Database, context: Context, args: Note) -> Changed:
    return _first(incidents.note(db, context, **_fields(args)))


def change(db: Database, context: Context, args: Change) -> Changed:
    return _first(incidents.change(db, context, **_fields(args)))


def assign(db: Database, context: Context, args: Assign) -> Changed:
    return _first(incidents.assign(db, context, **_fields(args)))


def attach(db: Database, context: Context, args: Attach) -> Changed:
    return _first(incidents.attach(db, context, **_fields(args)))


def close(db: Database, context: Context, args: Close) -> Changed:
    return _first(incidents.close(db, context, **_fields(args)))


def reopen(db: Database, context: Context, args: Reopen) -> Changed:
    return _first(incidents.reopen(db, context, **_fields(args)))


def place_hold(db: Database, context: Context, args: PlaceHold) -> Changed:
    return _first(holds.place(db, context, **_fields(args)))


def release_hold(db: Database, context: Context, args: ReleaseHold) -> Changed:
    return _first(holds.release(db, context, **_fields(args)))


def declare_crisis(db: Database, context: Context, args: DeclareCrisis) -> Changed:
    changed = crisis.declare(db, context, **_fields(args))
    return len(changed), changed


def end_crisis(db: Database, context: Context, args: EndCrisis) -> Changed:
    changed = crisis.end(db, context, **_fields(args))
    return len(changed), changed


ACTS: dict[str, tuple[type[msgspec.Struct], Callable[[Database, Context, Any], Changed]]] = {
    "alarm.acknowledge": (Acknowledge, acknowledge),
    "alarm.reset": (Acknowledge, reset),
    "alarm.shelve": (Shelve, shelve),
    "alarm.unshelve": (Alarms, unshelve),
    "alarm.comment": (Comment, comment),
    "alarm.assign": (AssignAlarms, assign_alarms),
    "alarm.out_of_service": (TakeOut, take_out),
    "alarm.in_service": (Alarms, put_back),
    "maintenance.plan": (Plan, plan_maintenance),
    "maintenance.end": (EndPlan, end_maintenance),
    "incident.open": (Open, open_incident),
    "incident.note": (Note, note),
    "incident.change": (Change, change),
    "incident.assign": (Assign, assign),
    "incident.attach": (Attach, attach),
    "incident.close": (Close, close),
    "incident.reopen": (Reopen, reopen),
    "crisis.declare": (DeclareCrisis, declare_crisis),
    "crisis.end": (EndCrisis, end_crisis),
    "hold.place": (PlaceHold, place_hold),
    "hold.release": (ReleaseHold, release_hold),
    **rule_acts.ACTS,
}


def read(name: str, args: dict[str, Any]) -> tuple[Any, Callable[[Database, Context, Any], Changed]]:
    """The act of this name and its checked arguments; raises Refused."""
    known = ACTS.get(name)
    if known is None:
        raise Refused(f"This console knows no act {name!r}")
    kind, act = known
    try:
        return msgspec.convert(args, kind), act
    except msgspec.ValidationError as error:
        raise Refused(f"{name}: {error}") from error


def _fields(args: _Args) -> dict[str, Any]:
    return {name: getattr(args, name) for name in args.__struct_fields__}


def _counted(changed: list[Any]) -> Changed:
    return len(changed), changed


def _first(records: list[Any]) -> Changed:
    return (records[0] if records else None), records
