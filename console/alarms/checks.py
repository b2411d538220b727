"""Whether a rule makes sense: every fault names the rule, the key, what was found and what is allowed."""

from __future__ import annotations

import math

import msgspec

from console.alarms.force import HOURS
from console.errors import SettingsError
from db.alarm_records import Rule

_COMMON = {
    "id", "kind", "source", "priority", "name", "name_en", "basis", "guidance", "guidance_en",
    "outage", "latch", "quiet_s", "escalate_s", "realarm_s", "version", "enabled", "fault",
}  # fmt: skip
_LIMITS = {
    "quantity", "above", "below", "deadband", "clear", "at_limit", "on_delay_s", "off_delay_s",
    "when", "hours", "if_quantity", "if_above", "if_below",
}  # fmt: skip
_EVENTS = {"types", "origins", "grades", "when", "hours"}
_KEYS = {
    "threshold": _LIMITS,
    "silent": {"quantity", "silent_s", "on_delay_s", "off_delay_s", "group"},
    "event": _EVENTS | {"by", "hold_s"},
    "average": _LIMITS | {"window_s", "hourly", "hold"},
    "rate": _LIMITS | {"window_s", "per_s"},
    "change": _LIMITS | {"baseline", "baseline_hours"},
    "stuck": (_LIMITS - {"above", "below", "clear", "at_limit"}) | {"window_s", "ends"},
    "count": (_LIMITS - {"clear", "on_delay_s", "off_delay_s", "deadband"})
    | _EVENTS
    | {"window_s", "least", "of"},
    "forecast": (_LIMITS - {"on_delay_s", "off_delay_s"}) | {"horizon_s"},
    "cross": _LIMITS | {"others", "window_s"},
}
_TIMES = (
    "deadband", "on_delay_s", "off_delay_s", "silent_s", "quiet_s", "window_s", "per_s",
    "baseline_hours", "horizon_s", "hold_s", "escalate_s", "realarm_s",
)  # fmt: skip
_NEEDS_LIMIT = {"threshold", "average", "rate", "change", "forecast", "cross"}
_NEEDS_WINDOW = {"rate", "stuck", "count"}


def check(rule: Rule) -> None:
    """Raise SettingsError, with what was found and what is allowed, for a rule that makes no sense."""
    fault = _fault(rule)
    if fault:
        raise SettingsError(f"rules: rule {rule.id!r}: {fault}")


def _fault(rule: Rule) -> str:
    if not rule.id or "|" in rule.id:
        return f"key id: found {rule.id!r}; a name without '|'"
    return _numbers(rule) or _foreign(rule) or _limits(rule) or _own(rule) or _force(rule)


def _numbers(rule: Rule) -> str:
    for key in _TIMES:
        number = getattr(rule, key)
        if not math.isfinite(number) or number < 0:
            return f"key {key}: found {number}; 0 or more"
    for key in ("above", "below", "clear", "baseline", "if_above", "if_below"):
        number = getattr(rule, key)
        if number is not None and not math.isfinite(number):
            return f"key {key}: found {number}; a finite number"
    return ""


def _foreign(rule: Rule) -> str:
    """A key that the kind does not look at is mostly a mistake."""
    allowed = _COMMON | _KEYS[rule.kind]
    for field in msgspec.structs.fields(rule):
        found = getattr(rule, field.name)
        if field.name not in allowed and found != field.default:
            return f"key {field.name}: found {found!r}; kind {rule.kind} does not have it"
    return ""


def _limits(rule: Rule) -> str:
    above, below, clear = rule.above, rule.below, rule.clear
    needed = rule.kind in _NEEDS_LIMIT or (rule.kind == "count" and rule.of == "readings")
    if needed and above is None and below is None:
        return f"key above: found nothing; above or below, or both, for kind {rule.kind}"
    if above is not None and below is not None:
        if above - below < 2 * rule.deadband or above < below:
            return f"key deadband: found {rule.deadband}; at most half of what lies between below and above"
        if clear is not None:
            return f"key clear: found {clear}; only with one of above and below"
    if clear is not None:
        if rule.deadband:
            return f"key clear: found {clear} beside a deadband; one of the two"
        if above is not None and clear > above:
            return f"key clear: found {clear}; at most {above} (above)"
        if below is not None and clear < below:
            return f"key clear: found {clear}; at least {below} (below)"
    return ""


def _own(rule: Rule) -> str:
    match rule.kind:
        case "silent" if rule.silent_s <= 0:
            return f"key silent_s: found {rule.silent_s}; more than 0 for kind silent"
        case "silent" if rule.group and rule.quantity != "*":
            return f"key quantity: found {rule.quantity!r}; a group is silent as a whole: '*'"
        case "average" if rule.hourly == bool(rule.window_s):
            return f"key window_s: found {rule.window_s}; a window in seconds, or hourly = true"
        case "average" if not 1 <= rule.hold <= 1000:
            return f"key hold: found {rule.hold}; 1 to 1000 windows"
        case "change" if (rule.baseline is None) == (not rule.baseline_hours):
            return "key baseline: a number, or baseline_hours above 0; one of the two"
        case "count":
            return _of_count(rule) or _window(rule)
        case "forecast" if rule.priority != 4:
            return f"key priority: found {rule.priority}; 4, since a forecast is not an actual"
        case "cross" if not rule.others:
            return "key others: found none; the sources to compare with"
        case "rate" if rule.per_s <= 0:
            return f"key per_s: found {rule.per_s}; more than 0"
        case "event" if rule.quiet_s and rule.by == "event":
            return f"key quiet_s: found {rule.quiet_s}; a pause needs by = 'source'"
    return _window(rule)


def _of_count(rule: Rule) -> str:
    if not 1 <= rule.least <= 1000:
        return f"key least: found {rule.least}; 1 to 1000"
    if rule.of == "events" and _is_set(rule, ("above", "below", "quantity", "if_quantity")):
        return "key of: found 'events' beside a quantity or a limit; those are of readings"
    if rule.of == "readings" and _is_set(rule, ("types", "origins", "grades")):
        return "key of: found 'readings' beside types, origins or grades; those are of events"
    return ""


def _window(rule: Rule) -> str:
    if rule.kind in _NEEDS_WINDOW and rule.window_s <= 0:
        return f"key window_s: found {rule.window_s}; more than 0 for kind {rule.kind}"
    return ""


def _force(rule: Rule) -> str:
    for key in ("types", "origins", "grades"):
        for pattern in getattr(rule, key):
            if not pattern or "*" in pattern[:-1]:
                return f"key {key}: found {pattern!r}; exact, or with one * at the end"
    if rule.hours:
        found = HOURS.match(rule.hours)
        if found is None or int(found[1]) % 24 == int(found[2]) % 24:
            return f"key hours: found {rule.hours!r}; two different hours such as '22-06'"
    has_limit = rule.if_above is not None or rule.if_below is not None
    if bool(rule.if_quantity) != has_limit:
        return "key if_quantity: found without if_above or if_below, or these without it"
    return ""


def _is_set(rule: Rule, keys: tuple[str, ...]) -> bool:
    defaults = {field.name: field.default for field in msgspec.structs.fields(rule)}
    return any(getattr(rule, key) != defaults[key] for key in keys)
