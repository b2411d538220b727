"""What a flood was, from the rows of what alarms did. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from msgspec.structs import replace

from console.alarms.flood import groups
from console.alarms.kpis import answers, response
from db.alarm_records import FloodGroup
from db.annunciations import Annunciation
from db.kpi_records import CriticalCall, FloodReport, FloodSpan

_CRITICAL = 1


def flood_report(
    span: FloodSpan, rows: Sequence[Annunciation], facility: Callable[[str, str], str]
) -> FloodReport:
    """The report of a flood; `rows` are the moves from its first call on, oldest first.

    What was acknowledged after its end, within the rows, counts too: the flood was its cause.
    """
    end = span.until_ms
    within = [row for row in rows if end is None or row.at_ms < end]
    called = {(row.alarm, row.activation) for row in within if row.announced}
    answered = answers(row for row in rows if (row.alarm, row.activation) in called)
    first = next((row for row in within if row.announced), None)
    handled = Counter(after.actor for _, after in answered if after is not None)
    return FloodReport(
        span=span,
        first_out=first.alarm if first else "",
        first_rule=first.rule if first else "",
        first_ms=first.at_ms if first else span.begins_ms,
        first_place=facility(first.asset, first.source) if first else "",
        first_name="",
        first_name_en="",
        groups=_groups(within, answered, facility),
        acknowledged=dict(handled.most_common()),
        unacknowledged=sum(after is None for _, after in answered),
        shelved=sum(row.verb == "shelved" for row in within),
        suppressed=sum(
            row.verb == "suppressed" or (row.verb == "raised" and row.shown == "suppressed") for row in within
        ),
        response=response(answered),
        critical=tuple(
            CriticalCall(
                call.alarm,
                call.rule,
                call.at_ms,
                after.at_ms if after is not None else None,
                after.actor if after is not None else "",
                place=facility(call.asset, call.source),
            )
            for call, after in answered
            if call.priority <= _CRITICAL
        ),
    )


def _groups(
    rows: Sequence[Annunciation],
    answered: Sequence[tuple[Annunciation, Annunciation | None]],
    facility: Callable[[str, str], str],
) -> tuple[FloodGroup, ...]:
    """By cause and place, each with how many of it nobody has acknowledged to this day."""
    still = Counter((row.cause, facility(row.asset, row.source)) for row, after in answered if after is None)
    return tuple(
        replace(group, unacknowledged=min(group.count, still[group.rule, group.place]))
        for group in groups(rows, {}, facility)
    )
