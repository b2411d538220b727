"""Which moves of alarms call an operator, and the row that each becomes.

An annunciation is the call to an operator, not the alarm: one that is raised
suppressed, shelved or quiet calls nobody, and a re-alarm calls again.
Source: ISA-18.2 / IEC 62682, "annunciated alarms" of the flood and rate figures.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlite_utils import Database

from console.alarms.transitions import Transition
from db import annunciations
from db.alarm_records import AlarmState
from db.annunciations import Annunciation

CALLING = frozenset({"raised", "released", "realarmed", "unshelved", "in_service"})
"""What an alarm does that calls an operator, where it asks for somebody after it."""


def note(db: Database, moved: Iterable[Transition], actor: str) -> None:
    """Write down what alarms did; in the caller's transaction."""
    annunciations.add(db, [row_of(each, actor) for each in moved])


def row_of(moved: Transition, actor: str) -> Annunciation:
    """The row that a move of an alarm becomes."""
    alarm = moved.alarm
    calls = moved.verb in CALLING and alarm.is_announced and alarm.state is AlarmState.UNACKNOWLEDGED
    return Annunciation(
        at_ms=moved.at_ms,
        alarm=alarm.id,
        activation=alarm.activation,
        verb=moved.verb,
        rule=alarm.rule,
        cause=alarm.suppressed_by.partition("|")[0] or alarm.rule,
        source=alarm.source,
        asset=alarm.asset,
        priority=alarm.priority,
        shown=alarm.shown.value,
        announced=calls,
        actor=actor,
    )
