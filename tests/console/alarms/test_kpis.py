"""The figures of alarms, each against rows that are written out, and what a flood was."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from console.alarms.flood import Span
from console.alarms.flood_report import flood_report
from console.alarms.kpis import kpis
from db.annunciations import Annunciation
from db.kpi_records import FloodSpan, Kpis

HOUR, DAY = 3_600_000, 86_400_000
BEGIN = 10 * DAY


def row(alarm: str, at_s: float, verb: str = "raised", **fields: object) -> Annunciation:
    rule, _, source = alarm.partition("|")
    made = Annunciation(
        BEGIN + round(at_s * 1000), alarm, 1, verb, rule, rule, source, "", 3, "unacknowledged",
        verb == "raised", "system",
    )  # fmt: skip
    return made._replace(**fields)  # type: ignore[arg-type]


def figures(
    rows: list[Annunciation], hours: float = 1, people: int = 1, floods: list[Span] | None = None
) -> Kpis:
    rows = sorted(rows, key=lambda each: each.at_ms)
    return kpis(rows, BEGIN, BEGIN + round(hours * HOUR), floods or [], lambda at: people, {})


def test_calls_are_counted_in_ten_minutes_and_by_operator() -> None:
    found = figures([row(f"r|{n}", n) for n in range(12)] + [row("r|x", 601)], people=2)
    assert (found.calls, found.operators) == (13, 2.0)
    assert found.mean_per_10min == 13 / 2 / 6
    assert (found.most_per_10min, found.most_at_ms, found.over_10_share) == (6.0, BEGIN, 0.0)


def test_the_share_in_flood_is_what_of_the_time_was_flood() -> None:
    before = Span(BEGIN - 2 * HOUR, BEGIN - HOUR, BEGIN + HOUR // 4, 40, 1)
    still = Span(BEGIN, BEGIN + 3 * HOUR // 4, None, 40, 1)
    found = figures([], floods=[before, still])
    assert (found.floods, found.flood_share) == (2, 0.5)


def test_the_most_frequent_are_named_with_their_share() -> None:
    found = figures([row("loud|a", n * 70) for n in range(6)] + [row("calm|b", 5), row("calm|c", 6)])
    assert [(each.rule, each.count, each.share) for each in found.rules] == [
        ("loud", 6, 0.75), ("calm", 2, 0.25),
    ]  # fmt: skip
    assert (found.alarms[0].id, found.alarms[0].rule, found.top_rules_share) == ("loud|a", "loud", 1.0)


def test_three_calls_within_a_minute_are_chattering() -> None:
    assert figures([row("r|a", 0), row("r|a", 30), row("r|a", 60)]).chattering == ()
    (found,) = figures([row("r|a", 0), row("r|a", 30), row("r|a", 59.9)]).chattering
    assert (found.id, found.count) == ("r|a", 1)


def test_back_within_a_minute_with_nobody_looking_is_fleeting() -> None:
    seen = [row("r|a", 0), row("r|a", 5, "acknowledged"), row("r|a", 6, "normal")]
    slow = [row("r|b", 0), row("r|b", 61, "returned")]
    quick = [row("r|c", 0), row("r|c", 59, "returned")]
    found = figures([*seen, *slow, *quick])
    assert (found.fleeting_count, found.fleeting[0].id) == (1, "r|c")


def test_what_stands_a_day_is_stale_and_counted_in_the_time_in_which_it_became_so() -> None:
    old = row("r|old", -DAY / 1000 + 60)
    back = [row("r|back", -DAY / 1000 + 60), row("r|back", 30, "returned")]
    found = figures([old, *back])
    assert found.became_stale == 1
    at_end = {"r|old": (old.at_ms, old), "r|new": (BEGIN, row("r|new", 0))}
    stale = kpis([old], BEGIN, BEGIN + HOUR, [], lambda at: 1, at_end)
    assert (stale.stale_count, [each.alarm for each in stale.stale]) == (1, ["r|old"])


def test_the_mix_is_low_medium_high() -> None:
    rows = [row(f"r|{n}", n, priority=4) for n in range(8)] + [row("r|m", 9, priority=3)]
    found = figures([*rows, row("r|h", 10, priority=1)])
    assert found.mix == (0.8, 0.1, 0.1)
    assert found.priorities == {1: 1, 3: 1, 4: 8}


def test_the_time_to_acknowledge_is_that_of_the_same_activation() -> None:
    rows = [
        row("r|a", 0, priority=1),
        row("r|a", 10, "acknowledged"),
        row("r|a", 60, activation=2, priority=1),
        row("r|a", 90, "acknowledged", activation=2),
        row("r|b", 0),
    ]
    found = figures(rows)
    assert (found.response.count, found.response.open, found.response.median_s) == (3, 1, 20.0)
    assert found.response_by_priority[1].p90_s == 28.0
    assert found.response_by_priority[3].median_s is None


def test_what_calls_nobody_is_no_call() -> None:
    hidden = row("r|a", 0, announced=False, shown="suppressed")
    found = figures([hidden, row("r|b", 1, "shelved"), row("r|c", 2, "out_of_service")])
    assert (found.calls, found.suppressed, found.shelved, found.out_of_service) == (0, 1, 1, 1)


@given(seed=st.integers(0, 1000), cut_s=st.integers(1, 3599))
def test_counts_of_two_times_add_up_to_those_of_the_whole(seed: int, cut_s: int) -> None:
    chance = random.Random(seed)
    verbs = ("raised", "acknowledged", "returned", "shelved", "suppressed")
    rows = sorted(
        (row(f"r{chance.randrange(3)}|{chance.randrange(9)}", chance.uniform(0, 3600), chance.choice(verbs))
         for _ in range(60)),
        key=lambda each: each.at_ms,
    )  # fmt: skip
    cut = BEGIN + cut_s * 1000
    whole = kpis(rows, BEGIN, BEGIN + HOUR, [], lambda at: 1, {})
    parts = [
        kpis(rows, since, until, [], lambda at: 1, {}) for since, until in ((BEGIN, cut), (cut, BEGIN + HOUR))
    ]
    for name in ("calls", "shelved", "suppressed"):
        assert sum(getattr(part, name) for part in parts) == getattr(whole, name)


def test_nothing_makes_figures_of_nothing() -> None:
    found = figures([])
    assert (found.calls, found.mean_per_10min, found.most_at_ms, found.rules) == (0, 0.0, None, ())


def test_a_flood_report_tells_first_causes_people_and_what_was_critical() -> None:
    rows = [row(f"wet|{n}", n, asset="f") for n in range(12)]
    rows += [row("fire|x", 13, priority=1, asset="g"), row("fire|x", 20, "acknowledged", actor="kim")]
    rows += [row("wet|0", 700, "acknowledged", actor="lee"), row("late|y", 650)]
    span = FloodSpan(BEGIN, BEGIN + 10_000, BEGIN + 610_000, 13, 1, 13)
    found = flood_report(span, sorted(rows, key=lambda each: each.at_ms), lambda asset, source: asset)
    assert (found.first_out, found.first_place) == ("wet|0", "f")
    assert [(g.rule, g.count, g.unacknowledged) for g in found.groups] == [("fire", 1, 0), ("wet", 12, 11)]
    assert found.acknowledged == {"kim": 1, "lee": 1}
    assert found.unacknowledged == 11
    (critical,) = found.critical
    assert ((critical.acknowledged_ms or 0) - critical.at_ms, critical.by) == (7000, "kim")
