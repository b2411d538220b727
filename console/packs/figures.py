"""This console's own figures, for indicator reports."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from statistics import median

from sqlite_utils import Database

from console.packs import installed
from console.running import Running
from db import counts, entries, readings
from db.asset_records import Asset, AssetState
from db.records import Lamp, Proof

_DAY_MS = 86_400_000


def figures(core: Running, assets: Iterable[Asset], days: float) -> dict[str, float | None]:
    """The figures of `console.packs.indicators.FIGURES`, over the last `days`; None where not known."""
    since_ms = core.clock.now_ms() - round(days * _DAY_MS)
    found: dict[str, float | None] = {"days": days}
    found |= _with(core.open_feed_reader, _of_feeds)
    found |= _with(core.open_ops_reader, lambda db: _of_log(db, since_ms))
    raised = found["alarms"]
    found["alarms_per_hour"] = raised / (days * 24) if raised is not None and days else None
    return found | _of_core(core, list(assets))


def _with(
    opened: Callable[[], Database], count: Callable[[Database], dict[str, float | None]]
) -> dict[str, float | None]:
    db = opened()
    try:
        return count(db)
    finally:
        db.close()


def _of_feeds(db: Database) -> dict[str, float | None]:
    every, series = counts.all_counts(db), readings.series(db)
    return {
        "messages_received": sum(each.received for each in every),
        "messages_stored": sum(each.stored for each in every),
        "messages_set_aside": sum(each.quarantined for each in every),
        "sources": len({each.source for each in series}),
        "quantities": len({each.quantity for each in series}),
    }


def _of_log(db: Database, since_ms: int) -> dict[str, float | None]:
    """What the log tells of the period; spans count in the period in which they ended."""
    begun: dict[str, int] = {}
    tally = dict.fromkeys(("alarm.raised", "incident.opened", "incident.closed", "export.made"), 0)
    acknowledged: list[float] = []
    closed: list[float] = []
    total = 0
    for entry in entries.every(db):
        total += 1
        in_time = entry.at_ms >= since_ms
        if entry.type in tally and in_time:
            tally[entry.type] += 1
        if entry.type in ("alarm.raised", "incident.opened"):
            begun[entry.subject] = entry.at_ms
        elif entry.type in ("alarm.acknowledged", "incident.closed") and in_time:
            start = begun.pop(entry.subject, None)
            spans = acknowledged if entry.type == "alarm.acknowledged" else closed
            if start is not None:
                spans.append((entry.at_ms - start) / 1000)
    return {
        "alarms": tally["alarm.raised"],
        "alarms_acknowledged": len(acknowledged),
        "acknowledge_median_s": median(acknowledged) if acknowledged else None,
        "incidents": tally["incident.opened"],
        "incidents_closed": tally["incident.closed"],
        "close_median_min": median(closed) / 60 if closed else None,
        "exports": tally["export.made"],
        "entries": total,
    }


def _of_core(core: Running, assets: list[Asset]) -> dict[str, float | None]:
    settings = core.settings
    lamps = [each for each in core.newest.of(Lamp) if each.kind == "feed"]
    parents = {each.parent for each in assets}
    top = [each for each in core.newest.of(AssetState) if each.id in {a.id for a in assets if not a.parent}]
    proof = next(iter(core.newest.of(Proof)), None)
    whole = sum(each.total for each in top)
    return {
        "feeds": len(settings.feeds),
        "feeds_well": sum(each.state == "ok" for each in lamps),
        "kinds": len({each.kind for each in settings.feeds.values()}),
        "assets": len(assets),
        "devices": sum(each.id not in parents for each in assets),
        "assets_well": sum(each.well for each in top) / whole if whole else None,
        "cameras": len(settings.cameras),
        "rules": len(settings.rules),
        "packs": len(settings.packs),
        "entries_proved": proof.theirs.count if proof is not None and proof.theirs is not None else None,
    }


def report(core: Running, assets: Iterable[Asset], days: float) -> dict[str, object]:
    """The indicators of the packs in use with their figures, for the command line to write out."""
    from console.packs.indicators import value

    found = figures(core, assets, days)
    rows = [
        {
            "list": each.list,
            "id": each.id,
            "ko": each.ko,
            "en": each.en,
            "value": value(each.formula, found),
            "decimals": each.decimals,
            "unit": each.unit,
            "formula": each.formula,
            "evidence": each.evidence,
        }
        for seen in installed.in_use(core.settings, core.packs_base)
        for each in seen.pack.indicators
    ]
    return {"at_ms": core.clock.now_ms(), "figures": found, "rows": rows}
