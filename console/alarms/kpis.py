"""How an alarm system did over a time. Pure functions over rows of what alarms did.

A call is an annunciation, by the definition of `console/alarms/annunciations.py`.
The targets are those of ISA-18.2 / IEC 62682 and EEMUA 191 (DOMAIN 2.13): about one
call in ten minutes and operator on average, not more than ten in any ten minutes,
the ten most frequent not above 5 % of the whole, priorities low / medium / high as
80 / 15 / 5 % (our priority 4, 3, and 2 with 1), nothing chattering, nothing stale.

Ten minutes are counted in slots from the beginning of the time. Chattering: one alarm
calls three times or more within 60 s. Fleeting: it returns within 60 s of its call and
nobody has acknowledged it. Stale: it stands for more than 24 h without a break.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np

from console.alarms.flood import WINDOW_MS, Span
from db.annunciations import Annunciation
from db.kpi_records import Actor, Kpis, Response, Stale

MINUTE_MS = 60_000
STALE_MS = 86_400_000
CHATTERS = 3
TOP = 10
TARGET_MIX = (0.80, 0.15, 0.05)
_RETURNS = ("returned", "normal")
_MIX_OF = {4: 0, 3: 1, 2: 2, 1: 2}


def kpis(
    rows: Sequence[Annunciation],
    since_ms: int,
    until_ms: int,
    floods: Sequence[Span],
    people: Callable[[int], int],
    standing: Mapping[str, tuple[int, Annunciation]],
) -> Kpis:
    """The figures of since_ms <= time < until_ms.

    `rows` are the moves from a day before it, oldest first; `standing` tells of each alarm that
    stands at the end since when, and the row that raised it.
    """
    within = [row for row in rows if since_ms <= row.at_ms < until_ms]
    calls = [row for row in within if row.announced]
    slots, most_at = _slots(calls, since_ms, until_ms, people)
    by_rule = _actors(Counter(row.rule for row in calls), len(calls), {})
    rule_of = {row.alarm: row.rule for row in within}
    by_alarm = _actors(Counter(row.alarm for row in calls), len(calls), rule_of)
    chattering = Counter({alarm: n for alarm, n in _chattering(calls).items() if n})
    fleeting = _fleeting(within)
    stale = [
        Stale(alarm, row.rule, at_ms, row.priority)
        for alarm, (at_ms, row) in standing.items()
        if until_ms - at_ms > STALE_MS
    ]
    verbs = Counter(row.verb for row in within)
    priorities = Counter(min(4, max(1, row.priority)) for row in calls)
    answered = answers(within)
    return Kpis(
        since_ms=since_ms,
        until_ms=until_ms,
        calls=len(calls),
        operators=_mean_people(since_ms, until_ms, people),
        mean_per_10min=sum(slots) / max(1.0, (until_ms - since_ms) / WINDOW_MS),
        most_per_10min=float(np.max(slots)) if len(slots) else 0.0,
        most_at_ms=most_at,
        over_10_share=float(np.mean(np.asarray(slots) > 10)) if len(slots) else 0.0,
        floods=sum(_overlap(each, since_ms, until_ms) > 0 for each in floods),
        flood_share=sum(_overlap(each, since_ms, until_ms) for each in floods) / max(1, until_ms - since_ms),
        rules=by_rule[:TOP],
        top_rules_share=sum(each.share for each in by_rule[:TOP]),
        alarms=by_alarm[:TOP],
        top_alarms_share=sum(each.share for each in by_alarm[:TOP]),
        chattering=_actors(chattering, len(calls), rule_of)[:TOP],
        fleeting=_actors(fleeting, len(calls), rule_of)[:TOP],
        fleeting_count=fleeting.total(),
        stale=tuple(sorted(stale, key=lambda each: (each.since_ms, each.alarm))[:TOP]),
        stale_count=len(stale),
        became_stale=_became_stale(rows, since_ms, until_ms),
        priorities=dict(sorted(priorities.items())),
        mix=_mix(priorities),
        response=response(answered),
        response_by_priority={
            priority: response([each for each in answered if each[0].priority == priority])
            for priority in sorted(priorities)
        },
        shelved=verbs["shelved"],
        suppressed=verbs["suppressed"] + sum(r.verb == "raised" and r.shown == "suppressed" for r in within),
        out_of_service=verbs["out_of_service"],
    )


def answers(rows: Iterable[Annunciation]) -> list[tuple[Annunciation, Annunciation | None]]:
    """Each activation's first call with the row that acknowledged it, in the order of the calls."""
    found: dict[tuple[str, int], list[Annunciation | None]] = {}
    for row in rows:
        key = (row.alarm, row.activation)
        if row.announced:
            found.setdefault(key, [row, None])
        elif row.verb == "acknowledged" and key in found and found[key][1] is None:
            found[key][1] = row
    return [(call, after) for call, after in found.values() if call is not None]


