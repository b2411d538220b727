"""When a flood begins and ends, what it is grouped by, and bursts told as one."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from console.alarms.bursts import Bursts
from console.alarms.flood import ENTERS, LEAVES, WINDOW_MS, Pace, Span, groups, is_flood, spans
from db.alarm_records import Alarm, AlarmState, Summary
from db.annunciations import Annunciation

TIMES = st.lists(st.integers(0, 3 * WINDOW_MS), max_size=80).map(sorted)
PEOPLE = st.integers(1, 3)


def _row(alarm: str, at_ms: int, verb: str = "raised", **fields: object) -> Annunciation:
    rule, _, source = alarm.partition("|")
    row = Annunciation(
        at_ms, alarm, 1, verb, rule, rule, source, "", 3, "unacknowledged", verb == "raised", "system"
    )
    return row._replace(**fields)  # type: ignore[arg-type]


def _alarm(key: str, state: AlarmState = AlarmState.UNACKNOWLEDGED, **fields: object) -> Alarm:
    rule, _, source = key.partition("|")
    return Alarm(key, 1, rule, "threshold", source, "q", 3, state, 0, 0, **fields)  # type: ignore[arg-type]


def _slow(times: list[int], people: int, until_ms: int) -> list[Span]:
    """The same floods, judged afresh at every moment at which something can change."""
    found: list[Span] = []
    on: Span | None = None
    moments = sorted({*times, *(at + WINDOW_MS for at in times), until_ms})
    for now in [each for each in moments if each <= until_ms]:
        window = [at for at in times if now - WINDOW_MS < at <= now]
        if on is None and len(window) > ENTERS * people:
            on = Span(window[0], now, None, len(window), people)
        elif on is not None and len(window) < LEAVES * people:
            found.append(on._replace(until_ms=now))
            on = None
        elif on is not None:
            on = on._replace(peak=max(on.peak, len(window)))
    return [*found, *([on] if on is not None else [])]


@given(times=TIMES, people=PEOPLE)
def test_floods_are_those_of_the_definition(times: list[int], people: int) -> None:
    until_ms = 5 * WINDOW_MS
    assert spans(times, lambda at: people, until_ms) == _slow(times, people, until_ms)


@given(times=TIMES, people=PEOPLE, ticks=st.lists(st.integers(0, 4 * WINDOW_MS), max_size=30))
def test_looking_more_often_makes_no_other_flood(times: list[int], people: int, ticks: list[int]) -> None:
    until_ms = 5 * WINDOW_MS
    pace = Pace()
    for at, is_call in sorted([*((at, True) for at in times), *((at, False) for at in ticks)]):
        pace.announced(at, people) if is_call else pace.advance(at, people)
    pace.advance(until_ms, people)
    assert [*pace.ended, *([pace.on] if pace.on else [])] == spans(times, lambda at: people, until_ms)


@given(was=st.booleans(), count=st.integers(0, 100), people=st.integers(0, 5))
def test_between_the_two_limits_it_stays_as_it_was(was: bool, count: int, people: int) -> None:
    each = count / max(people, 1)
    expected = True if each > 10 else False if each < 5 else was
    assert is_flood(was, count, people) is expected


def test_ten_in_ten_minutes_are_no_flood_and_eleven_are() -> None:
    assert spans(range(10), lambda at: 1, 100) == []
    (flood,) = spans(range(11), lambda at: 1, 100)
    assert flood == Span(begins_ms=0, since_ms=10, until_ms=None, peak=11, operators=1)


def test_a_flood_ends_when_the_seventh_of_eleven_is_ten_minutes_old() -> None:
    (flood,) = spans([n * 1000 for n in range(11)], lambda at: 1, 2 * WINDOW_MS)
    assert flood.until_ms == 6000 + WINDOW_MS


def test_two_operators_bear_twice_as_much() -> None:
    assert spans(range(20), lambda at: 2, 100) == []
    assert len(spans(range(21), lambda at: 2, 100)) == 1


def test_groups_are_by_cause_and_facility_worst_and_largest_first() -> None:
    rows = [
        _row("wet|a", 1, asset="pump"),
        _row("fire|b", 2, asset="hall", priority=1),
        _row("wet|c", 3, asset="pump"),
        _row("wet|c", 4, asset="pump"),
        _row("mute|d", 5, cause="power", asset="pump", shown="suppressed", announced=False),
        _row("wet|a", 6, "acknowledged", asset="pump"),
    ]
    standing = {"wet|a": _alarm("wet|a", name="침수"), "wet|c": _alarm("wet|c", AlarmState.ACKNOWLEDGED)}
    found = groups(rows, standing, lambda asset, source: asset)
    assert [(g.rule, g.place, g.count, g.unacknowledged, g.first) for g in found] == [
        ("fire", "hall", 1, 0, "fire|b"),
        ("wet", "pump", 2, 1, "wet|a"),
        ("power", "pump", 1, 0, "mute|d"),
    ]
    assert found[1].name == "침수"


def _bursts() -> Bursts:
    return Bursts(lambda asset, source: asset)


def test_three_thousand_returns_at_once_are_one_summary() -> None:
    bursts = _bursts()
    rows = [_row(f"quiet|s{n}", 1000 + n, "returned", asset="f") for n in range(3000)]
    (told,) = bursts.take(rows)
    assert (told.cause, told.rule, told.count, told.place) == ("returned", "quiet", 3000, "f")
    assert len(told.alarms) == 50


@given(cuts=st.lists(st.integers(0, 60), max_size=6))
def test_a_burst_is_one_and_the_same_however_it_is_cut(cuts: list[int]) -> None:
    rows = [_row(f"r|s{n}", n * 300, priority=2 + n % 3) for n in range(60)]
    whole, parts = _bursts(), _bursts()
    told: dict[str, Summary] = {}
    edges = [0, *sorted(cuts), 60]
    for begin, end in itertools.pairwise(edges):
        told |= {each.id: each for each in parts.take(rows[begin:end])}
    assert list(told.values()) == whole.take(rows)


def test_ten_are_no_burst_and_a_pause_of_ten_seconds_ends_one() -> None:
    bursts = _bursts()
    assert bursts.take([_row(f"r|{n}", n) for n in range(10)]) == []
    (first,) = bursts.take([_row("r|10", 10)])
    assert first.count == 11
    assert bursts.take([_row("r|11", 10 + 10_000)]) == []
    (second,) = bursts.take([_row(f"r|{n}", 10_020 + n) for n in range(12)])
    assert (second.count, second.id == first.id) == (13, False)


def test_slow_alarms_of_one_rule_are_no_burst() -> None:
    bursts = _bursts()
    assert bursts.take([_row(f"r|{n}", n * 1001) for n in range(100)]) == []
    bursts.forget(1 << 60)
