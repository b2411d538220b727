"""Asks the sources for what did not arrive: the newest gap first, a stretch at a time, politely.

What comes is stored in small transactions of the ingest, marked as asked for
(it raises no alarm); a kill between two of them costs nothing but the asking.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from typing import NamedTuple

import structlog
from msgspec.structs import replace
from sqlite_utils import Database

from console.clock import Clock
from console.errors import Refused, Unavailable
from console.formats import topics
from console.formats.decoders import Decoder
from console.gaps.asking import Asks, TooMuch
from console.gaps.ledger import Ledger
from console.settings import Feed
from console.worker import backoff
from db import gaps, readings
from db.gaps import STANDING, Hole
from db.records import Decoded, Event, Flag, Mark, Reading
from db.workings import Gap

log = structlog.get_logger(__name__)

Wait = Callable[[float], bool]
Submit = Callable[[Callable[[Database], list[Gap]]], "Future[list[Gap]]"]

ANSWERS = 3  # definite answers until a gap is left to a person
_LOOK_S = 2.0
_AGAIN_S = 600.0  # after an answer that did not fill it; six times as long after each further one
_FIRST_S, _MOST_S = 2.0, 300.0  # between questions to a source that is away
_RECORDS = 500  # of one transaction
_STORE_S = 60.0
_STRETCHES = 10_000  # questions about one stretch whose answers leave something open
_SHORTEST_MS = 60_000


class Source(NamedTuple):
    """A feed that can be asked."""

    feed: Feed
    ask: Asks
    decoder: Decoder


class _Got(NamedTuple):
    """What one answer brought."""

    inside: int  # moments between the ends of the stretch
    first_ms: int
    last_ms: int
    counted: bool
    unread: int


class Backfill:
    """The work of one thread; `again` may be called from any."""

    def __init__(
        self,
        sources: Mapping[str, Source],
        ledger: Ledger,
        submit: Submit,
        open_reader: Callable[[], Database],
        clock: Clock,
    ) -> None:
        self._sources, self._ledger, self._submit = dict(sources), ledger, submit
        self._open_reader, self._clock = open_reader, clock
        self._answers: dict[int, int] = {}
        self._gap_again_s: dict[int, float] = {}
        self._feed_again_s: dict[str, float] = {}
        self._attempts: dict[str, int] = {}

    def again(self, gap_id: int, feed: str) -> None:
        """Ask for this gap as though it had never been asked for."""
        self._answers.pop(gap_id, None)
        self._gap_again_s.pop(gap_id, None)
        self._feed_again_s.pop(feed, None)

    def step(self, wait: Wait) -> None:
        """Ask for one gap, or rest where there is none."""
        hole = self._next()
        if hole is None:
            wait(_LOOK_S)
            return
        try:
            self._ask(hole, wait)
        except Unavailable as error:
            attempt = self._attempts[hole.feed] = self._attempts.get(hole.feed, 0) + 1
            self._feed_again_s[hole.feed] = self._clock.monotonic_s() + backoff(
                attempt, first=_FIRST_S, most=_MOST_S
            )
            log.info("backfill", feed=hole.feed, gap=hole.id, error=str(error), attempt=attempt)
            self._note(hole.id, str(error))
        except Refused as error:
            self._rest(hole.id)
            self._note(hole.id, str(error))
        except Exception as error:  # an answer that trips a decoder or a library must not hold up the rest
            log.error("bug", worker="backfill", gap=hole.id, exc_info=error)
            self._rest(hole.id)
            self._note(hole.id, f"the answer could not be used ({type(error).__name__})")

    def _next(self) -> Hole | None:
        now_s = self._clock.monotonic_s()
        feeds = [name for name in self._sources if self._feed_again_s.get(name, 0.0) <= now_s]
        if not feeds:
            return None
        db = self._open_reader()
        try:
            for gap_id, _ in gaps.to_ask(db, feeds):
                if self._gap_again_s.get(gap_id, 0.0) <= now_s:
                    return gaps.get(db, gap_id)
        finally:
            db.close()
        return None

    # --- one gap ---------------------------------------------------------------

    def _ask(self, hole: Hole, wait: Wait) -> None:
        source = self._sources[hole.feed]
        settings = source.feed.backfill
        assert settings is not None
        self._change(hole.id, lambda now: now._replace(state="asking", asked=now.asked + 1))
        times, counted, unread = 0, False, 0
        for since_ms, until_ms in _stretches(hole, round(settings.hours * 3_600_000)):
            for got in self._exhaust(source, hole, since_ms, until_ms, wait):
                times, counted, unread = times + got.inside, counted or got.counted, unread + got.unread
            if wait(settings.every_s) or not self._stands(hole.id):
                break
        else:
            self._conclude(hole, times, counted, unread)
        self._attempts.pop(hole.feed, None)

    def _exhaust(
        self, source: Source, hole: Hole, since_ms: int, until_ms: int, wait: Wait
    ) -> Iterator[_Got]:
        """Ask until an answer holds nothing between the ends: some servers give but a part of a stretch."""
        settings = source.feed.backfill
        assert settings is not None
        waiting, asked = [(since_ms, until_ms)], 0
        while waiting and asked < _STRETCHES:
            low, high = waiting.pop()
            if asked and (wait(settings.every_s) or not self._stands(hole.id)):
                return
            asked += 1
            try:
                answer = source.ask(hole.source, low, high)
            except TooMuch:
                if high - low <= _SHORTEST_MS:
                    raise
                waiting += [(low, (low + high) // 2), ((low + high) // 2, high)]
                continue
            got = self._keep(source, hole, answer.messages, low, high)
            yield got
            if got.inside and self._stands(hole.id):
                rest = [(low, got.first_ms), (got.last_ms, high)]
                waiting += [part for part in rest if part[0] < part[1] and _lies_in(hole, part)]

    def _keep(self, source: Source, hole: Hole, messages: list[bytes], low: int, high: int) -> _Got:
        """Store what an answer brought, a small transaction at a time."""
        settings = source.feed.backfill
        assert settings is not None
        topic = _topic(source.feed, settings.topic, hole.source)
        now_ms, unread = self._clock.now_ms(), 0
        times, counted, batch = set[int](), False, list[Decoded]()
        for at, message in enumerate(messages, 1):
            for record in source.decoder.decode(topic, message, now_ms, False):
                kept = _asked_for(record)
                if kept is None:
                    unread += 1
                    continue
                batch.append(kept)
                if isinstance(kept, Reading | Event) and kept.source == hole.source:
                    times.add(kept.observed_ms)
                counted = counted or isinstance(kept, Mark)
            if batch and (len(batch) >= _RECORDS or at == len(messages)):
                self._store(hole, batch)
                batch = []
        inside = [at_ms for at_ms in times if low < at_ms < high]
        return _Got(len(inside), min(inside, default=0), max(inside, default=0), counted, unread)

    def _store(self, hole: Hole, records: list[Decoded]) -> None:
        def job(db: Database) -> list[Gap]:
            changed = self._ledger.fill(db, hole.feed, records, self._clock.now_ms(), hole.id)
            readings.add(db, hole.feed, records)
            return changed

        self._run(job)

    def _conclude(self, hole: Hole, times: int, counted: bool, unread: int) -> None:
        """The source has said all it has."""
        self._rest(hole.id)
        found = "the source has nothing of it"
        if times:
            found = "the source has no more of it"
        if unread:
            found += f"; {unread} parts of its answer could not be read"
        every_ms = self._sources[hole.feed].feed.every_s * 1000

        def concluded(now: Hole) -> Hole:
            if now.first_seq is not None:
                wanted = sum(high - low + 1 for low, high in now.unfilled)
                filled = not counted and times >= wanted
            else:
                filled = not every_ms and times > 0
            if not filled:
                return now._replace(state="open", detail=found)
            return now._replace(
                state="filled", closed_by="backfill", closed_ms=self._clock.now_ms(), unfilled=[], detail=""
            )

        self._change(hole.id, concluded)

    def _rest(self, gap_id: int) -> None:
        """Leave a gap alone after a definite answer, each time longer, in the end for good."""
        answers = self._answers[gap_id] = self._answers.get(gap_id, 0) + 1
        rest_s = _AGAIN_S * 6.0 ** (answers - 1) if answers < ANSWERS else float("inf")
        self._gap_again_s[gap_id] = self._clock.monotonic_s() + rest_s

    def _note(self, gap_id: int, detail: str) -> None:
        self._change(gap_id, lambda now: now._replace(state="open", detail=detail))

    # --- the ledger ------------------------------------------------------------

    def _stands(self, gap_id: int) -> bool:
        db = self._open_reader()
        try:
            now = gaps.get(db, gap_id)
        finally:
            db.close()
        return now is not None and now.state in STANDING

    def _change(self, gap_id: int, change: Callable[[Hole], Hole]) -> None:
        """Change a gap that stands; one that was filled or confirmed lost meanwhile stays so."""

        def job(db: Database) -> list[Gap]:
            now = gaps.get(db, gap_id)
            if now is None or now.state not in STANDING:
                return []
            changed = change(now)
            gaps.put(db, changed)
            return [changed.shown()]

        self._run(job)

    def _run(self, job: Callable[[Database], list[Gap]]) -> None:
        try:
            self._submit(job).result(_STORE_S)
        except TimeoutError as error:
            raise Unavailable("the store is busy") from error


def _stretches(hole: Hole, most_ms: int) -> Iterator[tuple[int, int]]:
    """The time of a gap in pieces, the newest first, without those that nothing is missing from."""
    high = hole.until_ms
    while True:
        low = max(hole.since_ms, high - most_ms)
        if _lies_in(hole, (low, high)):
            yield low, high
        if low <= hole.since_ms:
            return
        high = low


def _lies_in(hole: Hole, part: tuple[int, int]) -> bool:
    """Whether something of the gap may lie in this stretch."""
    if hole.first_seq is not None:
        return part[0] <= hole.until_ms and part[1] >= hole.since_ms
    return any(low < part[1] and part[0] < high for low, high in hole.unfilled)


def _topic(feed: Feed, wanted: str, source: str) -> str:
    """The topic that the feed's own decoder reads the messages under."""
    pattern = wanted or (feed.mappings[0].topic if feed.mappings else feed.topics[0])
    return topics.fitting(pattern, source)


def _asked_for(record: Decoded) -> Decoded | None:
    """The record, marked as asked for; None for what could not be read."""
    if isinstance(record, Reading | Event | Mark):
        return replace(record, flags=record.flags | Flag.BACKFILL)
    return None
