"""`gwanje status`: what runs, what came, what stands, what was sent, as one object."""

from __future__ import annotations

import os
import shutil
from typing import Any

import msgspec

from console.running import Running
from db import counts as feed_counts
from db import gaps
from db.alarm_records import Alarm
from db.records import CameraState, FeedCount, Incident, Lamp, Proof
from db.workings import CatchUp


def status(core: Running) -> dict[str, Any]:
    """The state of this core now; ages in seconds, times in ms UTC."""
    now_ms = core.clock.now_ms()
    lamps = core.newest.of(Lamp)
    return {
        "at_ms": now_ms,
        "device": core.settings.site.device,
        "folder": str(core.folder),
        "roles": _roles(core),
        "brokers": [_lamp(lamp, now_ms) for lamp in lamps if lamp.kind == "broker"],
        "feeds": _feeds(core, lamps, now_ms),
        "catch_up": [msgspec.to_builtins(each) for each in core.newest.of(CatchUp)],
        "gaps": _gaps(core),
        "alarms": _alarms(core.newest.of(Alarm)),
        "incidents_open": len(core.newest.of(Incident)),
        "cameras": _cameras(core),
        "central": _central(core, lamps, now_ms),
        "clock": [_lamp(lamp, now_ms) for lamp in lamps if lamp.kind == "clock"],
        "disk": _disk(core),
        "found": [msgspec.to_builtins(each) for each in core.found],
    }


def _roles(core: Running) -> dict[str, Any]:
    return {
        "core": {"pid": os.getpid()},
        "ui": [{"seat": seat.seat, "pid": seat.pid} for seat in core.seats() if seat.role == "ui"],
        "cam": [{"pid": pid} for pid in core.camera_reports.workers],
    }


def _lamp(lamp: Lamp, now_ms: int) -> dict[str, Any]:
    age = None if lamp.proved_ms is None else max(0, now_ms - lamp.proved_ms) / 1000
    return {
        "name": lamp.name,
        "state": lamp.state,
        "age_s": age,
        "number": lamp.number,
        "total": lamp.total,
        "since_ms": lamp.since_ms,
        "detail": lamp.detail,
    }


def _feeds(core: Running, lamps: list[Lamp], now_ms: int) -> list[dict[str, Any]]:
    by_name = {lamp.name: lamp for lamp in lamps if lamp.kind == "feed"}
    brokers = {lamp.name: lamp for lamp in lamps if lamp.kind == "broker"}
    counts = _counts(core)
    feeds = []
    for name, feed in core.settings.feeds.items():
        count, lamp, broker = counts.get(name), by_name.get(name), brokers.get(feed.broker)
        feeds.append(
            {
                "name": name,
                "state": lamp.state if lamp else "unknown",
                "heartbeat_age_s": _lamp(broker, now_ms)["age_s"] if broker else None,
                "last_message_age_s": _lamp(lamp, now_ms)["age_s"] if lamp else None,
                "received": count.received if count else 0,
                "stored": count.stored if count else 0,
                "quarantined": count.quarantined if count else 0,
                "duplicate": count.duplicate if count else 0,
            }
        )
    return feeds


def _counts(core: Running) -> dict[str, FeedCount]:
    """What each feed has done since its store was made."""
    db = core.open_feed_reader()
    try:
        return {count.feed: count for count in feed_counts.all_counts(db)}
    finally:
        db.close()


def _gaps(core: Running) -> dict[str, int]:
    """How many stretches did not arrive, by what became of them."""
    db = core.open_feed_reader()
    try:
        return gaps.counts(db)
    finally:
        db.close()


def _alarms(standing: list[Alarm]) -> dict[str, Any]:
    by_state: dict[str, int] = {}
    by_priority: dict[str, int] = {}
    for alarm in standing:
        by_state[alarm.state.value] = by_state.get(alarm.state.value, 0) + 1
        by_priority[str(alarm.priority)] = by_priority.get(str(alarm.priority), 0) + 1
    return {"standing": len(standing), "by_state": by_state, "by_priority": by_priority}


def _cameras(core: Running) -> dict[str, Any]:
    states = core.newest.of(CameraState)
    return {
        "total": len(core.settings.cameras),
        "live": sum(state.state == "live" for state in states),
        "states": {state.id: state.state for state in states},
    }


def _central(core: Running, lamps: list[Lamp], now_ms: int) -> dict[str, Any]:
    proofs = core.newest.of(Proof)
    return {
        "link": next((_lamp(lamp, now_ms) for lamp in lamps if lamp.kind == "central"), None),
        "backlog": next((_lamp(lamp, now_ms) for lamp in lamps if lamp.kind == "backlog"), None),
        "proof": msgspec.to_builtins(proofs[0]) if proofs else None,
    }


def _disk(core: Running) -> dict[str, Any]:
    usage = shutil.disk_usage(core.folder)
    files = {name: (core.folder / name) for name in ("feed.db", "ops.db")}
    return {
        "free_mib": usage.free // 2**20,
        "total_mib": usage.total // 2**20,
        **{name: path.stat().st_size for name, path in files.items() if path.exists()},
    }
