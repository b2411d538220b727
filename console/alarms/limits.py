"""How a number lies to the limits of a rule. Pure functions."""

from __future__ import annotations

from db.alarm_records import Rule


def is_beyond(rule: Rule, value: float) -> bool:
    """Whether the value is past a limit of the rule, or on it where the rule says `at_limit`."""
    above, below = rule.above, rule.below
    if rule.at_limit:
        return (above is not None and value >= above) or (below is not None and value <= below)
    return (above is not None and value > above) or (below is not None and value < below)


def is_back(rule: Rule, value: float) -> bool:
    """Whether the value is inside every limit by the deadband, or past the rule's own clear limit."""
    high, low = _clear_limits(rule)
    if rule.at_limit:
        return (high is None or value < high) and (low is None or value > low)
    return (high is None or value <= high) and (low is None or value >= low)


def is_worse(rule: Rule, value: float, peak: object) -> bool:
    """Whether the value lies further beyond the limit than the worst one before it."""
    if not isinstance(peak, (int, float)):
        return True
    if rule.above is not None and value >= rule.above:
        return value > peak
    return value < peak


def limit_of(rule: Rule, peak: object) -> float | None:
    """The limit that was crossed; of a silence, the seconds."""
    if rule.kind == "silent":
        return rule.silent_s
    if rule.kind in ("event", "stuck"):
        return None
    if rule.kind == "count":
        return float(rule.least)
    if rule.above is not None and isinstance(peak, (int, float)) and peak >= rule.above:
        return rule.above
    return rule.below


def _clear_limits(rule: Rule) -> tuple[float | None, float | None]:
    high = None if rule.above is None else rule.above - rule.deadband
    low = None if rule.below is None else rule.below + rule.deadband
    if rule.clear is None:
        return high, low
    return (rule.clear, low) if rule.above is not None else (high, rule.clear)
