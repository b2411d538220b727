"""The ingest thread: acknowledged means on disk.

It owns the sockets of all brokers and the write connection of feed.db. Each
turn reads what has come, commits it in one transaction, and acknowledges it
after the commit. Nothing else writes to that file: housekeeping comes in as jobs.
"""

from __future__ import annotations

import secrets
import select
import socket
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import structlog
from sqlite_utils import Database

from console.clock import Clock
from console.errors import StoreError, Unavailable
from console.feeds.batch import Burst, FeedReader, Repetitions, Routes
from console.feeds.brake import BRAKED_S, Brake
from console.feeds.catch_up import Paces
from console.feeds.jobs import Job, Jobs
from console.feeds.lamps import Lamps
from console.feeds.newest import NewestPerSeries
from console.feeds.posts import Delivered, Message, Posts, Way, commit_posts, fail, refuses
from console.feeds.proofs import Proofs
from console.feeds.reading import readers_of
from console.feeds.session import Delivery, Session
from console.feeds.sessions import refuse_other_ways, sessions_of, topics_of
from console.feeds.waiting import Waiting
from console.gaps.ledger import Ledger
from console.settings import Broker, Feed
from console.worker import backoff
from db import counts
from db.connection import SqlError
from db.readings import StoredReading
from db.records import Flag, Lamp

log = structlog.get_logger(__name__)

_IDLE_S = 0.25  # the longest sleep; heartbeats and reconnections are looked at in between
_DISK_FIRST_S, _DISK_MOST_S = 0.25, 5.0


