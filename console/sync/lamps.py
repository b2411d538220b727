"""What the truth bar says about the centre: the way there, what waits, and the proof."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from db.records import Lamp, Proof
from db.sync import Backlog, Refusal


def central(fault: str, proved_ms: int | None, now_ms: int) -> Lamp:
    """The way to the centre; `proved_ms` is when it last answered, end to end."""
    age_s = (now_ms - proved_ms) / 1000 if proved_ms is not None else None
    return Lamp(
        kind="central",
        name="central",
        state="bad" if fault else "ok",
        proved_ms=proved_ms,
        number=age_s,
        detail=fault or "answers",
    )


def backlog(waits: Backlog, blobs: int, parked: Sequence[Refusal], now_ms: int) -> Lamp:
    """What the centre does not have; `number` is the count, `since_ms` the oldest's time."""
    said = [f"{waits.unsent} entries unsent"] if waits.unsent else ["every entry is at the centre"]
    if waits.oldest_ms is not None:
        said.append(f"the oldest is {max(now_ms - waits.oldest_ms, 0) // 1000} s old")
    if blobs:
        said.append(f"{blobs} attachments not yet complete on both sides")
    said += [f"{len(parked)} refused: {parked[0].reason}"] if parked else []
    return Lamp(
        kind="backlog",
        name="backlog",
        state="warn" if waits.unsent or parked else "ok",
        proved_ms=now_ms,
        number=waits.unsent,
        total=blobs,
        since_ms=waits.oldest_ms,
        detail="; ".join(said),
    )


def proof(seen: Proof, is_prefix: bool) -> Lamp:
    """Whether both ends are one: equal, the centre behind us, or apart."""
    theirs = seen.theirs.count if seen.theirs else 0
    if seen.equal:
        return _proof(seen, "ok", f"both have {theirs} entries and one head")
    if is_prefix:
        return _proof(seen, "warn", f"the centre has {theirs} of {seen.ours.count} entries, all equal")
    return _proof(seen, "bad", f"the centre's entry {theirs} is not ours")


def _proof(seen: Proof, state: Literal["ok", "warn", "bad"], said: str) -> Lamp:
    return Lamp(
        kind="proof",
        name="proof",
        state=state,
        proved_ms=seen.at_ms,
        number=seen.theirs.count if seen.theirs else 0,
        total=seen.ours.count,
        detail=said,
    )
