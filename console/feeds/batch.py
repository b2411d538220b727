"""What a burst of messages becomes: records, and rows for what cannot be read.

Everything here happens inside one transaction of feed.db and in one thread.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import structlog
from msgspec.structs import replace
from sqlite_utils import Database

from console.feeds.posts import Delivered, Way
from console.feeds.session import Delivery, Session
from console.formats import topics
from console.formats.answers import Answer, Answers
from console.formats.decoders import Decoder
from console.formats.remembering import Changes, Remembers
from console.gaps.ledger import Ledger
from console.settings import Feed
from db import counts, decoder_memory, quarantine, raw, readings
from db.readings import StoredReading
from db.records import Decoded, Event, Flag, Mark, Quarantined, Reading, SetAside
from db.workings import Gap

log = structlog.get_logger(__name__)

UNCLAIMED = "(unclaimed)"  # the feed of messages that no feed's topics fit
_TOPICS = 65_536  # topics whose feeds are remembered
_WINDOW_MS = 10_000  # before the newest message: what a broker may not have seen acknowledged
_RECENT = 5000
_NOT_LIVE = int(Flag.RETAINED | Flag.HISTORICAL | Flag.BACKFILL | Flag.FORECAST)

_Message = tuple[str, str, bytes, int]  # feed, topic, beginning of the payload, its size

_NO_FEED = SetAside(reason="no-feed", detail="no feed's topics fit; an old subscription of this client id?")


class FeedReader(NamedTuple):
    """A feed, ready to read messages."""

    name: str
    broker: str
    fits: Callable[[str], bool]
    decoder: Decoder
    first: bool = False
    timed: bool = False  # its messages have a time of their own
    answers: Callable[[], list[Answer]] | None = None
    memory: Remembers | None = None


def feed_reader(name: str, feed: Feed, decoder: Decoder) -> FeedReader:
    """Compile the topic filters of a feed."""
    tests = [topics.matcher(each) for each in feed.topics]
    by_broker = feed.via == "mqtt"
    return FeedReader(
        name,
        feed.broker if by_broker else "",
        lambda topic: any(test(topic) for test in tests),
        decoder,
        feed.priority,
        by_broker and all(mapping.time for mapping in feed.mappings),
        decoder.take_answers if isinstance(decoder, Answers) else None,
        decoder if isinstance(decoder, Remembers) else None,
    )


class Routes:
    """Which feeds read a topic of a session."""

    def __init__(self, feeds: Sequence[FeedReader]) -> None:
        self._feeds = feeds
        self._named = {each.name: (each,) for each in feeds}
        self._known: dict[tuple[str, bool, str], tuple[FeedReader, ...]] = {}
        self._has_recalled = False

    def recall(self, db: Database) -> None:
        """Once: the decoders know again what messages before this start have told them."""
        if not self._has_recalled:
            decoder_memory.only(db, self._named)
            for feed in self._feeds:
                if feed.memory is not None:
                    feed.memory.take_changes()
                    feed.memory.recall(decoder_memory.of(db, feed.name))
            self._has_recalled = True

    def forget(self) -> None:
        """A transaction did not hold: what the decoders have learned in it is to be recalled anew."""
        self._has_recalled = False

    def of(self, session: Session | Way, topic: str) -> tuple[FeedReader, ...]:
        """The feeds that read this topic; none for an unclaimed one.

        What waited in a session from before a feed was given priority is still that feed's.
        """
        if isinstance(session, Way):
            return self._named.get(session.name, ())
        key = (session.name, session.first, topic)
        found = self._known.get(key)
        if found is None:
            fitting = [each for each in self._feeds if each.broker == session.name and each.fits(topic)]
            found = tuple([each for each in fitting if each.first == session.first] or fitting)
            if len(self._known) >= _TOPICS:
                self._known.clear()
            self._known[key] = found
        return found


def classify(decoder: Decoder, delivery: Delivery, received_ms: int) -> list[Decoded]:
    """The records of a message. Total: one unreadable message must never hold up the rest."""
    return classify_bytes(decoder, delivery.topic, delivery.payload, received_ms, retained=delivery.retained)


def classify_bytes(
    decoder: Decoder, topic: str, payload: bytes, received_ms: int, *, retained: bool = False
) -> list[Decoded]:
    """The same for bytes that no broker has just delivered."""
    try:
        return decoder.decode(topic, payload, received_ms, retained)
    except Exception as error:  # decoders use foreign libraries; a bug of theirs is set aside too
        log.error("decoder", topic=topic[:200], exc_info=error)
        return [SetAside(reason="decoder-fault", detail=f"{type(error).__name__}: {error}"[:300])]


class _Tally:
    """The messages of one feed in one batch, and what they hold."""

    def __init__(self) -> None:
        self.records: list[Decoded] = []
        self.spans: list[tuple[int, int]] = []  # of `records`, per message that was read in full
        self.received = self.quarantined = self.duplicate = 0


class Burst:
    """Puts a burst of messages into the store, in the caller's transaction."""

    def __init__(
        self, db: Database, routes: Routes, repetitions: Repetitions, keep_quarantined: int, ledger: Ledger
    ) -> None:
        self.quarantined: list[Quarantined] = []
        self.observed: dict[str, dict[str, int]] = {}  # the newest live time, by broker and source
        self.gaps: list[Gap] = []
        self.answers: list[tuple[Delivery, Answer]] = []
        self.counted = Delivered()
        self._ledger = ledger
        self._db, self._routes, self._repetitions = db, routes, repetitions
        self._keep = keep_quarantined
        self._raw: list[raw.Incoming] = []
        self._tallies: dict[str, _Tally] = {}
        self._learned: dict[str, Changes] = {}

    def store(self, deliveries: Iterable[Delivery], received_ms: int) -> list[StoredReading]:
        """Store them all; the readings that are new, in the order of arrival."""
        self._routes.recall(self._db)
        for delivery in deliveries:
            feeds = self._routes.of(delivery.session, delivery.topic)
            if not feeds:
                self._set_aside(self._tally(UNCLAIMED), UNCLAIMED, delivery, received_ms, _NO_FEED)
            for feed in feeds:
                self._read(feed, delivery, received_ms)
        self._keep_raw()
        for name, changes in self._learned.items():
            decoder_memory.put(self._db, name, changes, received_ms)
        new: list[StoredReading] = []
        for name, tally in self._tallies.items():
            self.gaps += self._ledger.note(self._db, name, tally.records, received_ms)
            done, counted = _settle(self._db, name, tally, received_ms)
            new += done
            self.counted = self.counted.plus(counted)
        return new

    def refuse(self, delivery: Delivery, received_ms: int, error: Exception) -> None:
        """Set a message aside that the store itself cannot take, whatever it holds."""
        self._routes.forget()  # what was learned from it did not hold either
        found = SetAside(reason="store-fault", detail=f"{type(error).__name__}: {error}"[:300])
        for name in [feed.name for feed in self._routes.of(delivery.session, delivery.topic)] or [UNCLAIMED]:
            self._set_aside(self._tally(name), name, delivery, received_ms, found)
            counts.bump(self._db, name, received=1, quarantined=1, at_ms=received_ms)
        self.counted = Delivered(set_aside=1)

    def _tally(self, name: str) -> _Tally:
        tally = self._tallies.get(name)
        if tally is None:
            tally = self._tallies[name] = _Tally()
        tally.received += 1
        return tally

    def _read(self, feed: FeedReader, delivery: Delivery, received_ms: int) -> None:
        tally = self._tally(feed.name)
        if delivery.dup:
            self._keep_raw()  # a repetition may be of a message earlier in this very burst
            if self._repetitions.takes(self._db, feed.name, delivery):
                tally.duplicate += 1
                return
        decoded = classify(feed.decoder, delivery, received_ms)
        if delivery.flags:
            decoded = [_flagged(each, delivery.flags) for each in decoded]
        if feed.memory is not None and (changes := feed.memory.take_changes()):
            self._learned.setdefault(feed.name, {}).update(changes)
        if feed.answers is not None:
            self.answers += [(delivery, answer) for answer in feed.answers()]
        bad = [each for each in decoded if type(each) is SetAside]
        start = len(tally.records)
        tally.records += decoded
        if bad:
            self._set_aside(tally, feed.name, delivery, received_ms, _together(bad))
        else:
            tally.spans.append((start, len(tally.records)))
            if (
                feed.timed
                and not delivery.flags
                and type(last := decoded[-1]) is Reading
                and not last.flags & _NOT_LIVE
            ):
                self.observed.setdefault(feed.broker, {})[last.source] = last.observed_ms
        state = bad[0].reason if bad else "read"
        source = next((each.source for each in decoded if not isinstance(each, SetAside) and each.source), "")
        self._raw.append(
            raw.Incoming(feed.name, delivery.topic, received_ms, delivery.payload, state, source)
        )

    def _keep_raw(self) -> None:
        if not self._raw:
            return
        raw.add_all(self._db, self._raw)
        self._raw.clear()

    def _set_aside(
        self, tally: _Tally, name: str, delivery: Delivery, received_ms: int, found: SetAside
    ) -> None:
        tally.quarantined += 1
        row = quarantine.add(
            self._db,
            name,
            delivery.topic,
            received_ms,
            delivery.payload,
            found.reason,
            found.detail,
            keep=self._keep,
        )
        self.quarantined.append(row)