def response(answered: Sequence[tuple[Annunciation, Annunciation | None]]) -> Response:
    """How soon these were acknowledged."""
    times = [(after.at_ms - call.at_ms) / 1000 for call, after in answered if after is not None]
    return Response(
        count=len(answered),
        open=len(answered) - len(times),
        median_s=float(np.median(times)) if times else None,
        p90_s=float(np.percentile(times, 90)) if times else None,
    )


def _slots(
    calls: Sequence[Annunciation], since_ms: int, until_ms: int, people: Callable[[int], int]
) -> tuple[list[float], int | None]:
    """Calls per operator in every ten minutes, and when the fullest of them began."""
    count = Counter((row.at_ms - since_ms) // WINDOW_MS for row in calls)
    places = range(max(0, -(-(until_ms - since_ms) // WINDOW_MS)))
    slots = [count[at] / people(since_ms + at * WINDOW_MS) for at in places]
    most = max(places, key=lambda at: slots[at], default=None)
    return slots, None if most is None or not slots[most] else since_ms + most * WINDOW_MS


def _mean_people(since_ms: int, until_ms: int, people: Callable[[int], int]) -> float:
    moments = range(since_ms, max(since_ms + 1, until_ms), WINDOW_MS)
    return sum(people(at) for at in moments) / len(moments)


def _actors(count: Counter[str], total: int, rule_of: Mapping[str, str]) -> tuple[Actor, ...]:
    order = sorted(count.items(), key=lambda each: (-each[1], each[0]))
    return tuple(Actor(key, rule_of.get(key, key), n, n / max(1, total)) for key, n in order)


def _chattering(calls: Iterable[Annunciation]) -> Counter[str]:
    """The calls of each alarm that were the third or a later one within 60 s."""
    recent: dict[str, deque[int]] = {}
    found: Counter[str] = Counter()
    for row in calls:
        times = recent.setdefault(row.alarm, deque())
        times.append(row.at_ms)
        while times[0] + MINUTE_MS <= row.at_ms:
            times.popleft()
        found[row.alarm] += len(times) >= CHATTERS
    return found


def _fleeting(rows: Iterable[Annunciation]) -> Counter[str]:
    """How often each alarm returned within 60 s of its call, unacknowledged."""
    called: dict[str, tuple[int, int]] = {}
    found: Counter[str] = Counter()
    for row in rows:
        if row.announced:
            called[row.alarm] = (row.activation, row.at_ms)
        elif row.verb == "acknowledged":
            called.pop(row.alarm, None)
        elif row.verb in _RETURNS:
            activation, at_ms = called.pop(row.alarm, (-1, 0))
            found[row.alarm] += activation == row.activation and row.at_ms - at_ms < MINUTE_MS
    return +found


def _became_stale(rows: Iterable[Annunciation], since_ms: int, until_ms: int) -> int:
    """The alarms of a day before the time and of the time itself that came to stand for 24 h in it."""
    raised: dict[str, int] = {}
    count = 0

    def ends(alarm: str, at_ms: int) -> int:
        begun = raised.pop(alarm, None)
        return begun is not None and since_ms <= begun + STALE_MS < min(at_ms, until_ms)

    for row in rows:
        if row.verb == "raised":
            count += ends(row.alarm, row.at_ms)
            raised[row.alarm] = row.at_ms
        elif row.verb in _RETURNS:
            count += ends(row.alarm, row.at_ms)
    return count + sum(ends(alarm, until_ms) for alarm in list(raised))


def _mix(priorities: Counter[int]) -> tuple[float, float, float]:
    """Shares of low, medium and high."""
    shares = [0.0, 0.0, 0.0]
    for priority, n in priorities.items():
        shares[_MIX_OF[priority]] += n / max(1, priorities.total())
    return shares[0], shares[1], shares[2]


def _overlap(span: Span, since_ms: int, until_ms: int) -> int:
    end = until_ms if span.until_ms is None else min(span.until_ms, until_ms)
    return max(0, end - max(span.since_ms, since_ms))
