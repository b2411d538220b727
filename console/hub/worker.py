"""The threads that serve other systems; of a hub the subscription, our alerts, then our readings."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from console.clock import Clock
from console.hub import outbox
from console.hub.cap_outlet import CapOutlet
from console.hub.client import HubClient
from console.hub.outlet import OutletWork
from console.hub.platform_outlet import PlatformOutlet
from console.hub.serving import OpenReader, Serving, reading
from console.hub.subscription import Subscription, identity
from console.settings_tables import Hub, Settings
from console.sync.exchange import Writer
from console.worker import Worker
from db import entries
from db.records import Record

LOOK_S = 60.0  # between two looks at our subscription
_UNITS = Path(__file__).resolve().parents[2] / "resources" / "ngsi" / "attributes.toml"


class HubWork(Serving):
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
        super().__init__(name, f"hub.{name}", hub.every_s, engine, open_ops, clock, publish)
        self._name, self._settings = name, hub
        self._open_feed = open_feed
        self._client = HubClient(name, hub, clock, base)
        self._subscription: Subscription | None = None
        self._readings: outbox.Readings | None = None
        self._looked_s: float | None = None

    def close(self) -> None:
        """Let the connections go; after the thread has ended."""
        self._client.close()

    def probe(self) -> bool:
        """Ask for our subscription; that there is none is an answer too."""
        with self.reading() as db:
            device = entries.identity(db).device
        self._client.subscription(identity(device, self._name))
        return True

    def follows(self) -> bool:
        """Whether our alarms and incidents go there."""
        return self._settings.alerts

    def meet(self) -> bool:
        """Subscription, one batch of alerts, the new readings; True if there are more entries.

        Raises Unavailable, or Refused where the hub will not have the subscription. Our
        alerts go before the subscription's trouble: it must not hold them up.
        """
        more = False
        with self.reading() as db:
            device = entries.identity(db).device
            if self._settings.alerts:
                pushed = outbox.push(db, self._name, self._client, self._settings, self._engine, self._clock)
                more = pushed.more
                if pushed.sent:
                    self.proved()
        if self._settings.readings:
            self._send_readings(device)
        self._look(device)
        return more

    def said(self) -> list[str]:
        """How many readings were refused."""
        refused = self._readings.refused if self._readings is not None else {}
        return [f"{len(refused)} readings refused"] if refused else []

    def _send_readings(self, device: str) -> None:
        if self._readings is None:
            self._readings = outbox.Readings(
                self._settings.readings, device, _codes(), self._settings.context
            )
        with reading(self._open_feed) as db:
            if self._readings.push(db, self._client):
                self.proved()

    def _look(self, device: str) -> None:
        now_s = self._clock.monotonic_s()
        if not self._settings.endpoint or (self._looked_s is not None and now_s - self._looked_s < LOOK_S):
            return
        if self._subscription is None:
            self._subscription = Subscription(self._name, self._settings, device, self._client, self._clock)
        if self._settings.types:
            self._subscription.ensure()
        elif self._looked_s is None:
            self._subscription.remove()  # no types any more: that is the wish
        self._looked_s = now_s
        self.proved()


class Hubs:
    """A thread for each hub, integrated platform and way of our own warnings that the settings name."""

    def __init__(
        self,
        settings: Settings,
        engine: Writer,
        open_ops: OpenReader,
        open_feed: OpenReader,
        clock: Clock,
        publish: Callable[[list[Record]], None],
        base: Path,
    ) -> None:
        with_log = (engine, open_ops, clock, publish)
        self._works: list[Serving] = [
            HubWork(name, hub, engine, open_ops, open_feed, clock, publish, base)
            for name, hub in settings.hubs.items()
        ]
        self._works += [
            OutletWork(
                f"platform:{name}", f"platform.{name}", PlatformOutlet(name, platform, clock, base), *with_log
            )
            for name, platform in settings.platforms.items()
        ]
        self._works += [
            OutletWork(f"cap:{each.name}", f"cap.{each.name}", CapOutlet(each, clock, base), *with_log)
            for each in settings.cap_out
        ]
        self._workers = [Worker(work.hub, work.step) for work in self._works]

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
        for work in self._works:
            work.close()


def _codes() -> dict[str, str]:
    """UCUM unit to UN/CEFACT code."""
    units = tomllib.loads(_UNITS.read_text(encoding="utf-8"))["unit_code"]
    return {ucum: code for code, ucum in reversed(units.items())}
