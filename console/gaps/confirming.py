"""What people do with a gap: take it for lost, or have it asked for again.

The entry of the log comes first and the ledger follows it; after a kill
between the two `settle` brings the ledger up to what the log says.
"""

from __future__ import annotations

from typing import Any

import structlog
from sqlite_utils import Database

from console.errors import Refused, Unavailable
from console.running import Running
from db import entries, gaps
from db.gaps import STANDING, Hole
from db.records import Draft
from db.workings import Gap

log = structlog.get_logger(__name__)

CONFIRMED = "gap.confirmed"
_PATIENCE_S = 30.0


def confirm(core: Running, gap_id: int, note: str, actor: str) -> Gap:
    """A person says that nobody has it any more. A second time changes nothing."""
    hole = _get(core, gap_id)
    if hole.state == "lost":
        return hole.shown()
    if hole.state == "filled":
        raise Refused("This gap has been filled; there is nothing to confirm")
    at_ms = core.clock.now_ms()
    payload = _payload(hole) | {"note": note.strip()}
    draft = Draft(CONFIRMED, f"gap/{hole.id}", at_ms, actor, payload)
    _result(core.engine.submit(lambda db: _entered(db, draft)))
    _result(core.ingest.submit(lambda db: _lose(db, gap_id, actor, at_ms, note)))
    return _get(core, gap_id).shown()


def ask_again(core: Running, gap_id: int) -> Gap:
    """Have a gap asked for at once, whatever was answered before."""
    hole = _get(core, gap_id)
    if hole.state not in STANDING:
        raise Refused("Only a gap that is open can be asked for")
    feed = core.settings.feeds.get(hole.feed)
    if feed is None or feed.backfill is None:
        raise Refused(f"The feed {hole.feed} has nobody to ask: its settings have no backfill")
    core.ask_for_gap(hole.id, hole.feed)
    return hole.shown()


def settle(core: Running) -> None:
    """Take for lost what the log says was confirmed; once at the start."""
    feed_db = core.open_feed_reader()
    try:
        standing = gaps.page(feed_db, states=STANDING, limit=1)
        if not standing:
            return
        ops_db = core.open_ops_reader()
        try:
            said = [entries.draft_of(each) for each in entries.every(ops_db, CONFIRMED)]
        finally:
            ops_db.close()
        known = [(each, gaps.get(feed_db, int(each.subject.removeprefix("gap/")))) for each in said]
    finally:
        feed_db.close()
    for draft, hole in known:
        if hole is None or hole.state not in STANDING:
            continue
        if all(draft.payload.get(key) == value for key, value in _payload(hole).items()):
            log.info("gap.settled", gap=hole.id)
            _lose_as_said(core, hole.id, draft)


def _lose_as_said(core: Running, gap_id: int, draft: Draft) -> None:
    note = str(draft.payload.get("note", ""))
    try:
        _result(core.ingest.submit(lambda db: _lose(db, gap_id, draft.actor, draft.at_ms, note)))
    except Unavailable as error:  # the next start tries again
        log.warning("gap.settle", gap=gap_id, error=str(error))


def _payload(hole: Hole) -> dict[str, Any]:
    """What tells this gap from one with its number in another store."""
    return {
        "feed": hole.feed,
        "source": hole.source,
        "since_ms": hole.since_ms,
        "until_ms": hole.until_ms,
        "found_ms": hole.found_ms,
        "why": hole.why,
    }


def _entered(db: Database, draft: Draft) -> list[Any]:
    entries.append(db, draft)
    return []


def _lose(db: Database, gap_id: int, actor: str, at_ms: int, note: str) -> list[Gap]:
    hole = gaps.get(db, gap_id)
    if hole is None or hole.state not in STANDING:
        return []
    lost = hole._replace(state="lost", closed_by=actor, closed_ms=at_ms, detail=note.strip())
    gaps.put(db, lost)
    return [lost.shown()]


def _get(core: Running, gap_id: int) -> Hole:
    db = core.open_feed_reader()
    try:
        hole = gaps.get(db, gap_id)
    finally:
        db.close()
    if hole is None:
        raise Refused(f"There is no gap {gap_id}")
    return hole


def _result(future: Any) -> None:
    try:
        future.result(_PATIENCE_S)
    except TimeoutError as error:
        raise Unavailable("The store is busy; try again") from error