def _settle(
    db: Database, name: str, tally: _Tally, received_ms: int
) -> tuple[list[StoredReading], Delivered]:
    """Store the records of one feed and count its messages."""
    done = readings.add(db, name, tally.records)
    known = _wholly_known(tally, done) if done.duplicate else 0
    counted = Delivered(len(tally.spans) - known, tally.quarantined, tally.duplicate + known)
    counts.bump(
        db,
        name,
        received=tally.received,
        stored=counted.stored,
        quarantined=counted.set_aside,
        duplicate=counted.duplicate,
        at_ms=received_ms,
    )
    return done.new, counted


def _wholly_known(tally: _Tally, done: readings.Stored) -> int:
    """How many messages brought nothing that was not stored already."""
    fresh = {id(each.reading) for each in done.new}
    fresh.update(id(each.event) for each in done.events)
    fresh.update(id(each.plate) for each in done.plates)
    return sum(all(id(each) not in fresh for each in tally.records[start:end]) for start, end in tally.spans)


def _flagged(record: Decoded, flags: int) -> Decoded:
    if isinstance(record, Reading | Event | Mark):
        return replace(record, flags=record.flags | flags)
    return record


def _together(found: list[SetAside]) -> SetAside:
    """One complaint for a message: the first reason, and all details up to 500 characters."""
    if len(found) == 1:
        return found[0]
    return SetAside(reason=found[0].reason, detail="; ".join(each.detail for each in found)[:500])


