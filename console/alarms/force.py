"""When a rule is in force: by the sun, by the hours of the site, and by another quantity of its source."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, tzinfo

from console.alarms.gather import Values
from db.alarm_records import Rule

HOURS = re.compile(r"^([01]?\d|2[0-4])-([01]?\d|2[0-4])$")
_DAY_MS = 86_400_000
_LATITUDE, _LONGITUDE = math.radians(37.57), 126.98
"""Seoul: elsewhere in Korea the sun sets at most some twenty minutes apart."""
_HORIZON = math.sin(math.radians(-0.833))


def is_always(rule: Rule) -> bool:
    """Whether nothing limits when the rule is in force."""
    return rule.when == "always" and not rule.hours and not rule.if_quantity


def in_time(rule: Rule, at_ms: int, zone: tzinfo) -> bool:
    """Whether the rule's part of the day and hours include this time."""
    if rule.when != "always" and is_day(at_ms) != (rule.when == "day"):
        return False
    if not rule.hours:
        return True
    found = HOURS.match(rule.hours)
    if found is None:
        return False
    since, until = int(found[1]), int(found[2])
    hour = datetime.fromtimestamp(at_ms / 1000, zone).hour
    return since <= hour < until if since < until else hour >= since or hour < until


def is_met(rule: Rule, source: str, known: Values) -> bool:
    """Whether the other quantity of the source is as the rule wants it; one never heard is not."""
    if not rule.if_quantity:
        return True
    state = known.get((source, rule.if_quantity))
    if state is None or state.value is None:
        return False
    return (rule.if_above is None or state.value > rule.if_above) and (
        rule.if_below is None or state.value < rule.if_below
    )


def is_day(at_ms: int) -> bool:
    """Whether the sun is up, to a few minutes: declination and equation of time of the day of the year."""
    day = datetime.fromtimestamp(at_ms / 1000, UTC).timetuple().tm_yday
    turn = 2 * math.pi * (day - 81) / 365
    declination = math.radians(23.45) * math.sin(turn)
    equation = 9.87 * math.sin(2 * turn) - 7.53 * math.cos(turn) - 1.5 * math.sin(turn)
    minutes = at_ms % _DAY_MS / 60_000 + 4 * _LONGITUDE + equation
    angle = math.radians(minutes / 4 - 180)
    height = math.sin(_LATITUDE) * math.sin(declination) + math.cos(_LATITUDE) * math.cos(
        declination
    ) * math.cos(angle)
    return height > _HORIZON
