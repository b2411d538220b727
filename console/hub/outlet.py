"""The thread of a system that takes messages: made of the log's entries, each sent until it is answered.

Entries become messages in the transaction that moves the mark, and a message
leaves ops.db when it was taken or refused. So nothing is left out, nothing is
made twice, and what must be sent again is the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from msgspec.structs import replace
from sqlite_utils import Database

from console.clock import Clock
from console.errors import Refused, Unavailable
from console.formats import platform_out
from console.hub import telling
from console.hub.serving import OpenReader, Serving
from console.hub.telling import Told
from console.settings_outlets import Chosen
from console.sync.exchange import Writer
from db import entries, hub_messages, hubs
from db.hub_messages import Thing
from db.hubs import Parked, Start
from db.records import Entry, Event, Record

BATCH = 200
_AT_ONCE = 50  # messages of a meeting by one way
_MOST_MADE = 2_000  # messages that lie made for one way that does not answer while others do


class Outlet(Protocol):
    """One other system: how it is spoken to."""

    chosen: Chosen
    ways: tuple[str, ...]
    cancelled: tuple[str, ...]

    def make(self, told: Told, known: Thing, device: str, now_ms: int) -> tuple[bytes, str]:
        """The message, and what to remember of the thing from now on; raises Refused where it cannot be."""

    def send(self, way: str, body: bytes) -> None:
        """Bring it there. Raises Unavailable where it must be tried again, Refused where never."""

    def probe(self) -> bool:
        """Ask whether it is there; False where that cannot be asked. Raises Unavailable."""

    def close(self) -> None:
        """Let connections go."""


class OutletWork(Serving):
    """Everything between our log and one outlet; one thread calls `step`."""

    def __init__(
        self,
        hub: str,
        lamp_name: str,
        outlet: Outlet,
        engine: Writer,
        open_ops: OpenReader,
        clock: Clock,
        publish: Callable[[list[Any]], None],
    ) -> None:
        super().__init__(hub, lamp_name, outlet.chosen.every_s, engine, open_ops, clock, publish)
        self._outlet = outlet

    def close(self) -> None:
        """Let the connections go; after the thread has ended."""
        self._outlet.close()

    def meet(self) -> bool:
        """Make messages of what is new, then send what waits; True if there is more to do.

        A way that does not answer holds up no other; its trouble is raised at the end.
        """
        more = self._make()
        trouble: Unavailable | None = None
        for way in self._outlet.ways:
            try:
                more = self._send(way) or more
            except Unavailable as error:
                trouble = trouble or error
        if trouble is not None:
            raise trouble
        return more

    def probe(self) -> bool:
        """Ask whether the other side is there, as far as its form knows such a question."""
        return self._outlet.probe()

    # --- entries become messages ---------------------------------------------------

    def _make(self) -> bool:
        with self.reading() as db:
            waits = hub_messages.counts(db, self.hub)
            if len(waits) == len(self._outlet.ways) or max(waits.values(), default=0) >= _MOST_MADE:
                return False
            mark = hubs.mark(db, self.hub)
            start = hubs.start(db) if mark is None else None
            if mark is not None and not hubs.waiting(db, mark, 1) and hubs.behind(db, mark) is None:
                return False
        count = 0

        def job(db: Database) -> list[Record]:
            nonlocal count
            rows, head = self._rows(db, start)
            count = len(rows)
            for _, entry in rows:
                self._tell(db, entry)
            hubs.settle(db, self.hub, head, (), ())
            hub_messages.forget(db, self._clock.now_ms())
            return []

        self._engine.call(job, 60)
        return start is None and count == BATCH

    def _rows(self, db: Database, start: Start | None) -> tuple[list[tuple[int, Entry]], int]:
        """The next entries, and where the mark goes; at the start those about what is not over."""
        mark = hubs.mark(db, self.hub)
        if start is not None and mark is None:
            rows = hubs.at(db, start.positions)
            over = {telling.thing_of(entry) for _, entry in rows if entry.type in telling.OVER}
            return [row for row in rows if telling.thing_of(row[1]) not in over], start.head
        rows = hubs.waiting(db, mark or 0, BATCH)
        return rows, rows[-1][0] if rows else hubs.behind(db, mark or 0) or 0

    def _tell(self, db: Database, entry: Entry) -> None:
        name, now_ms = telling.thing_of(entry), self._clock.now_ms()
        known = hub_messages.thing(db, self.hub, name)
        told = telling.told(db, entry, self._outlet.chosen, self._outlet.cancelled, known)
        if told is None:
            return
        if known is None or known.over_ms is not None:
            known = Thing(name, self._number(db, entry.at_ms))
        try:
            body, memory = self._outlet.make(told, known, entries.identity(db).device, now_ms)
        except Refused as error:
            hubs.settle(db, self.hub, 0, (), [Parked(name, str(error), now_ms)])
            return
        over_ms = now_ms if told.is_over else None
        hub_messages.put_thing(
            db, self.hub, known._replace(changes=known.changes + 1, over_ms=over_ms, memory=memory)
        )
        hub_messages.add(db, self.hub, self._outlet.ways, name, body, now_ms)

    def _number(self, db: Database, at_ms: int) -> str:
        """A number that no other occurrence has there: its moment, or the next free one."""
        while hub_messages.is_taken(db, self.hub, number := platform_out.number(at_ms)):
            at_ms += 1
        return number

    # --- messages go out -------------------------------------------------------------

    def _send(self, way: str) -> bool:
        with self.reading() as db:
            waiting = hub_messages.waiting(db, self.hub, way, _AT_ONCE)
        for message in waiting:
            refusal = ""
            try:
                self._outlet.send(way, message.body)
            except Refused as error:
                refusal = str(error) or "refused without a reason"
            self.proved()

            def settle(db: Database, message: Any = message, refusal: str = refusal) -> list[Record]:
                hub_messages.settle(db, self.hub, message, refusal, self._clock.now_ms())
                return []

            self._engine.call(settle, 60)
        return len(waiting) == _AT_ONCE


def with_number(told: Told, number: str, code: str, now_ms: int) -> Event:
    """The event with the number and code by which the other side knows it."""
    extra = {**told.event.extra, "ocrNbr": number, "evtId": code, "whole": told.whole}
    return replace(told.event, received_ms=now_ms, extra=extra)
