"""What the tests of outlets share: a data folder with alarms and incidents, and the work of one outlet."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from console.alarms.rulebook import Rulebook
from console.clock import ManualClock
from console.commands import Context
from console.engine import Engine
from console.hub.outlet import Outlet, OutletWork
from console.incidents import jobs
from db import alarms, connection, entries, hub_messages, hubs, ops
from db.alarm_records import Alarm, AlarmState
from db.alarms import Watch
from db.records import Draft, Incident, Lamp, Record

KEY = bytes(range(32))
AT = 1_795_344_600_000  # 2026-11-22 19:50:00 in Seoul


class Desk:
    """A console's store with one outlet; `works` are made anew as after a start."""

    def __init__(self, folder: Path, *, is_new: bool = False) -> None:
        self.folder, self.clock, self.published = folder, ManualClock(AT), list[Record]()
        self.engine = Engine("ops", self._writer, self.published.extend, self.clock)
        self.engine.start()
        self.engine.call(lambda db: entries.set_identity(db, "console-1") and [])
        if not is_new:
            self.engine.call(lambda db: hubs.settle(db, "o", 0, (), ()) or [])
        self.outlets: list[Outlet] = []

    def close(self) -> None:
        self.engine.stop()
        for each in self.outlets:
            each.close()

    def work(self, outlet: Outlet) -> OutletWork:
        """The thread's work with this outlet, as a new start makes it."""
        self.outlets.append(outlet)
        return OutletWork("o", "out.o", outlet, self.engine, self.reader, self.clock, self.published.extend)

    def _writer(self) -> Database:
        return connection.open_writer(self.folder / "ops.db", KEY, ops.migrations)

    def reader(self) -> Database:
        return connection.open_reader(self.folder / "ops.db", KEY)

    def step(self, work: OutletWork, times: int = 1) -> Lamp:
        """So many meetings, each after whatever pause the last one asked for."""
        for _ in range(times):
            self.clock.advance(120)
            work.step(lambda _: False)
        return [each for each in self.published if isinstance(each, Lamp)][-1]

    def counts(self) -> tuple[int, int]:
        """How many messages wait, and how many things are parked."""
        db = self.reader()
        try:
            return hub_messages.count(db, "o")[0], len(hubs.parked(db, "o"))
        finally:
            db.close()

    # --- what people and rules do -----------------------------------------------------

    def incident(self, act: str, **more: Any) -> Incident:
        """An act of incidents; the incident after it."""
        context = Context(self.clock.now_ms(), "김관제", self.folder, "종로구", Rulebook([]))
        made: list[Any] = self.engine.call(lambda db: getattr(jobs, act)(db, context, **more))
        return next(each for each in made if isinstance(each, Incident))

    def opened(self, title: str = "물이 차오름", **more: Any) -> Incident:
        given = {"type": "침수", "level": 2, "place": "종로 1가", **more}
        return self.incident("open_incident", title=title, **given)

    def elsewhere(self, act: Callable[[], Incident]) -> Incident:
        """The act as another console's, whose entries came to us with the exchange."""
        self.engine.call(lambda db: entries.set_identity(db, "console-2") and [])
        done = act()

        def away(db: Database) -> list[Record]:
            db.conn.execute("DELETE FROM own_log WHERE device LIKE 'console-2%'")
            entries.set_identity(db, "console-1")
            return []

        self.engine.call(away)
        return done

    def alarm(self, verb: str, source: str = "a1", state: str = "unacknowledged", **more: Any) -> None:
        """An entry of an alarm, and the alarm as it is then."""
        payload: dict[str, Any] = {"activation": 1, "state": state, "priority": 2, "rule": "dust",
                                   "source": source, "quantity": "pm10"}  # fmt: skip
        if verb == "raised":
            payload |= {"kind": "threshold", "name": "미세먼지 높음", "place": "종로 1가", "value": 181.0}
            payload |= {"unit": "ug/m3", "limit": 150.0, "observed_ms": self.clock.now_ms() - 1000}
        now_ms, key = self.clock.now_ms(), f"dust|{source}|pm10"
        alarm = Alarm(
            id=key, activation=1, rule="dust", kind="threshold", source=source, quantity="pm10", priority=2,
            state=AlarmState(state), raised_ms=now_ms, changed_ms=now_ms, name="미세먼지 높음", value=181.0,
            unit="ug/m3", place="종로 1가", lon=126.98, lat=37.57,
            suppressed_by=more.get("suppressed_by", ""),
        )  # fmt: skip

        def job(db: Database) -> list[Record]:
            entries.append(db, Draft(f"alarm.{verb}", key, now_ms, "system", payload | more))
            alarms.put_watches(db, [Watch(key, alarm=alarm)], alarms.next_act(db))
            return []

        self.engine.call(job)