class Repetitions:
    """Tells deliveries that a broker repeats (DUP) and that are on disk already.

    Most messages carry an identity and need no such help. One without an id
    and a time of its own is stored twice rather than dropped, except here:
    the broker says that it repeats, and the same bytes on the same topic came
    in during the last seconds before the connection broke.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[str, bool], tuple[int, Counter[_Message]]] = {}

    def takes(self, db: Database, feed: str, delivery: Delivery) -> bool:
        """Whether this repetition is of a message on disk; each one there counts once."""
        name = (delivery.session.name, delivery.session.first)
        connection, known = self._known.get(name, (-1, None))
        if known is None or connection != delivery.connection:
            known = _recent(db)
            self._known[name] = (delivery.connection, known)
        payload = delivery.payload
        message = (feed, delivery.topic, payload[: raw.PAYLOAD_KEPT], len(payload))
        if known[message] <= 0:
            return False
        known[message] -= 1
        return True

    def forget(self) -> None:
        """Start anew, after a transaction that did not hold."""
        self._known.clear()


def _recent(db: Database) -> Counter[_Message]:
    rows = raw.newest(db, limit=_RECENT)
    since = rows[0].received_ms - _WINDOW_MS if rows else 0
    return Counter((row.feed, row.topic, row.payload, row.size) for row in rows if row.received_ms >= since)
