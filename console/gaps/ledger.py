"""The gap ledger of the ingest: finds holes as readings come, and closes them as they are filled.

One thread, inside the transaction that stores the readings: after a kill the
ledger is as the readings are. What is kept in memory is forgotten whenever a
transaction did not hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from sqlite_utils import Database

from console.gaps import marks
from console.settings import Feed
from db import gaps
from db.gaps import Hole
from db.records import Decoded, Event, Mark, Reading
from db.workings import Gap

LATE = 1.75  # periods without a reading that jitter does not explain
_AHEAD_MS = 86_400_000  # an observation this far ahead of our clock says that a clock is wrong
_KNOWN = 200_000  # sources remembered
_RANGES = 500  # pieces of one gap; more are halved into two gaps

_Source = tuple[str, str]


class Ledger:
    """Marks and gaps of all feeds. For the ingest thread only."""

    def __init__(self, feeds: Mapping[str, Feed]) -> None:
        self._every_ms = {name: round(feed.every_s * 1000) for name, feed in feeds.items()}
        self._numbered = {
            name for name, feed in feeds.items() if any(each.sequence for each in feed.mappings)
        }
        self._clocked = {name: all(each.time for each in feed.mappings) for name, feed in feeds.items()}
        self._runs: dict[tuple[str, str, str], marks.Run] = {}
        self._newest: dict[_Source, int] = {}
        self._awaited: dict[str, dict[str, int]] = {}
        self._reach: dict[_Source, int] | None = None
        self._lost: dict[str, int] = {}

    def forget(self) -> None:
        """Know nothing any more but what is stored: a transaction did not hold."""
        self._runs.clear()
        self._newest.clear()
        self._awaited.clear()
        self._reach = None

    def session_lost(self, feeds: Iterable[str], at_ms: int) -> None:
        """The broker of these feeds did not know us any more; noted with the next transaction."""
        self._lost.update(dict.fromkeys(feeds, at_ms))

    def note(self, db: Database, feed: str, records: Iterable[Decoded], received_ms: int) -> list[Gap]:
        """Take what came into account, before it is stored; the gaps that changed by it."""
        if self._reach is None:
            self._begin(db)
        if self._lost:
            self._keep_losses(db)
        reach = self._reach
        if not (reach or self._awaited or feed in self._numbered or self._every_ms.get(feed)):
            return []
        return _Noting(self, db, feed, received_ms, "").take(records)

    def fill(
        self, db: Database, feed: str, records: Iterable[Decoded], received_ms: int, hole_id: int
    ) -> list[Gap]:
        """The same for what was asked for because of one gap."""
        if self._reach is None:
            self._begin(db)
        return _Noting(self, db, feed, received_ms, "backfill", hole_id).take(records)

    def _begin(self, db: Database) -> None:
        self._reach = gaps.reaches(db)
        self._awaited = {
            feed: heard
            for feed, at_ms in gaps.losses(db).items()
            if (heard := gaps.heard_before(db, feed, at_ms))
        }

    def _keep_losses(self, db: Database) -> None:
        for feed, at_ms in self._lost.items():
            heard = gaps.heard_before(db, feed, at_ms)
            if heard:
                gaps.lose_session(db, feed, at_ms)
                self._awaited[feed] = self._awaited.get(feed, {}) | heard
        self._lost = {}


class _Noting:
    """One call: the records of one feed in one transaction."""

    def __init__(
        self, ledger: Ledger, db: Database, feed: str, received_ms: int, by: str, hole_id: int = 0
    ) -> None:
        self._ledger, self._db, self._feed, self._received_ms = ledger, db, feed, received_ms
        self._by, self._hole_id = by, hole_id
        self._every_ms = ledger._every_ms.get(feed, 0)
        self._most_ms = round(self._every_ms * LATE)
        self._clocked = ledger._clocked.get(feed, True)
        self._dirty: dict[tuple[str, str, str], marks.Run] = {}
        self._changed: dict[int, Gap] = {}

    def take(self, records: Iterable[Decoded]) -> list[Gap]:
        counted: set[str] = set()
        source, at_ms = "", -1
        for record in records:
            kind = type(record)
            if kind is Reading or kind is Event:
                if record.source is source and record.observed_ms == at_ms:  # type: ignore[union-attr]
                    continue
                source, at_ms = record.source, record.observed_ms  # type: ignore[union-attr]
                if source:
                    self._hear(source, at_ms, record.flags, source in counted)  # type: ignore[union-attr]
            elif kind is Mark:
                counted.add(record.source)  # type: ignore[union-attr]
                self._count(record)  # type: ignore[arg-type]
        gaps.put_runs(self._db, [(*key, *run) for key, run in self._dirty.items()])
        awaited = self._ledger._awaited.get(self._feed)
        if awaited is not None and not awaited:
            del self._ledger._awaited[self._feed]
            gaps.end_loss(self._db, self._feed)
        return list(self._changed.values())

    # --- by number -------------------------------------------------------------

    def _count(self, mark: Mark) -> None:
        key = (self._feed, mark.source, mark.epoch)
        run = self._ledger._runs.get(key)
        if run is None:
            found = gaps.run_of(self._db, *key)
            run = marks.Run(*found) if found else None
        if run is not None and mark.seq <= run.top and self._fill_number(mark, run):
            return
        if mark.flags:
            return
        awaited = self._ledger._awaited.get(self._feed, {})
        forgotten = awaited.pop(mark.source, None) is not None
        if run is None:
            moved, hole = marks.first(mark.seq, mark.observed_ms), None
        else:
            moved, hole = marks.advance(run, mark.seq, mark.observed_ms, clocked=self._clocked)
            if moved is run:
                return
        if hole is not None and run is not None:
            self._open_numbers(mark, run, hole, "session" if forgotten else "sequence")
        if len(self._ledger._runs) >= _KNOWN:
            self._ledger._runs.clear()
        self._ledger._runs[key] = self._dirty[key] = moved

    def _open_numbers(
        self, mark: Mark, run: marks.Run, hole: marks.Range, why: Literal["sequence", "session"]
    ) -> None:
        neighbour_ms = run.low_ms if mark.seq < run.low else run.top_ms
        since_ms, until_ms = sorted((neighbour_ms, mark.observed_ms))
        self._open(
            Hole(
                0, self._feed, mark.source, mark.epoch, run.number, since_ms, until_ms, *hole, [hole],
                why, "open", self._received_ms,
            )
        )  # fmt: skip

    def _fill_number(self, mark: Mark, run: marks.Run) -> bool:
        """Close the number's place in a gap; False where it is in none."""
        if (self._feed, mark.source) not in (self._ledger._reach or {}):
            return False
        for hole in gaps.unfilled_of(self._db, self._feed, mark.source):
            if hole.first_seq is None or hole.last_seq is None or hole.epoch != mark.epoch:
                continue
            if not hole.first_seq <= mark.seq <= hole.last_seq:
                continue
            in_time = hole.since_ms <= mark.observed_ms <= hole.until_ms
            if not in_time and (hole.run != run.number or self._is_anew(hole, mark, run)):
                continue
            left = marks.without_number(hole.unfilled, mark.seq)
            if left != hole.unfilled:
                self._shrink(hole, left)
                return True
        return False

    def _is_anew(self, hole: Hole, mark: Mark, run: marks.Run) -> bool:
        """Whether a number of a hole comes at a time that tells of a sender that began anew."""
        return self._clocked and not mark.flags and mark.observed_ms > max(run.top_ms, hole.until_ms)

    # --- by time ---------------------------------------------------------------

    def _hear(self, source: str, at_ms: int, flags: int, counted: bool) -> None:
        key = (self._feed, source)
        reach_ms = (self._ledger._reach or {}).get(key)
        if reach_ms is not None and at_ms < reach_ms:
            self._fill_time(source, at_ms)
        if flags:
            return
        last_ms = None
        awaited = self._ledger._awaited.get(self._feed)
        forgotten = awaited is not None and source in awaited
        if forgotten and not counted:
            assert awaited is not None
            last_ms = awaited.pop(source)
        if self._every_ms and not counted:
            last_ms = self._last_ms(key, source, at_ms, last_ms)
        if last_ms is None or at_ms <= last_ms or at_ms > self._received_ms + _AHEAD_MS:
            return
        if at_ms - last_ms > self._most_ms:
            why: Literal["session", "silence"] = "session" if forgotten else "silence"
            self._open(
                Hole(
                    0, self._feed, source, "", 0, last_ms, at_ms, None, None, [(last_ms, at_ms)],
                    why, "open", self._received_ms,
                )
            )  # fmt: skip

    def _last_ms(self, key: _Source, source: str, at_ms: int, known_ms: int | None) -> int | None:
        """When the source was observed before this; what a wrong clock says is forgotten."""
        newest = self._ledger._newest
        last_ms = newest.get(key, known_ms)
        if last_ms is None:
            last_ms = gaps.newest_of(self._db, source, self._received_ms + _AHEAD_MS)
        if at_ms > self._received_ms + _AHEAD_MS:
            newest.pop(key, None)
        elif last_ms is None or at_ms > last_ms:
            if len(newest) >= _KNOWN:
                newest.clear()
            newest[key] = at_ms
        return last_ms

    def _fill_time(self, source: str, at_ms: int) -> None:
        for hole in gaps.unfilled_of(self._db, self._feed, source):
            if hole.since_ms >= at_ms or at_ms >= hole.until_ms:
                continue
            if hole.first_seq is not None:
                continue
            if not self._every_ms:
                self._put(hole._replace(got=hole.got + 1))
                continue
            left = marks.without_time(hole.unfilled, at_ms, self._most_ms)
            if left != hole.unfilled:
                self._shrink(hole, left)

    # --- the rows --------------------------------------------------------------

    def _open(self, hole: Hole) -> None:
        stored = gaps.open_one(self._db, hole)
        reach = self._ledger._reach
        assert reach is not None
        key = (stored.feed, stored.source)
        reach[key] = max(reach.get(key, 0), stored.until_ms)
        self._changed[stored.id] = stored.shown()

    def _shrink(self, hole: Hole, left: gaps.Ranges) -> None:
        got = hole.got + 1
        if not left:
            by = self._by or "late"
            hole = hole._replace(
                state="filled", closed_ms=self._received_ms, closed_by=by, unfilled=[], got=got
            )
        elif len(left) > _RANGES:
            hole, left = self._halve(hole, left), left[: _RANGES // 2]
            hole = hole._replace(unfilled=left, got=got)
        else:
            hole = hole._replace(unfilled=left, got=got)
        self._put(hole)

    def _halve(self, hole: Hole, left: gaps.Ranges) -> Hole:
        """Give the later half of a gap in many pieces a row of its own; the earlier half is returned."""
        later = left[_RANGES // 2 :]
        if hole.first_seq is None:
            self._open(hole._replace(since_ms=later[0][0], unfilled=later, got=0))
            return hole._replace(until_ms=left[_RANGES // 2 - 1][1])
        self._open(hole._replace(first_seq=later[0][0], unfilled=later, got=0))
        return hole._replace(last_seq=left[_RANGES // 2 - 1][1])

    def _put(self, hole: Hole) -> None:
        gaps.put(self._db, hole)
        self._changed[hole.id] = hole.shown()
