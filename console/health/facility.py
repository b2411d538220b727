"""How reliable facilities are, computed from when their devices could serve. Pure.

Availability is the share of device time in which the devices of a facility were up, of the
time in which the console knew (up or down): up / (up + down). A device is down while it is
silent beyond its time or under an active alarm that says the device itself fails; it is
unknown while the console did not run or heard no broker, while its silence has a cause above
it or its alarm is out of service, and before anything came from it. Unknown time is told
apart as `known` and counts as neither. What is measured (high water) is no failure.
The mean time between failures is the up time per failure; a failure is a change from up to
down that the console saw.
Source of the terms: IEC 60050-192:2015, 192-08-01 (availability) and 192-05-13 (mean operating
time between failures); IEC 60050-192 counts time disabled from outside apart, as done here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from db.asset_records import Asset, AssetState, Condition, FacilityHealth
from db.fitness import Fitness, Move, Share

_BEFORE_MS = 1000  # whoever saw a failure was there a moment before it
Spans = Sequence[tuple[int, int]]


def shares(
    homes: Mapping[str, str],
    now: Mapping[str, Fitness],
    moves: Iterable[Move],
    awake: Spans,
    since_ms: int,
    until_ms: int,
) -> dict[str, Share]:
    """How the devices of each home spent since_ms <= time < until_ms.

    `homes` says to what each device is summed, `now` what each is now, and `moves` are all
    changes since `since_ms`, in their order: what a device was before follows from the first of them.
    """
    awake_ms = _overlap(awake, since_ms, until_ms)
    whole, seen = max(0, until_ms - since_ms), awake_ms(since_ms, until_ms)
    spent = {home: [0, 0, 0, 0] for home in homes.values()}
    by_device: dict[str, list[Move]] = {}
    for move in moves:
        by_device.setdefault(move.asset, []).append(move)
    for device, home in homes.items():
        into = spent[home]
        own = by_device.get(device)
        if own is None:
            into[now.get(device, Fitness.UNKNOWN)] += seen
        else:
            _spend(into, own, awake_ms, since_ms, until_ms)
        into[Fitness.UNKNOWN] += whole - seen
    return {home: Share(*numbers) for home, numbers in spent.items()}


def _spend(
    into: list[int], moves: Sequence[Move], awake_ms: Callable[[int, int], int], since_ms: int, until_ms: int
) -> None:
    at, fitness = since_ms, moves[0].before
    for move in moves:
        if move.at_ms >= until_ms:
            break
        to = max(at, move.at_ms)
        into[fitness] += awake_ms(at, to)
        was_seen = awake_ms(move.at_ms - _BEFORE_MS, move.at_ms) > 0
        if move.fitness is Fitness.DOWN and fitness is Fitness.UP and was_seen:
            into[3] += 1
        at, fitness = to, move.fitness
    into[fitness] += awake_ms(at, until_ms)


def _overlap(spans: Spans, since_ms: int, until_ms: int) -> Callable[[int, int], int]:
    """How much of a stretch lies in the spans; these are cut to a window and a moment before it."""
    cut = [(max(a, since_ms - _BEFORE_MS), min(b, until_ms)) for a, b in spans]
    cut = [(a, b) for a, b in cut if b > a]
    if len(cut) == 1:
        first, last = cut[0]
        return lambda a, b: max(0, min(b, last) - max(a, first))
    return lambda a, b: sum(max(0, min(b, end) - max(a, begin)) for begin, end in cut)


def joined(one: Mapping[str, Share], other: Mapping[str, Share]) -> dict[str, Share]:
    """Two stretches of time together."""
    nothing = Share()
    return {
        home: Share(*map(sum, zip(one.get(home, nothing), other.get(home, nothing), strict=True)))
        for home in {*one, *other}
    }


def availability(share: Share) -> float | None:
    """Up time of the time known, 0 to 1; None if nothing is known."""
    known = share.up_ms + share.down_ms
    return share.up_ms / known if known else None


def mtbf_ms(share: Share) -> float | None:
    """Up time per failure; None if nothing failed."""
    return share.up_ms / share.failures if share.failures else None


def health_of(
    assets: Sequence[Asset],
    state: AssetState | None,
    share: Share,
    devices: int,
    today: str,
    open_work: int,
    incidents: int,
) -> FacilityHealth:
    """One line of the list of facilities: the first of the assets with those below it, on a local day."""
    total = share.up_ms + share.down_ms + share.unknown_ms
    inspect_by = min((each.inspect_by for each in assets if each.inspect_by), default="")
    return FacilityHealth(
        id=assets[0].id,
        condition=state.condition if state is not None else Condition.UNKNOWN,
        priority=state.priority if state is not None else 0,
        alarms=state.alarms if state is not None else 0,
        devices=devices,
        availability=availability(share),
        known=(share.up_ms + share.down_ms) / total if total else 0.0,
        down_ms=share.down_ms,
        failures=share.failures,
        mtbf_ms=mtbf_ms(share),
        open_work=open_work,
        incidents=incidents,
        grade=max((each.grade for each in assets), default=""),
        inspect_by=inspect_by,
        is_overdue=bool(inspect_by) and inspect_by < today[: len(inspect_by)],
    )


def worst_first(rows: Iterable[FacilityHealth]) -> list[FacilityHealth]:
    """By what is wrong now, then by availability, then by failures; unknown availability after the known."""
    return sorted(
        rows,
        key=lambda each: (
            -int(each.condition),
            each.priority or 5,
            each.availability is None,
            each.availability if each.availability is not None else 0.0,
            -each.failures,
            each.id,
        ),
    )
