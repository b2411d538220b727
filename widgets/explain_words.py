"""Why an alarm came, in sentences, from what the core explained: pure."""

from __future__ import annotations

from db.alarm_records import Rule
from db.rule_records import Explained, Point, Statement, Turn
from widgets.figures import plain
from widgets.rule_words import limit_text, sentence, span
from widgets.words import Words

_FIGURED = ("average", "rate", "change", "cross")
_MOST_LISTED = 6
_LATE_MS = 60_000


def is_figured(rule: Rule) -> bool:
    """Whether something else than the value itself is judged."""
    return rule.kind in _FIGURED


def told(words: Words, explained: Explained) -> list[str]:
    """The explanation, a sentence each, in the order of what happened."""
    if explained.rule is None:
        lines = [words.text("explain.says.rule_gone")]
        lines.append(words.text("explain.says.raised", at=words.when(explained.raised_ms)))
        return [*lines, *_ending(words, explained, None)]
    rule = explained.rule.rule
    lines = [*_rule(words, explained, rule)]
    lines += _condition(words, explained, rule)
    lines.append(words.text("explain.says.raised", at=words.when(explained.raised_ms)))
    lines += _ending(words, explained, rule)
    lines.append(words.text(f"explain.says.{'shown' if explained.is_shown else 'not_shown'}"))
    return [line for line in lines if line]


def _rule(words: Words, explained: Explained, rule: Rule) -> list[str]:
    version = explained.rule
    assert version is not None
    name = plain(words.pick(rule.name, rule.name_en) or rule.id, 120)
    if version.at_ms is None:
        first = words.text("explain.says.rule_file", name=name, version=version.version)
    else:
        first = words.text(
            "explain.says.rule_edit",
            name=name,
            version=version.version,
            by=plain(version.by, 60),
            at=words.when(version.at_ms)[:16],
            why=plain(version.why, 200),
        )
    changed = "" if explained.is_present else words.text("explain.says.rule_changed")
    return [" ".join(each for each in (first, changed) if each), sentence(words, rule, explained.unit)]


def _condition(words: Words, explained: Explained, rule: Rule) -> list[str]:
    if rule.kind == "silent":
        length = span(words, rule.silent_s + rule.on_delay_s)
        if explained.heard_ms is None:
            return [words.text("explain.says.silent_never", span=length)]
        return [words.text("explain.says.silent", at=words.when(explained.heard_ms), span=length)]
    if explained.statements:
        lines = [_statement(words, each) for each in explained.statements[-_MOST_LISTED:]]
        if rule.kind == "count":
            lines.append(_counted(words, rule))
        return lines
    lines = []
    if rule.kind == "stuck":
        value = words.value(explained.figure, explained.unit)
        lines.append(words.text("explain.says.stuck", value=value, span=span(words, rule.window_s)))
    elif is_figured(rule) and explained.figures:
        before = [each for each in explained.figures if each.at_ms <= explained.raised_ms]
        kind = words.text(f"rules.kind.{rule.kind}")
        lines.append(words.text("explain.says.windows", kind=kind, list=_listed(words, explained, before)))
    lines += _began(words, explained, rule)
    if rule.kind == "count":
        lines.append(_counted(words, rule))
    return [*lines, *_neighbours(words, explained, rule)]


def _counted(words: Words, rule: Rule) -> str:
    return words.text("explain.says.counted", span=span(words, rule.window_s), n=rule.least)


def _listed(words: Words, explained: Explained, points: list[Point]) -> str:
    shown = points[-_MOST_LISTED:]
    times = [words.time(each.at_ms) for each in shown]
    if len({each[:5] for each in times}) == len(times):
        times = [each[:5] for each in times]
    values = (words.value(each.value, explained.unit) for each in shown)
    return ", ".join(f"{at} {value}" for at, value in zip(times, values, strict=True))


def _began(words: Words, explained: Explained, rule: Rule) -> list[str]:
    began = explained.began
    if began is None or rule.kind == "stuck":
        return []
    limit = limit_text(words, rule, explained.unit)
    is_judged = is_figured(rule)
    shown = explained.figure if is_judged else began.value
    key = "began_figure" if is_judged else "began_limit"
    at, value = words.when(began.observed_ms), words.value(shown, explained.unit)
    lines = [words.text(f"explain.says.{key}", at=at, value=value, limit=limit), _late(words, began)]
    if rule.on_delay_s:
        lines.append(words.text("explain.says.lasted", span=span(words, rule.on_delay_s)))
    elif rule.kind == "threshold":
        lines.append(words.text("explain.says.at_once"))
    return lines


def _late(words: Words, turn: Turn) -> str:
    late = turn.received_ms - turn.observed_ms
    if late < _LATE_MS:
        return ""
    observed, received = words.when(turn.observed_ms), words.when(turn.received_ms)
    return words.text("explain.says.late", observed=observed, received=received, span=words.age(late / 1000))


def _neighbours(words: Words, explained: Explained, rule: Rule) -> list[str]:
    lines = []
    others = [each for each in explained.neighbours if each.source != explained.source]
    if rule.kind == "cross" and others:
        named = (f"{plain(each.source, 60)} {words.value(each.value, explained.unit)}" for each in others)
        lines.append(words.text("explain.says.compared", list=", ".join(named)))
    for each in explained.neighbours:
        if each.source == explained.source and each.quantity == rule.if_quantity:
            quantity = plain(words.quantity(each.quantity), 60)
            lines.append(
                words.text("explain.says.while_other", quantity=quantity, value=words.value(each.value))
            )
    return lines


def _ending(words: Words, explained: Explained, rule: Rule | None) -> list[str]:
    lines = []
    if explained.cause is not None:
        cause = explained.cause
        name = plain(words.pick(cause.name, cause.name_en) or cause.id, 120)
        where = plain(cause.place or cause.source, 120)
        lines.append(words.text("explain.says.cause", name=f"{name} · {where}"))
    if explained.returned_ms is None:
        return [*lines, words.text("explain.says.stands")]
    if explained.back is not None and explained.back.value is not None:
        at, value = words.when(explained.back.observed_ms), words.value(explained.back.value, explained.unit)
        lines.append(words.text("explain.says.back", at=at, value=value))
        if rule is not None and rule.off_delay_s:
            lines.append(words.text("explain.says.back_lasted", span=span(words, rule.off_delay_s)))
    stood = words.age((explained.returned_ms - explained.raised_ms) / 1000)
    return [*lines, words.text("explain.says.returned", at=words.when(explained.returned_ms), span=stood)]


def _statement(words: Words, said: Statement) -> str:
    return words.text(
        "explain.says.statement",
        at=words.when(said.at_ms),
        origin=plain(said.origin, 60),
        text=plain(" · ".join(each for each in (said.text, said.grade) if each), 200),
        status=words.text(f"explain.says.{said.status}"),
    )
