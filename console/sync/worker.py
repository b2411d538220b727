"""The thread that brings our log to the centre and the others' to us, for as long as it takes.

It reads ops.db on connections of its own and writes through jobs of the ops
engine. Whatever it believes about the centre it asks again; a kill at any
point costs at most one batch that is sent twice.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from console.clock import Clock
from console.errors import ConsoleError, Unavailable
from console.sync import attachments, exchange, lamps
from console.sync.patience import Patience
from console.sync.ports import Central, Moved
from console.worker import backoff
from db import entries, sync
from db.connection import SqlError, unavailable
from db.records import Proof, Record

PROVE_EVERY_S = 60.0
LATE = 2.0
"""Intervals without an answer after which the lamp says so; it is looked at twice as often."""


class Sync:
    """Everything between one data folder and its central platform; one thread calls `step`."""

    def __init__(
        self,
        central: Central,
        engine: exchange.Writer,
        open_reader: Callable[[], Database],
        blobs: Path,
        clock: Clock,
        publish: Callable[[list[Any]], None],
        *,
        every_s: float = 2.0,
    ) -> None:
        self._patience = Patience(central, clock)
        self._central = self._patience.central
        self._engine = engine
        self._open_reader = open_reader
        self._blobs = blobs
        self._clock = clock
        self._publish = publish
        self._every_s = every_s
        self._attempt = 0
        self._retry_s = 0.0
        self._proved_ms: int | None = None
        self._counted_s: float | None = None
        self._offset: tuple[float, int] | None = None
        self._fault = ""

    @property
    def clock_offset(self) -> tuple[float, int] | None:
        """(ms that our clock is ahead of the centre's, when that was seen), or None."""
        return self._offset

    def step(self, wait: Callable[[float], bool]) -> None:
        """Meet the centre once, then rest; never raises for a centre or a disk that is away.

        While it is away, tries are spaced by a growing, jittered pause, and the
        backlog goes on being shown.
        """
        if self._clock.monotonic_s() < self._retry_s:
            self._show(self._fault)
            self._rest(wait)
            return
        try:
            with self._patience.watched(LATE * self._every_s, self._late):
                more = self.meet()
            self._attempt, self._fault = 0, ""
        except ConsoleError as error:
            self._attempt += 1
            self._retry_s = self._clock.monotonic_s() + backoff(self._attempt, most=30.0)
            self._fault = str(error)
            self._central.close()
            more = False
        self._show(self._fault)
        if not more:
            self._rest(wait)

    def _late(self, silent_s: float) -> None:
        fault = f"has not answered for {silent_s:.0f} s"
        self._publish([lamps.central(fault, self._proved_ms, self._clock.now_ms())])

    def _rest(self, wait: Callable[[float], bool]) -> None:
        if wait(self._every_s):
            self._central.close()

    def meet(self) -> bool:
        """One whole exchange: entries out, entries in, proof, then a part of the attachments.

        True if there is more to do at once. Raises Unavailable, or Refused when
        the centre will not have our log.
        """
        self._greet()
        with self._reading() as db:
            sent = exchange.push(db, self._central, self._engine, self._clock)
            if sent >= exchange.MOST:
                return True
            self._pull(db)
            self._prove(db, anew=sent > 0)
            self._show("")
            return attachments.carry(db, self._central, self._engine, self._blobs, self._clock)

    def _greet(self) -> None:
        before = self._clock.now_ms()
        greeting = self._central.hello()
        now = self._clock.now_ms()
        self._proved_ms = now
        self._offset = ((before + now) / 2 - greeting.clock_ms, now)
        with self._reading() as db:
            known = sync.cursor(db)
        if known.name != greeting.name or known.position > greeting.last:
            self._anew(greeting.name)

    def _anew(self, name: str) -> None:
        def job(db: Database) -> list[Record]:
            sync.begin_anew(db, name)
            return []

        self._engine.call(job)

    def _pull(self, db: Database) -> None:
        for _ in range(3):
            try:
                exchange.pull(db, self._central, self._engine, self._clock)
            except Moved:
                self._anew(sync.cursor(db).name)
            except exchange.Overtaken:
                exchange.push(db, self._central, self._engine, self._clock)
            else:
                return
        raise Unavailable("The central platform's rows change under our hands")

    def _prove(self, db: Database, *, anew: bool) -> None:
        """Compare both ends; the centre counts its rows anew after something was sent and now and then."""
        own, now_s = entries.head(db), self._clock.monotonic_s()
        if anew or self._counted_s is None or now_s - self._counted_s >= PROVE_EVERY_S:
            theirs = self._central.proof(own.device, own.epoch)
            self._counted_s = now_s
        else:
            theirs = self._central.head(own.device, own.epoch)
        own = entries.head(db)
        self._proved_ms = self._clock.now_ms()
        proof = Proof(ours=own, theirs=theirs, at_ms=self._proved_ms, equal=own == theirs)
        self._publish([proof, lamps.proof(proof, sync.is_prefix(db, theirs))])

    def _show(self, fault: str) -> None:
        """Publish what is known about the way and what waits."""
        shown: list[Record] = [lamps.central(fault, self._proved_ms, self._clock.now_ms())]
        try:
            with self._reading() as db:
                waiting = len(sync.open_blobs(db))
                parked = sync.refusals(db)
                shown.append(lamps.backlog(sync.backlog(db), waiting, parked, self._clock.now_ms()))
        except Unavailable:
            pass  # the store's own lamp says so
        self._publish(shown)

    @contextlib.contextmanager
    def _reading(self) -> Iterator[Database]:
        db = self._open_reader()
        try:
            yield db
        except SqlError as error:
            if unavailable(error):
                raise Unavailable(f"The store cannot be read now ({error})") from error
            raise
        finally:
            db.close()
