"""The thread that keeps one hub served: the subscription, then our alerts, then our readings."""

from __future__ import annotations

import contextlib
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from console.clock import Clock
from console.errors import ConsoleError, Unavailable
from console.hub import outbox
from console.hub.client import HubClient
from console.hub.subscription import Subscription
from console.settings_tables import Hub
from console.sync.exchange import Writer
from console.worker import Worker, backoff
from db import entries, hubs
from db.connection import SqlError, unavailable
from db.records import Lamp, Record

LOOK_S = 60.0  # between two looks at our subscription
_MOST_S = 60.0
_UNITS = Path(__file__).resolve().parents[2] / "resources" / "ngsi" / "attributes.toml"
OpenReader = Callable[[], Database]


class HubWork:
    """Everything between this console and one hub; one thread calls `step`."""

    def __init__(
        self,
        name: str,
        hub: Hub,
        engine: Writer,
        open_ops: OpenReader,
        open_feed: OpenReader,
        clock: Clock,
        publish: Callable[[list[Any]], None],
        base: Path,
    ) -> None:
        self._name, self._hub, self._engine, self._clock = name, hub, engine, clock
        self._open_ops, self._open_feed, self._publish = open_ops, open_feed, publish
        self._client = HubClient(name, hub, clock, base)
        self._subscription: Subscription | None = None
        self._readings: outbox.Readings | None = None
        self._looked_s: float | None = None
        self._retry_s = 0.0
        self._attempt = 0
        self._proved_ms: int | None = None
        self._fault = ""

    def step(self, wait: Callable[[float], bool]) -> None:
        """Meet the hub once, then rest; never raises for a hub or a disk that is away."""
        more = False
        if self._clock.monotonic_s() >= self._retry_s:
            try:
                more = self.meet()
                self._attempt, self._fault = 0, ""
            except ConsoleError as error:
                self._attempt += 1
                self._retry_s = self._clock.monotonic_s() + backoff(self._attempt, most=_MOST_S)
                self._fault = str(error)
        self._publish([self.lamp()])
        if not more:
            wait(self._hub.every_s)

    def close(self) -> None:
        """Let the connections go; after the thread has ended."""
        self._client.close()

    def meet(self) -> bool:
        """Subscription, one batch of alerts, the new readings; True if there are more entries.

        Raises Unavailable, or Refused where the hub will not have the subscription. Our
        alerts go before the subscription's trouble: it must not hold them up.
        """
        more = False
        with _reading(self._open_ops) as db:
            device = entries.identity(db).device
            if self._hub.alerts:
                more = outbox.push(db, self._name, self._client, self._engine, self._clock, self._hub.context)
                self._proved_ms = self._clock.now_ms()
        if self._hub.readings:
            self._send_readings(device)
        self._look(device)
        return more

    def lamp(self) -> Lamp:
        """How it stands with the hub, from its last answer; what waits is said with its age."""
        now_ms = self._clock.now_ms()
        said = [self._fault or "answers"]
        state = "bad" if self._fault else "ok"
        with contextlib.suppress(Unavailable), _reading(self._open_ops) as db:
            waits, parked = hubs.backlog(db, self._name), hubs.parked(db, self._name)
            if waits.unsent and self._hub.alerts:
                age_s = max(now_ms - (waits.oldest_ms or now_ms), 0) // 1000
                said.append(f"{waits.unsent} entries unsent, the oldest is {age_s} s old")
                state = "warn" if state == "ok" else state
            if parked:
                said.append(f"{len(parked)} refused: {parked[0].reason}")
                state = "warn" if state == "ok" else state
        if self._readings is not None and self._readings.refused:
            said.append(f"{len(self._readings.refused)} readings refused")
        return Lamp(
            kind="feed",
            name=f"hub.{self._name}",
            state="bad" if state == "bad" else "warn" if state == "warn" else "ok",
            proved_ms=self._proved_ms,
            number=(now_ms - self._proved_ms) / 1000 if self._proved_ms is not None else None,
            detail="; ".join(said),
        )

    def _send_readings(self, device: str) -> None:
        if self._readings is None:
            self._readings = outbox.Readings(self._hub.readings, device, _codes(), self._hub.context)
        with _reading(self._open_feed) as db:
            if self._readings.push(db, self._client):
                self._proved_ms = self._clock.now_ms()

    def _look(self, device: str) -> None:
        now_s = self._clock.monotonic_s()
        if not self._hub.endpoint or (self._looked_s is not None and now_s - self._looked_s < LOOK_S):
            return
        if self._subscription is None:
            self._subscription = Subscription(self._name, self._hub, device, self._client, self._clock)
        if self._hub.types:
            self._subscription.ensure()
        elif self._looked_s is None:
            self._subscription.remove()  # no types any more: that is the wish
        self._looked_s, self._proved_ms = now_s, self._clock.now_ms()


class Hubs:
    """A thread for each hub of the settings."""

    def __init__(
        self,
        settings: dict[str, Hub],
        engine: Writer,
        open_ops: OpenReader,
        open_feed: OpenReader,
        clock: Clock,
        publish: Callable[[list[Record]], None],
        base: Path,
    ) -> None:
        self._works = {
            name: HubWork(name, hub, engine, open_ops, open_feed, clock, publish, base)
            for name, hub in settings.items()
        }
        self._workers = [Worker(f"hub-{name}", work.step) for name, work in self._works.items()]

    def start(self) -> None:
        for each in self._workers:
            each.start()

    def kick(self) -> None:
        """Something was written that they may want to send."""
        for each in self._workers:
            each.kick()

    def stop(self) -> None:
        for each in self._workers:
            each.stop()
        for work in self._works.values():
            work.close()


def _codes() -> dict[str, str]:
    """UCUM unit to UN/CEFACT code."""
    units = tomllib.loads(_UNITS.read_text(encoding="utf-8"))["unit_code"]
    return {ucum: code for code, ucum in reversed(units.items())}


@contextlib.contextmanager
def _reading(open_reader: OpenReader) -> Iterator[Database]:
    db = open_reader()
    try:
        yield db
    except SqlError as error:
        if unavailable(error):
            raise Unavailable(f"The store cannot be read now ({error})") from error
        raise
    finally:
        db.close()