class Ingest:
    """Feeds in, records out. `start`, `stop`, `submit` and `lamps` may be called from any thread.

    `publish` and `on_committed` are called in the ingest thread, after the commit.
    """

    def __init__(
        self,
        brokers: Mapping[str, Broker],
        feeds: Mapping[str, Feed],
        open_db: Callable[[], Database],
        clock: Clock,
        publish: Callable[[list[Any]], None],
        on_committed: Callable[[list[StoredReading]], None],
        device: str,
        *,
        base: Path | None = None,
        encodings: Iterable[str] = ("utf-8", "cp949"),
        quarantine_keep: int = 100_000,
        unjudged: Callable[[], int] = lambda: 0,
    ) -> None:
        self._open_db, self._clock = open_db, clock
        self._publish, self._on_committed = publish, on_committed
        self._quarantine_keep = quarantine_keep
        self._encodings = tuple(encodings)
        self._routes = Routes(list(readers_of(feeds, self._encodings).values()))
        self._repetitions = Repetitions()
        self._sessions = sessions_of(brokers, feeds, device, clock, secrets.token_hex(8), base)
        self.proofs = Proofs(clock)
        self._lamps = Lamps(self._sessions, feeds, clock, self.proofs)
        self._paces = Paces(self._sessions, clock, unjudged)
        self._brake = Brake(unjudged, clock)
        self._newest = NewestPerSeries()
        self.ledger = Ledger(feeds)
        self._feeds = feeds
        self._db: Database | None = None
        self._held = Waiting()
        self._posts = Posts()
        self._jobs = Jobs()
        self._attempt = 0
        self._why_held = ""
        self._disk_again_s = 0.0
        self._stop = threading.Event()
        self._wake, self._bell = socket.socketpair()
        self._wake.setblocking(False)
        self._bell.setblocking(False)
        self._thread = threading.Thread(target=self._run, name="ingest", daemon=True)

    # --- any thread -----------------------------------------------------------

    def start(self) -> None:
        """Begin; once only."""
        self._thread.start()

    def stop(self, timeout: float = 15.0) -> bool:
        """Commit and acknowledge what was read, leave the brokers, end. Twice is harmless."""
        self._stop.set()
        self._ring()
        if self._thread.ident is not None:
            self._thread.join(timeout)
        elif self._wake.fileno() >= 0:
            self._finish()  # it was never started
        return not self._thread.is_alive()

    def submit(self, job: Job) -> Future[Any]:
        """Run `job` with the write connection, in a transaction of its own; the result after its commit."""
        future = self._jobs.add(job)
        self._ring()
        if self._stop.is_set() and not self._thread.is_alive():
            self._jobs.refuse()
        return future

    def deliver(self, feed: str, messages: Iterable[Message], *, flags: int = Flag.NONE) -> Future[Delivered]:
        """Store messages (topic, payload) that no broker brought, as a burst is; the result after the commit.

        All of them stand in one transaction, so not more than a few hundred. The future
        fails with Unavailable while the disk refuses: nothing is stored then.
        """
        future = self._posts.add(feed, self._feeds[feed], messages, int(flags))
        self._ring()
        if self._stop.is_set() and not self._thread.is_alive():
            self._posts.refuse()
        return future

    @property
    def feeds(self) -> Mapping[str, Feed]:
        """The feeds as they are read now; any thread."""
        return self._feeds

    def readers(self) -> dict[str, FeedReader]:
        """Readers of their own for the present feeds, for whoever reads old messages again."""
        return readers_of(self._feeds, self._encodings)

    def reload(self, feeds: Mapping[str, Feed]) -> Future[Any]:
        """Read by these feeds from now on; the links to the brokers stay, topics are followed.

        Raises SettingsError where their tables cannot work, and Refused where a
        feed came, went, or changed its way in: that needs a new start. Nothing is changed then.
        """
        refuse_other_ways(self._feeds, feeds)
        readers = list(readers_of(feeds, self._encodings).values())

        def change(db: Database) -> None:
            self._feeds, self._routes = feeds, Routes(readers)
            for session in self._sessions:
                session.retopic(topics_of(feeds, session.name, first=session.first))

        return self.submit(change)

    def hold(self, why: str) -> None:
        """Commit and acknowledge nothing until called with "" (free space is short, say); jobs go on."""
        if why != self._why_held:
            self._why_held = why
            self._lamps.set_disk(why)
            self._ring()

    def lamps(self) -> list[Lamp]:
        """The lamps as they are now, from the last proofs, whether or not the thread still lives."""
        return self._lamps.now()

    def _ring(self) -> None:
        try:
            self._bell.send(b"\0")
        except OSError:
            pass  # it rings already, or nobody is there to hear it

    # --- the thread -----------------------------------------------------------

    def _run(self) -> None:
        attempt = 0
        while not self._stop.is_set():
            try:
                self._turn(_IDLE_S)
                attempt = 0
            except Exception as error:  # the outermost frame of the thread
                attempt += 1
                log.error("bug", worker="ingest", exc_info=error)
                self._drop_db()
                self._stop.wait(backoff(attempt, first=0.5, most=15.0))
        self._finish()

    def _turn(self, idle_s: float) -> None:
        """One round: read what came, commit, acknowledge, tell, look after the links."""
        for session in self._sessions:
            session.tend()
            if session.is_forgotten:
                self._forgotten(session)
        self._listen(idle_s)
        for session in self._sessions:
            room = self._held.room(session)
            if room > 0:
                session.read(room)
                self._paces.read(session, room)
            self._held.take(session)
        is_ready = self._held.ready(only_first=self._brake.is_on())
        if is_ready and not self._why_held and self._clock.monotonic_s() >= self._disk_again_s:
            self._write()
        if self._posts:
            self._write_posts()
        if self._jobs:
            self._run_jobs()
        self._tell(self._lamps.due())
        self._tell([*self._paces.due(halted=bool(self._attempt or self._why_held))])

    def _forgotten(self, session: Session) -> None:
        """The broker has lost the session: what it kept for us meanwhile did not arrive."""
        session.is_forgotten = False
        names = [
            name
            for name, feed in self._feeds.items()
            if feed.via == "mqtt" and feed.broker == session.name and feed.priority == session.first
        ]
        self.ledger.session_lost(names, self._clock.now_ms())

    def _listen(self, idle_s: float) -> None:
        """Sleep until something can be read or sent, or `idle_s` has gone by."""
        open_to = [each for each in self._sessions if each.fileno() >= 0 and self._held.room(each)]
        readable: list[Any] = [self._wake, *open_to]
        writable = [each for each in self._sessions if each.wants_write()]
        busy = any(each.has_waiting() for each in open_to) or bool(self._posts)
        if self._held.ready(only_first=self._brake.on) and not self._attempt and not self._why_held:
            busy = True
        elif self._brake.on:
            idle_s = BRAKED_S
        _, able, _ = select.select(readable, writable, [], 0.0 if busy else idle_s)
        for session in able:
            session.write()
        try:
            self._wake.recv(4096)
        except BlockingIOError:
            pass  # nobody rang

    def _write(self) -> None:
        """Commit one burst; what the disk refuses is kept and tried again."""
        try:
            db = self._writer()
            batch = self._held.burst(only_first=self._brake.on)
            try:
                self._commit(db, [batch])
            except Exception as error:  # whatever it was: the burst is tried message by message
                self._forget()
                if refuses(error):
                    raise
                log.error("burst", messages=len(batch), exc_info=error)
                self._commit_singly(db, batch)
        except (Unavailable, StoreError, SqlError) as error:
            self._disk_refuses(error)
        else:
            self._disk_takes()

    def _writer(self) -> Database:
        if self._db is None:
            db = self._open_db()
            self._newest.start(db)
            self._lamps.start(counts.all_counts(db))
            self._db = db
        return self._db

    def _write_posts(self) -> None:
        """Commit what was delivered otherwise; where the disk refuses, whoever delivers keeps it."""
        posts, why = self._posts.next(), self._why_held
        if not why and self._clock.monotonic_s() < self._disk_again_s:
            why = "feed.db cannot be written at present"
        if why:
            fail(posts, Unavailable(why))
            return
        try:
            done = commit_posts(posts, self._writer(), self._commit, self._commit_singly, self._forget)
        except (Unavailable, StoreError, SqlError) as error:
            self._disk_refuses(error)
            fail(posts, Unavailable(f"feed.db cannot be written ({error})"))
        except Exception as error:  # whoever posted is told; the outermost frame logs it
            fail(posts, error)
            raise
        else:
            self._disk_takes()
            for post, delivered in zip(posts, done, strict=True):
                post.future.set_result(delivered)

    def _forget(self) -> None:
        """A transaction did not hold: what was remembered of it is forgotten."""
        self._repetitions.forget()
        self._routes.forget()
        self.ledger.forget()

    def _commit_singly(self, db: Database, batch: Sequence[Delivery]) -> list[Delivered]:
        """One transaction per message: the one that the store cannot take is set aside."""
        done: list[Delivered] = []
        for delivery in batch:
            try:
                done += self._commit(db, [[delivery]])
            except Exception as error:  # a message that no store takes would come back for ever
                if refuses(error):
                    raise
                done += self._commit(db, [[delivery]], refused=error)
        return done

    def _commit(
        self, db: Database, batches: Sequence[Sequence[Delivery]], *, refused: Exception | None = None
    ) -> list[Delivered]:
        """Store batches in one transaction, acknowledge, answer and tell; what became of each batch."""
        received_ms = self._clock.now_ms()
        bursts: list[Burst] = []
        new: list[StoredReading] = []
        with db.atomic():
            for batch in batches:
                burst = Burst(db, self._routes, self._repetitions, self._quarantine_keep, self.ledger)
                bursts.append(burst)
                if refused is not None:
                    burst.refuse(batch[0], received_ms, refused)
                else:
                    new += burst.store(batch, received_ms)
            tallied = counts.all_counts(db)
        for batch in batches:
            self._acknowledge(batch)
        done = [self._answered(burst) for burst in bursts]
        for session in self._sessions:
            session.write()
        self._on_committed(new)  # without readings too: there may be events to judge
        told: list[Any] = [*self._newest.of(new), *tallied]
        for burst in bursts:
            self._paces.heard(burst.observed, received_ms)
            told += [*burst.quarantined, *burst.gaps]
        self._lamps.heard(tallied)
        self._tell(told)
        return done

    def _acknowledge(self, batch: Sequence[Delivery]) -> None:
        """These are on disk: let them go, and tell their broker."""
        held = [each for each in batch if isinstance(each.session, Session)]
        self._held.done(held)
        for delivery in held:
            if delivery.qos and isinstance(delivery.session, Session):
                delivery.session.acknowledge(delivery.connection, delivery.mid, delivery.qos)

    def _answered(self, burst: Burst) -> Delivered:
        """Send the decoders' answers where their messages came from; those to a post are its reply."""
        replies = []
        for delivery, answer in burst.answers:
            if isinstance(delivery.session, Way):
                replies.append(answer)
            else:
                delivery.session.publish(answer)
        return burst.counted._replace(answers=tuple(replies))

    def _run_jobs(self) -> None:
        """Run what was submitted, also while the disk refuses: retention may be what frees it."""
        self._jobs.run(self._writer, self.ledger.forget, self._tell)

    def _disk_takes(self) -> None:
        if self._attempt:
            self._attempt = 0
            self._lamps.set_disk(self._why_held)

    def _disk_refuses(self, error: Exception) -> None:
        """Nothing is acknowledged; the batch stays and is tried again."""
        self._attempt += 1
        rest_s = backoff(self._attempt, first=_DISK_FIRST_S, most=_DISK_MOST_S)
        self._disk_again_s = self._clock.monotonic_s() + rest_s
        self._lamps.set_disk(f"feed.db cannot be written ({error}); nothing is acknowledged meanwhile")
        log.warning("disk", error=str(error), attempt=self._attempt, waiting=len(self._held))

    def _tell(self, records: list[Any]) -> None:
        if records:
            self._publish(records)

    def _drop_db(self) -> None:
        """Close the connection after a fault; the next turn opens it anew."""
        db, self._db = self._db, None
        self._forget()
        if db is not None:
            try:
                db.close()
            except SqlError as error:
                log.warning("close", error=str(error))

    def _finish(self) -> None:
        self._brake.on = False
        try:
            while len(self._held) and not self._attempt and not self._why_held:
                self._write()
            self._run_jobs()
        except Exception as error:  # the end of the thread: what is not committed is not acknowledged
            log.error("bug", worker="ingest", exc_info=error)
        for session in self._sessions:
            session.close()
        self._drop_db()
        self._posts.refuse()
        self._jobs.refuse()
        self._wake.close()
        self._bell.close()
