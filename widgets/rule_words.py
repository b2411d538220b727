"""What a rule does, as a sentence a person can check: pure, from the rule and the words."""

from __future__ import annotations

from db.alarm_records import Rule
from widgets.figures import plain
from widgets.words import Words

_UNITS = ((86_400.0, "d"), (3600.0, "h"), (60.0, "min"), (1.0, "s"))
_LIMITED = ("threshold", "average", "rate", "change", "cross", "forecast")


def span(words: Words, seconds: float) -> str:
    """A length of time with nothing left out: `1시간 30분`, `90초` as `1분 30초`."""
    parts, left = [], round(seconds, 3)
    for size, unit in _UNITS:
        count = int(left // size) if unit != "s" else left
        if count:
            gap = "" if words.language == "ko" else " "
            parts.append(f"{count:g}{gap}{words.text(f'rules.unit.{unit}')}")
            left -= count * size
    return " ".join(parts) or f"0{words.text('rules.unit.s')}"


def sentence(words: Words, rule: Rule, unit: str = "1") -> str:
    """What the rule does: when it alarms, when it returns, and what limits or follows it."""
    key = "then_forecast" if rule.kind == "forecast" else "then"
    priority = words.text("says.priority", n=rule.priority)
    parts = [words.text(f"says.{key}", when=_condition(words, rule, unit), priority=priority)]
    parts.append(_return(words, rule, unit))
    parts += _force(words, rule)
    parts += _after(words, rule)
    return " ".join(part for part in parts if part)


def limit_text(words: Words, rule: Rule, unit: str = "1") -> str:
    """The limit alone, for a table: `≥ 150 µg/m³`, `5분`, `3회/10분`."""
    if rule.kind == "silent":
        return span(words, rule.silent_s)
    if rule.kind == "stuck":
        return span(words, rule.window_s)
    if rule.kind == "event":
        return plain(", ".join((*rule.types, *rule.grades)), 60)
    more, less = ("≥", "≤") if rule.at_limit else (">", "<")
    parts = []
    if rule.below is not None:
        parts.append(f"{less} {words.value(rule.below, unit)}")
    if rule.above is not None:
        parts.append(f"{more} {words.value(rule.above, unit)}")
    if rule.kind == "rate":
        parts[-1:] = [f"{each} / {span(words, rule.per_s)}" for each in parts[-1:]]
    if rule.kind == "count":
        parts.append(f"{rule.least}{words.text('rules.unit.times')} / {span(words, rule.window_s)}")
    return " · ".join(parts)


# --- when it alarms --------------------------------------------------------------


def _condition(words: Words, rule: Rule, unit: str) -> str:
    if rule.kind in _LIMITED:
        return _limited(words, rule, unit)
    if rule.kind == "silent":
        return _silent(words, rule)
    length = span(words, rule.window_s)
    if rule.kind == "stuck":
        what = words.text("says.value", of=_of(words, rule), quantity=_quantity(words, rule.quantity))
        if rule.ends:
            ends = ", ".join(words.value(each, unit) for each in rule.ends)
            return words.text("says.if_stuck_at", what=what, ends=ends, span=length)
        if rule.deadband:
            band = words.value(rule.deadband, unit)
            return words.text("says.if_stuck_within", what=what, band=band, span=length)
        return words.text("says.if_stuck", what=what, span=length)
    if rule.kind == "count" and rule.of == "readings":
        what = words.text("says.value", of=_of(words, rule), quantity=_quantity(words, rule.quantity))
        limit = _between(words, rule.above, rule.below, unit, "to_at_" if rule.at_limit else "to_")
        limit = limit or words.text("says.no_limit")
        return words.text("says.if_count", what=what, limit=limit, span=length, n=rule.least)
    event = _event(words, rule)
    if rule.kind == "count":
        return words.text("says.if_count_events", event=event, span=length, n=rule.least)
    by = words.text(f"rules.choice.{rule.by}")
    return words.text("says.if_event", event=event, by=by)


def _limited(words: Words, rule: Rule, unit: str) -> str:
    what, limit = _what(words, rule, unit), _limit(words, rule, unit)
    delay = span(words, rule.on_delay_s) if rule.on_delay_s else ""
    if rule.kind == "average" and rule.hold > 1:
        whole = span(words, rule.hold * (3600 if rule.hourly else rule.window_s))
        fields = {"what": what, "limit": limit, "hold": rule.hold, "span": whole}
        if delay:
            return words.text("says.if_held_lasting", delay=delay, **fields)
        return words.text("says.if_held", **fields)
    if delay:
        return words.text("says.if_lasting", what=what, limit=limit, span=delay)
    return words.text("says.if_now", what=what, limit=limit)


def _silent(words: Words, rule: Rule) -> str:
    of, length = _of(words, rule), span(words, rule.silent_s + rule.on_delay_s)
    if rule.group:
        return words.text("says.if_silent_group", of=of, span=length)
    if rule.quantity == "*":
        return words.text("says.if_silent", of=_of(words, rule, is_bare=True), span=length)
    what = words.text("says.value", of=of, quantity=_quantity(words, rule.quantity))
    return words.text("says.if_silent_quantity", what=what, span=length)


def _what(words: Words, rule: Rule, unit: str) -> str:
    fields = {"of": _of(words, rule), "quantity": _quantity(words, rule.quantity)}
    if rule.kind == "average":
        if rule.hourly:
            return words.text("says.hourly", **fields)
        return words.text("says.average", window=span(words, rule.window_s), **fields)
    if rule.kind == "rate":
        return words.text(
            "says.rate", window=span(words, rule.window_s), per=span(words, rule.per_s), **fields
        )
    if rule.kind == "change":
        if rule.baseline is None:
            return words.text("says.change_first", hours=span(words, rule.baseline_hours * 3600), **fields)
        return words.text("says.change", base=words.value(rule.baseline, unit), **fields)
    if rule.kind == "cross":
        return words.text("says.cross", n=len(rule.others), **fields)
    if rule.kind == "forecast":
        ahead = words.text("says.horizon_any")
        if rule.horizon_s:
            ahead = words.text("says.horizon", span=span(words, rule.horizon_s))
        return words.text("says.forecast", horizon=ahead, **fields)
    return words.text("says.value", **fields)


def _of(words: Words, rule: Rule, *, is_bare: bool = False) -> str:
    source = plain(rule.source, 80)
    if source == "*":
        return "" if is_bare and words.language == "en" else words.text("says.of_all")
    if source.endswith("*"):
        return words.text("says.of_prefix", source=source[:-1])
    return words.text("says.of_one", source=source)


def _quantity(words: Words, name: str) -> str:
    if name == "*":
        return words.text("says.any_quantity")
    if name.endswith("*"):
        return words.text("says.prefix_quantity", quantity=plain(name[:-1], 60))
    return plain(words.quantity(name), 80)


def _limit(words: Words, rule: Rule, unit: str) -> str:
    at = "at_" if rule.at_limit else ""
    return _between(words, rule.above, rule.below, unit, at) or words.text("says.no_limit")


def _between(words: Words, above: float | None, below: float | None, unit: str, at: str = "") -> str:
    high = words.text(f"says.{at}above", limit=words.value(above, unit)) if above is not None else ""
    low = words.text(f"says.{at}below", limit=words.value(below, unit)) if below is not None else ""
    both = "either_to" if at.startswith("to_") else "either"
    return words.text(f"says.{both}", below=low, above=high) if high and low else high or low


def _event(words: Words, rule: Rule) -> str:
    parts = []
    if rule.origins:
        parts.append(words.text("says.event_origin", origins=plain(", ".join(rule.origins), 80)))
    if rule.types:
        named = [_event_name(words, each) for each in rule.types]
        parts.append(words.text("says.event_type", types=plain(", ".join(named), 120)))
    if rule.grades:
        parts.append(words.text("says.event_grade", grades=plain(", ".join(rule.grades), 80)))
    if rule.source != "*":
        parts.insert(0, _of(words, rule).strip())
    return words.text("says.event_of", what=" ".join(parts)) if parts else words.text("says.event_any")


def _event_name(words: Words, kind: str) -> str:
    key = f"event.{kind.lower()}"
    return words.text(key) if words.has(key) else kind


# --- when it returns, and the rest ---------------------------------------------------


def _return(words: Words, rule: Rule, unit: str) -> str:
    delay = span(words, rule.off_delay_s) if rule.off_delay_s else ""
    if rule.kind == "silent":
        return words.text("says.back_heard_delay", span=delay) if delay else words.text("says.back_heard")
    if rule.kind == "stuck":
        return words.text("says.back_changed")
    if rule.kind == "count":
        return words.text("says.back_count", span=span(words, rule.window_s))
    if rule.kind == "event":
        held = span(words, rule.hold_s)
        return words.text("says.back_event_hold", span=held) if rule.hold_s else words.text("says.back_event")
    if rule.above is not None and rule.below is not None:
        fields = {
            "low": words.value(rule.below + rule.deadband, unit),
            "high": words.value(rule.above - rule.deadband, unit),
        }
        key = "back_range_delay" if delay else "back_range"
        return words.text(f"says.{key}", **fields, **({"span": delay} if delay else {}))
    return _return_side(words, rule, unit, delay)


def _return_side(words: Words, rule: Rule, unit: str, delay: str) -> str:
    at = "to_" if rule.at_limit else "to_at_"
    if rule.above is not None:
        edge = rule.clear if rule.clear is not None else rule.above - rule.deadband
        limit = _between(words, None, edge, unit, at)
    elif rule.below is not None:
        edge = rule.clear if rule.clear is not None else rule.below + rule.deadband
        limit = _between(words, edge, None, unit, at)
    else:
        return ""
    if delay:
        return words.text("says.back_value_delay", limit=limit, span=delay)
    return words.text("says.back_value", limit=limit)


def _force(words: Words, rule: Rule) -> list[str]:
    parts = []
    if rule.when != "always":
        parts.append(words.text(f"says.only_{rule.when}"))
    if rule.hours:
        since, _, until = plain(rule.hours, 20).partition("-")
        parts.append(words.text("says.only_hours", since=since, until=until))
    if rule.if_quantity:
        limit = _between(words, rule.if_above, rule.if_below, "1") or words.text("says.no_limit")
        quantity = _quantity(words, rule.if_quantity)
        parts.append(words.text("says.only_if", quantity=quantity, limit=limit))
    return parts


def _after(words: Words, rule: Rule) -> list[str]:
    parts = [words.text("says.latch")] if rule.latch else []
    for key, seconds in (
        ("quiet", rule.quiet_s),
        ("escalate", rule.escalate_s),
        ("realarm", rule.realarm_s),
    ):
        if seconds:
            parts.append(words.text(f"says.{key}", span=span(words, seconds)))
    if rule.outage:
        parts.append(words.text("says.outage"))
    if not rule.enabled:
        parts.append(words.text("says.off"))
    return parts
